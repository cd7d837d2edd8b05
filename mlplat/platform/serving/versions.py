"""`Version`, `Concurrency`, `Utilization`: what a server is made of (docs/platform/serving.md)."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import OptionError, printable
from ...units import Duration
from .checks import LARGEST, duration, number, whole

MOST_TURNS = 1_000_000
STRIDE = 64
"""Most slots of a replica on a live cluster."""


@dataclass(frozen=True)
class Concurrency:
    """Autoscaling on requests there, as Knative's KPA does it.

    `target`: requests a replica is to have on average. `least`, `most`: replicas; `most` None is the limit of the version. `period`: from
    turn to turn. `stable`, `panic`: windows, rounded up to whole turns. `panic_at`: panic from so many times the ready replicas.
    `up_rate`, `down_rate`: at most so many times more, or fewer, a turn. `hold`: the largest wish of so long counts. Raises OptionError.

    >>> Concurrency(target=7, most=20).stable
    60.0
    """

    target: float
    least: int = 0
    most: int | None = None
    period: Duration = 2.0
    stable: Duration = 60.0
    panic: Duration = 6.0
    panic_at: float = 2.0
    up_rate: float = 1000.0
    down_rate: float = 2.0
    hold: Duration = 0.0

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "target", number("target", self.target, above=True))
        _limits(self, 0)
        for name in ("stable", "panic"):
            put(self, name, duration(name, getattr(self, name), above=True))
        put(self, "panic_at", number("panic_at", self.panic_at, above=True))
        for name in ("up_rate", "down_rate"):
            put(self, name, number(name, getattr(self, name), 1.0, above=True))
        _turns(self, "stable", "panic", "hold")


@dataclass(frozen=True)
class Utilization:
    """Autoscaling on the busy part of the slots, as the Horizontal Pod Autoscaler of Kubernetes does it.

    `target`: part of the ready slots that is to be busy, above 0 and at most 1. `least`, `most`: replicas; `most` None is the limit of
    the version. `period`: from turn to turn. `tolerance`: a ratio this close to 1 changes nothing. `hold`: the largest wish of so long
    counts (stabilisation). Raises OptionError.

    >>> Utilization(target=0.6, most=20).hold
    300.0
    """

    target: float
    least: int = 1
    most: int | None = None
    period: Duration = 15.0
    tolerance: float = 0.1
    hold: Duration = 300.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "target", number("target", self.target, 0.0, 1.0, above=True))
        _limits(self, 1)
        object.__setattr__(self, "tolerance", number("tolerance", self.tolerance, 0.0, 1.0))
        _turns(self, "hold")


def _limits(scale: Concurrency | Utilization, fewest: int) -> None:
    put = object.__setattr__
    put(scale, "least", whole("least", scale.least, fewest))
    if scale.most is not None:
        put(scale, "most", whole("most", scale.most, max(1, scale.least)))
    put(scale, "period", duration("period", scale.period, above=True))
    put(scale, "hold", duration("hold", scale.hold))


def _turns(scale: Concurrency | Utilization, *names: str) -> None:
    for name in names:
        if getattr(scale, name) / float(scale.period) > MOST_TURNS:  # type: ignore[arg-type]
            raise OptionError(
                f"{name}={getattr(scale, name):g} s with a period of {scale.period:g} s: expected at most {MOST_TURNS:,} periods"
            )


@dataclass(frozen=True)
class Version:
    """A version of a model behind a server's name. Raises OptionError.

    `weight`: its part of the traffic, relative to the other versions. `replicas`: at the start, and wanted without autoscaling. `slots`:
    batches a replica works on at once. `queue`: requests that may wait, None for any number. `timeout`: from sending to deadline, None
    for none. `batch`, `batch_wait`: requests in a batch, and how long one waits to be full. `base`, `each`: a batch of n takes base +
    each · n + the longest own service in it. `error_rate`: part of the answers that are errors. `start`: cold start. `limit`: places for
    replicas, None for as many as needed. `scale`: an autoscaler. `pace`: durations are multiplied by it, for slower or faster hardware.

    >>> Version("v2", weight=5, replicas=2, timeout="2s", batch=8, batch_wait="10ms", base="20ms", each="2ms").timeout
    2.0
    """

    name: str
    weight: float = 1.0
    replicas: int = 1
    slots: int = 1
    queue: int | None = None
    timeout: Duration | None = None
    batch: int = 1
    batch_wait: Duration = 0.0
    base: Duration = 0.0
    each: Duration = 0.0
    error_rate: float = 0.0
    start: Duration = 0.0
    limit: int | None = None
    scale: Concurrency | Utilization | None = None
    pace: float = 1.0

    def __post_init__(self) -> None:
        put = object.__setattr__
        if not isinstance(self.name, str) or not self.name or not self.name.isprintable():
            raise OptionError(f"name={ascii(self.name)[:40]}: a version has a name of printable characters")
        put(self, "weight", number("weight", self.weight))
        put(self, "replicas", whole("replicas", self.replicas, 0))
        put(self, "slots", whole("slots", self.slots, 1, 2**20))
        put(self, "queue", None if self.queue is None else whole("queue", self.queue, 0))
        put(self, "timeout", None if self.timeout is None else duration("timeout", self.timeout, above=True))
        put(self, "batch", whole("batch", self.batch, 1))
        for name in ("batch_wait", "base", "each", "start"):
            put(self, name, duration(name, getattr(self, name)))
        put(self, "error_rate", number("error_rate", self.error_rate, 0.0, 1.0))
        put(self, "pace", number("pace", self.pace, above=True))
        if self.scale is not None and not isinstance(self.scale, (Concurrency, Utilization)):
            raise OptionError(f"scale={ascii(self.scale)[:40]}: expected Concurrency, Utilization or None")
        if self.limit is not None:
            put(self, "limit", whole("limit", self.limit, 0))
        if self.replicas > self.places or self.places > LARGEST >> 11:
            raise OptionError(f"version {printable(self.name)!r}: {self.replicas} replicas within {self.places} places")
        if self.scale is not None and self.scale.least > self.places:
            raise OptionError(f"version {printable(self.name)!r}: at least {self.scale.least} replicas within a limit of {self.places}")

    @property
    def places(self) -> int:
        """Most replicas that can be there at once."""
        if self.limit is not None:
            return self.limit
        most = 0 if self.scale is None else self.scale.most if self.scale.most is not None else max(self.scale.least, 100)
        return max(self.replicas, most)
