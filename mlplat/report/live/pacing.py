"""How fast simulated time passes for who looks on: play, pause, faster, slower, step."""

from __future__ import annotations

import math
from collections.abc import Callable

from ...errors import OptionError

LADDER = (1.0, 2.0, 5.0)
SLOWEST, FASTEST = 1e-3, 1e9
FASTER_THAN_ALL = "max"
BACKLOG_S = 0.5
"""Wall-clock seconds of display time that are caught up with; what a slow simulation is late beyond that is forgotten."""


def speed_of(given: float | str) -> float:
    """Simulated seconds a second: a number, or `max` for as fast as it goes. Raises OptionError.

    >>> speed_of("60"), speed_of("max")
    (60.0, inf)
    """
    if given == FASTER_THAN_ALL:
        return math.inf
    try:
        speed = math.nan if isinstance(given, bool) else float(given)
    except (TypeError, ValueError):
        speed = math.nan
    if not (SLOWEST <= speed <= FASTEST or speed == math.inf):
        raise OptionError(
            f"speed={given!r:.40}: expected simulated seconds a second from {SLOWEST:g} to {FASTEST:g}, or {FASTER_THAN_ALL!r}"
        )
    return speed


class Pace:
    """The clock of the display, in simulated seconds. `wall`: gives wall-clock seconds.

    >>> wall = iter([0.0, 1.0, 3.0])
    >>> pace = Pace(60.0, wall=lambda: next(wall))
    >>> pace.tick(); pace.tick(); pace.clock
    180.0
    """

    def __init__(self, speed: float, *, wall: Callable[[], float], clock: float = 0.0) -> None:
        self.speed, self.clock, self.playing = speed, clock, True
        self.steps = 0
        """Instants that are still let through while it is paused."""
        self._wall = wall
        self._before = wall()

    def tick(self) -> None:
        """Let display time pass as wall-clock time has."""
        now = self._wall()
        passed, self._before = now - self._before, now
        if self.playing and self.speed < math.inf:
            self.clock += passed * self.speed

    def lets(self, time: float) -> bool:
        """Whether what happens at `time` may happen now; a step that was asked for is used up by it."""
        if self.playing and (self.speed == math.inf or self.clock >= time):
            self.clock = max(time, min(self.clock, time + BACKLOG_S * self.speed)) if self.speed < math.inf else time
            return True
        if self.steps:
            self.steps -= 1
            self.clock = time
            return True
        return False

    def wait_s(self, time: float) -> float:
        """Wall-clock seconds until `lets(time)` will be true, infinite while it is paused."""
        return max(0.0, (time - self.clock) / self.speed) if self.playing else math.inf

    # -- what people ask for

    def act(self, what: str) -> None:
        """`play`, `pause`, `toggle`, `step`, `faster` or `slower`."""
        if what == "toggle":
            what = "pause" if self.playing else "play"
        if what in ("play", "pause"):
            self.playing = what == "play"
            self.steps = 0
        elif what == "step":
            self.playing = False
            self.steps += 1
        elif what in ("faster", "slower"):
            self.speed = next_speed(self.speed, up=what == "faster")


def next_speed(speed: float, *, up: bool) -> float:
    """The next of 1, 2, 5, 10, 20, … and, above all, as fast as it goes.

    >>> next_speed(60.0, up=True), next_speed(60.0, up=False), next_speed(1e6, up=True), next_speed(float("inf"), up=False)
    (100.0, 50.0, inf, 1000000.0)
    """
    if speed == math.inf:
        return math.inf if up else 1e6
    steps = [step * 10.0**power for power in range(-3, 7) for step in LADDER if step * 10.0**power <= 1e6]
    if up:
        return next((step for step in steps if step > speed * (1 + 1e-9)), math.inf)
    return next((step for step in reversed(steps) if step < speed * (1 - 1e-9)), steps[0])
