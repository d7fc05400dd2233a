"""What this benchmark adds to the paper: statements on its own tasks and controls, written before the runs."""

from __future__ import annotations

from bench.leaderboard.claims.claim import Claim
from bench.leaderboard.claims.criteria import Better, better, finds, no_false_discovery

ECCENTRIC = ("nbody_eccentric_1step", "nbody_eccentric_3step")
CONTROL = ("toy_se3_control",)

CLAIMS = (
    Claim(
        "ours",
        "generic orbits, one step: SEMoLA finds the rotation without a mask, and with Mask_2",
        ECCENTRIC[:1],
        (finds("semola [full]"), finds("semola [mask2]")),
    ),
    Claim(
        "ours",
        "generic orbits: LieGAN finds the rotation without a mask, as its authors run it",
        ECCENTRIC,
        (finds("liegan [full] published"),),
    ),
    Claim(
        "ours",
        "generic orbits: Augerino+ finds the rotation without a mask",
        ECCENTRIC,
        (finds("augerino_plus [full]"),),
    ),
    Claim(
        "ours",
        "generic orbits: at equal passes SEMoLA predicts better than the plain network",
        ECCENTRIC,
        (Better("semola [full]", "plain"),),
    ),
    Claim(
        "ours",
        "generic orbits: at equal passes the true augmentation predicts better than the plain network",
        ECCENTRIC,
        (Better("true+augment", "plain"),),
    ),
    Claim(
        "ours",
        "generic orbits: EMLP with the true rotation predicts better than every method that learns it",
        ECCENTRIC,
        better("true+emlp", ("semola [full]", "liegan+augment [full]", "augerino_plus [full]")),
    ),
    Claim(
        "ours",
        "generic orbits: networks predict better than least squares",
        ECCENTRIC,
        tuple(Better(row, "linear") for row in ("plain", "true+augment", "semola [full]")),
    ),
    Claim(
        "ours",
        "partial permutation: at equal passes SEMoLA predicts better than the plain network",
        ("partial_permutation",),
        (Better("semola [full]", "plain"),),
    ),
    Claim(
        "ours",
        "distances of four points: SEMoLA finds se(3) among the affine maps",
        ("toy_se3",),
        (finds("semola [affine3d]"),),
    ),
    Claim(
        "ours",
        "distances of four points: Augerino+ finds se(3) among the affine maps",
        ("toy_se3",),
        (finds("augerino_plus [affine3d]"),),
    ),
    Claim(
        "ours",
        "distances of four points: at equal passes SEMoLA and the true augmentation beat the plain network",
        ("toy_se3",),
        tuple(Better(row, "plain") for row in ("semola [affine3d]", "true+augment")),
    ),
    Claim(
        "ours",
        "distances of four points: averaged over the group too, the true augmentation predicts better than SEMoLA",
        ("toy_se3",),
        (Better("true+augment", "semola [affine3d]", "test/mse_average"),),
    ),
    Claim(
        "ours",
        "a control without symmetry: SEMoLA declares nothing",
        CONTROL,
        (no_false_discovery("semola [affine3d]"),),
    ),
    Claim(
        "ours",
        "a control without symmetry: Augerino and Augerino+ declare nothing",
        CONTROL,
        (no_false_discovery("augerino"), no_false_discovery("augerino_plus [affine3d]")),
    ),
)
