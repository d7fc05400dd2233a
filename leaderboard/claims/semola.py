"""Statements of the SEMoLA paper on two bodies and the synthetic tasks, as checks on our rows.

Source: Santos Escriche, Jegelka (arXiv 2506.03914), Sections 5.2, A.4 and A.6. "Finds the symmetry" means a precision
of at least FOUND (what the generators do to data), "the textbook's matrices" a cosine of at least FOUND, and "an
alternative representation" the first with a cosine of at most ALTERNATIVE.
"""

from __future__ import annotations

from bench.leaderboard.claims.claims import Claim, ClaimCheck, at_least, below, better

FOUND, ALTERNATIVE = 0.9, 0.75
PRECISION, COSINE, ERROR = "symmetry/precision", "symmetry/cosine", "equivariance/e_prime"
ONE, THREE = ("nbody_1step_id", "nbody_1step_ood"), ("nbody_3step_id", "nbody_3step_ood")
GENERIC = ("nbody_eccentric_1step",)
SPACES = ("full", "mask2", "mask4")


def _on(tasks: tuple[str, ...], *checks: ClaimCheck) -> dict[str, tuple[ClaimCheck, ...]]:
    return dict.fromkeys(tasks, checks)


def _found(method: str, *spaces: str) -> tuple[ClaimCheck, ...]:
    return tuple(at_least(f"{method} [{space}]", PRECISION, FOUND) for space in spaces)


def _failed(method: str, *spaces: str) -> tuple[ClaimCheck, ...]:
    return tuple(below(f"{method} [{space}]", PRECISION, FOUND) for space in spaces)


def _alternative(method: str, space: str) -> tuple[ClaimCheck, ...]:
    return (*_found(method, space), below(f"{method} [{space}]", COSINE, ALTERNATIVE))


CLAIMS = (
    Claim(
        "5.2, Fig. 3",
        "without a mask, LieGAN and Augerino+ fail to find the symmetry",
        _on(ONE, *_failed("liegan", "full"), *_failed("augerino_plus", "full")),
    ),
    Claim(
        "5.2, A.4.5",
        "without a mask, SEMoLA finds an alternative representation of the rotation",
        _on(ONE, *_alternative("semola", "full")),
    ),
    Claim(
        "5.2, A.4.2",
        "in distribution, LieGAN finds the rotation with Mask_2",
        _on(ONE[:1], at_least("liegan [mask2]", COSINE, FOUND), *_found("liegan", "mask2")),
    ),
    Claim(
        "A.4.2",
        "in distribution, LieGAN with Mask_4 finds a noisy alternative representation",
        _on(ONE[:1], *_alternative("liegan", "mask4")),
    ),
    Claim("A.4.2", "out of distribution, LieGAN fails with Mask_2", _on(ONE[1:], *_failed("liegan", "mask2"))),
    Claim("5.2, A.4.2", "Augerino+ fails with either mask too", _on(ONE, *_failed("augerino_plus", "mask2", "mask4"))),
    Claim("A.4.2", "SEMoLA finds the symmetry under every mask", _on(ONE, *_found("semola", *SPACES))),
    Claim(
        "5.2, Table 3",
        "SEMoLA predicts better than the plain network and Augerino+, in MSE and E′",
        _on(
            ONE,
            *(
                better("semola [full]", other, s)
                for other in ("plain", "augerino_plus [full]")
                for s in ("test/mse", ERROR)
            ),
        ),
    ),
    Claim(
        "5.2, Table 3",
        "SEMoLA predicts slightly better than the network augmented with the true group",
        _on(ONE, better("semola [full]", "true+augment")),
    ),
    Claim(
        "A.4.2, Table 9",
        "EMLP predicts best, whichever basis it is built from",
        _on(ONE, *(better(f"liegan+emlp [{space}]", f"semola [{space}]") for space in SPACES)),
    ),
    Claim(
        "5.2, Table 3",
        "EMLP with the true group predicts better than SEMoLA under every mask",
        _on((*ONE, *THREE), *(better("true+emlp", f"semola [{space}]") for space in SPACES)),
    ),
    Claim(
        "A.4.2",
        "augmentation with LieGAN's generators works well with Mask_4 only",
        _on(
            ONE,
            better("liegan+augment [mask4]", "plain"),
            *(better("plain", f"liegan+augment [{space}]") for space in ("full", "mask2")),
        ),
    ),
    Claim(
        "A.4.3",
        "with three time steps SEMoLA still finds the symmetry under every mask",
        _on(THREE, *_found("semola", *SPACES)),
    ),
    Claim(
        "A.4.3",
        "with three time steps LieGAN and Augerino+ still fail under every mask",
        _on(THREE, *(c for method in ("liegan", "augerino_plus") for c in _failed(method, *SPACES))),
    ),
    Claim(
        "A.4.3, Table 12",
        "with three time steps SEMoLA without a mask predicts better than the plain network and Augerino+",
        _on(THREE, *(better("semola [full]", other) for other in ("plain", "augerino_plus [full]"))),
    ),
    Claim(
        "beyond the paper",
        "on almost circular orbits least squares predicts better than every network that the paper compares",
        _on((*ONE, *THREE), *(better("linear", o) for o in ("plain", "true+augment", "semola [full]"))),
    ),
    Claim(
        "beyond the paper",
        "on generic orbits, where time itself no longer moves states as the rotation does, SEMoLA without a mask still "
        "finds the rotation",
        _on(GENERIC, *_found("semola", "full")),
    ),
    Claim(
        "beyond the paper",
        "on generic orbits LieGAN without a mask finds the rotation, in an alternative representation",
        _on(GENERIC, *_alternative("liegan", "full")),
    ),
    Claim(
        "A.6.1, Table 15",
        "discrete rotation: SEMoLA finds the group around it, nearer than LieGAN, and Augerino+ fails",
        _on(
            ("discrete_rotation",),
            at_least("semola [full]", COSINE, FOUND),
            below("liegan [full]", COSINE, 0.999),
            below("augerino_plus [full]", COSINE, FOUND),
        ),
    ),
    Claim(
        "A.6.1, Table 16",
        "discrete rotation: the plain network predicts best",
        _on(
            ("discrete_rotation",),
            *(
                better("plain", other)
                for other in ("true+augment", "liegan+augment [full]", "semola [full]", "augerino_plus [full]")
            ),
        ),
    ),
    Claim(
        "A.6.2, Table 18",
        "partial permutation: SEMoLA finds the group, LieGAN and Augerino+ fail",
        _on(
            ("partial_permutation",),
            at_least("semola [full]", COSINE, FOUND),
            below("liegan [full]", COSINE, FOUND),
            below("augerino_plus [full]", COSINE, FOUND),
        ),
    ),
    Claim(
        "A.6.2, Table 19",
        "partial permutation: SEMoLA and the true augmentation predict best",
        _on(
            ("partial_permutation",),
            *(
                better(row, other)
                for row in ("semola [full]", "true+augment")
                for other in ("plain", "liegan+augment [full]", "augerino_plus [full]")
            ),
        ),
    ),
)
