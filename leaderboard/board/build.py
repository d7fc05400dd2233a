"""Builds a board from records with one pure function. The renderers only read the board.

This module does not know how a page looks, and no page computes a number.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile
from statistics import fmean
from typing import Any

import msgspec
import numpy as np

from bench.api import MethodCard, TaskCard
from bench.leaderboard.board.model import NO_CHANCE, Attempt, Board, Entry, Failure, Row, Run, Section
from bench.metrics.comparison import compare
from bench.metrics.statistics import LEVEL, SEEDS_FOR_LETTERS, half_width, minimum_detectable, tie_letters
from bench.records.cell import TRAIN_FRACTION
from bench.records.preset import Preset
from bench.records.record import Environment, Record, Status, labelled

#: Budgets that exist for tests only and are never shown.
HIDDEN_BUDGETS = frozenset({"smoke"})
#: Reasons are cut here (characters); the whole text is in the record.
REASON_LENGTH = 200

#: Task version, budget, share of its training examples, fingerprint of the data: what makes rows comparable. Neither
#: the bytes of simulated data nor the hardware belongs to it: both differ between machines that run the same cell.
Place = tuple[int, str, float, str]
#: Maps a record to its costs by name, its discovery included; empty where one of the two is unknown.
Costs = Callable[[Record], Mapping[str, float | None]]


def build_board(
    records: Sequence[Record],
    task: TaskCard,
    methods: Callable[[str], MethodCard | None],
    is_stale: Callable[[Record], bool],
    skipped: int = 0,
    presets: Iterable[Preset] = (),
) -> Board:
    """The board of ``task``. It does not depend on the order of ``records``; records of other tasks are ignored.

    Args:
        records: records of any tasks.
        task: the card of the task.
        methods: the card of a method by name; None for one that this installation does not know.
        is_stale: whether a record is of another version, as `bench.running.standing.is_stale` says.
        skipped: number of files of this task that are not valid records.
        presets: presets of any tasks, written by sweeps.
    """
    task_records = [r for r in records if r.task.id == task.id and r.budget not in HIDDEN_BUDGETS]
    task_records.sort(key=lambda r: (r.method.id, r.method.search or "", r.key, r.seed))
    groups: defaultdict[Place, list[Record]] = defaultdict(list)
    for record in task_records:
        groups[record.task.version, record.budget, record.train_fraction, record.task.data].append(record)
    order = {name: position for position, name in enumerate(task.budgets)}
    ordered = sorted(groups, key=lambda g: (-g[0], order.get(g[1], len(order)), g[1], -g[2], g[3]))
    swept = [preset for preset in presets if preset.task == task.id]
    sections = tuple(_section(groups[place], task, place, is_stale, swept) for place in ordered)
    names = sorted({row.method for section in sections for row in section.rows})
    cards = {name: card for name in names if (card := methods(name)) is not None}
    return Board(task, sections, cards, skipped)


@dataclass(frozen=True)
class Disagreement:
    """A row whose scores of the generators disagree; all scores are means over seeds."""

    row: Row
    cosine: float  # the papers' score: compares entries with the textbook's
    mae: float
    precision: float  # compares what the generators do to data
    on_data: float  # precision against every generator that the labels of these data allow; else ``precision``

    @property
    def size(self) -> float:
        return max(abs(self.cosine - self.precision), self.on_data - self.precision)


def disagreements(section: Section, more_than: float = 0.1) -> list[Disagreement]:
    """Discoverers whose scores differ by ``more_than``, largest difference first."""
    disagreeing = []
    for row in discoverers(section):
        scores = {name: row.entries.get(f"symmetry/{name}") for name in ("cosine", "mae", "precision")}
        if all(scores.values()):
            means = {name: entry.mean for name, entry in scores.items() if entry is not None}
            on_data = row.entries.get("symmetry/precision_on_data")
            disagreeing.append(Disagreement(row, **means, on_data=on_data.mean if on_data else means["precision"]))
    return sorted((item for item in disagreeing if item.size > more_than), key=lambda item: -item.size)


def discoverers(section: Section) -> list[Row]:
    """Rows with scores of generators, without consumers, which repeat the scores of their discoverer."""
    rows = [row for row in section.rows if any(name.startswith("symmetry/") for name in row.entries)]
    not_repeated = [row for row in rows if not row.repeats]
    return not_repeated or rows


def _section(
    records: list[Record],
    task: TaskCard,
    place: Place,
    is_stale: Callable[[Record], bool],
    presets: Iterable[Preset],
) -> Section:
    version, budget, share, data = place
    swept = tuple(preset for preset in presets if (preset.version, preset.budget) == (version, budget))
    by_key: defaultdict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_key[record.key].append(record)
    references = _references(records)
    constants = {seed: min(values) for seed, values in references.get("constant", {}).items()}
    costs = _costs_of(records)
    rows = _labelled([_row(group, task, costs, is_stale, constants, swept) for group in by_key.values()])
    rows.sort(key=lambda row: (row.told_group, *_place(row, task), row.label))
    return Section(
        version=version,
        budget=budget,
        train_fraction=share,
        data=data,
        data_notes=tuple(sorted({r.task.data_note for r in records if r.task.data_note})),
        sizes=tuple(sorted(set(_sizes(records)))),
        size=task.budgets.get(budget),
        rows=tuple(_compared(rows, task)),
        presets=swept,
        detectable=_detectable(rows),
        references={name: fmean(map(min, by_seed.values())) for name, by_seed in references.items()},
        disagreeing=tuple(name for name, by_seed in references.items() if any(map(_differ, by_seed.values()))),
    )


def _references(records: Iterable[Record]) -> dict[str, dict[int, set[float]]]:
    """Trivial predictor -> seed -> its distinct scores. A seed draws the training data, and so such a predictor."""
    seen: defaultdict[str, defaultdict[int, set[float]]] = defaultdict(lambda: defaultdict(set))
    for record in records:
        for name, value in record.references.items():
            seen[name][record.seed].add(value)
    return {name: dict(sorted(seen[name].items())) for name in sorted(seen)}


def _differ(values: set[float]) -> bool:
    """Whether ``values`` of one seed disagree by more than rounding: machines differ in the seventh digit."""
    return max(values) - min(values) > 1e-5 * max(map(abs, values))


def _row(
    records: list[Record],
    task: TaskCard,
    costs: Costs,
    is_stale: Callable[[Record], bool],
    constants: Mapping[int, float],
    presets: Iterable[Preset],
) -> Row:
    first, ok = records[0], [r for r in records if r.status is Status.OK]
    method, changed = first.method, dict(sorted(first.changed.items()))
    preset, by_preset = _preset(records, presets)
    settings = [f"{n}={setting(v)}" for n, v in changed.items() if n not in {TRAIN_FRACTION, *by_preset}]
    values = _values(ok)
    return Row(
        label=" ".join(filter(None, (labelled(method.id, method.search), preset, *settings))),
        method=method.id,
        search=method.search,
        changed=changed,
        preset=preset,
        key=first.key,
        tier=method.knowledge,
        rank=None,
        ok=len(ok),
        expected=len(records),
        stale=sum(map(is_stale, records)),
        by_hand=tuple(sorted(changed.keys() - {TRAIN_FRACTION, *by_preset})) if by_preset or not preset else (),
        seeds=tuple(r.seed for r in records),
        failures=tuple(Failure(r.seed, r.status, _reason(r)) for r in records if r.status is not Status.OK),
        hardware=tuple(sorted({_hardware(r.env) for r in ok})),
        entries=_entries(ok, costs),
        values=values,
        validation={r.seed: r.validation.value for r in ok if r.validation is not None},
        ranked=_ranked(records, values, task, constants),
        tied=False,
        letters="",
        published=None if changed else task.published.get(method.id),
        runs=tuple(Run(r.key, r.seed, r.started, frozenset(r.arrays)) for r in ok),
        attempts=tuple(_attempt(r, costs) for r in records),
        repeats="+" in method.id or any(r.discovery for r in records),
    )


def _attempt(record: Record, costs: Costs) -> Attempt:
    return Attempt(
        seed=record.seed,
        status=record.status,
        reason="" if record.status is Status.OK else _reason(record),
        started=record.started,
        params=record.params,
        cost=costs(record),
        env=msgspec.structs.asdict(record.env),
        discovery=record.discovery_place,
    )


def _preset(records: Sequence[Record], presets: Iterable[Preset]) -> tuple[str | None, frozenset[str]]:
    """The name of the preset that the records of a row use, and the changes that it explains.

    A row whose changes equal those of a preset belongs to it, whether or not the preset was named in the command.
    """
    first = records[0]
    method, changed = first.method, {n: v for n, v in first.changed.items() if n != TRAIN_FRACTION}
    named = next((record.preset for record in records if record.preset), None)
    for preset in presets:
        is_of_row = (preset.method, preset.search) == (method.id, method.search)
        if is_of_row and (named or preset.made(changed)):
            return preset.name, frozenset(n for n, v in changed.items() if preset.settings.get(n, ...) == v)
    return named, frozenset()


def setting(value: Any) -> str:
    """A parameter's value as ``--set`` reads it."""
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def _entries(records: list[Record], costs: Costs) -> dict[str, Entry]:
    values: defaultdict[str, list[float]] = defaultdict(list)
    units: dict[str, str] = {}
    for record in records:
        for name, score in record.scores.items():
            values[name].append(score.value)
            units[name] = score.unit
        for name, value in costs(record).items():
            if value is not None:
                values[f"cost/{name}"].append(value)
    return {name: _entry(each, units.get(name, "")) for name, each in sorted(values.items())}


