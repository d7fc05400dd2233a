"""Default and tuned settings side by side: what a sweep chose by validation, and what it changed on the test set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from bench.leaderboard.board.build import setting
from bench.leaderboard.board.model import Board, Row, Section
from bench.leaderboard.tables.tables import Line, Table
from bench.leaderboard.tables.text import NOTHING, code, entry_text, number
from bench.metrics.statistics import half_width
from bench.records.preset import Preset


@dataclass(frozen=True)
class Tuning:
    """A sweep, and the rows of its default and of its choice."""

    preset: Preset
    default: Row | None
    tuned: Row | None  # None also where the default was chosen
    difference: float | None  # mean of tuned - default over the seeds that both have
    half_width: float | None  # of its 95 % interval; None below three seeds

    @property
    def label(self) -> str:
        return sweep_label(self.preset)


def sweep_label(preset: Preset) -> str:
    """A sweep's method, and the search space if it has one."""
    return f"{preset.method} [{preset.search}]" if preset.search else preset.method


def tunings(board: Board, section: Section) -> list[Tuning]:
    """Every sweep of the version and budget of ``section``; none where only a share of the examples is trained on."""
    if section.train_fraction != 1.0:
        return []
    found = []
    for preset in section.presets:
        rows = [row for row in section.rows if (row.method, row.search) == (preset.method, preset.search)]
        plain = [row for row in rows if row.preset is None and set(row.changed) <= set(preset.fixed)]
        tuned = [row for row in rows if preset.made(row.changed)]
        found.append(_compare(preset, _most(plain), _most(tuned), board.task.metric.name))
    return sorted(found, key=lambda tuning: tuning.label)


def tuning_table(board: Board, section: Section) -> Table | None:
    """The table 'Default and tuned'; None without a sweep."""
    found, metric = tunings(board, section), board.task.metric
    if not found:
        return None
    name = metric.name.partition("/")[2] + ("" if metric.unit == "1" else f" [{metric.unit}]")
    columns = ("told", f"default {name}", f"tuned {name}", "difference", "trials", "hours", "chosen")
    lines = tuple(Line(tuning.label, tuning.default, tuple(_cells(tuning, metric.name))) for tuning in found)
    return Table("Default and tuned", columns, lines, above=tuning_text(section), ranked=False)


def tuning_text(section: Section) -> str:
    """What the numbers of the table are."""
    first = section.presets[0]
    return (
        "Each sweep tries parameters in independent studies and selects on the validation split alone, by "
        f"`{first.metric}`; no test score is computed in it. The first trial of every study is the default. Of the "
        "studies' best trials the one with the median validation value is the tuned setting: the luck of a search is "
        "not rewarded. Trials and hours are those of all studies together. Difference: tuned less default on the test "
        "set, paired by seed, ± half the width of the 95 % interval of its mean."
    )


def _compare(preset: Preset, default: Row | None, tuned: Row | None, metric: str) -> Tuning:
    if default is None or tuned is None:
        return Tuning(preset, default, tuned, None, None)
    before, after = default.values.get(metric, {}), tuned.values.get(metric, {})
    differences = [after[seed] - before[seed] for seed in sorted(before.keys() & after.keys())]
    mean = fmean(differences) if differences else None
    return Tuning(preset, default, tuned, mean, half_width(differences))


def _most(rows: Sequence[Row]) -> Row | None:
    """Of several (older defaults, an earlier sweep) the one of most seeds."""
    return max(rows, key=lambda row: (row.ok, -row.stale, row.key), default=None)


def _cells(tuning: Tuning, metric: str) -> list[str]:
    preset, kept = tuning.preset, tuning.preset.best.trial == 0
    rows = [row for row in (tuning.default, tuning.tuned) if row is not None]
    told = rows[0].tier if rows else NOTHING
    scores = [
        entry_text(row.entries.get(metric), 4, row.ok) if row else NOTHING for row in (tuning.default, tuning.tuned)
    ]
    difference = NOTHING if tuning.difference is None else number(tuning.difference, 3, tuning.half_width)
    ended = [f"{count} {state}" for state in ("pruned", "failed") if (count := preset.trials(state))]
    trials = f"{preset.trials()}" + (f" ({', '.join(ended)})" if ended else "")
    chosen = " ".join(f"{name}={setting(value)}" for name, value in preset.settings.items())
    return [
        told,
        scores[0],
        "the default" if kept else scores[1],
        difference,
        trials,
        number(preset.hours, 2),
        "the default" if kept else code(chosen),
    ]
