"""The columns of the tables: a header, and what stands in the cell of a row. Columns without a value are not shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from bench.leaderboard.board.model import Board, Entry, Row, Section
from bench.leaderboard.tables.text import NOTHING, count_text, entry_text, escape, mean_text, number, unit_suffix

Column = tuple[str, Callable[[Row], str]]

#: Suffixes of scores over the angles of the training data, and over the others.
ANGLES = ("within", "beyond")
LEAKAGE = "symmetry/leakage_"


def prediction(board: Board, section: Section) -> list[Column]:
    """Scores of the predictor; a column for each way to predict that some row has."""
    metric = board.task.metric
    name, unit, digits = _named(board)
    start = f"{metric.name}_"
    found = {e.removeprefix(start) for row in section.rows for e in row.entries if e.startswith(start)}
    ways = sorted(found - set(ANGLES))
    return [
        (name + unit, lambda row: _main(row, metric.name, digits)),
        ("tied", lambda row: row.letters or NOTHING),
        *((way, _score(f"{metric.name}_{way}", digits)) for way in ways),
        ("E′" + _unit(section, "equivariance/e_prime"), _score("equivariance/e_prime")),
        ("E′ floor", _score("equivariance/e_prime_floor")),
        *((f"E′ {way}", _score(f"equivariance/e_prime_{way}")) for way in ways),
        ("E′ rel. p95", _score("equivariance/e_prime_rel_p95")),
        ("E" + _unit(section, "equivariance/e"), _score("equivariance/e")),
        ("passes", lambda row: count_text(row.entries.get("cost/forward_passes"))),
        ("published", lambda row: NOTHING if row.published is None else number(row.published, digits)),
    ]


def angles(board: Board, section: Section) -> list[Column]:
    """Score and E′ over the angles of the training data, and over the others."""
    name, unit, digits = _named(board)
    error = _unit(section, "equivariance/e_prime")
    return [
        *((f"{name} {where}{unit}", _score(f"{board.task.metric.name}_{where}", digits)) for where in ANGLES),
        *((f"E′ {where}{error}", _score(f"equivariance/e_prime_{where}")) for where in ANGLES),
        ("E′ floor", _score("equivariance/e_prime_floor")),
    ]


def has_angles(board: Board, row: Row) -> bool:
    """Whether ``row`` belongs in the table of :func:`angles`."""
    return any(f"{board.task.metric.name}_{where}" in row.entries for where in ANGLES)


def subgroups(section: Section) -> list[Column]:
    """E′ and E for each subgroup of the true group that the task names; empty where it names none."""
    start = "equivariance/e_"
    names = {e.removeprefix(start) for row in section.rows for e in row.entries if e.startswith(start)}
    parts = sorted(name for name in names if not name.startswith("prime"))
    return [
        (f"{symbol} {part}" + _unit(section, f"equivariance/{key}_{part}"), _score(f"equivariance/{key}_{part}"))
        for part in parts
        for symbol, key in (("E′", "e_prime"), ("E", "e"))
    ]


def discovery(section: Section) -> list[Column]:
    """Scores of the generators."""

    def dimension(row: Row) -> str:
        found, true = row.entries.get("symmetry/dimension"), row.entries.get("symmetry/true_dimension")
        exact = found is not None and not found.std
        return (count_text(found) if exact else entry_text(found, 2)) + (f" / {true.mean:g}" if true else "")

    leaks = sorted({e.removeprefix(LEAKAGE) for row in section.rows for e in row.entries if e.startswith(LEAKAGE)})
    return [
        ("precision", _score("symmetry/precision")),
        ("chance", lambda row: mean_text(row.entries.get("symmetry/precision_chance"))),
        ("on data", _score("symmetry/precision_on_data")),
        ("recall", _score("symmetry/recall")),
        ("chance", lambda row: mean_text(row.entries.get("symmetry/recall_chance"))),
        ("dimension / true", dimension),
        ("declared", _score("symmetry/declared", 2)),
        ("strength", _score("symmetry/strength")),
        *((f"{name} share", _score(f"{LEAKAGE}{name}")) for name in leaks),
        ("closure defect", _score("symmetry/closure_defect")),
        ("learned E′" + _unit(section, "equivariance/learned_e_prime"), _score("equivariance/learned_e_prime")),
        ("angle rate" + _unit(section, "symmetry/angle_rate"), _score("symmetry/angle_rate")),
        ("rate / unit angle", _score("symmetry/angle_rate_rel")),
        ("cosine", _score("symmetry/cosine")),
        ("MAE", _score("symmetry/mae")),
    ]


def cost(letters: Mapping[str, str]) -> list[Column]:
    """What the rows cost; ``letters`` of hardware fingerprints."""

    def column(name: str, show: Callable[[Entry | None], str]) -> Callable[[Row], str]:
        def cell(row: Row) -> str:
            text = show(row.entries.get(f"cost/{name}"))
            return text if text == NOTHING or len(row.hardware) < 2 else f"{text} *"

        return cell

    return [
        ("hardware", lambda row: ", ".join(letters[name] for name in row.hardware)),
        ("fit [s]", column("fit_s", lambda entry: entry_text(entry, 3))),
        ("predict [s]", column("predict_s", mean_text)),
        ("steps", column("steps", count_text)),
        ("samples/s", column("samples_per_s", count_text)),
        ("peak memory [MB]", column("peak_rss_mb", count_text)),
        ("peak device memory [MB]", column("peak_device_mb", count_text)),
        ("parameters", lambda row: count_text(row.entries.get("cost/parameters"))),
    ]


def _named(board: Board) -> tuple[str, str, int]:
    """Name, unit in brackets, and significant digits of the primary metric."""
    metric = board.task.metric
    digits = int("".join(re.findall(r"\d", metric.decimals)) or 4)
    return metric.name.partition("/")[2], unit_suffix([metric.unit]), digits


def _main(row: Row, name: str, digits: int) -> str:
    """The primary metric, or what happened instead."""
    if name in row.entries:
        text = entry_text(row.entries[name], digits, row.expected)  # a mean over some of the seeds only says so
        return f"**{text}**" if row.tied else text
    return ", ".join(sorted({escape(failure.status) for failure in row.failures})) or NOTHING


def _score(name: str, digits: int = 3) -> Callable[[Row], str]:
    return lambda row: entry_text(row.entries.get(name), digits, row.ok)


def _unit(section: Section, name: str) -> str:
    return unit_suffix(row.entries[name].unit for row in section.rows if name in row.entries)
