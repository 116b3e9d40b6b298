"""Drag Your GAN (arXiv 2305.10973): drag points of a generated picture to where they should go.

    from drag import PointPair, as_file, drag, load_generator, new_edit

`new_edit` samples a picture, `Edit.place` puts points on it, `drag` yields the steps, `as_file`
makes a picture, a film or a project of the result.
"""

from typing import Any

from drag.edit import Edit, PointPair, Settings
from drag.generate import new_edit
from drag.loop import Step, drag

__all__ = [
    "Edit", "PointPair", "Settings", "Step", "as_file", "drag", "load_generator", "new_edit"]


def __getattr__(name: str) -> Any:
    """What stands on the method is imported when it is asked for: the method does without."""
    if name == "as_file":
        from drag.files.export import as_file
        return as_file
    if name == "load_generator":
        from drag.models.loaded import load_generator
        return load_generator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
