"""A randomized fault campaign over full platforms: small clusters, people at work, faults, with invariants checked while all goes on.

    python -m benchmarks.platform_faults --schedules 1000 --seed 0
    python -m benchmarks.platform_faults --seed 0 --case 17

Each schedule is one case (`platform_fault_cases`): a small cluster and a platform on it, on which code is pushed, built, tested, delivered
and run, a model is served, watched and trained anew, while nodes and links fail, components cannot be reached, zones are full or suspended
and rights are taken away. After an hour everything is whole again; 50 minutes later everything must have ended as documented
(`platform_fault_rules`). A case follows from the seed and its number, so `--case` makes one again; a violation is printed with both and
with a shrunk case as Python that can be run. Exit status 1 if there was any.
"""

from __future__ import annotations

import sys
import traceback

from benchmarks.campaigns import Campaign, Outcome
from benchmarks.fault_invariants import Violation
from benchmarks.platform_fault_calls import carry_out, repair
from benchmarks.platform_fault_cases import ACTING_S, PlatformCase, make_case, smaller
from benchmarks.platform_fault_rules import Rules, wrong_end
from benchmarks.platform_fault_world import World
from mlplat.errors import MlplatError

SETTLED_S = ACTING_S + 3000.0
"""When everything must have come to its end."""
MOST_TRIALS = 300


class Broken(Exception):
    """An invariant did not hold."""

    def __init__(self, violation: Violation) -> None:
        self.violation = violation
        super().__init__(violation)


def run_case(case: PlatformCase) -> Outcome:
    """Let a case happen, and check it. What comes out of the simulation is a violation too."""
    world = World(case)
    counted = [0]
    violation = None
    try:
        _play(world, counted)
    except Broken as broken:
        violation = broken.violation
    except Exception as error:  # whatever it is, it is a finding, to be reported and shrunk like any other
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{frame.filename.rpartition('/mlplat/')[2]}, line {frame.lineno}"
        violation = Violation(type(error).__name__, world.sim.now, f"{error} ({where})")
    jobs = len(world.platform.orchestrator._state.runs) + len(world.platform.cd._catalogue.changes)
    return Outcome(violation, counted[0], jobs, len(world.cluster._records))


def _play(world: World, counted: list[int]) -> None:
    sim, rules = world.sim, Rules(world)

    def let_pass(until: float) -> None:
        while sim.peek() <= until:
            sim.step()
            counted[0] += 1
            _check(rules, world)
        if sim.now < until:
            sim.run(until=until)

    for step in sorted([*world.case.steps, *world.case.faults]):
        let_pass(step.time)
        detail = carry_out(world, step)
        if detail:
            raise Broken(Violation("refusal", sim.now, detail))
        _check(rules, world)
    let_pass(ACTING_S)
    try:
        repair(world)
    except MlplatError as error:
        raise Broken(Violation("repair", sim.now, f"{type(error).__name__}: {error}")) from error
    let_pass(SETTLED_S)
    for rule, detail in wrong_end(world):
        raise Broken(Violation(rule, sim.now, detail))


def _check(rules: Rules, world: World) -> None:
    for rule, detail in rules.wrong():
        raise Broken(Violation(rule, world.sim.now, detail))


def snippet(case: PlatformCase) -> str:
    """Python that runs the case and prints what is wrong."""
    lines = ["from benchmarks.platform_fault_cases import PlatformCase, Step", "from benchmarks.platform_faults import run_case"]
    return "\n".join([*lines, f"print(run_case({case!r}).violation)"])


CAMPAIGN = Campaign(
    "platform_faults",
    __doc__.split("\n")[0],
    make_case,
    lambda case, index: run_case(case),
    smaller,
    snippet,
    lambda case: {"networked": case.network, "faulty": bool(case.faults), "gated": case.gated},
    MOST_TRIALS,
)


if __name__ == "__main__":
    sys.exit(CAMPAIGN.command())
