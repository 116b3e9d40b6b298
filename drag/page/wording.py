"""What the page and a drag have to say to a person, in plain words (HTML) and their language."""

import html
from collections.abc import Sequence

from drag.course import outstanding
from drag.edit import Edit
from drag.loop import Ending, Step
from drag.models.catalogue import Model
from drag.server.language import name_in, say
from drag.server.line import Place
from drag.solvers.patches import UNLIKE

# The other language: its code, its name, and what its button does, in its own words.
OTHER = {
    "en": ("zh", "中文", "用中文显示此页"),
    "zh": ("en", "English", "Show this page in English"),
}
SOON = 7.5  # seconds of waiting that are not worth counting
# What is offered beside a line, names of assets/explain.js:
REGION = "grow", "clear"  # where a region is too small for a drag
DONE, SHORT = ("undo", "save", "share"), ("further", "undo", "save", "share")
# Of the way: a drag that ends with no more left counts as done, and in words alone.
NEAR, HARDLY = 0.25, 0.15


def title(language: str = "en") -> str:
    """What stands above all (HTML), and a button for the other language."""
    code, name, tip = OTHER[language]
    button = f'<button type="button" data-language="{code}" lang="{code}" title="{tip}">{name}'
    return f"{button}</button>{say('title', language)}"


def about(model: Model, language: str = "en", custom: bool = False) -> str:
    """What is to know of a model that is shown, under the menu (plain text); custom: whether any
    other can be asked for by name."""
    return say(
        "licence",
        language,
        licence=name_in(model.licence, language),
        custom=say("custom", language) if custom else "",
    ).rstrip()


def entry_label(entry: Edit, language: str = "en") -> str:
    """What an entry of the history is called (plain text)."""
    if entry.change == "sample" and entry.seed is None:
        return say("entry_open", language)
    number = entry.style_seed if entry.change == "mix" else entry.seed
    return say(f"entry_{entry.change}", language, seed=number)


def next_key(edit: Edit) -> str:
    """What to do now, as a key of assets/words.json."""
    if outstanding(edit):
        return "placed"
    return "painted" if edit.mask_png is not None else "ready"


def status(text: str, done: float | None = None, quiet: bool = False) -> str:
    """The status line: text (HTML) and, while something runs, how much of the way is done.

    quiet: a screen reader does not read it aloud, for another follows soon. The element around it
    is the live region (drag/page/wiring.py): one that is put in anew is not heard.
    """
    bar = "" if done is None else f'<i><b style="width:{100 * min(1, max(0, done)):.0f}%"></b></i>'
    hidden = ' aria-hidden="true"' if quiet else ""
    return f'<div class="status"{hidden}><span>{text}</span>{bar}</div>'


def problem(text: str, forgotten: bool = False, remedies: str = "") -> str:
    """The status line for bad input: one sentence (plain text) that says what to do; forgotten: the
    server does not know the page, which then does it by itself (assets/explain.js).   remedies: as
    `remedies_for` gives them."""
    mark = " data-forgotten" if forgotten else ""
    return f'<div class="status problem"{mark}><span>{html.escape(text)}</span>{remedies}</div>'


def remedies_for(names: Sequence[str], language: str = "en") -> str:
    """Buttons (HTML) for what can be done now; names: of assets/explain.js, perhaps none."""
    buttons = (
        f'<button type="button" data-remedy="{name}">{say(f"remedy_{name}", language)}</button>'
        for name in names
    )
    return f'<span class="remedies">{"".join(buttons)}</span>' if names else ""


def in_line(place: Place, language: str = "en", key: str = "in_line") -> str:
    """The status line of what waits for the device: its place, and about how long.   key: of
    assets/words.json."""
    return status(
        say(key, language, place=place.ahead + 1, about=how_long(place.seconds, language)),
        0.0,
    )


def how_long(seconds: float, language: str = "en") -> str:
    """About so many seconds, in words."""
    if seconds < SOON:
        return say("seconds_few", language)
    if seconds < 90:
        return say("seconds_many", language, number=5 * round(seconds / 5))
    return say("minutes_many", language, number=round(seconds / 60))


def how_it_ended(
    step: Step | None, ways: Sequence[float] = (), language: str = "en", inside: bool = False
) -> str:
    """Why a drag ended, and what can be done now, in plain words; ways: px to go at the start, of
    each point.   inside: whether a region was all that might move."""
    if step is None:
        return say("before_first", language)
    lost = [str(number) for number, alike in enumerate(step.likeness, 1) if alike < UNLIKE]
    unsure = ""
    if lost:
        unsure = say(
            "unsure_one" if len(lost) == 1 else "unsure_many", language, points=", ".join(lost)
        )
    why = _why(step, ways, not lost)
    short = why == "no_further" and inside
    offers = REGION if short else {"already": (), "arrived": DONE}.get(why, SHORT)
    return (
        say(
            "region_full" if short else why,
            language,
            number=step.number,
            steps=how_many(step.number, language),
            left=f"{max(step.distances):.0f}",
        )
        + unsure
        + remedies_for(offers, language)
    )


def _why(step: Step, ways: Sequence[float], sure: bool) -> str:
    if step.ending is Ending.ARRIVED:
        return "arrived" if step.number else "already"
    if step.ending is Ending.NO_PROGRESS:
        if not sure or not _within(NEAR, step, ways):
            return "no_further"
        return "nearly" if _within(HARDLY, step, ways) else "far_enough"
    return {Ending.STEP_CAP: "step_cap", Ending.TIME_LIMIT: "time_limit"}.get(
        step.ending, "stopped"
    )


def _within(share: float, step: Step, ways: Sequence[float]) -> bool:
    """Whether all points have no more left than a share of their way; one that was not to go far
    has to stay about."""
    least = max(ways, default=0) / 4
    return bool(ways) and all(
        left <= share * max(way, least) for left, way in zip(step.distances, ways, strict=True)
    )


def how_many(steps: int, language: str = "en") -> str:
    """A number of steps in words."""
    return say("steps_one" if steps == 1 else "steps_many", language, number=steps)


def how_far(step: Step, way: float, language: str = "en") -> str:
    """The status line of a drag that runs: steps done, distance left; way: px at the start."""
    left = max(step.distances)
    if step.restoring:
        return status(say("restoring", language, number=step.number), 1.0, quiet=True)
    text = say("step", language, number=step.number, left=f"{left:.0f}")
    return status(text, 1 - left / max(way, left), quiet=True)