def _entry(values: list[float], unit: str) -> Entry:
    several, enough = len(values) > 1, len(values) > 2
    if min(values) == max(values):  # rounding can change the mean of equal numbers and make their spread nonzero
        return Entry(values[0], 0.0 if several else None, 0.0 if enough else None, len(values), unit)
    # Not statistics.stdev, which is exact and takes a third of a large board's time.
    return Entry(fmean(values), float(np.std(values, ddof=1)), half_width(values), len(values), unit)


def _values(records: list[Record]) -> dict[str, dict[int, float]]:
    values: defaultdict[str, dict[int, float]] = defaultdict(dict)
    for record in records:
        for name, score in record.scores.items():
            values[name][record.seed] = score.value
    return dict(values)


def _ranked(
    records: list[Record], values: Mapping[str, Mapping[int, float]], task: TaskCard, constants: Mapping[int, float]
) -> dict[int, float]:
    """The primary metric by seed, the constant predictor's for a failed seed; empty for a method that never predicts.

    The constant predictor of a seed without one is the mean of those of other seeds.
    """
    by_seed = dict(values.get(task.metric.name, {}))
    if not constants or (values and not by_seed):
        return by_seed
    failed = [r.seed for r in records if r.status not in {Status.OK, *NO_CHANCE}]
    return by_seed | {seed: constants.get(seed, fmean(constants.values())) for seed in failed}


