"""What a device does: steps, pictures, frames, photos, memory, and whether it agrees with the CPU.

    python -m tests.benchmarks.gpu --json gpu.json     # eight minutes at most
    python -m tests.benchmarks.gpu --quick             # two, on two CPU cores

It needs no more than torch, numpy, pillow, safetensors and huggingface_hub. The built-in model
comes from the cache, or from the wheel that DRAG_BUILTIN_WHEEL names; the StyleGAN2 has random
weights and the shapes of FFHQ's. A step is what `drag` takes from one Step to the next, pictures
apart. The official code on the same device:

    python -m tests.benchmarks.stylegan2 --official FOLDER
"""

import argparse
import json
import math
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from drag import Edit, PointPair, drag, load_generator, new_edit
from drag.files.images import jpeg
from drag.models.reading import choose_device
from drag.photo.inversion import invert
from drag.preview import LiveView
from drag.render import render, to_picture
from networks.architecture import Recorded
from networks.checkpoints.architecture import infer_architecture
from networks.stylegan2 import StyleGAN2
from networks.terminal import print_anywhere
from tests.benchmarks.machine import announce, markdown
from tests.checkpoint_files import random_state

ADAM, GAUSS_NEWTON = "adam", "gauss-newton"
SEED, PHOTO_SEED = 14, 77  # of the face that is dragged, and of the one that is a photo
LENGTH = 0.06  # of the picture's side, that a handle is dragged


