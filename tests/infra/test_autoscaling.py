"""Nodes come and go with the work: timelines worked out by hand, what a scan decides against its naive twin, equality of all clocks."""

from __future__ import annotations

import doctest
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import mlplat as mp
from mlplat.errors import OptionError
from mlplat.hardware import ClusterSpec, Outages, Reliability
from mlplat.infra import autoscaling as under_test
from mlplat.infra.autoscaling import Autoscaler, Autoscaling
from mlplat.infra.kernels.attempt_state import ABSENT, CORDONED, GIVEN_UP, Incident
from mlplat.infra.kernels.state import NEXT_INCIDENT, JobState
from mlplat.infra.queueing import QUEUES
from mlplat.resources import ResourceRequest
from mlplat.runs.result import Result
from mlplat.runs.scaled import cost
from mlplat.workload import JobTrace
from tests.oracle.naive_jobs import NaiveJob
from tests.oracle.naive_state import empty_cluster
from tests.oracle.strategies import clusters, traces

from .naive_scale_up import by_price, naive_scale_up

FULL = settings().max_examples >= 60
EXAMPLES = 200 if FULL else settings().max_examples


def cluster(**scaling: Any) -> ClusterSpec:
    """Nodes of 4 cores, three at most."""
    return ClusterSpec.uniform(nodes=scaling.pop("count", 3), cpus=4, memory_gib=16, scaling=scaling)


def cores(submit: list[float], duration: list[float], width: list[int], replicas: list[int] | None = None) -> JobTrace:
    requests = [ResourceRequest(cpus=c) for c in sorted(set(width))]
    which = [sorted(set(width)).index(c) for c in width]
    return JobTrace.build(submit=submit, duration=duration, request=which, replicas=replicas, requests=requests)


def moves(result: Result) -> list[tuple[float, str, int]]:
    """(time, "join" or "leave", row) of the nodes, as far as the run went."""
    run = result._run
    hardware, happened = run.world.hardware, int(run.world.count[NEXT_INCIDENT])
    rows = run.world.cluster.row_of[hardware.node[:happened]].tolist()
    names = {int(Incident.JOIN): "join", int(Incident.LEAVE): "leave"}
    listed = zip(hardware.time[:happened].tolist(), hardware.code[:happened].tolist(), rows, strict=True)
    return [(time, names[code], row) for time, code, row in listed if code in names]


def starts(result: Result) -> list[float]:
    return result.jobs["start_s"].to_list()


# -- timelines


def test_a_node_joins_its_boot_time_after_the_scan_that_asks_for_it() -> None:
    result = mp.replay(cluster(boot="3m"), cores([3], [60], [4]))
    assert starts(result) == [190.0]
    assert moves(result) == [(190.0, "join", 0)]


def test_a_scan_sees_the_jobs_of_its_own_instant() -> None:
    assert starts(mp.replay(cluster(boot="3m"), cores([20], [60], [4]))) == [200.0]


def test_a_job_that_fits_on_a_node_that_boots_opens_no_other() -> None:
    result = mp.replay(cluster(boot="3m"), cores([0, 15, 31, 100], [600] * 4, [1] * 4))
    assert moves(result) == [(180.0, "join", 0)]
    assert starts(result) == [180.0] * 4


def test_what_does_not_fit_on_a_node_that_boots_opens_the_next() -> None:
    result = mp.replay(cluster(boot="3m"), cores([0, 15], [600, 600], [3, 2]))
    assert moves(result) == [(180.0, "join", 0), (200.0, "join", 1)]


def test_an_idle_node_leaves_its_time_after_the_last_scan_at_which_it_held_something() -> None:
    result = mp.replay(cluster(boot="1m", idle="5m"), cores([0, 2000], [97, 10], [4, 4]))
    # Runs 60 to 157 s; the scan at 150 s is the last to see that, so the one at 450 s lets the node go.
    assert moves(result) == [(60.0, "join", 0), (450.0, "leave", 0), (2060.0, "join", 0)]
    assert starts(result) == [60.0, 2060.0]


