"""The catalogue of generators: what a person can choose, and where the weights come from.

A model is named by its key in `CATALOGUE`, by `owner/name/file` on the Hugging Face Hub, or, by
whoever runs the program, as a file on this machine.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import torch

from drag.models.addresses import parse_hub_name
from drag.models.hub import HubFile
from drag.models.wheel import Wheel
from networks.checkpoints import SUFFIXES
from networks.checkpoints.facenet import read_mtcnn
from networks.checkpoints.openvino import read_mobile_stylegan
from networks.mobile_stylegan import MobileStyleGAN

FREE, RESEARCH, OWN = "free", "research", "own"  # groups of the menu
NVIDIA = "NVIDIA source code licence, non-commercial"


@dataclass(frozen=True)
class Model:
    """What a person sees of a generator, where its weights come from, and what suits it.

    name: by which an edit knows it.   px: height of the picture, None until it is loaded.
    megabytes: to download.   learning_rate, truncation_psi: to begin with (paper, Sec. 3.4).
    """

    name: str
    title: str
    group: str
    licence: str
    source: Wheel | HubFile | Path
    px: int | None = None
    megabytes: int | None = None
    learning_rate: float = 1e-3
    truncation_psi: float = 0.7

    @property
    def label(self) -> str:
        """The model in one line of a menu, without its group."""
        return f"{self.title}, {self.px} px" if self.px else self.title


def _converted(path: Path) -> dict[str, torch.Tensor]:
    """The built-in generator's weights, with the average w and the preview worked out from them."""
    return MobileStyleGAN.from_weights(read_mobile_stylegan(path)).state_dict()


def _distilled(name: str, title: str, px: int, megabytes: int, sha256: str) -> Model:
    """One of the Self-Distilled StyleGANs (arXiv 2202.12211), which hold the generator only."""
    source = HubFile(
        "public-data/Self-Distilled-StyleGAN",
        f"models/{name}_{px}_pytorch.pkl",
        "3f905e0a43cf954d3dc1ecd1618a4e113670931e",
        sha256,
    )
    return Model(name, title, FREE, "Apache-2.0", source, px, megabytes)


def _nvidia(
    name: str, title: str, px: int, file: str, sha256: str | None = None, rate: float = 1e-3
) -> Model:
    """A pickle of stylegan2-ada-pytorch with all three networks."""
    source = HubFile(
        "ZeqiangLai/StyleGAN2-pkl",
        f"ada/{file}.pkl",
        "422f40439ddaa6d041cf698347f08e9bdf9f6036",
        sha256,
    )
    return Model(name, title, RESEARCH, NVIDIA, source, px, 382 if px > 512 else 364, rate)


def _config_f(name: str, title: str, px: int, file: str, sha256: str, rate=1e-3) -> Model:
    """A generator of the StyleGAN2 paper, as rosinality's tools converted it."""
    source = HubFile(
        "ZeqiangLai/StyleGAN2",
        f"stylegan2-{file}-config-f.pt",
        "bb4e00dc8ac0afbb9e0a5b6f72754c679673ee2e",
        sha256,
    )
    return Model(name, title, RESEARCH, NVIDIA, source, px, 121 if px < 512 else 124, rate, 0.5)


def _animals(name: str, kind: str, file: str, megabytes: int, sha256: str) -> Model:
    """A StyleGAN3 of AFHQv2 that StudioGAN's authors trained; the averaged generator alone."""
    folder = "studiogan_official_ckpt/AFHQ-V2-512-uncond-tailored"
    source = HubFile(
        "Mingguksky/PyTorch-StudioGAN",
        f"{folder}/AFHQ_V2_uncond-StyleGAN3-{file}.pth",
        "7297a41ca14de2b5016e79d6deacf9d10f5144d4",
        sha256,
    )
    title = f"Animals (AFHQv2, StyleGAN3-{kind})"
    licence = "MIT by its page, of StyleGAN3's parts NVIDIA's, non-commercial"
    return Model(name, title, RESEARCH, licence, source, 512, megabytes)


