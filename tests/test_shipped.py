"""Weights that ship with the program."""

import re
from pathlib import Path

import pytest
import torch

from drag import appearance
from drag.photo import perception
from networks.errors import UserError

ASSETS = Path(__file__).parent.parent / "assets"
CPU = torch.device("cpu")
READERS = (perception, perception.eye), (appearance, appearance._learnt)


@pytest.mark.parametrize(("module", "read"), READERS)
def test_weights_that_ship_with_the_program_are_used_as_they_are_or_not_at_all(
    module, read, tmp_path, monkeypatch
):
    read.__wrapped__(CPU)
    content = bytearray(module.WEIGHTS.read_bytes())
    content[-1] ^= 1  # a number that is a little larger
    altered = tmp_path / module.WEIGHTS.name
    altered.write_bytes(content)
    for path in (altered, tmp_path / "none.safetensors"):
        monkeypatch.setattr(module, "WEIGHTS", path)
        with pytest.raises(UserError) as caught:
            read.__wrapped__(CPU)
        assert str(caught.value) == (
            f"The file {path.name} is missing or damaged (wrong SHA-256): fetch the program anew."
        )


def test_no_file_picker_hides_files_of_a_kind_that_ios_does_not_know():
    # ".drag,.npz,.npy" had iPhones and iPads show all projects in grey, so that none was chosen.
    inputs = re.findall(
        r'<input type="file"[^>]*>', "".join(p.read_text("utf-8") for p in ASSETS.rglob("*.html"))
    )
    accepted = [found[1] for each in inputs if (found := re.search('accept="([^"]*)"', each))]
    assert len(inputs) == 4
    assert set(accepted) == {"image/*"}  # of photos