def test_work_in_time_keeps_a_node() -> None:
    result = mp.replay(cluster(boot="1m", idle="5m"), cores([0, 449], [97, 10], [4, 4]))
    assert starts(result) == [60.0, 449.0]
    assert moves(result) == [(60.0, "join", 0)]


def test_a_group_keeps_its_least_and_the_latest_rows_leave_first() -> None:
    spec = cluster(min=1, initial=3, idle="2m")
    assert moves(mp.replay(spec, cores([1000], [1], [1]))) == [(120.0, "leave", 1), (120.0, "leave", 2)]


def test_a_group_never_has_more_than_its_most() -> None:
    result = mp.replay(cluster(count=2, boot="1m"), cores([0] * 5, [100] * 5, [4] * 5))
    assert moves(result) == [(60.0, "join", 0), (60.0, "join", 1)]
    assert starts(result) == [60.0, 60.0, 160.0, 160.0, 260.0]
    assert cost(result)["peak_nodes"].to_list() == [2]


def test_a_gang_for_which_not_enough_nodes_can_be_had_opens_none() -> None:
    trace = cores([0, 30], [math.inf, 100], [4, 4], [1, 3])
    result = mp.replay(cluster(boot="1m", idle="2m"), trace, queue="best-effort-fifo", until="1h")
    assert moves(result) == [(60.0, "join", 0)]
    assert result.jobs["state"].to_list() == ["running", "waiting"]


def test_a_gang_opens_all_the_nodes_it_needs_at_once() -> None:
    result = mp.replay(cluster(boot="1m"), cores([5], [100], [4], [3]))
    assert moves(result) == [(70.0, "join", row) for row in range(3)]
    assert starts(result) == [70.0]


def test_a_node_that_a_waiting_job_is_meant_for_does_not_leave() -> None:
    # fifo: the gang of three cannot run beside the endless job, and the last job may not pass it. Its node waits with it.
    trace = cores([0, 1, 2], [math.inf, 100, 100], [4, 4, 4], [1, 3, 1])
    result = mp.replay(cluster(boot="1m", idle="2m"), trace, until="1h")
    assert moves(result) == [(60.0, "join", 0), (70.0, "join", 1)]
    assert mp.replay(cluster(boot="1m", idle="2m"), trace).end_s == 60.0  # without a horizon the run ends too


GROUPS = """
groups:
- {name: dear, count: 2, cpus: 4, memory: 8GiB, price_per_hour: 3, scaling: {boot: 1m}}
- {name: cheap, count: 1, cpus: 4, memory: 8GiB, price_per_hour: 1, scaling: {boot: 1m}}
- {name: large, count: 2, cpus: 16, memory: 8GiB, price_per_hour: 4, scaling: {boot: 1m}}
"""


def test_the_cheapest_group_that_holds_a_replica_is_taken() -> None:
    spec = ClusterSpec.from_yaml(GROUPS)
    assert moves(mp.replay(spec, cores([0], [50], [4]))) == [(60.0, "join", 2)]
    assert moves(mp.replay(spec, cores([0, 0], [50, 50], [4, 4]))) == [(60.0, "join", 0), (60.0, "join", 2)]
    assert moves(mp.replay(spec, cores([0], [50], [8]))) == [(60.0, "join", 3)]


def test_the_discount_of_spot_machines_counts_for_their_price() -> None:
    spec = ClusterSpec.from_yaml(
        GROUPS.replace(
            "scaling: {boot: 1m}}\n- {name: cheap", "scaling: {boot: 1m, spot: {mean_life: 900d, discount: 0.7}}}\n- {name: cheap"
        )
    )
    result = mp.replay(spec, cores([0], [50], [4]))
    assert moves(result) == [(60.0, "join", 0)]
    assert cost(result)["price_per_hour"].to_list() == pytest.approx([0.9, 1.0, 4.0])


def test_scans_can_be_rarer_and_autoscaling_can_be_off() -> None:
    trace = cores([3], [60], [4])
    assert starts(mp.replay(cluster(boot=0), trace, autoscaling=Autoscaling(scan="1m"))) == [60.0]
    assert starts(mp.replay(cluster(boot=0), trace, autoscaling=False)) == [3.0]


