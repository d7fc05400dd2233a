"""Symmetry Bench: compare methods that discover symmetries in data and use them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["load_results"]


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
