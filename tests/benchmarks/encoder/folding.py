"""Weights as they are kept, plain and of w, and as they are trained: normalised and of whitened w.

`unfold` and `fold` are inverse to one another but for half precision.
"""

import torch
from torch import nn

from networks.encoder import W_DIM, Convolution, Encoder
from tests.benchmarks.encoder.augment import FRAME_UNITS

FILTER_NORM = 3**-0.5  # of a filter of nn.Conv2d when it is new


def convolutions(encoder: Encoder) -> list[Convolution]:
    """All that are normalised, in the order in which they are used."""
    return [module for module in encoder.modules() if isinstance(module, Convolution)]


def fold(encoder: Encoder, space) -> dict[str, torch.Tensor]:
    """The weights without batch normalisation and whitening, in half precision, on the CPU."""
    plain = Encoder().to(space.mean.device)
    for module, target in zip(convolutions(encoder), convolutions(plain), strict=True):
        weight, bias = torch.nn.utils.fusion.fuse_conv_bn_weights(
            module.conv.weight,
            module.conv.bias,
            module.norm.running_mean,
            module.norm.running_var,
            module.norm.eps,
            module.norm.weight,
            module.norm.bias,
        )
        target.conv.weight, target.conv.bias = weight, bias
    for name in ("narrow", "spread", "out"):
        getattr(plain, name).load_state_dict(getattr(encoder, name).state_dict())
    weight, bias = plain.out.weight.detach().clone(), plain.out.bias.detach().clone()
    units = FRAME_UNITS.to(weight.device)
    plain.out.weight = nn.Parameter(
        torch.cat([space.basis.T @ weight[:W_DIM], weight[W_DIM:] * units[:, None]])
    )
    plain.out.bias = nn.Parameter(
        torch.cat([space.mean + bias[:W_DIM] @ space.basis, bias[W_DIM:] * units])
    )
    return {name: t.detach().cpu().half().contiguous() for name, t in plain.state_dict().items()}


@torch.no_grad()
def unfold(plain: Encoder, space, x: torch.Tensor) -> Encoder:
    """A network to go on training that gives what a plain one gives, whitened.

    x: pictures (N, 3, 128, 128), as augmented, by which normalisation is set up. Filters have the
    size that they have in a new network, or rates of learning would not fit them.
    """
    encoder, seen = Encoder(norm=True).to(x.device), []
    hooks = [
        module.conv.register_forward_hook(lambda _, __, out: seen.append(out))
        for module in convolutions(plain)
    ]
    plain(x)
    for hook in hooks:
        hook.remove()
    for module, source, out in zip(convolutions(encoder), convolutions(plain), seen, strict=True):
        mean, variance = out.mean((0, 2, 3)), out.var((0, 2, 3), unbiased=False)
        scale = FILTER_NORM / source.conv.weight.flatten(1).norm(dim=1).clamp(min=1e-6)
        module.conv.weight.copy_(source.conv.weight * scale[:, None, None, None])
        module.conv.bias.copy_(source.conv.bias * scale)
        norm = module.norm
        norm.running_mean.copy_(mean * scale)
        norm.running_var.copy_(variance * scale.square())
        norm.weight.copy_((norm.running_var + norm.eps).sqrt() / scale)
        norm.bias.copy_(mean)
    for name in ("narrow", "spread"):
        getattr(encoder, name).load_state_dict(getattr(plain, name).state_dict())
    weight, bias = plain.out.weight, plain.out.bias
    units = FRAME_UNITS.to(x.device)
    encoder.out.weight.copy_(
        torch.cat([space.inverse.T @ weight[:W_DIM], weight[W_DIM:] / units[:, None]])
    )
    encoder.out.bias.copy_(
        torch.cat([(bias[:W_DIM] - space.mean) @ space.inverse, bias[W_DIM:] / units])
    )
    return encoder
