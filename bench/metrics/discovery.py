"""Did a method find the symmetry? Every score of returned and of declared generators, and the three verdicts.

Source: docs/metrics.md, section 5: a run finds the symmetry, finds part of it, or makes a false discovery.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import partial

from torch import Tensor

from bench.api import TaskData
from bench.lie.field import field_gram
from bench.lie.search_space import SearchSpace
from bench.metrics.defect import TrueMap, defect
from bench.metrics.symmetry import closure_defect, compare, cosine_and_mae, found_shares, span_basis, span_share

#: Largest defect of what passes for a symmetry, least share of the truth that passes for all of it, and least
#: precision of a symmetry where the true map is not known.
DEFECT, RECALL, PRECISION = 0.1, 0.9, 0.9
#: A recall at or below this is rounding.
NOTHING = 1e-6
#: Inputs on which the field inner product is measured.
GRAM_INPUTS = 500


def discovery_scores(
    learned: Tensor, declared: Tensor, data: TaskData, space: SearchSpace, control: bool
) -> dict[str, float]:
    """Scores by name, without ``symmetry/``; those of which the task does not know the truth are absent.

    Args:
        learned: ``(k, d, d)``, in physical units.
        declared: ``(k,)`` bool, the generators that the method stands by.
        control: the task is made without any symmetry.
    """
    learned = learned.double().cpu()
    states = data.val.x if data.generic is None else data.generic
    gram_of = partial(field_gram, data.action_in, states[:GRAM_INPUTS].cpu(), weights=data.field_weights)
    scores = {"closure_defect": closure_defect(learned, gram_of)}
    if data.truth is not None:
        scores |= _against_truth(learned, data, space, gram_of(space.basis))
    if data.time_flow is not None and bool((data.time_flow[~space.mask] == 0).all()):
        flow = data.time_flow[None]
        scores["time_flow_share"] = compare(learned, flow, space.basis, gram_of(space.basis)).precision
    known = _true_map(data)
    if known is not None and len(learned):  # nothing has no defect: 0 would read as perfect
        actions = data.action_in, data.action_out
        whole = defect(span_basis(learned, gram_of), known, actions)
        scores |= {"defect_sup": whole.sup, "defect_mean": whole.mean}
    if known is not None or data.truth is not None or control:
        scores["false_discovery"] = float(_any_false(learned[declared.cpu()], data, space, known))
    return scores | _verdicts(scores, data)


def _true_map(data: TaskData) -> TrueMap | None:
    if data.generic is None or data.true_map is None:
        return None
    return TrueMap(data.true_map, data.generic[:GRAM_INPUTS].double(), data.field_weights)


def _against_truth(learned: Tensor, data: TaskData, space: SearchSpace, gram: Tensor) -> dict[str, float]:
    assert data.truth is not None
    truth = data.truth
    scores = {
        name: float(value) for name, value in asdict(compare(learned, truth.algebra(space), space.basis, gram)).items()
    }
    for name, share in zip(
        truth.names, found_shares(learned, truth.textbook, space.basis, gram).tolist(), strict=False
    ):
        scores[f"found_{name}"] = share
    if truth.on_data is not None:
        on_data = field_gram(data.action_in, data.val.x[:GRAM_INPUTS].cpu(), space.basis, data.field_weights)
        scores["precision_on_data"] = compare(learned, truth.on_data, space.basis, on_data).precision
    for name, matrices in truth.leakage.items():
        scores[f"leakage_{name}"] = span_share(learned, matrices)
    return scores | asdict(cosine_and_mae(learned, truth.textbook))


def _verdicts(scores: dict[str, float], data: TaskData) -> dict[str, float]:
    """``finds`` and ``finds_part`` of what was returned, 0 or 1 each; none where there is nothing to find."""
    if data.truth is None or scores["true_dimension"] == 0:
        return {}
    right = scores["defect_sup"] <= DEFECT if "defect_sup" in scores else scores["precision"] >= PRECISION
    something = scores["dimension"] > 0 and scores["recall"] > NOTHING
    return {"finds": float(right and scores["recall"] >= RECALL), "finds_part": float(right and something)}


def _any_false(generators: Tensor, data: TaskData, space: SearchSpace, known: TrueMap | None) -> bool:
    """Whether one of the declared ``(k, d, d)`` is not a symmetry; one that moves nothing is not false."""
    if known is not None:
        return bool((defect(generators, known, (data.action_in, data.action_out)).each > DEFECT).any())
    if data.truth is None:
        return len(generators) > 0  # nothing is a symmetry of a control
    gram = field_gram(data.action_in, data.val.x[:GRAM_INPUTS].cpu(), space.basis, data.field_weights)
    truth = data.truth.algebra(space)
    return any(compare(one[None], truth, space.basis, gram).precision < PRECISION for one in generators)
