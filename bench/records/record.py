"""The record of one cell: one class that is also the schema of its JSON file. Unknown fields are refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from bench.api import TIERS
from bench.errors import BenchError, EarlierProtocol
from bench.metrics.scores import out_of_range
from bench.records.cell import TRAIN_FRACTION

SCHEMA = "run.v3"
#: The number in the schema of a record of any protocol, as its file says it.
_SCHEMA_OF = re.compile(rb'"schema":\s*"run\.v(\d+)"')
#: Larger scores are refused: no correct run has one, and their spread overflows.
LARGEST = 1e100
#: Seeds are unsigned 32-bit integers.
LARGEST_SEED = 2**32 - 1

Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_.+-]*$", max_length=200)]
Key = Annotated[str, Meta(pattern="^[0-9a-f]{12}$")]
Seed = Annotated[int, Meta(ge=0, le=LARGEST_SEED)]
Version = Annotated[int, Meta(ge=1)]
Number = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]
Amount = Annotated[float, Meta(ge=0.0, le=LARGEST)]
Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
ScoreName = Annotated[str, Meta(pattern="^(test|equivariance|symmetry)/[a-z0-9_]+$")]
#: One of `bench.api.TIERS`.
Tier = Annotated[str, Meta(pattern=f"^({'|'.join(TIERS)})$")]
#: A parameter's value.
Value = str | bool | int | float | None


class Status(StrEnum):
    """How a cell ended."""

    OK = "ok"
    FAILED = "failed"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    DIVERGED = "diverged"
    UNSUPPORTED = "unsupported"
    INTERRUPTED = "interrupted"

    @property
    def is_final(self) -> bool:
        """Whether rerunning the cell would not change the outcome."""
        return self in (Status.OK, Status.DIVERGED, Status.UNSUPPORTED)

    @property
    def is_failure(self) -> bool:
        """Whether the cell ended by itself without a result. It is rerun only on request."""
        return self in (Status.FAILED, Status.TIMEOUT, Status.OUT_OF_MEMORY)


class Strict(Struct, frozen=True, forbid_unknown_fields=True):
    """Base class of all parts of a record."""


class ScoreValue(Strict, frozen=True, kw_only=True):
    """One score of a run."""

    value: Number
    unit: str
    higher_is_better: bool | None


class Sizes(Strict, frozen=True, kw_only=True):
    """Number of examples in each split."""

    train: Count
    val: Count
    test: Count | None  # None: the test split was not read


class TaskEntry(Strict, frozen=True, kw_only=True):
    """The task and the data of a run."""

    id: Name
    version: Version
    data: str  # fingerprint
    data_sha256: str | None = None  # None: the cell ended before its data were loaded
    data_note: str | None = None
    sizes: Sizes | None = None


class MethodEntry(Strict, frozen=True, kw_only=True):
    """The method of a run."""

    id: Name
    versions: tuple[Version, ...]  # of the method, or of both stages of a pipeline
    search: Name | None
    knowledge: Tier


class Validation(Strict, frozen=True, kw_only=True):
    """The primary metric on the validation split. Sweeps select by it; boards do not show it."""

    name: Annotated[str, Meta(pattern="^val/[a-z0-9_]+$")]
    value: Number
    unit: str
    higher_is_better: bool


class Cost(Strict, frozen=True, kw_only=True):
    """The cost of one cell. It excludes a consumer's discovery, which is a separate cell with its own cost."""

    fit_s: Amount
    predict_s: Amount
    passes: Count  # examples forward and backward through the network, copies counted
    steps: Count
    samples_per_s: Amount
    parameters: Count
    forward_passes: Annotated[int, Meta(ge=1)]
    peak_rss_mb: Amount
    peak_device_mb: Amount | None

    def with_discovery(self, discovery: Cost) -> Cost:
        """The cost of this consumer and of the discovery that it builds on."""
        fit_s = self.fit_s + discovery.fit_s
        samples = self.samples_per_s * self.fit_s + discovery.samples_per_s * discovery.fit_s
        device = [mb for mb in (self.peak_device_mb, discovery.peak_device_mb) if mb is not None]
        return msgspec.structs.replace(
            self,
            fit_s=fit_s,
            passes=self.passes + discovery.passes,
            steps=self.steps + discovery.steps,
            parameters=self.parameters + discovery.parameters,
            samples_per_s=samples / fit_s if fit_s else 0.0,
            peak_rss_mb=max(self.peak_rss_mb, discovery.peak_rss_mb),
            peak_device_mb=max(device, default=None),
        )


class Environment(Strict, frozen=True, kw_only=True):
    """Code state, versions and hardware of a run."""

    git_sha: str | None
    dirty: bool | None
    python: str
    torch: str
    cpu: str
    gpu: str | None
    threads: Annotated[int, Meta(ge=1)]
    deterministic: bool


class DiscoveryEntry(Strict, frozen=True, kw_only=True):
    """The discovery that a consumer used, which is a cell of the same task and seed."""

    method: Name
    search: Name | None
    key: Key


