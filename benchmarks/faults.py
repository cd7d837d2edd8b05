"""A randomized fault campaign: random clusters, workloads, policies and faults, with every invariant checked after every event.

    python -m benchmarks.faults --schedules 2000 --seed 1
    python -m benchmarks.faults --seed 1 --case 17

Each schedule is one case. Most are traces: the compiled clock is driven one instant at a time and the state is checked after each
(`fault_invariants`), then SimPy's clock must give the same fingerprint. One in ten is a live cluster whose hardware, nodes and workloads
are called for at random instants (`fault_live`). In a share of both, nodes come and go (`fault_presence`), or have labels and taints
(`fault_marks`), which workloads of live clusters ask for and tolerate and which change meanwhile. A third of the live clusters have a
network, whose links fail (`fault_networks`). A case follows from the seed and its
number, so `--case` makes one again; a violation is printed with both and with a shrunk case as Python that can be run. Exit status 1 if
there was any.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable

import numpy as np

from benchmarks import fault_cases, fault_live, fault_live_rules
from benchmarks.campaigns import Campaign, Outcome
from benchmarks.fault_cases import FaultCase
from benchmarks.fault_draws import HEADED
from benchmarks.fault_invariants import Invariants, Violation
from benchmarks.fault_live import LiveCase
from benchmarks.fault_mark_rules import wrong_in_replay
from benchmarks.fault_presence import Presence
from mlplat.hardware import ClusterSpec
from mlplat.infra.incidents import Incidents
from mlplat.infra.kernels.attempt_state import ABSENT, Incident
from mlplat.infra.kernels.interruptible_loop import run_interruptible
from mlplat.infra.kernels.state import CLOSED, DONE, FULL, NEXT_INCIDENT, RUNNING, STARTED, WAITING, JobState
from mlplat.infra.world import Run
from mlplat.runs.driving import drive
from mlplat.runs.fingerprints import run_digest
from mlplat.runs.result import Result
from mlplat.runs.scaled import Scaled, compiled_peek, cost

LIVE_SHARE = 10
"""One case in so many is a live cluster."""
MOST_INSTANTS = 100_000
MOST_TRIALS = 3_000
"""Smaller cases that are tried before shrinking ends."""
Case = FaultCase | LiveCase


def make_case(seed: int, index: int) -> Case:
    """The case of that number: every tenth is a live cluster."""
    return fault_live.make_case(seed, index) if index % LIVE_SHARE == LIVE_SHARE - 1 else fault_cases.make_case(seed, index)


def run_case(case: Case) -> Outcome:
    """Run a case and check it after every event. What the library raises is a violation too."""
    try:
        return Outcome(*fault_live_rules.play(case)) if isinstance(case, LiveCase) else play(case)
    except Exception as error:  # whatever it is, it is a finding, to be reported and shrunk like any other
        return Outcome(Violation(type(error).__name__, math.nan, str(error)), 0, 0, 0)


def play(case: FaultCase) -> Outcome:
    """A trace on both clocks."""
    spec, trace = case.spec(), case.trace()
    found = case.incidents(spec)
    unfolding = Unfolding(found, case.known)
    run = case.run(spec, trace, unfolding.incidents())
    presence = Presence(spec, run.absent, case.scan) if case.scan else None
    invariants = Invariants(run, run.gangs.requests, found, presence=presence)
    checked = Checked(run, invariants)
    try:
        violation = None
        scaled = case.scaled(spec, run)
        checked.let_happen(case.until, unfolding, scaled)
        violation = _stuck(case, run, invariants) or _cost(case, run, presence) or _marks(case, run, invariants)
        violation = violation or _other_clock(case, spec, run, found)
    except Broken as broken:
        violation = broken.violation
    return Outcome(violation, checked.instants, len(trace), int(run.world.count[STARTED]))


class Broken(Exception):
    """An invariant did not hold."""

    def __init__(self, violation: Violation) -> None:
        self.violation = violation
        super().__init__(violation)


class Unfolding:
    """Incidents that become known one part after the other, as those that are drawn while a run goes on."""

    def __init__(self, found: Incidents, known: tuple[float, ...]) -> None:
        self.found, self.later = found, [*known, math.inf]
        self.known_until = self.later.pop(0)

    def incidents(self) -> Incidents:
        """Those that are known."""
        return self.found.by(self.known_until)

    def extend(self) -> Incidents:
        """Those of the next part too."""
        self.known_until = self.later.pop(0)
        return self.incidents()


class Checked:
    """Lets a run happen on the compiled clock, one instant at a time, and checks it after each."""

    def __init__(self, run: Run, invariants: Invariants) -> None:
        self.run, self.invariants, self.instants = run, invariants, 0

    def let_happen(self, until: float, unfolding: Unfolding, scaled: Scaled | None) -> None:
        """To the end of the run, or its horizon. Raises Broken."""
        go_on = self._go_on if scaled is None else scaled.scanning(self._go_on, compiled_peek(self.run))
        while True:
            known = unfolding.known_until
            go_on(min(until, known))
            if known >= until or self.run.is_over():
                return
            if scaled is None:
                self.run.meet(unfolding.extend())
            else:
                scaled.meet(unfolding.extend(), known)

    def _go_on(self, until: float) -> None:
        run = self.run
        while (status := run_interruptible(run.address, until, 1)) != DONE:
            if status == FULL:
                run.grow()
                continue
            self.instants += 1
            now = float(run.world.clock[0])
            if (violation := self.invariants.check(now)) is not None:
                raise Broken(violation)
            if self.instants > MOST_INSTANTS:
                raise Broken(Violation("end", now, "the run does not come to an end"))


def _stuck(case: FaultCase, run: Run, invariants: Invariants) -> Violation | None:
    """With nothing running and everything in order, nothing may wait, but for gangs of unlike replicas, whose placing depends on draws.

    Absent nodes are got for the first in order of submission; under policies with another order the head may wait behind it.
    """
    count = run.world.count
    in_order = not invariants.health.any() or (case.until == math.inf and case.queue in HEADED)
    healthy = in_order and not (invariants.health & ~ABSENT).any() and not invariants.down.any()
    if count[WAITING] and not count[RUNNING] and count[CLOSED] == count[STARTED] and healthy:
        waiting = [job for job, state in enumerate(run.world.log.state.tolist()) if state == JobState.WAITING]
        gangs = run.gangs
        if all(gangs.request[job] == gangs.last_request[job] for job in waiting):
            return Violation("end", float(run.world.clock[0]), f"jobs {waiting} wait for ever, and the cluster is empty")
    return None


def _cost(case: FaultCase, run: Run, presence: Presence | None) -> Violation | None:
    """What the nodes cost is what their stays come to."""
    if presence is None or not len(run.trace):
        return None
    spec = presence.spec
    result = Result(run, spec, clock="replay", seed=case.seed, until=case.until, ties="node-order", engine_seconds=0.0, rebuilt=lambda: run)
    planned = [(time, code == Incident.JOIN, int(run.world.cluster.row_of[node])) for time, code, node in _moves(run, happened=False)]
    figures = cost(result)
    first = float(run.trace.submit[0])
    for detail in presence.wrong_cost(figures["node_hours"].to_list(), first, max(first, result.end_s), planned):
        return Violation("cost", float(run.world.clock[0]), detail)
    if (figures["peak_nodes"] > np.array([group.count for group in spec.groups])).any() or (figures["cost_usd"] < 0).any():
        return Violation("cost", float(run.world.clock[0]), f"{figures.rows()}")
    return None


def _marks(case: FaultCase, run: Run, invariants: Invariants) -> Violation | None:
    """Taints keep work away."""
    for detail in wrong_in_replay(case.groups, run, invariants.room) if case.marked else ():
        return Violation("marks", float(run.world.clock[0]), detail)
    return None


def _other_clock(case: FaultCase, spec: ClusterSpec, run: Run, found: Incidents) -> Violation | None:
    unfolding = Unfolding(found, case.known)
    other = case.run(spec, run.trace, unfolding.incidents())
    scaled = case.scaled(spec, other)
    drive(other, case.until, "simpy", failing=unfolding, scaled=scaled)  # type: ignore[arg-type]
    if run_digest(run, case.until) != run_digest(other, case.until):
        return Violation("clocks", float(run.world.clock[0]), "SimPy's clock gives another result")
    if case.scan and _moves(run) != _moves(other):
        return Violation("clocks", float(run.world.clock[0]), "on SimPy's clock other nodes come and go")
    return None


def _moves(run: Run, *, happened: bool = True) -> list[tuple[float, int, int]]:
    """Time, code and number of node of each joining and leaving that has happened, or that is planned."""
    hardware, met = run.world.hardware, int(run.world.count[NEXT_INCIDENT])
    part = slice(0, met) if happened else slice(met, None)
    columns = zip(hardware.time[part].tolist(), hardware.code[part].tolist(), hardware.node[part].tolist(), strict=True)
    return [move for move in columns if move[1] in (Incident.JOIN, Incident.LEAVE)]


def smaller(case: Case) -> Iterable[Case]:
    """Simpler cases."""
    return fault_live.smaller(case) if isinstance(case, LiveCase) else fault_cases.smaller(case)


def snippet(case: Case) -> str:
    """Python that runs the case and prints what is wrong."""
    module, names = ("fault_live", "Call, LiveCase, Work") if isinstance(case, LiveCase) else ("fault_cases", "INF, FaultCase, Fault, Job")
    lines = [f"from benchmarks.{module} import {names}", "from benchmarks.faults import run_case", f"print(run_case({case!r}).violation)"]
    if isinstance(case, LiveCase):
        lines.insert(0, "from benchmarks.fault_draws import INF")
    return "\n".join(lines)


CAMPAIGN = Campaign(
    "faults",
    __doc__.split("\n")[0],
    make_case,
    lambda case, index: run_case(case),
    smaller,
    snippet,
    lambda case: {"live": isinstance(case, LiveCase), "scaled": bool(case.scan), "marked": case.marked},
    MOST_TRIALS,
)


if __name__ == "__main__":
    sys.exit(CAMPAIGN.command())
