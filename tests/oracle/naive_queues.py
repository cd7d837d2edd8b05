"""The naive oracle's queue policies that never preempt: fifo, best-effort-fifo, sjf, a user's own, loss, easy. From docs/scheduling.md."""

from __future__ import annotations

import math

from .naive_run import NaiveRun, Reservation
from .naive_state import State, minimum, take_again


def fifo(run: NaiveRun) -> None:
    """Start the first submitted while it fits."""
    while run.waiting and run.start(min(run.waiting)):
        pass


def serve_overdue(run: NaiveRun) -> bool:
    """Start overdue jobs one after the other; whether anything else may be started after that."""
    while run.waiting:
        first = min(run.waiting)
        if run.now - run.jobs[first].submit < run.options.patience:
            return True
        if not run.start(first):
            return False
    return True


def best_effort_fifo(run: NaiveRun) -> None:
    """Start each that fits, in order of submission."""
    if not serve_overdue(run):
        return
    for job in sorted(run.waiting):
        run.start(job)


def sjf(run: NaiveRun) -> None:
    """Start the one of the shortest expected span while it fits."""
    while run.waiting and run.start(min(run.waiting, key=lambda job: (run.expected_span(job), job))):
        pass


def own(run: NaiveRun) -> None:
    """Start the one of the lowest key of a user's own while it fits."""
    while run.waiting and run.start(min(run.waiting, key=lambda job: (run.own_key(job), job))):
        pass


def own_best_effort(run: NaiveRun) -> None:
    """Start each that fits, in a user's own order."""
    for job in sorted(run.waiting, key=lambda job: (run.own_key(job), job)):
        run.start(job)


def loss(run: NaiveRun) -> None:
    """One attempt each. A loss may admit jobs that were held, which come later in the queue."""
    while run.waiting:
        job = min(run.waiting)
        if not run.start(job):
            run.waiting.remove(job)
            run.end_for_good(job, "lost", "NO_ROOM")


def easy(run: NaiveRun) -> None:
    """As fifo; behind a blocked head, start what does not delay it."""
    fifo(run)
    if not run.waiting:
        return
    head = min(run.waiting)
    shadow, later = reserve(run, head)
    run.reservations.append(Reservation(run.now, head, shadow))
    for job in sorted(run.waiting):
        if job == head:
            continue
        if run.now + run.expected_span(job) <= shadow and run.start(job):
            continue
        both = [minimum(now, then) for now, then in zip(run.state, later, strict=True)]
        replicas = run.placer.place_gang(both, run.jobs[job], job)
        if replicas is not None:
            for replica in replicas:
                take_again(run.state[replica.node], replica)
                take_again(later[replica.node], replica)
            run.note_start(job, replicas)


def reserve(run: NaiveRun, head: int) -> tuple[float, State]:
    """The shadow time of the head and the state S' that others may hold beyond it."""
    for shadow in sorted({a.estimated_end for a in run.running if a.estimated_end < math.inf}):
        later = run.given_back([a for a in run.running if a.estimated_end <= shadow])
        if run.placer.place_gang(later, run.jobs[head], head) is not None:
            return shadow, later
    return math.inf, run.given_back([a for a in run.running if a.estimated_end < math.inf])
