"""A photo to latents, and to a small change of the weights, from which it is painted again.

In three stages, each of which begins where the one before ended: an encoder's guess, mended by
what it says of its own picture; optimisation of latents that stay near what the generator knows;
and pivotal tuning (PTI, arXiv 2106.05744) with a low-rank change of the generator's weights. Both
kinds of optimisation begin with cheap sketches and end with full pictures.
"""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F

from drag.edit import Edit, Settings
from drag.latents import whitened_space
from drag.photo.perception import eye, shrink
from drag.photo.plans import ENTRIES, FIRST, PAINTED, SHARED, SKETCHED, WEIGHTS, Plan
from drag.photo.sketch import Sketch
from drag.render import to_picture
from drag.solvers.adam import AdamUpdate
from networks.encoder import SIDE
from networks.generator import Generator
from networks.tuning import Tuning, fresh_tuning, tuned, untuned

LOOKS = 4  # times that the encoder looks at the picture of its own guess
MEND = 0.4  # by which share of what it says differently then the guess is mended
SPREAD = 0.3  # mean square by which two pictures differ, in [-1, 1]
PIXELS = 0.5  # weight of pixels beside features
NEAR, TOGETHER = 0.002, 0.02  # weights of the size of whitened latents, of how far entries differ
RANK = 4  # of the change of weights
# Strangeness of the encoder's guess from which a photo is unlike what the model makes, by whether a
# face was found in it (None: nobody looked). Real faces have 0.45 to 0.85; a cat 0.84 to 0.96; what
# is no animal 0.75 to 1.4, but noise, flat colours and a retina 0.5 to 0.8.
FAR = {True: 0.9, None: 0.8, False: 0.5}
CLOSE, FAIR = 0.25, 0.45  # distances that a person would call so
SAMPLED_PSI = 0.7  # of pictures that are mixed with that of a photo


@dataclass(frozen=True, eq=False)
class Fit:
    """What an inversion has reached, complete in itself if nothing follows."""

    stage: str  # encoder, latents or weights
    share: float  # of all the work, 0 to 1
    seconds: float  # left, about
    ws: np.ndarray  # float32 (num_ws, w_dim)
    tuning: Tuning | None  # of the weights, if any
    distance: float  # how unlike the photo its picture is: 0 for the same, about 1 for another one
    picture: np.ndarray | None = None  # uint8 (H, W, 3), or None when none was due
    done: bool = False  # nothing follows
    # As distance, by the last of the encoder's features alone, which tell what a picture is of; 0
    # where no encoder knows the model.
    strangeness: float = 0.0


