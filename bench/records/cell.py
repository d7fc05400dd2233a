"""One cell: task × method × search space × budget × parameters × seed, and the key that names it in the store."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Required, TypedDict, Unpack

from bench.api import TIERS, Budget, Method, Task, tier_of
from bench.api.parameters import Parameters, as_dict, from_values, parse, table_of
from bench.api.pipeline import Pipeline
from bench.api.training import TrainingParameters
from bench.errors import BenchError, nearest

#: Prefix of a task's own options among the parameters: ``--set task.backbone=t3``.
TASK_PREFIX = "task."
#: Name under which ``changed`` holds the share of training examples; it is an option of `run`, not a parameter.
TRAIN_FRACTION = "train_fraction"
#: Fields of a budget that define a run, in addition to the parameters that it supplies.
SIZES = ("train", "val", "test", "equivariance_inputs", "equivariance_elements")
#: Fields in which two cells with the same key may differ.
NOT_DEFINING = frozenset({"seed", "changed", "preset"})
#: A safe name of a file or folder: it has no separator, is not hidden, and is not "." or "..".
PATH_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@+-]{0,254}")


@dataclass(frozen=True)
class Cell:
    """One run of one seed. :attr:`key` is a hash of everything that defines the run except the seed."""

    task: str
    task_version: int
    method: str
    search: str | None  # None: the method does not use a search space
    budget: str
    seed: int
    data: str  # fingerprint of the data
    size: Mapping[str, int]  # examples and evaluation at this budget
    params: Mapping[str, Any]  # all parameters; a discoverer's have its name as prefix, the task's "task."
    changed: Mapping[str, Any] = field(default_factory=dict)  # parameters that differ from the default
    preset: str | None = None  # the preset that the changes come from, if any

    @property
    def key(self) -> str:
        """Twelve hex digits; the same for cells that differ only in their seed."""
        # asdict() makes deep copies, which take seconds for a suite of 1,500 cells.
        defining = {name: value for name, value in vars(self).items() if name not in NOT_DEFINING}
        text = json.dumps(defining, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def row_folder(self) -> str:
        """Folder of its task and method, relative to the folder of results or of sweeps.

        Raises:
            BenchError: when an id is not a safe name of a folder.
        """
        search = f"--{self.search}" if self.search else ""
        return f"{path_part(f'{self.task}@{self.task_version}')}/{path_part(f'{self.method}{search}')}"

    @property
    def folder(self) -> str:
        """Folder of its records, relative to the root of the store.

        Raises:
            BenchError: when an id is not a safe name of a folder.
        """
        return f"{self.row_folder}/{self.key}"

    @property
    def title(self) -> str:
        """The cell in words: ``semola [mask2] on TASK, small, seed 0``."""
        search = f" [{self.search}]" if self.search else ""
        preset = f" {self.preset}" if self.preset else ""
        return f"{self.method}{search}{preset} on {self.task}, {self.budget}, seed {self.seed}"


class Choices(TypedDict, total=False):
    """The choices that define a cell, in addition to its task and method."""

    search: Required[str | None]  # None: the widest of the task, or none if the method does not use one
    budget: Required[str]
    seed: Required[int]
    fingerprint: Required[str]  # of the data; "" before the data are prepared
    assignments: Iterable[tuple[str, str]]  # parameters set by hand, as text
    train_fraction: float  # share of the budget's training examples


def make_cell(task: Task, method: Method, **choices: Unpack[Choices]) -> Cell:
    """The cell that ``choices`` define, with every parameter filled in.

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
        raise BenchError(f"method {method.card.id!r} does not use a search space; leave out --search {search}.")
    if method.card.consumes:
        name = method.card.id
        raise BenchError(
            f"method {name!r} uses generators that another method finds: run it as <discoverer>+{name}. "
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
    """All parameters. Later sources win: defaults, the budget, the assignments."""
    card, size = task.card, task.card.budgets[budget]
    told = TIERS.index(tier_of(method.card, search or "", card)) >= TIERS.index("cardinality")
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
        values = _recipe(size, stage.Params)
        if told and "n_generators" in table_of(stage.Params):
            values["n_generators"] = card.cardinality
        values |= parse(stage.Params, groups[prefix], owner=owner)
        full = as_dict(from_values(stage.Params, values, owner=owner))
        resolved |= {f"{prefix}{name}": value for name, value in full.items()}
    return resolved


def _recipe(size: Budget, params: type[Parameters]) -> dict[str, Any]:
    """What the budget supplies: to methods that train the task's network, or to those that only discover."""
    if issubclass(params, TrainingParameters):
        return {"passes": size.passes, "batch_size": size.batch_size, "lr": size.lr}
    return {"steps": size.discovery_steps} if "steps" in table_of(params) else {}


def discovery_of(cell: Cell, method: Method) -> Cell | None:
    """The cell of the pipeline's discoverer, whose generators ``cell`` uses; None if it is not a separate cell."""
    if not (isinstance(method, Pipeline) and method.discovers_apart):
        return None
    first = method.discoverer.card
    prefix = f"{first.id}."

    def of_discoverer(params: Mapping[str, Any]) -> dict[str, Any]:
        kept = {n: v for n, v in params.items() if n.startswith(TASK_PREFIX) or n == TRAIN_FRACTION}
        return kept | split_params(params, prefix, ())

    search = cell.search if first.searches else None
    # The preset belongs to the pipeline. For the discoverer alone its parameters are ordinary changes.
    params, changed = of_discoverer(cell.params), of_discoverer(cell.changed)
    return replace(cell, method=first.id, search=search, params=params, changed=changed, preset=None)


def path_part(name: str) -> str:
    """``name`` itself, checked to be a safe name of a file or folder, so that no id leads out of its folder.

    Raises:
        BenchError: when it is not, like ``../x``.
    """
    if not PATH_PART.fullmatch(name):
        raise BenchError(f"{name!r:.80} cannot name a folder of results; it must match {PATH_PART.pattern}.")
    return name


def stages_of(method: Method) -> Mapping[str, Method]:
    """Parameter prefix -> method: both stages of a pipeline, or the method itself with an empty prefix."""
    return method.stages if isinstance(method, Pipeline) else {"": method}


def options_of(cell: Cell, task: Task) -> Any:
    """The task's own options among the parameters of ``cell``: an instance of ``task.Options``."""
    return from_values(task.Options, split_params(cell.params, TASK_PREFIX, ()), owner=cell.task)


def versions_of(method: Method) -> tuple[int, ...]:
    """The version of a method, or of both stages of a pipeline. A record of other versions is stale."""
    return tuple(stage.card.version for stage in stages_of(method).values())


def split_params(params: Mapping[str, Any], prefix: str, others: Iterable[str]) -> dict[str, Any]:
    """The parameters that have ``prefix``, without it. For "", the parameters that have no prefix of ``others``."""
    if prefix:
        return {name.removeprefix(prefix): value for name, value in params.items() if name.startswith(prefix)}
    taken = tuple(other for other in others if other)
    return {name: value for name, value in params.items() if not name.startswith(taken)}
