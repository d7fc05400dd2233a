"""What authors of methods and tasks import: cards, problems, methods, tasks, and the context of a run."""

from bench.api.cards import TIERS, Budget, MethodCard, MetricCard, TaskCard, tier_of
from bench.api.context import OnProgress, RunContext, seed_for
from bench.api.method import Fitted, Method
from bench.api.problem import AlgebraSampler, Array, Loss, Problem, Split, SymmetryEstimate, identity
from bench.api.task import (
    EvaluationData,
    Group,
    Orientations,
    Task,
    TaskData,
    TrainingData,
    Truth,
    Units,
    joined,
    to_physical,
    to_training,
)

__all__ = [
    "TIERS", "AlgebraSampler", "Array", "Budget", "EvaluationData", "Fitted", "Group", "Loss", "Method",
    "MethodCard", "MetricCard", "OnProgress", "Orientations", "Problem", "RunContext", "Split", "SymmetryEstimate",
    "Task", "TaskCard", "TaskData", "TrainingData", "Truth", "Units", "identity", "joined", "seed_for", "tier_of",
    "to_physical", "to_training",
]  # fmt: skip
