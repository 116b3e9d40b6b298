"""A drag step and a picture of a full-size StyleGAN2: seconds and memory, beside the official code.

    git clone https://github.com/XingangPan/DragGAN OFFICIAL
    pip install scipy requests tqdm click matplotlib   # what it imports
    python -m tests.benchmarks.stylegan2 --official OFFICIAL

The official code makes a network of random weights and writes it with its own tools; both sides
read that file. Its `viz/renderer.py` runs unmodified (see `official.official_renderer`). Each
measurement has a process of its own; the two sides take turns, so that a busy machine slows both.
"""

import argparse
import json
import pickle
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from networks.terminal import print_anywhere
from tests.benchmarks.machine import describe_machine
from tests.benchmarks.official import official_renderer

WHAT = {"step": "a drag step", "masked": "a drag step, a region painted", "picture": "a picture"}
HANDLE, TARGET = (0.5, 0.5), (0.56, 0.5)  # (x, y), shares of the picture


def ours(args) -> dict:
    """Measure this repository."""
    import torch

    from drag import PointPair, Settings, drag, new_edit
    from networks.checkpoints import read_checkpoint
    from networks.stylegan2 import StyleGAN2

    device = "cuda" if torch.cuda.is_available() else "cpu"
    began = time.perf_counter()
    checkpoint = read_checkpoint(args.file)
    generator = StyleGAN2(checkpoint.architecture, checkpoint.state).to(device)
    report = {"load_seconds": time.perf_counter() - began, "loaded_mb": memory()}
    side = generator.img_resolution
    pair = PointPair(*(tuple(round(share * side) for share in end) for end in (HANDLE, TARGET)))
    mask = region(side) > 0 if args.what == "masked" else None
    edit = new_edit(generator, seed=0, settings=Settings("adam")).place([pair], mask)  # as theirs
    ws = torch.from_numpy(edit.ws)[None].to(device)
    if args.picture:
        with torch.no_grad():
            np.save(args.picture, generator.image(ws).cpu().numpy())

    def work():
        if args.what == "picture":
            with torch.no_grad():
                for _ in range(args.steps + 1):
                    yield generator.image(ws).cpu()
        else:
            yield from drag(generator, edit)

    return report | timed(
        work(), args.steps, lambda: torch.cuda.synchronize() if device == "cuda" else None
    )


def official(args) -> dict:
    """Measure a checkout of the official code."""
    import torch

    renderer = official_renderer(args.official)
    began = time.perf_counter()
    renderer.init_network(_Record(), pkl=args.file, w0_seed=0)
    report = {"load_seconds": time.perf_counter() - began, "loaded_mb": memory()}
    generator = renderer.G
    side = generator.img_resolution
    points = [[round(share * side) for share in HANDLE[::-1]]]  # theirs are (y, x)
    targets = [[round(share * side) for share in TARGET[::-1]]]
    mask = torch.from_numpy(1 - region(side)).float() if args.what == "masked" else None
    if args.picture:
        with torch.no_grad():
            label = torch.zeros([1, 0], device=renderer._device)
            picture = generator(renderer.w0, label, input_is_w=True, noise_mode="const")
        np.save(args.picture, picture.cpu().numpy())

    def work():
        for _ in range(args.steps + 1):
            result = renderer.render(
                pkl=args.file,
                w_load=None,
                w0_seed=0,
                w_plus=True,
                reset_w=False,
                points=points,
                targets=targets,
                mask=mask,
                lambda_mask=20,
                is_drag=args.what != "picture",
            )
            if "error" in result:
                raise RuntimeError(result.error)
            yield result

    if args.what == "picture":
        with torch.no_grad():
            return report | timed(work(), args.steps)
    return report | timed(work(), args.steps)


class _Record(dict):
    __setattr__ = dict.__setitem__
    __getattr__ = dict.__getitem__


