"""A stranger's photo, from a file's bytes to upright RGB; nothing of it is written anywhere."""

import io
import math
import warnings
from dataclasses import dataclass
from typing import cast

import numpy as np
from PIL import Image, ImageCms, features

from drag.photo.endings import ended, is_cut
from drag.photo.labour import Metered
from networks.errors import UserError

MOST_BYTES = 20_000_000
MOST_PIXELS = 50_000_000  # as the header says, before anything is unpacked
MOST_WEBP = 25_000_000  # for Pillow holds a WebP picture four times
LONGEST, SHORTEST = 2048, 96  # side, pixels: what is shown and searched, and what is needed
_STRIP = 1_000_000  # pixels that are converted at a time
FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"] + (
    ["AVIF"] if "avif" in features.get_supported() else []
)
DAMAGED = "The photo is damaged or cut short; copy or save it once more and choose that file."
NO_PHOTO = "The file is no photo; choose a JPEG, PNG, WebP, GIF, BMP or TIFF file."
KNOWN = "{kind} files cannot be read here; save the photo as JPEG and choose that file."
FILM = "The file is a video; save one picture of it as JPEG and choose that file."
HUGE = "The photo has more than {most} megapixels; make it smaller and choose that file."
Box = tuple[int, int, int, int]  # left, top, right and bottom, pixels
_ORIENTATION = 0x0112  # of EXIF
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_LYING = (5, 6, 7, 8)  # of these, those that are stored on their side
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
_STARTS = {  # of files that people take for photos
    b"%PDF": "PDF",
    b"8BPS": "PSD",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"II*\0\x10\0\0\0CR": "RAW",
    b"FUJIFILM": "RAW",
}
_FILMS = (b"\x1a\x45\xdf\xa3", b"OggS", b"\0\0\1\xba", b"\0\0\1\xb3", b"FLV\1")


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo, or a part of it, to work with."""

    pixels: np.ndarray  # uint8 (H, W, 3), sRGB, upright, neither side above LONGEST
    content: bytes  # its file
    size: tuple[int, int]  # (H, W) of all of that, upright: frames are in these pixels
    box: Box  # of what `pixels` show, in the same
    remarks: tuple[str, ...] = ()  # keys of assets/words.json: what a person should know was done

    @property
    def scale(self) -> float:
        """The file's pixels to one of `pixels`."""
        left, top, right, bottom = self.box
        return max(right - left, bottom - top) / max(self.pixels.shape[:2])


def read_photo(content: bytes, part: Box | None = None) -> Photo:
    """The photo in a file of any name, its first frame if it moves.

    part: what is wanted, in pixels of the upright file; all of it unless given.

    Raises ValueError, one sentence fit for a visitor, where it is none, damaged, or of a size that
    is not taken.
    """
    if not content:
        raise UserError("The file is empty; choose another one.")
    if len(content) > MOST_BYTES:
        raise UserError(
            "The file has {size:.1f} MB, more than {most}; save the photo as a "
            "smaller JPEG and choose that file.",
            size=len(content) / 1e6,
            most=MOST_BYTES // 1_000_000,
        )
    whole = ended(content)
    if whole is None:
        raise UserError(DAMAGED)
    with warnings.catch_warnings():  # of the process: whoever reads several has one after the other
        warnings.simplefilter("ignore")  # of odd metadata and of sizes, which are looked at below
        with _opened(whole) as picture:
            _check_size(*picture.size, MOST_WEBP if picture.format == "WEBP" else MOST_PIXELS)
            try:
                return _read(picture, content, part, len(whole) > len(content))
            except UserError:
                raise
            except Exception:  # Pillow's readers raise all sorts, RuntimeError among them
                raise UserError(DAMAGED) from None


