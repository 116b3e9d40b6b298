"""Pictures to edit: by number, mixed of two, from latents, and as they were at first."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from drag.edit import Edit, Settings
from drag.history import bounded
from networks.errors import UserError
from networks.generator import Generator
from networks.tuning import check_tuning

MAX_SEED = 2**32 - 1  # what numpy.random.RandomState takes


def new_edit(
    generator: Generator,
    model: str = "builtin",
    seed: int | float | str = 0,
    truncation_psi: float | str = 0.7,
    settings: Settings | None = None,
) -> Edit:
    """Sample a picture: z from numpy's RandomState(seed), as NVIDIA's tools do.

    seed: 0 to 2^32 - 1.   truncation_psi: 0 (the average picture) to 1 (all variety).
    Raises ValueError, in words fit for a visitor, if one is not.
    """
    seed, psi = parse_seed(seed), parse_truncation(truncation_psi)
    return Edit(
        model,
        seed,
        psi,
        _sample(generator, seed, psi),
        generator.img_size,
        settings=settings or Settings(),
    )


def resample(
    generator: Generator, edit: Edit, seed: int | float | str, truncation_psi: float | str
) -> Edit:
    """Another picture, with nothing placed on it yet; `undo` brings the present one back.

    A slider that runs through truncations leaves one entry in the history, not one for each.
    """
    fresh = new_edit(generator, edit.model, seed, truncation_psi, edit.settings)
    passing = (
        edit.change == "sample"
        and edit.history
        and (fresh.seed == edit.seed == edit.history[-1].seed)
    )
    return replace(fresh, history=edit.history) if passing else follow(edit, fresh)


def from_latents(
    generator: Generator,
    model: str,
    ws: np.ndarray,
    truncation_psi: float = 0.7,
    settings: Settings | None = None,
) -> Edit:
    """The picture of latents that came from a file, (num_ws, w_dim), or (1, w_dim) for all entries.

    truncation_psi: of the pictures that are mixed with it or follow it. Whether the latents fit is
    for `check_model` to say.
    """
    if len(ws) == 1:
        ws = np.repeat(ws, generator.num_ws, 0)
    return Edit(
        model,
        None,
        truncation_psi,
        ws,
        generator.img_size,
        settings=settings or Settings(),
        change="open",
    )


def follow(edit: Edit, other: Edit) -> Edit:
    """The other edit, with this one and what was before it to go back to."""
    return replace(other, history=bounded([*edit.remember().history, *other.history]))


def mix(
    generator: Generator, edit: Edit, seed: int | float | str, entries: int | None = None
) -> Edit:
    """Style mixing (StyleGAN, Sec. 3.1): pose and shape stay, the look becomes that of a seed.

    entries: of W+ that stay, from the first that dragging moves, and all before it;
    `Settings.num_entries` where None. The others become those of the seed at the edit's truncation.
    Where that is so already, it is the same edit. Raises ValueError, in words fit for a visitor.
    """
    seed, settings = parse_seed(seed), edit.settings
    if entries is not None:
        settings = replace(settings, num_entries=entries)
    first = settings.moving(generator).stop
    if first >= len(edit.ws):
        raise UserError(
            "All entries of the latents move, so none are left for the look: lower "
            "their number under Advanced."
        )
    other = _sample(generator, seed, edit.truncation_psi)
    if np.array_equal(edit.ws[first:], other[first:]):
        return edit
    return replace(
        edit.remember("mix"),
        ws=np.concatenate([edit.ws[:first], other[first:]]),
        style_seed=seed,
        settings=settings,
    )


def start_over(edit: Edit) -> Edit:
    """The picture as it was sampled, with nothing placed on it; `undo` brings the edit back. Where
    it is so already, it is the same edit."""
    if edit.untouched and not edit.points and edit.mask_png is None:
        return edit
    as_sampled = replace(edit.remember("reset"), ws=edit.origin, regions=(), style_seed=None)
    return replace(as_sampled, points=(), mask_png=None)


def at_step(edit: Edit, index: int) -> Edit:
    """The edit as its last drag had it at a step of its trail; what was placed since stays."""
    if edit.trail is None:
        raise UserError("There is no drag to go through: press Drag first.")
    inside = edit.trail.inside
    ws, handles = edit.trail.at(edit.latents_of(inside), index)
    return edit.with_latents(ws, inside).with_ends(handles)


def step_of(edit: Edit) -> int:
    """The index in its trail of the step that an edit is at."""
    assert edit.trail is not None
    return edit.trail.index_of(edit.latents_of(edit.trail.inside))


def _sample(generator: Generator, seed: int, psi: float) -> np.ndarray:
    """Latents (num_ws, w_dim) of a seed."""
    z = torch.from_numpy(np.random.RandomState(seed).randn(1, generator.z_dim)).float()
    with torch.no_grad():
        return generator.mapping(z.to(generator.w_avg.device), psi)[0].cpu().numpy()


def parse_seed(value: Any) -> int:
    """A seed from what a person typed; raises ValueError that says what is allowed."""
    try:
        seed = int(str(value).strip()) if not isinstance(value, float) else int(value)
        if not 0 <= seed <= MAX_SEED or (isinstance(value, float) and seed != value):
            raise ValueError
    except (ValueError, OverflowError):
        raise UserError(
            "The face's number (its seed) must be a whole number from 0 to {most}.", most=MAX_SEED
        ) from None
    return seed


def parse_truncation(value: Any) -> float:
    """A truncation psi from what a person gave; raises ValueError that says what is allowed."""
    try:
        psi = float(value)
    except (TypeError, ValueError, OverflowError):
        psi = math.nan
    if not 0 <= psi <= 1:
        raise UserError("The variety (truncation) must be a number from 0 to 1.")
    return psi


def check_model(generator: Generator, edit: Edit) -> None:
    """Raise ValueError where an edit, with all of its history, is not one of this generator."""
    rows, width = generator.num_ws, generator.w_dim
    for each in edit.timeline:
        sizes = [
            each.ws.shape,
            *((max(rows, len(r.change)), r.change.shape[1]) for r in each.regions),
        ]
        for found in sizes:
            if found != (rows, width):
                raise UserError(
                    "The latents are {found_rows} x {found_width} here, and this model takes "
                    "{rows} x {width}: choose a model that takes them.",
                    found_rows=found[0],
                    found_width=found[1],
                    rows=rows,
                    width=width,
                )
        if tuple(each.img_size) != tuple(generator.img_size):
            raise UserError(
                "The picture has {found} px here, and this model makes {made} px: choose a model "
                "that makes them.",
                found="{1} x {0}".format(*each.img_size),
                made="{1} x {0}".format(*generator.img_size),
            )
    for tuning in {id(each.tuning): each.tuning for each in edit.timeline if each.tuning}.values():
        check_tuning(generator, tuning)
