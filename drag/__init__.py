"""Drag Your GAN (arXiv 2305.10973): drag points of a generated picture to where they should go.

    from drag import PointPair, as_file, drag, load_generator, new_edit

`new_edit` samples a picture, `Edit.place` puts points on it, `drag` yields the steps, `as_file`
makes a picture, a film or a project of the result.
"""

from drag.edit import Edit, PointPair, Settings
from drag.files.export import as_file
from drag.loop import Step, drag
from drag.models.loaded import load_generator
from drag.pictures import new_edit

__all__ = [
    "Edit", "PointPair", "Settings", "Step", "as_file", "drag", "load_generator", "new_edit"]
