"""Default and tuned settings side by side: the choice of a sweep by validation, and its effect on the test set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from bench.leaderboard.board.build import setting
from bench.leaderboard.board.model import Board, Row, Section
from bench.leaderboard.tables.cells import EMPTY, TableCell, entry_cell, number_cell
from bench.leaderboard.tables.model import Line, Table
from bench.leaderboard.tables.text import unit_suffix
from bench.leaderboard.tables.texts import tuning_about
from bench.metrics.statistics import half_width
from bench.records.preset import Preset
from bench.records.record import labelled


@dataclass(frozen=True)
class Tuning:
    """A sweep with the row of its default and the row of its choice."""

    preset: Preset
    default: Row | None
    tuned: Row | None  # None if it was not run, or the sweep chose the default
    difference: float | None  # mean of tuned - default over the seeds that both have
    half_width: float | None  # half width of its 95 % interval; None below three seeds

    @property
    def label(self) -> str:
        return sweep_label(self.preset)


def sweep_label(preset: Preset) -> str:
    """The method of a sweep, and its search space if it has one."""
    return labelled(preset.method, preset.search)


def tunings(board: Board, section: Section) -> list[Tuning]:
    """Every sweep of the version and budget of ``section``; empty if only a share of the training examples is used."""
    if section.train_fraction != 1.0:
        return []
    rows_of_sweeps = []
    for preset in section.presets:
        rows = [row for row in section.rows if (row.method, row.search) == (preset.method, preset.search)]
        plain = [row for row in rows if row.preset is None and set(row.changed) <= set(preset.fixed)]
        tuned = [row for row in rows if preset.made(row.changed)]
        rows_of_sweeps.append(_tuning(preset, _most(plain), _most(tuned), board.task.metric.name))
    return sorted(rows_of_sweeps, key=lambda tuning: tuning.label)


def tuning_table(board: Board, section: Section) -> Table | None:
    """The table 'Default and tuned'; None without a sweep."""
    shown, metric = tunings(board, section), board.task.metric
    if not shown:
        return None
    name = metric.name.partition("/")[2] + unit_suffix([metric.unit])
    columns = ("told", f"default {name}", f"tuned {name}", "difference", "trials", "hours", "chosen")
    lines = tuple(Line(tuning.label, tuning.default, tuple(_cells(tuning, metric.name))) for tuning in shown)
    return Table("Default and tuned", columns, lines, above=(tuning_about(section.presets[0].metric),))


def _tuning(preset: Preset, default: Row | None, tuned: Row | None, metric: str) -> Tuning:
    if default is None or tuned is None:
        return Tuning(preset, default, tuned, None, None)
    before, after = default.values.get(metric, {}), tuned.values.get(metric, {})
    differences = [after[seed] - before[seed] for seed in sorted(before.keys() & after.keys())]
    mean = fmean(differences) if differences else None
    return Tuning(preset, default, tuned, mean, half_width(differences))


def _most(rows: Sequence[Row]) -> Row | None:
    """The row with most seeds; there are several after changed defaults or an earlier sweep."""
    return max(rows, key=lambda row: (row.ok, -row.stale, row.key), default=None)


def _cells(tuning: Tuning, metric: str) -> list[TableCell]:
    preset, rows = tuning.preset, (tuning.default, tuning.tuned)
    tier = next((row.tier for row in rows if row is not None), None)
    default, tuned = (entry_cell(row.entries.get(metric), 4, row.ok) if row else EMPTY for row in rows)
    stopped = [f"{count} {state}" for state in ("pruned", "failed") if (count := preset.trials(state))]
    trials = f"{preset.trials()}" + (f" ({', '.join(stopped)})" if stopped else "")
    settings = TableCell(" ".join(f"{name}={setting(value)}" for name, value in preset.settings.items()), style="code")
    kept = TableCell("the default") if preset.best.trial == 0 else None
    return [
        EMPTY if tier is None else TableCell(tier),
        default,
        kept or tuned,
        number_cell(tuning.difference, 3, tuning.half_width),
        TableCell(trials, preset.trials()),
        number_cell(preset.hours, 2),
        kept or settings,
    ]
