"""A picture and a drag step of a full-size StyleGAN3, configs T and R: seconds and memory.

    OMP_NUM_THREADS=1 python -m tests.benchmarks.stylegan3 --resolution 1024

Networks have all the channels of NVIDIA's and random weights; each measurement has a process of its
own, whose largest resident memory it tells. Seconds are those that its thread ran, a median, the
first step left out: others on the machine slow a clock on the wall more.
"""

import argparse
import itertools
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from networks.terminal import print_anywhere
from tests.benchmarks.machine import announce, describe_machine, markdown

WHAT = {"picture": "a picture", "gauss-newton": "a step of Gauss-Newton", "adam": "a step of Adam"}
HANDLE, TARGET = (0.5, 0.5), (0.56, 0.5)  # (x, y), shares of the picture


def measure(file: Path, what: str, count: int) -> dict[str, float]:
    """Seconds of a picture or step, and megabytes of this process."""
    import torch

    from drag import PointPair, Settings, drag, new_edit
    from drag.models.reading import generator_of
    from networks.checkpoints import read_checkpoint

    generator = generator_of(read_checkpoint(file))
    side, solver = generator.img_resolution, "adam" if what == "adam" else "gauss-newton"
    ends = (tuple(round(share * side) for share in end) for end in (HANDLE, TARGET))
    edit = new_edit(generator, seed=0, settings=Settings(solver)).place([PointPair(*ends)])

    def pictures():
        with torch.no_grad():
            for _ in range(count):
                generator.image(torch.from_numpy(edit.ws)[None])
                yield

    seconds, began = [], time.process_time()
    work = pictures() if what == "picture" else itertools.islice(drag(generator, edit), count + 2)
    for _ in work:
        seconds.append(time.process_time() - began)
        began = time.process_time()
    timed = seconds if what == "picture" else seconds[2:] or seconds[-1:]
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return {"seconds": statistics.median(timed), "megabytes": megabytes}


def main() -> None:
    """Print a table; --json writes its numbers, too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resolution", type=int, default=1024)
    parser.add_argument("--count", type=int, default=3, help="steps of each kind")
    parser.add_argument("--width", type=int, help="channels; as many as NVIDIA's where left out")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", nargs=2, help=argparse.SUPPRESS)  # FILE WHAT, in such a process
    args = parser.parse_args()
    if args.only:
        print(json.dumps(measure(Path(args.only[0]), args.only[1], args.count)))
        return
    import torch

    from tests.stylegan3_files import random_stylegan3

    announce()
    report, rows = describe_machine() | {"resolution": args.resolution}, []
    with tempfile.TemporaryDirectory() as folder:
        for config in "TR":
            file = Path(folder) / f"{config}.pth"
            state = random_stylegan3(args.resolution, config == "R", w_dim=512, width=args.width)
            torch.save(state, file)
            for what, words in WHAT.items():
                count = 1 if what == "picture" else args.count
                command = [sys.executable, "-m", "tests.benchmarks.stylegan3"]
                command += ["--count", str(count), "--only", str(file), what]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                found = json.loads(done.stdout.splitlines()[-1])
                report[f"{config} {what}"] = found
                numbers = f"{found['seconds']:.1f} | {found['megabytes'] / 1000:.2f}"
                rows.append(f"StyleGAN3-{config}, {words} | {numbers}")
                print(rows[-1], file=sys.stderr, flush=True)
    print(markdown(f"{args.resolution} px | seconds | GB", rows))
    if args.json:
        args.json.write_text(json.dumps(report, indent=2))


if __name__ == "__main__":
    print_anywhere()
    main()
