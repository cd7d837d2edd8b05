"""Random cases for the fault campaign: a cluster, its workload, the policies and the faults, as plain data.

A case follows from (seed, index) alone, and its `repr` is the Python that makes it again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple, TypeVar

import numpy as np

from mlplat.hardware import ClusterSpec, Outages
from mlplat.infra.attempt_arrays import Interruptions, Limit
from mlplat.infra.incidents import Damping, Detection, Incidents, incidents
from mlplat.infra.placement import placement_policy
from mlplat.infra.queueing import queue_policy
from mlplat.infra.world import Run, build_run
from mlplat.resources import ResourceRequest
from mlplat.streams import stream
from mlplat.workload import JobTrace

T = TypeVar("T")
INF = math.inf
WEEK_S = 604800.0
HORIZON = 24
"""Steps of the grid of times on which jobs arrive and faults begin, so that many things happen at one instant."""

QUEUES = ("fifo", "best-effort-fifo", "sjf", "easy", "loss", "priority", "srtf", "las", "drf", "conservative")
PLACEMENTS = (
    *("first-fit", "random", "best-fit", "worst-fit", "least-allocated", "most-allocated", "balanced", "dot-product"),
    *("gpu-packing", "gpu-clustering", "fgd", "topology"),
)
MODELS = ("T4", "V100-16", "A100-40", "A100-40")
PROFILES = ("1g.5gb", "1g.10gb", "2g.10gb", "3g.20gb", "4g.20gb", "7g.40gb")
POOLS = ("pool:8cpu", "pool:4gpu", "pool:6cpu,3gpu", "pool:2xA100")


class Job(NamedTuple):
    """A gang of a case; `request`, `last`: which of the case's requests a replica and the last one ask for."""

    submit: float
    duration: float
    estimate: float
    request: int
    last: int
    replicas: int
    priority: int = 0
    group: int = 0


class Fault(NamedTuple):
    """An outage of a node, by its row, or of one of its devices."""

    kind: str
    node: int
    start: float
    end: float
    device: int = -1
    notice: float = 0.0
    grace: float = 0.0