def test_nodes_cost_from_the_request_to_the_end() -> None:
    spec = ClusterSpec.from_yaml(GROUPS)
    table = cost(mp.replay(spec, cores([0, 2000], [97, 10], [4, 4])))
    # Asked for at 0 s, idle from the scan at 150 s on, gone at 750 s; again from 2000 s to 2070 s.
    assert table["node_hours"].to_list() == pytest.approx([0.0, (750 + 70) / 3600, 0.0])
    assert table["cost_usd"].to_list() == table["node_hours"].to_list()
    assert table["peak_nodes"].to_list() == [0, 1, 0]


# -- spot machines


def spot(notice: str, mean_life: str = "1h") -> ClusterSpec:
    return cluster(min=1, boot="1m", spot={"mean_life": mean_life, "notice": notice})


def first_life(spec: ClusterSpec, seed: int) -> float:
    """When the machine that is there at the start is taken back."""
    return next(time for time, move, _ in moves(mp.replay(spec, cores([0], [1e6], [4]), seed=seed, until="1000h")) if move == "leave")


@pytest.mark.parametrize("clock", ["replay", "simpy"])
def test_a_checkpoint_within_the_notice_saves_the_work_of_a_spot_machine(clock: Any) -> None:
    spec, seed = spot("2m"), 5
    end = first_life(spec, seed)
    assert end > 1000
    trace = cores([0], [end + 3000], [4])
    result = mp.replay(spec, trace, checkpoint="every 1000h write 30s", seed=seed, clock=clock, until=end + 500)
    first, second = result.attempts.rows(named=True)
    assert (first["outcome"], first["stop_s"], first["end_s"]) == ("drained", end - 120, end - 120 + 30)
    assert first["saved_s"] == pytest.approx(end - 120) and first["lost_s"] == 0
    # At the first scan after the drain the job needs another machine. The one in its notice takes no work.
    scan = math.ceil((end - 90) / 10) * 10
    assert second["start_s"] == scan + 60 and second["node"] == 1


def test_work_that_cannot_be_saved_within_the_notice_is_lost() -> None:
    spec, seed = spot("2m"), 5
    end = first_life(spec, seed)
    result = mp.replay(spec, cores([0], [end + 3000], [4]), checkpoint="every 1000h write 3m", seed=seed, until=end + 500)
    first = result.attempts.row(0, named=True)
    assert (first["outcome"], first["end_s"], first["saved_s"]) == ("drained", end, 0.0)


def test_a_machine_that_is_taken_back_without_notice_stops_its_jobs_at_its_end() -> None:
    spec, seed = spot("0s"), 5
    end = first_life(spec, seed)
    trace, checkpoint = cores([0], [end + 3000], [4]), "every 1000h write 30s"
    first = mp.replay(spec, trace, checkpoint=checkpoint, seed=seed, until=end + 500).attempts.row(0, named=True)
    assert (first["outcome"], first["end_s"], first["lost_s"]) == ("drained", end, end)


def test_lives_follow_from_seed_name_and_number_of_the_stay_alone() -> None:
    spec = spot("2m")
    wider = ClusterSpec.model_validate(
        {"groups": [{"name": "other", "count": 5, "cpus": 1}, spec.groups[0].model_copy(update={"name": "node"})]}
    )
    trace = cores([0], [1e6], [4])
    one, again = (moves(mp.replay(spec, trace, seed=3, until="200h")) for _ in range(2))
    other, beside = moves(mp.replay(spec, trace, seed=4, until="200h")), moves(mp.replay(wider, trace, seed=3, until="200h"))
    assert one == again and one != other
    assert beside == [(time, move, row + 5) for time, move, row in one]


def test_the_mean_life_of_spot_machines_is_the_one_described() -> None:
    spec = ClusterSpec.uniform(nodes=4000, cpus=1, memory_gib=1, scaling={"initial": 4000, "spot": {"mean_life": "6h"}})
    run = mp.replay(spec, cores([0], [1], [1]))._run
    lives = np.array([stay.leaves for stay in Autoscaler(spec, run, Autoscaling(), 0).initial])
    assert abs(lives.mean() / 21600 - 1) < 3 / math.sqrt(len(lives))


