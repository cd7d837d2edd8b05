"""A Ray cluster: the one that is there, or one on this machine for the time of the sweep."""

from __future__ import annotations

import logging
import os
from typing import Any

from ....errors import MissingExtraError
from ..errors import SweepError
from ..tasks import Done, Task, run_task
from .backend import Backend, Died


class OnRay(Backend):
    """`address`: of a cluster, or `auto`. Without one the cluster this process is connected to already, else one on this machine."""

    name = "ray"

    def __init__(self, workers: int | None = None, address: str | None = None) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            import ray
        except ImportError:
            raise MissingExtraError("running a sweep on Ray", "ray") from None
        self._ray: Any = ray
        self._owned = not ray.is_initialized()
        quiet = {"include_dashboard": False} if address is None else {}
        try:
            if self._owned:
                cores = workers if address is None else None
                ray.init(address=address, num_cpus=cores, log_to_driver=False, logging_level=logging.CRITICAL, **quiet)
        except Exception as error:  # Ray raises many kinds, the plain one too
            ray.shutdown()
            raise SweepError(address or "ray", f"no Ray cluster: {str(error).strip()[:300]}") from None
        self.workers = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        self._remote = ray.remote(max_retries=0)(run_task)
        self._flying: dict[Any, Task] = {}

    def submit(self, task: Task) -> None:
        """See `Backend.submit`."""
        self._flying[self._remote.remote(task)] = task

    def wait(self) -> list[tuple[Task, Done | Died]]:
        """See `Backend.wait`."""
        errors = self._ray.exceptions
        done, _ = self._ray.wait(list(self._flying), num_returns=1)
        ended: list[tuple[Task, Done | Died]] = []
        for future in done:
            task = self._flying.pop(future)
            try:
                ended.append((task, self._ray.get(future)))
            except errors.RayTaskError as error:
                raise error.cause from None
            except errors.RayError as error:
                ended.append((task, Died(str(error).strip().split("\n")[0])))
        return ended

    def close(self, at_once: bool = False) -> None:
        """See `Backend.close`: a cluster that was there before stays."""
        if self._owned:
            self._ray.shutdown()
