"""How to drag."""

from dataclasses import dataclass, field, fields
from typing import Any, cast

from networks.errors import Message, UserError
from networks.generator import Generator

PAPERS = "adam"  # the solver that keeps what is outside a region as the paper does, by a term
WHOLE = 256.0  # reach of a drag that may change all of a picture
OUT_OF_RANGE = "The {setting} must be a number from {low:g} to {high:g}, not {given}."


def _number(default: float, low: float, high: float, words: str) -> Any:
    """A setting from low to high; words: what the page calls it."""
    return field(default=default, metadata={"range": (low, high), "words": words})


@dataclass(frozen=True)
class Settings:
    """How to drag; the defaults are the paper's (Sec. 3.4). Raises ValueError when out of range."""

    solver: str = "gauss-newton"  # a name of `drag.solvers.SOLVERS`
    learning_rate: float = _number(2e-3, 1e-5, 0.1, "learning rate")  # of Adam
    r1: float = _number(3.0, 1, 20, "radius r1")  # of the disc in eq. 1, pixels of a 512 px picture
    r2: float = _number(12.0, 1, 50, "radius r2")  # half side of the window in eq. 2, likewise
    lambda_mask: float = _number(20.0, 0, 1000, "lambda of the region")  # of eq. 1's second term
    max_steps: int = _number(300, 1, 2000, "step limit")
    latent_space: str = "w+"  # or "w": one change shared by all entries that move
    num_entries: int = _number(6, 1, 64, "number of entries that move")  # of ws, from the first,
    # but for those that do nothing but turn and shift the whole picture, where a generator has such
    # (StyleGAN3): a drag would slide the picture instead of changing what is in it.
    hold_placement: bool = True
    # How far around the arrows, farther than the longest of them is long, a drag may change the
    # picture where no region is painted, pixels of a 512 px picture; WHOLE is all of it. The
    # paper's solver always may change all of it.
    reach: float = _number(WHOLE, 10, WHOLE, "reach")

    def __post_init__(self) -> None:
        for spec in fields(self):
            if "range" not in spec.metadata:
                continue
            (low, high), value = spec.metadata["range"], getattr(self, spec.name)
            if not isinstance(value, (int, float)) or not low <= value <= high:
                given = "nothing" if value is None else str(value)[:40]
                raise UserError(
                    OUT_OF_RANGE,
                    setting=Message(spec.metadata["words"]),
                    low=low,
                    high=high,
                    given=given,
                )
            object.__setattr__(self, spec.name, cast(type, spec.type)(value))
        if not isinstance(self.hold_placement, bool):
            raise UserError("Whether the picture is held in place must be true or false.")
        if self.latent_space not in ("w", "w+"):
            raise UserError(
                "The latent space must be w or w+, not {given}.", given=str(self.latent_space)[:40]
            )

    def moving(self, generator: Generator) -> slice:
        """The entries of ws that a drag of a generator moves."""
        first = generator.placing_entries if self.hold_placement else 0
        return slice(first, min(first + self.num_entries, generator.num_ws))
