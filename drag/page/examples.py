"""Prepared edits: points and region placed, so that one press of Drag shows what it does.

    python -m drag.page.examples           # the thumbnails and the card, after one was changed
    python -m drag.page.examples --check   # every drag, to its end

They were chosen by eye among many faces, and points a few pixels beside these may do much less:
whoever moves one looks at the picture that comes of it, not only at the distance left.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from drag.edit import Edit, PointPair
from drag.files.images import jpeg
from drag.files.overlays import draw_points, scaled
from drag.generate import new_edit
from drag.loop import drag
from drag.models.loaded import load_generator
from drag.render import render_edit
from drag.settings import WHOLE, Settings
from networks.terminal import print_anywhere

FOLDER = Path(__file__).parents[2] / "assets" / "examples"  # of the thumbnails
SIDE = 160  # px of a thumbnail
CARD = 1200, 630  # px
USUAL = Settings(reach=75)  # how a page drags until its visitor says otherwise


@dataclass(frozen=True)
class Example:
    """A face of the built-in generator with something to do to it.

    name: of its thumbnail's file, and of what the page calls it (assets/words.json).
    seed, truncation_psi: of the face.   points: in pixels of its 1024 px picture.
    region: left, top, right and bottom of the ellipse that may move, or None for everything.
    reach: of its drags where there is no region.
    """

    name: str
    seed: int
    points: tuple[PointPair, ...]
    region: tuple[float, float, float, float] | None = None
    truncation_psi: float = 0.7
    reach: float = USUAL.reach

    def load(self, generator) -> Edit:
        """The edit of the built-in generator with this face, its points and its region."""
        edit = new_edit(
            generator, "builtin", self.seed, self.truncation_psi, replace(USUAL, reach=self.reach)
        )
        if self.region is None:
            return edit.place(self.points)
        region = Image.new("1", generator.img_size[::-1])
        ImageDraw.Draw(region).ellipse(self.region, fill=1)
        return edit.place(self.points, np.array(region))


_ALL = (
    # The region is the face: hair and background stay.
    Example(
        "smile",
        14,
        (PointPair((406, 763), (380, 743)), PointPair((617, 760), (643, 740))),
        (240, 200, 790, 930),
    ),
    Example("turn", 230, (PointPair((548, 620), (468, 620)),), reach=WHOLE),
    Example("laugh", 201, (PointPair((522, 810), (522, 854)), PointPair((520, 726), (520, 726)))),
    Example(
        "slim",
        75,
        (PointPair((252, 796), (290, 796)), PointPair((766, 798), (728, 798))),
        reach=WHOLE,
    ),
    Example(
        "hair",
        92,
        (PointPair((112, 690), (102, 820)), PointPair((845, 690), (875, 820))),
        reach=WHOLE,
    ),
    Example("eyes", 218, (PointPair((361, 458), (361, 443)), PointPair((659, 462), (659, 447)))),
    Example("close", 172, (PointPair((490, 812), (490, 776)), PointPair((494, 708), (494, 708)))),
    Example("older", 284, (PointPair((504, 932), (504, 972)),), reach=WHOLE),
)
EXAMPLES: dict[str, Example] = {example.name: example for example in _ALL}


def smile(generator) -> Edit:
    """The edit that a new visitor finds: all of the face to press on, no region in its way."""
    return replace(EXAMPLES["smile"].load(generator), mask_png=None)


def thumbnail(name: str) -> tuple[str, bytes]:
    """What shows an example of this name, or else a photo of one's own: its kind and its file."""
    if name in EXAMPLES:
        return "image/jpeg", (FOLDER / f"{name}.jpg").read_bytes()
    return "image/svg+xml", (FOLDER / f"{name}.svg").read_bytes()


def depict(generator, example: Example) -> np.ndarray:
    """The face of an example with its arrows, uint8 (SIDE, SIDE, 3)."""
    edit = example.load(generator)
    picture = Image.fromarray(render_edit(generator, edit))
    small = picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    pairs = scaled(edit.points, picture.size, small.size)
    return draw_points(np.asarray(small), pairs)  # made small with it, they could not be seen


def card(generator) -> np.ndarray:
    """What a link to the page shows: a face that is to smile, and does; uint8 (630, 1200, 3)."""
    edit = smile(generator)
    *_, step = drag(generator, edit)
    ended = replace(edit.moved(step.ws, step.handles), points=())
    whole = Image.new("RGB", CARD)
    for i, each in enumerate((edit, ended)):
        picture = draw_points(render_edit(generator, each), each.points)
        half = Image.fromarray(picture).resize((CARD[1], CARD[1]), Image.Resampling.LANCZOS)
        whole.paste(half.crop((15, 0, 15 + CARD[0] // 2, CARD[1])), (i * CARD[0] // 2, 0))
    return np.asarray(whole)


def check(generator) -> Iterator[str]:
    """The lines of a table: how the drag of each example ends, with the default settings."""
    yield f"{'name':8}{'steps':>6}{'seconds':>9}{'px left':>9}{'of':>7}  ending"
    for example in EXAMPLES.values():
        edit, start = example.load(generator), time.perf_counter()
        *_, step = drag(generator, edit)
        seconds = time.perf_counter() - start
        way = np.mean([pair.distance for pair in edit.points])
        yield (
            f"{example.name:8}{step.number:6}{seconds:9.1f}{np.mean(step.distances):9.1f}"
            f"{way:7.1f}  {step.ending.value}"
        )


def main() -> None:
    """Write the thumbnails, or check the drags."""
    parser = argparse.ArgumentParser(
        prog="python -m drag.page.examples",
        description="Make the thumbnails of the prepared edits.",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=FOLDER,
        metavar="DIR",
        help="where to write them (default: assets/examples)",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; drag every example to its end and print a table",
    )
    args = parser.parse_args()
    generator = load_generator("builtin")
    if args.check:
        for line in check(generator):
            print(line, flush=True)
        return
    args.out.mkdir(parents=True, exist_ok=True)
    pictures = {f"{each.name}.jpg": depict(generator, each) for each in EXAMPLES.values()}
    for name, picture in (pictures | {"card.jpg": card(generator)}).items():
        path = args.out / name
        path.write_bytes(jpeg(picture, quality=82))
        print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    print_anywhere()
    main()