def _labelled(rows: list[Row]) -> list[Row]:
    """``rows`` with the key added to labels that occur twice, which happens when defaults changed between runs."""
    labels = [row.label for row in rows]
    return [replace(r, label=f"{r.label} ({r.key[:6]})") if labels.count(r.label) > 1 else r for r in rows]


def _place(row: Row, task: TaskCard) -> tuple[bool, float]:
    """The sort key of ``row``: better before worse, and rows without a result last."""
    if task.metric.name not in row.entries:
        return True, 0.0
    mean = fmean(row.ranked.values())
    return False, -mean if task.metric.higher_is_better else mean


def _compared(rows: list[Row], task: TaskCard) -> list[Row]:
    """``rows`` with their rank and letters, each within its pool."""
    letters: dict[str, str] = {}
    tied: set[str] = set()
    for told_group in (False, True):
        pool = [row for row in rows if row.told_group is told_group and row.ok and row.ranked]  # sorted by rank
        letters |= tie_letters({row.label: row.ranked for row in pool}, task.metric.higher_is_better)
        if len(pool) > 1:
            tied |= {row.label for row in takewhile(partial(_is_tied, best=pool[0]), pool)}
    return [
        replace(row, rank=_rank(row, rows, task), letters=letters.get(row.label, ""), tied=row.label in tied)
        for row in rows
    ]


