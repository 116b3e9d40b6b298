"""JPEG files without their end, as many cameras and messengers leave them.

Where no more than that is missing, it is put there. Where a part of the picture is missing with it,
the file is refused, but for a little at the lower edge.
"""

from typing import cast

from PIL import Image

from drag.photo.labour import END, START_OF_SCAN, jpeg_parts

_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # markers before the size and the components
_LITTLE = 20  # the lowest of so many parts of a picture may be missing


def ended(content: bytes) -> bytes | None:
    """A file with its end; anything but a JPEG as it is. None where a scan is missing, for each is
    of the whole picture. Raises as `jpeg_parts`."""

    def numbers(start: int, count: int) -> bytes:
        return content[start : start + count].ljust(count, b"\0")

    parts = list(jpeg_parts(content))
    if not parts or parts[-1][0] == END:
        return content
    wanted = {0: {0}}  # the coefficients of which the last bit is in no scan yet, by component
    for kind, at in parts:
        if kind in _FRAMES:
            (count,) = numbers(at + 7, 1)
            wanted = {each: set(range(64)) for each in numbers(at + 8, 3 * count)[::3]}
        if kind == START_OF_SCAN:
            (count,) = numbers(at + 2, 1)
            first, last, bits = numbers(at + 3 + 2 * count, 3)
            for each in numbers(at + 3, 2 * count)[::2]:
                if bits & 15 == 0:  # a progressive file has the lower bits later
                    wanted.get(each, set()).difference_update(range(first, last + 1))
    return None if any(wanted.values()) else content + bytes([0xFF, END])


def is_cut(picture: Image.Image) -> bool:
    """Whether more than a little is missing of a loaded picture whose file was `ended`: what its
    reader did not find is grey."""
    width, height = picture.size
    lowest = picture.crop((0, height - max(1, height // _LITTLE), width, height))
    ranges = (cast(tuple[int, int], band.getextrema()) for band in lowest.split())
    return all(least >= 127 and most <= 128 for least, most in ranges)