def region(side: int) -> np.ndarray:
    """1 where the picture may move: its middle half."""
    painted = np.zeros((side, side))
    painted[side // 4 : 3 * side // 4, side // 4 : 3 * side // 4] = 1
    return painted


def timed(work, steps: int, synchronize=lambda: None) -> dict:
    """Median seconds of some steps, without the first."""
    next(work)
    each = []
    for _ in range(steps):
        synchronize()
        began = time.perf_counter()
        if next(work, None) is None:
            break
        synchronize()
        each.append(time.perf_counter() - began)
    return {"seconds": statistics.median(each), "steps": len(each), "peak_mb": memory()}


def memory() -> int:
    """The most that was held, in 10^6 bytes: on a CUDA device, or else by this process."""
    import torch

    if torch.cuda.is_initialized():
        return round(torch.cuda.max_memory_allocated() / 1e6)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6)


def write_network(args) -> None:
    """A random network, by the official code's own classes and tools."""
    sys.path.insert(0, args.official)
    import torch
    from training.networks_stylegan2 import Generator

    torch.manual_seed(0)
    generator = Generator(
        512,
        0,
        512,
        args.resolution,
        3,
        mapping_kwargs={"num_layers": 8},
        synthesis_kwargs={
            "channel_base": 32768,
            "channel_max": 512,
            "conv_clamp": 256,
            "num_fp16_res": 4,
        },
    )
    for name, values in generator.named_parameters():
        if name.endswith("noise_strength"):
            values.data.fill_(0.1)
    generator = generator.eval().requires_grad_(False)
    with open(args.file, "wb") as file:
        pickle.dump(
            {
                "G": generator,
                "D": generator,
                "G_ema": generator,
                "augment_pipe": None,
                "training_set_kwargs": None,
            },
            file,
        )


def write_network_of_our_own(args) -> None:
    """The same shapes, where the official code is not at hand."""
    from tests.checkpoint_files import random_state
    from tests.torch_files import write_torch

    write_torch(
        args.file,
        random_state(
            args.resolution,
            z_dim=512,
            w_dim=512,
            mapping_layers=8,
            channels=lambda resolution: min(32768 // resolution, 512),
        ),
    )


def in_a_process(args, **options) -> dict:
    """Run this script for one measurement; returns its report."""
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.stylegan2",
        "--steps",
        str(args.steps),
        "--resolution",
        str(args.resolution),
    ]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def measure(args) -> dict:
    """All measurements, of both sides if the official code is there."""
    report = describe_machine() | {"resolution": args.resolution, "what": {}}
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "stylegan2-random.pkl")
        place = {"file": file} | ({"official": args.official} if args.official else {})
        in_a_process(args, role="write", **place)
        sides = ("ours", "official") if args.official else ("ours",)
        for what in WHAT:
            report["what"][what] = {
                side: in_a_process(
                    args,
                    role=side,
                    what=what,
                    **place | ({"picture": f"{folder}/{side}.npy"} if what == "picture" else {}),
                )
                for side in sides
            }
        if args.official:
            a, b = (np.load(f"{folder}/{side}.npy") for side in sides)
            report["largest_difference"] = float(np.abs(a - b).max() / b.std())
    return report


def table(report: dict) -> str:
    """The report as a Markdown table."""
    lines = ["| | seconds | most memory | official: seconds | memory |", "| --- " * 5 + "|"]
    for what, sides in report["what"].items():
        cells = [
            f"{sides[side]['seconds']:.3f} | {sides[side]['peak_mb'] / 1000:.1f} GB"
            if side in sides
            else "- | -"
            for side in ("ours", "official")
        ]
        lines.append(f"| {WHAT[what]} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print; the options from --role on are for the processes that this starts."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.stylegan2")
    parser.add_argument("--official", help="folder with a checkout of XingangPan/DragGAN")
    parser.add_argument("--resolution", type=int, default=1024)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE")
    for name in ("role", "file", "what", "picture"):
        parser.add_argument(f"--{name}", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.role == "write":
        (write_network if args.official else write_network_of_our_own)(args)
        print("{}")
    elif args.role:
        print(json.dumps({"ours": ours, "official": official}[args.role](args)))
    else:
        report = measure(args)
        if args.json:
            args.json.write_text(json.dumps(report, indent=2))
        print(f"{report['command']}\n{report['machine']}, {report['date']}\n\n{table(report)}")
        if "largest_difference" in report:
            print(
                f"\nLargest difference of the pictures: {report['largest_difference']:.1e} of "
                "their standard deviation"
            )


if __name__ == "__main__":
    print_anywhere()
    main()
