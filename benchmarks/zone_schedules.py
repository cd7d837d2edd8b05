"""A randomized campaign for zones: random clusters, quotas, workloads, policies and faults, with what zones promise checked at every event.

    python -m benchmarks.zone_schedules --schedules 2000 --seed 1
    python -m benchmarks.zone_schedules --seed 1 --case 17

Each schedule is one case. Most are traces: the compiled clock is driven one instant at a time, the scheduler's state checked after each
(`zone_steps`), and the log of the whole run at its end, event by event (`zone_invariants`); of every tenth SimPy's clock must give the same
fingerprint. One in ten is a live cluster whose quotas change (`zone_live_rules`). A violation is printed with a shrunk case as Python
that can be run. Exit status 1 if there was any.
"""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Iterable
from typing import Any

from benchmarks import zone_cases, zone_live, zone_live_rules
from benchmarks.campaigns import Campaign, Outcome
from benchmarks.fault_invariants import Violation
from benchmarks.zone_cases import ZoneCase
from benchmarks.zone_invariants import ZoneLog
from benchmarks.zone_live import ZoneLiveCase
from benchmarks.zone_steps import Steps
from benchmarks.zone_tree import Tree
from mlplat.infra.kernels.interruptible_loop import run_interruptible
from mlplat.infra.kernels.state import CLOSED, DONE, FULL, RUNNING, STARTED, WAITING, JobState
from mlplat.infra.quotas import Quota, QuotaWarning
from mlplat.infra.world import Run
from mlplat.runs.driving import drive
from mlplat.runs.fingerprints import run_digest

BOTH_CLOCKS, WHOLE, LIVE = 10, 4, 10
"""One case in so many is run on both clocks, has its room, work and hardware checked too, is a live cluster."""
MOST_INSTANTS, MOST_TRIALS = 20_000, 2_000


def run_case(case: Any, *, both: bool = True, whole: bool = True) -> Outcome:
    """Run a case and check it after every event. What the library raises is a violation too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuotaWarning)
        try:
            return Outcome(*zone_live_rules.play(case)) if isinstance(case, ZoneLiveCase) else play(case, both=both, whole=whole)
        except Exception as error:  # whatever it is, it is a finding, to be reported and shrunk like any other
            return Outcome(Violation(type(error).__name__, math.nan, str(error)), 0, 0, 0)


def play(case: ZoneCase, *, both: bool, whole: bool) -> Outcome:
    """A trace under zones."""
    spec, trace = case.spec(), case.trace()
    found = case.incidents(spec)
    run = case.run(spec, trace, found)
    tree = Tree(case.quotas(), run.nodes)
    steps = Steps(run, tree, found, whole=whole)
    instants, violation = _let_happen(run, steps, case.until)
    violation = violation or ZoneLog(run, tree, found, steps.told, case.until).wrong() or _stuck(case, run, steps)
    if violation is None and both:
        other = case.run(spec, trace, found)
        drive(other, case.until, "simpy")
        if run_digest(run, case.until) != run_digest(other, case.until):
            violation = Violation("clocks", float(run.world.clock[0]), "SimPy's clock gives another result")
    return Outcome(violation, instants, len(trace), int(run.world.count[STARTED]))


def _let_happen(run: Run, steps: Steps, until: float) -> tuple[int, Violation | None]:
    instants = 0
    while (status := run_interruptible(run.address, until, 1)) != DONE:
        if status == FULL:
            run.grow()
            continue
        instants += 1
        now = float(run.world.clock[0])
        if (violation := steps.check(now)) is not None:
            return instants, violation
        if instants > MOST_INSTANTS:
            return instants, Violation("end", now, "the run does not come to an end")
    return instants, None


def _stuck(case: ZoneCase, run: Run, steps: Steps) -> Violation | None:
    """With nothing running and everything in order, nobody waits but in a suspended zone."""
    count = run.world.count
    if not count[WAITING] or count[RUNNING] or count[CLOSED] != count[STARTED] or steps.health.any() or steps.down.any():
        return None
    if any("flavors" in zone for zone in case.zones):
        return None  # in one flavor the quota may be too small for a job, in another the nodes
    suspended = [i for i, one in enumerate(steps.tree.described, start=1) if isinstance(one, Quota) and one.suspended]
    if case.until < math.inf and bool((run.world.hardware.time > case.until).any()):
        return None
    gangs = run.gangs
    state = run.world.log.state
    waiting = [job for job in range(len(state)) if state[job] in (JobState.WAITING, JobState.HELD) and steps.leaf[job] not in suspended]
    if waiting and all(gangs.request[job] == gangs.last_request[job] for job in waiting):
        return Violation("end", float(run.world.clock[0]), f"jobs {waiting} wait for ever, and the cluster is empty")
    return None


def make_case(seed: int, index: int) -> Any:
    """The case of that number: every tenth is a live cluster."""
    return zone_live.make_case(seed, index) if index % LIVE == LIVE - 1 else zone_cases.make_case(seed, index)


def smaller(case: Any) -> Iterable[Any]:
    """Simpler cases."""
    return zone_live.smaller(case) if isinstance(case, ZoneLiveCase) else zone_cases.smaller(case)


def snippet(case: Any) -> str:
    """Python that runs the case and prints what is wrong."""
    return "\n".join(
        [
            "from benchmarks.fault_draws import INF",
            "from benchmarks.fault_traces import Fault, Job",
            "from benchmarks.zone_cases import ZoneCase",
            "from benchmarks.zone_live import Call, Work, ZoneLiveCase",
            "from benchmarks.zone_schedules import run_case",
            f"print(run_case({case!r}).violation)",
        ]
    )


def run_numbered(case: Any, index: int) -> Outcome:
    """Run the case of a number: of some, more is checked."""
    return run_case(case, both=index % BOTH_CLOCKS == 0 or index < 0, whole=index % WHOLE == 0 or index < 0)


CAMPAIGN = Campaign(
    "zone_schedules",
    __doc__.split("\n")[0],
    make_case,
    run_numbered,
    smaller,
    snippet,
    lambda case: {"live": isinstance(case, ZoneLiveCase)},
    MOST_TRIALS,
)


if __name__ == "__main__":
    sys.exit(CAMPAIGN.command())
