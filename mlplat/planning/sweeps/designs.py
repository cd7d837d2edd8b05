"""Which points of a space of scenarios are run: all of a grid, random ones, or a Latin hypercube."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ...errors import OptionError, UnknownNameError, printable
from ...streams import check_seed, stream
from .axes import Axis, Between, read_axis

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

KINDS = ("grid", "random", "lhs")
MOST_POINTS = 1_000_000
Point = dict[str, Any]
"""What the fields of a scenario are at a point: path -> value."""


@dataclass(frozen=True, slots=True)
class Design:
    """The points of a sweep. `axes`: what each field takes, by its path in the scenario, such as `cluster.groups.pool.count`.

    `kind`: `grid` (every combination, the last field changing fastest), `random` (`samples` independent draws) or `lhs` (a Latin hypercube
    of `samples` points: each field's range is cut into as many equal parts, and each part is met once; McKay, Beckman and Conover 1979).
    Draws depend on `seed` alone. Made by `grid`, `random` and `latin_hypercube`. Raises OptionError, UnknownNameError.
    """

    axes: Mapping[str, Axis]
    kind: Literal["grid", "random", "lhs"] = "grid"
    samples: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UnknownNameError("design", printable(str(self.kind))[:40], KINDS)
        if not isinstance(self.axes, Mapping) or not self.axes:
            raise OptionError("what is varied: expected a mapping of paths to values, such as {'policies.queue': ['fifo', 'easy']}")
        for field in self.axes:
            if not isinstance(field, str) or not field:
                raise OptionError(f"{printable(repr(field))[:60]}: expected the path of a field, such as policies.queue")
        object.__setattr__(self, "axes", {field: read_axis(field, given) for field, given in self.axes.items()})
        object.__setattr__(self, "seed", check_seed(self.seed))
        if self.kind == "grid":
            if self.samples is not None:
                raise OptionError("samples: a grid has as many points as there are combinations; expected a random or lhs design")
            self._check_count(math.prod(len(_listed(field, axis)) for field, axis in self.axes.items()))
        elif isinstance(self.samples, bool) or not isinstance(self.samples, int) or self.samples < 1:
            raise OptionError(f"samples={self.samples!r:.40}: expected how many points are drawn, at least 1")
        else:
            self._check_count(self.samples)

    def _check_count(self, count: int) -> None:
        if count > MOST_POINTS:
            raise OptionError(f"a design of {count:,} points; expected at most {MOST_POINTS:,}")

    def points(self) -> list[Point]:
        """The points in order; equal ones are there once.

        >>> grid({"policies.queue": ["fifo", "easy"], "seed": "1:2"}).points()[2]
        {'policies.queue': 'easy', 'seed': 1}
        """
        if self.kind == "grid":
            combinations = itertools.product(*(_listed(field, axis) for field, axis in self.axes.items()))
            return _distinct([dict(zip(self.axes, values, strict=True)) for values in combinations])
        columns = self._drawn()
        return _distinct([dict(zip(self.axes, values, strict=True)) for values in zip(*columns, strict=True)])

    def _drawn(self) -> list[list[Any]]:
        """The column of each field."""
        count = self.samples or 0
        if self.kind == "random":  # a stream for each field: one more changes no other
            return [_at(axis, stream(self.seed, f"sweep/random/{field}").random(count)) for field, axis in self.axes.items()]
        unit = _latin(len(self.axes), count, stream(self.seed, "sweep/latin-hypercube"))
        return [_at(axis, unit[:, i]) for i, axis in enumerate(self.axes.values())]

    def described(self) -> dict[str, Any]:
        """As JSON can say it; equal designs are described alike."""
        axes = {field: axis.described() if isinstance(axis, Between) else list(axis) for field, axis in self.axes.items()}
        return {"kind": self.kind, "axes": axes, "samples": self.samples, "seed": None if self.kind == "grid" else self.seed}

    def __str__(self) -> str:
        what = {"grid": "grid", "random": f"{self.samples} random points", "lhs": f"Latin hypercube of {self.samples} points"}[self.kind]
        return f"{what} over {', '.join(printable(field) for field in self.axes)}"


def grid(axes: Mapping[str, Any]) -> Design:
    """Every combination of the values of some fields.

    >>> len(grid({"cluster.groups.pool.count": range(8, 17), "policies.queue": ["fifo", "easy"]}).points())
    18
    """
    return Design(axes)


def random(axes: Mapping[str, Any], samples: int, *, seed: int = 0) -> Design:
    """Independent draws, each value of a list or each number of a `Between` equally likely.

    >>> 0.5 <= random({"workload.synthetic.load": Between(0.5, 2.0)}, samples=3).points()[0]["workload.synthetic.load"] < 2.0
    True
    """
    return Design(axes, "random", samples, seed)


def latin_hypercube(axes: Mapping[str, Any], samples: int, *, seed: int = 0) -> Design:
    """A Latin hypercube: as random as can be, and yet each part of each field's range is met.

    >>> sorted(point["seed"] for point in latin_hypercube({"seed": "1:4"}, samples=4).points())
    [1, 2, 3, 4]
    """
    return Design(axes, "lhs", samples, seed)


def _latin(dimensions: int, count: int, generator: np.random.Generator) -> npt.NDArray[np.float64]:
    """Float64[count, dimensions], from 0 to below 1."""
    from scipy.stats import qmc

    try:
        sampler = qmc.LatinHypercube(d=dimensions, rng=generator)
    except TypeError:  # before SciPy 1.15
        sampler = qmc.LatinHypercube(d=dimensions, seed=generator)
    drawn: npt.NDArray[np.float64] = sampler.random(count)
    return drawn


def _listed(field: str, axis: Axis) -> tuple[Any, ...]:
    if not isinstance(axis, Between):
        return axis
    try:
        return axis.listed()
    except OptionError as error:
        raise OptionError(f"{printable(field)[:120]}: {error}") from None


def _at(axis: Axis, parts: npt.NDArray[np.float64]) -> list[Any]:
    if isinstance(axis, Between):
        return axis.at(parts)
    return [axis[min(int(part * len(axis)), len(axis) - 1)] for part in parts]


def _distinct(points: list[Point]) -> list[Point]:
    from ...canonical import canonical_json

    found: dict[bytes, Point] = {}
    for point in points:
        found.setdefault(canonical_json(point), point)
    return list(found.values())
