"""Score and equivariance error against the angle by which upright test inputs are turned.

Source: Benton et al. (Augerino, NeurIPS 2020), which plots predictions against the angle.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from bench.api.problem import Split
from bench.lie.action import Action


@torch.no_grad()
def orientation_curve(
    predict: Callable[[Tensor], Tensor],
    score: Callable[[Tensor, Tensor], Tensor],
    upright: Split,
    algebra: Tensor,
    actions: tuple[Action, Action],
    batch_size: int,
) -> Tensor:
    """Mean score, and mean ``||f(g x) - g f(x)||``, for each g = exp(A); ``(m, 2)`` float64.

    Args:
        predict: ``(b, *shape) -> (b, *shape_out)``.
        score: ``(prediction, target) -> (b,)``.
        upright: inputs ``(n, *shape)`` and their targets.
        algebra: ``(m, d, d)``, an angle in radians times the generator each.
        actions: on inputs, and on outputs and targets.
        batch_size: the most inputs that ``predict`` sees at once.
    """
    action_in, action_out = actions
    batches = list(zip(upright.x.split(batch_size), upright.y.split(batch_size), strict=True))  # type: ignore[no-untyped-call]
    predictions = [predict(x) for x, _ in batches]  # (b, *shape_out) each
    rows = []
    for a in algebra:
        totals = torch.zeros(2, dtype=torch.float64)
        for (x, y), f_x in zip(batches, predictions, strict=True):
            f_gx = predict(action_in.apply(a, x))
            error = (f_gx.double() - action_out.apply(a, f_x).double()).reshape(len(x), -1).norm(dim=1)
            totals += torch.stack([score(f_gx, action_out.apply(a, y)).sum(), error.sum()]).cpu()
        rows.append(totals / len(upright))
    return torch.stack(rows)