@pytest.mark.parametrize("queue", sorted(QUEUES))
@pytest.mark.parametrize("clock", ["replay", "simpy"])
def test_a_gang_at_the_head_gets_its_nodes_before_those_that_came_earlier(queue: str, clock: Any) -> None:
    spec = ClusterSpec.uniform(nodes=3, cpus=4, memory_gib=16, scaling={"boot": "1m", "idle": "5m"})
    trace = mp.JobTrace.build(
        submit=[0, 0], duration=[600, 60], request=[0, 0], replicas=[1, 3], priority=[0, 5], requests=[mp.ResourceRequest(cpus=4)]
    )
    result = mp.replay(spec, trace, queue=queue, clock=clock)
    assert set(result.jobs["state"]) <= {"completed", "lost"}
    assert "lost" not in set(result.jobs["state"]) or queue == "loss"


# -- the twin


def planned_like_the_twin(spec: ClusterSpec, device: str, called: list[int]) -> Any:
    """`plan_scale_up`, which compares itself with the naive plan."""
    kernel = under_test.plan_scale_up

    def plan_scale_up(address: int, plan_address: int, most: int) -> int:
        scaler = Checked.latest
        run, plan = scaler.run, scaler._plan
        world = run.world
        row_of = world.cluster.row_of
        state = empty_cluster(spec)
        absent = world.hardware.health & ABSENT != 0
        for number, row in enumerate(row_of.tolist()):
            if not absent[number]:
                node, free = state[row], world.nodes.free[number]
                node.free = {"cpu": int(free[0]), "memory": int(free[1]), "disk": int(free[2])}
                node.free_milli = world.nodes.device[number, : len(node.free_milli)].tolist()
                if len(world.nodes.slices):
                    node.occupied = [{p for p in range(8) if int(bits) >> p & 1} for bits in world.nodes.slices[number]][
                        : len(node.occupied)
                    ]
        usable = row_of[plan.usable[: plan.number[0]]].tolist()
        gangs = run.gangs
        waiting = np.flatnonzero(world.log.state == JobState.WAITING).tolist()
        if waiting and run.queue.name in ("sjf", "priority", "srtf", "las"):
            waiting.remove(int(world.waiting.job[0]))
            waiting.insert(0, int(world.waiting.job[0]))
        del waiting[most:]
        jobs = [
            NaiveJob(0, 0, 0, int(gangs.replicas[j]), gangs.requests[gangs.request[j]], gangs.requests[gangs.last_request[j]])
            for j in waiting
        ]
        closed = world.hardware.health & (GIVEN_UP | CORDONED) != 0
        spare = [r for r in by_price(spec) if absent[scaler._number[r]] and not closed[scaler._number[r]] and r not in usable]
        opened, needed = naive_scale_up(state, usable, spare, jobs, device)
        count = kernel(address, plan_address, most)
        end = int(plan.number[0])
        assert row_of[plan.usable[end - count : end]].tolist() == opened
        assert set(row_of[np.flatnonzero(plan.needed)].tolist()) == needed
        called.append(count)
        return int(count)

    return plan_scale_up


class Checked(Autoscaler):
    """The autoscaler, and which one is at it."""

    latest: Autoscaler

    def _scale_up(self, now: float) -> Any:
        Checked.latest = self
        return super()._scale_up(now)


