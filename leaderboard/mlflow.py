"""The MLflow mirror of a store: one run per record. It can be rebuilt at any time; the store is the original.

Only the parent process writes it: several processes opening a cold SQLite store at once crash in its migrations.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import msgspec
import typer

from bench.api import Array, OnProgress
from bench.errors import BenchError
from bench.records.cell import Cell
from bench.records.record import Record, Status, encode
from bench.records.store import Store

DATABASE, ARTIFACTS = "mlflow.db", "mlruns"
#: Arrays that are drawn, and the number of inputs in the figure of augmentations.
FIGURE_ARRAYS, SAMPLES = frozenset({"generators", "sample_original"}), 4
#: Tag that names a run's record; there is one run per record.
RECORD_TAG = "record"
#: MLflow's limits: entries per batch, characters per parameter and per tag.
BATCH, PARAM_BATCH, PARAM_LENGTH, TAG_LENGTH = 1000, 100, 5999, 4999


def tracking_uri(store_root: Path) -> str:
    """The URI of the mirror, for ``mlflow ui --backend-store-uri``."""
    return f"sqlite:///{store_root.resolve() / DATABASE}"


class Mirror:
    """Writes records of one store to its MLflow database; opening a new one takes a few seconds, once."""

    def __init__(self, store_root: Path) -> None:
        """Open or create the database.

        Raises:
            BenchError: when mlflow cannot be imported or the database cannot be opened.
        """
        self.root, self._store = store_root.resolve(), Store(store_root)
        if (self.root / DATABASE).is_dir():  # without this, SQLAlchemy would retry for minutes
            raise BenchError(f"the MLflow mirror {str(self.root / DATABASE)!r} is a folder; move it away.")
        with _one_line(self.root), _quiet():
            os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
            from mlflow import MlflowClient

            self.root.mkdir(parents=True, exist_ok=True)
            self._client: Any = MlflowClient(tracking_uri(self.root))
            self._experiments = {known.name: known.experiment_id for known in self._client.search_experiments()}

    def record(self, record: Record) -> None:
        """Mirror ``record``; the run of an earlier record at the same place is replaced.

        Raises:
            BenchError: when the database cannot be written.
        """
        with _one_line(self.root), _quiet():
            place = record.place
            experiment = self._experiment(f"{record.task.id}@{record.task.version}")
            self._remove(experiment, record, place)
            started = int(datetime.fromisoformat(record.started).timestamp() * 1000)
            run = self._client.create_run(experiment, started, _tags(record, place), _name(record)).info.run_id
            try:
                arrays, problem = self._store.arrays(place), None
            except BenchError as error:
                arrays, problem = {}, str(error)
            self._log(run, record, arrays)
            with tempfile.TemporaryDirectory() as folder:
                _write_artifacts(Path(folder), record, arrays, problem)
                self._client.log_artifacts(run, folder)
            seconds = record.cost.fit_s + record.cost.predict_s if record.cost else 0.0
            status = "FINISHED" if record.status is Status.OK else "FAILED"
            self._client.set_terminated(run, status, started + round(1000 * seconds))

    def _experiment(self, name: str) -> str:
        if name not in self._experiments:
            folder = (self.root / ARTIFACTS / name).as_uri()
            self._experiments[name] = self._client.create_experiment(name, artifact_location=folder)
        return self._experiments[name]

    def _remove(self, experiment: str, record: Record, place: str) -> None:
        # A key is hexadecimal digits and a seed is a number; a path may contain quotes, which a filter cannot express.
        same_cell = f"tags.key = '{record.key}' and tags.seed = '{record.seed}'"
        for run in self._client.search_runs([experiment], same_cell):
            if run.data.tags.get(RECORD_TAG) != place:
                continue
            self._client.delete_run(run.info.run_id)
            shutil.rmtree(Path(unquote(urlparse(run.info.artifact_uri).path)), ignore_errors=True)

    def _log(self, run: str, record: Record, arrays: Mapping[str, Array]) -> None:
        from mlflow.entities import Metric, Param

        at = int(datetime.fromisoformat(record.started).timestamp() * 1000)
        metrics = [Metric(name, score.value, at, 0) for name, score in record.scores.items()]
        metrics += [Metric(f"cost/{name}", value, at, 0) for name, value in _costs(record) if value is not None]
        for name, points in arrays.items():
            if name.startswith("history/"):
                metrics += [Metric(name.removeprefix("history/"), value, at, int(step)) for step, value in points]
        params = [Param(name, str(value)[:PARAM_LENGTH]) for name, value in record.params.items()]
        for start in range(0, len(metrics), BATCH):
            self._client.log_batch(run, metrics=metrics[start : start + BATCH])
        for start in range(0, len(params), PARAM_BATCH):
            self._client.log_batch(run, params=params[start : start + PARAM_BATCH])


def rebuild(store_root: Path, on_progress: OnProgress = lambda done, total: None) -> tuple[int, int]:
    """Delete the mirror of ``store_root`` and rebuild it; returns (records mirrored, files that are not records).

    Raises:
        BenchError: when the database cannot be written.
    """
    scan = Store(store_root).scan()
    with _one_line(store_root):
        for suffix in ("", "-journal", "-wal", "-shm"):
            (store_root / f"{DATABASE}{suffix}").unlink(missing_ok=True)
        if (store_root / ARTIFACTS).exists():
            shutil.rmtree(store_root / ARTIFACTS)
    mirror = Mirror(store_root)
    for number, record in enumerate(scan.records.values(), start=1):
        mirror.record(record)
        on_progress(number, len(scan.records))
    return len(scan.records), len(scan.skipped)


def _name(record: Record) -> str:
    return f"{record.label} {record.budget} seed {record.seed}"


def _costs(record: Record) -> Iterable[tuple[str, float | None]]:
    return [] if record.cost is None else msgspec.structs.asdict(record.cost).items()


def _tags(record: Record, place: str) -> dict[str, str]:
    tags = {
        RECORD_TAG: place,
        "status": record.status,
        "reason": record.reason,
        "key": record.key,
        "seed": record.seed,
        "budget": record.budget,
        "method": record.method.id,
        "search": record.method.search,
        "tier": record.method.knowledge,
        "git_sha": record.env.git_sha,
    }
    return {name: str(value)[:TAG_LENGTH] for name, value in tags.items() if value is not None}


def _write_artifacts(folder: Path, record: Record, arrays: Mapping[str, Array], problem: str | None) -> None:
    """Write the record, the figures of its arrays, and the ``problem`` if its arrays cannot be read."""
    (folder / "record.json").write_bytes(encode(record))
    if problem:
        (folder / "arrays_unreadable.txt").write_text(problem + "\n", encoding="utf-8")
    if not FIGURE_ARRAYS.isdisjoint(arrays):
        _draw(folder, record, arrays)


def _draw(folder: Path, record: Record, arrays: Mapping[str, Array]) -> None:
    """Draw the generators and the augmentations, if the record has them."""
    from bench.leaderboard.drawing.generators import draw_generators  # matplotlib is slow to import
    from bench.leaderboard.drawing.primitives import RunArrays
    from bench.leaderboard.drawing.samples import draw_samples

    figures = {
        "generators": draw_generators([RunArrays(record.label, record.seed, arrays)]),
        "augmentations": draw_samples([RunArrays("input", record.seed, arrays)], inputs=SAMPLES),
    }
    for name, figure in figures.items():
        if figure is not None:
            figure.suptitle(f"{_name(record)} on {record.task.id}", fontsize=10)
            figure.savefig(folder / f"{name}.png")


@contextlib.contextmanager
def _one_line(root: Path) -> Iterator[None]:
    """Turn any exception of MLflow, SQLAlchemy or the file system into a one-line error."""
    try:
        yield
    except BenchError:
        raise
    except ImportError as error:
        raise BenchError(
            f"the MLflow mirror needs mlflow-skinny, sqlalchemy and alembic ({error}); `pip install symmetry-bench` "
            "brings them. The records themselves are complete."
        ) from None
    except Exception as error:  # each library has its own exceptions
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise BenchError(
            f"the MLflow mirror {str(root / DATABASE)!r} cannot be written ({reason}); the records themselves are "
            "complete, and `python -m bench track --rebuild` makes the mirror again."
        ) from None


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hide the INFO lines of MLflow's migrations and its deprecation warnings from SQLAlchemy, which we cannot fix."""
    before = logging.root.manager.disable
    logging.disable(logging.INFO)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        logging.disable(before)


class Mirroring:
    """Mirrors records to MLflow; an error there is only a warning, because the record is already stored."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.mirror: Mirror | None = None
        self.broken = False

    def record(self, store: Store, cell: Cell, record: Record) -> None:
        # A failure does not replace the finished record of an earlier run, neither in the store nor here.
        if self.broken or store.finished(cell) not in (None, record):
            return
        try:
            if self.mirror is None:
                self.mirror = Mirror(self.root)
            self.mirror.record(record)
        except BenchError as error:
            self.broken = True
            typer.echo(
                f"warning: not mirrored to MLflow: {error} `python -m bench track --rebuild` does it later.", err=True
            )
