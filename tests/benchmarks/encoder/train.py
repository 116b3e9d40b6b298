"""Train the encoder on the generator's own pictures: `python -m tests.benchmarks.encoder.train`.

It goes on from assets/encoder.safetensors for the time that is given, and writes that file again
whenever pictures held out are explained better, so that it may be stopped at any time. Pictures are
made as it goes, on the same device, for half of the time; in the other half steps are taken on
those that there are by then. A big GPU makes thousands of them a second, a CPU one or two. How many
there are the clock decides, so no two runs are the same.

    python -m tests.benchmarks.encoder.train --device cuda --seconds 280 --out encoder.safetensors
    python -m tests.benchmarks.encoder.train --fresh --seconds 20000 --out encoder.safetensors
"""

import argparse
import json
import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save_file

from drag.latents import whitened_space
from drag.models.loaded import load_generator
from drag.photo.perception import WEIGHTS
from networks.encoder import SIDE, Encoder
from networks.terminal import print_anywhere
from tests.benchmarks.encoder.folding import fold, unfold
from tests.benchmarks.encoder.pictures import Pool, Source, fit_head
from tests.benchmarks.encoder.training import Training, hold_out, importance, scales

MAKING = 0.5  # of the time goes to pictures,
AHEAD = 0.04  # and so much of it before the first step
TELL = 10.0  # seconds
LAST = 0.02  # of the time, left for the last word
STEPS, PICTURES = "steps of training", "pictures of training"  # what a file says of both
KINDS = "latents", "latents as features feel them", "latents as the face's feel them", "frame"
FIRST_PICTURES = 35_840  # of the file of November 2026, which does not say it


@dataclass(frozen=True)
class Size:
    """How much a device does at once.

    chunk: pictures made.   batch: pictures of a step.   turn: steps, or chunks, before the clock is
    read again.   pool: pictures kept.   held_out: pictures.   probes: of `importance`.
    """

    chunk: int
    batch: int
    turn: int
    pool: int
    held_out: int
    probes: int


SIZES = {"cuda": Size(64, 256, 8, 500_000, 1024, 1024), "cpu": Size(4, 16, 1, 20_000, 32, 32)}


def now() -> float:
    return time.monotonic()


def read_weights(path: Path, device: torch.device):
    """A file's encoder, the colours that it has, and counts of what it was trained on."""
    with safe_open(path, "pt") as file:
        state = {name: file.get_tensor(name).float().to(device) for name in file.keys()}  # noqa: SIM118
        figures = json.loads(file.metadata()["figures"])
    colours = state.pop("colours.weight"), state.pop("colours.bias")
    del state["scales"]
    encoder = Encoder().to(device).eval()
    encoder.load_state_dict(state)
    return (
        encoder,
        colours,
        {STEPS: figures[STEPS], PICTURES: figures.get(PICTURES, FIRST_PICTURES)},
    )


@torch.no_grad()
def write_weights(path: Path, average: Encoder, space, colours, pictures, figures: dict) -> None:
    """The file that drag/photo/perception.py reads.   pictures: (N, 3, 128, 128), whose differences
    are the measure of all others."""
    state, plain = fold(average, space), Encoder()
    plain.load_state_dict({name: values.float() for name, values in state.items()})
    state |= {
        "scales": scales(plain.to(pictures.device), pictures).cpu(),
        "colours.weight": colours[0].cpu().half(),
        "colours.bias": colours[1].cpu(),
    }
    part = path.with_suffix(".part")
    save_file(state, part, {"figures": json.dumps(figures)})
    os.replace(part, path)


