"""The live clock: SimPy's environment with absolute times, a last turn within an instant, calls that can be cancelled, and causes.

Every event is in a queue ordered by (time, priority, order of scheduling). The cause that is in force (the id of an event of the log)
belongs to what runs: a process keeps its own from one resumption to the next, a call remembers the one it was scheduled under.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from heapq import heappop, heappush
from types import GeneratorType
from typing import TYPE_CHECKING, Any

import simpy
from simpy.core import BoundClass, EmptySchedule, StopSimulation
from simpy.events import PENDING, EventPriority

from .errors import OptionError

URGENT, NORMAL, SETTLE = EventPriority(0), EventPriority(1), EventPriority(2)
"""Turns within an instant. What is scheduled as SETTLE comes after everything else at its instant, however late that was scheduled."""
FOREVER = sys.float_info.max
"""A horizon beyond every event that happens; an event at infinity never does."""
_STOPPED = EventPriority(-1)


class CausedProcess(simpy.Process):
    """A SimPy process that starts under the cause in force where it was made, and keeps its own from then on."""

    def __init__(self, env: Environment, generator: Generator[simpy.Event, Any, Any]) -> None:
        self.cause = env.cause
        super().__init__(env, generator)

    def _resume(self, event: simpy.Event) -> None:
        env: Any = self.env
        outer, env.cause, env._active_proc = env.cause, self.cause, self
        try:
            self._target = self._next_event(event)  # type: ignore[assignment]
        finally:
            self.cause, env.cause = env.cause, outer
        env._active_proc = None

    def _next_event(self, event: simpy.Event) -> simpy.Event | None:
        """Go on until there is something to wait for, which is the answer; None at the end.

        As `simpy.Process._resume` does it, which would throw `type(error)(*error.args)` in the place of the error: a copy that has lost
        its attributes, or a TypeError where the constructor takes something else.
        """
        generator = self._generator
        while True:
            try:
                if event._ok:
                    event = generator.send(event._value)
                else:
                    event._defused = True
                    failure = event._value
                    trace = failure.__traceback__
                    try:
                        event = generator.throw(failure)
                    except StopIteration:
                        failure.__traceback__ = trace
                        raise
                    failure.__traceback__ = trace  # handled: the next one that waits for it does not see the frames of this one
            except StopIteration as end:
                self._ok, self._value = True, end.value
                self.env.schedule(self)
                return None
            except BaseException as error:
                assert error.__traceback__ is not None
                error.__traceback__ = error.__traceback__.tb_next  # without the frame of this method
                self._ok, self._value = False, error
                self.env.schedule(self)
                return None
            try:
                if event.callbacks is not None:
                    event.callbacks.append(self._resume)
                    return event
            except AttributeError:
                if hasattr(event, "callbacks"):
                    raise
                place = generator.gi_frame  # type: ignore[attr-defined]
                where = f'File "{place.f_code.co_filename}", line {place.f_lineno}, in {place.f_code.co_name}'
                raise RuntimeError(f"{where}: Invalid yield value {event!r}; expected an event") from None


class Environment(simpy.Environment):
    """A SimPy environment, usable wherever SimPy expects one (resources, stores, conditions).

    It differs in four ways: `schedule_at` takes absolute times; there is a third priority, SETTLE; calls can be cancelled and then leave
    no trace on the clock; the exception of a failed process or event comes out as it is, not as a copy,
    out of the run and out of a `yield` in a process.
    `cause` is the id of the event in the log that is the cause of what happens now, or None.
    """

    if not TYPE_CHECKING:  # types as SimPy declares them; bound to each environment when it is made, which is faster
        process = BoundClass(CausedProcess)
        timeout = BoundClass(simpy.Timeout)
        event = BoundClass(simpy.Event)

    def __init__(self) -> None:
        super().__init__(0.0)
        self.cause: int | None = None
        self.idle = 0
        """Entries of the queue that keep nothing going: the next turns of repeating calls, and what was cancelled."""

    def schedule(self, event: simpy.Event, priority: EventPriority = NORMAL, delay: float = 0) -> None:
        """Put an event `delay` seconds from now. Raises OptionError for negative delays and for NaN."""
        if not delay >= 0:
            raise OptionError(f"a delay of {delay} s; expected at least 0")
        heappush(self._queue, (self._now + delay, priority, next(self._eid), event))

    def schedule_at(self, event: simpy.Event, time: float, priority: EventPriority = NORMAL) -> None:
        """Put an event at exactly `time` (s), bit for bit. One that was not triggered yet succeeds with None.

        Raises OptionError for times that are past, and for NaN.

        >>> env = Environment()
        >>> env.schedule_at(env.event(), 0.1 + 0.2)
        >>> env.step(); env.now == 0.1 + 0.2
        True
        """
        if not time >= self._now:
            raise OptionError(f"time {time} s is past: it is {self._now} s")
        if event._value is PENDING:
            event._ok, event._value = True, None
        heappush(self._queue, (float(time) + 0.0, priority, next(self._eid), event))  # never -0.0, whose digest would differ

    def call_at(self, time: float, function: Callable[..., Any], *arguments: Any, priority: EventPriority = NORMAL) -> Call:
        """Call a function at exactly `time` (s), under the cause in force now. Raises OptionError for times that are past."""
        call = Call(self, function, arguments)
        self.schedule_at(call, time, priority)
        return call

    def call_again(self, call: Call, priority: EventPriority = NORMAL) -> None:
        """Make a call once more that was made before, at this instant, under the cause in force now."""
        call.callbacks, call.cause = [_perform], self.cause
        heappush(self._queue, (self._now, priority, next(self._eid), call))

    def peek(self) -> float:
        """Time of the next event (s), infinity without one."""
        queue = self._queue
        while queue and queue[0][3].callbacks is None:
            heappop(queue)
            self.idle -= 1
        return queue[0][0] if queue else float("inf")

    def step(self) -> None:
        """Let the next entry of the queue happen; one that was cancelled goes without moving the clock.

        Raises the exception of an event that failed with nobody to handle it.
        """
        if not self._queue:
            raise EmptySchedule
        time, _, _, event = heappop(self._queue)
        callbacks = event.callbacks
        if callbacks is None:
            self.idle -= 1
            return
        self._now = time
        event.callbacks = None  # type: ignore[assignment]
        try:
            for callback in callbacks:
                callback(event)
        except StopSimulation:  # of SimPy's own `run`: the other callbacks come when the simulation goes on
            event.callbacks = callbacks[callbacks.index(callback) + 1 :]
            self.schedule(event, _STOPPED)
            raise
        if not event._ok and not event.defused:
            raise event._value

    def before_instants(self, told: Callable[[float], object]) -> Callable[[], None]:
        """See `Simulation.before_instants`."""
        if "step" in self.__dict__:
            raise OptionError("somebody is told before each instant already")
        happen, queue = self.step, self._queue

        def step() -> None:
            if queue and queue[0][0] > self._now and queue[0][3].callbacks is not None:
                told(queue[0][0])
            happen()

        def end() -> None:
            self.__dict__.pop("step", None)

        self.step = step  # type: ignore[method-assign]
        return end

    def run_until(self, horizon: float) -> None:
        """Let everything happen up to `horizon` (s), that instant included, and set the clock to it."""
        queue, step = self._queue, self.step
        while queue and queue[0][0] <= horizon:
            step()
        self._now = horizon

    def run_out(self) -> None:
        """Let everything happen until nothing but repeating calls is left."""
        queue, step = self._queue, self.step
        while len(queue) > self.idle and queue[0][0] <= FOREVER:
            step()

    @property
    def busy(self) -> bool:
        """Whether anything but repeating calls is left to happen."""
        return self.peek() <= FOREVER and len(self._queue) > self.idle


class Call(simpy.Event):
    """A call that is going to happen. A process may wait for it (`yield`); `cancel` takes it back."""

    def __init__(self, env: Environment, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.env: Environment = env
        self.callbacks = [_perform]
        self._ok, self._value = True, None
        self.function, self.arguments, self.cause = function, arguments, env.cause

    def cancel(self) -> None:
        """Do not make the call. Nothing happens if it was made or cancelled already."""
        if self.callbacks is not None:
            self.callbacks = None  # type: ignore[assignment]
            self.env.idle += 1


def _perform(call: Any) -> None:
    env: Environment = call.env
    outer, env.cause = env.cause, call.cause
    try:
        answer = call.function(*call.arguments)
    finally:
        env.cause = outer
    if type(answer) is GeneratorType:
        raise OptionError(f"{call.function!r} gave a generator, so it is a process; start it with `process`, not as a call")


class Repeating:
    """A call at `start`, `start + period`, `start + 2 · period`, … until `cancel`; without a cause: a schedule comes from outside."""

    def __init__(self, env: Environment, start: float, period: float, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.env, self.start, self.period = env, start, period
        self.function, self.arguments = function, arguments
        self.turns = 0
        self._next = self._schedule()

    def _schedule(self) -> Call:
        call = Call(self.env, self._turn, ())
        call.cause = None
        self.env.schedule_at(call, self.start + self.turns * self.period)
        self.env.idle += 1
        return call

    def _turn(self) -> Any:
        self.env.idle -= 1
        self.turns += 1
        self._next = self._schedule()
        return self.function(*self.arguments)

    def cancel(self) -> None:
        """Call no more. A second time does nothing."""
        self._next.callbacks = None  # type: ignore[assignment]
