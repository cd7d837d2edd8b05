"""`RuntimeEnvironment`: one running instance of a replica on a node, with its state, its times and its log."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import OptionError, printable
from .isolation import EnvironmentView, LocalDisk
from .occupancy import NO_DEVICES, Grant
from .restarts import NEVER, RestartPolicy, StopHook
from .states import SENTENCE, TERMINAL, TRANSITIONS, IllegalTransitionError, Reason, State
from .usage import FOREVER, Course, Usage

if TYPE_CHECKING:
    from ...clock import Call
    from ...resources import ResourceRequest
    from .images import Image
    from .layer_cache import Pull
    from .lifecycle import Lifecycle

Callback = Callable[["RuntimeEnvironment"], None]


class LogLine(NamedTuple):
    """A line of an environment's log: simulated time in seconds and text."""

    time: float
    text: str


class RuntimeEnvironment:
    """One instance of a replica on a node. `Virtualization.start` makes it; nobody else changes it.

    `name` is the caller's; `serial` is unique in the run. `node`: row of the node table. `request`: what it holds and may use at most.
    `grant`: its devices. `image`: what it was started from, once found. `state`, `reason` (None before the end), `restarts`.
    `ready`: whether its program is up. `fenced`: its node was given up, so nothing it does counts any more.
    `owner`: what the caller gave. `saved_s`: seconds of work in the checkpoint that its stop hook wrote.
    """

    __slots__ = (
        "_began",
        "_course",
        "_deadline",
        "_disk",
        "_due",
        "_ending",
        "_hook_ends",
        "_last_wait",
        "_life",
        "_lines",
        "_position",
        "_view",
        "fenced",
        "grant",
        "halted",
        "holds_room",
        "image",
        "image_reference",
        "last_event",
        "name",
        "node",
        "on_end",
        "on_ready",
        "on_unready",
        "owner",
        "pull",
        "ready",
        "reason",
        "request",
        "restart",
        "restarts",
        "resumed_from",
        "saved_s",
        "serial",
        "state",
        "stop_hook",
        "usage",
        "work_s",
    )

    def __init__(
        self, life: Lifecycle, name: str, serial: int, node: int, request: ResourceRequest, image_reference: str | None, now: float
    ) -> None:
        self._life = life
        self.name, self.serial, self.node, self.request, self.image_reference = name, serial, node, request, image_reference
        self.state = State.PENDING
        self._lines: list[float | State | str] = [now, State.PENDING]  # time, what, time, what, …
        self.reason: Reason | None = None
        self.owner: Any = None
        self.holds_room: bool = True
        self.image: Image | None = None
        self.grant: Grant = NO_DEVICES
        self.usage: Usage | None = None
        self.work_s: float = FOREVER
        self.restart: RestartPolicy = NEVER
        self.stop_hook: StopHook | None = None
        self.on_ready: Callback | None = None
        self.on_unready: Callback | None = None
        self.on_end: Callback | None = None
        self.resumed_from: str | None = None
        self.restarts: int = 0
        self.ready: bool = False
        self.halted: bool = False
        self.fenced: bool = False
        self.saved_s: float = 0.0
        self.pull: Pull | None = None
        self.last_event: int | None = None  # its id, or what it stands for where it is not kept
        self._disk: LocalDisk | None = None
        self._view: EnvironmentView | None = None
        self._course: Course | None = None
        self._began: float | None = None  # when the program that is up began; None when none is
        self._position: float = 0.0  # how far the program had come when it last stood still
        self._last_wait: float = 0.0
        self._deadline: float = math.inf  # end of the grace period
        self._hook_ends: float = math.inf  # when the stop hook would be done
        self._ending: Reason | None = None
        self._due: Call | None = None  # the next thing to happen to it by itself

    def _enter(self, state: State, now: float) -> None:
        """Change state. Raises IllegalTransitionError."""
        if state not in TRANSITIONS[self.state]:
            raise IllegalTransitionError(self.name, self.state, state)
        self.state = state
        self._lines += (now, state)

    def _go_straight_to_running(self) -> None:
        """Pass the states before running at the instant of the start."""
        now = self._lines[0]
        self._lines += (now, State.PULLING, now, State.STARTING, now, State.RUNNING)
        self.state = State.RUNNING

    @property
    def ended(self) -> bool:
        """Whether it has come to its last state."""
        return self.state in TERMINAL

    @property
    def in_memory(self) -> bool:
        """Whether its program is loaded: it runs, hangs or is stopping, and does not wait for a restart."""
        if self.state is State.RUNNING:
            return self._began is not None or self.halted
        return self.state is State.STOPPING

    @property
    def history(self) -> tuple[tuple[State, float], ...]:
        """The states it has been in and when (s) it entered each, in order."""
        return tuple((line, time) for time, line in self._log() if isinstance(line, State))

    def entered(self, state: State) -> float | None:
        """When (s) it entered a state, or None."""
        return next((time for time, line in self._log() if line is state), None)

    @property
    def node_name(self) -> str:
        """The name of its node."""
        return self._life.nodes.names[self.node]

    @property
    def work_done_s(self) -> float:
        """Seconds of its work that this run of the program has done; at full CPU, one a second."""
        return self._life.position(self)

    def view(self) -> EnvironmentView:
        """What a program inside it can see and do: its own resources, disk and log, and nothing of anybody else."""
        if self._view is None:
            self._view = EnvironmentView(self)
        return self._view

    def logs(self) -> tuple[LogLine, ...]:
        """Its log so far: what became of it, and what its program wrote."""
        return tuple(LogLine(time, self._sentence(line) if isinstance(line, State) else line) for time, line in self._log())

    def note(self, text: str) -> None:
        """Add a line to its log at the present time."""
        self._lines += (self._life.now, printable(text))

    def _log(self) -> Iterator[tuple[float, State | str]]:
        return zip(self._lines[::2], self._lines[1::2], strict=True)  # type: ignore[arg-type]

    def _sentence(self, state: State) -> str:
        if state is State.PENDING:
            return f"bound to {self.node_name}: {self.request}"
        if state is State.PULLING:
            return f"pulling image {printable(self.image_reference)}" if self.image_reference else "no image to pull"
        if state is State.STARTING:
            pulled = f"pulled {self.pull.layers} layers, {self.pull.size_mib} MiB; " if self.pull and self.pull.layers else ""
            return pulled + "starting"
        if state is State.RUNNING:
            return "started" + (f", resumed from {printable(self.resumed_from)}" if self.resumed_from else "")
        if state is State.STOPPING:
            return "stopping"
        return f"{state.value}: {self.reason.value}, {SENTENCE[self.reason]}" if self.reason else state.value

    def __repr__(self) -> str:
        reason = f", {self.reason.value}" if self.reason else ""
        return f"RuntimeEnvironment({printable(self.name)!r} on {self.node_name}: {self.state.value}{reason})"


def check_text(what: str, text: object) -> None:
    """Raises OptionError for what is not text, or not such as an event can carry."""
    if not isinstance(text, str) or not text or not (text.isascii() or text.encode(errors="replace").decode() == text):
        raise OptionError(f"{what}={ascii(text)[:80]}: expected text")
