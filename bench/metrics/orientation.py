"""Score and equivariance error against the angle by which upright test inputs are turned.

Source: Benton et al. (Augerino, NeurIPS 2020), which plots predictions against the angle.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from bench.lie.action import Action


@torch.no_grad()
def orientation_curve(
    predict: Callable[[Tensor], Tensor],
    score: Callable[[Tensor, Tensor], Tensor],
    x: Tensor,
    y: Tensor,
    direction: Tensor,
    angles: Tensor,
    action_in: Action,
    action_out: Action,
    batch_size: int,
) -> Tensor:
    """Mean score, and mean ``||f(g x) - g f(x)||``, for g = exp(angle * direction); ``(m, 2)`` float64.

    Args:
        predict: ``(b, *shape) -> (b, *shape_out)``.
        score: ``(prediction, target) -> (b,)``.
        x: ``(n, *shape)`` upright inputs; y: ``(n, *shape_out)`` their targets.
        direction: ``(d, d)``.
        angles: ``(m,)`` radians.
        action_in: how g acts on inputs; action_out: on outputs and targets.
        batch_size: the most inputs that ``predict`` sees at once.
    """
    upright = torch.cat([predict(part) for part in x.split(batch_size)])  # type: ignore[no-untyped-call]  # (n, *shape_out)
    rows = []
    for angle in angles.tolist():
        totals = torch.zeros(2, dtype=torch.float64)
        for part, target, f_x in zip(x.split(batch_size), y.split(batch_size), upright.split(batch_size), strict=True):  # type: ignore[no-untyped-call]
            g = angle * direction  # (d, d)
            f_gx = predict(action_in.apply(g, part))
            error = (f_gx.double() - action_out.apply(g, f_x).double()).reshape(len(part), -1).norm(dim=1)
            totals += torch.stack([score(f_gx, action_out.apply(g, target)).sum(), error.sum()]).cpu()
        rows.append(totals / len(x))
    return torch.stack(rows)