def _opened(content: bytes) -> Image.Image:
    """The picture with its header read, and no more."""
    try:
        return Image.open(Metered(content), formats=FORMATS)
    except UserError:
        raise
    except Image.UnidentifiedImageError:
        raise _what_else(content[:4096]) from None
    except Image.DecompressionBombError:
        raise UserError(HUGE, most=MOST_PIXELS // 1_000_000) from None
    except Exception:
        raise UserError(DAMAGED) from None


def _check_size(width: int, height: int, most: int) -> None:
    if width * height > most:
        raise UserError(HUGE, most=most // 1_000_000)
    if min(width, height) < SHORTEST:
        raise UserError(
            "The photo has only {width} x {height} pixels, and each side needs "
            "{least}; choose a larger one.",
            width=width,
            height=height,
            least=SHORTEST,
        )
    if min(width, height) * LONGEST < SHORTEST * max(width, height):
        raise UserError(
            "The photo, {width} x {height} pixels, is too long for its width; cut "
            "out the part with the face and choose that file.",
            width=width,
            height=height,
        )


def _read(picture: Image.Image, content: bytes, part: Box | None, endless: bool) -> Photo:
    remarks = []
    # not n_frames, for which whole files are walked; MPO: a phone's previews
    if picture.format != "MPO" and getattr(picture, "is_animated", False):
        remarks.append("photo_first_frame")
    stored = picture.size
    if picture.format in ("JPEG", "MPO") and part is None:  # at a half or less: time and memory
        shrink = min(1.0, LONGEST / max(stored))
        width, height = (math.ceil(side * shrink) for side in stored)
        picture.draft(None, (width, height))
    picture.load()
    if endless and is_cut(picture):
        raise UserError(DAMAGED)
    orientation, profile = _orientation(picture), picture.info.get("icc_profile")
    width, height = stored if picture.format in ("JPEG", "MPO") else picture.size
    if orientation in _LYING:
        width, height = height, width
    box = _inside(part or (0, 0, width, height), (width, height))
    picture = _smaller(picture, _stored(box, orientation, picture.size) if part else None)
    if picture.mode == "RGBA":
        alpha, _ = cast(tuple[int, int], picture.getchannel("A").getextrema())
        if alpha < 255:
            remarks.append("photo_transparent")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    picture = _as_srgb(picture.convert("RGB"), profile)
    if orientation in _UPRIGHT:
        picture = picture.transpose(_UPRIGHT[orientation])
    pixels = np.asarray(picture)
    if np.ptp(pixels[::4, ::4], axis=2).max() <= 2:
        remarks.append("photo_grey")
    pixels = np.ascontiguousarray(pixels)
    return Photo(pixels, content, (height, width), box, tuple(remarks))


def _inside(part: Box, size: tuple[int, int]) -> Box:
    """What of a part lies within a photo of this size (width, height), a pixel at least."""
    left, top, right, bottom = part
    width, height = size
    left, top = min(max(left, 0), width - 1), min(max(top, 0), height - 1)
    return left, top, min(max(right, left + 1), width), min(max(bottom, top + 1), height)


def _stored(box: Box, orientation: int, size: tuple[int, int]) -> Box:
    """Where a part of the upright photo is in one that is stored in this size (width, height)."""
    left, top, right, bottom = box
    width, height = size
    if orientation in _LYING:
        left, top, right, bottom = top, left, bottom, right
    if orientation in (2, 3, 7, 8):
        left, right = width - right, width - left
    if orientation in (3, 4, 6, 7):
        top, bottom = height - bottom, height - top
    return left, top, right, bottom


def _orientation(picture: Image.Image) -> int:
    """How EXIF says that the camera was held; 1, upright, where it says nothing sound.

    Of a picture that is loaded: TIFF files are turned, and say so, when they are.
    """
    try:
        return int(picture.getexif().get(_ORIENTATION, 1))
    except Exception:
        return 1


def _smaller(picture: Image.Image, part: Box | None = None) -> Image.Image:
    """The picture, or a part of it, as L, RGB or RGBA, neither side above LONGEST.

    It is converted and first reduced in strips: all of it in another mode, of up to 8 bytes a
    pixel, would take several times the memory of the picture.
    """
    left, above, right, below = part or (0, 0, *picture.size)
    width, height, white = right - left, below - above, _white(picture)
    longest = max(width, height)
    factor = max(1, longest // LONGEST)
    rows = factor * max(1, _STRIP // (factor * width))
    reduced: Image.Image | None = None
    for top in range(0, height, rows):
        strip = picture.crop((left, above + top, right, min(below, above + top + rows)))
        strip = _eight_bits(strip, white).reduce(factor)
        if reduced is None:
            reduced = Image.new(strip.mode, (strip.width, math.ceil(height / factor)))
        reduced.paste(strip, (0, top // factor))
    shrink = min(1.0, LONGEST / longest)
    assert reduced is not None  # there is one strip at least
    wide, high = (max(1, round(side * shrink)) for side in (width, height))
    if reduced.size == (wide, high):
        return reduced
    box = 0, 0, width / factor, height / factor  # what is reduced last may be part of a pixel
    return reduced.resize((wide, high), Image.Resampling.LANCZOS, box)


def _white(picture: Image.Image) -> float:
    """The value that is white in a picture of more than 8 bits."""
    if picture.mode not in ("I", "F"):
        return 65535.0
    white = 65535.0 if picture.mode == "I" else 1.0  # at least: nothing says it in these
    _, most = cast(tuple[float, float], picture.getextrema())
    if not math.isfinite(most):  # Pillow lets the first of such numbers hide all others
        width, height = picture.size
        rows = max(1, _STRIP // width)
        strips = (
            np.asarray(picture.crop((0, top, width, min(height, top + rows))))
            for top in range(0, height, rows)
        )
        most = max(strip.max(initial=0.0, where=np.isfinite(strip)) for strip in strips)
    return max(float(most), white)


def _eight_bits(picture: Image.Image, white: float) -> Image.Image:
    """The picture as L, RGB or RGBA, whose sizes can be changed without mixing what must not be."""
    mode = picture.mode
    if mode in ("I", "F") or mode.startswith("I;16"):
        scaled = np.nan_to_num(np.asarray(picture) * (255 / white), posinf=255, neginf=0)
        return Image.fromarray(np.clip(np.rint(scaled), 0, 255).astype(np.uint8))
    if mode in ("LA", "La", "PA", "RGBa", "RGBA") or "transparency" in picture.info:
        return picture.convert("RGBA")
    return picture if mode in ("L", "RGB") else picture.convert("L" if mode == "1" else "RGB")


def _as_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """An RGB picture whose colours are those of an ICC profile; as it is where that is unsound."""
    if not profile:
        return picture
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if own.profile.xcolor_space.strip() != "RGB":  # of what it was before it was converted
            return picture
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(picture, own, srgb) or picture  # never None: not in place
    except Exception:  # broken, or Pillow was built without
        return picture


def _what_else(start: bytes) -> UserError:
    """What to say of a file that Pillow takes for no picture, by its first bytes."""
    if start[4:8] == b"ftyp":
        brands = [start[8:12], *(start[at : at + 4] for at in range(16, min(64, len(start)), 4))]
        if brands[0] in (b"avif", b"avis") or (b"avif" in brands and brands[0] in _HEIC[-2:]):
            return UserError(DAMAGED) if "AVIF" in FORMATS else UserError(KNOWN, kind="AVIF")
        if brands[0] in _HEIC:
            return UserError(KNOWN, kind="HEIC")
        if brands[0] == b"crx ":
            return UserError(KNOWN, kind="RAW")
        return UserError(FILM)
    if start.startswith(_FILMS) or (start[:4] == b"RIFF" and start[8:12] == b"AVI "):
        return UserError(FILM)
    if b"<svg" in start.lower():
        return UserError(KNOWN, kind="SVG")
    for beginning, what in _STARTS.items():
        if start.startswith(beginning):
            return UserError(KNOWN, kind=what)
    if start.startswith((b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*")) or (
        start[:4] == b"RIFF" and start[8:12] == b"WEBP"
    ):
        return UserError(DAMAGED)
    return UserError(NO_PHOTO)
