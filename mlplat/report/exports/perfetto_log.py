"""An event log as a trace: a process for each kind of subject, lanes on which subjects live, a slice from each event of a subject to its
next, and arrows from causes to effects.
"""

from __future__ import annotations

import re
from array import array
from typing import TYPE_CHECKING, Any

from ...canonical import encode
from ...errors import printable
from .lanes import lanes_of
from .trace_events import TraceEvents

if TYPE_CHECKING:
    from ...events import Event, EventLog

NS = 1e9
FIRST_THREAD = 10_000_000
FAILURE = re.compile(r"\.(failed|lost|unavailable|partitioned|degraded|denied|stalled|rolledback|refused)$|^incident\.detected$")
"""Predicates that are shown as instants too."""
WAITING, RUNNING, OVER = "waiting", "running", ""
STATES = {
    "workload.submitted": WAITING,
    "workload.held": WAITING,
    "workload.admitted": WAITING,
    "workload.requeued": WAITING,
    "workload.bound": RUNNING,
    "workload.finished": OVER,
    "workload.rejected": OVER,
}
"""What a workload is after an event, for the counters."""


def write_log(log: EventLog, trace: TraceEvents, most: int) -> dict[str, Any]:
    """Write the first `most` events of a log. Returns what is to be said of the trace."""
    shown = min(len(log), most)
    lives = _Lives(log, shown)
    lives.name(trace)
    effects: dict[int, list[int]] = {}
    for number in range(shown):
        cause = log[number].cause
        if cause is not None:
            effects.setdefault(cause, []).append(number)
    states: dict[str, str] = {}
    counts = {WAITING: 0, RUNNING: 0}
    for number in range(shown):
        event = log[number]
        process, thread = lives.place(event)
        begin = _ns(event.time)
        args: dict[str, Any] = {"event": event.id, "subject": printable(event.subject), "source": printable(event.source)}
        args |= {"actor": printable(event.actor), "cause": event.cause} | ({"data": encode(event.data)} if event.data else {})
        trace.complete(process, thread, _said(event), event.kind, begin, lives.next_ns[number] - begin, args)
        if event.cause is not None:
            trace.flow(process, thread, "cause", "cause", begin, "f", number)
        for effect in effects.get(number, ()):  # an arrow has the number of the effect
            trace.flow(process, thread, "cause", "cause", begin, "s", effect)
        if FAILURE.search(event.predicate):
            trace.instant(process, thread, _said(event), "failure", begin, "p", {"event": event.id})
        if event.predicate in STATES:
            _count(event, states, counts)
            trace.counter(lives.process[event.kind], "workloads", begin, dict(counts))
    return {"content": "mlplat event log", "events": len(log), "events_left_out": len(log) - shown, "digest": log.digest()}


class _Lives:
    """Where subjects are drawn. Each has a lane of its kind from its first event to its last.

    `process`: of each kind. `next_ns`: of each event, when the next one of its subject is; its own time where there is none.
    """

    def __init__(self, log: EventLog, shown: int) -> None:
        first: dict[str, int] = {}
        last: dict[str, int] = {}
        self.next_ns = array("q", bytes(8 * shown))
        before: dict[str, int] = {}
        for number in range(shown):
            event = log[number]
            time = self.next_ns[number] = _ns(event.time)
            if (earlier := before.get(event.subject)) is not None:
                self.next_ns[earlier] = time
            before[event.subject] = number
            first.setdefault(event.subject, time)
            last[event.subject] = time
        kinds = sorted({subject.partition(":")[0] for subject in first})
        self.process = {kind: place + 1 for place, kind in enumerate(kinds)}
        subjects = sorted(first, key=lambda subject: (self.process[subject.partition(":")[0]], first[subject]))  # stable: by first event
        keys = [self.process[subject.partition(":")[0]] for subject in subjects]
        lanes = lanes_of(keys, [first[subject] for subject in subjects], [last[subject] for subject in subjects], apart=True)
        threads: dict[tuple[int, int], list[str]] = {}
        for subject, key, lane in zip(subjects, keys, lanes, strict=True):
            threads.setdefault((key, lane), []).append(subject)
        self._threads = sorted(threads.items())
        self._of: dict[str, int] = {}
        for thread, (_, lived) in enumerate(self._threads, FIRST_THREAD):
            self._of.update(dict.fromkeys(lived, thread))

    def place(self, event: Event) -> tuple[int, int]:
        """The process and the thread of an event."""
        return self.process[event.kind], self._of[event.subject]

    def name(self, trace: TraceEvents) -> None:
        """Name processes and threads: a lane that one subject has for itself like the subject."""
        for kind, process in self.process.items():
            trace.process(process, kind, order=process)
        for thread, ((process, lane), lived) in enumerate(self._threads, FIRST_THREAD):
            name = lived[0].partition(":")[2] if len(lived) == 1 else f"lane {lane + 1}, {len(lived):,} of them"
            trace.thread(process, thread, name, order=lane)


def _said(event: Event) -> str:
    return (
        f"{event.predicate.partition('.')[2]} {event.name}" if event.predicate.startswith(event.kind) else f"{event.predicate} {event.name}"
    )


def _count(event: Event, states: dict[str, str], counts: dict[str, int]) -> None:
    before, after = states.get(event.subject, OVER), STATES[event.predicate]
    if before:
        counts[before] -= 1
    if after:
        counts[after] += 1
    states[event.subject] = after


def _ns(time: float) -> int:
    return round(time * NS)
