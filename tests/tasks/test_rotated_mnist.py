"""Laws of the rotated digits: angles, splits, the disc, zero background, and metrics that know the truth."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from bench.api import Fitted, SymmetryEstimate
from bench.api.coefficients import uniform_sampler
from bench.api.parameters import from_values
from bench.api.training_problem import make_problem
from bench.datasets import mnist
from bench.datasets.cache import data_dir
from bench.lie.images import disc_mask
from bench.metrics.evaluate import evaluate, reference_scores
from bench.metrics.prediction import percent_correct
from bench.running.registry import load_registry
from bench.tasks.rotated_mnist import RotatedMNISTOptions, rotation, translations

ROTATION, TRANSLATIONS = rotation(), translations()
CPU = torch.device("cpu")
needs_digits = pytest.mark.skipif(
    not (data_dir() / "mnist" / "train-images-idx3-ubyte.gz").exists(), reason="needs mnist in SYMMETRY_BENCH_DATA"
)


REAL_LOAD = mnist.load


def wedge(n):
    """Images with one bright wedge to the right: their orientation can be read off."""
    image = np.zeros((28, 28), dtype=np.uint8)
    image[11:17, 15:26] = 255
    return np.repeat(image[None], n, axis=0)


@pytest.fixture(scope="module")
def load(module_patch, load_all):
    def fake(_, part):
        n = 60_000 if part == "train" else 10_000
        return mnist.Digits(wedge(n), np.arange(n, dtype=np.int64) % 10)

    module_patch.setattr(mnist, "load", fake)

    def load_task(name, rotation="once", train=256):
        task = load_registry().task(name)
        budget = dataclasses.replace(task.card.budgets["smoke"], train=train)
        options = from_values(RotatedMNISTOptions, {"width": 4, "rotation": rotation}, owner=name)
        return load_all(task, budget, options, data_dir()), task.card, budget

    return load_task


@pytest.fixture(scope="module")
def module_patch():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def angles_of(x):
    """The direction of the centre of mass of each image, degrees, clockwise from the right."""
    axis = torch.linspace(-1, 1, 28)
    right, down = (x[:, 0] * axis).sum((1, 2)), (x[:, 0] * axis[:, None]).sum((1, 2))
    return torch.rad2deg(torch.atan2(down, right))


def test_out_of_distribution_angles_are_those_that_training_lacks(load):
    data, _, _ = load("rotated_mnist_ood")
    for split, allowed in ((data.train, (0, 45)), (data.val, (0, 45)), (data.test, (45, 180))):
        angle = angles_of(split.x).abs()
        assert allowed[0] - 1 < float(angle.min()) < float(angle.max()) < allowed[1] + 1
    assert angles_of(data.train.x).std() > 20


def test_in_distribution_angles_fill_the_circle(load):
    data, _, _ = load("rotated_mnist_id")
    counts = torch.histc(angles_of(data.train.x), bins=8, min=-180, max=180)
    assert int(counts.min()) > 256 / 8 / 2


def test_a_smaller_training_set_is_the_head_of_a_larger_one(load):
    few, many = load("rotated_mnist_id", train=64)[0], load("rotated_mnist_id", train=256)[0]
    assert torch.equal(few.train.x, many.train.x[:64])
    assert torch.equal(few.train.y, many.train.y[:64])


def test_nothing_lies_outside_the_disc_and_the_background_of_training_units_is_zero(load):
    data, _, _ = load("rotated_mnist_id")
    problem = make_problem(data, "affine2d", CPU)
    corner = ~disc_mask(30)[1:-1, 1:-1]  # bilinear spill may reach one pixel out
    assert not bool(data.test.x[:, :, corner].any())
    assert float(problem.train.x.min()) == 0.0
    assert float(problem.train.x.std()) == pytest.approx(1.0, rel=1e-3)
    assert not problem.train.y.is_floating_point()


def test_images_may_be_turned_anew_in_every_epoch(load):
    data, _, _ = load("rotated_mnist_ood", rotation="epoch")
    problem = make_problem(data, "affine2d", CPU)
    generator = torch.Generator().manual_seed(0)
    first, second = (problem.train.redraw(torch.arange(64), generator) for _ in range(2))
    assert not torch.equal(first, second)
    for x in (first, second):
        assert float(angles_of(x).abs().max()) < 46
    assert float(first.max()) == pytest.approx(float(problem.train.x.max()), rel=0.02)  # training units as well
    assert load("rotated_mnist_ood")[0].train.redraw is None


class ByAngle(Fitted):
    """Says class 0 while the wedge points to the right, else class 1; knows nothing of a digit."""

    def __init__(self, generators=ROTATION):
        self.generators = generators

    def predict(self, x):
        ahead = (angles_of(x).abs() < 90).long()
        return torch.nn.functional.one_hot(1 - ahead, 10).float()

    def symmetry(self):
        return SymmetryEstimate(self.generators, uniform_sampler(self.generators, math.pi))


class Constant(ByAngle):
    def predict(self, x):
        return torch.full((len(x), 10), 0.1)


def scores_of(loaded, fitted):
    data, card, budget = loaded
    result = evaluate(fitted, data, card, budget, "affine2d")
    return {name: value for name, (value, _, _) in result.scores.items()}, result


def test_an_invariant_predictor_makes_no_equivariance_error(load):
    scores, _ = scores_of(load("rotated_mnist_ood"), Constant())
    for name in ("e", "e_prime", "e_prime_floor", "e_prime_within", "e_prime_beyond", "learned_e_prime"):
        assert scores[f"equivariance/{name}"] == 0.0
    assert scores["symmetry/precision"] == scores["symmetry/recall"] == pytest.approx(1.0)
    assert scores["symmetry/leakage_translation"] == 0.0


def test_the_curve_shows_where_a_predictor_that_sees_the_angle_changes(load):
    scores, result = scores_of(load("rotated_mnist_ood"), ByAngle())
    curve = result.arrays["orientation_curve"]
    assert curve.shape == (25, 3)
    ahead = np.abs(curve[:, 0]) < math.pi / 2 - 0.01
    behind = np.abs(curve[:, 0]) > math.pi / 2 + 0.01
    assert curve[ahead, 2] == pytest.approx(0.0)
    assert curve[behind, 2] == pytest.approx(math.sqrt(2))
    assert scores["equivariance/e_prime_within"] == pytest.approx(0.0)
    assert scores["equivariance/e_prime_beyond"] > 0.8
    assert scores["equivariance/e_prime_floor"] == 0.0  # there and back leaves the angle


def test_in_distribution_nothing_lies_beyond_the_training_angles(load):
    scores, _ = scores_of(load("rotated_mnist_id"), ByAngle())
    assert "test/accuracy_within" in scores
    assert "test/accuracy_beyond" not in scores


def test_a_rotation_about_another_centre_leaks_translation(load):
    off_centre = ROTATION + 0.5 * TRANSLATIONS[:1]
    scores, _ = scores_of(load("rotated_mnist_id"), Constant(off_centre))
    assert scores["symmetry/leakage_translation"] == pytest.approx(0.25 / 2.25)
    assert scores["symmetry/precision"] < 1.0


def test_accuracy_is_in_per_cent_of_the_most_probable_class():
    probabilities = torch.tensor([[0.2, 0.8], [0.6, 0.4]])
    assert percent_correct(probabilities, torch.tensor([1, 1])).tolist() == [100.0, 0.0]


@needs_digits
def test_real_digits_load_at_the_size_of_the_committed_boards(monkeypatch, load_all):
    monkeypatch.setattr(mnist, "load", REAL_LOAD)
    task = load_registry().task("rotated_mnist_id")
    options = from_values(RotatedMNISTOptions, {}, owner="rotated_mnist_id")
    data = load_all(task, "small", options, data_dir())
    assert (len(data.train), len(data.val), len(data.test)) == (12_000, 2000, 10_000)
    assert float(data.test.x.mean()) == pytest.approx(0.1307, rel=0.03)  # the disc and the turn lose little
    assert 8 < reference_scores(data, data)["constant"] < 14
    assert data.train.y.bincount().min() > 900
