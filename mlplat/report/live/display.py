"""`Display`: between two instants of a simulation it draws, listens to keys and to the page, and waits for the wall clock."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console, RenderableType
from rich.live import Live

from .keys import Keys, keyboard
from .screen import screen
from .view import View

if TYPE_CHECKING:
    from ...hardware.node_table import NodeTable
    from .pacing import Pace
    from .server import PageServer

FRAME_S = 0.1
"""Wall-clock seconds between two pictures."""


class Display:
    """Shows a simulation, in the terminal, on a page or both, while it happens within the block.

    `view`: looks at the simulation, given the time to show. `pass_time` is to be called before each instant; it comes back when the instant
    may happen, and raises `Stopped` where somebody wants no more. `reached`: the time (s) up to which all may happen.
    """

    def __init__(
        self, title: str, view: Callable[[float], View], *, nodes: NodeTable | None, pace: Pace, page: bool, console: Console | None
    ) -> None:
        self.title, self.pace, self.nodes = title, pace, nodes
        self.console = Console() if console is None else console
        self.terminal = self.console.is_terminal
        self.paced = self.terminal or page
        self.reached = pace.clock
        self._view, self._page = view, page
        self._drawn = -math.inf
        self._ended = False
        self._parts = contextlib.ExitStack()
        self._keys = Keys(None)
        self._live: Live | None = None
        self._server: PageServer | None = None

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as parts:
            if self._page:
                from .server import PageServer

                self._server = parts.enter_context(PageServer(self.title, self.nodes))
                self.console.print(f"watch it at {self._server.address}", soft_wrap=True, markup=False, highlight=False)
            self._keys = parts.enter_context(keyboard(self.terminal))
            if self.terminal:
                self._live = parts.enter_context(Live(console=self.console, auto_refresh=False, screen=False, transient=False))
            self._parts = parts.pop_all()
        self._draw()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._parts.close()

    # -- while it runs

    def pass_time(self, coming: float) -> None:
        """Wait until what happens at `coming` (s) may happen. Raises Stopped."""
        if not self.paced:
            self.reached = coming
            return
        pace = self.pace
        pace.tick()
        if time.monotonic() - self._drawn >= FRAME_S:
            self._attend(0.0)
        while not pace.lets(coming):
            self._attend(min(FRAME_S, pace.wait_s(coming)))
            pace.tick()
        self.reached = pace.clock

    def meanwhile(self) -> None:
        """To be called now and then during what takes long: draws, and stops where somebody wants that. Raises Stopped."""
        if self.paced and time.monotonic() - self._drawn >= FRAME_S:
            self._attend(0.0)

    def end(self) -> None:
        """The simulation is over: show its end; on a page until somebody closes it. Raises Stopped for who does."""
        self._ended = True
        self._draw()
        if not self.paced:
            self.console.print(self._picture())
        while self._server is not None:
            for action in (*self._keys.wait(FRAME_S), *self._server.asked()):
                if action == "quit":
                    return

    def _attend(self, wait: float) -> None:
        """Do what keys and page ask for, and draw."""
        from .paced_runs import Stopped

        asked = [*self._keys.wait(wait), *(self._server.asked() if self._server is not None else ())]
        for action in asked:
            if action == "quit":
                raise Stopped
            self.pace.act(action)
        if asked or time.monotonic() - self._drawn >= FRAME_S:
            self._draw()

    # -- drawing

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        if self._live is not None:
            self._live.update(self._picture(), refresh=True)
        if self._server is not None and self._server.looked_at:
            self._server.show(self._view(self._shown_time()), self.pace, self._ended)

    def _shown_time(self) -> float:
        return self.pace.clock if self.paced else self.reached

    def _picture(self) -> RenderableType:
        pace = self.pace if self.paced else None
        view, height = self._view(self._shown_time()), self.console.size.height
        return screen(self.title, view, self.nodes, pace, height=height, keys=self.terminal, ended=self._ended)
