"""Real photos, inverted and dragged by 40 px, judged by dlib: are they still the same person?

    python -m tests.benchmarks.photos --portraits FOLDER --sheets FOLDER
"""

import argparse
import time
from pathlib import Path

import numpy as np

from drag import load_generator
from drag.inversion import invert, photo_edit
from drag.render import render_edit
from tests.benchmarks.faces import contact_sheet, draw, look, place, run_drag, sheet
from tests.benchmarks.inversion import aligned, psnr
from tests.benchmarks.machine import announce, markdown
from tests.real_photos import astronaut, portraits

WAY = 40  # pixels of 1024
EDITS = {  # landmarks, and where each is dragged, in WAYs
    "smile wider": ([48, 54], [(-0.8, -0.6), (0.8, -0.6)]),
    "turn the head": ([30], [(1.0, 0.0)])}


def main() -> None:
    """Print the table; --sheets has the pictures, too."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.photos")
    parser.add_argument("--portraits", type=Path, required=True, metavar="DIR",
                        help="where portraits are fetched to that ship in face_recognition")
    parser.add_argument("--sheets", type=Path, metavar="DIR")
    args = parser.parse_args()
    announce()
    generator, lines, rows = load_generator("builtin"), [], []
    for name, content in {"astronaut": astronaut(), **portraits(args.portraits)}.items():
        photo, began = look(aligned(content)), time.perf_counter()
        first, *_, fit = invert(generator, photo.picture)
        seconds = time.perf_counter() - began
        edit = photo_edit(generator, "builtin", fit)
        found = look(render_edit(generator, edit))
        row = [draw(photo.picture, text=name), draw(found.picture, text=f"{fit.distance:.2f}")]
        cells = [name, f"{first.distance:.2f}", f"{fit.distance:.2f}",
                 f"{psnr(found.picture, photo.picture):.1f}",
                 f"{found.identity_distance(photo):.2f}"]
        for words, (which, ways) in EDITS.items():
            handles = found.landmarks[which]
            targets = handles + WAY * np.array(ways)
            dragged = run_drag(generator, place(edit, handles, targets), "gauss-newton")
            after = look(render_edit(generator, dragged.edit))
            cells.append(f"{after.identity_distance(photo):.2f}")
            row.append(draw(after.picture, handles, targets, f"{words} {cells[-1]}"))
        rows.append(row)
        lines.append(" | ".join([*cells, f"{seconds:.0f}"]))
        print(lines[-1], flush=True)
        if path := sheet(args.sheets, "photos"):
            contact_sheet(rows, path)
    print("\n" + markdown("photo | our distance, first | last | PSNR, dB | identity distance | "
                          "smile wider | turn the head | seconds", lines))


if __name__ == "__main__":
    main()