class _Search:
    """What is sought, where the search stands, and the best that it found."""

    def __init__(self, generator: Generator, picture: np.ndarray):
        self.generator, self.space = untuned(generator), whitened_space(generator)
        device = generator.w_avg.device
        self.eye = eye(device)
        image = torch.from_numpy(np.ascontiguousarray(picture)).to(device)
        image = image.permute(2, 0, 1)[None].float() / 127.5 - 1
        self.seen, self.sketch = self.eye.see(image), Sketch()
        self.photo, self.small = image, shrink(image, SIDE)
        self.shared = self.space.whiten(generator.w_avg)[None]
        self.apart = torch.zeros(generator.num_ws, generator.w_dim, device=device)
        self.off = torch.zeros_like(self.apart)  # what of latents gone on from has no coordinates
        self.tuning: dict[str, torch.Tensor] | None = None
        self._best: Fit | None = None
        self.least = math.inf

    @property
    def best(self) -> Fit:
        """Of all that was judged, which is something as soon as `look` was called."""
        assert self._best is not None
        return self._best

    @torch.no_grad()
    def guess(self) -> None:
        """Begin with what the encoder says, mended by what it says of the picture of that."""
        first = x = self.eye.encoder(self.small)[0]
        for look in range(LOOKS + 1):
            self.shared = (x - self.space.mean) @ self.space.inverse
            if look < LOOKS:
                picture = F.conv2d(self.generator.features(self.latents()), *self.eye.colours)
                x = x + MEND * (first - self.eye.encoder(picture)[0])

    def latents(self) -> torch.Tensor:
        """ws (1, num_ws, w_dim): what all entries share, and what sets each apart."""
        return (self.space.unwhiten(self.shared + self.apart) + self.off)[None]

    def tuned(self) -> Generator:
        """The generator, with its weights as they are changed by now."""
        return tuned(self.generator, self.tuning)

    @torch.no_grad()
    def look(self, stage: str) -> torch.Tensor:
        """Judge the full picture of what there is now, which is returned; sketches from now on are
        near it."""
        image = self.sketch.refresh(self.tuned(), self.latents())
        self.judge(stage, image, *self.unlike(image))
        return image

    def unlike(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """How unlike the photo an image is to features, and to both features and pixels."""
        if image.shape == self.photo.shape:  # all of its pixels, or weights may weave a fine grid
            pixels = (image - self.photo).square().mean()
        else:
            pixels = (shrink(image, SIDE) - self.small).square().mean()
        felt = self.eye.difference(self.eye.see(image), self.seen).mean()
        return felt, felt + PIXELS * pixels / SPREAD

    def judge(
        self, stage: str, image: torch.Tensor, felt: torch.Tensor, unlike: torch.Tensor
    ) -> None:
        """Keep what there is now if it is the best so far."""
        if unlike.item() > self.least:
            return
        self.least, tuning = unlike.item(), self.tuning
        self._best = Fit(
            stage,
            0.0,
            0.0,
            self.latents()[0].detach().cpu().numpy(),
            None if tuning is None else Tuning.from_tensors(tuning),
            math.sqrt(max(felt.item(), 0.0)),
            to_picture(image),
        )

    def steps(self, plan: Plan, seconds: float) -> Iterator[float]:
        """The steps of a plan, which take so long at most; yields the share that is done."""
        changed = (
            [self.shared]
            if plan.shared
            else list(self.tuning.values())
            if self.tuning
            else [self.shared, self.apart]
        )
        updates = [AdamUpdate(tensor, plan.rate, beta2=0.99) for tensor in changed]
        began, done, number = now(), 0.0, 0
        while done < 1:
            rate = plan.rate * _rate(done, number)
            for update, gradient in zip(updates, self._gradients(plan, changed), strict=True):
                update.learning_rate = rate
                if gradient is not None:
                    update(gradient)
            number += 1
            done = min(1.0, max(number / plan.steps, (now() - began) / seconds))
            if plan.look and (number % plan.look == 0 or done == 1):
                self.look(plan.stage)
            yield done
        if not plan.look:
            self.look(plan.stage)

    def go_on_from(self, found: np.ndarray) -> None:
        """Go on from these latents, (num_ws, w_dim)."""
        ws = torch.from_numpy(found).to(self.shared.device)
        self.apart = self.space.whiten(ws) - self.shared
        self.off = ws - self.space.unwhiten(self.shared + self.apart)

    def resume(self, begun: Fit) -> None:
        """Go on from a former fit, which is the best until there is a better one."""
        ws = torch.from_numpy(begun.ws).to(self.shared.device)
        self.shared = self.space.whiten(ws).mean(0, keepdim=True)
        self.go_on_from(begun.ws)
        self.tuning = begun.tuning.to_tensors(ws.device) if begun.tuning else None
        self.look(begun.stage)
        self._best = replace(self.best, ws=begun.ws, tuning=begun.tuning)

    def _gradients(self, plan: Plan, changed: list[torch.Tensor]) -> Sequence[torch.Tensor | None]:
        """Of what is changed; None for what the picture does not depend on."""
        with torch.enable_grad():
            for tensor in changed:
                tensor.requires_grad_()
            if plan.look:
                image = self.sketch(self.tuned(), self.latents())
            else:
                image = self.tuned().image(self.latents())
            felt, unlike = self.unlike(image)
            cost = (
                unlike + NEAR * self.shared.square().mean() + TOGETHER * self.apart.square().mean()
            )
            gradients = torch.autograd.grad(cost, changed, allow_unused=True)  # past a sketch
        for tensor in changed:
            tensor.requires_grad_(False)
        if not plan.look:
            self.judge(plan.stage, image.detach().clamp(-1, 1), felt.detach(), unlike.detach())
        return gradients


def now() -> float:
    """Seconds, of a clock that only goes on."""
    return time.monotonic()


def _rate(done: float, number: int) -> float:
    """Share of a learning rate: up within five steps, then down by a cosine."""
    return min(1.0, (number + 1) / 5) * (0.05 + 0.475 * (1 + math.cos(math.pi * done)))


def invert(
    generator: Generator, picture: np.ndarray, seconds: float = 170.0, begun: Fit | None = None
) -> Iterator[Fit]:
    """Find a picture in a generator: better and better fits, the last of them done.

    generator: of any kind; the built-in one has an encoder, others begin with their average.
    picture: uint8 (H, W, 3) of the size of its pictures, aligned as these are.   seconds: that it
    takes at most, about; a fast machine ends sooner.   begun: what was reached before, to go on
    from in the stage where that ended. The first Fit comes at once, then one for each step; it may
    be closed at any time. The same picture gives the same fits, unless time is short.
    Raises ValueError where the picture has another size.
    """
    if picture.shape != (*generator.img_size, 3):
        raise ValueError(f"expected a picture of {(*generator.img_size, 3)}, not {picture.shape}")
    search, until, strangeness = _Search(generator, picture), now() + seconds, 0.0
    plans: tuple[Plan, ...] = SHARED, ENTRIES, PAINTED, SKETCHED, WEIGHTS
    if begun:
        search.resume(begun)
        plans = plans[FIRST[begun.stage] :]
    elif search.generator.has_encoder:
        search.guess()
        image = search.look("encoder")
        strangeness = search.eye.strangeness(search.eye.see(image), search.seen)
    else:
        search.look("encoder")
    yield replace(search.best, seconds=seconds, strangeness=strangeness)
    whole = rest = sum(plan.cost for plan in plans)
    for plan in plans:
        if now() >= until:
            break
        if plan.stage == "weights" and search.tuning is None:
            search.go_on_from(search.best.ws)
            search.tuning = fresh_tuning(search.generator, RANK)
        began, shown = now(), search.best
        for done in search.steps(plan, max(1e-3, until - began) * plan.cost / rest):
            left = (now() - began) * (rest / (plan.cost * done) - 1)
            due = None if search.best is shown else search.best.picture
            shown = search.best
            yield replace(
                shown,
                stage=plan.stage,
                picture=due,
                share=(whole - rest + done * plan.cost) / whole,
                seconds=max(0.0, min(left, until - now())),
            )
        rest -= plan.cost
    yield replace(search.best, share=1.0, seconds=0.0, done=True)


def is_far(fit: Fit, face: bool | None = None) -> bool:
    """Whether a photo is unlike anything that the model makes, as the first Fit tells.

    face: whether a face was found in it, if it was searched.
    """
    return fit.strangeness > FAR[face]


def verdict(distance: float) -> str:
    """How close a Fit is, in a word: close, fair or far."""
    return "close" if distance < CLOSE else "fair" if distance < FAIR else "far"


def photo_edit(
    generator: Generator, model: str, fit: Fit, settings: Settings | None = None
) -> Edit:
    """The edit that a photo begins.   model: the generator's name."""
    return Edit(
        model,
        None,
        SAMPLED_PSI,
        fit.ws,
        generator.img_size,
        settings=settings or Settings(),
        change="photo",
        tuning=fit.tuning,
    )
