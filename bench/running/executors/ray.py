"""Runs cells on the nodes of a Ray cluster. Only this process uses the store, so nodes need no shared file system."""

from __future__ import annotations

import time
from typing import Any

from bench.records.cell import versions_of
from bench.records.lock import claimed
from bench.records.record import Record, Status, replaced
from bench.running.executors.cluster import Cluster, share_of_this_node
from bench.running.executors.node import CellOrder, ShippedCell, run_order
from bench.running.jobs import CellNeed, Executor, Job, Watch, need_of
from bench.running.process import GRACE_S
from bench.running.session import Session
from bench.running.supervisor import WorkerFailure

#: How often a cell is restarted when its node dies. A cell that ends by itself is not restarted.
RETRIES = 3
#: Upper limit of cells in progress; a thread of this process waits for each.
MOST_CELLS = 1000
#: Seconds between checks of a request to stop and of the nodes.
POLL_S = 0.5
#: Seconds in which a cancelled cell must end its worker and clean up before its process is killed.
END_S = GRACE_S + 5.0


class RayExecutor(Executor):
    """Runs ``workers`` cells at once, or as many as the cluster has room for. This process holds their locks."""

    def __init__(self, session: Session, cluster: Cluster, workers: int | None, need: CellNeed) -> None:
        """``need`` is the need of the smallest cell; the number of slots is how many of those the cluster can run."""
        import ray

        super().__init__(session, workers or MOST_CELLS)
        self.cluster, self.workers, self.need = cluster, workers, need
        self._task = ray.remote(max_retries=RETRIES, retry_exceptions=False)(_run_here)

    @property
    def slots(self) -> int:
        """How many cells can run at once on the current nodes; 1 when there are none, so that cells can fail."""
        return self.workers or max(1, min(MOST_CELLS, self.cluster.cells(self.cluster.fitting(self.need))))

    def stop(self) -> None:
        super().stop()
        self.cluster.close()

    def run(self, job: Job, watch: Watch) -> Record:
        cell, store = job.cell, self.session.store
        with claimed(store, cell):
            outcome = self._on_a_node(job)
            if isinstance(outcome, ShippedCell):
                record = store.write_outcome(cell, outcome.record, outcome.arrays)
                if outcome.log:
                    store.write_log(cell, outcome.log)
            else:
                record = store.write_outcome(cell, replaced(self.session.blank(cell), outcome._asdict()))
        if record.status is Status.INTERRUPTED:
            raise KeyboardInterrupt
        return record

    def _on_a_node(self, job: Job) -> ShippedCell | WorkerFailure:
        need = self.cluster.fitting(need_of(job, self.session.registry.tasks, self.session.device))
        task = self._task.options(num_cpus=need.threads, num_gpus=need.gpus, name=job.cell.title)
        return self._wait(task.remote(self._order(job, need), need), need)

    def _order(self, job: Job, need: CellNeed) -> CellOrder:
        session = self.session
        versions = versions_of(session.method(job.cell))
        discovery = ShippedCell.of(session.store, job.discovery) if job.discovery is not None else None
        return CellOrder(
            job, versions, session.device, str(session.data_dir), need.threads, session.memory_mb, discovery
        )

    def _wait(self, ref: Any, need: CellNeed) -> ShippedCell | WorkerFailure:
        import ray

        while not ray.wait([ref], timeout=POLL_S)[0]:
            if self.stopped.is_set():
                _cancel(ref)
                return WorkerFailure(Status.INTERRUPTED, "stopped by the user")
            if self.cluster.lost(need):
                _cancel(ref)
                what = f"{need.threads} CPU" + (f" and {need.gpus:g} GPU" if need.gpus else "")
                return WorkerFailure(Status.FAILED, f"the cluster has no node left that offers {what}")
        try:
            outcome: ShippedCell | WorkerFailure = ray.get(ref)
            return outcome
        except ray.exceptions.TaskCancelledError:
            return WorkerFailure(Status.INTERRUPTED, "its task was cancelled")
        except ray.exceptions.OutOfMemoryError:
            return WorkerFailure(Status.OUT_OF_MEMORY, "ended by Ray, because memory ran out on its node")
        except ray.exceptions.RayTaskError as error:  # no symmetry-bench on the node, or a fault of ours
            return WorkerFailure(Status.FAILED, f"on its node: {str(error).strip().rpartition(chr(10))[2]}")
        except ray.exceptions.RayError as error:
            why = str(error).strip().partition("\n")[0]
            return WorkerFailure(Status.FAILED, f"lost with its node {RETRIES + 1} times: {why}")


def _run_here(order: CellOrder, need: CellNeed) -> ShippedCell | WorkerFailure:
    return run_order(order, share_of_this_node(need))


def _cancel(ref: Any) -> None:
    """Interrupt a task, which then ends its worker. Kill it if it does not end; its worker then ends by itself."""
    import ray

    ray.cancel(ref)
    if not ray.wait([ref], timeout=END_S)[0]:
        ray.cancel(ref, force=True)
        time.sleep(POLL_S)
