"""Weights that ship with the program."""

import pytest
import torch

from drag import appearance
from drag.photo import perception
from networks.errors import UserError

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
