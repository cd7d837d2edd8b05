"""`Simulation`: what every live component shares. One clock, one event log, one seed with a random stream for each name."""

from __future__ import annotations

import gc
import html
import importlib
import math
from collections.abc import Callable, Generator, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from types import GeneratorType, TracebackType
from typing import TYPE_CHECKING, Any

import simpy

from .clock import NORMAL, SETTLE, URGENT, Call, Environment, Repeating
from .errors import OptionError
from .events import Event, EventLog
from .plotting import Plots
from .streams import check_seed, stream
from .units import Duration, seconds

if TYPE_CHECKING:
    import numpy as np

    from .timeline_view import Timeline

TURNS = {"urgent": URGENT, "normal": NORMAL, "settle": SETTLE}


class Simulation:
    """A simulated world: its clock (SimPy underneath), its event log, its random streams. The same seed and calls give the same log.

    `seed`: an integer of at least 0. `epoch`: the date at which the run starts: a `datetime` (UTC if it has no zone), ISO text or Unix
    seconds. `log`: what is recorded, `"all"`, `"none"` or patterns of predicates (see `EventLog`). Raises OptionError for anything else.

    Times are seconds from the start of the run; human forms (`"2h"`, `timedelta`) are taken everywhere.

    >>> sim = Simulation(seed=7)
    >>> def job():
    ...     yield sim.timeout("90m")
    ...     sim.emit("workload:train", "workload.finished", source="example", data={"outcome": "success"})
    >>> process = sim.process(job())
    >>> sim.run(until="2h")
    >>> sim.now, sim.log[0].time, sim.log[0].data["outcome"]
    (7200.0, 5400.0, 'success')
    """

    def __init__(self, seed: int = 0, *, epoch: datetime | str | float = "2026-01-01T00:00:00Z", log: str | Iterable[str] = "all") -> None:
        self.seed = check_seed(seed)
        self.epoch = _unix_seconds(epoch)
        """Unix time of second 0."""
        self.env = Environment()
        """The SimPy environment, for what is written against SimPy itself."""
        self.log = EventLog(self.env, log)
        self._streams: dict[str, np.random.Generator] = {}
        self._running = False

    @property
    def now(self) -> float:
        """Seconds since the start of the run."""
        return float(self.env._now)

    @property
    def date(self) -> datetime:
        """The simulated date and time, in UTC, to the microsecond. Raises OptionError beyond the year 9999."""
        try:
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=self.epoch + self.now)
        except OverflowError:
            raise OptionError(f"second {self.now:g} of the run is beyond the calendar") from None

    def run(self, until: Duration | simpy.Event | None = None) -> Any:
        """Let simulated time pass.

        With a time (absolute, from the start of the run) everything up to that instant happens, what is due at that very instant
        included, and the clock then stands there. With an event it runs until that has happened, and returns its value. Without, it runs
        until nothing is left to happen, or nothing but repeating calls (`every`), which would go on for ever.

        An exception in a process or a call comes out as it is; time stands where it was raised. Raises OptionError for a time that is
        past, for an event that will never happen, and for a run inside a run.
        """
        with _Running(self):
            if until is None:
                return self.env.run_out()
            if isinstance(until, simpy.Event):
                return self._run_to(until)
            horizon = seconds(until) + 0.0
            if horizon < self.now:
                raise OptionError(f"until={until!r} is past: it is {self.now} s")
            return self.env.run_until(horizon)

    def _run_to(self, event: simpy.Event) -> Any:
        if event.env is not self.env:
            raise OptionError("until: an event of another simulation")
        while event.callbacks is not None:
            if self.env.peek() == math.inf:
                raise OptionError("nothing is left to happen, and the event waited for has not happened")
            self.env.step()
        if not event._ok:
            raise event._value
        return event._value

    def step(self) -> bool:
        """Let the next instant happen, all of it. Returns whether anything but repeating calls is left."""
        with _Running(self):
            time = self.env.peek()
            if time < math.inf:
                self.env.run_until(time)
        return self.env.busy

    def peek(self) -> float:
        """Time of the next event (s); infinity if nothing is left."""
        return self.env.peek()

    def before_instants(self, told: Callable[[float], object]) -> Callable[[], None]:
        """Call `told(time)` before each instant with its time (s), while the clock still stands at the one before; returns what ends it.

        For who looks on: nothing may be scheduled or emitted there. What it raises comes out of the run, and nothing of the instant has
        happened then, so that the run can go on. Raises OptionError where somebody is told already.

        >>> sim = Simulation()
        >>> call = sim.after("5s", lambda: None)
        >>> end = sim.before_instants(lambda time: print(sim.now, "->", time))
        >>> sim.run()
        0.0 -> 5.0
        """
        return self.env.before_instants(told)

    def watch(self, what: Any = None, **options: Any) -> bool:
        """`run` while it can be watched in the terminal or on a page. `what`: the cluster or platform to show besides the log.

        See `mlplat.report.live.watch`, which takes the options.
        """
        live = importlib.import_module(".report.live", __package__)
        return bool(live.watch(self if what is None else what, **options))

    def process(self, generator: Generator[simpy.Event, Any, Any]) -> simpy.Process:
        """Start a process: a generator that yields what it waits for (`sim.timeout("5m")`, an event, another process)."""
        if not isinstance(generator, GeneratorType):
            hint = "call the function first" if callable(generator) else "a function with `yield`, called"
            raise OptionError(f"a process is made of a generator, not of {generator!r:.80}; {hint}")
        return self.env.process(generator)

    def timeout(self, delay: Duration, value: object = None) -> simpy.Timeout:
        """An event that happens after `delay`, to be yielded by a process."""
        return self.env.timeout(seconds(delay), value)

    def event(self) -> simpy.Event:
        """An event that happens when somebody calls its `succeed` or `fail`."""
        return self.env.event()

    def at(self, time: Duration, callback: Callable[..., object], *arguments: object, turn: str = "normal") -> Call:
        """Call `callback(*arguments)` at a time (absolute), under the cause in force now; the handle can `cancel()` it.

        `turn`: within its instant, `"urgent"` comes first, `"settle"` after everything else. Raises OptionError for a time that is past.
        """
        if turn not in TURNS:
            raise OptionError(f"turn={turn!r}: expected one of {', '.join(TURNS)}")
        return self.env.call_at(seconds(time), _called(callback), *arguments, priority=TURNS[turn])

    def after(self, delay: Duration, callback: Callable[..., object], *arguments: object) -> Call:
        """Call `callback(*arguments)` after a delay, under the cause in force now; the handle can `cancel()` it."""
        return self.env.call_at(self.now + seconds(delay), _called(callback), *arguments)

    def every(self, period: Duration, callback: Callable[..., object], *arguments: object, start: Duration | None = None) -> Repeating:
        """Call `callback(*arguments)` at `start` (absolute; default: one period from now) and every period after it, without drift.

        A schedule comes from outside: its calls have no cause. The handle can `cancel()` it. Raises OptionError for a period of 0.
        """
        length = seconds(period)
        if length == 0:
            raise OptionError(f"period={period!r}: expected more than 0 s")
        first = self.now + length if start is None else seconds(start)
        return Repeating(self.env, first, length, _called(callback), arguments)

    def stream(self, name: str) -> np.random.Generator:
        """The random stream of a name: the same object each time, so that it goes on where it was. Other names do not change its draws.

        >>> Simulation(seed=0).stream("arrivals").random() == Simulation(seed=0).stream("arrivals").random()
        True
        """
        if name not in self._streams:
            if not isinstance(name, str):
                raise OptionError(f"a random stream has a name, not {name!r:.80}")
            self._streams[name] = stream(self.seed, name)
        return self._streams[name]

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
        """Record that something happened now.

        `subject`: what it happened to, `kind:name`. `predicate`: what happened, such as `image.pulled`. `source`: the component.
        `actor`: the principal. `cause`: the event, or its id, that directly led here; None takes the one in force (see `caused_by`).
        `data`: what JSON can say; it is copied. Raises OptionError for anything else; then nothing is recorded.
        """
        return self.log.emit(subject, predicate, source=source, actor=actor, cause=cause, data=data)

    def caused_by(self, event: Event | int | None) -> _Cause:
        """Within the block, `event` is the cause of what is emitted without one. None: what is emitted comes from outside.

        Calls scheduled (`at`, `after`) and processes started in the block remember it. In a process the block may hold `yield`.

        >>> sim = Simulation()
        >>> failure = sim.emit("node:n1", "node.failed", source="hardware")
        >>> with sim.caused_by(failure):
        ...     call = sim.after("40s", lambda: sim.emit("node:n1", "node.unavailable", source="watcher"))
        >>> sim.run()
        >>> sim.log.causes(1) == [failure]
        True
        """
        return _Cause(self.env, self.log.cause_id(event))

    def timeline(
        self,
        *,
        subject: str | None = None,
        predicate: str | None = None,
        since: Duration | None = None,
        until: Duration | None = None,
        limit: int = 100,
    ) -> Timeline:
        """The log for people, an event a line, indented under its cause; chosen as by `EventLog.select`, the first `limit` of them."""
        from .timeline_view import timeline

        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
            raise OptionError(f"limit={limit!r}: expected a number of events")
        events = self.log.select(subject=subject, predicate=predicate, since=since, until=until)
        return timeline(self.log, events[:limit], len(events) - limit)

    @property
    def plot(self) -> Plots:
        """The event log as a figure: `plot()` (docs/notebooks_and_plots.md)."""
        return Plots(self, "timeline")

    def __repr__(self) -> str:
        return f"Simulation(seed={self.seed}, now={self.now} s, {len(self.log):,} events)"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self))}</p>{self.log._repr_html_()}"


