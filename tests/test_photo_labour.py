"""Small files that would take minutes to unpack: refused in one sentence, and no photo is."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from drag.photo import labour
from drag.photo.labour import LABOUR, Metered, jpeg_parts
from drag.photo.reading import read_photo

MANY = labour.MOST_READS


def saved(kind, side=128, **how):
    """A picture as such a file."""
    noise = np.random.RandomState(0).randint(0, 255, (side, side, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, kind, **how)
    return file.getvalue()


def scanned(times):
    """A progressive JPEG whose last scan comes so many times more."""
    content = saved("JPEG", progressive=True)
    last = content.rindex(b"\xff\xda")
    return content[:-2] + times * content[last:-2] + content[-2:]


def chunk(kind, data=b""):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def tagged(count, size):
    """A TIFF file with so many tags, the values of which are all the same so many bytes."""
    short, long, byte = 3, 4, 1
    tags = [
        *((256, short, 1, 128), (257, short, 1, 128), (258, short, 1, 8), (259, short, 1, 1)),
        *((262, short, 1, 1), (273, long, 1, 8), (278, short, 1, 128), (279, long, 1, 128 * 128)),
        *((40000 + i, byte, size, 8) for i in range(count)),
    ]
    entries = b"".join(struct.pack("<HHII", *each) for each in tags)
    head = b"II*\0" + struct.pack("<I", 8 + size)
    return head + bytes(size) + struct.pack("<H", len(tags)) + entries + bytes(4)


def after(content, at, *parts):
    return content[:at] + b"".join(parts) + content[at:]


def gif(*parts):
    content = saved("GIF")
    return after(content, content.index(b",", 13 + 3 * 256), *parts)


@pytest.mark.parametrize(
    "content",
    [
        # 460 kB of 4,500 scans over 49 megapixels blocked the photos of all for 83 seconds.
        pytest.param(lambda: scanned(labour.MOST_SCANS), id="JPEG, scans"),
        pytest.param(lambda: after(saved("JPEG"), 2, b"\xff\xe9\0\2" * MANY), id="JPEG, markers"),
        pytest.param(lambda: after(saved("JPEG"), 2, b"\xff" * MANY), id="JPEG, filling"),
        pytest.param(lambda: after(saved("PNG"), 33, chunk(b"abCd") * MANY), id="PNG, chunks"),
        pytest.param(lambda: after(saved("PNG"), 33, chunk(b"IDAT") * MANY), id="PNG, data"),
        # Five megabytes of comments, each put to all before it, took minutes.
        pytest.param(lambda: gif(b"\x21\xfe\x01a\0" * MANY), id="GIF, comments"),
        pytest.param(lambda: gif(b"\x21\xf9\4\0\0\0\0\0" * MANY), id="GIF, controls"),
        pytest.param(lambda: tagged(60, 500_000), id="TIFF, tags"),
    ],
)
def test_a_file_of_much_labour_is_refused(content):
    with pytest.raises(ValueError, match=LABOUR):
        read_photo(content())


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lambda: scanned(labour.MOST_SCANS // 2), id="many scans"),
        pytest.param(lambda: saved("JPEG", 512, restart_marker_blocks=1), id="restarts"),
        pytest.param(
            lambda: after(saved("JPEG"), 2, b"\xff\xe9\xff\xff" + b"\xff\xda\0\2" * 16383 + b"\0"),
            id="data that looks like scans",
        ),
        pytest.param(lambda: saved("JPEG") + scanned(200), id="another photo behind it"),
        pytest.param(lambda: saved("PNG", 512), id="PNG"),
        pytest.param(lambda: gif(b"\x21\xfe\x01a\0" * 100), id="GIF"),
        pytest.param(lambda: tagged(1, 500_000), id="TIFF"),
    ],
)
def test_what_cameras_and_programs_write_is_read(content):
    assert read_photo(content()).pixels.shape[2] == 3


def test_scans_are_counted_in_one_pass_whatever_they_are_made_of():
    # A search that began anew at each of these bytes would take hours.
    with pytest.raises(ValueError, match=LABOUR):
        list(jpeg_parts(b"\xff\xd8" + b"\xff\xd0" * (MANY + 1) + b"\xff" * 100_000 + b"\0"))
    for content, count in (
        (b"\xff\xd8" + b"\xff" * 1_000_000 + b"\0", 0),
        (b"\xff\xd8\xff\xda\0\2" + b"\xff\0" * 500_000, 1),
        (b"\xff\xd8\xff", 0),
        (b"\xff\xd8\xff\xe0\xff", 1),
    ):
        assert len(list(jpeg_parts(content))) == count


def test_a_file_is_read_a_few_times_over_and_no_more():
    file, times = Metered(bytes(1_000_000)), 0
    with pytest.raises(ValueError, match=LABOUR):  # noqa: PT012 - as often as it may be
        while True:
            file.seek(0)
            file.read()
            times += 1
    assert times == labour.MOST_TIMES + 1
