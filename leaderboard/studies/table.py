"""The studies. A new one is a new entry here, and blocks of a suite that run its cells (docs/studies.md)."""

from __future__ import annotations

from bench.leaderboard.studies.study import PRIMARY, Axis, Study

_DEFECT, _RECALL, _PRECISION = "symmetry/defect_sup", "symmetry/recall", "symmetry/precision"
_E_PRIME = "equivariance/e_prime"
#: One generator is true on both; where the true map is not known there is no defect, and precision stands for it.
_ABLATED = ("nbody_eccentric_1step", "rotated_mnist_id")
_WEIGHT_SCORES = (PRIMARY, _DEFECT, _PRECISION)

STUDIES = (
    Study(
        id="semola_weight_augmentation",
        title="SEMoLA: weight against augmentations that move nothing",
        about="SEMoLA's loss has a term that is large while its generators move nothing. Its weight is 0, a tenth of "
        "the default, the default, and ten times that. The paper (Appendix A.7, in words) reports it harmless below a "
        "threshold and harmful above.",
        suite="ablations",
        tasks=_ABLATED,
        methods=("semola",),
        axis=Axis("weight_augmentation", "weight", (0.0, 1e-3, 1e-2, 1e-1)),
        scores=_WEIGHT_SCORES,
    ),
    Study(
        id="semola_weight_orthogonality",
        title="SEMoLA: weight against overlapping generators",
        about="This term of SEMoLA's loss is the overlap of each pair of generators. A single generator has nothing "
        "to overlap with, so the weight is varied while the method looks for three, two more than are true.",
        suite="ablations",
        tasks=_ABLATED,
        methods=("semola",),
        axis=Axis("weight_orthogonality", "weight", (0.0, 1e-2, 1e-1, 1.0)),
        fixed={"n_generators": 3},
        scores=(PRIMARY, _DEFECT, _RECALL, _PRECISION),
    ),
    Study(
        id="semola_weight_sparsity",
        title="SEMoLA: weight of sparsity",
        about="This term of SEMoLA's loss is the sum of the absolute entries of the generators. Its weight is 0, a "
        "tenth of the default, the default, and ten times that. The paper (Appendix A.7, in words) reports it harmless "
        "below a threshold and harmful above.",
        suite="ablations",
        tasks=_ABLATED,
        methods=("semola",),
        axis=Axis("weight_sparsity", "weight", (0.0, 1e-4, 1e-3, 1e-2)),
        scores=_WEIGHT_SCORES,
    ),
    Study(
        id="semola_copies",
        title="SEMoLA: augmentations per example",
        about="With K augmentations of each training example a step costs 1 + K passes. All points have the same "
        "passes, so more copies mean fewer steps. The paper (Appendix A.7, in words) reports that more augmentations "
        "help up to a quarter of the batch size.",
        suite="ablations",
        tasks=_ABLATED,
        methods=("semola",),
        axis=Axis("copies", "copies K", (1, 2, 4, 8)),
        scores=_WEIGHT_SCORES,
    ),
    Study(
        id="number_of_generators",
        title="A wrong number of generators",
        about="These methods are told how many generators to look for. The number that they are told here is the true "
        "one, which is 1, and then 1, 2 and 4 too many. *Recall* says whether the true generator still lies in the "
        "learned span, and *precision* how much of that span is true: at best 1 divided by the number.",
        suite="ablations",
        tasks=_ABLATED,
        methods=("semola", "liegan", "augerino_plus", "liegg_told", "atlasd"),
        axis=Axis("n_generators", "generators looked for", (1, 2, 3, 5)),
        scores=(PRIMARY, _DEFECT, _RECALL, _PRECISION),
    ),
    Study(
        id="remul_beta",
        title="REMUL: equivariance against the score",
        about="REMUL adds an equivariance loss of weight `beta` to the loss of the task. Its *anchor* is what the "
        "prediction on a moved input is compared with: the moved label, or the moved prediction on the original "
        "input. The group is the true one, so the curve shows what the weight trades, and nothing is discovered.",
        suite="remul",
        tasks=("nbody_eccentric_1step", "nbody_1step_ood", "toy_se3", "partial_permutation"),
        methods=("true+remul",),
        axis=Axis("beta", "beta", (0.0, 0.1, 1.0, 10.0)),
        series=Axis("anchor", "anchor", ("label", "function")),
        scores=(PRIMARY, _E_PRIME),
        against=(PRIMARY, _E_PRIME),
    ),
    Study(
        id="broken_symmetry",
        title="A symmetry that is broken a little more at each step",
        about="The Hopf field has the rotation of the plane. `task.eps` adds eps x² to it, which no linear motion "
        "survives: the relative defect of the rotation is .0064, .019, .064, .19 and .54 at .01, .03, .1, .3 and 1. "
        "Who finds the rotation, until which defect is it declared, and when does it no longer pay to use it?",
        suite="ladders",
        tasks=("dynamics_hopf",),
        methods=("plain", "true+augment", "true+remul", "true+emlp", "true+rpp", "semola", "liegg", "augerino_plus"),
        axis=Axis("task.eps", "eps", (0.0, 0.01, 0.03, 0.1, 0.3, 1.0)),
        scores=(PRIMARY, _E_PRIME, _DEFECT, "symmetry/declared", "symmetry/strength"),
    ),
)