class Record(Strict, frozen=True, kw_only=True):
    """The result of one cell: what was run, how it ended, and its scores and costs."""

    schema: Literal["run.v3"] = "run.v3"
    key: Key
    status: Status
    reason: str | None = None
    seed: Seed
    budget: Name
    task: TaskEntry
    method: MethodEntry
    params: dict[str, Value]
    changed: dict[str, Value]  # parameters that differ from the default
    preset: str | None = None  # name of the preset that the changes come from
    validation: Validation | None = None
    scores: dict[ScoreName, ScoreValue] = {}
    references: dict[str, Number] = {}  # scores of trivial predictors on the test set
    cost: Cost | None = None
    env: Environment
    arrays: tuple[str, ...] = ()  # names of the arrays in the .npz file next to the record
    discovery: DiscoveryEntry | None = None
    started: Annotated[str, Meta(pattern=r"^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\dZ$")]

    @property
    def label(self) -> str:
        """The method and its search space, as boards name them: ``semola [mask2]``."""
        return labelled(self.method.id, self.method.search)

    @property
    def place(self) -> str:
        """Path of the record relative to the root of a store."""
        return record_path(self.task, self.method.id, self.method.search, self.key, self.seed)

    @property
    def discovery_place(self) -> str | None:
        """Place of the discovery that this consumer used; None for records that are not consumers."""
        used = self.discovery
        return None if used is None else record_path(self.task, used.method, used.search, used.key, self.seed)

    @property
    def train_fraction(self) -> float:
        """The share of the budget's training examples that the run used."""
        return float(self.changed.get(TRAIN_FRACTION) or 1.0)


def labelled(method: str, search: str | None) -> str:
    """``method [search]``, or the method alone when it does not use a search space."""
    return f"{method} [{search}]" if search else method


def record_path(task: TaskEntry, method: str, search: str | None, key: str, seed: int) -> str:
    """``<task>@<version>/<method>[--<search>]/<key>/seed<k>.json``."""
    return f"{task.id}@{task.version}/{method}{f'--{search}' if search else ''}/{key}/seed{seed}.json"


def replaced(record: Record, fields: Mapping[str, object]) -> Record:
    """A copy of ``record`` with new values for ``fields``."""
    return msgspec.structs.replace(record, **fields)


def encode(record: Record) -> bytes:
    """The bytes of a record's file: JSON with sorted keys and one value per line."""
    return msgspec.json.format(msgspec.json.encode(record, order="sorted", enc_hook=_json_value), indent=1) + b"\n"


def decode(content: bytes, name: str) -> Record:
    """The record in ``content``, which was read from the file ``name``.

    Raises:
        EarlierProtocol: when ``content`` is a record of an earlier protocol.
        BenchError: when ``content`` is not a valid record as :func:`encode` writes it; names the file, the field and
            its value.
    """
    record = _parsed(content, name)
    if encode(record) != msgspec.json.format(content, indent=1) + b"\n":
        raise BenchError(f"record {name!r} is not written as the suite writes it (a field twice, or edited by hand).")
    return record


def checked(record: Record, name: str) -> Record:
    """``record`` as it will be read from the file ``name``. Numbers of numpy become numbers of Python.

    Raises:
        BenchError: when the record could not be read; names the file, the field and its value.
    """
    return _parsed(encode(record), name)


def read_record(path: Path) -> Record:
    """Read and validate one record.

    Raises:
        BenchError: when the file is missing or is not a record; names the file and the place.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise BenchError(f"no record {str(path)!r}; `python -m bench run` prints the paths it writes.") from None
    except OSError as error:
        raise BenchError(f"record {str(path)!r} cannot be read: {error}.") from None
    return decode(content, str(path))


def _parsed(content: bytes, name: str) -> Record:
    told = _SCHEMA_OF.search(content)
    if told is not None and int(told[1]) < int(SCHEMA.removeprefix("run.v")):
        raise EarlierProtocol(
            f"record {name!r} is of an earlier protocol (run.v{int(told[1])}, now {SCHEMA}) and is not read; run its "
            "cell again."
        )
    try:
        record = msgspec.json.decode(content, type=Record)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BenchError(_unreadable(content, name, error)) from None
    why = _impossible(record)
    if why is not None:
        raise BenchError(f"record {name!r}: {why}.")
    return record


def _json_value(value: object) -> object:
    """``value``, an instance of a subclass of a JSON type such as numpy's float64, as that type."""
    for kind in (str, bool, int, float):
        if isinstance(value, kind):
            return kind(value)
    raise TypeError(f"{value!r} is not a value of JSON")


def _impossible(record: Record) -> str | None:
    """Which rule for all correct runs this record breaks; None when it breaks none."""
    share = record.changed.get(TRAIN_FRACTION, 1.0)
    if not isinstance(share, int | float) or not 0.0 < share <= 1.0:
        return f"{TRAIN_FRACTION} is {share!r}, outside (0, 1]"
    if record.status is Status.OK and (record.cost is None or record.task.sizes is None):
        return "its status is ok, and it has no cost or no sizes"
    for name, score in record.scores.items():
        if (why := out_of_range(name, score.value)) is not None:
            return why
    return None


def _unreadable(content: bytes, name: str, error: Exception) -> str:
    """The error text for ``content``: the file and the field."""
    if isinstance(error, RecursionError):
        return f"record {name!r} cannot be read: it is nested too deeply."
    return f"record {name!r} cannot be read: {' '.join(str(error).split())[:300]}{_value_at(content, str(error))}."


def _value_at(content: bytes, message: str) -> str:
    """``; it is VALUE`` for the field that a message of msgspec names, like ``$.scores[...].value``."""
    _, marker, path = message.rpartition("at `$.")
    if not marker:
        return ""
    try:
        value = msgspec.json.decode(content)
        for part in path.rstrip("`").split("."):
            value = value[part]
    except Exception:  # the field is in a list or under an unnamed key: the message alone must do
        return ""
    return f"; it is {value!r}"[:120]
