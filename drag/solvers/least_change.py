"""The linear algebra of a Gauss-Newton step: which change of the latents is the least."""

import torch

MAX_ROWS = 24  # of J; vector-Jacobian products in a step, but for the motion that is wanted
SMOOTHNESS = 0.1  # of the picture's side: handles so near to each other move alike
RETURN = 0.5  # share of the change that no handle needs which each step takes back


def motion_patterns(
    handles: torch.Tensor,
    wanted: torch.Tensor,
    img_size: tuple[int, int],
    device: torch.device | None = None,
) -> torch.Tensor:
    """Orthonormal patterns (2 N, P) of the motion of N handles, as many as are worth their cost.

    Few handles: each direction of each. Many move together where they are near: the smoothest
    patterns (of a Gaussian kernel on their places) and the motion that is wanted, (N, 2), stand
    for all.

    handles, wanted: on the CPU, where such small matrices are factored sooner.   device: of the
    patterns.
    """
    count = len(handles)
    if 2 * count <= MAX_ROWS:
        return torch.eye(2 * count, device=device)
    apart = torch.cdist(handles, handles) / (SMOOTHNESS * max(img_size))
    _, smooth = torch.linalg.eigh((-apart.square() / 2).exp())  # ascending
    smooth = smooth[:, -(MAX_ROWS // 2) :].contiguous()
    both = torch.kron(smooth, torch.eye(2))  # (2 N, P)
    wanted = (wanted / wanted.norm().clamp(min=1e-9)).flatten()[:, None]
    return torch.linalg.qr(torch.cat([wanted, both], 1)).Q.to(device)


def jacobian(outputs: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
    """The gradient of each of the outputs (P,): (P, *inputs.shape).

    On a CPU one after the other: in large windows that took three quarters of the time of four at
    once, in small ones about as long.
    """
    if outputs.is_cuda:
        units = torch.eye(len(outputs), device=outputs.device)
        return torch.autograd.grad(
            outputs, inputs, units, is_grads_batched=True, retain_graph=True
        )[0]
    return torch.stack(
        [torch.autograd.grad(output, inputs, retain_graph=True)[0] for output in outputs]
    )


def carried(rows: torch.Tensor, moved: torch.Tensor, change: torch.Tensor) -> torch.Tensor:
    """Rows (P, n), corrected by what a step has shown (Broyden's rule, 1965): they are to say of
    its change (n,) that the patterns moved by (P,), as they did, and the same as before of any
    other.
    """
    unforeseen = (moved - rows @ change) / change.square().sum().clamp(min=1e-12)
    return rows + torch.outer(unforeseen, change)


def least_change(
    change: torch.Tensor,
    rows: torch.Tensor,
    wanted: torch.Tensor,
    slack: torch.Tensor,
    unseen: float = 0.0,
) -> torch.Tensor:
    """The change of the latents that is to be tried next: u + d, with the step d of

        min_d  1/2 |d + rho u|^2 + 1/2 |rows d - wanted|^2 / slack^2,  rho = RETURN (1 - unseen)

    change: u, any shape of n coordinates.   rows: (P, n), the motion of the handles' patterns with
    it.   wanted: (P,), pixels.   slack: pixels that count as much as a change of one.   unseen: the
    share of the handles' motion that rows say nothing of; so much less is taken back.
    """
    u, firm = change.flatten(), rows / slack
    right = firm.T @ (wanted / slack) - RETURN * (1 - unseen) * u
    # (I + firm^T firm)^-1 right, by Woodbury's identity; without the check of `cholesky`, which
    # would wait for the device: it cannot fail.
    factor = torch.linalg.cholesky_ex(torch.eye(len(firm), device=u.device) + firm @ firm.T).L
    step = right - firm.T @ torch.cholesky_solve((firm @ right)[:, None], factor)[:, 0]
    return (u + step).view_as(change)
