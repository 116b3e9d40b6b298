"""A moving picture of an edit, from how it was sampled to how it is: MP4, GIF and animated WebP."""

import io
from collections.abc import Iterator

import av
import numpy as np
from PIL import Image

from drag.edit import Edit
from drag.export import NOTICE, XMP
from drag.render import render

KINDS = {".mp4": (24, 1024), ".gif": (12, 384), ".webp": (12, 512)}  # frames a second; px at most
SECONDS = 0.5, 20.0  # that a film may last
HOLD = 0.5  # seconds that its first and its last picture stand still, each


def film(generator, edit: Edit, kind: str, seconds: float = 3.0) -> bytes:
    """The film of an edit as a file that says that it is AI-generated.

    kind: ".mp4" (H.264), ".gif" or ".webp"; it sets the frame rate and the size.   seconds: how
    long the motion takes, 0.5 to 20; both ends stand still a little longer. Raises ValueError in
    words fit for a visitor for another length or where the picture never changed.
    """
    check_seconds(seconds)
    stations = path(edit)
    if len(stations) < 2:
        raise ValueError("There is nothing to film: drag something first.")
    rate, side = KINDS[kind]
    latents = along(stations, max(2, round(seconds * rate)))
    pictures = _with_ends(_pictures(generator, latents, side), round(HOLD * rate))
    return _mp4(pictures, rate) if kind == ".mp4" else _animation(pictures, rate, kind)


def check_seconds(seconds: float) -> None:
    """Raise ValueError, in words fit for a visitor, where no film lasts so long."""
    if not SECONDS[0] <= seconds <= SECONDS[1]:
        raise ValueError(f"A film takes {SECONDS[0]:g} to {SECONDS[1]:g} seconds, not {seconds:g}.")


def path(edit: Edit) -> list[np.ndarray]:
    """The latents that this sampled picture has had, (num_ws, w_dim) each, oldest first; none
    twice in a row."""
    entries = [edit]
    for entry in reversed(edit.history):
        if not entry.shows(edit):
            break
        entries.append(entry)
    stations: list[np.ndarray] = []
    for entry in reversed(entries):
        if not stations or not np.array_equal(stations[-1], entry.ws):
            stations.append(entry.ws)
    return stations


def along(stations: list[np.ndarray], count: int) -> np.ndarray:
    """So many latents, (count, num_ws, w_dim), on straight lines from the first station to the
    last, at a speed that is even but for a gentle start and end."""
    points = np.stack(stations).astype(np.float64)
    lengths = np.linalg.norm(np.diff(points, axis=0).reshape(len(points) - 1, -1), axis=1)
    at = np.concatenate([[0], np.cumsum(lengths)])
    time = np.linspace(0, 1, count)
    eased = at[-1] * time * time * (3 - 2 * time)
    line = np.clip(np.searchsorted(at, eased, side="right") - 1, 0, len(lengths) - 1)
    share = ((eased - at[line]) / lengths[line]).clip(0, 1)[:, None, None]
    return ((1 - share) * points[line] + share * points[line + 1]).astype(np.float32)


def _pictures(generator, latents: np.ndarray, side: int) -> Iterator[np.ndarray]:
    for ws in latents:
        picture = Image.fromarray(render(generator, ws))
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        yield np.asarray(picture)


def _with_ends(pictures: Iterator[np.ndarray], count: int) -> Iterator[np.ndarray]:
    """The first and the last picture so many times more."""
    picture = next(pictures)
    yield from [picture] * count
    yield picture
    for picture in pictures:
        yield picture
    yield from [picture] * count


def _mp4(pictures: Iterator[np.ndarray], rate: int) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        container.metadata.update(comment=NOTICE, description="AI-generated")
        stream = container.add_stream("libx264", rate=rate, options={"crf": "18"})
        stream.pix_fmt = "yuv420p"  # which every player knows
        for number, picture in enumerate(pictures):
            if number == 0:
                height, width = (length - length % 2 for length in picture.shape[:2])
                stream.width, stream.height = width, height
            frame = av.VideoFrame.from_ndarray(
                np.ascontiguousarray(picture[:height, :width]), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()


def _animation(pictures: Iterator[np.ndarray], rate: int, kind: str) -> bytes:
    first, *others = (Image.fromarray(picture) for picture in pictures)
    buffer, common = io.BytesIO(), {"duration": round(1000 / rate), "loop": 0}
    if kind == ".gif":
        first.save(buffer, "GIF", save_all=True, append_images=others, comment=NOTICE.encode(),
                   **common)
    else:
        first.save(buffer, "WEBP", save_all=True, append_images=others, quality=85,
                   xmp=XMP.encode(), exif=_exif(), **common)
    return buffer.getvalue()


def _exif() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = NOTICE  # ImageDescription
    return exif.tobytes()
