"""Files as people have them: of other tools, with several generators, or of other networks."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from drag.models.catalogue import named as named_model
from drag.models.reading import read_generator
from networks.checkpoints import CheckpointError, read_checkpoint
from networks.checkpoints.__main__ import describe
from tests.checkpoint_files import generator_in, random_state, write_nvidia, write_tensorflow
from tests.hostile_files import PROTO, STOP, named, text
from tests.stylegan3_files import random_stylegan3
from tests.torch_files import genforce_names, mmgeneration_names, write_torch

CASES = Path(__file__).parent.parent.parent / "shared" / "cases"
needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is not here")
AVERAGED, RAW = random_state(), random_state(seed=1)
NAME = "synthesis.b8.conv0.weight"


def before(prefix, state):
    """The state dict with this in front of its names."""
    return {f"{prefix}{name}": values for name, values in state.items()}


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ({"generator": RAW, "generator_ema": AVERAGED}, "generator_ema"),
        ({"generator": RAW, "generator_smooth": AVERAGED, "step": 3}, "generator_smooth"),
        (before("G_ema.", AVERAGED) | before("G.", RAW), "G_ema"),
        (before("G.", RAW) | before("G_ema.", AVERAGED), "G_ema"),
        ({"params": RAW, "params_ema": AVERAGED}, "params_ema"),
        ({"model": RAW, "ema": {"model": AVERAGED}}, "ema.model"),
        ({"models": {"generator": RAW, "generator_smooth": AVERAGED}}, "models.generator_smooth"),
        ({"g_running": AVERAGED, "generator": RAW}, "g_running"),
        (
            {
                "meta": {},
                "state_dict": before("generator.", mmgeneration_names(RAW))
                | before("generator_ema.", mmgeneration_names(AVERAGED)),
            },
            "state_dict.generator_ema",
        ),
    ],
)
def test_of_several_generators_the_averaged_one_is_taken_and_named(content, place, tmp_path):
    # The raw one was taken, silently: its pictures are worse.
    write_torch(tmp_path / "net.pt", content)
    checkpoint = read_checkpoint(tmp_path / "net.pt")
    np.testing.assert_array_equal(checkpoint.state[NAME], AVERAGED[NAME])
    facts = describe(checkpoint)
    assert (facts["generator"], facts["averaged"]) == (place, True)


def test_the_log_says_which_generator_was_taken(tmp_path, caplog):
    write_torch(tmp_path / "net.pt", {"generator": RAW, "generator_ema": AVERAGED})
    caplog.set_level("INFO", "drag")
    read_generator(named_model(str(tmp_path / "net.pt")), torch.device("cpu"), lambda *said: None)
    assert "net.pt: generator_ema is taken, averaged over training" in caplog.text


def test_a_generator_that_is_not_averaged_is_said_to_be_none(tmp_path):
    write_torch(tmp_path / "net.pt", {"generator": RAW, "discriminator": {"a.b": torch.ones(1)}})
    facts = describe(read_checkpoint(tmp_path / "net.pt"))
    assert (facts["generator"], facts["averaged"]) == ("generator", False)
    assert facts["skipped"] == ["discriminator"]
    write_torch(tmp_path / "net.pt", RAW)
    assert describe(read_checkpoint(tmp_path / "net.pt"))["generator"] == "all of it"
    write_tensorflow(tmp_path / "net.pkl", RAW)
    facts = describe(read_checkpoint(tmp_path / "net.pkl"))
    assert (facts["generator"], facts["averaged"]) == ("Gs", True)


def test_grey_pictures_are_drawn(tmp_path):
    state = {k: v[:1] if ".torgb." in k and "affine" not in k else v for k, v in RAW.items()}
    write_nvidia(tmp_path / "net.pkl", state)
    generator = generator_in(tmp_path / "net.pkl")
    with torch.no_grad():
        picture = generator.image(generator.mapping(torch.randn(1, 24)))
    assert picture.shape == (1, 3, 32, 32)
    assert picture.std() > 0.01
    assert (picture == picture[:, :1]).all()


def test_grey_pictures_of_a_stylegan3_are_drawn(tmp_path):
    state, last = random_stylegan3(32), "synthesis.L14_32_3."
    grey = {
        k.replace(last, last.replace("3.", "1.")): v[:1]
        if k in (f"{last}weight", f"{last}bias")
        else v
        for k, v in state.items()
    }
    assert len(set(grey) - set(state)) == 5
    write_nvidia(tmp_path / "net.pkl", grey)
    generator = generator_in(tmp_path / "net.pkl")
    with torch.no_grad():
        picture = generator.image(generator.mapping(torch.randn(1, 24)))
    assert (picture == picture[:, :1]).all()


def test_pictures_of_four_channels_are_told(tmp_path):
    state = {
        k: torch.cat([v, v[:1]]) if ".torgb." in k and "affine" not in k else v
        for k, v in RAW.items()
    }
    write_torch(tmp_path / "net.pt", state)
    with pytest.raises(CheckpointError, match="of 4 channels; those of RGB and of grey"):
        read_checkpoint(tmp_path / "net.pt")


def test_a_stylegan2_with_another_discriminator_is_read(tmp_path):
    """As Projected GAN trains them: its discriminator is made of layers that are none of ours."""
    foreign = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1), torch.nn.LeakyReLU())
    write_nvidia(tmp_path / "net.pkl", RAW, change=lambda content: content.update(D=foreign))
    np.testing.assert_array_equal(read_checkpoint(tmp_path / "net.pkl").state[NAME], RAW[NAME])


def write_stylegan_xl(path, layout="bare"):
    """Its mapping has a layer of PyTorch's own for the classes; its discriminator, code."""

    def change(content):
        for generator in [content["G"], content["G_ema"]] if layout == "full" else [content]:
            mapping = generator.state["_modules"]["mapping"].state["_modules"]
            mapping["embed"] = torch.nn.Embedding(3, 4)
        if layout == "full":
            content["D"] = Fraction(1, 2)  # a name that no weights need

    write_nvidia(path, random_stylegan3(32), layout=layout, change=change)


