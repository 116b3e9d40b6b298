"""A moving picture of an edit, from how it was sampled to how it is: MP4, GIF and animated WebP."""

import functools
import io
import itertools
import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from PIL import Image, ImageColor

from drag.edit import Edit
from drag.files.images import NOTICE, XMP
from drag.files.interpolation import Between
from drag.files.overlays import COLOURS, draw_mark, draw_points, pinned, scaled
from drag.files.way import along, apart, between, midway, path
from drag.render import render_edit
from networks.errors import UserError
from networks.generator import Generator

KINDS = {".mp4": 24, ".gif": 12.5, ".webp": 12}  # pictures a second
SECONDS = 0.5, 20.0  # that a film may last
SIZES = SMALL, FULL = 512, 1024  # px of the longer side at most
SHARP = 4  # pictures a second that the generator makes of a small film, on a CPU
HOLD = 0.5  # seconds that its first and its last picture stand still, each
# Bytes of pictures which Pillow takes all at once: less px if it is long; and of each pixel.
MAX_HELD, HELD = 64_000_000, {".webp": 3, ".gif": 2}
SAVING = 0.1  # of the work of a GIF or a WebP, which comes after the last picture
BT709 = 1  # in the numbering of H.264
Place = tuple[int, float]  # a line of the way, from 0 on, and the share of it that is behind


def filming(
    generator: Generator,
    edit: Edit,
    kind: str,
    seconds: float = 3.0,
    size: int = SMALL,
    *,
    points: bool = False,
    mark: bool = False,
) -> Iterator[float | bytes]:
    """The film of an edit: the share that is done, 0 to 1, after each picture, and last the file,
    which says that it is AI-generated.

    kind: ".mp4" (H.264), ".gif" or ".webp"; it sets the frame rate.   seconds: how long the motion
    takes, 0.5 to 20; both ends stand still a little longer.   size: pixels of the longer side at
    most, 512, or 1024, of which the generator makes every picture (a long GIF or WebP is smaller).
    points: show them as they move.   mark: say visibly that it is AI-generated.

    Raises ValueError at once, in words fit for a visitor, for another length or size, or where the
    picture never changed. Closed early, it lets go of all that it holds.
    """
    check_seconds(seconds)
    check_size(size)
    stations = path(edit)
    if len(stations) < 2:
        raise UserError("There is nothing to film: drag something first.")
    rate, side = KINDS[kind], int(size)
    count, held = max(2, round(seconds * rate)), round(HOLD * rate)
    total = count + 2 * held
    if kind in HELD:
        side = min(side, math.isqrt(MAX_HELD // (HELD[kind] * total)))
    quick = side <= SMALL and generator.w_avg.device.type == "cpu"
    sharp = math.ceil(SHARP * seconds) if quick else count
    pictures = _with_ends(_pictures(generator, stations, count, sharp, side, points, mark), held)
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


def check_size(size: int) -> None:
    """Raise ValueError, in words fit for a visitor, where no film is so large."""
    if size not in SIZES:
        raise UserError("A film has 512 or 1024 pixels a side: choose one.")


def _pictures(
    generator: Generator,
    stations: list[tuple[Edit, Edit]],
    count: int,
    sharp: int,
    side: int,
    points: bool,
    mark: bool,
) -> Iterator[np.ndarray]:
    """So many pictures, of which the generator makes about so many, or all."""
    lengths = [apart(one, other) for (one, _), (other, _) in itertools.pairwise(stations)]
    lines, shares = along(lengths, count)
    places = list(zip(lines.tolist(), shares.tolist(), strict=True))

    def made(place: Place) -> np.ndarray:
        before, after = stations[place[0]][1], stations[place[0] + 1][0]
        shown = Image.fromarray(render_edit(generator, midway(before, after, place[1])))
        shown.thumbnail((side, side), Image.Resampling.LANCZOS)
        return np.asarray(shown)

    parts = [max(1, round(sharp * length / sum(lengths))) for length in lengths]
    shown = map(made, places) if sum(parts) >= count else _between(made, places, parts)
    for (line, share), picture in zip(places, shown, strict=True):
        before, after = stations[line][1], stations[line + 1][0]
        if points:
            full, small = (sides[::-1] for sides in (after.img_size, picture.shape[:2]))
            pairs = scaled(between(before, after, share), full, small)
            earlier = [entry for two in stations[: line + 1] for entry in two]
            picture = draw_points(picture, pairs, pinned(*earlier, after))
        yield draw_mark(picture) if mark else picture


def _between(
    made: Callable[[Place], np.ndarray], places: Sequence[Place], parts: Sequence[int]
) -> Iterator[np.ndarray]:
    """The pictures at these places, of which only those are made with which the parts of the way
    begin and end; parts: how many each line has, all as long."""
    starts = [0, *itertools.accumulate(parts)]

    @functools.lru_cache(2)
    def end(number: int) -> np.ndarray:
        line = min(np.searchsorted(starts, number, side="right") - 1, len(parts) - 1)
        return made((int(line), (number - starts[line]) / parts[line]))

    @functools.lru_cache(1)
    def part(number: int) -> Between:
        return Between(end(number), end(number + 1))

    for line, share in places:
        way = share * parts[line]
        inside = min(int(way), parts[line] - 1)
        number, rest = starts[line] + inside, way - inside
        yield end(number + int(rest)) if rest in (0, 1) else part(number).at(rest)


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
    frames: list[Image.Image] = []
    buffer, common = io.BytesIO(), {"duration": round(1000 / rate), "loop": 0}
    last = None
    for number, picture in enumerate(pictures, 1):
        if picture is last:  # they stand still
            frames.append(frames[-1])
        else:
            frame = Image.fromarray(picture)
            frames.append(_with_palette(frame) if kind == ".gif" else frame)
        last = picture
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
    fade. Also a third of the memory until all frames are there. Chosen of a smaller picture, which
    has the same colours and takes a tenth of the time."""
    others = frame.reduce(4).quantize(256 - len(COLOURS))
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
