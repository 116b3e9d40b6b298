"""Photos of every odd kind: read, or refused in one sentence."""

import io
import re
import struct
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from drag.photo import FORMATS, MOST_BYTES, read_photo


def scene(width=200, height=120):
    """A smooth coloured picture, lightest at the upper left, whose way up can be seen."""
    y, x = np.mgrid[:height, :width]
    red, green = 255 - 200 * x / width, 255 - 200 * y / height
    return np.stack([red, green, 0 * x + 80.0], 2).astype(np.uint8)


def file(picture, kind="PNG", **options):
    if not isinstance(picture, Image.Image):
        picture = Image.fromarray(picture)
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def near(pixels, wanted, levels=6):
    assert pixels.shape == wanted.shape
    return np.abs(pixels.astype(int) - wanted).mean() < levels


def png_header(width, height):
    """A PNG that says it is of this size, and has nothing else."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body
            + struct.pack(">I", zlib.crc32(body)) + struct.pack(">I", 0) + b"IDAT")


@pytest.mark.parametrize("kind", [*FORMATS])
def test_every_format_is_read(kind):
    photo = read_photo(file(scene(), kind))
    assert photo.pixels.dtype == np.uint8
    assert photo.remarks == ()
    assert near(photo.pixels, scene())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_camera_held_any_way_gives_an_upright_photo(orientation):
    stored = scene()
    stored = {1: stored, 2: stored[:, ::-1], 3: stored[::-1, ::-1], 4: stored[::-1],
              5: stored.transpose(1, 0, 2), 6: np.rot90(stored, 1),
              7: np.rot90(stored, 2).transpose(1, 0, 2), 8: np.rot90(stored, -1)}[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = file(np.ascontiguousarray(stored), "JPEG", exif=exif, quality=95)
    assert near(read_photo(content).pixels, scene())


@pytest.mark.parametrize("exif", [b"Exif\0\0nonsense", b"Exif\0\0II*\0\xff\xff\xff\xff", b"\0"])
def test_damaged_exif_is_no_reason_to_refuse(exif):
    assert near(read_photo(file(scene(), "JPEG", exif=exif)).pixels, scene())


@pytest.mark.parametrize("mode", ["L", "LA", "I;16", "I", "F"])
def test_grey_becomes_rgb_and_is_said(mode):
    grey = Image.fromarray(scene()).convert("L")
    levels = np.asarray(grey)
    picture, kind = grey.convert("LA") if mode == "LA" else grey, "PNG"
    if mode == "I;16":
        picture = Image.fromarray(levels.astype(np.uint16) * 257)
    if mode in ("I", "F"):
        picture, kind = Image.fromarray(levels.astype(np.int32) * 257 if mode == "I"
                                        else levels.astype(np.float32) / 255), "TIFF"
    photo = read_photo(file(picture, kind))
    assert photo.remarks == ("photo_grey",)
    assert near(photo.pixels, np.repeat(levels[:, :, None], 3, 2), 2)


def test_black_and_white_is_read():
    lines = np.repeat(np.arange(120)[:, None] // 10 % 2 == 1, 200, 1)
    photo = read_photo(file(Image.fromarray(lines), "TIFF"))
    assert photo.remarks == ("photo_grey",)
    assert (photo.pixels[..., 0] == 255 * lines).all()


def test_transparency_lies_on_white_and_is_said():
    clear = np.dstack([scene(), np.full((120, 200), 255, np.uint8)])
    clear[:, :100, 3] = 0
    photo = read_photo(file(clear))
    assert photo.remarks == ("photo_transparent",)
    assert (photo.pixels[:, :100] == 255).all()
    assert (photo.pixels[:, 100:] == scene()[:, 100:]).all()
    palette = Image.fromarray(scene()).quantize(16)
    photo = read_photo(file(palette, "PNG", transparency=bytes([0] * 8 + [255] * 8)))
    assert photo.remarks == ("photo_transparent",)
    solid = np.dstack([scene(), np.full((120, 200), 255, np.uint8)])
    assert read_photo(file(solid)).remarks == ()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_is_taken(kind):
    frames = [Image.fromarray(scene()), Image.fromarray(scene()[::-1].copy())]
    photo = read_photo(file(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert photo.remarks == ("photo_first_frame",)
    assert near(photo.pixels, scene(), 12)


def test_cmyk_is_read():
    assert near(read_photo(file(Image.fromarray(scene()).convert("CMYK"), "JPEG")).pixels, scene())


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_twenty_megapixels_take_a_second_or_so_and_come_out_small(kind):
    large = Image.fromarray(scene(274, 183)).resize((5480, 3660), Image.Resampling.BICUBIC)
    content = file(large, kind, **({"compress_level": 1} if kind == "PNG" else {}))
    begun = time.monotonic()
    photo = read_photo(content)
    assert time.monotonic() - begun < 5  # alone 0.2 (JPEG) to 0.8 s
    assert photo.pixels.shape == (1368, 2048, 3)
    assert near(photo.pixels[::8, ::8][:150, :200], np.asarray(large)[::21, ::21][:150, :200], 12)


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)
REFUSED = {
    "empty": (b"", "empty"),
    "many bytes": (bytes(MOST_BYTES + 1), "20.0 MB"),
    "many pixels": (png_header(8000, 7000), "56 megapixels"),
    "a bomb": (png_header(30_000, 30_000), "megapixels"),
    "64 px": (file(scene(64, 64)), "only 64 x 64 pixels"),
    "a strip": (file(scene(3000, 100)), "too long"),
    "nothing but a header": (png_header(200, 200), "damaged"),
    "a truncated JPEG": (file(scene(), "JPEG")[:-400], "damaged"),
    "a truncated PNG": (file(scene())[:-200], "damaged"),
    "a JPEG's first bytes": (b"\xff\xd8\xff\xe0" + bytes(50), "damaged"),
    "text": (b"hello " * 50, "no photo"),
    "noise": (np.random.RandomState(0).bytes(5000), "no photo"),
    "HEIC": (HEIC, "HEIC.*save it as JPEG"),
    "SVG": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG.*JPEG"),
    "PDF": (b"%PDF-1.7\n" + bytes(100), "PDF.*JPEG"),
    "MP4": (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + bytes(200), "video"),
    "WebM": (b"\x1a\x45\xdf\xa3" + bytes(200), "video"),
    "AVI": (b"RIFF\0\0\0\0AVI LIST" + bytes(200), "video"),
    "a broken AVIF": (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1" + bytes(200), "damaged|AVIF"),
    "ICO": (file(scene(), "ICO"), "no photo"),
    "PPM, a format not taken": (file(scene(), "PPM"), "no photo"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_used_is_refused_in_one_sentence(case):
    content, words = REFUSED[case]
    with pytest.raises(ValueError, match=words) as caught:
        read_photo(content)
    said = str(caught.value)
    assert len(re.findall(r"[.](?:\s|$)", said)) == 1
    assert said.endswith(".")
    assert re.search("choose|save|make|cut", said), "what to do next"


def outcome(content):
    try:
        return read_photo(content).pixels.shape[2]
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("kind", FORMATS)
def test_damage_anywhere_ends_in_a_photo_or_a_sentence(kind):
    random, content = np.random.RandomState(1), file(scene(), kind)
    for _ in range(60):
        damaged = bytearray(content)
        for at in random.randint(0, len(damaged), 6):
            damaged[at] = random.randint(256)
        said = outcome(bytes(damaged))
        assert said == 3 or said.endswith(".")
