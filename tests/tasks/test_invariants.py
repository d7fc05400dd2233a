"""Laws of the invariants family: formulas by their definitions, computed algebras, and what moving examples does."""

import time

import pytest
import torch

from bench.api import joined
from bench.api.parameters import from_values
from bench.errors import BenchError
from bench.lie.action import IdentityAction
from bench.lie.algebra import orthonormalise, so
from bench.lie.nullspace import linear_symmetries
from bench.lie.search_space import full
from bench.lie.vectors import VectorAction
from bench.metrics.defect import TrueMap, defect
from bench.metrics.evaluate import reference_scores
from bench.metrics.symmetry import span_share
from bench.running.loading import DataSource
from bench.running.registry import load_registry
from bench.tasks.invariants import InertiaOptions, moment_of_inertia, of_lengths_and_angle, scattering

REGISTRY = load_registry()
#: Task -> dimension of its true algebra, and of the textbook's.
DIMENSIONS = {"o5": (10, 10), "emu": (6, 6), "inertia": (4, 3), "spring_pendulum": (1, 1)}
#: λ -> defect of a rotation about the x axis under the modified moment of inertia, as the field scan has it.
LADDER = {0.03: 0.0307, 0.1: 0.0987, 0.3: 0.264, 1.0: 0.581}
#: Constant predictors' errors of the published data.
CONSTANTS = {"o5": 38.5, "emu": 0.730, "inertia": 10.97}


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def parts(name, budget="smoke", folder=None, seed=0, **options):
    task = REGISTRY.task(name)
    size = task.card.budgets[budget]
    source = DataSource(task, size, from_values(task.Options, options, owner=name), folder, seed)
    training = source.training()
    return joined(training, source.evaluation(training))


@pytest.fixture(scope="module")
def data():
    return {name: parts(name) for name in DIMENSIONS}


@pytest.mark.parametrize("name", DIMENSIONS)
def test_the_computed_algebra_has_its_dimension_and_holds_the_textbook(data, name):
    true, textbook = DIMENSIONS[name]
    algebra = data[name].truth.algebra(data[name].spaces["full"])
    assert (len(algebra), len(data[name].truth.textbook)) == (true, textbook)
    assert REGISTRY.task(name).card.cardinality == true
    assert span_share(data[name].truth.textbook, orthonormalise(algebra)) == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize("name", DIMENSIONS)
def test_labels_move_with_the_computed_group_and_with_no_random_matrix(data, name):
    task, x = data[name], data[name].generic[:64]
    basis = torch.nn.functional.normalize(task.truth.algebra(task.spaces["full"]).flatten(1), dim=1)
    d = task.action_in.dim
    inside = (0.3 * normal(64, len(basis)) @ basis).view(64, d, d)
    outside = 0.3 * normal(64, d, d)
    label = REGISTRY.task(name).law(from_values(REGISTRY.task(name).Options, {}, owner=name)).label

    def missed(algebra):
        expected = task.action_out.apply(algebra, label(x))
        return (label(task.action_in.apply(algebra, x)) - expected).abs() / label(x).abs().max()

    assert float(missed(inside).max()) < 1e-12
    assert float(missed(outside).median()) > 1e-3


@pytest.mark.parametrize("name", DIMENSIONS)
def test_the_true_groups_draws_are_symmetries_and_bounded(data, name):
    task = data[name]
    algebra = task.truth.sample(500, torch.Generator().manual_seed(0))
    moved = task.action_in.apply(algebra, task.generic)
    residual = task.true_map(moved) - task.action_out.apply(algebra, task.true_map(task.generic))
    assert float(residual.abs().max()) < 1e-9 * float(task.true_map(task.generic).abs().max())
    assert float(torch.linalg.matrix_norm(torch.matrix_exp(algebra), 2).max()) < 2.72
    assert float((moved - task.generic).norm() / task.generic.norm()) > 0.1


def test_draws_of_compact_groups_are_haar():
    for d in (3, 5):
        task = REGISTRY.task({3: "inertia", 5: "o5"}[d])
        g = torch.matrix_exp(task.group(InertiaOptions(), None).sample(4000, torch.Generator().manual_seed(0)))
        torch.testing.assert_close(g.mean(0), torch.zeros(d, d, dtype=torch.float64), atol=0.05, rtol=0)
        trace = g.diagonal(dim1=1, dim2=2).sum(1)
        assert float(trace.square().mean()) == pytest.approx(1.0, abs=0.1)  # one irreducible representation


