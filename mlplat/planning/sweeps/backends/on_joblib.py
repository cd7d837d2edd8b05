"""Worker processes on this machine, by loky, which joblib brings: a worker that dies is noticed and replaced."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any

from ....errors import MissingExtraError
from ..tasks import Done, Task, run_task
from .backend import Backend, Died

_ONE_THREAD = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Each worker has one core, and no library in it starts threads for all of them."""


def end_with(parent: int, every: float = 1.0) -> None:
    """End this process soon after its parent has: the workers of a driver that was killed are told by nobody else."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(every)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="mlplat-sweep-watch").start()


class OnJoblib(Backend):
    """`workers` processes, as many as this process may use cores if left out."""

    name = "joblib"

    def __init__(self, workers: int | None = None) -> None:
        try:
            import joblib
            from joblib.externals import loky
        except ImportError:
            raise MissingExtraError("running a sweep with joblib", "sweep") from None
        self.workers = joblib.cpu_count() if workers is None else workers
        self._loky = loky
        self._pool: Any = None
        self._flying: dict[Future[Done], Task] = {}
        self._died: list[tuple[Task, Died]] = []

    def submit(self, task: Task) -> None:
        """See `Backend.submit`."""
        for _ in range(2):  # a pool that broke is replaced
            if self._pool is None:
                self._pool = self._loky.ProcessPoolExecutor(
                    max_workers=self.workers, env=_ONE_THREAD, initializer=end_with, initargs=(os.getpid(),)
                )
            try:
                self._flying[self._pool.submit(run_task, task)] = task
                return
            except self._loky.BrokenProcessPool:
                self._drop()
        self._died.append((task, Died("workers die as they start")))

    def wait(self) -> list[tuple[Task, Done | Died]]:
        """See `Backend.wait`."""
        ended: list[tuple[Task, Done | Died]] = list(self._died)
        self._died.clear()
        if ended:
            return ended
        for future in wait(self._flying, return_when=FIRST_COMPLETED).done:
            task = self._flying.pop(future)
            try:
                ended.append((task, future.result()))
            except self._loky.BrokenProcessPool as error:
                ended.append((task, Died(str(error).split("\n")[0])))
        if any(isinstance(result, Died) for _, result in ended):
            ended += [(task, Died("another worker died")) for task in self._flying.values()]
            self._flying.clear()
            self._drop()
        return ended

    def _drop(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, kill_workers=True)

    def close(self, at_once: bool = False) -> None:
        """See `Backend.close`."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, kill_workers=at_once)
