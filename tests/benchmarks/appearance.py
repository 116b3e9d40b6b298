"""Learn along which latents a generator's pictures change their appearance without moving.

    python -m tests.benchmarks.appearance --pictures 340 --out assets/appearance.safetensors

Of each picture (psi 0.7 to 1; of random latents that no seed of the app or of a benchmark has) two
random mixtures of e (`drag.appearance`) give two gradients r over whitened W+; the mean of r r^T is
the Gauss-Newton matrix of |e|^2. Its spectrum falls fast: the file holds the first directions, the
variance along each, and the sum of all variances. Two minutes of one core for the built-in one.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from drag import load_generator
from drag.appearance import ENTRIES, Appearance, Unmoved, mixed, random_signs
from drag.latents import whitened_space
from networks.terminal import print_anywhere
from tests.benchmarks.machine import announce

RANK = 128  # directions that are kept; half of them hold 91 % of what others pictures' rows have
SEED = 2**31 - 7  # of the latents, beyond all that the benchmarks use
MIXTURES = 2  # a picture


def rows_of(generator, pictures: int) -> torch.Tensor:
    """The gradients, (MIXTURES pictures, ENTRIES w_dim)."""
    space, random = whitened_space(generator), np.random.RandomState(SEED)
    draw, rows = torch.Generator().manual_seed(SEED), []
    for _ in range(pictures):
        z = torch.from_numpy(random.randn(1, generator.z_dim)).float()
        with torch.no_grad():
            ws = generator.mapping(z, 0.7 + 0.3 * random.rand())
            look = Appearance.of(generator, ws)
        v = space.whiten(ws[0, :ENTRIES])
        off = ws[0, :ENTRIES] - space.unwhiten(v)
        v.requires_grad_(True)
        moved = torch.cat([(space.unwhiten(v) + off)[None], ws[:, ENTRIES:]], 1)
        rest = Unmoved(look.first).rest(look.seen(look.maps(moved, ENTRIES)))
        for _ in range(MIXTURES):
            mixture = mixed(rest, random_signs(rest, draw))
            rows.append(torch.autograd.grad(mixture, v, retain_graph=True)[0].flatten())
    return torch.stack(rows)


def main() -> None:
    """Learn, and write the file."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.appearance")
    parser.add_argument("--pictures", type=int, default=340)
    parser.add_argument("--out", type=Path, default=Path("assets/appearance.safetensors"))
    args = parser.parse_args()
    announce()
    rows = rows_of(load_generator("builtin"), args.pictures)
    _, spread, directions = torch.linalg.svd(rows / len(rows) ** 0.5, full_matrices=False)
    variances = spread.square()
    kept = {
        "directions": directions[:RANK].half().contiguous(),
        "variances": variances[:RANK].clone(),
        "total": variances.sum()[None],
    }
    save_file(kept, args.out)
    print(f"SHA256 in drag/appearance.py: {hashlib.sha256(args.out.read_bytes()).hexdigest()}")
    print(f"{variances[:RANK].sum() / variances.sum():.0%} of the variance of {len(rows)} rows")


if __name__ == "__main__":
    print_anywhere()
    main()
