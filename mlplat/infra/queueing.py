"""The queue policies by name:

who is next, and what happens when the next one does not fit. The cycles are in `kernels.cycle` and `kernels.easy`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..errors import UnknownNameError
from .kernels.state import Queue


@dataclass(frozen=True, slots=True)
class QueuePolicy:
    """One queue policy: its `name`, its `code` in the kernels, and `summary`, a sentence of what it does."""

    name: str
    code: Queue
    summary: str


QUEUES: Mapping[str, QueuePolicy] = MappingProxyType(
    {
        policy.name: policy
        for policy in (
            QueuePolicy("fifo", Queue.FIFO, "strict order of submission; a head that does not fit blocks all"),
            QueuePolicy("best-effort-fifo", Queue.BEST_EFFORT_FIFO, "in order of submission, each waiting job that fits is started"),
            QueuePolicy("sjf", Queue.SJF, "shortest estimate first; a head that does not fit blocks all"),
            QueuePolicy("easy", Queue.EASY, "as fifo, and later jobs may start early where the head's reservation is not disturbed"),
            QueuePolicy("loss", Queue.LOSS, "one attempt for each job, in order of submission; what does not fit is lost"),
        )
    }
)
"""Name -> policy."""


def queue_policy(name: object) -> QueuePolicy:
    """The queue policy of that name. Raises UnknownNameError.

    >>> queue_policy("easy").code.name
    'EASY'
    """
    if not isinstance(name, str) or name not in QUEUES:
        raise UnknownNameError("queue policy", name, QUEUES)
    return QUEUES[name]
