"""Photos of every odd kind: read, or refused in one sentence."""

import struct
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from drag.photo.reading import DAMAGED, FORMATS, read_photo
from tests.photo_files import file, near, scene, shared_case


@pytest.mark.parametrize("kind", [*FORMATS])
def test_every_format_is_read(kind):
    photo = read_photo(file(scene(), kind))
    assert photo.pixels.dtype == np.uint8
    assert photo.remarks == ()
    assert near(photo.pixels, scene())


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_camera_held_any_way_gives_an_upright_photo(orientation, kind):
    # Pillow turns TIFF files when it loads them, and was turned after.
    stored = scene()
    stored = {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.transpose(1, 0, 2),
        6: np.rot90(stored, 1),
        7: np.rot90(stored, 2).transpose(1, 0, 2),
        8: np.rot90(stored, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = file(np.ascontiguousarray(stored), kind, exif=exif, quality=95)
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
        picture, kind = (
            Image.fromarray(
                levels.astype(np.int32) * 257 if mode == "I" else levels.astype(np.float32) / 255
            ),
            "TIFF",
        )
    photo = read_photo(file(picture, kind))
    assert photo.remarks == ("photo_grey",)
    assert near(photo.pixels, np.repeat(levels[:, :, None], 3, 2), 2)


@pytest.mark.parametrize("hole", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_none_does_not_make_the_others_white(hole):
    levels = np.asarray(Image.fromarray(scene()).convert("L"))
    values = levels.astype(np.float32)  # of at most 255, not 1
    values[0, 0] = hole
    pixels = read_photo(file(Image.fromarray(values), "TIFF")).pixels
    expected = levels.astype(float)[2:] * (255 / levels.max())
    assert abs(pixels[2:, :, 0] - expected).mean() < 2


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


def many_pages(count=8000):
    """A TIFF with a page, and many that have nothing."""
    content = bytearray(file(scene(), "TIFF"))
    (at,) = struct.unpack_from("<I", content, 4)
    (fields,) = struct.unpack_from("<H", content, at)
    struct.pack_into("<I", content, at + 2 + 12 * fields, len(content))
    for left in reversed(range(count)):
        content += struct.pack("<HHHIII", 1, 256, 4, 1, 200, len(content) + 18 if left else 0)
    return bytes(content)


def many_frames(count=600_000):
    """A GIF with a frame, and many of one pixel."""
    tiny = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\2D\1\0"
    return file(Image.fromarray(scene()).quantize(64), "GIF")[:-1] + tiny * count + b";"


@pytest.mark.parametrize("content", [many_pages(), many_frames()], ids=["TIFF", "GIF"])
def test_frames_that_are_not_used_are_not_walked_through(content):
    # Pillow's n_frames walks: 8,000 pages took 6 s, in which nobody else's photo was read.
    began = time.process_time()
    assert read_photo(content).remarks == ("photo_first_frame",)
    assert time.process_time() - began < 0.3  # 0.02 alone


PEAK = """
import io, sys
import numpy as np
from PIL import Image
from drag.__main__ import peak_memory_mb
from drag.photo.reading import read_photo

content = open(sys.argv[1], "rb").read()
read_photo(open(sys.argv[2], "rb").read())
before = peak_memory_mb()
assert read_photo(content).pixels.shape == (2048, 2048, 3)
print(peak_memory_mb() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="what Linux tells of a process")
def test_the_dearest_photo_takes_little_more_memory_than_its_pixels(tmp_path):
    # Whole pictures were converted before they were made smaller: this one took 1.5 GB.
    deep = Image.fromarray(np.full((6000, 6000), 30_000, np.int32))
    deep.save(tmp_path / "deep.tif", compression="tiff_adobe_deflate")
    (tmp_path / "small.tif").write_bytes(file(scene(), "TIFF"))
    files = [tmp_path / "deep.tif", tmp_path / "small.tif"]
    run = subprocess.run(
        [sys.executable, "-c", PEAK, *files], capture_output=True, text=True, check=True
    )
    assert int(run.stdout) * 1e6 < 2 * 6000 * 6000 * 4


def wide_profile():
    """An ICC profile with the colours of Display P3 and a gamma of 2.2, and its matrix to XYZ."""
    to_xyz = np.array(
        [[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]]
    )

    def place(xyz):
        return b"XYZ " + struct.pack(">i3i", 0, *(round(65536 * n) for n in xyz))

    curve = b"curv" + struct.pack(">iIHH", 0, 1, round(256 * 2.2), 0)
    tags = [
        (b"desc", b"desc" + struct.pack(">iI", 0, 2) + b"P\0" + bytes(78)),
        (b"wtpt", place((0.9642, 1, 0.8249))),
        *zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(place, to_xyz.T), strict=True),
        *((name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")),
    ]
    at, table, body = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, content in tags:
        table += name + struct.pack(">II", at + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = struct.pack(
        ">I4sI4s4s4s12s4s",
        at + len(body),
        bytes(4),
        0x02400000,
        b"mntr",
        b"RGB ",
        b"XYZ ",
        bytes(12),
        b"acsp",
    ) + bytes(28)
    head += struct.pack(">3i", *(round(65536 * n) for n in (0.9642, 1, 0.8249)))
    return head.ljust(128, b"\0") + table + body, to_xyz


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_wide_colours_of_phones_become_those_of_screens(kind):
    profile, to_xyz = wide_profile()
    level = np.array([190, 120, 100])
    picture = np.broadcast_to(level.astype(np.uint8), (120, 200, 3))
    from_xyz = np.array(
        [[3.13414, -1.61723, -0.49063], [-0.97880, 1.91613, 0.03344], [0.07197, -0.22898, 1.40524]]
    )  # sRGB's, of D50
    linear = from_xyz @ to_xyz @ (level / 255) ** 2.2
    wanted = 255 * (1.055 * linear ** (1 / 2.4) - 0.055)
    assert np.abs(wanted - level).max() > 8
    options = {"quality": 100} | ({"subsampling": 0} if kind == "JPEG" else {})
    pixels = read_photo(file(picture, kind, icc_profile=profile, **options)).pixels
    assert np.abs(pixels - wanted).max() < 4


@pytest.mark.parametrize(
    "profile",
    [b"nonsense", wide_profile()[0][:300], wide_profile()[0].replace(b"RGB ", b"GRAY", 1)],
)
def test_a_profile_that_is_broken_or_of_something_else_is_left_aside(profile):
    assert near(read_photo(file(scene(), "PNG", icc_profile=profile)).pixels, scene(), 0.1)


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


def camera(**options):
    """A JPEG larger than what its reader is handed at once, and its picture."""
    fine = np.random.RandomState(0).randint(-20, 20, (480, 640, 3))
    picture = np.clip(scene(640, 480).astype(int) + fine, 0, 255).astype(np.uint8)
    content = file(picture, "JPEG", quality=88, **options)
    assert len(content) > 65_536
    return content, picture


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("missing", [1, 2, 3, 12])
def test_a_jpeg_without_its_last_bytes_is_taken(progressive, missing):
    # So many cameras and messengers leave them.
    content, picture = camera(progressive=progressive)
    assert near(read_photo(content[:-missing]).pixels, picture, 16)


@pytest.mark.parametrize(
    ("options", "shares"),
    [
        ({}, (0.001, 0.03, 0.5, 0.9)),
        ({"restart_marker_rows": 1}, (0.3, 0.9)),
        ({"progressive": True}, (0.03, 0.3, 0.4)),
    ],
)
def test_a_jpeg_of_which_much_is_missing_is_refused(options, shares):
    content, _ = camera(**options)
    for share in shares:
        with pytest.raises(ValueError, match=DAMAGED):
            read_photo(content[: int(share * len(content))])


def test_where_only_the_last_bits_of_a_progressive_jpeg_are_missing_it_is_taken():
    content, picture = camera(progressive=True)  # half of it is their scan
    assert near(read_photo(content[: int(0.8 * len(content))]).pixels, picture, 16)


def test_one_as_it_came_from_somebody():
    assert read_photo(shared_case("jpeg_no_eoi.jpg")).pixels.shape == (512, 512, 3)
