"""Live cases of the fault campaign: a cluster, workloads that come, and what is called for meanwhile, as plain data.

A case follows from (seed, index) alone, and its `repr` is the Python that makes it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

from benchmarks.fault_clusters import draw_groups, draw_request, draw_scaling, is_scaled, simpler_scaling, with_fewer_nodes
from benchmarks.fault_draws import GROUPS, INF, QUEUES, Draw, draw_queue_options, shown, without_some
from benchmarks.fault_mark_draws import draw_choice, draw_mark_calls, is_marked, mark_groups, simpler_choice, simpler_marks
from benchmarks.fault_marks import MARKING
from benchmarks.fault_networks import KINDS, described, draw_link_calls
from mlplat.context import Simulation
from mlplat.hardware import ClusterSpec
from mlplat.infra.autoscaling import Autoscaling
from mlplat.infra.checkpoints import CheckpointPolicy
from mlplat.infra.cluster import Cluster
from mlplat.infra.incidents import Damping, Detection
from mlplat.infra.queueing import queue_policy
from mlplat.infra.virtualization.images import Image, ImageStore, Layer
from mlplat.infra.virtualization.usage import Usage
from mlplat.infra.virtualization.usage_curve import UsageCurve
from mlplat.infra.workload_spec import Workload
from mlplat.resources import ResourceRequest
from mlplat.streams import stream

PLACEMENTS = ("first-fit", "random", "best-fit", "worst-fit", "balanced", "gpu-packing", "gpu-clustering", "topology")
IMAGES = ImageStore((Image("small:1", (Layer.of("base", 10),)), Image("large:1", (Layer.of("base", 10), Layer.of("code", 90)))))
OF_WORKLOADS = ("delete", "scale", "apply", "prune", "dry_run", "submit")
"""Verbs whose target is a workload and not a node."""
OF_NO_NODE = (*OF_WORKLOADS, "look", "configure", "claim", "release")
"""Verbs whose target is not a node."""


class Work(NamedTuple):
    """A workload and when it is submitted; `options` as of `Workload`, `checkpoint` as (interval, write, restart), `memory` in MiB/s."""

    time: float
    request: dict[str, Any]
    options: dict[str, Any]


class Call(NamedTuple):
    """Something that is called at a time: a verb of the hardware or the endpoint, the node (row) or workload it is for, and a number, or
    of labels and taints a text.
    """

    time: float
    verb: str
    target: int
    amount: float = 0.0
    text: str = ""


@dataclass(frozen=True)
class LiveCase:
    """A live cluster. Its workloads are called w0, w1, ... in order. `scan`: how often nodes are added and removed, 0 for never. `network`:
    which of `fault_networks.KINDS` joins the nodes, empty for none.
    """

    groups: list[dict[str, Any]] = field(default_factory=list)
    works: list[Work] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    queue: str = "fifo"
    queue_options: dict[str, Any] = field(default_factory=dict)
    placement: str = "best-fit"
    start_overhead: float = 0.0
    scrape_period: float | None = None
    stale: bool = False
    max_restarts: int | None = None
    limits: dict[str, dict[str, float]] = field(default_factory=dict)
    detection: tuple[float, float] = (1.0, 2.0)
    damping: tuple[int, float, float, float] | None = None
    seed: int = 0
    scan: float = 0.0
    network: str = ""

    def cluster(self) -> Cluster:
        """The cluster, in a simulation of its own."""
        damping = None
        if self.damping is not None:
            times, window, hold, longest = self.damping
            damping = Damping(times=times, window=window, hold=hold, longest=longest)
        return Cluster(
            Simulation(self.seed),
            ClusterSpec.model_validate({"groups": self.groups, "network": described(self.network) if self.network else None}),
            queue=queue_policy(self.queue, **self.queue_options),
            placement=self.placement,
            images=IMAGES,
            start_overhead=self.start_overhead,
            registry_mbps=100.0,
            detection=Detection(*self.detection, damping),
            scrape_period=self.scrape_period,
            stale=self.stale,
            max_restarts=self.max_restarts,
            limits=self.limits,
            autoscaling=Autoscaling(self.scan) if self.scan else False,
        )

    @property
    def marked(self) -> bool:
        """Whether labels and taints are of any matter in it."""
        chooses = any(name in work.options for work in self.works for name in ("node_selector", "tolerations"))
        return chooses or is_marked(self.groups) or any(call.verb in MARKING for call in self.calls)

    def __repr__(self) -> str:
        """Python that makes it, without what is at its default."""
        usual = LiveCase()
        parts = [f"{f.name}={shown(value)}" for f in fields(self) if (value := getattr(self, f.name)) != getattr(usual, f.name)]
        return f"LiveCase({', '.join(parts)})"


def make_case(seed: int, index: int) -> LiveCase:
    """The live case of that number.

    >>> make_case(3, 19) == make_case(3, 19)
    True
    """
    draw = Draw(stream(seed, f"faults/live/{index}"))
    groups = draw_groups(draw)
    if scaled := draw.one_in(4):
        groups = draw_scaling(draw, groups, 1.0)
    spec = ClusterSpec.model_validate({"groups": groups})
    requests = [draw_request(draw, spec) for _ in range(1 + draw.below(4))]
    works = [_draw_work(draw, requests) for _ in range(1 + draw.below(12))]
    calls = [call for _ in range(draw.below(9)) for call in _draw_calls(draw, spec, len(works))]
    queue, period, scrape = draw.of(QUEUES), draw.of((0.0, 1.0, 2.5)), draw.of((None, 2.5, 7.0))
    case = LiveCase(
        groups=groups,
        works=sorted(works, key=lambda work: work.time),
        calls=sorted(calls),
        queue=queue,
        queue_options=draw_queue_options(draw, queue, 1.0),
        placement=draw.of(PLACEMENTS),
        start_overhead=draw.of((0.0, 0.0, 0.5)),
        scrape_period=scrape,
        stale=scrape is not None and draw.one_in(2),
        max_restarts=draw.of((None, None, 0, 2)),
        limits={"a": draw.of(({"cpus": 4}, {"gpus": 2.5}))} if draw.one_in(3) else {},
        detection=(period, period + draw.of((0.0, 1.0, 3.0))),
        damping=draw.of((None, (2, 20.0, 4.0, 16.0))),
        seed=draw.below(1000),
        scan=draw.of((1.0, 1.0, 2.5, 0.7)) if scaled and is_scaled(groups) else 0.0,
    )
    marking, joining = Draw(stream(seed, f"faults/live/marks/{index}")), Draw(stream(seed, f"faults/live/network/{index}"))
    case = _with_marks(marking, case) if marking.one_in(2) else case
    return _with_network(joining, case) if joining.one_in(3) else case


def _with_network(draw: Draw, case: LiveCase) -> LiveCase:
    """The case with a network, whose links fail, and in which some gangs wait for each other."""
    sync = {"step": 1.0, "size": "100MiB"}
    works = [
        work._replace(options=work.options | {"sync": sync}) if work.options.get("kind") != "service" and draw.one_in(3) else work
        for work in case.works
    ]
    count = len(ClusterSpec.model_validate({"groups": case.groups}).nodes())
    calls = [Call(*call) for call in draw_link_calls(draw, count)]
    return replace(case, network=draw.of(tuple(KINDS)), works=works, calls=sorted([*case.calls, *calls]))


def _with_marks(draw: Draw, case: LiveCase) -> LiveCase:
    """The case on nodes with labels and taints, which its workloads ask for and tolerate and which change meanwhile."""
    groups = mark_groups(draw, case.groups)
    spec = ClusterSpec.model_validate({"groups": groups})
    works = [work._replace(options=work.options | draw_choice(draw, spec)) for work in case.works]
    calls = [Call(*call) for call in draw_mark_calls(draw, len(spec.nodes()))]
    return replace(case, groups=groups, works=works, calls=sorted([*case.calls, *calls]))


def _draw_work(draw: Draw, requests: list[dict[str, Any]]) -> Work:
    options: dict[str, Any] = {"replicas": draw.of((1, 1, 1, 2, 3)), "zone": draw.of(GROUPS), "priority": draw.of((0, 0, 1, 5))}
    duration = draw.of((0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 9.0, 13.0, INF))
    options["duration"] = None if duration == INF else duration
    if duration < INF and draw.one_in(4):
        options["estimate"] = duration + draw.of((1.0, 7.0))
    if draw.one_in(6):
        options["stop_grace"] = draw.of((0.5, 2.0))
    if draw.one_in(6):
        options = {name: value for name, value in options.items() if name != "estimate"} | {"kind": "service", "duration": None}
    if draw.one_in(3):
        options["image"] = draw.of(("small:1", "large:1", "unknown:1"))
    if draw.one_in(3):
        options["checkpoint"] = (draw.of((1.0, 2.0, 5.0)), draw.of((0.0, 0.5, 1.0)), draw.of((0.0, 1.0)))
    if draw.one_in(6):
        options["restart"] = draw.of(("on-failure", "always")) if options.get("kind") == "service" else "on-failure"
    if draw.one_in(6):
        options["memory"] = draw.of((100.0, 1000.0))
    return Work(draw.below(20) * 1.0, draw.of(requests), options)


def _draw_calls(draw: Draw, spec: ClusterSpec, works: int) -> list[Call]:
    """A fault and, mostly, its repair; a node closed for a while; or something that becomes of a workload."""
    table = spec.nodes()
    node, time, length = draw.below(len(table)), draw.below(24) * 1.0, draw.of((0.0, 1.0, 3.0, 8.0, 40.0))
    kind = draw.of((*("crash", "crash", "cut_off", "cut_off", "fail_device", "drain", "cordon", "flapping"), *OF_NO_NODE))
    if kind in ("crash", "cut_off"):
        return [Call(time, kind, node), Call(time + length, "restore", node)]
    if kind == "flapping":
        return [Call(time + 4 * i + 2 * (verb == "restore"), verb, node) for i in range(3) for verb in ("cut_off", "restore")]
    if kind == "fail_device":
        device = draw.below(max(1, int(table.gpus[node])))
        return [Call(time, kind, node, device), Call(time + length, "repair_device", node, device)]
    if kind in ("drain", "cordon"):
        return [Call(time, kind, node, draw.of((0.0, 0.5, 2.0))), Call(time + length, "uncordon", node)]
    if kind == "configure":
        return [Call(time, kind, draw.below(len(QUEUES)), draw.below(12))]
    if kind in ("claim", "release"):
        volume = draw.below(6)
        return [Call(time, "claim", volume, draw.of((50.0, 200.0, 400.0, 5000.0))), Call(time + length, "release", volume)]
    return [Call(time, kind, draw.below(works), draw.below(4))]


def workload_of(name: str, work: Work) -> Workload:
    """The workload that is submitted."""
    options = dict(work.options)
    if "checkpoint" in options:
        options["checkpoint"] = CheckpointPolicy(*options["checkpoint"])
    if "memory" in options:
        options["usage"] = Usage(memory=UsageCurve.ramp(0, options.pop("memory"), per="1s"))
    return Workload(name, ResourceRequest(**work.request), **options)


def smaller(case: LiveCase) -> Iterator[LiveCase]:
    """Cases with less in them, the boldest first. Calls keep the workload or node that they are for."""
    for kept in without_some([*range(len(case.works))]):
        number = {old: new for new, old in enumerate(kept)}
        calls = [
            call._replace(target=number[call.target]) if call.verb in OF_WORKLOADS else call
            for call in case.calls
            if call.verb not in OF_WORKLOADS or call.target in number
        ]
        yield replace(case, works=[case.works[i] for i in kept], calls=calls)
    for calls in without_some(case.calls):
        yield replace(case, calls=calls)
    usual = LiveCase()
    for f in fields(case):
        if f.name not in ("groups", "works", "calls") and getattr(case, f.name) != getattr(usual, f.name):
            extra = {"queue_options": {}} if f.name == "queue" else {"stale": False} if f.name == "scrape_period" else {}
            yield replace(case, **{f.name: getattr(usual, f.name)} | extra)
    for groups in simpler_scaling(case.groups):
        yield replace(case, groups=groups, scan=case.scan if is_scaled(groups) else 0.0)
    for groups in simpler_marks(case.groups):
        yield replace(case, groups=groups)
    for gone, groups in with_fewer_nodes(case.groups):
        calls = [
            call._replace(target=call.target - (call.verb not in OF_NO_NODE and call.target > gone))
            for call in case.calls
            if call.verb in OF_NO_NODE or call.target != gone
        ]
        yield replace(case, groups=groups, calls=calls)
    for i, work in enumerate(case.works):
        others = [option for option in work.options if option != "duration"]
        without = [{name: value for name, value in work.options.items() if name != option} for option in others]
        for options in (*without, *simpler_choice(work.options)):
            yield replace(case, works=[*case.works[:i], work._replace(options=options), *case.works[i + 1 :]])
