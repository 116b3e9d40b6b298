"""How much work a stranger's photo makes: small files there are that take minutes to unpack.

Pixels are counted where a photo is read (drag/photo/reading.py), as its header says; here, what is
done again and again for each of them, or for each of a million parts of which a file may consist.
"""

import io
import re
from collections.abc import Iterator

from networks.errors import UserError

MOST_SCANS = 100  # of a JPEG: ten are usual; each goes through all pixels
MOST_READS = 50_000  # parts: the pieces of a photo of 20 MB are some thousand
MOST_TIMES = 6  # as many bytes may be read as the file has: Pillow reads tags three times
LABOUR = "The photo is stored in a way that takes too long to read; save it as JPEG once more."
START_OF_SCAN, END = 0xDA, 0xD9  # of JPEG
_ALONE = {0x01, *range(0xD0, 0xD9)}  # markers of JPEG without a length
_NEXT = re.compile(rb"\xff([^\x00\xff])", re.DOTALL)  # after what is coded, where \xff is \xff\0
_CODED = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])", re.DOTALL)


class Metered(io.BytesIO):
    """A file in memory that can be read with some labour and no more: else UserError is raised, in
    words fit for a visitor, from wherever it is read."""

    def __init__(self, content: bytes):
        super().__init__(content)
        self._reads, self._left = MOST_READS, MOST_TIMES * len(content) + 1_000_000

    def read(self, size: int | None = -1, /) -> bytes:
        """As io.BytesIO.read."""
        found = super().read(size)
        self._reads, self._left = self._reads - 1, self._left - len(found)
        if min(self._reads, self._left) < 0:
            raise UserError(LABOUR)
        return found


def jpeg_parts(content: bytes) -> Iterator[tuple[int, int]]:
    """The parts of a JPEG up to its end: the second byte of the marker of each, and the place of
    what follows that; what is no JPEG has none. Raises UserError, in words fit for a visitor, where
    it has more of them, or more scans, than any photo has."""
    at, scans, markers = 2, 0, 0
    while content.startswith(b"\xff\xd8") and (marker := _NEXT.search(content, at)):
        kind, at, markers = marker[1][0], marker.end(), markers + 1
        scans += kind == START_OF_SCAN
        if scans > MOST_SCANS or markers > MOST_READS:
            raise UserError(LABOUR)
        yield kind, at
        if kind == END:
            break
        if kind not in _ALONE:
            at += int.from_bytes(content[at : at + 2], "big")
        if kind == START_OF_SCAN:
            coded = _CODED.search(content, at)
            at = coded.start() if coded else len(content)
