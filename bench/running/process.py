"""Worker processes, forked from a server that has imported torch and the engine once.

The server is multiprocessing's. It has one thread, has not touched a GPU, and ignores Ctrl-C. It ends with the last
of its users.
"""

from __future__ import annotations

import json
import multiprocessing as mp
import os
import signal
import sys
import threading
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing import connection, forkserver, reduction
from pathlib import Path
from typing import Any

#: Seconds between SIGTERM and SIGKILL.
GRACE_S = 5.0
#: What the server's environment has more than ours. glibc keeps freed memory: with its defaults a LieConv step takes
#: thousands of page faults, 10-40 % of its time. Without OMP_NUM_THREADS numpy would start threads at its import. The
#: log is read as UTF-8 whatever the locale is.
ENVIRONMENT = {
    "MALLOC_TRIM_THRESHOLD_": "536870912",
    "MALLOC_MMAP_THRESHOLD_": "536870912",
    "OMP_NUM_THREADS": "1",
    "PYTHONIOENCODING": "utf-8:backslashreplace",
    "PYTHONSAFEPATH": "1",
}
#: Modules that the server imports. An import error here is reported by the first worker.
PRELOADED = ["bench.running.preload"]

_starting = threading.Lock()


def start_server() -> None:
    """Start the fork server, or do nothing when it runs. It imports in the background; nothing waits for it here."""
    with _starting:
        mp.get_context("forkserver").set_forkserver_preload(PRELOADED)
        before = {name: os.environ.get(name) for name in ENVIRONMENT}
        os.environ.update(ENVIRONMENT)
        try:
            forkserver.ensure_running()
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


class WorkerProcess:
    """A worker that runs ``job``; its words go to the file ``log``, and it ends when this process ends."""

    def __init__(self, job: Mapping[str, Any], log: Path, held: int) -> None:
        """``held`` is the descriptor of the cell's lock: the worker keeps the lock even if this process ends."""
        start_server()
        self._messages, theirs = mp.Pipe()
        environment = {**os.environ, **ENVIRONMENT, "OMP_NUM_THREADS": str(job["threads"]), **job["environment"]}
        self._process = mp.get_context("forkserver").Process(
            target=_enter, args=(json.dumps(job), str(log), environment, theirs, _Descriptor(held))
        )
        with _starting, _without_main():
            self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        """Number of the process, which is also that of its process group."""
        assert self._process.pid is not None
        return self._process.pid

    def receive(self, timeout: float) -> Any:
        """The next message, or None when none came within ``timeout`` seconds.

        Raises:
            EOFError: when the worker has ended and all its messages were received.
        """
        if not self._messages.poll(max(0.0, timeout)):
            return None
        try:
            return json.loads(self._messages.recv_bytes())
        except ConnectionResetError:  # the worker was killed while it sent
            raise EOFError from None

    def wait(self, timeout: float | None = None) -> int | None:
        """The exit status, negative for a signal; None while the worker runs after ``timeout`` seconds."""
        self._process.join(timeout)
        return self._process.exitcode

    def end(self) -> None:
        """Send SIGTERM to the worker's process group, and SIGKILL after a grace period."""
        for sign, wait_s in ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, None)):
            if self._process.exitcode is not None:
                break
            self._signal(sign)
            self.wait(wait_s)
        self._messages.close()

    def _signal(self, sign: int) -> None:
        with suppress(ProcessLookupError):
            try:
                os.killpg(self.pid, sign)
            except ProcessLookupError:  # it has no group of its own yet
                os.kill(self.pid, sign)


class _Descriptor:
    """A file descriptor that is sent to the worker with its arguments."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, (reduction.DupFd(self.number),)


def _received(duplicate: Any) -> _Descriptor:
    return _Descriptor(duplicate.detach())


@contextmanager
def _without_main() -> Iterator[None]:
    """Hide the main module, which a worker would import again."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _enter(job: str, log: str, environment: dict[str, str], messages: connection.Connection, held: _Descriptor) -> None:
    """First function of a worker: a process group, an environment and a log of its own, then the job."""
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    with open(log, "a", encoding="utf-8") as file:  # noqa: PTH123
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    threading.Thread(target=_end_with_parent, args=(messages,), daemon=True).start()
    from bench.errors import BenchError
    from bench.running.worker import run_job

    try:
        run_job(json.loads(job), partial(_say, messages))
    except BenchError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


def _say(messages: connection.Connection, **message: Any) -> None:
    try:
        messages.send_bytes(json.dumps(message).encode())
    except BrokenPipeError:
        # The parent has ended: end without a record, so that the cell runs again.
        sys.exit("the parent process is gone")


def _end_with_parent(messages: connection.Connection) -> None:
    """End this process when the other end of the pipe closes: its parent has ended, for instance was killed."""
    with suppress(OSError, EOFError):
        messages.recv_bytes()
    os._exit(1)
