"""`python -m bench data prepare|verify NAME`: a module of bench.datasets that defines NAME, prepare and verify."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

import typer

import bench.datasets
from bench.cli.progress import progress_bar
from bench.datasets.cache import data_dir
from bench.errors import BenchError, nearest


def prepare(name: str) -> None:
    """Download or generate the data set ``name`` and print its path.

    Raises:
        BenchError: when the data set is unknown or cannot be prepared.
    """
    module = _find(name)
    with progress_bar(f"prepare {name}") as on_progress:
        path = module.prepare(data_dir(), lambda what, done, total: on_progress(done, total))
    typer.echo(f"{name}: {path}")


def verify(name: str) -> bool:
    """Print one line per file of the data set ``name``. Returns whether all files are correct.

    Raises:
        BenchError: when the data set is unknown.
    """
    rows: list[tuple[str, str]] = _find(name).verify(data_dir())
    for file, status in rows:
        typer.echo(f"{file}: {status}")
    return all(status.startswith("ok") for _, status in rows)


def _find(name: str) -> ModuleType:
    infos = pkgutil.iter_modules(bench.datasets.__path__)
    modules = [importlib.import_module(f"bench.datasets.{info.name}") for info in infos]
    by_name = {module.NAME: module for module in modules if hasattr(module, "prepare")}
    if name not in by_name:
        raise BenchError(f"unknown data set {name!r}.{nearest(name, by_name)} Allowed: {', '.join(sorted(by_name))}.")
    return by_name[name]
