"""A moving picture of an edit, from how it was sampled to how it is: MP4, GIF and animated WebP."""

import io
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import cast

import numpy as np
from PIL import Image, ImageColor

from drag.edit import Edit, PointPair
from drag.files.images import NOTICE, XMP
from drag.files.overlays import COLOURS, draw_mark, draw_points, pinned, scaled
from drag.masks import Region
from drag.render import render_edit
from networks.errors import UserError
from networks.generator import Generator

KINDS = {".mp4": (24, 1024), ".gif": (12.5, 384), ".webp": (12, 512)}  # frames a second; px at most
SECONDS = 0.5, 20.0  # that a film may last
HOLD = 0.5  # seconds that its first and its last picture stand still, each
MAX_HELD = 64_000_000  # bytes of a WebP's pictures, which Pillow takes all at once: less px if long
SAVING = 0.1  # of the work of a GIF or a WebP, which comes after the last picture
BT709 = 1  # in the numbering of H.264


def filming(
    generator: Generator,
    edit: Edit,
    kind: str,
    seconds: float = 3.0,
    *,
    points: bool = False,
    mark: bool = False,
) -> Iterator[float | bytes]:
    """The film of an edit: the share that is done, 0 to 1, after each picture, and last the file,
    which says that it is AI-generated.

    kind: ".mp4" (H.264), ".gif" or ".webp"; it sets the frame rate and the size.   seconds: how
    long the motion takes, 0.5 to 20; both ends stand still a little longer.   points: show them
    as they move.   mark: say visibly that it is AI-generated. Raises ValueError at once, in words
    fit for a visitor, for another length or where the picture never changed. Closed early, it lets
    go of all that it holds.
    """
    check_seconds(seconds)
    stations = path(edit)
    if len(stations) < 2:
        raise UserError("There is nothing to film: drag something first.")
    rate, side = KINDS[kind]
    count, held = max(2, round(seconds * rate)), round(HOLD * rate)
    total = count + 2 * held
    if kind == ".webp":
        side = min(side, math.isqrt(MAX_HELD // (3 * total)))
    pictures = _with_ends(_pictures(generator, stations, count, side, points, mark), held)
    if kind == ".mp4":
        return _mp4(pictures, rate, total)
    return _animation(pictures, rate, total, kind)


def check_seconds(seconds: float) -> None:
    """Raise ValueError, in words fit for a visitor, where no film lasts so long."""
    if not isinstance(seconds, (int, float)) or not SECONDS[0] <= seconds <= SECONDS[1]:
        given = f"{seconds:g}" if isinstance(seconds, float) else str(seconds)[:20]
        raise UserError(
            "A film takes {least:g} to {most:g} seconds, not {given}.",
            least=SECONDS[0],
            most=SECONDS[1],
            given=given,
        )


def path(edit: Edit) -> list[tuple[Edit, Edit]]:
    """The states that this sampled picture has had, oldest first, none twice in a row: each with
    the entry that it began with and the one that it ended with, between which only what is placed
    on it changed."""
    entries = [edit]
    for entry in reversed(edit.history):
        if not entry.shows(edit):
            break
        entries.append(entry)
    stations: list[tuple[Edit, Edit]] = []
    for entry in reversed(entries):
        if stations and stations[-1][0].same_picture(entry):
            stations[-1] = stations[-1][0], entry
        else:
            stations.append((entry, entry))
    return stations


def along(lengths: Sequence[float], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Where so many pictures are on the straight lines from the first station to the last, at a
    speed that is even but for a gentle start and end.

    lengths: of the lines from each station to the next, none of them 0. Returns the numbers of the
    lines, int (count,), and the shares of them that are behind, 0 to 1.
    """
    at = np.concatenate([[0], np.cumsum(lengths)])
    time = np.linspace(0, 1, count)
    eased = at[-1] * time * time * (3 - 2 * time)
    line = np.clip(np.searchsorted(at, eased, side="right") - 1, 0, len(lengths) - 1)
    return line, ((eased - at[line]) / np.array(lengths)[line]).clip(0, 1)


def apart(before: Edit, after: Edit) -> float:
    """How far the latents of two pictures are from each other, those of their regions too."""
    nothing = 0.0 * before.ws.astype(np.float64)
    ways = [after.ws - before.ws.astype(np.float64)]
    for one, other in _paired(before, after):
        first, last = (each.latents(nothing) if each else nothing for each in (one, other))
        ways.append(last - first)
    return math.sqrt(sum(np.square(way).sum() for way in ways))


def midway(before: Edit, after: Edit, share: float) -> Edit:
    """The picture of an edit on the straight way from an earlier one; share: of it that is behind,
    0 to 1. A region that only one of them has grows, or goes."""
    behind, regions = np.float32(share), []
    nothing = 0 * before.ws
    for one, other in _paired(before, after):
        first, last = (each.latents(nothing) if each else nothing for each in (one, other))
        mask_png = cast(Region, one or other).mask_png
        regions.append(Region.of(mask_png, nothing, first + behind * (last - first)))
    return replace(after, ws=before.ws + behind * (after.ws - before.ws), regions=tuple(regions))


def _paired(before: Edit, after: Edit) -> list[tuple[Region | None, Region | None]]:
    """The regions of two edits: those that both have, and then what each has alone."""
    same = 0
    for one, other in zip(before.regions, after.regions, strict=False):
        if one.mask_png != other.mask_png:
            break
        same += 1
    both = list(zip(before.regions[:same], after.regions[:same], strict=True))
    gone = [(each, None) for each in before.regions[same:]]
    return [*both, *gone, *((None, each) for each in after.regions[same:])]


def between(before: Edit, after: Edit, share: float) -> tuple[PointPair, ...]:
    """The pairs of an edit with their handles on the way from an earlier one; those that were not
    there stay where they are. share: of the way that is behind, 0 to 1."""
    first = {pair.key: pair.handle for pair in before.points}
    pairs = []
    for pair in after.points:
        x, y = (
            a + share * (b - a)
            for a, b in zip(first.get(pair.key, pair.handle), pair.handle, strict=True)
        )
        pairs.append(replace(pair, handle=(x, y)))
    return tuple(pairs)


def _pictures(
    generator: Generator,
    stations: list[tuple[Edit, Edit]],
    count: int,
    side: int,
    points: bool,
    mark: bool,
) -> Iterator[np.ndarray]:
    lengths = [apart(one, other) for (one, _), (other, _) in itertools.pairwise(stations)]
    lines, shares = along(lengths, count)
    for line, share in zip(lines.tolist(), shares.tolist(), strict=True):
        before, after = stations[line][1], stations[line + 1][0]
        shown = Image.fromarray(render_edit(generator, midway(before, after, share)))
        full = shown.size
        shown.thumbnail((side, side), Image.Resampling.LANCZOS)
        picture = np.asarray(shown)
        if points:
            pairs = scaled(between(before, after, share), full, shown.size)
            earlier = [entry for two in stations[: line + 1] for entry in two]
            picture = draw_points(picture, pairs, pinned(*earlier, after))
        yield draw_mark(picture) if mark else picture


def _with_ends(pictures: Iterator[np.ndarray], count: int) -> Iterator[np.ndarray]:
    """The first and the last picture so many times more."""
    picture = next(pictures)
    yield from [picture] * count
    yield picture
    for picture in pictures:
        yield picture
    yield from [picture] * count


def _mp4(pictures: Iterator[np.ndarray], rate: float, total: int) -> Iterator[float | bytes]:
    import av  # here, so that dragging needs no more than PyTorch, NumPy and Pillow
    from av.video.reformatter import Colorspace

    buffer = io.BytesIO()

    def again(url: str, flags: int, options: dict) -> io.BytesIO:
        return io.BytesIO(buffer.getvalue())  # what was written, to be moved behind the index

    with av.open(
        buffer, "w", format="mp4", options={"movflags": "faststart"}, io_open=again
    ) as container:
        container.metadata.update(comment=NOTICE, description="AI-generated")
        stream = container.add_stream(
            "libx264", rate=int(rate), options={"crf": "18", "preset": "fast", "profile": "main"}
        )
        stream.pix_fmt = "yuv420p"  # which every player knows
        coding = stream.codec_context
        coding.colorspace = coding.color_primaries = coding.color_trc = BT709
        for number, picture in enumerate(pictures, 1):
            if number == 1:
                height, width = (length - length % 2 for length in picture.shape[:2])
                stream.width, stream.height = width, height
            frame = av.VideoFrame.from_ndarray(
                np.ascontiguousarray(picture[:height, :width]), format="rgb24"
            )
            frame = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
            container.mux(stream.encode(frame))
            yield number / total
        container.mux(stream.encode())
    yield buffer.getvalue()


def _animation(
    pictures: Iterator[np.ndarray], rate: float, total: int, kind: str
) -> Iterator[float | bytes]:
    frames, buffer, common = [], io.BytesIO(), {"duration": round(1000 / rate), "loop": 0}
    for number, picture in enumerate(pictures, 1):
        frame = Image.fromarray(picture)
        frames.append(_with_palette(frame) if kind == ".gif" else frame)
        yield number / total * (1 - SAVING)
    first, *others = frames
    if kind == ".gif":
        first.save(
            buffer, "GIF", save_all=True, append_images=others, comment=NOTICE.encode(), **common
        )
    else:
        first.save(
            buffer,
            "WEBP",
            save_all=True,
            append_images=others,
            quality=85,
            xmp=XMP.encode(),
            exif=_exif(),
            **common,
        )
    yield 1.0
    yield buffer.getvalue()


def _with_palette(frame: Image.Image) -> Image.Image:
    """The frame in its own 256 colours, those of the points among them: being few pixels they would
    fade. Also a third of the memory until all frames are there."""
    others = frame.quantize(256 - len(COLOURS))
    palette = Image.new("P", (1, 1))
    palette.putpalette(
        (others.getpalette() or [])
        + [level for colour in COLOURS for level in ImageColor.getrgb(colour)]
    )
    return frame.quantize(palette=palette, dither=Image.Dither.NONE)


def _exif() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = NOTICE  # ImageDescription
    return exif.tobytes()
