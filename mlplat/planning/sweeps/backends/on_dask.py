"""A Dask cluster: the one that is there, or one on this machine for the time of the sweep."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

from ....errors import MissingExtraError
from ..errors import SweepError
from ..tasks import Done, Task, run_task
from .backend import Backend, Died


class OnDask(Backend):
    """`address`: of a scheduler, such as `tcp://host:8786`. Without one the client that this process has already, else a local cluster."""

    name = "dask"

    def __init__(self, workers: int | None = None, address: str | None = None) -> None:
        try:
            import dask
            import distributed
        except ImportError:
            raise MissingExtraError("running a sweep on Dask", "dask") from None
        self._distributed: Any = distributed
        self._dask: Any = dask
        self._cluster: Any = None
        self._client: Any = None
        self._owned = True
        try:
            if address is None and workers is None:
                with suppress(ValueError):  # there is none
                    self._client, self._owned = self._distributed.default_client(), False
            if self._client is None and address is None:
                settings = {"distributed.scheduler.allowed-failures": 0, "distributed.admin.log-format": "%(message)s"}
                with self._dask.config.set(settings):
                    self._cluster = self._distributed.LocalCluster(
                        n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=logging.CRITICAL + 1
                    )
            if self._client is None:
                self._client = self._distributed.Client(self._cluster if address is None else address, set_as_default=False)
                self._client.wait_for_workers(1, timeout=60)
        except (OSError, TimeoutError) as error:
            self.close(at_once=True)
            raise SweepError(address or "dask", f"no Dask workers: {error}") from None
        self.workers = workers or sum(self._client.nthreads().values())
        self._flying: dict[Any, Task] = {}

    def submit(self, task: Task) -> None:
        """See `Backend.submit`."""
        self._flying[self._client.submit(run_task, task, pure=False)] = task

    def wait(self) -> list[tuple[Task, Done | Died]]:
        """See `Backend.wait`."""
        assert self._client is not None
        with self._client.as_current():
            done = self._distributed.wait(list(self._flying), return_when="FIRST_COMPLETED").done
        ended: list[tuple[Task, Done | Died]] = []
        for future in done:
            task = self._flying.pop(future)
            if future.status == "cancelled":
                ended.append((task, Died("the cluster gave the task up")))
                continue
            try:
                ended.append((task, future.result()))
            except self._distributed.KilledWorker as error:
                ended.append((task, Died(str(error).split("\n")[0])))
        return ended

    def close(self, at_once: bool = False) -> None:
        """See `Backend.close`: what was there before stays."""
        if self._client is not None and self._owned:
            self._client.close()
        if self._cluster is not None:
            self._cluster.close()