# No download from here could be tried where this was written: revisions and checksums (their known
# beginnings) are from stored pages of the Hub. A wrong one is refused, never used.
CATALOGUE = {
    model.name: model
    for model in (
        Model(
            "builtin",
            "Faces, built in",
            FREE,
            "Apache-2.0",
            Wheel(
                "the built-in face model",
                "random-face==2021.7.21.1",
                "e5d10e2be7df63f06123855ec591ca35dcb1d059eba47ddcb175d7d26b4019b5",
                37_588_926,
                "DRAG_BUILTIN_WHEEL",
                _converted,
            ),
            1024,
            38,
            2e-3,
        ),
        _distilled("lions", "Lions", 512, 124, "14f1d291"),
        _distilled("dogs", "Dogs", 1024, 133, "a882a83ad273db2b"),
        _distilled("elephants", "Elephants", 512, 124, "ffee41bc"),
        _distilled("giraffes", "Giraffes", 512, 124, "25d67d97"),
        _distilled("horses", "Horses", 256, 121, "9faf0daf"),
        _distilled("parrots", "Parrots", 512, 124, "e686940d"),
        _distilled("bicycles", "Bicycles", 256, 121, "7e05d9a4"),
        Model(
            "anime",
            "Anime portraits (TADNE)",
            FREE,
            "CC0-1.0",
            HubFile("public-data/TADNE", "models/aydao-anime-danbooru2019s-512-5268480.pt"),
            512,
            470,
        ),
        Model(
            "landscapes3",
            "Landscapes (LHQ, StyleGAN3)",
            FREE,
            "MIT",
            HubFile(
                "justinpinkney/stylegan3-t-lhq-256",
                "lhq-256-stylegan3-t-25Mimg.pkl",
                "bc80be416c3660d93e8a7421bc451a6d31a8a1ae",
                "cdf396b1e68a7da77faa292b3360e97bab42d12f0817016616a2146b8ed4a10a",
            ),
            256,
            343,
        ),
        Model(
            "anime3",
            "Anime heads (StyleGAN3)",
            FREE,
            "MIT",
            HubFile(
                "bob80333/stylegan3-t-animefaces",
                "network-snapshot-006000.pkl",
                "7ae51cc89982c01f00b3617d8ebc9fd0de40427e",
                "9820827fb272dfa0dab3d74a3c6b522c0a0b53d49c8a709db745025fcc423a02",
            ),
            256,
            343,
        ),
        _nvidia("ffhq", "Faces (FFHQ)", 1024, "ffhq", "a205a346", 2e-3),
        _nvidia("cats", "Cats (AFHQ)", 512, "afhqcat", rate=2e-3),
        _nvidia("afhqdog", "Dogs (AFHQ)", 512, "afhqdog", "f124ff3f"),
        _nvidia("wildlife", "Wild animals (AFHQ)", 512, "afhqwild"),
        _nvidia("metfaces", "Painted faces (MetFaces)", 1024, "metfaces", "880a460d"),
        _animals(
            "animals3t",
            "T",
            "t-paper-train-2022_03_16_15_45_11/model=G_ema-best-weights-step=420000",
            100,
            "31ac47a4e632d720ce83b94b8e6bcc1c800dbbec645179dc01421eecc2d85536",
        ),
        _animals(
            "animals3r",
            "R",
            "r-paper-train-2022_03_13_15_47_04/model=G_ema-current-weights-step=460000",
            67,
            "7803875d221371bb965bb7dd3370e53aee1cb140f6a3473e73ac2605b35f474f",
        ),
        _config_f("cars", "Cars (LSUN)", 512, "car", "c69f161f", 2e-3),
        _config_f("churches", "Churches (LSUN)", 256, "church", "596f59f0"),
        _config_f("lsuncats", "Cats (LSUN)", 256, "cat", "ff103687"),
        _config_f("lsunhorses", "Horses (LSUN)", 256, "horse", "894bc6a0"),
        Model(
            "humans",
            "Humans, full length (SHHQ)",
            RESEARCH,
            "StyleGAN-Human, for research",
            HubFile(
                "public-data/StyleGAN-Human",
                "models/stylegan_human_v2_1024.pkl",
                "2ffc51649a4967b850584a751cc3070cbf78741e",
            ),
            1024,
            362,
        ),
        Model(
            "landscapes",
            "Landscapes (LHQ)",
            RESEARCH,
            "not stated by its authors",
            HubFile("DragGan/DragGan-Models", "stylegan2-lhq-256x256.pkl", None, "ae2c33d4"),
            256,
            357,
        ),
    )
}
FACE_FINDER = Wheel(
    "the face finder",
    "facenet-pytorch==2.6.0",
    "ecb82b27beb226d106f2219efe8f829b01b87a8595badd01545679bdb9f19cca",
    1_881_930,
    "DRAG_FACES_WHEEL",
    read_mtcnn,
)


def catalogued(text: str) -> Model:
    """The model that a key of the catalogue or `owner/name/file` on the Hub names.

    Raises ValueError, in words fit for a visitor, where it names none.
    """
    if text in CATALOGUE:
        return CATALOGUE[text]
    source = parse_hub_name(text)
    for model in CATALOGUE.values():
        known = model.source
        if (
            isinstance(known, HubFile)
            and known.name == source.name
            and (source.revision in (None, known.revision))
        ):
            return model
    revision = f"@{quote(source.revision, safe='')}" if source.revision else ""
    name = f"{source.repo_id}{revision}/{source.filename}"
    return Model(name, source.name, OWN, "see its page on the Hub", source)


def local_models(path) -> list[Model]:
    """The models in a file or a folder of this machine, by their file names.

    Raises ValueError, saying what is expected, where there is none.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        files = sorted(
            file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file()
        )
        if not files:
            raise ValueError(f"The folder {path} has no weight file ({', '.join(SUFFIXES)}).")
    elif path.is_file():
        files = [path]
    else:
        raise ValueError(f"There is no file or folder {path}.")
    return [Model(file.name, file.name, OWN, "a file on this machine", file) for file in files]


def is_path(text: str) -> bool:
    """Whether a command line's --model means a file or folder, there or not; it may be written as
    another system writes it, or have a name that is none of the Hub's."""
    there = os.path.expanduser(text)
    if os.path.exists(there) or re.match(r"[.~/\\]|[A-Za-z]:[\\/]|[^:]*\\", text):
        return True
    if "://" in text or not text.lower().endswith(SUFFIXES):
        return False
    beside = os.path.dirname(there)  # of what the Hub may have, too
    return text.count("/") < 2 or os.path.isdir(beside)


def named(text: str) -> Model:
    """The model that whoever runs the program names: as `catalogued`, or a weight file, or a
    folder that has just one. Raises ValueError, saying what is expected, where there is none."""
    if not is_path(text):
        return catalogued(text)
    model, *more = local_models(text)
    if more:
        names = ", ".join(file.name for file in (model, *more[:4]))
        raise ValueError(f"{text} has several weight files ({names}); name one of them.")
    return model


def is_of_faces(model: Model) -> bool:
    """Whether a model makes faces, so that one is looked for in a photo."""
    return model.name == "builtin" or any(
        word in text.lower() for text in (model.name, model.title) for word in ("face", "ffhq")
    )
