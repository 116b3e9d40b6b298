"""Parts of feature maps: networks that need not work out all of one."""

import torch

Window = tuple[slice, slice]  # rows and columns of a map
WHOLE = (slice(None), slice(None))


def crop(x: torch.Tensor, have: Window, window: Window) -> torch.Tensor:
    """A window of a map, of which x is the window `have`."""
    if window is WHOLE:
        return x
    rows, columns = (
        slice(w.start - (h.start or 0), w.stop - (h.start or 0))
        for w, h in zip(window, have, strict=True)
    )
    return x[..., rows, columns]


def doubled(window: Window, size: tuple[int, int], reach: int) -> tuple[Window, Window]:
    """What a block that doubles the side takes and gives, for its map to be right in a window.

    size: (h, w) of its map.   reach: how many of the outermost cells of what it gives are spoilt by
    the edge of what it took. Returns (window of its input, window of its map).
    """
    rows, columns = (
        slice(max(0, (part.start - reach) // 2 * 2), min(side, (part.stop + reach + 1) // 2 * 2))
        for part, side in zip(window, size, strict=True)
    )
    taken = slice(rows.start // 2, rows.stop // 2), slice(columns.start // 2, columns.stop // 2)
    return taken, (rows, columns)


def within(window: Window | None, size: tuple[int, int], margin: int) -> Window | None:
    """A window of what a margin of so many cells surrounds, as one of the whole map; None, all of
    it, where there is no margin.   size: (h, w) of what is surrounded."""
    if not margin:
        return window
    rows, columns = window or (slice(0, size[0]), slice(0, size[1]))
    return (
        slice(rows.start + margin, rows.stop + margin),
        slice(columns.start + margin, columns.stop + margin),
    )
