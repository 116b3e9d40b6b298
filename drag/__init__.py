"""Drag Your GAN (arXiv 2305.10973): drag points of a generated picture to where they should go.

    from drag import PointPair, as_file, drag, load_generator, new_edit

`new_edit` samples a picture, `Edit.place` puts points on it, `drag` yields the steps, `as_file`
makes a picture, a film or a project of the result.

What stands directly in this folder, and in solvers/, is the method; it knows a generator only by
what `networks` says of all of them. The wings around it have docstrings of their own.

    loop             drag(generator, edit): the progressive steps, and why they end
    follow           a drag whose targets move while it runs: the picture follows a pointer
    course           what both share: a step, how far it is, why it ends
    motion           motion supervision and the mask term (the paper's eq. 1)
    tracking         point tracking (the paper's eq. 2); the default solver's is solvers.patches
    features         reading a feature map at pixels; the one home of coordinates
    latents          coordinates of W: whitening, how far is too far
    appearance       what of a change is no motion, and which latents it comes of
    edit             the value a visitor owns: latents, points, mask, settings, history
    settings         how to drag: the paper's values
    history          its timeline: what it was before, what was undone, how much is kept
    trail            the steps of its last drag
    masks            regions as black and white PNGs, and what a drag made of the inside; they are
                     blended in networks.regions
    generate         pictures by number, mixed, from latents, and as they were at first
    render           latents to pictures, and edits to what a drag of them runs through
    preview          pictures while a drag runs, on a time budget
    __main__         python -m drag
"""

from typing import Any

from drag.edit import Edit, PointPair
from drag.generate import new_edit
from drag.loop import Step, drag
from drag.settings import Settings

__all__ = ["Edit", "PointPair", "Settings", "Step", "as_file", "drag", "load_generator", "new_edit"]


def __getattr__(name: str) -> Any:
    """What stands on the method is imported when it is asked for: the method does without."""
    if name == "as_file":
        from drag.files.export import as_file

        return as_file
    if name == "load_generator":
        from drag.models.loaded import load_generator

        return load_generator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