def _is_tied(row: Row, best: Row) -> bool:
    """Whether ``row`` has a result for every seed and a test of these two alone does not tell it from ``best``.

    Tie letters are corrected for all pairs and are too lenient here: a row that loses on every seed by varying margins
    may still share the letter of the winner. With few common seeds no test can tell any two rows apart, so that being
    tied has no meaning.
    """
    comparison = compare(row.ranked, best.ranked)
    if row.ok != row.expected or comparison is None or len(comparison.seeds) < SEEDS_FOR_LETTERS:
        return False
    return row is best or comparison.p > 1 - LEVEL


def _detectable(rows: list[Row]) -> float | None:
    """The minimum detectable difference at the median spread of paired differences.

    The median is over all pairs of complete rows that have the most common set of seeds.
    """
    whole = [row.ranked for row in rows if row.ok == row.expected >= SEEDS_FOR_LETTERS and row.ranked]
    if not whole:
        return None
    sets = Counter(tuple(sorted(scores)) for scores in whole)
    (seeds, _), *_ = sets.most_common(1)
    scores = np.array([[row[seed] for seed in seeds] for row in whole if row.keys() == set(seeds)])  # (rows, seeds)
    first, second = np.triu_indices(len(scores), 1)
    if not len(first):
        return None
    spreads = (scores[first] - scores[second]).std(axis=1, ddof=1)
    return minimum_detectable(float(np.median(spreads)), len(seeds))


def _rank(row: Row, rows: list[Row], task: TaskCard) -> int | None:
    """1 + the number of better rows in the same pool; equal means share a rank."""
    place = _place(row, task)
    if place[0]:
        return None
    return 1 + sum(_place(other, task) < place for other in rows if other.told_group == row.told_group)


def _costs_of(records: Iterable[Record]) -> Costs:
    """The cost of each of ``records``. A consumer's cost includes its discovery, even if other consumers share it."""
    cost_by_place = {record.place: record.cost for record in records if record.cost is not None}

    def cost(record: Record) -> Mapping[str, float | None]:
        whole = record.cost
        if whole is not None and record.discovery_place is not None:
            discovery = cost_by_place.get(record.discovery_place)
            whole = None if discovery is None else whole.with_discovery(discovery)
        return {} if whole is None else msgspec.structs.asdict(whole)

    return cost


def _sizes(records: Iterable[Record]) -> Iterator[tuple[int, int, int]]:
    for record in records:
        if (sizes := record.task.sizes) is not None and sizes.test is not None:
            yield sizes.train, sizes.val, sizes.test


def _hardware(env: Environment) -> str:
    threads = "1 thread" if env.threads == 1 else f"{env.threads} threads"
    return f"{env.cpu}, {env.gpu or 'no GPU'}, {threads}"


def _reason(record: Record) -> str:
    """The first line of the reason, without folders: a page must not name the machine that rendered it."""
    line = next(iter((record.reason or "").strip().splitlines()), "no reason recorded")
    line = re.sub(r"(?<![\w./])(?:[A-Za-z]:)?(?:[/\\][^\s/\\:'\"]+)+[/\\]([^\s/\\:'\"]+)", r"\1", line)
    return line if len(line) <= REASON_LENGTH else line[: REASON_LENGTH - 1] + "…"