def random_stylegan2(quick: bool) -> StyleGAN2:
    """A StyleGAN2 of random weights with the shapes of FFHQ's, or a small one."""
    resolution, most = (128, 32) if quick else (1024, 512)
    state = random_state(
        resolution,
        z_dim=512,
        w_dim=512,
        mapping_layers=8,
        channels=lambda side: min(32768 // side, most),
    )
    arrays = {name: values.numpy() for name, values in state.items()}
    architecture = infer_architecture(arrays, Recorded())
    return StyleGAN2(architecture, arrays)


def placed(edit: Edit, count: int, region: bool) -> Edit:
    """The edit with so many points on a spiral around its middle, all to be dragged to the right,
    and with its middle painted."""
    height, width = edit.img_size
    turns = [(0.3 * math.sqrt(i / max(1, count)), 2.4 * i) for i in range(count)]
    handles = [
        (width * (0.5 + r * math.cos(a)), height * (0.5 + r * math.sin(a))) for r, a in turns
    ]
    mask = np.zeros(edit.img_size, bool)
    mask[height // 8 : -height // 8, width // 8 : -width // 8] = True
    return edit.place(
        [PointPair((x, y), (x + LENGTH * width, y)) for x, y in handles], mask if region else None
    )


def finished(device: torch.device) -> float:
    """The time when all that was asked of the device is done."""
    if device.type != "cpu":
        getattr(torch, device.type).synchronize()
    return time.perf_counter()


def step_seconds(generator, edit: Edit, solver: str, count: int) -> dict:
    """Median seconds between the steps of drags, until there are so many; the first drag, in which
    kernels are chosen, does not count."""
    edit = replace(edit, settings=replace(edit.settings, solver=solver, max_steps=count + 2))
    device, each = generator.w_avg.device, []
    for drags in range(50):
        times = [finished(device) for _ in drag(generator, edit)]
        each += [b - a for a, b in pairwise(times)] if drags else []
        if len(each) >= count:
            break
    return {"ms": 1000 * statistics.median(each or [math.nan])}


def seconds_of(work: Callable[[], object], device: torch.device, count: int) -> dict:
    """Median seconds of some work, the first two of which do not count."""
    times = [finished(device)]
    for _ in range(count + 2):
        work()
        times.append(finished(device))
    return {"ms": 1000 * statistics.median(b - a for a, b in list(pairwise(times))[2:])}


def frames_a_second(generator, edit: Edit, seconds: float) -> dict:
    """Pictures that drags show in so much time, as JPEG, shares of time as the page gives them."""
    shown, began = 0, time.perf_counter()
    while time.perf_counter() < began + seconds:
        for step in drag(generator, edit, LiveView(preview_share=1 / 2)):
            if step.picture is not None:
                shown += bool(jpeg(step.picture))
    return {"per_second": shown / (time.perf_counter() - began)}


def photo_stages(generator, photo: np.ndarray, limit: float) -> Iterator[tuple[str, dict]]:
    """Seconds after which each stage of an inversion has ended, and the distance that is left."""
    began, last = time.perf_counter(), None
    for fit in invert(generator, photo, limit):
        if last and (fit.stage != last[0] or fit.done):
            yield last[0], {"ms": 1000 * last[1], "distance": last[2]}
        last = fit.stage, time.perf_counter() - began, fit.distance


def agreement(generator, reference, edit: Edit) -> Iterator[tuple[str, dict]]:
    """How far pictures, features and drags of a device are from those of the CPU."""
    ws = torch.from_numpy(edit.ws)[None]
    there = ws.to(generator.w_avg.device)
    with torch.no_grad():
        for name in ("features", "image"):
            ours, wanted = getattr(generator, name)(there).cpu(), getattr(reference, name)(ws)
            yield f"{name}: error", {"ratio": ((ours - wanted).norm() / wanted.norm()).item()}
    for solver in (GAUSS_NEWTON, ADAM):
        steady = replace(edit, settings=replace(edit.settings, solver=solver, max_steps=20))
        (*_, ours), (*_, wanted) = drag(generator, steady), drag(reference, steady)
        away = np.linalg.norm(np.subtract(ours.handles, wanted.handles), axis=1).mean()
        left = np.mean(ours.distances), np.mean(wanted.distances)
        yield (
            f"drag, {solver}: handles apart, px",
            {"ratio": float(away), "steps": (ours.number, wanted.number), "left": left},
        )


def memory(device: torch.device) -> float:
    """The most that was held, GB: of a CUDA device since the last call, else by the process."""
    if device.type == "cuda":
        most = torch.cuda.max_memory_allocated() / 1e9
        torch.cuda.reset_peak_memory_stats()
        return most
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def measurements(name: str, generator, args) -> Iterator[tuple[str, dict]]:
    """All of a generator that is on its device: (what, figures)."""
    device, fresh = generator.w_avg.device, new_edit(generator, seed=SEED)
    ws = torch.from_numpy(fresh.ws)[None].to(device)
    for solver, count, region in (
        (GAUSS_NEWTON, 1, False),
        (GAUSS_NEWTON, 5, False),
        (GAUSS_NEWTON, 68, False),
        (ADAM, 1, False),
        (ADAM, 1, True),
        (GAUSS_NEWTON, 1, True),
    ):
        if args.quick and (count > 5 or region):
            continue
        what = f"step, {solver}, {count} point{'s' * (count > 1)}{', a region painted' * region}"
        yield what, step_seconds(generator, placed(fresh, count, region), solver, args.steps)
    picture = torch.no_grad()(lambda: to_picture(generator.image(ws)))
    yield "picture", seconds_of(picture, device, args.steps)
    view = LiveView()
    view.generator = generator
    view.begin(ws, None)
    features = generator.features(ws)
    preview = torch.no_grad()(
        lambda: view._composite(ws, features, view.base, view._changing(view.base))
    )
    yield "preview", seconds_of(preview, device, args.steps)
    shown = picture()
    yield "JPEG", seconds_of(lambda: jpeg(shown), device, args.steps)
    yield "frames", frames_a_second(generator, placed(fresh, 1, False), 2 if args.quick else 5)
    if isinstance(generator, StyleGAN2) and device.type == "cuda":
        yield from half_precision(generator, ws, args.steps)


@torch.no_grad()
def half_precision(generator: StyleGAN2, ws: torch.Tensor, count: int):
    """A picture with the blocks that NVIDIA trains in half precision so."""
    wanted = generator.image(ws)
    generator.half_resolutions = tuple(side for side in generator.resolutions if side > 64)
    error = ((generator.image(ws) - wanted).norm() / wanted.norm()).item()
    yield (
        "picture in half precision",
        seconds_of(lambda: to_picture(generator.image(ws)), ws.device, count) | {"ratio": error},
    )
    generator.half_resolutions = ()


def trace(generator, edit: Edit, file: Path) -> None:
    """Write which operations the steps of a drag are made of."""
    from torch.profiler import profile

    list(drag(generator, edit))
    with profile(record_shapes=False) as record:
        steps = len(list(drag(generator, edit)))
    order = "self_cpu_time_total"
    file.write_text(
        f"{steps} steps\n"
        + "\n".join(
            record.key_averages().table(sort_by=by, row_limit=60, max_name_column_width=60)
            for by in (order, order.replace("cpu", "device"))
        )
    )


def as_text(figures: dict) -> str:
    """The figures of a measurement, for a person."""
    units = {
        "ms": "{:.1f} ms",
        "per_second": "{:.1f} a second",
        "ratio": "{:.2g}",
        "distance": "distance {:.3f}",
    }
    return ", ".join(units[key].format(figures[key]) for key in units if key in figures)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.gpu")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--quick", action="store_true", help="small networks, few steps, no photo")
    parser.add_argument("--steps", type=int, default=30, help="of each kind (default: 30)")
    parser.add_argument("--networks", default="stylegan2,builtin", help="which (default: both)")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--trace", type=Path, metavar="FOLDER", help="for PyTorch's profiles")
    args = parser.parse_args()
    if args.quick:
        args.steps = 5
    device, report, rows = choose_device(args.device), announce() | {"results": []}, []

    def take(network: str, what: str, figures: dict) -> None:
        figures |= {"memory_gb": memory(device)}
        report["results"].append({"network": network, "what": what} | figures)
        rows.append(f"{network} | {what} | {as_text(figures)} | {figures['memory_gb']:.1f} GB")
        print(rows[-1], flush=True)
        if args.json:
            args.json.write_text(json.dumps(report, indent=1))

    for name in args.networks.split(","):
        began = time.perf_counter()
        reference = (
            load_generator("builtin", "cpu") if name == "builtin" else random_stylegan2(args.quick)
        )
        on_cpu = reference if device.type == "cpu" else None
        generator = on_cpu or (
            load_generator("builtin", device.type)
            if name == "builtin"
            else random_stylegan2(args.quick).to(device)
        )
        take(name, "loading", {"ms": 1000 * (finished(device) - began)})
        for what, figures in measurements(name, generator, args):
            take(name, what, figures)
        if args.trace:
            trace(
                generator,
                placed(new_edit(generator, seed=SEED), 1, False),
                args.trace / f"{name}.txt",
            )
        if name == "builtin" and not args.quick:
            photo = render(reference, new_edit(reference, seed=PHOTO_SEED).ws)
            for stage, figures in photo_stages(generator, photo, 60):
                take(name, f"photo, after {stage}", figures)
        if on_cpu is None:
            edit = placed(new_edit(reference, seed=SEED), 1, False)
            for exact in (False, True):
                torch.backends.cudnn.allow_tf32 = not exact
                for what, figures in agreement(generator, reference, edit):
                    take(name, f"{what}{', no TF32' * exact}", figures)
            torch.backends.cudnn.allow_tf32 = True
    print("\n" + markdown("network | what | | most memory", rows))


if __name__ == "__main__":
    print_anywhere()
    main()
