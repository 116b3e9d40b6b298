"""The value a visitor owns: a small frozen record that can be pickled, stored and sent."""

import io
import math
from dataclasses import dataclass, field, fields, replace

import numpy as np
import torch
from PIL import Image

MAX_SEED = 2**32 - 1  # what numpy.random.RandomState takes
MAX_POINTS = 100
MAX_HISTORY = 50


@dataclass(frozen=True)
class PointPair:
    """A handle and the target it should reach, both (x, y) in pixels of the picture.

    key: which pair this is among those of an edit, while handles move and pairs come and go; 0
    leaves the choice to `Edit.place`. A pair whose handle a person sets anew has a new key.
    """

    handle: tuple[float, float]
    target: tuple[float, float]
    key: int = 0

    @property
    def distance(self) -> float:
        """Pixels from the handle to the target."""
        return math.dist(self.handle, self.target)


@dataclass(frozen=True)
class Settings:
    """How to drag; the defaults are the paper's (Sec. 4). Raises ValueError when out of range.

    r1 and r2 are in pixels of a 512 px picture and scale with the picture.
    """

    solver: str = "gauss-newton"
    learning_rate: float = field(default=2e-3, metadata={"range": (1e-5, 0.1)})
    r1: float = field(default=3.0, metadata={"range": (1, 20)})
    r2: float = field(default=12.0, metadata={"range": (1, 50)})
    lambda_mask: float = field(default=20.0, metadata={"range": (0, 1000)})
    max_steps: int = field(default=300, metadata={"range": (1, 2000)})
    latent_space: str = "w+"  # or "w": one change shared by all entries that move
    num_entries: int = field(default=6, metadata={"range": (1, 64)})  # of ws, from the first

    def __post_init__(self):
        for spec in fields(self):
            if "range" not in spec.metadata:
                continue
            (low, high), value = spec.metadata["range"], getattr(self, spec.name)
            if not isinstance(value, (int, float)) or not low <= value <= high:
                name = spec.name.replace("_", " ").capitalize()
                raise ValueError(f"{name} must be a number from {low:g} to {high:g}, not {value}.")
            object.__setattr__(self, spec.name, spec.type(value))
        if self.latent_space not in ("w", "w+"):
            raise ValueError(f"The latent space must be w or w+, not {self.latent_space}.")


@dataclass(frozen=True, eq=False)
class Edit:
    """A picture as latents, what is placed on it, and what it was before.

    seed: of the sample that it began as, None where the latents came from a file.
    ws: float32 (num_ws, w_dim).   img_size: (H, W) of the picture in pixels.
    mask_png: the region that may move as a black and white PNG (white moves), None for all of it.
    history: earlier edits, oldest first, each with an empty history of its own.
    """

    model: str
    seed: int | None
    truncation_psi: float
    ws: np.ndarray
    img_size: tuple[int, int]
    points: tuple[PointPair, ...] = ()
    mask_png: bytes | None = None
    settings: Settings = Settings()
    history: tuple["Edit", ...] = ()

    def place(self, points, mask: np.ndarray | None = None) -> "Edit":
        """The edit with these points and mask.

        points: at most 100 PointPairs inside the picture.   mask: bool (H, W), True = may move;
        None or all True lets everything move. Raises ValueError in words fit for a visitor.
        """
        points = tuple(points)
        if len(points) > MAX_POINTS:
            raise ValueError(f"At most {MAX_POINTS} points can be dragged; delete some.")
        height, width = self.img_size
        for number, pair in enumerate(points, 1):
            for (x, y), end in ((pair.handle, "starts"), (pair.target, "ends")):
                if not (0 <= x <= width - 1 and 0 <= y <= height - 1):
                    raise ValueError(
                        f"Point {number} {end} outside the picture, which is "
                        f"{width} x {height} pixels; move it inside."
                    )
        points = _with_keys(points)
        return replace(self, points=points, mask_png=_mask_to_png(mask, self.img_size))

    @property
    def mask(self) -> np.ndarray | None:
        """The region that may move, bool (H, W), or None where all of it may."""
        if self.mask_png is None:
            return None
        return np.asarray(Image.open(io.BytesIO(self.mask_png)).convert("L")) > 127

    @property
    def facts(self) -> dict:
        """What made the picture, for its file's metadata."""
        facts = {"model": self.model, "seed": self.seed, "truncation_psi": self.truncation_psi}
        return facts if self.seed is not None else {"model": self.model}

    def moved(self, ws: np.ndarray, handles) -> "Edit":
        """The edit with other latents and its handles where they went; handles: N (x, y)."""
        points = tuple(replace(pair, handle=tuple(map(float, handle)))
                       for pair, handle in zip(self.points, handles, strict=True))
        return replace(self, ws=ws, points=points)

    def with_handles(self, handles: dict[int, tuple[float, float]]) -> "Edit":
        """The edit with these handles, by the key of their pair; other pairs stay as they are."""
        points = (
            replace(pair, handle=tuple(map(float, handles.get(pair.key, pair.handle))))
            for pair in self.points
        )
        return replace(self, points=tuple(points))

    def remember(self) -> "Edit":
        """The same edit with its present state on top of its history."""
        history = (*self.history, replace(self, history=()))
        return replace(self, history=history[-MAX_HISTORY:])

    def undo(self) -> "Edit":
        """The edit as last remembered, with the settings kept; itself where nothing is.

        Of the same picture only what the drag changed goes back, latents and handles: points and
        mask that were placed since stay. Of another picture everything comes back.
        """
        if not self.history:
            return self
        *history, last = self.history
        last = replace(last, history=tuple(history), settings=self.settings)
        if self.shows(last) and self.points:
            return replace(
                self, ws=last.ws, history=last.history
            ).with_handles({pair.key: pair.handle for pair in last.points})
        return last

    def shows(self, other: "Edit") -> bool:
        """Whether both are edits of the same sampled picture."""
        return (self.model, self.seed, self.truncation_psi) == (
            other.model, other.seed, other.truncation_psi)


