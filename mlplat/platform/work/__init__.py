"""Real work in simulated environments: tasks, which run in zones, are tried again where the infrastructure fails, and end in an outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .outcomes import InfrastructureError, Outcome, TaskReason
    from .runs import TaskRun
    from .task import Body, Task
    from .tasks import Tasks

__all__ = ["Body", "InfrastructureError", "Outcome", "Task", "TaskReason", "TaskRun", "Tasks"]

_HOME = {
    "Body": "task",
    "InfrastructureError": "outcomes",
    "Outcome": "outcomes",
    "Task": "task",
    "TaskReason": "outcomes",
    "TaskRun": "runs",
    "Tasks": "tasks",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
