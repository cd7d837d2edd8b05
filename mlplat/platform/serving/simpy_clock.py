"""The live clock for a stream of requests: SimPy's event queue calls the same functions as the compiled loop, instant by instant."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

from ...clock import SETTLE, Environment
from ...infra.kernels.structs import pack
from .arrays import more_room
from .kernels.loop import play, upcoming
from .kernels.state import ROWS, Server


class StreamClock:
    """Plays a server on a SimPy environment: a process sends the requests one by one, another makes the changes, calls end what is under
    way.

    What happens at an instant is collected and played in its last turn, in the order that both clocks keep.
    """

    def __init__(self, server: Server, horizon: float) -> None:
        self.server, self.packed, self.horizon = server, pack(server), horizon
        self.env = Environment()
        self.settling = False
        self.due: Any = None
        self.env.process(self._happenings(server.requests.sent.tolist()))
        self.env.process(self._happenings(server.changes.time.tolist()))
        self._plan(upcoming(self.packed.address))

    def _happenings(self, times: list[float]) -> Generator[Any, None, None]:
        env = self.env
        for time in times:
            if time > env.now:
                event = env.event()
                env.schedule_at(event, time)
                yield event
            self._settle_later()

    def _settle_later(self) -> None:
        if not self.settling:
            self.settling = True
            self.env.call_at(self.env.now, self._settle, priority=SETTLE)

    def _settle(self) -> None:
        self.settling = False
        if self.server.count[ROWS] + len(self.server.versions.number) > len(self.server.timeline.time):
            self.server = more_room(self.server)
            self.packed = pack(self.server)
        self._plan(play(self.packed.address, self.env.now))

    def _plan(self, time: float) -> None:
        """Come back when the server has something to do of itself."""
        if self.due is not None:
            self.due.cancel()
        self.due = None
        if time < math.inf:
            self.due = self.env.call_at(time, self._settle_later)

    def play(self) -> Server:
        """Let it all happen, up to the horizon."""
        if self.horizon < math.inf:
            self.env.run_until(self.horizon)
        else:
            self.env.run_out()
        return self.server


def play_on_simpy(server: Server, horizon: float) -> Server:
    """The server after all that happens up to the horizon."""
    return StreamClock(server, horizon).play()
