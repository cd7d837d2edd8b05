"""Live cases of the campaign of zones: a cluster whose quotas are set, changed, suspended and removed while workloads come and go.

A case follows from (seed, index) alone, and its `repr` is the Python that makes it again. `zone_live_rules` plays it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

from benchmarks.fault_clusters import draw_groups
from benchmarks.fault_draws import Draw, shown, without_some
from benchmarks.zone_cases import small_request
from benchmarks.zone_draws import NAMES, QUEUES, draw_zones, simpler_zones
from mlplat.hardware import ClusterSpec
from mlplat.streams import stream


class Work(NamedTuple):
    """A workload and when it is submitted; `duration` None for one that goes on."""

    time: float
    zone: str
    request: dict[str, Any]
    duration: float | None
    replicas: int = 1
    priority: int = 0
    write: float = -1.0
    """Seconds that its checkpoints take; below 0 for none."""


class Call(NamedTuple):
    """Something that is called at a time, for a node (row), a workload (number) or a quota (as `zone_draws.described` has it)."""

    time: float
    verb: str
    target: Any


@dataclass(frozen=True)
class ZoneLiveCase:
    """A live cluster with quotas. Workloads are called w0, w1, ... in order."""

    groups: list[dict[str, Any]] = field(default_factory=list)
    zones: list[dict[str, Any]] = field(default_factory=list)
    works: list[Work] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    queue: str = "fifo"
    placement: str = "best-fit"
    scrape_period: float | None = None
    seed: int = 0

    def __repr__(self) -> str:
        """Python that makes it, without what is at its default."""
        usual = ZoneLiveCase()
        parts = [f"{f.name}={shown(value)}" for f in fields(self) if (value := getattr(self, f.name)) != getattr(usual, f.name)]
        return f"ZoneLiveCase({', '.join(parts)})"


def make_case(seed: int, index: int) -> ZoneLiveCase:
    """The live case of that number."""
    draw = Draw(stream(seed, f"zones/live/{index}"))
    groups = draw_groups(draw)
    spec = ClusterSpec.model_validate({"groups": groups})
    requests = [small_request(draw, spec) for _ in range(1 + draw.below(3))]
    zones = _plain(draw_zones(draw, spec, 1.0, contended=True))
    works = [
        Work(
            draw.of((0.0, 0.0, 1.0, 3.0, 5.0, 8.0, 12.0, 20.0)),
            draw.of(NAMES),
            draw.of(requests),
            draw.of((1.0, 4.0, 9.0, 20.0, None)),
            draw.of((1, 1, 2, 3)),
            draw.of((0, 0, 1, 5)),
            draw.of((-1.0, 0.0, 1.0, 3.0)),
        )
        for _ in range(2 + draw.below(14))
    ]
    return ZoneLiveCase(
        groups=groups,
        zones=zones if not draw.one_in(6) else [],
        works=sorted(works, key=lambda work: work.time),
        calls=sorted((_draw_call(draw, spec, len(works)) for _ in range(draw.below(12))), key=lambda call: call.time),
        queue=draw.of(QUEUES),
        placement=draw.of(("best-fit", "first-fit", "random", "topology")),
        scrape_period=draw.of((None, None, 2.5)),
        seed=draw.below(1000),
    )


def _plain(zones: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without parts of the cluster, which cannot be changed while there is work."""
    parts = ("reserve", "flavors", "when_can_borrow", "when_can_preempt")
    if any("flavors" in zone for zone in zones):
        zones = [{key: value for key, value in zone.items() if key not in ("guarantee", "limit", "lend")} for zone in zones]
    return [{key: value for key, value in zone.items() if key not in parts} for zone in zones]


def _draw_call(draw: Draw, spec: ClusterSpec, works: int) -> Call:
    time = draw.below(30) * 1.0
    verb = draw.of(("set", "set", "set", "suspend", "resume", "remove", "delete", "delete", "crash", "restore", "drain", "uncordon"))
    if verb == "set":
        return Call(time, verb, draw.of(_plain(draw_zones(draw, spec, 1.0, contended=True)) or [{"name": "a"}]))
    if verb in ("suspend", "resume", "remove"):
        return Call(time, verb, draw.of((*NAMES, "k0", "")))
    return Call(time, verb, draw.below(works if verb == "delete" else len(spec.nodes())))


def smaller(case: ZoneLiveCase) -> Iterator[ZoneLiveCase]:
    """Cases with less in them."""
    for kept in without_some([*range(len(case.works))]):
        number = {old: new for new, old in enumerate(kept)}
        calls = [
            call._replace(target=number[call.target]) if call.verb == "delete" else call
            for call in case.calls
            if call.verb != "delete" or call.target in number
        ]
        yield replace(case, works=[case.works[i] for i in kept], calls=calls)
    for calls in without_some(case.calls):
        yield replace(case, calls=calls)
    for zones in simpler_zones(case.zones):
        yield replace(case, zones=zones)
    usual = ZoneLiveCase()
    for option in ("queue", "placement", "scrape_period", "seed"):
        if getattr(case, option) != getattr(usual, option):
            yield replace(case, **{option: getattr(usual, option)})
    for i, work in enumerate(case.works):
        for change in ({"replicas": 1}, {"priority": 0}, {"write": -1.0}):
            if (simpler := work._replace(**change)) != work:
                yield replace(case, works=[*case.works[:i], simpler, *case.works[i + 1 :]])
