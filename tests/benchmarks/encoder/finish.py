"""What goes with the encoder's weights into assets/encoder.safetensors, and how good they are.

    python -m tests.benchmarks.encoder.finish --work FOLDER    # the folder of the training

The figures of held-out error are in the file's metadata; of the latents' effect on features 0.17
stays unexplained by the one that is in assets/.
"""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from drag.latents import whitened_space
from drag.models.loaded import load_generator
from networks.encoder import Encoder
from tests.benchmarks.encoder.data import FULL, fit_head, read_shard
from tests.benchmarks.encoder.train import Training, export


def scales(encoder: Encoder, pictures: torch.Tensor) -> torch.Tensor:
    """Mean squares by which two of these pictures differ in the encoder's five maps."""
    maps = encoder.features(pictures)
    return torch.stack([2 * each.var(0, unbiased=True).mean() for each in maps])


def judge(training: Training, space, weights, shard, chosen) -> dict[str, float]:
    """What stays unexplained of latents and frames, 1 for all of it, on pictures held out."""
    v = space.whiten(shard["w"][chosen])
    plain, felt, frame = training.judge(v, shard["pictures"][chosen], weights)
    return {"latents": round(plain, 3), "latents as features feel them": round(felt, 3),
            "frame": round(frame, 3)}


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.encoder.finish")
    parser.add_argument("--work", type=Path, required=True, help="folder of pictures and state")
    parser.add_argument("--out", type=Path, default=Path("assets/encoder.safetensors"))
    args = parser.parse_args()
    generator = load_generator("builtin", "cpu")
    space, training = whitened_space(generator), Training(args.work, 1)
    weights = load_file(args.work / "importance.safetensors")["weights"]
    state, encoder = export(training.average.eval(), space), Encoder().eval()
    encoder.load_state_dict({name: values.float() for name, values in state.items()})
    held_out, head = read_shard(args.work, 0), fit_head(generator)
    pictures = held_out["pictures"][:256].float() / 127.5 - 1
    state |= {"scales": scales(encoder, pictures), "colours.weight": head[0].half(),
              "colours.bias": head[1]}
    figures = {
        "steps of training": training.step, "pictures like those of training": judge(
            training, space, weights, held_out, slice(FULL, 544)),
        "full pictures": judge(training, space, weights, held_out, slice(0, FULL))}
    save_file(state, args.out, {"figures": json.dumps(figures)})
    print(json.dumps(figures, indent=1), args.out.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
