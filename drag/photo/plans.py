"""In what steps a photo is inverted: each plan goes on where the one before it ended."""

from dataclasses import dataclass

FULL_COST = 4.5  # of a step on a full picture, in steps on sketches, on a CPU


@dataclass(frozen=True)
class Plan:
    """So many steps of Adam."""

    stage: str  # as of Fit
    steps: int  # at most
    rate: float  # of learning, at its highest
    look: int = 0  # steps between two looks at the full picture, 0 where each step makes one
    shared: bool = False  # one w for all entries is changed

    @property
    def cost(self) -> float:
        """Of all of them, in steps on sketches, about: by which time is shared out and guessed."""
        return self.steps * (1.0 if self.look else FULL_COST)


SHARED = Plan("latents", 60, 0.08, 20, shared=True)
ENTRIES = Plan("latents", 80, 0.03, 30)  # a w for each
PAINTED = Plan("latents", 12, 0.02)  # and by full pictures
SKETCHED = Plan("weights", 40, 4e-3, 14)
WEIGHTS = Plan("weights", 25, 4e-3)
FIRST = {"encoder": 0, "latents": 1, "weights": 3}  # of these five, after what ended in a stage