@dataclass(frozen=True)
class FaultCase:
    """One run. Times in seconds; `groups` and `requests` as of `NodeGroup` and `ResourceRequest`, or `pool` for a cluster without nodes.

    `checkpoint`: interval, write and restart time. `limits`: group -> cpu_milli, memory_mib, gpu_milli. `detection`: period and grace;
    `damping`: of flapping nodes (times, window, hold, longest), or None. `ranks`: the tie order, for `ties="ranks"`.
    """

    groups: list[dict[str, Any]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    pool: str = ""
    queue: str = "fifo"
    queue_options: dict[str, Any] = field(default_factory=dict)
    placement: str = "best-fit"
    ties: str = "node-order"
    ranks: list[int] = field(default_factory=list)
    split: str = "never"
    checkpoint: tuple[float, float, float] = (INF, 0.0, 0.0)
    max_restarts: int | None = None
    scrape: float = 0.0
    limits: dict[str, dict[str, int]] = field(default_factory=dict)
    detection: tuple[float, float] = (0.0, 0.0)
    damping: tuple[int, float, float, float] | None = None
    until: float = INF
    seed: int = 0

    def spec(self) -> ClusterSpec:
        """The cluster."""
        return ClusterSpec.parse(self.pool) if self.pool else ClusterSpec.model_validate({"groups": self.groups})

    def trace(self) -> JobTrace:
        """The jobs, of three groups."""
        columns = {name: [job[i] for job in self.jobs] for i, name in enumerate(Job._fields)}
        return JobTrace.build(
            submit=columns["submit"],
            duration=columns["duration"],
            estimate=columns["estimate"],
            request=columns["request"],
            last_request=columns["last"],
            replicas=columns["replicas"],
            priority=columns["priority"],
            group=columns["group"],
            groups=GROUPS,
            requests=[ResourceRequest(**request) for request in self.requests],
            split=self.split,
        )

    def outages(self) -> Outages:
        """The faults."""
        return Outages.build(**{name: [fault[i] for fault in self.faults] for i, name in enumerate(Fault._fields)})

    def incidents(self, spec: ClusterSpec) -> Incidents:
        """What the scheduler meets of the faults."""
        damping = None if self.damping is None else Damping(times=self.damping[0], **dict(zip(DAMPING, self.damping[1:], strict=True)))
        return incidents(self.outages(), spec.nodes(), Detection(*self.detection, damping))

    def run(self, spec: ClusterSpec, trace: JobTrace, found: Incidents) -> Run:
        """The run, before its first event. Raises what `build_run` raises."""
        interval, write, restart = self.checkpoint
        what = Interruptions(
            incidents=found,
            interval=interval,
            write=write,
            restart=restart,
            max_restarts=self.max_restarts,
            scrape=self.scrape,
            limits={group: Limit(**most) for group, most in self.limits.items()},
        )
        policies = queue_policy(self.queue, **self.queue_options), placement_policy(self.placement)
        ties = self.ranks if self.ties == "ranks" else self.ties
        return build_run(spec.nodes(), trace, *policies, ties=ties, seed=self.seed, interruptions=what)

    def __repr__(self) -> str:
        """Python that makes it, without what is at its default."""
        usual = FaultCase()
        parts = [f"{f.name}={shown(value)}" for f in fields(self) if (value := getattr(self, f.name)) != getattr(usual, f.name)]
        return f"FaultCase({', '.join(parts)})"


GROUPS = ("a", "b", "c")
DAMPING = ("window", "hold", "longest")


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


def make_case(seed: int, index: int) -> FaultCase:
    """The case of that number.

    >>> make_case(3, 14) == make_case(3, 14), make_case(3, 14) == make_case(3, 15)
    (True, False)
    """
    draw = Draw(stream(seed, f"faults/{index}"))
    scale = draw.of((1.0, 1.0, 0.1))  # tenths: sums that float64 rounds
    pool = draw.of(POOLS) if draw.one_in(12) else ""
    groups = [] if pool else draw_groups(draw)
    case = FaultCase(groups=groups, pool=pool, seed=draw.below(1000))
    spec = case.spec()
    requests = [draw_request(draw, spec) for _ in range(1 + draw.below(5))]
    queue = draw.of(QUEUES)
    case = replace(
        case,
        requests=requests,
        jobs=draw_jobs(draw, len(requests), scale),
        faults=draw_faults(draw, spec, scale),
        queue=queue,
        queue_options=draw_queue_options(draw, queue, scale),
        placement=draw.of(PLACEMENTS),
        ties=draw.of(("node-order", "node-order", "random", "ranks")),
        split=draw.of(("never", "never", "nodes", "cores")),
    )
    if case.ties == "ranks":
        ranks = list(range(len(spec.nodes())))
        order = [(draw.below(1_000_000), rank) for rank in ranks]
        case = replace(case, ranks=[rank for _, rank in sorted(order)])
    return replace(case, **draw_options(draw, scale))


def draw_groups(draw: Draw) -> list[dict[str, Any]]:
    """Up to eight uneven nodes in one to three groups, in racks of their own or shared ones; some with MIG devices."""
    groups: list[dict[str, Any]] = []
    left = 8
    for g in range(1 + draw.below(3)):
        count = min(1 + draw.below(4), left)
        if not count:
            break
        left -= count
        group: dict[str, Any] = {"name": f"g{g}", "count": count}
        group["cpu_milli"] = draw.of((2000, 4000, 4000, 8000, 10000))
        group["memory_mib"] = draw.of((0, 2048, 4096, 8192, 8192))
        group["disk_mib"] = draw.of((0, 0, 300, 1000))
        racks = draw.of((None, 1, 2, ("east",), ("west", "east")))
        if racks is not None:
            group["racks"] = min(racks, count) if isinstance(racks, int) else racks[:count]
        if gpus := draw.of((0, 1, 2, 2, 4, 4)):
            model = draw.of(MODELS)
            group |= {"gpus": gpus, "gpu_model": model, "mig": model == "A100-40" and not draw.one_in(4)}
        groups.append(group)
    return groups


def draw_request(draw: Draw, spec: ClusterSpec) -> dict[str, Any]:
    """What one replica may ask for: parts of the capacity of some node, so that most fit; one in ten or so never does."""
    table = spec.nodes()
    node = draw.below(len(table))
    devices = int(table.gpus[node])
    asked: dict[str, Any] = {}
    for name, amounts in (("cpu_milli", (500, 1000, 2000, 4000, 12000)), ("memory_mib", (0, 512, 1000, 2048, 9000))):
        capacity, part = int(getattr(table, name)[node]), draw.of((0, 4, 4, 3, 2, 2, 1, 10))
        asked[name] = draw.of(amounts) if part == 10 or capacity > 10**9 else capacity // part if part else 0
    if draw.one_in(4):
        asked["disk_mib"] = min(int(table.disk_mib[node]), 10**6) // 3
    kind = "cpu" if not devices else draw.of(("mig", "mig", "cpu") if table.mig[node] else ("cpu", "whole", "whole", "share"))
    if draw.one_in(12):
        kind = draw.of(("cpu", "whole", "share", "mig"))
    if kind == "whole":
        asked["gpus"] = draw.of((1, 1, 2, max(devices, 1), 3, 2 * devices + 1))
    elif kind == "share":
        asked["gpu_milli"] = draw.of((100, 250, 333, 500, 600, 999))
    elif kind == "mig":
        asked["mig"] = draw.of(PROFILES)
    if kind != "cpu" and draw.one_in(3) and devices:
        own = table.models[table.model[node]].name
        asked["models"] = draw.of(((own,), (own, "T4"), ("K80",)))
    return asked


def draw_jobs(draw: Draw, requests: int, scale: float) -> list[Job]:
    """Up to two dozen gangs of few shapes, in order of submission; some never end, some end at once."""
    span, unlike = draw.of((1, 5, 13, HORIZON)), draw.one_in(2)
    jobs = []
    for submit in sorted(draw.below(span) for _ in range(1 + draw.below(draw.of((8, 16, 24))))):
        duration = draw.of((0, 1, 2, 2, 3, 4, 4, 6, 6, 9, 13, 20, INF))
        slack = draw.of((0, 0, 0, 0, 1, 3, 7, INF))
        request, replicas = draw.below(requests), draw.of((1, 1, 1, 1, 2, 3, 5))
        last = draw.below(requests) if unlike and replicas > 1 else request
        priority, group = draw.of((0, 0, 0, 1, 1, 5, -2)), draw.below(len(GROUPS))
        jobs.append(Job(submit * scale, duration * scale, (duration + slack) * scale, request, last, replicas, priority, group))
    return jobs


def draw_faults(draw: Draw, spec: ClusterSpec, scale: float) -> list[Fault]:
    """Crashes, partitions, broken devices, maintenance, whole racks, and nodes that come and go."""
    table = spec.nodes()
    found: list[Fault] = []
    for _ in range(draw.below(7)):
        kind = draw.of(("node", "node", "partition", "device", "maintenance", "rack", "flapping"))
        node, start, length = draw.below(len(table)), draw.below(HORIZON), draw.of((1, 2, 3, 5, 8, INF))
        if kind == "device":
            if table.gpus[node]:
                found.append(Fault(kind, node, start * scale, (start + length) * scale, draw.below(int(table.gpus[node]))))
        elif kind == "maintenance":
            notice, grace = draw.of((0.0, 1.0, 4.0)), draw.of((0.0, 0.5, 1.0, 2.0, 5.0))
            found.append(Fault(kind, node, start * scale, (start + length) * scale, -1, notice * scale, grace * scale))
        elif kind == "rack":
            beside = np.flatnonzero(table.rack == table.rack[node]).tolist()
            found += [Fault(kind, other, start * scale, (start + length) * scale) for other in beside]
        elif kind == "flapping":
            away, back, which = draw.of((0.5, 1.0, 2.0)), draw.of((0.5, 1.0, 3.0)), draw.of(("node", "partition"))
            times = [start + i * (away + back) for i in range(3 + draw.below(3))]
            found += [Fault(which, node, time * scale, (time + away) * scale) for time in times]
        else:
            found.append(Fault(kind, node, start * scale, (start + length) * scale))
    return found


def draw_queue_options(draw: Draw, queue: str, scale: float) -> dict[str, Any]:
    """The options that a queue policy reads, small enough to matter."""
    if queue in ("priority", "srtf"):
        return {"grace": draw.of((0.0, 0.0, 0.5, 1.0, 2.0, 5.0)) * scale}
    if queue == "las":
        return {"grace": draw.of((0.0, 0.5, 2.0)) * scale, "threshold": draw.of((0.0, 1.0, 2.0, 4.0, 9.0, 3600.0)) * scale}
    if queue == "conservative":
        return {"depth": draw.of((1, 2, 5, 1000))}
    if queue not in ("best-effort-fifo", "drf"):
        return {}
    options: dict[str, Any] = {"patience": draw.of((WEEK_S, WEEK_S, 0.0, 1.0, 3.0, 8.0)) * scale}
    if queue == "drf":
        options["weights"] = {group: draw.of((0.5, 2.0, 3.0)) for group in GROUPS if draw.one_in(2)}
    return options


def draw_options(draw: Draw, scale: float) -> dict[str, Any]:
    """Everything else, mostly off."""
    period = draw.of((0.0, 0.0, 1.0, 2.5))
    limits = {}
    if draw.one_in(3):
        few = ({"cpu_milli": 4000}, {"gpu_milli": 2500}, {"memory_mib": 4096, "cpu_milli": 12000})
        limits = {group: draw.of(few) for group in GROUPS[:2]}
    interval, write, restart = draw.of((INF, INF, 0.5, 1.0, 2.0, 3.0, 5.0)), draw.of((0.0, 0.5, 1.0, 2.0)), draw.of((0.0, 0.5, 1.0, 3.0))
    return {
        "checkpoint": (interval * scale, write * scale, restart * scale),
        "max_restarts": draw.of((None, None, None, 0, 1, 2)),
        "scrape": draw.of((0.0, 0.0, 0.0, 1.0, 2.5, 0.7)) * scale,
        "limits": limits,
        "detection": (period * scale, (period + draw.of((0.0, 1.0, 3.0))) * scale),
        "damping": draw.of((None, (2, 20.0 * scale, 4.0 * scale, 16.0 * scale))),
        "until": draw.of((INF, INF, INF, 10.5, 24.0)) * scale,
    }


def smaller(case: FaultCase) -> Iterator[FaultCase]:
    """Cases with less in them, the boldest first: without jobs, faults, nodes, or with an option at its default."""
    for name in ("jobs", "faults"):
        everything = getattr(case, name)
        for kept in without_some(everything):
            yield replace(case, **{name: kept})
    usual = FaultCase()
    for option in OPTIONS:
        if getattr(case, option) != getattr(usual, option):
            extra = {"queue_options": {}} if option == "queue" else {}
            yield replace(case, **{option: getattr(usual, option)} | extra)
    for gone, groups in with_fewer_nodes(case.groups):  # faults of later nodes move up with them
        faults = [fault._replace(node=fault.node - (fault.node > gone)) for fault in case.faults if fault.node != gone]
        ranks = [rank - (rank > case.ranks[gone]) for i, rank in enumerate(case.ranks) if i != gone]
        yield replace(case, groups=groups, faults=faults, ranks=ranks)
    for i, job in enumerate(case.jobs):
        for change in ({"replicas": 1, "last": job.request}, {"priority": 0}, {"group": 0}, {"estimate": job.duration}):
            if (simpler := job._replace(**change)) != job:
                yield replace(case, jobs=[*case.jobs[:i], simpler, *case.jobs[i + 1 :]])
    used = sorted({job.request for job in case.jobs} | {job.last for job in case.jobs})
    if len(used) < len(case.requests) and used:
        number = {old: new for new, old in enumerate(used)}
        jobs = [job._replace(request=number[job.request], last=number[job.last]) for job in case.jobs]
        yield replace(case, requests=[case.requests[old] for old in used], jobs=jobs)


OPTIONS = (
    *("queue_options", "placement", "ties", "split", "checkpoint", "max_restarts", "scrape", "limits", "damping", "detection", "until"),
    *("seed", "queue"),
)


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


def with_fewer_nodes(groups: list[dict[str, Any]]) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """The row of the last node of each group, and the groups without it; nothing where it is the only one.

    >>> [*with_fewer_nodes([{"name": "a", "count": 1}, {"name": "b", "count": 2}])]
    [(0, [{'name': 'b', 'count': 2}]), (2, [{'name': 'a', 'count': 1}, {'name': 'b', 'count': 1}])]
    """
    row = 0
    for g, group in enumerate(groups):
        row += group["count"]
        if len(groups) == 1 and group["count"] == 1:
            return
        fewer = group | {"count": group["count"] - 1}
        racks = fewer.get("racks")
        if racks is not None and fewer["count"]:
            fewer["racks"] = min(racks, fewer["count"]) if isinstance(racks, int) else racks[: fewer["count"]]
        yield row - 1, [*groups[:g], *([fewer] if fewer["count"] else []), *groups[g + 1 :]]