def new_edit(generator, model="builtin", seed=0, truncation_psi=0.7, settings=None) -> Edit:
    """Sample a picture: z from numpy's RandomState(seed), as NVIDIA's tools do.

    seed: 0 to 2^32 - 1.   truncation_psi: 0 (the average picture) to 1 (all variety).
    Raises ValueError, in words fit for a visitor, if one is not.
    """
    seed, psi = parse_seed(seed), parse_truncation(truncation_psi)
    z = torch.from_numpy(np.random.RandomState(seed).randn(1, generator.z_dim)).float()
    with torch.no_grad():
        ws = generator.mapping(z.to(generator.w_avg.device), psi)[0]
    settings = settings or Settings()
    return Edit(model, seed, psi, ws.cpu().numpy(), generator.img_size, settings=settings)


def resample(generator, edit: Edit, seed, truncation_psi) -> Edit:
    """Another picture, with nothing placed on it yet; `undo` brings the present one back.

    A slider that runs through truncations leaves one entry in the history, not one for each.
    """
    fresh = new_edit(generator, edit.model, seed, truncation_psi, edit.settings)
    passing = not edit.points and edit.history and (
        fresh.seed == edit.seed == edit.history[-1].seed)
    return replace(fresh, history=edit.history if passing else edit.remember().history)


def reset_picture(generator, edit: Edit) -> Edit:
    """The picture as it was sampled, with handles where they were before it was dragged.

    Mask and points placed since stay; `undo` brings the dragged picture back.
    """
    fresh = new_edit(generator, edit.model, edit.seed, edit.truncation_psi)
    first = {}
    for earlier in reversed(edit.history):
        if not earlier.shows(edit):
            break
        first |= {pair.key: pair.handle for pair in earlier.points}
    return replace(edit.remember(), ws=fresh.ws).with_handles(first)


def parse_seed(value) -> int:
    """A seed from what a person typed; raises ValueError that says what is allowed."""
    try:
        seed = int(str(value).strip()) if not isinstance(value, float) else int(value)
        if not 0 <= seed <= MAX_SEED or (isinstance(value, float) and seed != value):
            raise ValueError
    except (ValueError, OverflowError):
        raise ValueError(f"The seed must be a whole number from 0 to {MAX_SEED}.") from None
    return seed


def parse_truncation(value) -> float:
    """A truncation psi from what a person gave; raises ValueError that says what is allowed."""
    try:
        psi = float(value)
    except (TypeError, ValueError):
        psi = math.nan
    if not 0 <= psi <= 1:
        raise ValueError("The truncation must be a number from 0 to 1.")
    return psi


def _with_keys(points: tuple[PointPair, ...]) -> tuple[PointPair, ...]:
    """The pairs, each with a key of its own."""
    taken, keyed = {pair.key for pair in points} | {0}, []
    for pair in points:
        if not pair.key or any(pair.key == other.key for other in keyed):
            pair = replace(pair, key=max(taken) + 1)
            taken.add(pair.key)
        keyed.append(pair)
    return tuple(keyed)


def _mask_to_png(mask, img_size) -> bytes | None:
    if mask is None:
        return None
    if mask.shape != tuple(img_size):
        raise ValueError(
            f"The mask is {mask.shape[1]} x {mask.shape[0]} pixels, the picture "
            f"{img_size[1]} x {img_size[0]}; make them the same size."
        )
    if not mask.any():
        raise ValueError("The mask is empty, so nothing may move; paint what may move in white.")
    if mask.all():
        return None
    buffer = io.BytesIO()
    Image.fromarray(mask).save(buffer, "PNG")  # one bit a pixel
    return buffer.getvalue()
