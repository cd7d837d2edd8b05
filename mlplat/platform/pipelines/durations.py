"""How long a step takes: always as long, by the size of what it reads, or as was measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

from ...errors import OptionError, UnknownNameError, printable
from ...units import Duration, seconds


class DurationModel(Protocol):
    """Seconds of work, from the sizes (MiB) of the inputs by name."""

    def seconds(self, sizes_mib: Mapping[str, float]) -> float: ...

    def described(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always `s` seconds."""

    s: float

    def seconds(self, sizes_mib: Mapping[str, float]) -> float:
        """Whatever is read."""
        return self.s

    def described(self) -> dict[str, Any]:
        """What `read_duration` makes the same of."""
        return {"fixed": self.s}


@dataclass(frozen=True, slots=True)
class BySize:
    """`base_s` and `per_mib_s` for each MiB read; `of`: of these inputs only, all where there are none."""

    base_s: float
    per_mib_s: float
    of: tuple[str, ...] = ()

    def seconds(self, sizes_mib: Mapping[str, float]) -> float:
        """For inputs of these sizes."""
        return self.base_s + self.per_mib_s * _size(sizes_mib, self.of)

    def described(self) -> dict[str, Any]:
        """What `read_duration` makes the same of."""
        return {"base": self.base_s, "per_mib": self.per_mib_s, "of": list(self.of)}


@dataclass(frozen=True, slots=True)
class Measured:
    """Through measured `points` of (MiB, s), in straight lines; beyond them as along the first or last of these, and never below 0."""

    points: tuple[tuple[float, float], ...]
    of: tuple[str, ...] = ()

    def seconds(self, sizes_mib: Mapping[str, float]) -> float:
        """For inputs of these sizes.

        >>> measured([(10, 20), (20, 60)]).seconds({"rows": 15.0})
        40.0
        """
        size, points = _size(sizes_mib, self.of), self.points
        place = 1
        while place < len(points) - 1 and size > points[place][0]:
            place += 1
        (x0, y0), (x1, y1) = points[place - 1], points[place]
        return max(0.0, y0 + (y1 - y0) * ((size - x0) / (x1 - x0)))

    def described(self) -> dict[str, Any]:
        """What `read_duration` makes the same of."""
        return {"measured": [list(point) for point in self.points], "of": list(self.of)}


def by_size(base: Duration = 0.0, *, per_mib: Duration, of: str | Iterable[str] = ()) -> BySize:
    """`base`, and `per_mib` for each MiB of the inputs, or of the inputs `of` only. Raises OptionError.

    >>> by_size("10s", per_mib="500ms").seconds({"clicks": 100.0, "users": 20.0})
    70.0
    """
    return BySize(_time("base", base), _time("per_mib", per_mib), _names(of))


def measured(points: Iterable[tuple[float, Duration]], *, of: str | Iterable[str] = ()) -> Measured:
    """As measured: at least two points of size (MiB of the inputs, or of the inputs `of` only) and time. Raises OptionError.

    >>> measured([(10, "30s"), (100, "4m")]).seconds({"rows": 55.0})
    135.0
    """
    found = []
    for point in points:
        if not isinstance(point, (tuple, list)) or len(point) != 2:
            raise OptionError("points: expected pairs of MiB and time, such as [(10, '30s'), (100, '4m')]")
        found.append((_number("points", point[0]), _time("points", point[1])))
    found.sort()
    if len(found) < 2 or any(left[0] == right[0] for left, right in pairwise(found)):
        raise OptionError(f"points: {len(found)} of them; expected at least two, of different sizes")
    return Measured(tuple(found), _names(of))


def duration_model(given: Any) -> DurationModel:
    """A duration model, or a time as one. Raises OptionError."""
    return given if isinstance(given, (Fixed, BySize, Measured)) else Fixed(_time("duration", given))


def read_duration(described: Mapping[str, Any]) -> DurationModel:
    """The model that was described. Raises OptionError, UnknownNameError.

    >>> read_duration({"fixed": 5.0})
    Fixed(s=5.0)
    """
    match dict(described):
        case {"fixed": s}:
            return Fixed(_time("fixed", s))
        case {"base": base, "per_mib": per_mib, **rest}:
            return by_size(base, per_mib=per_mib, of=rest.get("of", ()))
        case {"measured": points, **rest}:
            return measured([tuple(point) for point in points], of=rest.get("of", ()))
    raise UnknownNameError("duration model", printable(", ".join(map(str, described))[:60]), ("fixed", "per_mib", "measured"))


def _size(sizes_mib: Mapping[str, float], of: tuple[str, ...]) -> float:
    return sum(sizes_mib[name] for name in sorted(of or sizes_mib) if name in sizes_mib)


def _names(of: str | Iterable[str]) -> tuple[str, ...]:
    names = (of,) if isinstance(of, str) else tuple(of)
    if not all(isinstance(name, str) and name.isidentifier() for name in names):
        raise OptionError("of: expected names of inputs")
    return names


def _number(what: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e15:
        raise OptionError(f"{what}: {printable(str(value)[:40])}; expected a size of at least 0 MiB")
    return float(value)


def _time(what: str, value: Any) -> float:
    try:
        return seconds(value)
    except OptionError as error:
        raise OptionError(f"{what}: {error}") from None
