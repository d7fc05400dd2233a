"""Shares of the GPUs of this machine, for cells that do not need a whole GPU."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

#: Seconds between checks of a request to stop.
POLL_S = 0.25
#: Tolerance for rounding in a sum of shares.
SLACK = 1e-9


class GpuShares:
    """Assigns each cell a share of the least used GPU. The shares on one GPU never exceed 1."""

    def __init__(self, count: int) -> None:
        self._taken = [0.0] * count
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def take(self, share: float, stopped: threading.Event) -> Iterator[int]:
        """Wait until a GPU has room for ``share`` in (0, 1], hold the share, and yield the number of the GPU.

        Raises:
            KeyboardInterrupt: when ``stopped`` is set before there is room.
        """
        with self._changed:
            while self._taken[gpu := self._emptiest()] + share > 1.0 + SLACK:
                if stopped.is_set():
                    raise KeyboardInterrupt
                self._changed.wait(POLL_S)
            self._taken[gpu] += share
        try:
            yield gpu
        finally:
            with self._changed:
                self._taken[gpu] -= share
                self._changed.notify_all()

    def _emptiest(self) -> int:
        return min(range(len(self._taken)), key=lambda gpu: round(self._taken[gpu], 6))
