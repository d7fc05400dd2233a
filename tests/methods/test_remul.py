"""Laws of REMUL: its defaults are augment, without a moved term it is plain, weights and anchors do as they say."""

import dataclasses
import math
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import bench.api.checkpoint
from bench.api import Problem, RunContext, Split, SymmetryEstimate
from bench.api.coefficients import uniform_sampler
from bench.api.training import TrainingParameters
from bench.errors import BenchError
from bench.lie.action import IdentityAction
from bench.lie.search_space import full
from bench.lie.vectors import VectorAction
from bench.methods.augment import Augment, AugmentParams
from bench.methods.plain import Plain
from bench.methods.remul import Remul, RemulParams
from bench.records.cell import make_cell
from bench.running.registry import load_registry
from bench.running.worker import Work, run_cell

CPU = torch.device("cpu")
TURN = torch.tensor([[[0.0, -1.0], [1.0, 0.0]]])
NOTHING = TURN[:0]
#: Keys of the history that only REMUL writes.
WEIGHTS = ("train/weight_task", "train/weight_equivariance")


def problem(generators=TURN, classes=False):
    """Points turned by an angle that grows with their radius; or the points' ring among three."""
    x = torch.randn(256, 1, 2, generator=torch.Generator().manual_seed(0))
    radius = x.norm(dim=2)  # (256, 1)
    y = (radius[:, 0] > 1).long() + (radius[:, 0] > 2) if classes else x @ torch.matrix_exp(radius[..., None] * TURN).mT
    split, action = Split(x, y), VectorAction(2)

    def backbone():
        layers = [nn.Flatten(), nn.Linear(2, 16), nn.BatchNorm1d(16), nn.ReLU()]
        return nn.Sequential(*layers, nn.Linear(16, 3 if classes else 2), nn.Unflatten(1, (3,) if classes else (1, 2)))

    return Problem(
        split, split, action, IdentityAction(2) if classes else action, full(2),
        F.cross_entropy if classes else F.mse_loss, backbone, CPU,
        link=partial(torch.softmax, dim=1) if classes else lambda prediction: prediction,
        given=SymmetryEstimate(generators, uniform_sampler(generators, math.pi)),
    )  # fmt: skip


def fit(method, kind, case, tmp_path, seed=0, **params):
    chosen = {"passes": 2560, "batch_size": 32, "lr": 5e-3} | params
    ctx = RunContext(kind(**chosen), seed, CPU, tmp_path)
    return method.fit(case, ctx), ctx


remul = partial(fit, Remul(), RemulParams)
augment = partial(fit, Augment(), AugmentParams)
plain = partial(fit, Plain(), TrainingParameters)


def predictions(fitted):
    return fitted.predict(problem().train.x[:20])


def without(history, *names):
    return {name: values for name, values in history.items() if name not in names}


@pytest.mark.parametrize("classes", [False, True])
@pytest.mark.parametrize("copies", [1, 3])
def test_with_its_defaults_it_is_augment_bit_for_bit(tmp_path, copies, classes):
    ours, ctx = remul(problem(classes=classes), tmp_path, copies=copies)
    theirs, other = augment(problem(classes=classes), tmp_path, copies=copies)
    for name, predict in ours.strategies().items():
        assert torch.equal(predict(problem().train.x), theirs.strategies()[name](problem().train.x))
    assert without(ctx.history, *WEIGHTS) == other.history
    assert (ctx.steps, ctx.passes, ctx.samples) == (other.steps, other.passes, other.samples)
    assert all(value == 1.0 for name in WEIGHTS for _, value in ctx.history[name])


@pytest.mark.parametrize("params", [{"alpha": 0.5, "beta": 2.0}, {"weights": "linear"}, {"weights": "gradnorm"}])
def test_other_weights_give_other_predictions(tmp_path, params):
    ours, ctx = remul(problem(), tmp_path, **params)
    theirs, other = augment(problem(), tmp_path)
    assert not torch.equal(predictions(ours), predictions(theirs))
    assert ctx.passes == other.passes


