"""What happens to a server while it runs: replicas that are lost, other weights, other numbers of replicas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...errors import OptionError, UnknownNameError, printable
from ...units import Duration, seconds
from .checks import duration, number, whole
from .versions import Version


@dataclass(frozen=True)
class Crash:
    """At `at` the replica with this number (from 0) dies, and its connections close.

    Nothing happens if its place is empty. Raises OptionError.
    """

    at: Duration
    version: str
    replica: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", duration("at", self.at))
        whole("replica", self.replica, 0)


@dataclass(frozen=True)
class Silence:
    """At `at` the replica with this number is gone, which is noticed `noticed_after` later; until then requests go there. Raises
    OptionError.

    >>> Silence("10m", "v1", replica=2).noticed_after
    40.0
    """

    at: Duration
    version: str
    replica: int = 0
    noticed_after: Duration = 40.0

    def __post_init__(self) -> None:
        for name in ("at", "noticed_after"):
            object.__setattr__(self, name, duration(name, getattr(self, name)))
        whole("replica", self.replica, 0)


@dataclass(frozen=True)
class Weights:
    """From `at` on traffic is split by these weights; a version that is not named gets nothing. Raises OptionError.

    >>> Weights("1h", {"v1": 95, "v2": 5}).at
    3600.0
    """

    at: Duration
    weights: Mapping[str, float]

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", duration("at", self.at))
        if not isinstance(self.weights, Mapping):
            raise OptionError(f"weights={ascii(self.weights)[:40]}: expected versions with weights, such as {{'v1': 95, 'v2': 5}}")


@dataclass(frozen=True)
class Replicas:
    """From `at` on so many replicas of a version are wanted, never more than its limit. An autoscaler may want others at its next turn."""

    at: Duration
    version: str
    replicas: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", duration("at", self.at))
        whole("replicas", self.replicas, 0)


ServerChange = Crash | Silence | Weights | Replicas
Row = tuple[float, int, int, int]


def upper_ends(weights: Sequence[float]) -> list[float]:
    """Where the part of each version ends in [0, 1). Raises OptionError where nothing would get any traffic.

    >>> upper_ends([3, 1])
    [0.75, 1.0]
    """
    total = sum(weights)
    if not total > 0:
        raise OptionError("weights: all are 0; expected at least one above")
    ends, sum_so_far = [], 0.0
    for weight in weights:
        sum_so_far += weight
        ends.append(sum_so_far / total)
    return ends


def change_rows(changes: Iterable[ServerChange], versions: Sequence[Version]) -> tuple[list[Row], list[list[float]]]:
    """Rows (time, kind, version, argument) in order of time, and the upper ends that they name. Raises OptionError and UnknownNameError."""
    from .kernels.state import Change

    index = {version.name: v for v, version in enumerate(versions)}
    first = [sum(version.places for version in versions[:v]) for v in range(len(versions))]
    rows: list[Row] = []
    weights: list[list[float]] = []
    for position, change in enumerate(changes):
        if not isinstance(change, (Crash, Silence, Weights, Replicas)):
            raise OptionError(f"changes[{position}]={ascii(change)[:40]}: expected Crash, Silence, Weights or Replicas")
        at = seconds(change.at)
        for name in change.weights if isinstance(change, Weights) else [change.version]:
            if name not in index:
                raise UnknownNameError("version", printable(str(name)), index)
        if isinstance(change, Weights):
            given = {name: number(f"weights[{printable(name)!r}]", weight) for name, weight in change.weights.items()}
            rows.append((at, Change.WEIGHTS, 0, len(weights)))
            weights.append(upper_ends([given.get(version.name, 0.0) for version in versions]))
            continue
        v = index[change.version]
        if isinstance(change, Replicas):
            rows.append((at, Change.REPLICAS, v, change.replicas))
        elif change.replica >= versions[v].places:
            shown = printable(change.version)
            raise OptionError(f"changes[{position}]: replica {change.replica} of {shown!r}, which has places 0 to {versions[v].places - 1}")
        else:
            place = first[v] + change.replica
            rows.append((at, Change.CRASH if isinstance(change, Crash) else Change.SILENCE, v, place))
            if isinstance(change, Silence):
                rows.append((at + seconds(change.noticed_after), Change.NOTICE, v, place))
    return sorted(rows, key=lambda row: row[0]), weights
