"""What turns "where the handles should go" into steps of the latents.

A solver is a generator function (generator, edit) -> States without end: the start, then one after
each step.
It knows neither when to end nor what is shown; `drag.loop` does.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from drag.edit import Edit
from drag.solvers import adam, gauss_newton
from drag.solvers.state import State
from networks.generator import Generator

__all__ = ["SOLVERS", "Solver", "State", "solver_for"]


@dataclass(frozen=True)
class Solver:
    """A way to drag, and how it is to be treated."""

    name: str  # in settings
    steps: Callable[[Generator, Edit], Iterator[State]]  # the generator function
    # Steps without progress after which a drag by it gives up; None where it goes on to the step
    # cap, as the paper's does.
    patience: int | None
    # Of the time that a drag may spend on soft pictures; few long steps are worth more of them than
    # many short ones.
    preview_share: float


SOLVERS = {solver.name: solver for solver in (
    Solver("gauss-newton", gauss_newton.gauss_newton, 4, 1 / 2),
    Solver("gauss-newton-region", gauss_newton.gauss_newton, 4, 1 / 2),
    Solver("adam", adam.adam, None, 1 / 6),
)}


def solver_for(edit: Edit) -> Solver:
    """The solver that an edit asks for; with a region the fast one gives way to the paper's, whose
    short steps show more of what happens, unless it is asked for by its longer name.

    Raises ValueError where there is none of that name.
    """
    if edit.settings.solver not in SOLVERS:
        raise ValueError(f"The solver must be one of: {', '.join(SOLVERS)}.")
    name = edit.settings.solver
    return SOLVERS["adam" if edit.mask_png and name == "gauss-newton" else name]
