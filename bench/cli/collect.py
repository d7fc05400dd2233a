"""`python -m bench collect`: all records as one tidy parquet file."""

from __future__ import annotations

from pathlib import Path

import typer

from bench.errors import BenchError
from bench.records.atomic import renamed_to
from bench.records.frame import load_results
from bench.records.store import Store


def collect_command(root: Path, output: Path | None) -> None:
    """Write every score of the records below ``root`` to ``output``, by default next to the folder.

    Raises:
        BenchError: when the file cannot be written.
    """
    path = output or root.parent / f"{root.name}.parquet"
    frame = load_results(Store(root))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with renamed_to(path) as temporary:
            frame.to_parquet(temporary, index=False)
    except OSError as error:
        raise BenchError(f"{str(path)!r} cannot be written ({error.strerror}); choose another with --output.") from None
    typer.echo(f"{frame['path'].nunique():,} records, {len(frame):,} rows (record × score)")
    typer.echo(f"written: {path}")
    typer.echo(f'next: pandas.read_parquet("{path.name}"), or without a file bench.load_results()')