def test_the_ladder_of_broken_rotations(data):
    states, action_in, action_out = data["inertia"].generic, data["inertia"].action_in, data["inertia"].action_out
    about_x = so(3)[2:]
    for lam, expected in LADDER.items():
        task = parts("inertia", lam=lam)
        known = TrueMap(task.true_map, states, task.field_weights)
        assert defect(about_x, known, (action_in, action_out)).sup == pytest.approx(expected, rel=0.03)
        algebra = task.truth.algebra(full(3))
        assert len(algebra) == 2  # turns about z, and scaling
        kept = torch.stack([so(3)[0], torch.eye(3, dtype=torch.float64)])
        assert span_share(kept, orthonormalise(algebra)) == pytest.approx(1.0, abs=1e-8)
        assert torch.equal(task.train.x, data["inertia"].train.x)  # steps of the ladder share their inputs


@pytest.mark.parametrize("lam", [-0.1, 11.0, float("nan")])
def test_lambda_out_of_range_is_refused_in_one_line(lam):
    with pytest.raises(BenchError) as refused:
        InertiaOptions(lam)
    assert "\n" not in str(refused.value)
    assert "'lam' of InertiaOptions" in str(refused.value)
    assert "[0, 10]" in str(refused.value)


def test_scattering_is_the_contraction_of_the_two_tensors():
    eta = torch.diag(torch.tensor([1.0, -1.0, -1.0, -1.0], dtype=torch.float64))
    for p in normal(5, 4, 4):
        p1, p2, p3, p4 = p
        electron = torch.outer(p1, p3) - (p1 @ eta @ p3 - p1 @ eta @ p1) * eta
        muon = torch.outer(eta @ p2, eta @ p4) - (p2 @ eta @ p4 - p2 @ eta @ p2) * eta
        torch.testing.assert_close(scattering(p[None])[0, 0, 0], 4.0 * (electron * muon).sum())


def test_the_other_formulas_are_sums_over_bodies_and_lengths():
    x, eye = normal(4, 5, 4), torch.eye(3, dtype=torch.float64)
    expected = torch.stack(
        [sum(m * (r @ r * eye - torch.outer(r, r)) for m, r in zip(b[:, 0], b[:, 1:], strict=True)) for b in x]
    )
    torch.testing.assert_close(moment_of_inertia(x), expected)
    z = eye[2]
    modified = torch.stack([inertia + 0.3 * torch.outer(inertia @ z, z) for inertia in expected])
    torch.testing.assert_close(moment_of_inertia(x, 0.3), modified)
    (a, b) = pair = normal(2, 5)
    cosine = torch.nn.functional.cosine_similarity(a, b, 0)
    torch.testing.assert_close(of_lengths_and_angle(pair[None])[0, 0, 0], a.norm().sin() - b.norm() ** 3 / 2 + cosine)


def test_scattering_in_gl16_has_a_seventh_generator(data):
    x = data["emu"].generic[:400]
    flat = x.flatten(1)
    actions = VectorAction(16), IdentityAction(16)
    known = linear_symmetries(lambda z: scattering(z.view(-1, 4, 4)), flat, full(16).basis, actions, rtol=1e-9)
    squeeze = torch.kron(torch.diag(torch.tensor([1.0, -1.0, 1.0, -1.0])), torch.eye(4)).double()
    assert len(known.generators) == 7
    assert span_share(squeeze[None], orthonormalise(known.generators)) == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize("name", DIMENSIONS)
def test_sizes_are_those_of_the_budget_and_data_are_made_in_seconds(name):
    started = time.process_time()
    task = parts(name, "small")
    assert time.process_time() - started < 10.0
    assert [len(split) for split in (task.train, task.val, task.test)] == [10_000, 1_000, 2_000]
    scores = reference_scores(task, task)
    assert scores["linear"] < 1.05 * scores["constant"]
    assert scores["nearest"] < scores["constant"]
    if name in CONSTANTS:
        assert scores["constant"] == pytest.approx(CONSTANTS[name], rel=0.1)
