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


def plan_windows(
    window: Window, sizes: list[tuple[int, int]], reach: int
) -> list[tuple[Window, Window]]:
    """What blocks in a row take and give, so that the last one's map is right in a window.

    sizes: (h, w) of the blocks' maps, each twice the one before.   reach: how many of the outermost
    cells of what a block gives are spoilt by the edge of what it took. Returns (window of its
    input, window of its map) of each block.
    """
    plan: list[tuple[Window, Window]] = []
    for size in reversed(sizes):
        rows, columns = (
            slice(
                max(0, (part.start - reach) // 2 * 2), min(side, (part.stop + reach + 1) // 2 * 2)
            )
            for part, side in zip(window, size, strict=True)
        )
        window = (
            slice(rows.start // 2, rows.stop // 2),
            slice(columns.start // 2, columns.stop // 2),
        )
        plan.insert(0, (window, (rows, columns)))
    return plan