@pytest.mark.parametrize(
    ("method", "generators", "params"),
    [
        (remul, TURN, {"beta": 0.0}),
        (remul, TURN, {"beta": 0.0, "weights": "gradnorm", "anchor": "function"}),
        (remul, NOTHING, {}),
        (remul, NOTHING, {"weights": "gradnorm"}),
        (remul, NOTHING, {"alpha": 0.0}),
        (augment, NOTHING, {"copies": 3}),
    ],
)
def test_without_a_moved_term_it_is_plain_bit_for_bit(tmp_path, method, generators, params):
    ours, ctx = method(problem(generators), tmp_path, **params)
    theirs, other = plain(problem(), tmp_path)
    assert torch.equal(predictions(ours), predictions(theirs))
    assert without(ctx.history, "train/task") == other.history
    assert (ctx.steps, ctx.passes) == (other.steps, other.passes) == (80, 2560)


@pytest.mark.parametrize("method", [remul, augment])
def test_without_generators_the_averaged_prediction_is_the_plain_one(tmp_path, method):
    fitted, _ = method(problem(NOTHING), tmp_path, inference="average", inference_copies=3)
    x = problem().train.x
    torch.testing.assert_close(fitted.predict(x), fitted.strategies()["plain"](x))
    assert fitted.symmetry().generators.shape == (0, 2, 2)


def test_moved_samples_alone_are_augmentation_and_cost_their_own_passes_only(tmp_path):
    ours, ctx = remul(problem(), tmp_path, alpha=0.0)
    assert (ctx.steps, ctx.passes) == (80, 2560)
    assert set(ctx.history) == {"train/loss", "train/equivariance", "val/loss"}
    assert not torch.equal(predictions(ours), predictions(augment(problem(), tmp_path)[0]))
    still, _ = remul(problem(torch.zeros(1, 2, 2)), tmp_path, alpha=0.0)
    assert torch.equal(predictions(still), predictions(plain(problem(), tmp_path)[0]))


@pytest.mark.parametrize(
    "params", [{"anchor": "function"}, {"weights": "gradnorm"}, {"weights": "linear"}, {"beta": 0.0}]
)
def test_labels_must_count_somewhere(params):
    with pytest.raises(BenchError, match="alpha of remul is 0"):
        RemulParams(**({"alpha": 0.0} | params))


def test_a_linear_weight_rises_from_0_to_beta_with_the_passes(tmp_path):
    _, ctx = remul(problem(), tmp_path, weights="linear", beta=4.0, alpha=0.5)
    means = [value for _, value in ctx.history["train/weight_equivariance"]]
    # Five epochs of eight steps: the mean weight of epoch e is 4 (8 e + 3.5) / 40.
    assert means == pytest.approx([4 * (8 * epoch + 3.5) / 40 for epoch in range(5)])
    assert [value for _, value in ctx.history["train/weight_task"]] == pytest.approx([0.5] * 5)
    task, moved = ([value for _, value in ctx.history[f"train/{name}"]] for name in ("task", "equivariance"))
    assert all(value > 0 for value in (*task, *moved))


def test_gradnorm_starts_at_alpha_and_beta_keeps_their_sum_and_takes_no_further_pass(tmp_path):
    _, ctx = remul(problem(), tmp_path, weights="gradnorm", alpha=2.0, beta=1.0, eta=1e-4)
    first, second = ([value for _, value in ctx.history[name]] for name in WEIGHTS)
    assert (first[0], second[0]) == pytest.approx((2.0, 1.0), abs=0.01)
    assert [a + b for a, b in zip(first, second, strict=True)] == pytest.approx([3.0] * 5)
    assert first[-1] != first[0]
    assert (ctx.steps, ctx.passes) == (40, 2560)


