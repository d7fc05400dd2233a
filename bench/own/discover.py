"""The whole search on a user's data: one assumption about the output after the other, within a limit of time."""

from __future__ import annotations

from typing import Any

import torch

from bench.errors import BenchError, nearest
from bench.own.data import OwnData, make_data
from bench.own.framing import OUTPUTS
from bench.own.problem import prepare
from bench.own.result import DiscoveryResult
from bench.own.search import Search
from bench.own.work import OnStage, Work

#: Seconds that a search may take unless the user says otherwise.
LIMIT_S = 600.0


def discover(
    x: Any,
    y: Any,
    *,
    group: str = "",
    output: str = "auto",
    seconds: float = LIMIT_S,
    on_stage: OnStage = lambda title, share: None,
    **more: Any,
) -> DiscoveryResult:
    """Search ``x (n, d)`` or ``(n, t, d)`` and ``y`` for linear symmetries; see docs/tutorials/your_own_data.md.

    Args:
        group: vector blocks, like ``"q1:x1,y1 q2:x2,y2"``.
        output: invariant, same, vector or auto.
        seconds: the limit of time.
        on_stage: called with the stage and how much of it is done.
        more: ``inputs``, ``targets`` (names of columns) and ``kind`` of :func:`bench.own.data.make_data`.

    Raises:
        BenchError: when the data or a choice cannot be used.
    """
    return discover_in(make_data(x, y, group=group, **more), output, seconds, on_stage)


def discover_in(data: OwnData, output: str, seconds: float, on_stage: OnStage) -> DiscoveryResult:
    """The search on checked data. Ctrl-C ends it with what is done so far.

    Raises:
        BenchError: when the output cannot move as asked.
    """
    outputs = _outputs(data, output)
    threads = torch.get_num_threads()
    work = Work(seconds, on_stage)
    torch.set_num_threads(1)  # the networks are small: more threads are slower
    try:
        searches = [Search(prepare(data, one), work) for one in outputs]
        for search in searches:
            search.discover()
        for search in sorted(searches, key=lambda s: -s.answer.dimension):
            search.check()
    finally:
        torch.set_num_threads(threads)
    return DiscoveryResult(data, tuple(searches), work.seconds(), tuple(work.missing), work.stopped)


def _outputs(data: OwnData, output: str) -> tuple[str, ...]:
    """The assumptions about the output that are tried."""
    if output == "auto":
        return OUTPUTS if data.alike else OUTPUTS[:1]
    if output not in OUTPUTS:
        raise BenchError(f"--output is {output!r}.{nearest(output, OUTPUTS)} Allowed: auto, {', '.join(OUTPUTS)}.")
    if output != "invariant" and not data.alike:
        raise BenchError(
            f"--output {output} needs as many target columns as input columns, in the same order; there are "
            f"{len(data.targets)} and {len(data.inputs)}."
        )
    return (output,)
