"""Train the encoder on the generator's own pictures.

    python -m tests.benchmarks.encoder.train --work FOLDER --shards 35
    python -m tests.benchmarks.encoder.finish --work FOLDER    # makes the file of it

Deterministic on one machine (seeds of its own, so many threads) and resumable: pictures are made
once, by a process beside this one, and the state is written after each shard of them; started again
it goes on from there, with more shards at the rate of the longer schedule. What is in assets/ was
trained on 35,840 pictures for 5,472 steps, in parts: by `--shards 24`, then by `--shards 37` until
the 33rd was used, and on by `--shards 35`: about two hours of two busy CPU cores.
"""

import argparse
import math
import multiprocessing
import os
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from drag.latents import whitened_space
from drag.models.loaded import load_generator
from networks.encoder import Encoder
from tests.benchmarks.encoder.augment import FRAME_UNITS, augment
from tests.benchmarks.encoder.data import (
    FULL,
    QUICK_SHARDS,
    SHARD,
    full_pictures,
    make_shards,
    read_shard,
)

BATCH = 64
RATE, WARM_UP = 1.5e-3, 200
AVERAGE = 0.997  # of the weights that are kept
STEPS, FULL_STEPS = 96, 288  # for each shard with quick pictures, and of full ones alone
PROBES = 192  # random directions of features that say which latents matter to them


def importance(generator, space) -> torch.Tensor:
    """How much features change with whitened latents: E[J^T J] (512, 512), trace 512."""
    random, total = torch.Generator().manual_seed(0), torch.zeros(512, 512)
    for _ in range(PROBES):
        v = torch.randn(1, 512, generator=random, requires_grad=True)
        ws = space.unwhiten(v)[:, None].expand(-1, generator.num_ws, -1)
        features = generator.features(ws)
        scale = features.detach().square().mean((2, 3), keepdim=True).sqrt()
        signs = torch.randint(0, 2, features.shape, generator=random) * 2.0 - 1
        (g,) = torch.autograd.grad((features * signs / scale).sum(), v)
        total += g.T @ g
    return total * (512 / total.trace())


def export(encoder: Encoder, space) -> dict[str, torch.Tensor]:
    """The weights without batch normalisation and whitening, in half precision."""
    plain = Encoder()
    trained, folded = ([module for module in network.modules() if hasattr(module, "norm")]
                       for network in (encoder, plain))
    for module, target in zip(trained, folded, strict=True):
        weight, bias = torch.nn.utils.fusion.fuse_conv_bn_weights(
            module.conv.weight, module.conv.bias, module.norm.running_mean,
            module.norm.running_var, module.norm.eps, module.norm.weight, module.norm.bias)
        target.conv.weight, target.conv.bias = weight, bias
    for name in ("narrow", "spread", "out"):
        getattr(plain, name).load_state_dict(getattr(encoder, name).state_dict())
    weight, bias = plain.out.weight.detach().clone(), plain.out.bias.detach().clone()
    plain.out.weight = nn.Parameter(torch.cat([
        space.basis.T @ weight[:512], weight[512:] * FRAME_UNITS[:, None]]))
    plain.out.bias = nn.Parameter(torch.cat([
        space.mean + bias[:512] @ space.basis, bias[512:] * FRAME_UNITS]))
    return {name: t.detach().half().contiguous() for name, t in plain.state_dict().items()}


def steps_until(shards: int) -> int:
    """How many steps are taken by the end of so many shards."""
    quick = min(shards, QUICK_SHARDS - 1)
    return STEPS * quick + FULL_STEPS * (shards - quick)


