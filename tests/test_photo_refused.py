"""Photos that are refused in one sentence, and damaged ones."""

import re

import numpy as np
import pytest

from drag.photo.reading import FORMATS, MOST_BYTES, MOST_WEBP, read_photo
from drag.server.language import translated
from networks.errors import UserError
from tests.photo_files import file, png_header, scene, webp_header

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)
REFUSED = {
    "empty": (b"", "empty"),
    "many bytes": (bytes(MOST_BYTES + 1), "20.0 MB"),
    "many pixels": (png_header(8000, 7000), "more than 50 megapixels"),
    "a bomb": (png_header(30_000, 30_000), "more than 50 megapixels"),
    "a large WebP": (webp_header(5001, MOST_WEBP // 5000), "more than 25 megapixels"),
    "64 px": (file(scene(64, 64)), "only 64 x 64 pixels"),
    "a strip": (file(scene(3000, 100)), "too long"),
    "nothing but a header": (png_header(200, 200), "damaged"),
    "a truncated JPEG": (file(scene(), "JPEG")[:-400], "damaged"),
    "a truncated PNG": (file(scene())[:-200], "damaged"),
    "a JPEG's first bytes": (b"\xff\xd8\xff\xe0" + bytes(50), "damaged"),
    "text": (b"hello " * 50, "no photo"),
    "noise": (np.random.RandomState(0).bytes(5000), "no photo"),
    "HEIC": (HEIC, "HEIC.*save the photo as JPEG"),
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
    with pytest.raises(UserError, match=words) as caught:
        read_photo(content)
    said = str(caught.value)
    assert len(re.findall(r"[.](?:\s|$)", said)) == 1
    assert said.endswith(".")
    assert re.search("choose|save|make|cut", said), "what to do next"
    chinese = translated(caught.value, "zh")
    chinese = re.sub("JPEG|PNG|WebP|GIF|BMP|TIFF|HEIC|SVG|PDF|MB", "", chinese)
    assert re.search("[\u4e00-\u9fff]", chinese)
    assert not re.search("[A-Za-z]{2}", chinese)


def outcome(content):
    try:
        return read_photo(content).pixels.shape[2]
    except UserError as error:
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