def test_gradnorm_keeps_the_weights_of_two_equal_losses(tmp_path):
    # A generator that moves nothing makes both losses one, but for batch norm, which a network without it has not.
    bare = dataclasses.replace(
        problem(torch.zeros(1, 2, 2)), backbone=lambda: nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
    )
    _, ctx = remul(bare, tmp_path, weights="gradnorm", passes=6400)
    assert ctx.steps == 100
    assert [value for _, value in ctx.history[WEIGHTS[0]]] == pytest.approx([1.0] * 13, abs=1e-3)


def turning_defect(fitted):
    x = problem().train.x
    turn = torch.matrix_exp(2.0 * TURN[0])
    return float((fitted.predict(x @ turn.mT) - fitted.predict(x) @ turn.mT).square().mean())


def test_the_function_anchor_leaves_a_smaller_equivariance_error_than_the_label(tmp_path):
    defects = {
        anchor: turning_defect(remul(problem(), tmp_path, anchor=anchor, beta=10.0, passes=12_800)[0])
        for anchor in ("label", "function", "function_stop")
    }
    assert len(set(defects.values())) == 3
    assert defects["function"] < 0.5 * defects["label"]


@pytest.mark.parametrize("anchor", ["function", "function_stop"])
def test_the_function_anchor_compares_probabilities_where_targets_are_classes(tmp_path, anchor):
    case = problem(classes=True)
    fitted, ctx = remul(case, tmp_path, anchor=anchor, passes=12_800)
    losses = [value for _, value in ctx.history["val/loss"]]
    assert losses[-1] < losses[0]
    torch.testing.assert_close(fitted.predict(case.val.x).sum(1), torch.ones(256))


@pytest.mark.parametrize(("method", "name"), [(remul, "remul"), (augment, "augment")])
def test_generators_that_are_not_finite_are_refused_in_one_line(tmp_path, method, name):
    broken = torch.cat([TURN, torch.full_like(TURN, torch.nan)])
    with pytest.raises(BenchError, match=rf"^{name}: generator 2 of 2 has entries that are not finite\.$"):
        method(problem(broken), tmp_path)


@pytest.mark.parametrize("params", [{}, {"weights": "gradnorm"}], ids=str)
def test_a_run_that_was_killed_continues_with_the_same_numbers(tmp_path, monkeypatch, params):
    monkeypatch.setattr(bench.api.checkpoint, "EVERY_S", 0.0)
    values = {"passes": 2560, "batch_size": 32} | params
    undisturbed, whole = remul(problem(), tmp_path, **values, lr=1e-3)

    def context(on_progress):
        return RunContext(RemulParams(**values), 0, CPU, tmp_path, on_progress, tmp_path / "kept", "this cell")

    def killed(done, total):
        if done == 3 * 512:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Remul().fit(problem(), context(killed))
    said = []
    again = context(lambda done, total: said.append(done))
    assert torch.equal(predictions(Remul().fit(problem(), again)), predictions(undisturbed))
    assert said == [1536, 2048, 2560]
    assert again.history == whole.history


def test_a_cell_of_the_runner_is_that_of_augment(tmp_path):
    registry, results = load_registry(), {}
    for name in ("true+remul", "true+augment"):
        task, method = registry.task("toy_se3"), registry.method(name)
        cell = make_cell(task, method, search=None, budget="smoke", seed=0, fingerprint="x")
        results[name] = run_cell(Work(cell, task, method, CPU, tmp_path), lambda **message: None)
    (ours, arrays), (theirs, others) = results.values()
    assert ours.status == "ok", ours.reason
    assert ours.scores == theirs.scores
    assert (ours.cost.passes, ours.cost.steps) == (theirs.cost.passes, theirs.cost.steps)
    assert set(arrays) - set(others) == {f"history/{name}" for name in WEIGHTS}
    assert all((arrays[name] == others[name]).all() for name in others)
