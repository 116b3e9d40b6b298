"""python -m networks.checkpoints FILE: what a weight file is, or why it is refused."""

import argparse
import json
import math
import sys
from pathlib import Path

from networks.checkpoints import Checkpoint, CheckpointError, read_checkpoint
from networks.checkpoints.architecture import widths_in_words
from networks.terminal import print_anywhere


def describe(checkpoint: Checkpoint) -> dict:
    """What a person wants to know of a checkpoint, in plain values."""
    a = checkpoint.architecture
    return {
        "format": checkpoint.format,
        "generator": checkpoint.place or "all of it",
        "averaged": checkpoint.averaged,
        "resolution": f"{a.img_size[1]} x {a.img_size[0]}",
        "architecture": a.kind,
        "widths": widths_in_words(a.widths),
        "z_dim": a.z_dim,
        "w_dim": a.w_dim,
        "mapping_layers": len(a.mapping_widths),
        "num_ws": a.num_ws,
        "classes": a.c_dim,
        "truncation_centre": "mapping.w_avg" in checkpoint.state,
        "noise": getattr(a, "has_noise", False),
        "conv_clamp": a.recorded.conv_clamp,
        "parameters": sum(math.prod(shape) for shape in a.shapes().values()),
        "skipped": list(checkpoint.skipped),
    }


def main() -> int:
    """Exit code 0, or 1 and one line where the file is refused."""
    parser = argparse.ArgumentParser(prog="python -m networks.checkpoints", description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="for programs")
    args = parser.parse_args()
    try:
        facts = describe(read_checkpoint(args.file))
    except CheckpointError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{args.file} cannot be read: {error.strerror}.", file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps(facts, indent=2))
        return 0
    for name, value in facts.items():
        print(f"{name.replace('_', ' ')}: {_in_words(value)}")
    return 0


def _in_words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return f"{', '.join(value[:6]) or 'nothing'}{' ...' if len(value) > 6 else ''}"
    return "none" if value is None else str(value)


if __name__ == "__main__":
    print_anywhere()
    sys.exit(main())
