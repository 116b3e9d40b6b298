"""Reference figures of the built-in network, from the wheel's own graph in the OpenVINO runtime.

    pip install openvino==2026.4.1
    pip download --no-deps random-face==2021.7.21.1
    python -m tests.reference.make random_face-2021.7.21.1-py3-none-any.whl            # writes
    python -m tests.reference.make random_face-2021.7.21.1-py3-none-any.whl --compare  # all pixels

Kept are the mapping in full and every 31st pixel of the pictures in both directions: 31 is odd, so
all phases of the Haar transforms are among them.
"""

import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import torch

from networks.terminal import print_anywhere

SEEDS = (0, 1, 2, 3)
STRIDE = 31
FILE = Path(__file__).with_name("mobile_stylegan.npz")


def run_openvino(wheel: str) -> tuple[np.ndarray, np.ndarray]:
    """w (4, 512) and images (4, 3, 1024, 1024) of the seeds, at truncation 1."""
    import openvino

    core, precise = openvino.Core(), {"INFERENCE_PRECISION_HINT": "f32"}
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheel) as archive:
            names = [n for n in archive.namelist() if "Network." in n]
            archive.extractall(folder, names)
        mapping, synthesis = (
            core.compile_model(f"{folder}/random_face/data/{name}Network.xml", "CPU", precise)
            for name in ("Mapping", "Synthesis")
        )
        ws, images = [], []
        for seed in SEEDS:
            z = np.random.RandomState(seed).randn(1, 512).astype(np.float32)
            w = mapping({"var": z})["style"]
            ws.append(w[0])
            images.append(synthesis({"style": w})["img"][0])
    return np.stack(ws), np.stack(images)


def main() -> None:
    """Write the figures, or compare every pixel with ours."""
    ws, images = run_openvino(sys.argv[1])
    if "--compare" not in sys.argv:
        pixels = images[:, :, ::STRIDE, ::STRIDE]
        np.savez_compressed(FILE, w=ws, pixels=pixels)
        print(f"wrote {FILE}, {FILE.stat().st_size} bytes")
        return
    from drag import load_generator

    generator = load_generator(device="cpu")
    for seed, w, image in zip(SEEDS, ws, images, strict=True):
        z = torch.from_numpy(np.random.RandomState(seed).randn(1, 512)).float()
        with torch.no_grad():
            ours = generator.mapping(z)
            picture = generator.image(torch.from_numpy(w)[None, None].repeat(1, ours.shape[1], 1))
        print(
            f"seed {seed}: mapping {np.abs(ours[0, 0].numpy() - w).max():.1e}, "
            f"picture {np.abs(picture[0].numpy() - image).max():.1e} max abs"
        )


if __name__ == "__main__":
    print_anywhere()
    main()
