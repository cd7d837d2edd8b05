"""`ServedTarget`: a service whose versions have replicas that take time to start, and requests that are each answered, timed out or
rejected. It can be told to fail."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

import mlplat as mp
from mlplat.errors import MlplatError
from mlplat.platform.automation.cd.judging import Observations
from mlplat.platform.automation.cd.rollouts import VersionState


@dataclass
class Behaviour:
    """How the program of a version answers. `starts_s`: until a replica is ready; infinity for never."""

    errors: float = 0.02
    slower: float = 1.0
    quality: float = 0.9
    starts_s: float = 20.0
    labels: float = 0.0


@dataclass
class Served:
    """A version: when each of its replicas is ready, and what became of its requests, (time, latency, failed, score)."""

    ready_s: list[float] = field(default_factory=list)
    weight: float = 0.0
    lost: int = 0
    requests: list[tuple[float, float, bool, float]] = field(default_factory=list)


class TargetError(MlplatError):
    """The service could not be changed."""


class ServedTarget:
    """`rate`: requests a second. `room`: the most replicas that find a place. `answers`: by version; others answer as `Behaviour()`."""

    def __init__(
        self, sim: mp.Simulation, *, rate: float = 20.0, room: int = 1000, seed: int = 0, answers: Mapping[str, Behaviour] | None = None
    ) -> None:
        self.sim, self.rate, self.room = sim, rate, room
        self.answers = dict(answers or {})
        self.served: dict[str, Served] = {}
        self.gone: dict[str, Served] = {}
        self.sent: Counter[str] = Counter()
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.draw = np.random.default_rng(seed)
        self.fail: Callable[[str], bool] = lambda call: False
        self.calls: list[str] = []
        self.least_ready = math.inf
        """The fewest ready replicas at any second since it was set."""
        if rate:
            sim.every("1s", self._second)

    # -- what serving offers

    def versions(self) -> Mapping[str, VersionState]:
        return {name: VersionState(len(v.ready_s), self.ready(v), v.weight, v.lost) for name, v in self.served.items()}

    def add_version(self, version: str, replicas: int) -> None:
        self._may("add_version")
        assert version not in self.served
        self.served[version] = self.gone.pop(version, Served())
        self.served[version].weight = 0.0
        self.scale(version, replicas)

    def scale(self, version: str, replicas: int) -> None:
        self._may("scale")
        served, now = self.served[version], self.sim.now
        while len(served.ready_s) > replicas:
            served.ready_s.remove(max(served.ready_s))
        while len(served.ready_s) < replicas:
            taken = sum(len(v.ready_s) for v in self.served.values())
            starts = self.answers.get(version, Behaviour()).starts_s
            served.ready_s.append(now + starts if taken < self.room else math.inf)

    def set_weights(self, weights: Mapping[str, float]) -> None:
        self._may("set_weights")
        assert math.isclose(sum(weights.values()), 1.0) and set(weights) <= set(self.served)
        for name, served in self.served.items():
            served.weight = weights.get(name, 0.0)

    def remove_version(self, version: str) -> None:
        self._may("remove_version")
        gone = self.gone[version] = self.served.pop(version)
        gone.ready_s.clear()
        rest = sum(served.weight for served in self.served.values())
        for place, served in enumerate(self.served.values()):
            served.weight = served.weight / rest if rest else float(place == 0)

    def statistics(self, since_s: float, until_s: float) -> Mapping[str, Observations]:
        self._may("statistics")
        found = {}
        for name, served in [*self.served.items(), *self.gone.items()]:
            rows = [row for row in served.requests if since_s <= row[0] < until_s]
            found[name] = Observations.of()
            if rows:
                times, latencies, failed, scores = (np.array(part) for part in zip(*rows, strict=True))
                found[name] = Observations.of(times, failed, latencies, scores)
        return found

    # -- what happens to it

    def start(self, version: str, replicas: int) -> None:
        """A version is there already, ready and with all of the traffic."""
        self.served[version] = Served([self.sim.now] * replicas, 1.0)

    def lose(self, version: str, count: int = 1, back_s: float = 60.0) -> None:
        """Nodes under replicas die; they are replaced after a time."""
        served = self.served[version]
        for _ in range(min(count, len(served.ready_s))):
            served.ready_s.remove(min(served.ready_s))
            served.ready_s.append(self.sim.now + back_s)
            served.lost += 1

    def ready(self, served: Served) -> int:
        return sum(time <= self.sim.now for time in served.ready_s)

    @property
    def ready_replicas(self) -> int:
        return sum(map(self.ready, self.served.values()))

    def weights(self) -> dict[str, float]:
        return {name: round(v.weight, 6) for name, v in self.served.items() if v.weight}

    def _may(self, call: str) -> None:
        self.calls.append(call)
        if self.fail(call):
            raise TargetError(f"{call} did not succeed")

    def _second(self) -> None:
        """The requests of the last second, each to a version by its hash."""
        self.least_ready = min(self.least_ready, self.ready_replicas)
        count, now = int(self.draw.poisson(self.rate)), self.sim.now
        names = [name for name, v in self.served.items() if v.weight > 0]
        if not names:
            self.outcomes["", "rejected"] += count
            self.sent[""] += count
            return
        bounds = np.cumsum([self.served[name].weight for name in names])
        chosen = np.minimum(np.searchsorted(bounds, self.draw.random(count)), len(names) - 1)
        for place, time in zip(chosen.tolist(), np.sort(self.draw.random(count)).tolist(), strict=True):
            name = names[place]
            served, how = self.served[name], self.answers.get(name, Behaviour())
            self.sent[name] += 1
            if not self.ready(served):
                served.requests.append((now - 1 + time, math.inf, True, math.nan))
                self.outcomes[name, "timed out"] += 1
                continue
            score = float(self.draw.random() < how.quality) if self.draw.random() < how.labels else math.nan
            failed = bool(self.draw.random() < how.errors)
            served.requests.append((now - 1 + time, how.slower * 0.02 * math.exp(0.5 * self.draw.standard_normal()), failed, score))
            self.outcomes[name, "answered"] += 1
