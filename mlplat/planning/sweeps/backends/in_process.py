"""No workers: one task after the other in this process."""

from __future__ import annotations

from collections import deque

from ..tasks import Done, Task, run_task
from .backend import Backend, Died


class InProcess(Backend):
    """Makes the runs itself."""

    name = "serial"
    workers = 1
    most_runs = 1  # sending costs nothing

    def __init__(self) -> None:
        self._tasks: deque[Task] = deque()

    def submit(self, task: Task) -> None:
        """See `Backend.submit`."""
        self._tasks.append(task)

    def wait(self) -> list[tuple[Task, Done | Died]]:
        """See `Backend.wait`."""
        task = self._tasks.popleft()
        return [(task, run_task(task))]

    def close(self, at_once: bool = False) -> None:
        """Nothing was started."""