def spent(device: torch.device, since: float) -> float:
    """Seconds since then, when all that was begun on a device has ended."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    return now() - since


def train(
    training: Training, source: Source, space, size: Size, seconds: float
) -> Iterator[list[torch.Tensor]]:
    """Make pictures and take steps in turns until the time is over; yields errors of each turn."""
    device, random, began = space.mean.device, torch.Generator().manual_seed(source.made), now()
    pool, making, stepping = Pool(size.pool, device), 0.0, 0.0
    while (done := (now() - began) / seconds) < 1:
        turn, errors = now(), []
        if making < AHEAD * seconds + stepping * MAKING / (1 - MAKING):
            for _ in range(size.turn):
                w, pictures = source.fresh()
                pool.add(space.whiten(w), pictures)
            making += spent(device, turn)
        else:
            for _ in range(size.turn):
                v, pictures = pool.draw(size.batch, random)
                errors.append(training.take(v, pictures, random, done))
            stepping += spent(device, turn)
        yield errors


class Judge:
    """Pictures held out, and what stays unexplained of them."""

    def __init__(self, generator, space, colours, size: Size):
        def full(ws):
            return F.interpolate(generator.image(ws), (SIDE, SIDE), mode="area")

        def quick(ws):
            return F.conv2d(generator.features(ws), *colours)

        self.held = {
            name: hold_out(generator, space, paint, size.held_out)
            for name, paint in (("full pictures", full), ("quick pictures", quick))
        }
        self.everywhere, self.face = importance(generator, space, size.probes)

    def figures(self, training: Training) -> dict[str, dict[str, float]]:
        """For each kind of picture, shares that the average of the weights leaves unexplained."""
        figures = {}
        for name, held in self.held.items():
            found = training.judge(held, self.everywhere, self.face)
            figures[name] = {
                kind: round(value, 4) for kind, value in zip(KINDS, found, strict=True)
            }
        return figures


class Record:
    """What is said of a run as it goes, and written when it is better than before."""

    def __init__(self, path: Path, judge: Judge, space, colours, counts: dict[str, int]):
        self.path, self.judge, self.space, self.colours = path, judge, space, colours
        self.counts, self.least, self.began = counts, math.inf, now()

    def tell(self, training: Training, source: Source, errors: list[torch.Tensor]) -> None:
        """Print how good the average of the weights is by now; write it where it is the best."""
        figures = {
            STEPS: self.counts[STEPS] + training.step,
            PICTURES: source.made,
            **self.judge.figures(training),
        }
        unexplained = sum(figures["full pictures"][kind] for kind in KINDS[1:3])
        trained = torch.stack(errors).mean(0).tolist() if errors else []
        held = "; ".join(f"{name} {_numbers(figures[name].values())}" for name in self.judge.held)
        print(
            f"{now() - self.began:.0f} s: {training.step} steps, "
            f"{source.made - self.counts[PICTURES]} pictures; trained {_numbers(trained)}; "
            f"held out: {held}",
            flush=True,
        )
        if training.step and unexplained < self.least:
            self.least = unexplained
            pictures = self.judge.held["full pictures"].plain[:256]
            write_weights(self.path, training.average, self.space, self.colours, pictures, figures)


def _numbers(values) -> str:
    return " ".join(f"{value:.3f}" for value in values)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.encoder.train")
    parser.add_argument("--device", default="auto", help="cuda or cpu")
    parser.add_argument("--seconds", type=float, required=True, help="that all of it may take")
    parser.add_argument("--start", type=Path, default=WEIGHTS, help="weights to go on from")
    parser.add_argument("--fresh", action="store_true", help="go on from none")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="where to write weights")
    args = parser.parse_args()
    until = now() + args.seconds * (1 - LAST)
    generator = load_generator("builtin", args.device)
    space, device = whitened_space(generator), generator.w_avg.device
    size = SIZES["cuda" if device.type == "cuda" else "cpu"]
    torch.backends.cudnn.benchmark = True
    if args.fresh:
        plain, colours, counts = None, fit_head(generator), {STEPS: 0, PICTURES: 0}
    else:
        plain, colours, counts = read_weights(args.start, device)
    judge = Judge(generator, space, colours, size)
    encoder = (
        unfold(plain, space, judge.held["full pictures"].x)
        if plain
        else Encoder(norm=True).to(device)
    )
    training = Training(encoder, (judge.everywhere + judge.face) / 2, size.batch)
    source = Source(generator, colours, size.chunk, counts[PICTURES])
    record, errors, told = Record(args.out, judge, space, colours, counts), [], now()
    print(
        f"{until - now():.0f} s are left to train. Shares that stay unexplained: of "
        f"{', of '.join(KINDS)}",
        flush=True,
    )
    record.tell(training, source, [])
    for turn in train(training, source, space, size, until - now()):
        errors += turn
        if now() - told >= TELL:
            record.tell(training, source, errors)
            errors, told = [], now()
    record.tell(training, source, errors)
    if not training.step:
        raise SystemExit("There was no time left to train: give it more seconds.")
    print(f"{args.out}: {args.out.stat().st_size} bytes")
    print(f"SHA256 in drag/photo/perception.py: {sha256(args.out.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    print_anywhere()
    main()
