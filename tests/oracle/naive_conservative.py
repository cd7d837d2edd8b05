"""The naive oracle's conservative backfilling: a reservation for every waiting job, planned anew in each cycle. From docs/scheduling.md."""

from __future__ import annotations

import math
from typing import NamedTuple

from .naive_attempts import NaiveAttempt
from .naive_run import NaiveRun
from .naive_state import Replica, State, copy_state, minimum, take_again


class Promise(NamedTuple):
    """A reservation: this placement from `begin` on, until `end`."""

    begin: float
    end: float
    replicas: list[Replica]


class Profile:
    """What is free over time from `now` on: `changes` are the times at which it changes, `states` what is free from each on."""

    def __init__(self, run: NaiveRun) -> None:
        self.now = run.now
        ends = {a.job: end_in_plan(a) for a in run.running}
        self.changes = [self.now, *sorted({end for end in ends.values() if self.now < end < math.inf})]
        self.states = [run.given_back([a for a in run.running if self.now < ends[a.job] <= t]) for t in self.changes]

    def least(self, begin: float, span: float, current: State) -> State:
        """The element-wise minimum over [begin, begin + span), at least at `begin`; the tags are those of the current state."""
        after = [s for t, s in zip(self.changes, self.states, strict=True) if t == begin or begin < t < begin + span]
        found = [minimum(node, of_begin) for node, of_begin in zip(current, after[0], strict=True)] if begin == self.now else []
        if not found:
            found = copy_state(after[0])
            for node, now in zip(found, current, strict=True):
                node.tags = list(now.tags)
        for state in after[1:]:
            found = [minimum(node, other) for node, other in zip(found, state, strict=True)]
        return found

    def promise(self, promise: Promise) -> None:
        """Take a reservation out of the profile. One that ends as it begins takes nothing (`least` looks at the current state for now)."""
        if promise.begin < promise.end < math.inf and promise.end not in self.changes:
            before = max(i for i, t in enumerate(self.changes) if t < promise.end)
            self.changes.insert(before + 1, promise.end)
            self.states.insert(before + 1, copy_state(self.states[before]))
        for t, state in zip(self.changes, self.states, strict=True):
            if promise.begin <= t < promise.end:
                for replica in promise.replicas:
                    take_again(state[replica.node], replica)


def end_in_plan(attempt: NaiveAttempt) -> float:
    """When a plan expects the room of a running attempt."""
    return attempt.grace_end if attempt.grace_end is not None else attempt.estimated_end


def conservative(run: NaiveRun) -> None:
    """Plan the waiting jobs in order of submission; those whose reservation begins now start so."""
    profile = Profile(run)
    for job in sorted(run.waiting)[: run.options.depth]:
        span = run.expected_span(job)
        for begin in profile.changes:
            replicas = run.placer.place_gang(profile.least(begin, span, run.state), run.jobs[job], job)
            if replicas is None:
                continue
            profile.promise(Promise(begin, begin + span, replicas))
            if begin == run.now:
                for replica in replicas:
                    take_again(run.state[replica.node], replica)
                run.note_start(job, replicas)
            break