@st.composite
def scaled_clusters(draw: Any, *, ends: bool = True) -> ClusterSpec:
    """Small clusters, most of whose groups are scaled. `ends`: whether there may be spot machines."""
    spec = draw(clusters().filter(lambda spec: not spec.pool))
    groups = []
    for group in spec.groups:
        low = draw(st.integers(0, group.count))
        scaling: dict[str, Any] = {"min": low, "boot": draw(st.sampled_from((0, 0.5, 1, 3))), "idle": draw(st.sampled_from((0, 1, 2, 5)))}
        if draw(st.booleans()):
            scaling["initial"] = draw(st.integers(low, group.count))
        if ends and draw(st.integers(0, 2)) == 0:
            notice = draw(st.sampled_from((0, 0.5, 2)))
            scaling["spot"] = {
                "mean_life": draw(st.sampled_from((2, 10, 40))),
                "notice": notice,
                "discount": draw(st.sampled_from((0, 0.5))),
            }
        price = draw(st.sampled_from((1, 2, 3)))
        groups.append(group.model_copy(update={"price_per_hour": price, "scaling": draw(st.sampled_from((scaling,) * 4 + (None,)))}))
    return spec.model_copy(update={"groups": tuple(groups)})


QUEUES = ("fifo", "best-effort-fifo", "sjf", "easy", "priority", "srtf", "las", "drf", "conservative")


@st.composite
def cases(draw: Any, *, ends: bool = True) -> tuple[ClusterSpec, JobTrace, dict[str, Any]]:
    """A cluster, a trace, and keywords for `replay`."""
    spec = draw(scaled_clusters(ends=ends))
    trace = draw(traces(spec, max_jobs=20))
    count = len(spec.nodes())
    broken = draw(st.lists(st.tuples(st.integers(0, 15), st.integers(1, 6), st.integers(0, count - 1)), max_size=3))
    kinds = draw(st.lists(st.sampled_from(("node", "partition", "maintenance")), min_size=len(broken), max_size=len(broken)))
    outages = Outages.build(start=[s for s, _, _ in broken], end=[s + d for s, d, _ in broken], node=[n for _, _, n in broken], kind=kinds)
    options = {
        "queue": draw(st.sampled_from(QUEUES)),
        "placement": draw(st.sampled_from(("first-fit", "best-fit", "worst-fit"))),
        "ties": draw(st.sampled_from(("node-order", list(reversed(range(count)))))),
        "checkpoint": draw(st.sampled_from(("none", "every 2s", "every 2s write 0.5s restart 1s"))),
        "autoscaling": Autoscaling(scan=draw(st.sampled_from((1, 1, 0.7, 4)))),
        "until": draw(st.sampled_from((12, 40, 100))),
        "seed": draw(st.integers(0, 3)),
        "failures": draw(st.sampled_from((None, outages))),
    }
    return spec, trace, options


def test_a_scan_opens_what_its_naive_twin_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[int] = []

    @settings(max_examples=2 * EXAMPLES)  # in clusters with taints, many scans find nothing to do
    @given(cases())
    def compare(case: Any) -> None:
        spec, trace, options = case
        with monkeypatch.context() as patch:
            patch.setattr(under_test, "plan_scale_up", planned_like_the_twin(spec, options["placement"], called))
            patch.setattr("mlplat.runs.scaled.Autoscaler", Checked)
            mp.replay(spec, trace, **options)

    compare()
    assert not FULL or (len(called) > 500 and sum(called) > 200)


# -- all clocks


@settings(max_examples=EXAMPLES)
@given(cases())
def test_both_clocks_give_equal_frames(case: Any) -> None:
    spec, trace, options = case
    one, other = (mp.replay(spec, trace, clock=clock, **options) for clock in ("replay", "simpy"))
    assert one.fingerprint == other.fingerprint
    assert moves(one) == moves(other)
    for frame in ("jobs", "attempts"):  # the others are made from the same arrays
        assert getattr(one, frame).equals(getattr(other, frame), null_equal=True)
    assert cost(one).equals(cost(other))


class Restless(Autoscaler):
    """Makes every scan."""

    def next_scan(self, event: float) -> int | None:
        return self._turn + 1


