"""The event log: the append-only record of what happened, to what, by whom and because of what; and the questions it answers."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, overload

from .canonical import encode, frozen_data
from .errors import OptionError, UnknownNameError, printable
from .units import Duration, seconds

if TYPE_CHECKING:
    import polars as pl

UNRECORDED = -1
"""The id of an event that the log was told not to keep."""
TIME, SUBJECT, PREDICATE, CAUSE, KEYS, VALUES = 0, 1, 2, 5, 6, 7
"""Places in a recorded row."""
_EMPTY: dict[str, Any] = {}
NOTHING: Mapping[str, Any] = MappingProxyType(_EMPTY)
Callback = Callable[["Event"], object]
_PREDICATE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_new = tuple.__new__


class Clock(Protocol):
    """What a log reads: the time, and the cause in force."""

    _now: Any
    cause: int | None


class Event(NamedTuple):
    """One thing that happened. Nothing of it can be changed.

    `id`: its place in the log, from 0 (-1: not recorded). `time`: s. `subject`: what it happened to, `kind:name`. `predicate`: what
    happened, such as `image.pulled`. `source`: the component that says so. `actor`: the principal who acted. `cause`: id of the event
    that directly led here; None for what came from outside. `data`: read-only mapping of values that JSON can say.
    """

    id: int
    time: float
    subject: str
    predicate: str
    source: str
    actor: str
    cause: int | None
    data: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """The kind of its subject: `node` of `node:rack-1/7`."""
        return self.subject.partition(":")[0]

    @property
    def name(self) -> str:
        """The name of its subject: `rack-1/7` of `node:rack-1/7`."""
        return self.subject.partition(":")[2]

    def to_json(self) -> str:
        """The event as one line of canonical JSON.

        >>> Event(0, 1.5, "node:n1", "node.failed", "hardware", "system", None, {}).to_json()
        '{"actor":"system","cause":null,"data":{},"id":0,"predicate":"node.failed","source":"hardware","subject":"node:n1","time":1.5}'
        """
        return encode(self._asdict())

    def __hash__(self) -> int:
        return hash((self.id, self.time, self.subject, self.predicate))


class EventLog(Sequence[Event]):
    """The events of a simulation in the order in which they happened; `log[event.id] == event`. Events are never changed or removed.

    `keep` says what is recorded: `"all"`, `"none"` (for load tests) or patterns of predicates such as `["workload.*", "node.failed"]`.
    An event that is not recorded has id -1, still reaches subscribers, and hands its own cause on to its effects, so that the chains of
    causes stay whole. Raises UnknownNameError for another word.
    """

    def __init__(self, clock: Clock, keep: str | Iterable[str] = "all") -> None:
        if isinstance(keep, str) and keep not in ("all", "none"):
            raise UnknownNameError("setting of the log", keep, ("all", "none"))
        if not isinstance(keep, Iterable):
            raise OptionError(f"log={keep!r:.80}: expected 'all', 'none' or patterns of predicates")
        self._clock = clock
        self._kept = _matcher(["*"] if keep == "all" else [] if keep == "none" else list(keep))
        self._rows: list[tuple[Any, ...]] = []
        """Of each event its fields but the id and the data, then the keys of its data and the values. Plain tuples, which the garbage
        collector leaves alone: with a million objects of a class it would take half of the time.
        """
        self._routes: dict[str, tuple[bool, tuple[Callback, ...]]] = {}
        """Of each predicate that was met: whether it is recorded, and who is told."""
        self._names: set[str] = set()
        self._subscribers: list[tuple[Callable[[str], bool], Callback]] = []
        self._untold: deque[tuple[Event, Callback]] = deque()
        self._telling = False
        self._digest, self._digested = hashlib.sha256(), 0
        self._effects: dict[int, list[int]] = {}
        self._indexed = 0

    def emit(
        self,
        subject: str,
        predicate: str,
        *,
        source: str,
        actor: str = "system",
        cause: Event | int | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> Event:
        """Record that something happened now, and tell the subscribers. See `Simulation.emit`."""
        try:
            route = self._routes.get(predicate) or self._route(predicate)
            if source not in self._names or actor not in self._names:
                self._check_names(source, actor)
        except TypeError:
            raise OptionError(
                f"an event takes text for predicate, source and actor, not {predicate!r:.40}, {source!r:.40}, {actor!r:.40}"
            ) from None
        if type(subject) is not str or subject.find(":", 1, -1) < 0 or not subject.isascii():
            subject = _checked_subject(subject)
        cause_id = self._clock.cause if cause is None else self.cause_id(cause)
        told = _EMPTY if data is None else frozen_data(data)
        kept, callbacks = route
        time, rows = self._clock._now, self._rows
        shown = MappingProxyType(told) if told else NOTHING
        event = _new(Event, (len(rows) if kept else UNRECORDED, time, subject, predicate, source, actor, cause_id, shown))
        if kept:
            rows.append((time, subject, predicate, source, actor, cause_id, tuple(told), tuple(told.values())))
        if callbacks:
            self._tell(event, callbacks)
        return event

    def record(
        self,
        subject: str,
        predicate: str,
        source: str,
        actor: str,
        cause: int | None,
        keys: tuple[str, ...] = (),
        values: tuple[Any, ...] = (),
    ) -> int | None:
        """`emit` for the components of this library, at a fifth of its cost: what is given is not checked. `keys`, `values`: the data.

        Returns what stands for the event as a cause of others: its id or, where it is not kept, its own cause.
        """
        kept, callbacks = self._routes.get(predicate) or self._route(predicate)
        if callbacks:
            event = self.emit(subject, predicate, source=source, actor=actor, cause=cause, data=dict(zip(keys, values, strict=True)))
            return event.id if kept else event.cause
        if cause is None:
            cause = self._clock.cause
        if not kept:
            return cause
        rows = self._rows
        rows.append((self._clock._now, subject, predicate, source, actor, cause, keys, values))
        return len(rows) - 1

    def cause_id(self, cause: Event | int | None) -> int | None:
        """The id that stands for a cause: of an event that is not recorded, its own cause. Raises OptionError for others."""
        if cause is None:
            return None
        if isinstance(cause, Event):
            if cause.id == UNRECORDED:
                return self.cause_id(cause.cause)
            if 0 <= cause.id < len(self._rows) and self._rows[cause.id][:KEYS] == cause[1:-1]:
                return cause.id
            raise OptionError(f"cause: event {cause.id} ({printable(cause.predicate)}) is not an event of this log")
        if type(cause) is int and 0 <= cause < len(self._rows):
            return cause
        raise OptionError(f"cause={cause!r}: expected an earlier event, or its id between 0 and {len(self._rows) - 1}")

    def subscribe(self, predicate: str, callback: Callback) -> Callable[[], None]:
        """Call `callback(event)` at each event from now on whose predicate matches, such as `"workload.*"`; returns what ends it.

        Called at once, in order of events and of subscription: what a subscriber emits is told after the event it was told of, and has
        that event as its cause by default. What a subscriber raises comes out of the `emit` that reached it; the rest hear at the next.
        """
        entry = (_matcher([predicate]), callback)
        self._subscribers.append(entry)
        self._routes.clear()

        def unsubscribe() -> None:
            self._subscribers[:] = [other for other in self._subscribers if other is not entry]
            self._routes.clear()

        return unsubscribe

    def select(
        self,
        *,
        subject: str | None = None,
        predicate: str | None = None,
        since: Duration | None = None,
        until: Duration | None = None,
    ) -> list[Event]:
        """Events whose subject and predicate match, from `since` to `until` (both included). In a pattern `*` stands for any text.

        >>> import mlplat as mp
        >>> sim = mp.Simulation()
        >>> event = sim.emit("node:n1", "node.failed", source="hardware")
        >>> sim.log.select(predicate="node.*") == [event], sim.log.select(subject="rack:*")
        (True, [])
        """
        rows = self._rows
        low = 0 if since is None else bisect_left(rows, seconds(since), key=itemgetter(TIME))
        high = len(rows) if until is None else bisect_right(rows, seconds(until), key=itemgetter(TIME))
        found: Iterable[int] = range(low, high)
        if predicate is not None:
            said = _matcher([predicate])
            wanted = {name for name in {row[PREDICATE] for row in rows} if said(name)}
            found = [i for i in found if rows[i][PREDICATE] in wanted]
        if subject is not None:
            meant = _matcher([subject])
            found = [i for i in found if meant(rows[i][SUBJECT])]
        return [self[i] for i in found]

    def causes(self, event: Event | int) -> list[Event]:
        """What led to an event: its direct cause first, at the end the one that came from outside."""
        chain = []
        at = self._known(event).cause
        while at is not None:
            chain.append(self[at])
            at = chain[-1].cause
        return chain

    def effects(self, event: Event | int) -> list[Event]:
        """All that an event led to, directly or not, in order of time."""
        for later in range(self._indexed, len(self._rows)):
            cause = self._rows[later][CAUSE]
            if cause is not None:
                self._effects.setdefault(cause, []).append(later)
        self._indexed = len(self._rows)
        found: list[int] = []
        open_ = [self._known(event).id]
        while open_:
            direct = self._effects.get(open_.pop(), ())
            found += direct
            open_ += direct
        return [self[i] for i in sorted(found)]

    def _known(self, event: Event | int) -> Event:
        found = None if isinstance(event, Event) and event.id == UNRECORDED else self.cause_id(event)
        if found is None:
            raise OptionError(f"{event!r:.80} is not an event of this log")
        return self[found]

    def check(self, outside: Iterable[str] | None = None) -> list[str]:
        """What is wrong with the log, one sentence each; an empty list if nothing is.

        Time never goes back, and a cause is an earlier event, so that each chain of causes ends outside. With `outside`, patterns of
        predicates, only these may be without a cause.
        """
        wrong = []
        outer = None if outside is None else _matcher(list(outside))
        before = 0.0
        for place, (time, subject, predicate, _, _, cause, *_) in enumerate(self._rows):
            found = []
            if not time >= before:
                found.append(f"is at {time} s, after an event at {before} s")
            before = time
            if cause is None:
                if outer is not None and not outer(predicate):
                    found.append("has no cause, and does not come from outside")
            elif not 0 <= cause < place:
                found.append(f"has cause {cause}, which is not an earlier event")
            wrong += [f"event {place} ({predicate} of {printable(subject)}) {what}" for what in found]
        return wrong

    def lines(self) -> Iterator[str]:
        """The log as canonical JSON, an event a line (without the line's end)."""
        return (event.to_json() for event in self)

    def digest(self) -> str:
        """SHA-256 of the canonical JSON lines, each ended by a line feed: equal for equal logs, in any process, on any machine."""
        for place in range(self._digested, len(self._rows)):
            self._digest.update(self[place].to_json().encode() + b"\n")
        self._digested = len(self._rows)
        return self._digest.hexdigest()

    def to_polars(self) -> pl.DataFrame:
        """The log as a frame with the fields of `Event` as columns; `data` as canonical JSON."""
        import polars as pl

        types = dict.fromkeys(("subject", "predicate", "source", "actor"), pl.String)
        schema = {"id": pl.Int64, "time": pl.Float64, **types, "cause": pl.Int64, "data": pl.String}
        if not self._rows:
            return pl.DataFrame(schema=schema)
        columns = zip(*(row[:KEYS] for row in self._rows), strict=True)
        data = [encode(dict(zip(row[KEYS], row[VALUES], strict=True))) for row in self._rows]
        return pl.DataFrame(dict(zip(schema, [range(len(self)), *columns, data], strict=True)), schema=schema)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> list[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | list[Event]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self._rows)))]
        row = self._rows[index]
        place = index if index >= 0 else index + len(self._rows)
        data = MappingProxyType(dict(zip(row[KEYS], row[VALUES], strict=True))) if row[KEYS] else NOTHING
        return _new(Event, (place, *row[:KEYS], data))

    def __iter__(self) -> Iterator[Event]:
        return map(self.__getitem__, range(len(self._rows)))

    def __repr__(self) -> str:
        return f"EventLog({len(self):,} events)"

    def _repr_html_(self) -> str:
        from .timeline_view import MOST_LINES, timeline

        return timeline(self, self[:MOST_LINES], len(self) - MOST_LINES)._repr_html_()

    def _route(self, predicate: str) -> tuple[bool, tuple[Callback, ...]]:
        if not isinstance(predicate, str) or _PREDICATE.fullmatch(predicate) is None:
            raise OptionError(f"predicate={predicate!r:.80}: expected words in lower case joined by points, such as 'image.pulled'")
        route = self._kept(predicate), tuple(callback for matches, callback in self._subscribers if matches(predicate))
        self._routes[predicate] = route
        return route

    def _check_names(self, source: str, actor: str) -> None:
        for role, name in (("source", source), ("actor", actor)):
            if not isinstance(name, str) or not name or not _is_unicode(name):
                raise OptionError(f"{role}={name!r:.80}: expected a name")
        self._names |= {source, actor}

    def _tell(self, event: Event, callbacks: tuple[Callback, ...]) -> None:
        untold, clock = self._untold, self._clock
        untold.extend((event, callback) for callback in callbacks)
        if self._telling:
            return
        self._telling = True
        outer = clock.cause
        try:
            while untold:
                subject, callback = untold.popleft()
                clock.cause = self.cause_id(subject)
                callback(subject)
        finally:
            self._telling = False
            clock.cause = outer


def _matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Whether a text matches one of the patterns."""
    for pattern in patterns:
        if not isinstance(pattern, str) or not pattern:
            raise OptionError(f"{pattern!r:.80} is no pattern; expected text such as 'workload.*'")
    joined = "|".join(".*".join(map(re.escape, pattern.split("*"))) for pattern in patterns)
    compiled = re.compile(f"(?:{joined})" if patterns else r"(?!)", re.DOTALL)
    return lambda text: compiled.fullmatch(text) is not None


def _checked_subject(subject: object) -> str:
    kind, _, name = subject.partition(":") if isinstance(subject, str) else ("", "", "")
    if not kind or not name or not _is_unicode(str(subject)):
        raise OptionError(f"subject={subject!r:.80}: expected 'kind:name', such as 'node:n1'")
    return str.__str__(str(subject))


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
