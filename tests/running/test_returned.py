"""What a method returns is checked wherever it is used: one line names the method, what came and what is expected."""

import pytest
import torch

from bench.api import Fitted, SymmetryEstimate
from bench.api.coefficients import uniform_sampler
from bench.contract.subject import Subject
from bench.contract.toys import TINY, toys
from bench.errors import BenchError
from bench.methods.plain import Plain
from bench.running.returned import CheckedFitted

TURN = torch.tensor([[[0.0, -1.0], [1.0, 0.0]]])


class Free(Fitted):
    """Returns what it is told to."""

    def __init__(self, prediction=None, estimate=None):
        self.prediction, self.estimate = prediction, estimate

    def predict(self, x):
        return self.prediction

    def strategies(self):
        return {"plain": self.predict}

    def symmetry(self):
        return self.estimate


def checked(fitted, toy=0):
    subject = Subject(Plain(), toys()[toy], None, TINY)
    return CheckedFitted(fitted, "mine", subject.problem(subject.data))


@pytest.mark.parametrize(
    ("toy", "prediction", "words"),
    [
        (0, "7", "gave a str; for 5 inputs it must give a tensor (5, 1, 2)."),
        (0, None, "gave a NoneType; for 5 inputs it must give a tensor (5, 1, 2)."),
        (0, torch.zeros(5, 2), "gave a tensor (5, 2); for 5 inputs it must give a tensor (5, 1, 2)."),
        (0, torch.zeros(4, 1, 2), "gave a tensor (4, 1, 2); for 5 inputs it must give a tensor (5, 1, 2)."),
        (1, torch.zeros(5), "gave a tensor (5,); for 5 inputs it must give probabilities (5, 3 or more)."),
        (1, torch.zeros(5, 2), "gave a tensor (5, 2); for 5 inputs it must give probabilities (5, 3 or more)."),
        (2, torch.zeros(5, 1), "gave a tensor (5, 1); for 5 inputs it must give a tensor (5,)."),
    ],
)
def test_a_prediction_of_another_kind_or_shape_is_named(toy, prediction, words):
    method = checked(Free(prediction), toy)
    with pytest.raises(BenchError) as error:
        method.predict(torch.zeros(5, 1))
    assert str(error.value) == f"method 'mine': predict() {words}"
    with pytest.raises(BenchError) as error:
        method.strategies()["plain"](torch.zeros(5, 1))
    assert str(error.value) == f"method 'mine': strategy 'plain' {words}"


def estimate(generators=TURN, sample=None, strength=None):
    return SymmetryEstimate(generators, sample or uniform_sampler(TURN, 1.0), strength)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (TURN, "gave a tensor (1, 2, 2); it must return a SymmetryEstimate or None"),
        (estimate(TURN[0]), "gave a tensor (2, 2); generators of this task must be a tensor (k, 2, 2)"),
        (estimate(torch.zeros(1, 3, 3)), "gave a tensor (1, 3, 3); generators of this task must be a tensor (k, 2, 2)"),
        (estimate(TURN.numpy()), "gave a ndarray; generators of this task must be a tensor (k, 2, 2)"),
        (estimate(strength=torch.ones(2)), "gave a tensor (2,); strength must be None or a tensor (1,), one per "),
        (estimate(strength=1.0), "gave a float; strength must be None or a tensor (1,), one per generator"),
        (
            estimate(sample=lambda n, generator: torch.zeros(n, 3, 3)),
            "gave a tensor (2, 3, 3); sample(n, generator) must give a tensor (n, 2, 2), here n = 2",
        ),
    ],
)
def test_generators_of_another_kind_or_shape_are_named(given, words):
    with pytest.raises(BenchError) as error:
        checked(Free(estimate=given)).symmetry()
    assert str(error.value).startswith(f"method 'mine': symmetry() {words}")


def test_what_is_right_passes_untouched():
    prediction, symmetry = torch.zeros(5, 1, 2), estimate(strength=torch.ones(1))
    method = checked(Free(prediction, symmetry))
    assert method.predict(torch.zeros(5, 1)) is prediction
    assert method.symmetry() is symmetry
    assert checked(Free()).symmetry() is None


def test_a_fit_that_returns_no_fitted_is_named():
    with pytest.raises(BenchError, match=r"^method 'mine': fit\(\) returned a dict; it must return a Fitted\.$"):
        checked({})