def test_the_scans_that_are_left_out_would_have_changed_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    @settings(max_examples=EXAMPLES // 2)
    @given(cases())
    def compare(case: Any) -> None:
        spec, trace, options = case
        few = mp.replay(spec, trace, **options)
        with monkeypatch.context() as patch:
            patch.setattr("mlplat.runs.scaled.Autoscaler", Restless)
            all_of_them = mp.replay(spec, trace, **options)
        assert few.fingerprint == all_of_them.fingerprint
        if not few._run.is_over():
            assert moves(few) == moves(all_of_them)

    compare()


@settings(max_examples=EXAMPLES // 2)
@given(cases(ends=False))
def test_no_group_has_more_nodes_than_its_most_or_loses_its_least(case: Any) -> None:
    spec, trace, options = case
    result = mp.replay(spec, trace, **options)
    table = spec.nodes()
    there = np.array(
        [sum(1 for row in range(len(table)) if table.group[row] == g and row not in result._run.absent) for g in range(len(spec.groups))]
    )
    for _, move, row in moves(result):
        g = int(table.group[row])
        there[g] += 1 if move == "join" else -1
        scaling = spec.groups[g].scaling
        assert scaling is not None and scaling.min <= there[g] <= spec.groups[g].count
    for record in result.attempts.rows(named=True):
        for time, move, row in moves(result):
            if row == record["node"] and move == "leave":
                assert time <= record["start_s"] or (record["end_s"] is not None and record["end_s"] <= time)


@settings(max_examples=EXAMPLES // 2)
@given(cases())
def test_a_live_cluster_scales_as_a_replay_does(case: Any) -> None:
    spec, trace, options = case
    options = {name: value for name, value in options.items() if name != "failures"}
    assume(all(not request.mig or request.mig in known_profiles(spec) for request in trace.requests))
    columns = {name: getattr(trace, name) for name in ("submit", "duration", "request", "requests", "replicas")}
    trace = JobTrace.build(**columns)  # without estimates, splitting and unlike last replicas, which a workload does not have
    result = mp.replay(spec, trace, **options)
    sim = mp.Simulation(seed=options["seed"])
    live = mp.Cluster(sim, spec, scrape_period=None, **{name: options[name] for name in ("queue", "placement", "ties", "autoscaling")})
    for job in range(len(trace)):
        request, duration, replicas = trace.requests[int(trace.request[job])], float(trace.duration[job]), int(trace.replicas[job])
        length = None if math.isinf(duration) else duration
        work = mp.Workload(f"j{job}", request, duration=length, replicas=replicas, checkpoint=options["checkpoint"])
        sim.at(float(trace.submit[job]), live.run_workload, work)
    sim.run(until=options["until"])
    records = [live.workloads[f"j{job}"] for job in range(len(trace)) if f"j{job}" in live.workloads]
    begun = [None if math.isnan(record.started_s) else record.started_s for record in records]
    assert begun == starts(result)[: len(records)]
    if not result._run.is_over():  # a replay ends with its last job, a live cluster goes on
        names = {f"node:{name}": row for row, name in enumerate(spec.nodes().names)}
        said = {"node.joined": "join", "node.left": "leave"}
        lived = [(event.time, said[event.predicate], names[event.subject]) for event in sim.log if event.predicate in said]
        assert sorted(lived) == sorted(moves(result))
    sim.log.check()


@pytest.mark.parametrize("seed", [0, 32, 41, 53])
def test_a_machine_that_joins_as_another_ends_and_has_its_notice_at_once_takes_no_work_on_both_clocks(seed: int) -> None:
    spec = ClusterSpec.uniform(nodes=1, cpus=4, memory_gib=16, scaling={"boot": 0, "spot": {"mean_life": 1.0, "notice": 3.0}})
    every_second, length = Autoscaling(scan=1), 200
    result = mp.replay(spec, cores([19], [9], [4]), autoscaling=every_second, until=length, seed=seed)
    sim = mp.Simulation(seed=seed)
    live = mp.Cluster(sim, spec, scrape_period=None, autoscaling=every_second)
    sim.at(19.0, live.run_workload, mp.Workload("job", {"cpus": 4}, duration=9.0))
    sim.run(until=length)
    bound = [event.time for event in sim.log if event.predicate == "workload.bound"]
    assert bound == result.attempts["start_s"].to_list()
    assert not set(bound) & {event.time for event in sim.log if event.predicate == "node.cordoned"}


def known_profiles(spec: ClusterSpec) -> set[str]:
    """The MIG profiles of the cluster's models."""
    return {name for model in spec.nodes().models if model.mig is not None for name in model.mig.profiles}


def test_an_idle_live_cluster_comes_to_an_end() -> None:
    sim = mp.Simulation()
    live = mp.Cluster(sim, cluster(boot="3m"), scrape_period=None)
    handle = live.endpoint.submit(mp.Workload("train", {"cpus": 4}, duration="1h"))
    sim.run()
    assert handle.status.value == "succeeded"
    assert [event.time for event in sim.log.select(predicate="node.*") if event.predicate != "node.requested"] == [180.0, 4370.0]
    assert [event.predicate for event in sim.log.select(subject="node:node-0")] == ["node.requested", "node.joined", "node.left"]


def test_hardware_that_fails_for_as_long_as_the_run_lasts_goes_with_nodes_that_come_and_go() -> None:
    spec = cluster(min=1, boot="1m", idle="5m", spot={"mean_life": "2h"})
    trace = cores([0, 100, 5e5], [3e5, 4e5, 9e5], [4, 4, 4])
    failures = Reliability(node={"mtbf": "1d", "mttr": "1h"})
    runs = [mp.replay(spec, trace, failures=failures, checkpoint="every 10m", clock=c, seed=2) for c in ("replay", "simpy")]
    assert runs[0].fingerprint == runs[1].fingerprint and moves(runs[0]) == moves(runs[1])
    assert runs[0].summary()["completed"] == 3
    outcomes = set(runs[0].attempts["outcome"].to_list())
    assert {"node", "drained", "completed"} <= outcomes


# -- what is said of it


def test_examples_of_the_autoscaling_page_are_true() -> None:
    page = Path(__file__).parents[2] / "docs" / "autoscaling.md"
    outcome = doctest.testfile(str(page), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert outcome.failed == 0 and outcome.attempted >= 12


def test_nodes_come_and_go_under_other_policies_too() -> None:
    sim = mp.Simulation()
    live = mp.Cluster(sim, cluster(boot="3m", idle="10m"), scrape_period=None)
    live.endpoint.configure(queue="easy", placement="gpu-packing")
    handle = live.endpoint.submit(mp.Workload("work", {"cpus": 4}, duration="1h"))
    sim.run()
    live.endpoint.configure(queue="las")
    again = live.endpoint.submit(mp.Workload("again", {"cpus": 4}, duration="1h"))
    sim.run()
    assert handle.status.value == again.status.value == "succeeded"
    assert [(event.time, event.predicate) for event in sim.log.select(predicate="node.*")][:3] == [
        (0.0, "node.requested"),
        (180.0, "node.joined"),
        (4370.0, "node.left"),
    ]
    assert sum(event.predicate == "node.left" for event in sim.log) == 2


def test_a_job_that_waited_for_a_node_can_be_explained() -> None:
    result = mp.replay(cluster(boot="3m"), cores([3], [60], [4]))
    assert "waited 3.1 min for room; placed on node node-0" in str(result.explain(0))


def test_the_manifest_says_how_often_scans_were_made() -> None:
    trace = cores([3], [60], [4])
    assert mp.replay(cluster(), trace).manifest["autoscaling"] == {"scan_s": 10.0}
    assert mp.replay(cluster(), trace, autoscaling=False).manifest["autoscaling"] is None
    assert mp.replay(ClusterSpec.parse("2x4xT4"), trace).manifest["autoscaling"] is None


@pytest.mark.parametrize("wrong", [Autoscaling, 10, "10s", None])
def test_what_is_no_autoscaling_is_refused(wrong: Any) -> None:
    with pytest.raises(OptionError, match="expected True, False or an Autoscaling"):
        mp.replay(cluster(), cores([3], [60], [4]), autoscaling=wrong)


@pytest.mark.parametrize("wrong", [0, -1, "often", "5y"])
def test_a_period_that_is_none_is_refused(wrong: Any) -> None:
    with pytest.raises(OptionError, match="scan"):
        Autoscaling(scan=wrong)
