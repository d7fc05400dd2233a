"""Laws of the prediction scores."""

import pytest
import torch

from bench.metrics.prediction import (
    HARTREE_IN_MEV,
    absolute_error,
    accuracy,
    constant_class,
    constant_mean,
    correct,
    mae,
    mse,
    squared_error,
)


def test_accuracy_is_the_mean_of_what_is_stored_per_example():
    scores, labels = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]), torch.tensor([0, 1, 1])
    assert correct(scores, labels).tolist() == [1, 1, 0]
    assert accuracy(scores, labels) == pytest.approx(2 / 3)


def test_errors_are_means_over_coordinates_then_examples():
    prediction, target = torch.tensor([[1.0, 2.0], [0.0, 0.0]]), torch.tensor([[0.0, 0.0], [0.0, 4.0]])
    assert squared_error(prediction, target).tolist() == [2.5, 8.0]
    assert absolute_error(prediction, target).tolist() == [1.5, 2.0]
    assert mse(prediction, target) == pytest.approx(5.25)
    assert mae(prediction, target) == pytest.approx(1.75)


def test_small_errors_of_float32_predictions_survive_in_float64():
    target = torch.full((1000, 1), 1.0)
    assert mse(target + 2**-20, target) == 2**-40
    assert squared_error(target, target).dtype == torch.float64


def test_a_scalar_target_needs_no_second_axis():
    assert mae(torch.zeros(3), torch.tensor([1.0, 2.0, 3.0])) == pytest.approx(2)


def test_the_mean_has_the_least_square_error_of_all_constants():
    torch.manual_seed(0)
    target = torch.randn(100, 1, 4)
    best = mse(constant_mean(target, 100), target)
    assert best == pytest.approx(float(target.var(0, correction=0).mean()))
    assert best < mse(constant_mean(target, 100) + 0.1, target)


def test_class_frequencies_predict_the_largest_class():
    labels = torch.tensor([2, 2, 0])
    assert constant_class(labels, 1, 4)[0].tolist() == pytest.approx([1 / 3, 0, 2 / 3, 0])
    assert accuracy(constant_class(labels, 3, 4), labels) == pytest.approx(2 / 3)


def test_one_electron_volt_in_hartree_is_a_thousand_millielectronvolts():
    electron_volt = 0.0367493221756  # Hartree
    assert electron_volt * HARTREE_IN_MEV == pytest.approx(1000)


def test_shapes_must_be_equal():
    with pytest.raises(ValueError, match=r"prediction has shape \(3, 1\), target \(3,\); must be equal"):
        mse(torch.zeros(3, 1), torch.zeros(3))
    with pytest.raises(ValueError, match=r"must be \(n, classes\) and \(n,\)"):
        accuracy(torch.zeros(3), torch.zeros(3))
