"""Finds, finds part, false discovery: on tasks whose truth is known, with generators made by hand."""

import pytest
import torch

from bench.lie.algebra import se
from bench.metrics.discovery import discovery_scores
from bench.running.registry import load_registry
from bench.tasks.nbody import rotation
from bench.tasks.synthetic import rotation as textbook_of_teeth


@pytest.fixture
def scores_of(load_all, tmp_path):
    def make(name, generators, declared=None, search=None):
        task = load_registry().task(name)
        data = load_all(task, "smoke", None, tmp_path)
        mask = torch.ones(len(generators), dtype=torch.bool) if declared is None else torch.tensor(declared)
        space = data.spaces[search or task.card.searches[0]]
        return discovery_scores(generators, mask, data, space, task.card.control)

    return make


def verdicts(scores):
    return tuple(scores.get(name) for name in ("finds", "finds_part", "false_discovery"))


def random(d, k=1):
    return torch.randn(k, d, d, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("name", ["nbody_1step_id", "nbody_eccentric_3step"])
def test_the_textbook_generator_is_found_and_time_is_not(name, scores_of):
    right, wrong = scores_of(name, rotation()), scores_of(name, random(8))
    assert verdicts(right) == (1.0, 1.0, 0.0)
    assert verdicts(wrong) == (0.0, 0.0, 1.0)
    assert right["time_flow_share"] < 0.01


def test_the_flow_of_time_passes_for_a_turn_on_circular_orbits_alone(load_all, tmp_path, scores_of):
    data = load_all(load_registry().task("nbody_1step_id"), "smoke", None, tmp_path)
    scores = scores_of("nbody_1step_id", data.time_flow[None])
    assert scores["precision"] < 0.01
    assert scores["precision_on_data"] > 0.4  # each body's turn, on almost circular orbits
    assert scores["time_flow_share"] == pytest.approx(1.0)
    assert verdicts(scores) == (0.0, 0.0, 1.0)


def test_a_search_space_without_the_flow_of_time_has_no_share_of_it(scores_of):
    assert "time_flow_share" not in scores_of("nbody_1step_id", rotation(), search="mask2")


def test_part_of_an_algebra_is_part_and_a_wrong_generator_beside_it_is_not(scores_of):
    assert verdicts(scores_of("toy_se3", se(3))) == (1.0, 1.0, 0.0)
    assert verdicts(scores_of("toy_se3", se(3)[:3])) == (0.0, 1.0, 0.0)
    stretch = torch.zeros(1, 4, 4, dtype=torch.float64)
    stretch[0, 0, 0] = 1.0
    assert verdicts(scores_of("toy_se3", torch.cat([se(3), stretch]))) == (0.0, 0.0, 1.0)
    # What is not declared is not a false discovery.
    assert verdicts(scores_of("toy_se3", torch.cat([se(3), stretch]), [True] * 6 + [False])) == (0.0, 0.0, 0.0)


def test_on_a_control_there_is_nothing_to_find(scores_of):
    assert verdicts(scores_of("toy_se3_control", se(3))) == (None, None, 1.0)
    assert verdicts(scores_of("toy_se3_control", se(3), [False] * 6)) == (None, None, 0.0)


def test_the_generator_of_papers_is_not_a_symmetry_of_the_discrete_rotation(scores_of):
    scores = scores_of("discrete_rotation", textbook_of_teeth())
    assert scores["cosine"] == pytest.approx(1.0)
    assert scores["defect_sup"] > 0.1
    assert verdicts(scores) == (0.0, 0.0, 1.0)


def test_nothing_is_neither_found_nor_false_and_has_no_defect(scores_of):
    scores = scores_of("toy_se3", se(3)[:0])
    assert verdicts(scores) == (0.0, 0.0, 0.0)
    assert "defect_sup" not in scores
    assert (scores["dimension"], scores["precision"], scores["recall"]) == (0.0, 0.0, 0.0)
    assert verdicts(scores_of("toy_se3_control", se(3)[:0])) == (None, None, 0.0)
