"""Random zones with flavors, reserved nodes and amounts: nobody is where it may not be, no limit is ever exceeded, whatever happens."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mlplat as mp
from mlplat.infra.kernels.attempt_state import Incident
from mlplat.infra.quotas.parts import parts_of

SPEC = mp.ClusterSpec.parse("2x4xA100+2x2xV100+1x8cpu")  # groups a100-40, v100-16 and one of CPUs
NODES = SPEC.nodes()
FLAVORS = NODES.groups
REQUESTS = (mp.ResourceRequest(gpus=1), mp.ResourceRequest(gpus=3), mp.ResourceRequest(cpus=2), mp.ResourceRequest(gpu_milli=400))
GROUPS = ("a", "b", "c", "d")
QUEUES = ("fifo", "best-effort-fifo", "sjf", "priority", "drf")


@st.composite
def amounts(draw: st.DrawFn, flavors: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """A guarantee, limit and lend that go together, some of them in flavors."""
    given: dict[str, dict[str, Any]] = {"guarantee": {}, "limit": {}, "lend": {}}
    for flavor in ("", *flavors):
        here = {key: into if not flavor else into.setdefault(flavor, {}) for key, into in given.items()}
        if draw(st.booleans()):
            here["guarantee"]["gpus"] = draw(st.integers(0, 4))
        own = here["guarantee"].get("gpus", 0)
        if draw(st.booleans()):
            here["limit"]["gpus"] = own + draw(st.integers(0, 4))
        if own and draw(st.booleans()):
            here["lend"]["gpus"] = draw(st.integers(0, own))
    return given


@st.composite
def zones(draw: st.DrawFn) -> list[Any]:
    """Up to three zones and a cohort; each node is reserved for at most one."""
    cohort = draw(st.sampled_from([None, "r"]))
    described: list[Any] = [mp.Cohort("r", lend={"gpus": draw(st.integers(0, 8))})] if cohort else []
    owners = draw(st.lists(st.sampled_from([None, None, None, "a", "b"]), min_size=len(NODES), max_size=len(NODES)))
    for name in GROUPS[: draw(st.integers(1, 3))]:
        flavors = tuple(draw(st.lists(st.sampled_from(FLAVORS), unique=True, max_size=3)))
        reserve = [node for node, owner in zip(NODES.names, owners, strict=True) if owner == name] or None
        described.append(
            mp.Quota(
                name,
                cohort=draw(st.sampled_from([None, cohort])),
                flavors=flavors,
                reserve=reserve,  # type: ignore[arg-type]
                when_can_borrow=draw(st.sampled_from(["borrow", "try-next"])),
                when_can_preempt=draw(st.sampled_from(["try-next", "preempt"])),
                reclaim=draw(st.sampled_from(["any", "lower-priority", "never"])),
                reclaim_within=draw(st.sampled_from([0, 3])),
                **draw(amounts(flavors)),
            )
        )
    return described


@st.composite
def traces(draw: st.DrawFn) -> mp.JobTrace:
    n = draw(st.integers(1, 25))
    whole = st.lists(st.integers(0, 20), min_size=n, max_size=n)
    return mp.JobTrace.build(
        submit=sorted(draw(whole)),
        duration=[1 + d for d in draw(whole)],
        request=[r % 4 for r in draw(whole)],
        requests=REQUESTS,
        replicas=[1 + (r % 7 == 0) for r in draw(whole)],
        priority=[p % 3 for p in draw(whole)],
        group=[g % 4 for g in draw(whole)],
        groups=GROUPS,
    )


def some_trace(seed: int, n: int = 25) -> mp.JobTrace:
    """One of them, without hypothesis."""
    draw = np.random.default_rng(seed)
    return mp.JobTrace.build(
        submit=np.sort(draw.integers(0, 20, n)),
        duration=draw.integers(1, 20, n),
        request=draw.integers(0, 4, n),
        requests=REQUESTS,
        priority=draw.integers(0, 3, n),
        group=draw.integers(0, 4, n),
        groups=GROUPS,
    )


def some_zones(seed: int) -> list[Any]:
    """Zones in which all that can be said of them is said of one."""
    first, second, third = np.random.default_rng(seed).permutation(GROUPS)[:3].tolist()
    return [
        mp.Cohort("r", lend={"gpus": 4}),
        mp.Quota(first, guarantee={"gpus": 3}, lend={"gpus": seed % 4}, cohort="r", reserve=("v100-16-1",), reclaim_within=seed % 3),
        mp.Quota(second, guarantee={"a100-40": {"gpus": 4}}, limit={"gpus": 5, "v100-16": {"gpus": 1}}, flavors=("v100-16", "a100-40")),
        mp.Quota(third, limit={"environments": 3}, borrow_within="lower-priority", within="lower-or-newer"),
    ]


def promises_hold(result: Any, described: list[Any]) -> None:
    """Read from the frames alone."""
    quotas = {one.name: one for one in described if isinstance(one, mp.Quota)}
    parts = parts_of(described, NODES)
    reserved = {name: owner.name for owner in quotas.values() for name in owner.reserve or ()}
    held = []
    for row in result.attempts.to_dicts():
        group = GROUPS[result.trace.group[row["job"]]]
        quota, node = quotas.get(group), row["node"]
        assert reserved.get(NODES.names[node], group) == group
        flavor = parts.flavors[parts.flavor[node]] if parts.flavor[node] >= 0 else ""
        if quota is not None and quota.flavors:
            assert flavor in quota.flavors
        request = result.trace.requests[result.trace.request[row["job"]]]
        milli = (request.gpus * 1000 + request.gpu_milli) * row["replicas"]
        held.append((row["start_s"], np.inf if row["end_s"] is None else row["end_s"], group, flavor, milli))
    for now in {start for start, *_ in held}:
        for group, quota in quotas.items():
            here = [(flavor, milli) for start, end, of, flavor, milli in held if of == group and start <= now < end]
            assert sum(milli for _, milli in here) <= 1000 * quota.limit.get("gpus", np.inf)
            for flavor in quota.flavors:
                most = quota.limit.get(flavor, {}).get("gpus", np.inf)
                assert sum(milli for of, milli in here if of == flavor) <= 1000 * most


GROWING = mp.ClusterSpec.from_yaml("""
groups:
- {name: a100-40, count: 3, cpus: 16, memory: 64GiB, gpus: 4, gpu_model: A100, scaling: {min: 1, boot: 2s}}
- {name: v100-16, count: 2, cpus: 16, memory: 64GiB, gpus: 2, gpu_model: V100, scaling: {min: 0, boot: 3s}}
- {name: cpu, count: 1, cpus: 8, memory: 64GiB}
""")


@pytest.mark.parametrize("ties", ["node-order", "random"])
@pytest.mark.parametrize("placement", [*mp.PLACEMENTS])
def test_every_placement_policy_keeps_to_the_parts(placement: str, ties: Any) -> None:
    trace, described = some_trace(7, 40), some_zones(7)
    options: dict[str, Any] = {"zones": described, "queue": "best-effort-fifo", "placement": placement, "ties": ties}
    compiled, live = (mp.replay(SPEC, trace, clock=clock, **options) for clock in ("replay", "simpy"))
    assert compiled.fingerprint == live.fingerprint
    promises_hold(compiled, described)


@pytest.mark.parametrize("queue", QUEUES)
def test_groups_that_grow_get_the_nodes_that_zones_need(queue: str) -> None:
    for seed in range(3):
        compiled, live = (
            mp.replay(GROWING, some_trace(seed, 40), zones=some_zones(seed), queue=queue, clock=clock)  # type: ignore[arg-type]
            for clock in ("replay", "simpy")
        )
        assert compiled.fingerprint == live.fingerprint
        assert set(compiled.jobs["state"].to_list()) <= {"completed", "rejected"}


def asked_for(zones: list[Any], *rows: tuple[float, float, int, int]) -> list[str]:
    """The nodes that join for jobs (submit, duration, request, group)."""
    trace = mp.JobTrace.build(
        submit=[row[0] for row in rows],
        duration=[row[1] for row in rows],
        request=[row[2] for row in rows],
        requests=REQUESTS,
        group=[row[3] for row in rows],
        groups=GROUPS,
    )
    hardware = mp.replay(GROWING, trace, zones=zones)._run.world.hardware
    return [GROWING.nodes().names[node] for node in hardware.node[hardware.code == Incident.JOIN].tolist()]


def test_a_node_of_the_first_flavor_with_room_is_asked_for() -> None:
    assert asked_for([mp.Quota("a", flavors=("v100-16",))], (0, 10, 0, 0)) == ["v100-16-0"]
    assert asked_for([mp.Quota("a", flavors=("v100-16", "a100-40"))], (0, 10, 1, 0), (0, 10, 1, 0)) == ["a100-40-1"]


def test_no_node_is_asked_for_by_whose_quota_has_no_room() -> None:
    jobs = (0.0, 100.0, 1, 0), (1.0, 10.0, 1, 0)
    free = [mp.Cohort("r"), mp.Quota("a", flavors=("a100-40",), cohort="r")]
    assert asked_for(free, *jobs) == ["a100-40-1"]
    assert asked_for([mp.Cohort("r", limit={"gpus": 3}), free[1]], *jobs) == []


@settings(deadline=None)
@given(st.data())
def test_nobody_is_where_it_may_not_be_and_no_limit_is_exceeded(data: st.DataObject) -> None:
    described, trace = data.draw(zones(), label="zones"), data.draw(traces(), label="trace")
    queue = data.draw(st.sampled_from(QUEUES), label="queue")
    lost = data.draw(st.none() | st.integers(0, len(NODES) - 1), label="lost")
    outages = None if lost is None else mp.Outages.build(start=[5], end=[90], kind=["node"], node=[lost])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mp.QuotaWarning)
        try:
            compiled, live = (
                mp.replay(SPEC, trace, zones=described, queue=queue, failures=outages, clock=clock)  # type: ignore[arg-type]
                for clock in ("replay", "simpy")
            )
        except mp.MlplatError as refused:
            assert "hard guarantees" in str(refused)
            return
    assert compiled.fingerprint == live.fingerprint
    promises_hold(compiled, described)
    states = set(compiled.jobs["state"].to_list())
    assert "pending" not in states
    assert "running" not in states
