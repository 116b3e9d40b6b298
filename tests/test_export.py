import io
import json

import numpy as np
from PIL import Image

from drag.export import jpeg, png

PICTURE = np.random.RandomState(0).randint(0, 255, (40, 60, 3), dtype=np.uint8)
IPTC_MARK = "digitalsourcetype/trainedAlgorithmicMedia"


def test_a_png_says_that_it_is_generated_and_from_what():
    image = Image.open(io.BytesIO(png(PICTURE, {"seed": 3})))
    np.testing.assert_array_equal(np.asarray(image), PICTURE)
    assert "AI-generated" in image.text["Comment"]
    assert IPTC_MARK in image.text["XML:com.adobe.xmp"]
    assert json.loads(image.text["drag"]) == {"seed": 3}


def test_a_jpeg_says_that_it_is_generated():
    image = Image.open(io.BytesIO(jpeg(PICTURE)))
    assert b"AI-generated" in image.info["comment"]
    assert IPTC_MARK.encode() in image.info["xmp"]
    assert image.size == (60, 40)