class Training:
    """The state: the network, the average of its weights, Adam's, and the number of steps."""

    def __init__(self, folder: Path, total: int):
        torch.manual_seed(0)
        folder.mkdir(parents=True, exist_ok=True)
        self.path, self.total, self.step = folder / "state.safetensors", total, 0
        self.encoder = Encoder(norm=True).to(memory_format=torch.channels_last)
        self.average = Encoder(norm=True)
        self.average.load_state_dict(self.encoder.state_dict())
        self.adam = torch.optim.AdamW(self.encoder.parameters(), RATE, weight_decay=0.02)
        if self.path.exists():
            self._load()

    def rate(self) -> float:
        """Linear warm-up, then a cosine to nothing."""
        return min(1.0, self.step / WARM_UP) * 0.5 * (
            1 + math.cos(math.pi * min(1.0, self.step / self.total)))

    def take(self, v, frame, pictures, weights) -> float:
        """A step; returns the loss of w."""
        for group in self.adam.param_groups:
            group["lr"] = RATE * self.rate()
        self.encoder.train()
        with torch.autocast("cpu", torch.bfloat16):
            found, seen = self.encoder(pictures.contiguous(memory_format=torch.channels_last))
        loss, of_w = self.loss(found.float(), seen.float(), v, frame, weights)
        self.adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.encoder.parameters(), 1.0)
        self.adam.step()
        self.step += 1
        keep = min(AVERAGE, self.step / (self.step + 10))
        with torch.no_grad():
            for mine, new in zip(self.average.state_dict().values(),
                                 self.encoder.state_dict().values(), strict=True):
                mine.copy_(torch.lerp(new, mine, keep) if mine.is_floating_point() else new)
        return of_w

    @staticmethod
    def loss(found, seen, v, frame, weights):
        difference = found - v
        plain = difference.square().mean()
        felt = ((difference @ weights) * difference).mean()
        of_frame = (seen - frame / FRAME_UNITS).square().mean()
        return 0.5 * plain + 0.5 * felt + 0.1 * of_frame, (plain.item(), felt.item())

    @torch.no_grad()
    def judge(self, v, pictures, weights) -> tuple[float, float, float]:
        """Share of w that stays unexplained, plain and as features feel it; error of the frame."""
        self.average.eval()
        random = torch.Generator().manual_seed(1)
        x, frame = augment(pictures, random)
        found, seen = self.average(x)
        _, (plain, felt) = self.loss(found, seen, v, frame, weights)
        return plain, felt, (seen - frame / FRAME_UNITS).square().mean().item()

    def save(self) -> None:
        state = {f"encoder.{k}": t for k, t in self.encoder.state_dict().items()}
        state |= {f"average.{k}": t for k, t in self.average.state_dict().items()}
        for i, slot in self.adam.state_dict()["state"].items():
            state |= {f"adam.{i}.{k}": t for k, t in slot.items()}
        part = self.path.with_suffix(".part")
        save_file({k: t.contiguous() for k, t in state.items()}, part, {"step": str(self.step)})
        os.replace(part, self.path)

    def _load(self) -> None:
        state = load_file(self.path)

        def under(prefix):
            return {k.removeprefix(prefix): t for k, t in state.items() if k.startswith(prefix)}

        self.encoder.load_state_dict(under("encoder."))
        self.average.load_state_dict(under("average."))
        slots = {}
        for key, value in under("adam.").items():
            i, name = key.split(".")
            slots.setdefault(int(i), {})[name] = value
        groups = self.adam.state_dict()["param_groups"]
        self.adam.load_state_dict({"state": slots, "param_groups": groups})
        self.step = int(slots[0]["step"])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.encoder.train")
    parser.add_argument("--work", type=Path, required=True, help="folder for pictures and state")
    parser.add_argument("--shards", type=int, default=30, help=f"of {SHARD} pictures")
    parser.add_argument("--threads", type=int, default=1, help="here, and of what makes pictures")
    args = parser.parse_args()
    maker = multiprocessing.get_context("spawn").Process(
        target=make_shards, args=(args.work, args.shards + 1, args.threads), daemon=True)
    maker.start()
    torch.set_num_threads(args.threads)
    os.nice(10)
    generator = load_generator("builtin", "cpu")
    space = whitened_space(generator)
    saved = args.work / "importance.safetensors"
    if not saved.exists():
        save_file({"weights": importance(generator, space)}, saved)
    weights = load_file(saved)["weights"]
    training = Training(args.work, steps_until(args.shards))
    held_out = read_shard(args.work, 0)  # never trained on
    held_v, held = space.whiten(held_out["w"]), held_out["pictures"]
    pictures, latents, full = [], [], []
    for number in range(1, args.shards + 1):
        shard = read_shard(args.work, number)
        pictures.append(shard["pictures"])
        latents.append(space.whiten(shard["w"]))
        full += [(number - 1) * SHARD + i for i in range(full_pictures(number))]
        if training.step >= steps_until(number):
            continue
        began, losses = time.perf_counter(), []
        random, surely_full = torch.Generator().manual_seed(number), BATCH // 8
        if number >= QUICK_SHARDS:
            surely_full = BATCH // 2
        for _ in range(steps_until(number) - steps_until(number - 1)):
            which = torch.randint(0, number * SHARD, (BATCH,), generator=random).tolist()
            some = torch.randint(0, len(full), (surely_full,), generator=random).tolist()
            which[:surely_full] = [full[i] for i in some]
            chosen = torch.stack([pictures[i // SHARD][i % SHARD] for i in which])
            v = torch.stack([latents[i // SHARD][i % SHARD] for i in which])
            x, frame = augment(chosen, random)
            losses.append(training.take(v, frame, x, weights))
        training.save()
        plain, felt = (sum(each) / len(losses) for each in zip(*losses, strict=True))
        of_full = training.judge(held_v[:FULL], held[:FULL], weights)
        quick = training.judge(held_v[FULL:512], held[FULL:512], weights)
        print(f"{number} shards, {training.step} steps, {time.perf_counter() - began:.0f} s: "
              f"trained {plain:.3f} {felt:.3f}, held out, latents, as felt, and frame: quick "
              f"pictures {_numbers(quick)}, full ones {_numbers(of_full)}", flush=True)


def _numbers(values) -> str:
    return " ".join(f"{value:.3f}" for value in values)


if __name__ == "__main__":
    main()
