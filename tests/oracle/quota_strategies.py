"""Hypothesis strategies for quotas: small trees of cohorts, guarantees that are sometimes too large, and policies that reclaim."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

from mlplat.hardware import ClusterSpec
from mlplat.resources import ResourceRequest
from mlplat.workload import JobTrace

from .failure_strategies import checkpoints, graces, incident_lists
from .naive_quota_tree import BY_FLAVOR, ROOT, Described, NaiveCohort, NaiveQuota, in_flavor
from .naive_state import State, empty_cluster
from .strategies import SCALES, traces

QUEUES = ("fifo", "best-effort-fifo", "sjf", "priority", "drf")
"""The queue policies that go with quotas."""

NAMES = ("a", "b", "c", "d")
COHORTS = ("x", "y", "z")


@st.composite
def crowded_clusters(draw: Any) -> ClusterSpec:
    """Few nodes of one or two groups, on which whole devices or cores are all that matters."""
    groups: list[dict[str, Any]] = []
    for g in range(draw(st.integers(1, 2))):
        group = {"name": f"g{g}", "count": draw(st.integers(1, 3)), "cpu_milli": 8000, "memory_mib": 8192, "disk_mib": 0}
        if gpus := draw(st.sampled_from((0, 2, 4, 4))):
            group |= {"gpus": gpus, "gpu_model": ("T4", "V100-16")[g]}
        groups.append(group)
    return ClusterSpec.model_validate({"groups": groups})


@st.composite
def crowded_traces(draw: Any, spec: ClusterSpec, scale: float, max_jobs: int) -> JobTrace:
    """More jobs than there is room for, of few sizes, that come one after the other."""
    has_gpus = bool(spec.nodes().gpus.max())
    sizes = [ResourceRequest(cpus=1, gpus=k) for k in (1, 1, 2, 4)] if has_gpus else [ResourceRequest(cpus=k) for k in (1, 2, 4, 8)]
    if has_gpus and draw(st.booleans()):
        sizes += [ResourceRequest(cpus=2), ResourceRequest(cpus=1, gpu_milli=500), ResourceRequest(cpus=1, gpus=1, models=("T4",))]
    n = draw(st.integers(max_jobs // 3, max_jobs))
    whole = st.integers(0, len(sizes) - 1)
    duration = draw(st.lists(st.sampled_from((3, 5, 8, 8, 13, 21, math.inf)), min_size=n, max_size=n))
    return JobTrace.build(
        submit=[t * scale for t in draw(st.lists(st.integers(0, 10), min_size=n, max_size=n))],
        duration=[d * scale for d in duration],
        request=draw(st.lists(whole, min_size=n, max_size=n)),
        replicas=draw(st.lists(st.sampled_from((1, 1, 1, 2, 3)), min_size=n, max_size=n)),
        requests=sizes,
        split="never",
    )


@st.composite
def trees(draw: Any, spec: ClusterSpec, *, flavors: bool = False, scale: float = 1.0) -> list[Described]:
    """One to four quotas in no to three cohorts, which may be in each other.

    Guarantees are parts of the capacity in one to three dimensions, together never above it in hard ones.
    """
    empty = empty_cluster(spec)
    names = flavors_of(draw, spec, empty) if flavors else ()
    dimensions = list(BY_FLAVOR) + [in_flavor(f, d) for f in names for d in BY_FLAVOR]
    capacity = capacities(spec, empty, names)
    worth = [d for d in dimensions if 0 < capacity[d] < 2**50 and not d.endswith("disk")]
    worth += [d for d in worth if d.endswith("gpu")] * 3
    in_g = draw(st.lists(st.sampled_from(worth), min_size=1, max_size=3).map(lambda ds: list(dict.fromkeys(ds)))) if worth else []
    left = {d: capacity[d] for d in in_g}
    cohorts: list[NaiveCohort] = []
    for name in COHORTS[: draw(st.sampled_from((0, 0, 1, 1, 2, 3)))]:
        parent = draw(st.sampled_from((ROOT, *(c.name for c in cohorts))))
        guarantee = draw(shares_of(left, few=True))
        lend = draw(parts_of(guarantee)) if draw(st.booleans()) else {}
        if parent == ROOT and draw(st.booleans()):
            lend = {d: capacity[d] for d in in_g}
        cohorts.append(NaiveCohort(name, parent, guarantee, {}, lend))
    described: list[Described] = list(cohorts)
    names_of = [c.name for c in cohorts]
    described += [draw(quotas(name, names_of, left, capacity, names, scale)) for name in NAMES[: draw(st.integers(1, 4))]]
    return [with_limit(draw, one, described) for one in described]


@st.composite
def quotas(
    draw: Any, name: str, cohorts: list[str], left: dict[str, int], capacity: dict[str, int], flavors: tuple[str, ...], scale: float
) -> NaiveQuota:
    """One quota; what it guarantees is taken off `left`, unless it is soft: then more may be guaranteed than there is."""
    own = tuple(draw(st.permutations(flavors)))[: draw(st.integers(0, len(flavors)))] if flavors else ()
    known = [d for d in capacity if "/" not in d or d.split("/")[0] in own]
    soft = draw(st.integers(0, 3)) == 0
    mine = {d: left[d] for d in left if d in known}
    guarantee = draw(shares_of(mine))
    if not soft:
        left |= mine
    limited = draw(st.lists(st.sampled_from([d for d in known if 0 < capacity[d] < 2**50]), max_size=2, unique=True))
    part = st.sampled_from((1, 2, 2, 3, 4, 4))
    limit = {d: max(guarantee.get(d, 0), capacity[d] * draw(part) // 4) for d in limited} if draw(st.booleans()) else {}
    if draw(st.integers(0, 3)) == 0:
        limit["environments"] = draw(st.sampled_from((1, 2, 3, 5)))
    borrow_within = draw(st.sampled_from(("never", "never", "lower-priority")))
    return NaiveQuota(
        name,
        draw(st.sampled_from((ROOT, *cohorts))),
        guarantee,
        limit,
        draw(parts_of(guarantee)) if not soft and draw(st.booleans()) else {},
        groups=(name,),
        priority=draw(st.sampled_from((0, 0, 1, 2))),
        weight=draw(st.sampled_from((1.0, 1.0, 2.0, 0.5, 0.0))),
        reclaim=draw(st.sampled_from(("any", "any", "any", "lower-priority", "never"))),
        within=draw(st.sampled_from((None, "never", "lower-priority", "lower-or-newer"))),
        borrow_within=borrow_within,
        threshold=draw(st.sampled_from((math.inf, 0, 1))) if borrow_within != "never" else math.inf,
        reclaim_within=draw(st.sampled_from((0.0, 0.0, 0.5, 1.0, 2.0, 5.0, 60.0))) * scale,
        flavors=own,
        when_can_borrow=draw(st.sampled_from(("borrow", "try-next"))),
        when_can_preempt=draw(st.sampled_from(("try-next", "preempt"))),
    )


@st.composite
def shares_of(draw: Any, left: dict[str, int], few: bool = False) -> dict[str, int]:
    """Parts of what is left in some dimensions, which is then less; sometimes nothing."""
    found = {}
    for d in left:
        part = draw(st.sampled_from((0, 0, 0, 4) if few else (0, 0, 4, 3, 2, 2, 1)))
        if part:
            found[d] = left[d] // part
            left[d] -= found[d]
    return found


@st.composite
def parts_of(draw: Any, amounts: dict[str, int]) -> dict[str, int]:
    """None, half or all of some amounts."""
    return {d: amount * draw(st.sampled_from((0, 0, 1, 2))) // 2 for d, amount in amounts.items() if draw(st.booleans())}


def with_limit(draw: Any, one: Described, described: list[Described]) -> Described:
    """A cohort may have a limit, of no less than it and all below it are guaranteed."""
    if isinstance(one, NaiveQuota) or not one.guarantee or draw(st.integers(0, 2)):
        return one
    total = {d: sum(other.guarantee.get(d, 0) for other in described) for d in one.guarantee}
    limit = {d: amount + draw(st.sampled_from((0, 1000, amount // 2))) for d, amount in total.items()}
    return NaiveCohort(one.name, one.parent, one.guarantee, limit, one.lend)


def flavors_of(draw: Any, spec: ClusterSpec, empty: State) -> tuple[str, ...]:
    """All node groups, or all models."""
    models = tuple(sorted({node.model for node in empty if node.model}))
    groups = tuple(dict.fromkeys(spec.nodes().groups))
    return models if models and draw(st.booleans()) else groups


def capacities(spec: ClusterSpec, empty: State, flavors: tuple[str, ...]) -> dict[str, int]:
    """Of the cluster and of each flavor, by dimension."""
    table = spec.nodes()
    found = {d: sum(node.capacity[d] for node in empty) for d in BY_FLAVOR}
    for f in flavors:
        nodes = [node for node in empty if f in (table.groups[table.group[node.index]], node.model)]
        found |= {in_flavor(f, d): sum(node.capacity[d] for node in nodes) for d in BY_FLAVOR}
    return found


@st.composite
def quota_traces(draw: Any, spec: ClusterSpec, described: list[Described], scale: float, max_jobs: int) -> JobTrace:
    """Traces of the groups of the quotas, and sometimes of one of which no quota knows."""
    trace = draw(st.one_of(traces(spec, scale=scale, max_jobs=max_jobs), *[crowded_traces(spec, scale, max_jobs)] * 3))
    n = len(trace)
    names = [one.name for one in described if isinstance(one, NaiveQuota)] + draw(st.sampled_from(([], ["stray"])))
    priority = draw(st.lists(st.sampled_from((0, 0, 0, 1, 1, 5, -2)), min_size=n, max_size=n))
    group = draw(st.lists(st.integers(0, len(names) - 1), min_size=n, max_size=n))
    return trace.with_columns(priority=priority, group=group, groups=tuple(names))


@st.composite
def queue_options(draw: Any, queue: str, scale: float) -> dict[str, Any]:
    """The options of a queue policy that count under quotas."""
    if queue == "priority":
        return {"grace": draw(graces()) * scale, "preempt": draw(st.sampled_from((True, True, False)))}
    if queue == "drf":
        return {"fair_preemption": draw(st.sampled_from(((), ("final-share",), ("initial-share",), ("final-share", "initial-share"))))}
    return {}


@st.composite
def quota_cases(draw: Any, spec: ClusterSpec, queue: str, *, failures: bool, flavors: bool = False, max_jobs: int = 20) -> dict[str, Any]:
    """Keywords for `schedule`: a trace, quotas, checkpoints, a scrape period, options of the queue and, with `failures`, incidents.

    With a horizon where jobs may go round: one is stopped by one of its quota, which another quota stops, and so on without end.
    """
    scale = draw(SCALES)
    described = draw(trees(spec, flavors=flavors, scale=scale))
    scrape = draw(st.sampled_from((None, None, None, 1.0, 2.5, 0.7)))
    case = {
        "trace": draw(quota_traces(spec, described, scale, max_jobs)),
        "quotas": described,
        "checkpoint": draw(checkpoints(scale)),
        "scrape": None if scrape is None else scrape * scale,
        **draw(queue_options(queue, scale)),
    }
    may_go_round = case.get("fair_preemption") or any(isinstance(one, NaiveQuota) and one.within for one in described)
    horizons = (7.5, 20.0, 30.0) if may_go_round else (None, None, None, 3.0, 7.5, 20.0)
    horizon = draw(st.sampled_from(horizons))
    case["until"] = None if horizon is None else horizon * scale
    if failures:
        case |= {"incidents": draw(incident_lists(spec, scale=scale)), "max_restarts": draw(st.sampled_from((None, None, 0, 2)))}
    return case
