"""Functions that several task files share."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from bench.api import AlgebraSampler, Group, Split, Truth
from bench.lie.action import Action
from bench.lie.algebra import se
from bench.lie.nullspace import linear_symmetries
from bench.lie.search_space import SearchSpace


def constant_median(train: Tensor, n: int) -> Tensor:
    """The constant predictor for absolute errors: the median of ``train (N,)``, repeated, ``(n,)`` float64."""
    return train.double().quantile(0.5).expand(n)


def least_squares(train: Split, x: Tensor) -> Tensor:
    """Ordinary least squares without intercept from all input coordinates, float64; ``(n, *shape_out)``.

    Input coordinates may depend on each other: only a singular value decomposition is safe then.
    """
    return _fitted(train, train.x.flatten(1).double(), x.flatten(1).double())


def affine_fit(train: Split, x: Tensor) -> Tensor:
    """The same with an intercept."""
    with_ones = [torch.nn.functional.pad(inputs.flatten(1).double(), (0, 1), value=1.0) for inputs in (train.x, x)]
    return _fitted(train, *with_ones)


def nearest_neighbour(train: Split, x: Tensor) -> Tensor:
    """The target of the closest training input (Euclidean, in the inputs' units), ``(n, *shape_out)``."""
    rows = train.x.flatten(1).double()
    nearest = [torch.cdist(part, rows).argmin(1) for part in x.flatten(1).double().split(1024)]  # type: ignore[no-untyped-call]
    return train.y[torch.cat(nearest)]


def computed_algebra(
    fn: Callable[[Tensor], Tensor],
    x: Tensor,
    actions: tuple[Action, Action],
    rtol: float,
    weights: Tensor | None = None,
) -> Callable[[SearchSpace], Tensor]:
    """Search space -> all of it that is a symmetry of ``fn`` on the inputs ``x`` (docs/metrics.md, section 6).

    Arguments as of :func:`bench.lie.nullspace.linear_symmetries`.
    """
    return lambda space: linear_symmetries(fn, x, space.basis, actions, rtol, weights).generators


def uniform_angles(generator_matrix: Tensor, half_width: float) -> AlgebraSampler:
    """Draws θ·T with θ ~ U(-half_width, half_width) in radians; T ``(d, d)`` -> ``(n, d, d)``."""

    def sample(n: int, generator: torch.Generator) -> Tensor:
        angle = half_width * (2.0 * torch.rand(n, generator=generator, dtype=torch.float64) - 1.0)
        return angle[:, None, None] * generator_matrix.to(angle)

    return sample


def haar_rotation_gaussian_shift(shift: float) -> AlgebraSampler:
    """Draws log(R, t) in se(3): R Haar on SO(3), t ~ N(0, shift²) per axis in Å; ``(n, 4, 4)``.

    R = exp(ω̂) has the angle density (1 − cos θ)/π on [0, π] and a uniform axis (from a uniform unit quaternion).
    exp([[ω̂, v], [0, 0]]) shifts by V(ω) v, so v = V(ω)⁻¹ t makes the shift t itself Gaussian.
    """

    def sample(n: int, generator: torch.Generator) -> Tensor:
        omega = haar_rotation_vectors(n, generator)
        t = shift * torch.randn(n, 3, generator=generator, dtype=torch.float64)
        algebra = torch.zeros(n, 4, 4, dtype=torch.float64)
        algebra[:, :3, :3] = hat(omega)
        algebra[:, :3, 3] = torch.linalg.solve(_left_jacobian(omega), t)
        return algebra

    return sample


def haar_rotation_vectors(n: int, generator: torch.Generator) -> Tensor:
    """Axis times angle of Haar rotations of space, from uniform unit quaternions; ``(n, 3)``, angles in [0, π]."""
    q = torch.randn(n, 4, generator=generator, dtype=torch.float64)
    q = q / q.norm(dim=1, keepdim=True)
    imaginary = q[:, 1:].norm(dim=1)
    angle = 2.0 * torch.atan2(imaginary, q[:, 0])  # (n,), in [0, 2π]
    angle = torch.where(angle > math.pi, angle - 2.0 * math.pi, angle)  # the shorter way round
    omega: Tensor = angle[:, None] * q[:, 1:] / imaginary[:, None]
    return omega


def haar_logarithms(dim: int) -> AlgebraSampler:
    """Draws logarithms of Haar elements of SO(dim): antisymmetric ``(n, dim, dim)``, turns of at most π."""

    def sample(n: int, generator: torch.Generator) -> Tensor:
        q, r = torch.linalg.qr(torch.randn(n, dim, dim, generator=generator, dtype=torch.float64))
        q = q * r.diagonal(dim1=1, dim2=2).sign()[:, None, :]  # Haar on O(dim)
        q[:, :, 0] *= torch.linalg.det(q).sign()[:, None]
        values, vectors = torch.linalg.eig(q)
        logarithms: Tensor = (vectors * values.log()[:, None, :] @ torch.linalg.inv(vectors)).real
        return 0.5 * (logarithms - logarithms.mT)

    return sample


#: Names of the generators of se(3), in the order of :func:`bench.lie.algebra.se`.
SE3_NAMES = ("rotation_xy", "rotation_xz", "rotation_yz", "shift_x", "shift_y", "shift_z")


def se3_parts(shift: float) -> dict[str, AlgebraSampler]:
    """Rotations alone (Haar), and translations alone (N(0, shift²) per axis in Å)."""

    def translations(n: int, generator: torch.Generator) -> Tensor:
        algebra = torch.zeros(n, 4, 4, dtype=torch.float64)
        algebra[:, :3, 3] = shift * torch.randn(n, 3, generator=generator, dtype=torch.float64)
        return algebra

    return {"rotations": haar_rotation_gaussian_shift(0.0), "translations": translations}


def se3_group(shift: float) -> Group:
    """se(3) with Haar rotations and shifts N(0, shift²) per axis in the unit of the points."""
    return Group(se(3), haar_rotation_gaussian_shift(shift))


def se3_truth(shift: float) -> Truth:
    """se(3), in every search space."""
    return Truth(se3_group(shift), lambda space: se(3), names=SE3_NAMES, parts=se3_parts(shift))


def content_sha256(splits: Iterable[Split]) -> str:
    """SHA-256 over inputs and targets, split by split, for data that are not in a file."""
    content = b"".join(part.numpy().tobytes() for split in splits for part in (split.x, split.y))
    return hashlib.sha256(content).hexdigest()


def hat(omega: Tensor) -> Tensor:
    """The antisymmetric matrix of ω × ·; ``(n, 3) -> (n, 3, 3)``."""
    x, y, z = omega.unbind(-1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).view(-1, 3, 3)


def _fitted(train: Split, known: Tensor, asked: Tensor) -> Tensor:
    """Least squares of the targets on ``known (N, p)``, predicted at ``asked (n, p)``."""
    solution = torch.linalg.lstsq(known, train.y.flatten(1).double(), rcond=1e-12, driver="gelsd").solution
    prediction: Tensor = asked @ solution
    return prediction.view(-1, *train.y.shape[1:])


def _left_jacobian(omega: Tensor) -> Tensor:
    """V(ω) = 1 + (1−cos θ)/θ² ω̂ + (θ−sin θ)/θ³ ω̂²; ``(n, 3) -> (n, 3, 3)``."""
    theta = omega.norm(dim=1)[:, None, None].clamp_min(1e-6)
    matrix = hat(omega)
    first = (1.0 - theta.cos()) / theta**2
    second = (theta - theta.sin()) / theta**3
    jacobian: Tensor = torch.eye(3, dtype=omega.dtype) + first * matrix + second * matrix @ matrix
    return jacobian
