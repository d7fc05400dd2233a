"""One cell: task × method × search space × budget × parameters × seed, and the key that names it in the store."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Required, TypedDict, Unpack

from bench.api import TIERS, Method, Task, tier_of
from bench.api.parameters import as_dict, from_values, parse, table_of
from bench.api.pipeline import Pipeline
from bench.errors import BenchError, nearest

#: Prefix of a task's own options among the parameters: ``--set task.backbone=t3``.
TASK_PREFIX = "task."
#: The change by which a cell uses part of its budget's training examples: an option of `run`, no parameter.
TRAIN_FRACTION = "train_fraction"
#: What of a budget defines a run beside the parameters that it supplies.
SIZES = ("train", "val", "test", "equivariance_inputs", "equivariance_elements")
#: What two cells of one key may differ in.
NOT_DEFINING = frozenset({"seed", "changed", "preset"})
#: One part of a path that stays where it is put: no separator, nothing hidden, not "." or "..".
PATH_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@+-]{0,254}")


@dataclass(frozen=True)
class Cell:
    """One run of one seed; :attr:`key` is a SHA-256 over what defines it, the seed aside."""

    task: str
    task_version: int
    method: str
    search: str | None  # None for a method that looks in no search space
    budget: str
    seed: int
    data: str  # fingerprint of the data
    size: Mapping[str, int]  # examples and evaluation at this budget
    params: Mapping[str, Any]  # every parameter; a discoverer's carry its name as prefix, the task's "task."
    changed: Mapping[str, Any] = field(default_factory=dict)  # those that differ from the settings of the family
    preset: str | None = None  # where the changes come from, if a sweep chose them

    @property
    def key(self) -> str:
        """Twelve hex digits; equal for cells that differ only in their seed."""
        # Not asdict(), whose deep copies cost a suite of 1,500 cells seconds.
        defining = {name: value for name, value in vars(self).items() if name not in NOT_DEFINING}
        text = json.dumps(defining, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def row_folder(self) -> str:
        """Folder of its task and method, below the results and below the sweeps.

        Raises:
            BenchError: when an id would lead elsewhere.
        """
        search = f"--{self.search}" if self.search else ""
        return f"{path_part(f'{self.task}@{self.task_version}')}/{path_part(f'{self.method}{search}')}"

    @property
    def folder(self) -> str:
        """Where its records live below the store's root.

        Raises:
            BenchError: when an id would lead elsewhere.
        """
        return f"{self.row_folder}/{self.key}"

    @property
    def title(self) -> str:
        search = f" [{self.search}]" if self.search else ""
        preset = f" {self.preset}" if self.preset else ""
        return f"{self.method}{search}{preset} on {self.task}, {self.budget}, seed {self.seed}"


class Choices(TypedDict, total=False):
    """What is to be chosen of a cell beside its task and method."""

    search: Required[str | None]  # None: the task's widest, or none at all for a method that does not search
    budget: Required[str]
    seed: Required[int]
    fingerprint: Required[str]  # of the data; "" as long as they need not be there
    assignments: Iterable[tuple[str, str]]  # parameters set by hand, as text
    train_fraction: float  # share of the budget's training examples


def make_cell(task: Task, method: Method, **choices: Unpack[Choices]) -> Cell:
    """Validate every choice and fill in every parameter.

    Raises:
        BenchError: for an unknown search space, budget or parameter, or a value out of range.
    """
    card, search, budget = task.card, choices["search"], choices["budget"]
    assignments, train_fraction = list(choices.get("assignments", ())), choices.get("train_fraction", 1.0)
    if budget not in card.budgets:
        raise BenchError(
            f"unknown budget {budget!r} of task {card.id!r}.{nearest(budget, card.budgets)} "
            f"Allowed: {', '.join(card.budgets)}."
        )
    if search is not None and search not in card.searches:
        raise BenchError(
            f"unknown search space {search!r} of task {card.id!r}.{nearest(search, card.searches)} "
            f"Allowed: {', '.join(card.searches)}."
        )
    if search is not None and not method.card.searches:
        raise BenchError(f"method {method.card.id!r} looks in no search space; leave out --search {search}.")
    if method.card.consumes:
        name = method.card.id
        raise BenchError(
            f"method {name!r} uses generators that another finds: run it as <discoverer>+{name}. "
            "`python -m bench list methods` shows the discoverers."
        )
    space = search or (card.searches[0] if method.card.searches else None)
    default = _resolve(task, method, budget, space, ())
    params = _resolve(task, method, budget, space, assignments) if assignments else default
    changed = {name: value for name, value in params.items() if name not in default or default[name] != value}
    amount = card.budgets[budget]
    size = {name: getattr(amount, name) for name in SIZES}
    if not 0.0 < train_fraction <= 1.0:
        raise BenchError(f"--train-fraction is {train_fraction:g}; it must be in (0, 1], of {amount.train} examples.")
    if round(train_fraction * amount.train) < 1:
        raise BenchError(
            f"--train-fraction is {train_fraction:g}, which leaves none of the {amount.train} training examples of "
            f"budget {budget!r}; one of them is {1 / amount.train:.3g}."
        )
    if train_fraction != 1.0:
        size["train"] = round(train_fraction * amount.train)
        changed[TRAIN_FRACTION] = train_fraction
    return Cell(
        task=card.id,
        task_version=card.version,
        method=method.card.id,
        search=space,
        budget=budget,
        seed=choices["seed"],
        data=choices["fingerprint"],
        size=size,
        params=params,
        changed=changed,
    )


def _resolve(
    task: Task, method: Method, budget: str, search: str | None, assignments: Iterable[tuple[str, str]]
) -> dict[str, Any]:
    """Defaults, then the task's budget, then the method's settings for the family, then the assignments."""
    card, size = task.card, task.card.budgets[budget]
    recipe: dict[str, Any] = {"epochs": size.epochs, "batch_size": size.batch_size, "lr": size.lr}
    if TIERS.index(tier_of(method.card, search or "", card)) >= TIERS.index("cardinality"):
        recipe["n_generators"] = card.cardinality
    stages = stages_of(method)
    groups: dict[str, list[tuple[str, str]]] = {TASK_PREFIX: [], **{prefix: [] for prefix in stages}}
    for name, text in assignments:
        prefix = next((p for p in groups if p and name.startswith(p)), "")
        groups[prefix].append((name.removeprefix(prefix), text))
    option_values = {**size.options, **parse(task.Options, groups[TASK_PREFIX], owner=card.id)}
    options = from_values(task.Options, option_values, owner=card.id)
    resolved = {f"{TASK_PREFIX}{name}": value for name, value in as_dict(options).items()}
    for prefix, stage in stages.items():
        owner = stage.card.id
        values = {name: value for name, value in recipe.items() if name in table_of(stage.Params)}
        values |= stage.settings.get(card.family, {})
        values |= parse(stage.Params, groups[prefix], owner=owner)
        full = as_dict(from_values(stage.Params, values, owner=owner))
        resolved |= {f"{prefix}{name}": value for name, value in full.items()}
    return resolved


def discovery_of(cell: Cell, method: Method) -> Cell | None:
    """The cell whose generators ``cell`` uses: that of a pipeline's discoverer, if it is a cell of its own."""
    if not (isinstance(method, Pipeline) and method.discovers_apart):
        return None
    first = method.discoverer.card
    prefix = f"{first.id}."

    def of_discoverer(params: Mapping[str, Any]) -> dict[str, Any]:
        kept = {n: v for n, v in params.items() if n.startswith(TASK_PREFIX) or n == TRAIN_FRACTION}
        return kept | split_params(params, prefix, ())

    search = cell.search if first.searches else None
    # The preset is of the pipeline: to the discoverer alone its parameters are changes like any others.
    params, changed = of_discoverer(cell.params), of_discoverer(cell.changed)
    return replace(cell, method=first.id, search=search, params=params, changed=changed, preset=None)


def path_part(name: str) -> str:
    """``name`` itself, as one part of a path: whatever an id says, nothing is written outside the folder it belongs to.

    Raises:
        BenchError: when it is anything else, like ``../x``.
    """
    if not PATH_PART.fullmatch(name):
        raise BenchError(f"{name!r:.80} cannot name a folder of results; it must match {PATH_PART.pattern}.")
    return name


def stages_of(method: Method) -> Mapping[str, Method]:
    """Parameter prefix -> method: both stages of a pipeline, or the method itself under no prefix."""
    return method.stages if isinstance(method, Pipeline) else {"": method}


def versions_of(method: Method) -> tuple[int, ...]:
    """The version of a method, or of both stages of a pipeline; a record of others is stale."""
    return tuple(stage.card.version for stage in stages_of(method).values())


def split_params(params: Mapping[str, Any], prefix: str, others: Iterable[str]) -> dict[str, Any]:
    """The parameters under ``prefix`` without it; under "" those that carry none of the prefixes ``others``."""
    if prefix:
        return {name.removeprefix(prefix): value for name, value in params.items() if name.startswith(prefix)}
    taken = tuple(other for other in others if other)
    return {name: value for name, value in params.items() if not name.startswith(taken)}
