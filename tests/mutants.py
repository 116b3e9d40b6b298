"""Small weight files and latents of every kind, and what becomes of them by chance."""

import pickle
import random
from pathlib import Path

import numpy as np
import torch

from tests.checkpoint_files import write_nvidia, write_tensorflow
from tests.torch_files import (
    basicsr_names,
    genforce_names,
    mmgeneration_names,
    write_rosinality,
    write_torch,
)


def seeds_of_all_kinds(folder: Path) -> dict[str, bytes]:
    """Small files that use every construct of their format, and the names of every tool."""
    tiny = {
        "mapping.fc0.weight": torch.ones(2, 2),
        "synthesis.b4.const": torch.ones(2, 4, 4),
        "synthesis.b4.conv1.noise_strength": torch.ones(()),
        "mapping.w_avg": torch.ones(2),
    }
    full = tiny | {
        "mapping.fc0.bias": torch.ones(2),
        "synthesis.b4.conv1.weight": torch.ones(2, 2, 3, 3),
    }
    grey = tiny | {"synthesis.b4.torgb.weight": torch.ones(1, 2, 1, 1)}
    for protocol in (2, 4):
        write_nvidia(folder / f"nvidia{protocol}", tiny, protocol, layout="G_ema")
    foreign = torch.nn.Sequential(torch.nn.Flatten())
    write_nvidia(folder / "grey", grey, layout="G_ema", change=lambda file: file.update(D=foreign))
    write_tensorflow(folder / "tensorflow", {k: v for k, v in full.items() if "noise" not in k})
    write_torch(
        folder / "stylegan3", {f"synthesis.L{i}_52_1.bias": torch.ones(1) for i in range(4)}
    )
    write_rosinality(folder / "rosinality", tiny, layout="training")
    write_rosinality(folder / "stream", tiny, zipped=False)
    names = basicsr_names(tiny)
    write_torch(folder / "basicsr", {"params_ema": names, "params": names})
    names = mmgeneration_names(tiny)
    flat = {f"{prefix}.{name}": names[name] for prefix in ("G", "G_ema") for name in names}
    write_torch(folder / "mmgeneration", {"state_dict": flat})
    write_torch(folder / "genforce", {"generator": genforce_names(full)}, zipped=False)
    latents = {"a.png": {"latent": torch.ones(1, 4, 8), "noise": [torch.ones(2)]}}
    write_torch(folder / "latents", latents)
    (folder / "numpy").write_bytes(pickle.dumps({"w": np.ones((4, 8), np.float32)}, 4))
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def mutant(content: bytes, dice: random.Random, all_of_them: list[bytes]) -> bytes:
    """The content, changed in one of four ways that dice choose."""
    raw, kind = bytearray(content), dice.randrange(4)
    if kind == 0:  # flip bytes
        for _ in range(dice.randint(1, 4)):
            raw[dice.randrange(len(raw))] = dice.randrange(256)
    elif kind == 1:
        del raw[dice.randrange(len(raw)) :]
    elif kind == 2:  # opcodes from elsewhere
        other, at = dice.choice(all_of_them), dice.randrange(len(raw))
        start = dice.randrange(len(other))
        raw[at : at + dice.randint(0, 40)] = other[start : start + dice.randint(1, 40)]
    else:  # opcodes of every kind
        at = dice.randrange(2, len(raw))
        raw[at:at] = bytes(
            dice.choice(b"RbQ\x81\x93()}]NKJX\x85\x86\x87tuse.h\x94cio\x82P02")
            for _ in range(dice.randint(1, 3))
        )
    return bytes(raw)
