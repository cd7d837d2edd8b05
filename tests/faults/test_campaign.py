"""The fault campaign finds nothing wrong with the library, and finds what is made wrong on purpose."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from benchmarks import fault_live_rules, faults
from benchmarks.fault_cases import FaultCase
from benchmarks.fault_live import LiveCase
from mlplat.infra.autoscaling import Autoscaler, Decision, Stay
from mlplat.infra.cluster import Cluster
from mlplat.infra.kernels.attempt_state import ABSENT, CORDONED
from mlplat.infra.kernels.state import RUNNING, STARTED, WAITING, JobState, World
from mlplat.infra.resource_scheduler import ResourceScheduler
from mlplat.infra.settling import Settling

SCHEDULES, PARTS = 2_000, 4
COMPILED = faults.run_interruptible


@pytest.mark.parametrize("part", range(PARTS))
def test_two_thousand_schedules_of_faults_break_no_invariant(part: int) -> None:
    each = SCHEDULES // PARTS
    figures = faults.CAMPAIGN.figures(each, seed=0, first=part * each)
    assert not figures["violations"], "\n".join(map(faults.CAMPAIGN.report, figures["violations"]))
    assert figures["instants"] > 5 * each and figures["attempts"] > each and figures["live"] == each // 10


# -- what is made wrong


def leak_memory(world: World) -> None:
    """A MiB is not given back."""
    if world.count[STARTED] > 1:
        world.nodes.free[0, 1] -= 1


def promise_a_device_twice(world: World) -> None:
    """A device that is held is free."""
    if (world.nodes.owner >= 0).any():
        node, device = np.argwhere(world.nodes.owner >= 0)[0]
        world.nodes.owner[node, device], world.nodes.device[node, device] = -1, 1000


def lose_a_job(world: World) -> None:
    """A waiting job is forgotten."""
    waiting = np.flatnonzero(world.log.state == JobState.WAITING)
    if len(waiting):
        world.log.state[waiting[-1]] = JobState.PENDING


def miscount_the_queue(world: World) -> None:
    """A job waits that is not there."""
    if world.count[RUNNING] > 1:
        world.count[WAITING] += 1


def forget_a_cordon(world: World) -> None:
    """A cordoned node takes work."""
    world.hardware.health[world.hardware.health == CORDONED] = 0


def refuse_without_a_reason(world: World) -> None:
    """A rejected job is not told why."""
    world.log.reason[world.log.state == JobState.REJECTED] = 0


def change_the_past(world: World) -> None:
    """What an attempt lost is rewritten."""
    ended = np.flatnonzero(~np.isnan(world.attempts.end[: world.count[STARTED]]))
    if len(ended) > 1:
        world.attempts.lost[ended[0]] += 1.0


def let_work_grow(world: World) -> None:
    """A job has a second more to do than it came with."""
    if world.count[RUNNING] > 1:
        world.progress.left[world.log.order[world.count[STARTED] - 1]] += 1.0


def take_an_absent_node_for_one_that_is_there(world: World) -> None:
    """A node that has left takes work."""
    world.hardware.health[world.hardware.health == ABSENT] = 0


BREAKS: tuple[tuple[Callable[[World], None], str], ...] = (
    (leak_memory, "room"),
    (promise_a_device_twice, "room"),
    (lose_a_job, "states"),
    (miscount_the_queue, "queue"),
    (forget_a_cordon, "hardware"),
    (refuse_without_a_reason, "reasons"),
    (change_the_past, "ledger"),
    (let_work_grow, "work"),
    (take_an_absent_node_for_one_that_is_there, "hardware"),
)


def broken(monkeypatch: pytest.MonkeyPatch, spoil: Callable[[World], None]) -> None:
    """Let every run be spoiled after each instant of the compiled clock."""
    runs: dict[int, World] = {}
    make = FaultCase.run

    def remembering(self: FaultCase, *arguments: Any) -> Any:
        run = make(self, *arguments)
        runs[0] = run.world
        return run

    def advance(address: int, until: float, instants: int) -> int:
        status = COMPILED(address, until, instants)
        spoil(runs[0])
        return status

    monkeypatch.setattr(FaultCase, "run", remembering)
    monkeypatch.setattr(faults, "run_interruptible", advance)


def first_violation(cases: range, rule: str) -> tuple[Any, Any]:
    """The first case that breaks a rule."""
    for index in cases:
        case = faults.make_case(1, index)
        found = faults.run_case(case).violation
        if found is not None and found.rule == rule:
            return case, found
    raise AssertionError(f"no case breaks {rule}")


@pytest.mark.parametrize(("spoil", "rule"), BREAKS, ids=[spoil.__name__ for spoil, _ in BREAKS])
def test_what_is_broken_is_found_and_shrunk_to_a_few_jobs(
    monkeypatch: pytest.MonkeyPatch, spoil: Callable[[World], None], rule: str
) -> None:
    broken(monkeypatch, spoil)
    case, violation = first_violation(range(60), rule)
    small, found = faults.CAMPAIGN.shrink(case, violation)
    assert found.rule == rule and len(small.jobs) <= min(3, len(case.jobs)) and len(small.faults) <= 1
    assert faults.run_case(small).violation == found


def test_a_clock_that_drifts_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def forget(self: Settling, incident: Any) -> None:
        """Hardware never fails on this clock."""

    monkeypatch.setattr(Settling, "strike", forget)
    case, violation = first_violation(range(60), "clocks")
    small, _ = faults.CAMPAIGN.shrink(case, violation)
    assert len(small.jobs) == 1 and len(small.faults) == (0 if small.scan else 1)


def hurry(decide: Callable[[Autoscaler, int], Decision]) -> Callable[[Autoscaler, int], Decision]:
    """Nodes join half a second before they can have booted."""

    def scan(self: Autoscaler, turn: int) -> Decision:
        decision, now = decide(self, turn), turn * self.period
        return decision._replace(asked=tuple(stay._replace(joins=max(now, stay.joins - 0.05)) for stay in decision.asked))

    return scan


def let_all_go(decide: Callable[[Autoscaler, int], Decision]) -> Callable[[Autoscaler, int], Decision]:
    """Every node of a scaled group that is not at work leaves at once, whatever the least is."""

    def scan(self: Autoscaler, turn: int) -> Decision:
        decision = decide(self, turn)
        idle = self._scaled & ~self._is(ABSENT) & ~self._held & np.isinf(self._warned)
        return decision._replace(leaving=tuple(np.flatnonzero(idle).tolist()))

    return scan


@pytest.mark.parametrize("spoil", [hurry, let_all_go])
@pytest.mark.parametrize("live", [False, True])
def test_nodes_that_come_or_go_too_early_are_found(monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Any], Any], live: bool) -> None:
    monkeypatch.setattr(Autoscaler, "scan", spoil(Autoscaler.scan))
    case, violation = first_violation(live_cases() if live else range(100), "nodes")
    small, _ = faults.CAMPAIGN.shrink(case, violation)
    assert "left" in violation.detail or "joined" in violation.detail
    assert small.scan and sum("scaling" in group for group in small.groups) == 1 and len(small.groups) == 1


def test_a_spot_machine_that_stays_too_long_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    incidents = Stay.incidents

    def late(self: Stay, *, arrival: bool = True) -> Any:
        return incidents(self._replace(leaves=self.leaves + 0.05), arrival=arrival)

    monkeypatch.setattr(Stay, "incidents", late)
    _, violation = first_violation(range(100), "nodes")
    assert "its end was to be" in violation.detail


def test_node_hours_that_nobody_used_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    cost = faults.cost
    monkeypatch.setattr(faults, "cost", lambda result: cost(result).with_columns(pl.col("node_hours") + 0.001))
    case, violation = first_violation(range(100), "cost")
    small, _ = faults.CAMPAIGN.shrink(case, violation)
    assert len(small.jobs) == 1 and not small.faults


def live_cases() -> range:
    return range(faults.LIVE_SHARE - 1, 60 * faults.LIVE_SHARE, faults.LIVE_SHARE)


def test_a_live_cluster_that_miscounts_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    free = ResourceScheduler.free
    monkeypatch.setattr(
        ResourceScheduler, "free", lambda self, node: free(self, node) | {"cpu_milli": free(self, node)["cpu_milli"] // 10 * 10 + 1}
    )
    case, violation = first_violation(live_cases(), "cluster")
    small, _ = faults.CAMPAIGN.shrink(case, violation)
    assert not small.calls and len(small.works) <= 1


def test_a_live_event_without_a_cause_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    write = Cluster._record

    def forgetful(self: Cluster, record: Any, predicate: str, keys: Any = (), values: Any = (), cause: Any = None) -> None:
        if predicate == "workload.requeued":
            self.sim.emit(f"workload:{record.workload.name}", predicate, source="cluster", data=dict(zip(keys, values, strict=True)))
        else:
            write(self, record, predicate, keys, values, cause)

    monkeypatch.setattr(Cluster, "_record", forgetful)
    monkeypatch.setattr(fault_live_rules, "OUTSIDE", ("workload.submitted", "node.*", "call.*", "device.*", "volume.*", "cluster.*"))
    case, violation = first_violation(live_cases(), "log")
    assert isinstance(case, LiveCase) and "has no cause" in violation.detail


def test_what_the_library_raises_is_a_violation_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: FaultCase, *_: Any) -> Any:
        raise ZeroDivisionError("by accident")

    monkeypatch.setattr(FaultCase, "run", fail)
    violation = faults.run_case(faults.make_case(0, 0)).violation
    assert violation is not None and violation.rule == "ZeroDivisionError" and violation.detail == "by accident"


def test_the_report_has_seed_and_case_and_python_that_shows_the_violation_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken(monkeypatch, leak_memory)
    index = next(i for i in range(60) if (found := faults.run_case(faults.make_case(1, i)).violation) is not None and found.rule == "room")
    assert faults.CAMPAIGN.command(["--seed", "1", "--case", str(index), "--json"]) == 1
    printed = capsys.readouterr()
    assert f"python -m benchmarks.faults --seed 1 --case {index}" in printed.err
    (violation,) = json.loads(printed.out)["violations"]
    again = io.StringIO()
    with contextlib.redirect_stdout(again):
        exec(violation["shrunk"], {})
    assert "rule='room'" in again.getvalue() and violation["shrunk_detail"] in again.getvalue()


def test_a_case_without_a_violation_ends_with_status_zero(capsys: pytest.CaptureFixture[str]) -> None:
    assert faults.CAMPAIGN.command(["--seed", "2", "--case", "0", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["schedules"] == 1 and figures["violations"] == [] and figures["instants"] > 0
