"""What the page and a drag have to say to a person, in plain words (HTML)."""

import html
from collections.abc import Sequence

from drag.loop import Ending, Step
from drag.models import Model
from drag.tracking import UNLIKE

NEAR = 1 / 4  # of the way; a drag that ends with no more left may count as done
READY = "Press on the picture and drag to where that point should go. Then press <b>Drag</b>."
FIRST = ("Press <b>Drag</b> to make this face smile. Then place arrows of your own, and brush over "
         "what may move.")
WELCOME_BACK = "Welcome back: your picture is as you left it."
TITLE = """<h1>Drag a face</h1><p>Press on a point, drag it to where it should go, and the picture
follows. An implementation of <i>Drag Your GAN</i>.</p>"""
NOTE = "Every picture here is AI-generated; saved files say so in their metadata."
AS_SAMPLED = "The picture is as it was sampled. Undo brings the edit back."
FAILED = "The drag failed; the last step it reached is kept. Try again, or reload."
NO_PICTURE = "The picture could not be made, for lack of memory perhaps: try a smaller model."
CUSTOM = "Or type owner/name/file of the Hugging Face Hub."
RUNNING = "A drag is running: wait for its end, or press Stop."
REFUSED = "The drag could not begin, too many visitors perhaps: try again in a minute."


def about(model: Model) -> str:
    """What is to know of a model that is shown, under the menu (plain text)."""
    return f"Licence: {model.licence}. {CUSTOM}"


def status(text: str, done: float | None = None) -> str:
    """The status line: text (HTML) and, while a drag runs, how much of the way is done."""
    bar = "" if done is None else f'<i><b style="width:{100 * min(1, max(0, done)):.0f}%"></b></i>'
    return f'<div class="status" role="status" aria-live="polite"><span>{text}</span>{bar}</div>'


def problem(text: str) -> str:
    """The status line for bad input: one sentence (plain text) that says what to do."""
    return f'<div class="status problem" role="alert"><span>{html.escape(text)}</span></div>'


def how_it_ended(step: Step | None, ways: Sequence[float] = ()) -> str:
    """Why a drag ended, and what can be done now, in plain words; ways: px to go at the start, of
    each point."""
    if step is None:
        return "Stopped before the first step."
    return _why(step, ways) + _unsure(step)


def _near(step: Step, ways: Sequence[float]) -> bool:
    """Whether all points are nearly there; one that was not to go far has to stay about."""
    least = max(ways, default=0) / 4
    return bool(ways) and not _unsure(step) and all(
        left <= NEAR * max(way, least) for left, way in zip(step.distances, ways, strict=True))


def _unsure(step: Step) -> str:
    lost = [str(number) for number, alike in enumerate(step.likeness, 1) if alike < UNLIKE]
    if not lost:
        return ""
    points = f"point{'s'[: len(lost) != 1]} {', '.join(lost)}"
    return (f" What was under {points} is hard to recognise now, so the position may be off: "
            "undo, and start from an edge or a corner of something.")


def _why(step: Step, ways: Sequence[float]) -> str:
    left, steps = f"{max(step.distances):.0f} px", f"{step.number} step{'s'[: step.number != 1]}"
    if step.ending is Ending.ARRIVED:
        return f"<b>Arrived</b> after {steps}." if step.number else "<b>Already there.</b>"
    if step.ending is Ending.NO_PROGRESS and _near(step, ways):
        return (f"<b>Nearly there</b> after {steps}, {left} short, where the picture is still "
                "most like itself. Press Drag to go on.")
    if step.ending is Ending.NO_PROGRESS:
        return (f"<b>No further</b> after {steps}: the closest picture was kept, {left} short. "
                "Try a nearer target, or drag again to go on from here.")
    if step.ending is Ending.STEP_CAP:
        return f"<b>Step limit</b> reached ({step.number}), {left} short. Press Drag to go on."
    return f"<b>Stopped</b> after {steps}, {left} short. Press Drag to go on."


def how_far(step: Step, way: float) -> str:
    """The status line of a drag that runs: steps done, distance left; way: px at the start."""
    left = max(step.distances)
    return status(f"Step {step.number}, <b>{left:.0f} px</b> to go", 1 - left / max(way, left))