def write_fastgan(path):
    """A pickle of a class of Projected GAN's."""
    made = named("pg_modules.networks_fastgan", "Generator") + b")\x81}b"
    path.write_bytes(PROTO + b"}" + text("G_ema") + made + b"s" + STOP)


ONE = torch.ones(2, 2)
OTHERS = {
    "StyleGAN-XL": write_stylegan_xl,
    "StyleGAN-XL, with all of its training": lambda f: write_stylegan_xl(f, "full"),
    "StyleGAN-XL, as weights": lambda f: write_torch(
        f, random_stylegan3(32) | {"mapping.embed.weight": ONE, "mapping.embed_proj.weight": ONE}
    ),
    "a FastGAN of Projected GAN": write_fastgan,
    "lucidrains' stylegan2-pytorch": lambda f: write_torch(
        f, {"GAN": {"S.net.0.weight": ONE, "GE.initial_block": ONE}, "version": "1.8.9"}
    ),
    "StyleGAN1": lambda f: write_torch(f, {"generator": {"progression.0.conv1.weight": ONE}}),
    "EG3D": lambda f: write_torch(
        f,
        before("backbone.", random_state(kind="orig"))
        | {"backbone.synthesis.b32.torgb.weight": torch.ones(96, 8, 1, 1)},
    ),
    "GFPGAN": lambda f: write_torch(
        f, {"params_ema": {"stylegan_decoder.constant_input.weight": ONE}}
    ),
    "Stable Diffusion": lambda f: write_torch(
        f, {"state_dict": {"model.diffusion_model.input_blocks.0.0.weight": ONE}}
    ),
}


@pytest.mark.parametrize("network", OTHERS)
def test_another_network_is_called_by_its_name(network, tmp_path):
    OTHERS[network](tmp_path / "net.pkl")
    with pytest.raises(CheckpointError) as refused:
        read_checkpoint(tmp_path / "net.pkl")
    name = network.partition(",")[0]
    assert str(refused.value).startswith(f"net.pkl is {name}, whose layers are others than")


def test_a_generator_is_not_called_a_discriminator(tmp_path):
    write_torch(tmp_path / "net.pt", {"G": {"a.b": ONE}, "D": {"a.b": ONE}})
    with pytest.raises(CheckpointError, match="no StyleGAN2 or StyleGAN3"):
        read_checkpoint(tmp_path / "net.pt")


def test_an_array_in_place_of_a_network_is_told(tmp_path):
    write_torch(tmp_path / "0.pt", torch.ones(1, 16, 512))
    with pytest.raises(CheckpointError, match="an array, not a network; latents are opened"):
        read_checkpoint(tmp_path / "0.pt")


def test_classes_of_genforce_are_told(tmp_path):
    write_torch(tmp_path / "net.pt", genforce_names(RAW) | {"mapping.label_weight": ONE})
    with pytest.raises(CheckpointError, match="classes of genforce"):
        read_checkpoint(tmp_path / "net.pt")


@needs_cases
@pytest.mark.parametrize(
    ("name", "place", "averaged"),
    [
        ("flat_ema_first.pt", "G_ema", True),
        ("generator_ema.pt", "generator_ema", True),
        ("genforce.pth", "generator", False),
        ("grey_1ch.pkl", "G_ema", True),
    ],
)
@torch.no_grad()
def test_weights_that_people_have_are_read(name, place, averaged):
    checkpoint = read_checkpoint(CASES / name)
    assert (checkpoint.place, checkpoint.averaged) == (place, averaged)
    generator = generator_in(CASES / name)
    picture = generator.image(generator.mapping(torch.randn(1, generator.z_dim), 0.7))
    assert picture.shape[1] == 3
    assert picture.isfinite().all()
