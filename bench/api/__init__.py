"""What authors of methods and tasks import: cards, problems, methods, tasks, and the context of a run."""

from bench.api.cards import TIERS, Budget, MethodCard, MetricCard, TaskCard, tier_of
from bench.api.context import OnProgress, RunContext, seed_for
from bench.api.method import Fitted, Method
from bench.api.problem import AlgebraSampler, Array, Loss, Problem, Split, SymmetryEstimate, identity
from bench.api.task import Orientations, Task, TaskData, Truth, Units, to_physical, to_training

__all__ = [
    "TIERS", "AlgebraSampler", "Array", "Budget", "Fitted", "Loss", "Method", "MethodCard", "MetricCard", "OnProgress",
    "Orientations", "Problem", "RunContext", "Split", "SymmetryEstimate", "Task", "TaskCard", "TaskData", "Truth",
    "Units", "identity", "seed_for", "tier_of", "to_physical", "to_training",
]  # fmt: skip
