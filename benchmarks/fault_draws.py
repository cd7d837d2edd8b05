"""How the fault campaign makes its random choices, writes its cases down and makes them smaller."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")
INF = math.inf
WEEK_S = 604800.0
GROUPS = ("a", "b", "c")
"""Of workloads."""

QUEUES = ("fifo", "best-effort-fifo", "sjf", "easy", "loss", "priority", "srtf", "las", "drf", "conservative")
HEADED = ("fifo", "best-effort-fifo", "easy", "conservative", "sjf", "priority", "srtf", "las")
"""Those that have a head of the queue, for which nodes are planned first."""


def shown(value: Any) -> str:
    """`repr`, with the infinite as INF.

    >>> shown((math.inf, 1.0, {"patience": math.inf}))
    "(INF, 1.0, {'patience': INF})"
    """
    if isinstance(value, float) and math.isinf(value):
        return "INF" if value > 0 else "-INF"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {shown(part)}" for key, part in value.items()) + "}"
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return f"{type(value).__name__}({', '.join(map(shown, value))})"
    if isinstance(value, (list, tuple)):
        left, right = "[]" if isinstance(value, list) else ("(", ",)" if len(value) == 1 else ")")
        return left + ", ".join(map(shown, value)) + right
    return repr(value)


class Draw:
    """Random choices for one case."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.numbers = rng.random(4096).tolist()
        self.at = 0

    def below(self, count: int) -> int:
        """A whole number from 0 to count - 1."""
        self.at = (self.at + 1) % len(self.numbers)
        return int(self.numbers[self.at] * count)

    def of(self, choices: Sequence[T]) -> T:
        """One of them."""
        return choices[self.below(len(choices))]

    def one_in(self, count: int) -> bool:
        """True once in so many times."""
        return self.below(count) == 0


def draw_queue_options(draw: Draw, queue: str, scale: float) -> dict[str, Any]:
    """The options that a queue policy reads, small enough to matter."""
    if queue in ("priority", "srtf"):
        options: dict[str, Any] = {"grace": draw.of((0.0, 0.0, 0.5, 1.0, 2.0, 5.0, INF)) * scale}
        return options | ({"preempt": draw.of((True, True, False))} if queue == "priority" else {})
    if queue == "las":
        return {"grace": draw.of((0.0, 0.5, 2.0, INF)) * scale, "threshold": draw.of((0.0, 1.0, 2.0, 4.0, 9.0, 3600.0, INF)) * scale}
    if queue == "conservative":
        return {"depth": draw.of((1, 2, 5, 1000))}
    if queue not in ("best-effort-fifo", "drf"):
        return {}
    options = {"patience": draw.of((WEEK_S, WEEK_S, 0.0, 1.0, 3.0, 8.0, INF)) * scale}
    if queue == "drf":
        options["weights"] = {group: draw.of((0.5, 2.0, 3.0)) for group in GROUPS if draw.one_in(2)}
        options["fair_preemption"] = draw.of(((), ("final-share",), ("final-share", "initial-share")))  # is read under quotas alone
    return options


def without_some(parts: list[T]) -> Iterator[list[T]]:
    """The list without a half, a quarter, ... of it, and without each single part.

    >>> [*without_some([1, 2, 3])]
    [[2, 3], [1, 3], [1, 2]]
    """
    size = len(parts) // 2
    while size > 1:
        for begin in range(0, len(parts), size):
            yield parts[:begin] + parts[begin + size :]
        size //= 2
    for i in range(len(parts)):
        yield parts[:i] + parts[i + 1 :]
