"""Drag Your GAN (arXiv 2305.10973): drag points of a generated picture to where they should go.

    from drag import drag, load_generator, new_edit, PointPair

`new_edit` samples a picture, `Edit.place` puts points on it, `drag` yields the steps.
"""

from drag.edit import Edit, PointPair, Settings, new_edit
from drag.loaded import load_generator
from drag.loop import Step, drag

__all__ = ["Edit", "PointPair", "Settings", "Step", "drag", "load_generator", "new_edit"]
