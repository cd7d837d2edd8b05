"""What the serving infrastructure says of services: where they stand, what becomes of a request, what it has seen."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ...errors import printable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import simpy

COUNTS = ("sent", "answered", "errors", "timed_out", "rejected", "failed")
"""What is counted of attempts, by version: sent = answered + timed_out + rejected + failed + unfinished; errors are answers."""


class Predictor(Protocol):
    """A model at work."""

    def predict(self, frame: Any) -> Any:
        """One prediction a row."""


class Observed(NamedTuple):
    """What a version of a service did since it was looked at last, one element a request; told to those who collect.

    `service`, `version` (number), `model` (reference), `digest`. `request`: its number, by which labels may come later. `end_s`: when its
    fate was known. `outcome`: `columns.OUTCOMES`. `latency_s`: from the first sending to the answer, nan without. `sampled`: rows of
    these that are samples and whose inputs are known, all samples where none are; `inputs`: a frame with a row for each of them, or None;
    `predictions`: of the model for them, None without a predictor, or where it raised `error`. `lost`: samples that were lost with the
    replicas that had them.
    """

    service: str
    version: int
    model: str
    digest: str
    request: npt.NDArray[np.int64]
    end_s: npt.NDArray[np.float64]
    outcome: npt.NDArray[np.int8]
    latency_s: npt.NDArray[np.float64]
    sampled: npt.NDArray[np.int64]
    inputs: Any
    predictions: Any
    error: str
    lost: int


@dataclass(frozen=True)
class VersionStatus:
    """A version of a service at an instant. `number`: from 1. `model`: its reference; `digest`. `weight`: its part of the traffic, 0 to 1.

    `ready`, `wanted`: replicas. `counts`: of attempts, by `answers.COUNTS`; `unfinished`: those that wait or are worked on.
    `latency_p95_s`: of its latest answers, None without any. `lost`: replicas that went with their nodes. `retiring`: it goes once its
    requests are over; `retired`: nothing of it is there any more.
    """

    number: int
    model: str
    digest: str
    weight: float
    ready: int
    wanted: int
    counts: Mapping[str, int]
    unfinished: int
    latency_p95_s: float | None
    lost: int = 0
    retiring: bool = False
    retired: bool = False

    def __str__(self) -> str:
        where = "retired" if self.retired else f"{self.ready}/{self.wanted} ready, {self.weight:.0%} of the traffic"
        latency = "" if self.latency_p95_s is None else f", p95 {self.latency_p95_s:.4g} s"
        lost = sum(self.counts[name] for name in ("timed_out", "rejected", "failed"))
        return f"version {self.number} ({printable(self.model)}): {where}; {self.counts['answered']:,} answered, {lost:,} not{latency}"


@dataclass(frozen=True)
class ServiceStatus:
    """A service at an instant. `current`: the number of the version that had all traffic last. `versions`: by number. `unserved`: attempts
    that were rejected since no version had traffic.
    """

    name: str
    zone: str
    current: int
    versions: tuple[VersionStatus, ...]
    unserved: int = 0

    def version(self, number: int) -> VersionStatus:
        """A version by its number. Raises KeyError."""
        for version in self.versions:
            if version.number == number:
                return version
        raise KeyError(number)

    def __str__(self) -> str:
        lines = "\n".join(f"  {version}" for version in self.versions)
        return f"service {printable(self.name)} in {printable(self.zone)}, version {self.current}:\n{lines}"

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


class Sent:
    """A request that was sent by itself. Once it is over: `outcome`, `version` (number), `latency_s`, `prediction`, or the `error` of the
    model.
    """

    def __init__(self, happened: simpy.Event) -> None:
        self._happened = happened
        self.outcome, self.version, self.latency_s, self.error = "unfinished", 0, float("nan"), ""
        self.prediction: Any = None

    @property
    def over(self) -> bool:
        """Whether its fate is known."""
        return self.outcome != "unfinished"

    def wait(self) -> simpy.Event:
        """An event that happens when it is over, with its outcome as value."""
        return self._happened

    def __repr__(self) -> str:
        return f"Sent({self.outcome})"
