"""Symmetry Bench: compare methods that discover symmetries in data and use them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from bench.own.result import DiscoveryResult
    from bench.own.symmetry import Symmetry

__all__ = ["discover", "load_results", "load_symmetry"]


def load_results(results: Path | str | None = None) -> pd.DataFrame:
    """Every stored score as a tidy frame, one row per (record, score); see :func:`bench.records.frame.load_results`.

    Args:
        results: the folder of the records; the one of the checkout when left out.

    Raises:
        BenchError: when the folder does not exist.
    """
    from bench.records import frame  # here: pandas is slow to import
    from bench.records.paths import existing_results
    from bench.records.store import Store

    return frame.load_results(Store(existing_results(Path(results) if results is not None else None)))


def discover(x: Any, y: Any, **choices: Any) -> DiscoveryResult:
    """Which linear symmetry do these data have? See :func:`bench.own.discover.discover` for the choices.

    Args:
        x: ``(n, d)``, or ``(n, t, d)`` with a time axis.
        y: one or more numbers per row, or one class.

    Raises:
        BenchError: when the data cannot be used.
    """
    from bench.own import discover as own  # here: torch is slow to import

    return own.discover(x, y, **choices)


def load_symmetry(path: Path | str) -> Symmetry:
    """The symmetry that `python -m bench discover` wrote: ``.generators``, and ``.transform(x, y)`` moves a batch.

    Raises:
        BenchError: when the file does not hold a symmetry.
    """
    from bench.own import symmetry  # here: torch is slow to import

    return symmetry.load_symmetry(path)
