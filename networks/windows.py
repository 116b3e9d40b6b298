"""Parts of feature maps: networks that need not work out all of one."""

import torch

Window = tuple[slice, slice]  # rows and columns of a map
WHOLE = (slice(None), slice(None))


def crop(x: torch.Tensor, have: Window, window: Window) -> torch.Tensor:
    """A window of a map, of which x is the window `have`."""
    if window is WHOLE:
        return x
    first = [part.start or 0 for part in have]
    parts = [slice(w.start - f, w.stop - f) for w, f in zip(window, first, strict=True)]
    return x[(..., *parts)]
