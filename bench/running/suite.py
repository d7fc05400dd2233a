"""A suite: methods × tasks × search spaces × seeds at one budget, read from a TOML file and expanded into cells.

``set`` gives parameters values, as ``run --set`` does; with lists, every combination of their entries is a cell.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path
from typing import Any

from bench.api import Method, Task
from bench.errors import BenchError, nearest
from bench.records.preset import DEFAULT, preset_cell
from bench.running.jobs import Job, jobs_of
from bench.running.registry import Registry

#: Fields of the file and of its ``[[cells]]`` blocks, with their types. A field of a block overrides the file's.
FIELDS = {
    "methods": list, "tasks": list, "searches": list, "seeds": str, "budget": str, "train_fractions": list, "set": dict,
    "presets": list,
}  # fmt: skip
#: A range with more seeds than this is taken for a typing error.
MOST_SEEDS = 10_000
#: The suites that are part of the package.
BUILT_IN = {path.stem: path for path in sorted((Path(__file__).parent / "suites").glob("*.toml"))}
#: The earlier folder of the suites. Commands that name it still work.
EARLIER_FOLDER = Path("bench/suites")
#: In ``searches``, this word means every search space of the task.
ALL = "all"


def read_suite(path: Path) -> list[dict[str, Any]]:
    """The blocks of the suite file ``path``, each with the top-level fields of the file filled in.

    When the file does not exist, ``path`` may be the name of a built-in suite, like ``small``.

    Raises:
        BenchError: when the file cannot be read, or a field is unknown, missing or of the wrong type.
    """
    if not path.exists() and path.parent in (Path(), EARLIER_FOLDER):
        path = BUILT_IN.get(path.stem, path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BenchError(
            f"no suite file {str(path)!r}.{nearest(path.stem, BUILT_IN)} Built-in suites: {', '.join(BUILT_IN)}."
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BenchError(f"suite file {str(path)!r} cannot be read: {error}.") from None
    blocks = content.pop("cells", [])
    if not isinstance(blocks, list) or not blocks or not all(isinstance(block, dict) for block in blocks):
        raise BenchError(f"suite file {str(path)!r} has no [[cells]] block, so no cells.")
    for block in (content, *blocks):
        _check_fields(block, path)
    whole = [{"budget": "small", **content, **block} for block in blocks]
    for block in whole:
        missing = [name for name in ("methods", "tasks", "seeds") if name not in block]
        if missing:
            raise BenchError(f"suite file {str(path)!r}: a [[cells]] block has no {missing[0]!r}.")
    return whole


def expand(blocks: Sequence[Mapping[str, Any]], registry: Registry, results: Path) -> list[Job]:
    """A job for each cell, without duplicates, ordered by task and with discoveries first.

    Presets are read next to the folder ``results``. The fingerprints of the data are still empty.

    Raises:
        BenchError: for an unknown method, task, search space or parameter, a pattern that matches no task, or a preset
            that no sweep has written.
    """
    jobs: dict[tuple[str, int], Job] = {}
    for block in blocks:
        tasks = [task for pattern in block["tasks"] for task in _tasks(registry, str(pattern))]
        for task, name in product(tasks, block["methods"]):
            for job in _jobs(block, task, registry.method(str(name)), results):
                jobs.setdefault((job.cell.folder, job.cell.seed), job)
    return sorted(jobs.values(), key=lambda job: (job.cell.task, job.discovery is not None))


def _jobs(block: Mapping[str, Any], task: Task, method: Method, results: Path) -> list[Job]:
    asked = block.get("searches", [])
    searches: list[str | None] = [None]
    if method.card.searches and asked:
        wanted = task.card.searches if ALL in asked else [str(s) for s in asked]
        searches = [space for space in wanted if space in task.card.searches]
        if not searches:
            raise BenchError(
                f"task {task.card.id!r} has no search space {', '.join(map(str, asked))}. "
                f"Allowed: {', '.join(task.card.searches)}, {ALL}."
            )
    seeds, jobs = parse_seeds(block["seeds"]), []
    presets, shares = block.get("presets", [DEFAULT]), block.get("train_fractions", [1.0])
    for space, preset, share, assignments in product(searches, presets, shares, _grid(block.get("set", {}))):
        cell = preset_cell(
            str(preset),
            results,
            task,
            method,
            search=space,
            budget=block["budget"],
            seed=seeds[0],
            fingerprint="",
            assignments=assignments,
            train_fraction=float(share),
        )
        jobs += jobs_of(cell, method, seeds)
    return jobs


def _grid(settings: Mapping[str, Any]) -> Iterator[list[tuple[str, str]]]:
    """The assignments of every combination of the values in ``settings``, where a list holds several."""
    values = [value if isinstance(value, list) else [value] for value in settings.values()]
    for chosen in product(*values):
        yield [(name, str(value)) for name, value in zip(settings, chosen, strict=True)]


def _tasks(registry: Registry, pattern: str) -> list[Task]:
    if not any(sign in pattern for sign in "*?["):
        return [registry.task(pattern)]
    fitting = [task for name, task in registry.tasks.items() if fnmatchcase(name, pattern)]
    if not fitting:
        raise BenchError(f"no task fits the pattern {pattern!r}; `python -m bench list tasks` shows all.")
    return fitting


def _check_fields(block: Mapping[str, Any], path: Path) -> None:
    for name, value in block.items():
        if name not in FIELDS:
            raise BenchError(
                f"suite file {str(path)!r} has the unknown field {name!r}.{nearest(name, FIELDS)} "
                f"Allowed: {', '.join(FIELDS)}, cells."
            )
        kind = FIELDS[name].__name__
        if type(value).__name__ != kind:
            raise BenchError(
                f"suite file {str(path)!r}: {name} is {value!r}; it must be a {kind}, "
                'like seeds = "0-5", methods = ["plain"].'
            )
        if value == []:
            raise BenchError(f"suite file {str(path)!r}: {name} is empty, so there are no cells.")
        if name == "train_fractions" and not all(type(share) in (int, float) for share in value):
            raise BenchError(f"suite file {str(path)!r}: train_fractions is {value!r}; it must hold numbers in (0, 1].")
    for name, value in block.get("set", {}).items():
        entries = value if isinstance(value, list) else [value]
        if not entries or not all(isinstance(entry, str | bool | int | float) for entry in entries):
            raise BenchError(
                f"suite file {str(path)!r}: in set, {name} is {value!r}; it must be a number, a text, true or false, "
                'or a list of them. A name with a dot needs quotes, like "liegan.steps".'
            )


def parse_seeds(text: str) -> list[int]:
    """The seeds that a text like ``"0-5"`` or ``"0,2,4-6"`` names, in order and without duplicates.

    Raises:
        BenchError: when ``text`` has another form.
    """
    seeds: dict[int, None] = {}
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()) or (dash and int(last) < int(first)):
            raise BenchError(f"--seeds is {text!r}; it must be like 0-5 or 0,2,4.")
        if int(last or first) - int(first) >= MOST_SEEDS:
            raise BenchError(f"--seeds is {text!r}; a range holds at most {MOST_SEEDS} seeds.")
        seeds.update(dict.fromkeys(range(int(first), int(last or first) + 1)))
    return list(seeds)
