"""Pictures as files that say what they are: every one is marked as AI-generated."""

import io
import json

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

NOTICE = "AI-generated: this picture was made by a generative network, it is not a photo."
XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    " Iptc4xmpExt:DigitalSourceType="
    '"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"/>'
    '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
)  # IPTC's mark for pictures made by a trained model, which picture tools and search engines read
PROJECT = "drag project"  # keyword of the text in a PNG file that is one
MAX_TEXT = 1_000_000  # bytes of it; Pillow reads no longer ones


def png(picture: np.ndarray, facts: dict | None = None, project: bytes = b"") -> bytes:
    """A PNG file: uint8 (H, W, 3), with facts (seed, model, ...) as JSON in its metadata, and the
    project of its edit, if it is no longer than readers of such texts take."""
    info = PngInfo()
    info.add_text("Comment", NOTICE)
    info.add_text("Source", "AI-generated")
    info.add_itxt("XML:com.adobe.xmp", XMP)
    if facts:
        info.add_text("drag", json.dumps(facts))
    if 0 < len(project) < MAX_TEXT:
        info.add_text(PROJECT, project.decode(), zip=True)
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", pnginfo=info, compress_level=4)
    return buffer.getvalue()


def project_in(content: bytes) -> bytes | None:
    """The project that a PNG file holds; None where there is none, or no PNG file."""
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            text = picture.info.get(PROJECT)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return text.encode() if isinstance(text, str) else None


def jpeg(picture: np.ndarray, quality: int = 88) -> bytes:
    """A JPEG file: uint8 (H, W, 3); from quality 95 on with full colour resolution."""
    buffer = io.BytesIO()
    subsampling = 0 if quality >= 95 else 2
    Image.fromarray(picture).save(
        buffer,
        "JPEG",
        quality=quality,
        subsampling=subsampling,
        comment=NOTICE.encode(),
        xmp=XMP.encode(),
    )
    return buffer.getvalue()
