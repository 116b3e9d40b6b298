"""What turns "where the handles should go" into steps of the latents.

A solver is a Python generator function (generator, edit) -> States without end: the start, then
one after each step; targets may be sent to it while it runs.
It knows neither when to end nor what is shown; `drag.loop` does.

    adam          the paper's
    gauss_newton  ours: the most plausible change that brings the handles there
    least_change  its linear algebra
    patches       patches around handles: tracked to a fraction of a pixel, and how they move
    restore       after a drag: hair, glasses, background as they were
    replay        its arithmetic, recorded and replayed on a GPU
    state         what all solvers share

Settings choose it (*Advanced* on the page, --solver). **Gauss-Newton**, the default, works out how
the handles move with the latents and makes the least change, in whitened W+, that brings them
there: eight steps or so. It stays within what the generator knows, goes back when a step made
things worse or a handle is no longer recognised, and ends at the best picture, soon, where nothing
is gained. Where it stalls about half way with its handles still surely known, as on large turns of
the head, the loop goes on from there once. Where the whole picture may move, a few
more steps bring back what changed but did not move: hair, glasses, background (`restore`; of
generators whose changes of looks were learnt, as the built-in one's were).
Of StyleGAN3 the first entry, which does nothing but shift and turn the whole picture, is held by
both solvers (`Settings.hold_placement`) unless it is set free.
Handles where the picture is plain lean on their neighbours. Where a region is painted, all of this
runs through a generator that paints what is outside as it was (`networks.regions`).

**Adam** is the paper's loop: motion supervision, the mask term where a region is painted, and point
tracking on the 128 px features, learning rate 2e-3, the first six entries of W+, until the handles
arrive or 300 steps are done. Two of its terms are in units of their own, so that lambda 20 means
the same at every resolution: `drag.motion` says which. Arrival (1 px, 2 px above five points) and
the radii scale with the picture from 512 px.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from drag.edit import Edit
from drag.settings import PAPERS
from drag.solvers import adam, gauss_newton, restore
from drag.solvers.state import State, States
from networks.errors import UserError
from networks.generator import Generator

__all__ = ["SOLVERS", "Solver", "State", "States", "solver_for"]


@dataclass(frozen=True)
class Solver:
    """A way to drag, and how it is to be treated."""

    name: str  # in settings
    steps: Callable[[Generator, Edit], States]  # the generator function
    # Steps without progress after which a drag by it gives up; None where it goes on to the step
    # cap, as the paper's does.
    patience: int | None
    # Of the time that a drag may spend on soft pictures; few long steps are worth more of them than
    # many short ones.
    preview_share: float
    # What comes after (generator, edit, start, reached): states that change less besides; or None.
    restored: Callable[[Generator, Edit, State, State], Iterator[State] | None] | None = None


SOLVERS = {
    solver.name: solver
    for solver in (
        Solver("gauss-newton", gauss_newton.gauss_newton, 4, 1 / 2, restore.restored),
        Solver(PAPERS, adam.adam, None, 1 / 6),
    )
}


def solver_for(edit: Edit) -> Solver:
    """The solver that an edit asks for. Raises ValueError where there is none of that name."""
    if edit.settings.solver not in SOLVERS:
        raise UserError("The solver must be one of: {solvers}.", solvers=", ".join(SOLVERS))
    return SOLVERS[edit.settings.solver]
