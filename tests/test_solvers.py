"""What turns losses into steps."""

import torch

from drag.solvers import AdamUpdate


def test_a_step_of_adam_is_that_of_the_library():
    ours = torch.zeros(1, 6, 512)
    theirs = torch.zeros(1, 6, 512, requires_grad=True)
    update, optimizer = AdamUpdate(ours, 2e-3), torch.optim.Adam([theirs], lr=2e-3)
    torch.manual_seed(0)
    for scale in (1, 1e-3, 0, 1e-9, 100, 1, 1):
        theirs.grad = scale * torch.randn(1, 6, 512)
        update(theirs.grad)
        optimizer.step()
        torch.testing.assert_close(ours, theirs.detach(), rtol=1e-6, atol=1e-9)
