"""How well photos are found again: pictures of the generator that it has not been trained on, made
into photos (JPEG, shifted, turned), aligned and inverted; judged by dlib, who knows who it is.

    python -m tests.benchmarks.inversion --faces 12
    python -m tests.benchmarks.inversion --faces 100 --encoder
    python -m tests.benchmarks.inversion --faces 6 --pixels
"""

import argparse
import io
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from drag import load_generator, new_edit
from drag.photo import inversion
from drag.photo.alignment import Frame, crop, frame_of, middle
from drag.photo.faces import load_finder
from drag.photo.perception import eye
from drag.photo.reading import read_photo
from drag.render import render
from networks.terminal import print_anywhere
from networks.tuning import tuned
from tests.benchmarks.faces import Face, contact_sheet, draw, look, mean, sheet
from tests.benchmarks.machine import announce, markdown

FIRST_SEED = 20_000
MARGIN = 0.15  # of the side, around the picture, filled by reflection
SHIFT, TURN, SIZE = 0.06, 12.0, (0.75, 1.25)  # shares of the side, degrees, factors; at most


def as_photo(picture: np.ndarray, seed: int) -> bytes:
    """A picture, uint8 (S, S, 3), as a photo that somebody took of it: a JPEG of quality 85."""
    random = np.random.RandomState(seed)
    side = len(picture)
    x, y = (side - 1) / 2 + side * random.uniform(-SHIFT, SHIFT, 2)
    size = round(side * random.uniform(*SIZE))
    frame = Frame(x, y, side * (1 + 2 * MARGIN), math.radians(random.uniform(-TURN, TURN)))
    photo, buffer = crop(picture, frame, (size, size)), io.BytesIO()
    Image.fromarray(photo).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def psnr(picture: np.ndarray, other: np.ndarray) -> float:
    """Peak signal to noise ratio, dB."""
    error = np.square(picture.astype(float) - other).mean()
    return 10 * math.log10(255**2 / max(error, 1e-9))


def all_aligned(content: bytes) -> list[np.ndarray]:
    """Each face in a photo, as the page aligns it, uint8 (1024, 1024, 3), the largest first."""
    pixels = read_photo(content).pixels
    return [crop(pixels, frame_of(face), (1024, 1024)) for face in load_finder().find(pixels)]


def aligned(content: bytes) -> np.ndarray:
    """The photo's face; its middle where none is found."""
    if faces := all_aligned(content):
        return faces[0]
    pixels = read_photo(content).pixels
    return crop(pixels, middle(pixels.shape[:2]), (1024, 1024))


def measure(generator, target: np.ndarray, original: Face, encoder: bool) -> tuple:
    """Records and pictures, one for each of the stages; encoder: just for the first."""
    last, ended, strangeness, began = {}, {}, [], time.perf_counter()
    for fit in inversion.invert(generator, target):
        last[fit.stage], ended[fit.stage] = fit, time.perf_counter() - began
        strangeness.append(fit.strangeness)
        if encoder:
            break
    records, pictures = [], []
    for stage, fit in last.items():
        picture = render(tuned(generator, fit.tuning), fit.ws)
        records.append(
            {
                "stage": stage,
                "psnr": psnr(picture, target),
                "seconds": ended[stage],
                "distance": fit.distance,
                "strangeness": strangeness[0],
                "identity": look(picture).identity_distance(original),
            }
        )
        pictures.append(picture)
    return records, pictures


def main() -> None:
    """Print the table; --sheets has the pictures, too."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.inversion")
    parser.add_argument("--faces", type=int, default=100, metavar="N")
    parser.add_argument("--first", type=int, default=FIRST_SEED, metavar="SEED")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--sheets", type=Path, metavar="DIR")
    parser.add_argument("--encoder", action="store_true", help="just the encoder's guess")
    parser.add_argument("--pixels", action="store_true", help="without the perceptual term")
    args = parser.parse_args()
    if args.pixels:  # all else keeps its weight beside them
        inversion.PIXELS, factor = 1000.0, 1000.0 / inversion.PIXELS
        inversion.NEAR, inversion.TOGETHER = factor * inversion.NEAR, factor * inversion.TOGETHER
    report, generator, records, rows = announce(), load_generator("builtin"), [], []
    eye(generator.w_avg.device), load_finder()
    for seed in range(args.first, args.first + args.faces):
        edit = new_edit(generator, seed=seed, truncation_psi=1.0)
        original = look(render(generator, edit.ws))
        target = aligned(as_photo(original.picture, seed))
        found, pictures = measure(generator, target, original, args.encoder)
        records += [{"seed": seed, **record} for record in found]
        rows.append(
            [
                draw(target, text=str(seed)),
                *(
                    draw(
                        picture, text=f"{r['identity']:.2f} {r['psnr']:.1f} dB {r['distance']:.2f}"
                    )
                    for picture, r in zip(pictures, found, strict=True)
                ),
            ]
        )
        print(
            seed,
            *(
                f"{r['stage']} {r['identity']:.2f} {r['psnr']:.1f} dB {r['seconds']:.1f} s"
                for r in found
            ),
            flush=True,
        )
        if args.json:
            args.json.write_text(json.dumps(report | {"results": records}, indent=1))
        if path := sheet(args.sheets, "inversion"):
            contact_sheet(rows, path)
    print("\n" + table(records))
    print(f"strangeness of the first guesses: {max(r['strangeness'] for r in records):.2f} at most")


def table(records: list[dict]) -> str:
    """A line for each stage."""
    lines = []
    for stage in dict.fromkeys(record["stage"] for record in records):
        of_it = [record for record in records if record["stage"] == stage]
        lines.append(
            " | ".join(
                [
                    stage,
                    str(len(of_it)),
                    f"{mean(of_it, 'psnr'):.1f}",
                    f"{mean(of_it, 'identity'):.2f}",
                    f"{mean(of_it, 'distance'):.2f}",
                    f"{np.median([r['seconds'] for r in of_it]):.1f}",
                ]
            )
        )
    return markdown("after | faces | PSNR, dB | identity distance | our distance | seconds", lines)


if __name__ == "__main__":
    print_anywhere()
    torch.manual_seed(0)
    main()
