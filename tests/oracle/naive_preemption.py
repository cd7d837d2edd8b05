"""The naive oracle's queue policies in which a blocked head preempts: priority, srtf, las. From docs/scheduling.md."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .naive_attempts import NaiveAttempt
from .naive_run import NaiveRun

ENDLESS = 1000
"""So many preemptions in one cycle of a test are no longer a schedule."""

Order = Callable[[int], tuple[Any, ...]]
MayPreempt = Callable[[int, NaiveAttempt], bool]
VictimKey = Callable[[NaiveAttempt], Any]


def priority(run: NaiveRun) -> None:
    """The highest priority first; it preempts lower ones, the lowest first, where preemption is allowed."""
    jobs = run.jobs
    preemptive_cycle(
        run,
        order=lambda job: (-jobs[job].priority, job),
        may_preempt=lambda head, attempt: run.options.preempt and jobs[attempt.job].priority < jobs[head].priority,
        victim_key=lambda attempt: jobs[attempt.job].priority,
    )


def srtf(run: NaiveRun) -> None:
    """The shortest expected span first; it preempts what will run longer, the longest first.

    "Estimated end − now > expected span" as a comparison of two sums: the difference is rounded, and of two equally long jobs each could
    look longer than the other once it runs, so that they would preempt each other for ever.
    """
    preemptive_cycle(
        run,
        order=lambda job: (run.expected_span(job), job),
        may_preempt=lambda head, attempt: attempt.estimated_end > run.now + run.expected_span(head),
        victim_key=lambda attempt: -attempt.estimated_end,
    )


def las(run: NaiveRun) -> None:
    """The higher level first; it preempts the lower one."""
    preemptive_cycle(
        run,
        order=lambda job: (-run.level(job), job),
        may_preempt=lambda head, attempt: attempt.level < run.level(head),
        victim_key=lambda attempt: attempt.level,
    )


def preemptive_cycle(run: NaiveRun, order: Order, may_preempt: MayPreempt, victim_key: VictimKey) -> None:
    """As fifo in the given order; where the head does not fit, preempt what must give way."""
    for _ in range(ENDLESS):
        while run.waiting and run.start(min(run.waiting, key=order)):
            pass
        if not run.waiting:
            return
        head = min(run.waiting, key=order)
        candidates = [a for a in run.running if not a.stopping and may_preempt(head, a)]
        # `attempts` is in the order of starts; the sort is stable.
        youngest_first = sorted(candidates, key=run.attempts.index, reverse=True)
        victims = choose_victims(run, head, sorted(youngest_first, key=victim_key))
        for victim in victims:
            run.ask_to_stop(victim, "preempted", run.options.grace)
        if not victims or any(v.stopping for v in victims):
            return
    raise AssertionError(f"at {run.now} jobs preempt each other for ever")


def choose_victims(run: NaiveRun, head: int, candidates: Sequence[NaiveAttempt]) -> list[NaiveAttempt]:
    """Those that have to give way, in victim order; nobody where it only has to wait or where preempting does not help."""
    stopping = [a for a in run.running if a.stopping]

    def fits(preempted: Sequence[NaiveAttempt]) -> bool:
        state = run.given_back([*stopping, *preempted])
        return run.placer.place_gang(state, run.jobs[head], head) is not None

    if fits([]):
        return []
    victims: list[NaiveAttempt] = []
    for candidate in candidates:
        victims.append(candidate)
        if fits(victims):
            break
    else:
        return []
    for candidate in victims[-2::-1]:
        others = [v for v in victims if v is not candidate]
        if fits(others):
            victims = others
    return victims