PATIENT_COLLECTOR = 100_000
"""Objects that come to be before Python looks for unreachable cycles among the new ones, while a simulation runs. At Python's own 700 the
collector looks through all that a cluster remembers again and again, and takes half of the time.
"""


class _Running:
    """A run in progress; it starts without a cause, whatever is in force where it was asked for."""

    __slots__ = ("cause", "sim", "thresholds")

    def __init__(self, sim: Simulation) -> None:
        self.sim = sim

    def __enter__(self) -> None:
        if self.sim._running:
            raise OptionError("the simulation is running already: inside it, wait with `yield`, or schedule with `at`")
        self.sim._running = True
        self.thresholds = gc.get_threshold()
        if 0 < self.thresholds[0] < PATIENT_COLLECTOR:
            gc.set_threshold(PATIENT_COLLECTOR, *self.thresholds[1:])
        self.cause, self.sim.env.cause = self.sim.env.cause, None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.sim._running = False
        gc.set_threshold(*self.thresholds)
        self.sim.env.cause = self.cause


class _Cause:
    """A cause in force, from entering to leaving."""

    __slots__ = ("cause", "env", "outer")

    def __init__(self, env: Environment, cause: int | None) -> None:
        self.env, self.cause = env, cause

    def __enter__(self) -> None:
        self.outer, self.env.cause = self.env.cause, self.cause

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.env.cause = self.outer


def _called(callback: Callable[..., object]) -> Callable[..., object]:
    if not callable(callback):
        raise OptionError(f"{callback!r:.80} cannot be called; expected a function")
    return callback


def _unix_seconds(epoch: datetime | str | float) -> float:
    """Unix seconds of a date; one without a zone is in UTC, never in the zone of the machine."""
    try:
        if isinstance(epoch, str):
            epoch = datetime.fromisoformat(epoch)
        if isinstance(epoch, datetime):
            return ((epoch if epoch.tzinfo else epoch.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
        if isinstance(epoch, (int, float)) and not isinstance(epoch, bool) and math.isfinite(epoch):
            return float(epoch)
    except (ValueError, OverflowError):
        pass
    raise OptionError(f"epoch={epoch!r:.80}: expected a date such as '2026-01-01T00:00:00Z', or Unix seconds")
