"""What a scenario of Kueue's documentation is made of, in Kueue's words, and how they are said in ours (docs/quotas_and_kueue.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import mlplat as mp
from mlplat.hardware import ClusterSpec

Given = float | Mapping[str, Any]
"""A number of CPUs, or amounts by key or flavor."""

LONG: Final = 1e7
FIRST_ARRIVAL: Final = 1000.0
ANY, LOWER, NEVER, LOWER_OR_NEWER, PREEMPT, TRY_NEXT = "any", "lower-priority", "never", "lower-or-newer", "preempt", "try-next"
STRICT, BEST_EFFORT, SHARES = "priority", "best-effort-fifo", "drf"


def amounts(given: Given | None) -> dict[str, Any]:
    """Amounts by key; numbers alone are CPUs."""
    if given is None:
        return {}
    if isinstance(given, (int, float)):
        return {"cpus": given}
    return {key: value if key in ("cpus", "memory_gib", "environments") else amounts(value) for key, value in given.items()}


def added(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """The sums by key, of those in either."""
    out = dict(first)
    for key, value in second.items():
        out[key] = added(out.get(key, {}), value) if isinstance(value, Mapping) else out.get(key, 0) + value
    return out


def limited(nominal: Given, borrowing: Given | None) -> dict[str, Any]:
    """The limit that a borrowing limit means: what is nominal and that much more, where it is given."""
    more = amounts(borrowing)
    own = amounts(nominal)
    return {
        key: {inner: own.get(key, {}).get(inner, 0) + most for inner, most in value.items()}
        if isinstance(value, Mapping)
        else own.get(key, 0) + value
        for key, value in more.items()
    }


@dataclass(frozen=True)
class Queue:
    """A ClusterQueue with Kueue's defaults: it stops nobody. `pods`: how many may run."""

    name: str
    nominal: Given
    cohort: str | None = None
    borrowing: Given | None = None
    lending: Given | None = None
    reclaim: str = NEVER
    within: str = NEVER
    borrow_within: str = NEVER
    threshold: int | None = None
    weight: float = 1.0
    when_can_borrow: str = "borrow"
    when_can_preempt: str = TRY_NEXT
    pods: int | None = None
    stopped: bool = False

    @property
    def cohort_name(self) -> str:
        """One without a cohort borrows from nobody and lends to nobody: it has a cohort to itself."""
        return self.cohort if self.cohort is not None else f"only {self.name}"

    def quota(self, used: bool) -> mp.Quota:
        """The quota it is here. Unless `used`, no workload of the scenario is in it."""
        limit = limited(self.nominal, self.borrowing)
        return mp.Quota(
            self.name,
            guarantee=amounts(self.nominal),
            limit=limit if self.pods is None else {**limit, "environments": self.pods},
            lend=amounts(self.lending),
            cohort=self.cohort_name,
            groups=(self.name,) if used else (),
            flavors=tuple(
                key for key, value in amounts(self.nominal).items() if isinstance(value, Mapping)
            ),  # a queue has those that it defines
            weight=self.weight,
            reclaim=self.reclaim,  # type: ignore[arg-type]
            within=self.within,  # type: ignore[arg-type]
            borrow_within=self.borrow_within,  # type: ignore[arg-type]
            borrow_within_threshold=self.threshold,
            when_can_borrow=self.when_can_borrow,  # type: ignore[arg-type]
            when_can_preempt=self.when_can_preempt,  # type: ignore[arg-type]
            suspended=self.stopped,
        )


@dataclass(frozen=True)
class Cohort:
    """A Cohort: `nominal` is of its own, to be shared by those in it."""

    name: str
    parent: str | None = None
    nominal: Given = field(default_factory=dict)
    limit: Given | None = None
    lending: Given | None = None

    def cohort(self) -> mp.Cohort:
        return mp.Cohort(
            self.name, parent=self.parent, guarantee=amounts(self.nominal), limit=amounts(self.limit), lend=amounts(self.lending)
        )


@dataclass(frozen=True)
class Work:
    """A workload. Running ones arrived one after the other, before; arriving ones `at` a time, or one after the other."""

    name: str
    queue: str
    cpus: float
    priority: int = 0
    memory_gib: float = 0
    pods: int = 1
    at: float | None = None
    until: float = LONG
    """When it is over, if it began as it arrived."""


def units(queue: str, first: int, last: int, **more: Any) -> list[Work]:
    """Workloads of one CPU, such as a1, a2, a3, or backwards."""
    numbers = range(first, last + 1) if first <= last else range(first, last - 1, -1)
    return [Work(f"{queue}{number}", queue, 1, **more) for number in numbers]


@dataclass(frozen=True)
class Outcome:
    """Names with blanks between. Of the others, what is running runs on, and what arrives runs.

    `reclaimed`: stopped for another queue. `preempted`: stopped for one of its own queue. `again`: those of them that run again at the end.
    `waits`: arriving ones. `rejected`: those that can never run. `over`: those that have ended. `on`: flavors in which workloads run.
    """

    reclaimed: str = ""
    preempted: str = ""
    again: str = ""
    waits: str = ""
    rejected: str = ""
    over: str = ""
    on: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One row. `kueue` and `why`: Kueue's outcome where ours is another one, and the reason."""

    name: str
    source: str
    queues: Sequence[Queue | Cohort]
    running: Sequence[Work] = ()
    arriving: Sequence[Work]
    outcome: Outcome
    under: tuple[str, ...] = (STRICT, BEST_EFFORT)
    fair: tuple[str, ...] = ()
    until: float = 5000.0
    kueue: Outcome | None = None
    why: str = ""

    def described(self) -> list[mp.Quota | mp.Cohort]:
        """Quotas and cohorts; cohorts that are only named are made."""
        used = {work.queue for work in (*self.running, *self.arriving)}
        made: dict[str, mp.Quota | mp.Cohort] = {}
        for one in self.queues:
            made[one.name] = one.cohort() if isinstance(one, Cohort) else one.quota(one.name in used)
        for one in self.queues:
            above = one.parent if isinstance(one, Cohort) else one.cohort_name
            if above is not None and above not in made:
                made[above] = mp.Cohort(above)
        return list(made.values())

    def capacity(self) -> dict[str, Any]:
        """What is nominal anywhere, summed: Kueue's quotas are the cluster."""
        total: dict[str, Any] = {}
        for one in self.queues:
            total = added(total, amounts(one.nominal))
        return total

    def flavors(self) -> list[str]:
        return [key for key, value in self.capacity().items() if isinstance(value, Mapping)]

    def cluster(self) -> ClusterSpec:
        """One node, or one for each flavor, that holds just that."""
        total = self.capacity()
        if not self.flavors():
            return ClusterSpec.uniform(1, cpus=total["cpus"], memory_gib=total.get("memory_gib", 1))
        groups = "".join(f"- {{name: {name}, cpus: {total[name]['cpus']}, memory: 1GiB}}\n" for name in self.flavors())
        return ClusterSpec.from_yaml(f"name: flavors\ngroups:\n{groups}")

    def works(self) -> list[Work]:
        """In order of arrival, each with its time."""
        times = [float(place) for place in range(len(self.running))] + [FIRST_ARRIVAL + 100 * place for place in range(len(self.arriving))]
        placed = [(time if work.at is None else work.at, work) for time, work in zip(times, (*self.running, *self.arriving), strict=True)]
        return [Work(**{**vars(work), "at": time}) for time, work in sorted(placed, key=lambda pair: pair[0])]
