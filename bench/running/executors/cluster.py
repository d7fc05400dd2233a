"""The connection to a Ray cluster, and the resources of its nodes."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from bench.errors import BenchError
from bench.records.command_line import PLUGINS
from bench.running.jobs import CellNeed

#: Seconds for which the resources of the nodes are cached.
FRESH_S = 1.0
#: Seconds for which a cell waits for a node that is large enough to run it, while nodes start or return.
PATIENCE_S = 60.0
#: Seconds in which an address must answer; Ray itself tries for two minutes.
KNOCK_S = 5.0
#: Environment variables that are passed on to the nodes.
SHIPPED = (PLUGINS,)

# Ray would print messages about nodes and tasks to standard output; the records of the cells already hold them.
QUIET = {"RAY_DEDUP_LOGS_SKIP_REGEX": ".", "RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


class Cluster:
    """A connection to the cluster at ``address``, else to one on this machine, else to a new one for this command.

    Raises:
        BenchError: when ray is not installed, or no cluster answers.
    """

    def __init__(self, address: str | None) -> None:
        for name, value in QUIET.items():
            os.environ.setdefault(name, value)
        try:
            import ray
        except ImportError:
            raise BenchError(
                "--executor ray needs the extra [cluster]: pip install 'symmetry-bench[cluster]'."
            ) from None
        if address not in (None, "auto"):
            _knock(address)
        shipped = {name: os.environ[name] for name in SHIPPED if name in os.environ}
        try:
            with _keeping_our_signals():
                ray.init(
                    address,
                    log_to_driver=False,
                    logging_level="ERROR",
                    include_dashboard=False,
                    runtime_env={"env_vars": shipped} if shipped else None,
                )
        except Exception as error:  # ray raises ValueError, RuntimeError, ConnectionError and its own
            why = str(error).strip().partition("\n")[0] or type(error).__name__
            raise BenchError(f"no Ray cluster at {address or 'this machine'}: {why}") from None
        self._lock = threading.Lock()
        self._nodes: list[Mapping[str, float]] = []
        self._asked = -FRESH_S
        self._fitted: dict[CellNeed, float] = {}  # time at which a node that could run it was last seen

    def nodes(self) -> list[Mapping[str, float]]:
        """The total resources of each node that is alive."""
        import ray

        with self._lock:
            if time.monotonic() - self._asked >= FRESH_S:
                self._nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
                self._asked = time.monotonic()
            return self._nodes

    def total(self, name: str) -> float:
        """The amount of a resource, ``"CPU"`` or ``"GPU"``, on all nodes together."""
        return sum(node.get(name, 0.0) for node in self.nodes())

    def fitting(self, need: CellNeed) -> CellNeed:
        """``need`` with no more threads than the largest node has."""
        return need._replace(threads=max(1, min(need.threads, int(max(map(_cpus, self.nodes()), default=0)))))

    def cells(self, need: CellNeed) -> int:
        """How many cells with this need can run at once."""
        return sum(need.fits(_cpus(node), node.get("GPU", 0.0)) for node in self.nodes())

    def lost(self, need: CellNeed) -> bool:
        """Whether no node has been able to run such a cell for :data:`PATIENCE_S`."""
        now = time.monotonic()
        if self.cells(need):
            self._fitted[need] = now
        return now - self._fitted.setdefault(need, now) > PATIENCE_S

    def close(self) -> None:
        """End the connection."""
        import ray

        ray.shutdown()


def share_of_this_node(need: CellNeed) -> float:
    """The share of the node running this code that one cell with ``need`` may use."""
    import ray

    node_id = ray.get_runtime_context().get_node_id()
    resources: dict[str, Any] = next(node["Resources"] for node in ray.nodes() if node["NodeID"] == node_id)
    return 1.0 / max(1, need.fits(_cpus(resources), resources.get("GPU", 0.0)))


def _cpus(node: Mapping[str, float]) -> float:
    return node.get("CPU", 0.0)


def _knock(address: str) -> None:
    """Raise BenchError when ``address`` is malformed or does not accept connections."""
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdecimal():
        raise BenchError(f"--address is {address!r}; it must be host:port, as `ray start --head` prints it, or auto.")
    try:
        socket.create_connection((host, int(port)), KNOCK_S).close()
    except (OSError, OverflowError) as error:
        raise BenchError(
            f"nobody answers at --address {address} ({error}); `ray start --head` starts a cluster and prints its "
            "address."
        ) from None


@contextlib.contextmanager
def _keeping_our_signals() -> Iterator[None]:
    """Restore our handler of SIGTERM, which ends a suite like Ctrl-C and which Ray replaces."""
    kept = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, kept)
