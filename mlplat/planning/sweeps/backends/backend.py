"""What every backend does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Self

from ..tasks import Done, Task


@dataclass(frozen=True, slots=True)
class Died:
    """The worker of a task died, or the task of another on the same worker killed it."""

    problem: str


class Backend(ABC):
    """Sends tasks to `workers` workers. Use as a context, and call from one thread."""

    name: str
    workers: int
    most_runs: int = 64
    """Runs that a task may have."""

    @abstractmethod
    def submit(self, task: Task) -> None:
        """Have a task done."""

    @abstractmethod
    def wait(self) -> list[tuple[Task, Done | Died]]:
        """Wait until a task has ended, and return all that have. Raises what a task raised."""

    @abstractmethod
    def close(self, at_once: bool = False) -> None:
        """End the workers that this backend started; `at_once`: what they are doing does not matter."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(at_once=kind is not None)
