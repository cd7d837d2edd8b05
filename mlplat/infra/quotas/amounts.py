"""Amounts as quotas give them: `{"gpus": 8, "memory_gib": 512, "A100": {"gpus": 4}}`, integers inside."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from numbers import Real
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from ...errors import SpecError, UnknownNameError, printable
from ..kernels.quota_state import FLAVORS, Q_CPU, Q_DISK, Q_ENVIRONMENTS, Q_GPU, Q_MEMORY

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MOST: Final = 2**46
"""The largest amount (milli, MiB): the sum over 10,000 quotas stays well within int64."""

_READ: Final[Mapping[str, tuple[int, int]]] = {
    "cpus": (Q_CPU, 1000),
    "memory_gib": (Q_MEMORY, 1024),
    "disk_gib": (Q_DISK, 1024),
    "gpus": (Q_GPU, 1000),
    "gpu_milli": (Q_GPU, 1),
    "environments": (Q_ENVIRONMENTS, 1),
}
"""Key -> (dimension, units of it)."""

_WRITTEN: Final = {column: (key, scale) for key, (column, scale) in _READ.items() if key != "gpu_milli"}
DIMENSIONS: Final = tuple(_WRITTEN[column][0] for column in range(FLAVORS))
"""The keys of the dimensions that every cluster has, in their order."""


class Amounts(Mapping[str, Any]):
    """Read-only amounts by key: numbers under `cpus`, `memory_gib`, `disk_gib`, `gpus`, `environments`, and under the name of a flavor what
    counts on its nodes. `gpu_milli` may be given for `gpus`. Equal where the same is meant. Raises SpecError.

    >>> Amounts({"gpu_milli": 500, "A100": {"gpus": 4}})
    {'gpus': 0.5, 'A100': {'gpus': 4}}
    >>> dict(Amounts({"gpus": 0.5}).units)
    {3: 500}
    """

    __slots__ = ("flavors", "units")

    units: Mapping[int, int]
    """Dimension -> milli, MiB or environments."""
    flavors: Mapping[str, Amounts]

    def __init__(self, given: object = (), *, where: str = "", known: Sequence[str] = tuple(_READ)) -> None:
        """`where`: what errors call the place. `known`: the keys that there may be; flavors where `environments` or all are."""
        pairs: Any = {} if given == () or given is None else given
        if not isinstance(pairs, Mapping):
            raise SpecError(f"expected a mapping such as {{'gpus': 8, 'memory_gib': 512}} (found {pairs!a:.60})", where=where)
        units: dict[int, int] = {}
        flavors: dict[str, Amounts] = {}
        for key, value in pairs.items():
            place = f"{where}.{printable(str(key)[:60])}" if where else printable(str(key)[:60])
            if key in _READ and key in known:
                column, scale = _READ[key]
                if column in units:
                    raise SpecError("given twice: 'gpus' and 'gpu_milli' say the same", where=place)
                units[column] = _whole(value, scale, place)
            elif isinstance(value, Mapping) and isinstance(key, str) and key not in _READ and known is not _INSIDE:
                if len(inside := Amounts(value, where=place, known=_INSIDE)):
                    flavors[key] = inside
            else:
                raise SpecError(_unknown(key, known), where=place)
        object.__setattr__(self, "units", MappingProxyType({column: units[column] for column in sorted(units)}))
        object.__setattr__(self, "flavors", MappingProxyType(flavors))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"amounts are read-only: {name}")

    def __reduce__(self) -> tuple[Any, ...]:
        return Amounts, (self.to_dict(),)

    def __getitem__(self, key: str) -> Any:
        if key in self.flavors:
            return self.flavors[key]
        if key == "gpu_milli" and Q_GPU in self.units:
            return self.units[Q_GPU]
        if key in _READ and _READ[key][0] in self.units:
            return _spoken(self.units[_READ[key][0]], _READ[key][1])
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        yield from (_WRITTEN[column][0] for column in self.units)
        yield from self.flavors

    def __len__(self) -> int:
        return len(self.units) + len(self.flavors)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Amounts):
            return self.units == other.units and self.flavors == other.flavors
        return self.to_dict() == other

    def __hash__(self) -> int:
        return hash((tuple(self.units.items()), frozenset(self.flavors.items())))

    def __repr__(self) -> str:
        return repr(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Plain values from which equal amounts can be made."""
        return {key: value.to_dict() if isinstance(value, Amounts) else value for key, value in self.items()}

    def named(self) -> Iterator[tuple[str, int, int]]:
        """(flavor or "", dimension, units) of all there are."""
        yield from (("", column, units) for column, units in self.units.items())
        for flavor, inside in self.flavors.items():
            yield from ((flavor, column, units) for column, units in inside.units.items())


def named(amounts: Mapping[str, Any]) -> Iterator[tuple[str, int, int]]:
    """(flavor or "", dimension, units) of all that a description gives."""
    return (amounts if isinstance(amounts, Amounts) else Amounts(amounts)).named()


def flavors_in(amounts: Mapping[str, Any]) -> list[str]:
    """The flavors for which a description gives amounts."""
    return list(dict.fromkeys(flavor for flavor, _, _ in named(amounts) if flavor))


def column_of(flavor: str, dimension: int, flavors: Sequence[str]) -> int:
    """The column of a dimension in the arrays of quotas. `flavors`: all there are.

    >>> column_of("A100", 3, ["T4", "A100"])
    12
    """
    return dimension if not flavor else FLAVORS + 4 * flavors.index(flavor) + dimension


def dimension_names(flavors: Sequence[str]) -> list[str]:
    """What the columns are called.

    >>> dimension_names(["A100"])[5:7]
    ['A100.cpus', 'A100.memory_gib']
    """
    return [*DIMENSIONS, *(f"{printable(flavor)}.{_WRITTEN[column][0]}" for flavor in flavors for column in range(4))]


def spoken_amounts(
    row: Sequence[int] | npt.NDArray[np.int64], flavors: Sequence[str], columns: Sequence[int] | None = None
) -> dict[str, Any]:
    """A row of the arrays in the units of `Amounts`; all columns, or those.

    >>> spoken_amounts([1500, 1024, 0, 500, 2], [], [0, 3])
    {'cpus': 1.5, 'gpus': 0.5}
    """
    found: dict[str, Any] = {}
    for column in range(len(row)) if columns is None else columns:
        if column < FLAVORS:
            key, scale = _WRITTEN[column]
            found[key] = _spoken(int(row[column]), scale)
        else:
            flavor, dimension = divmod(column - FLAVORS, 4)
            key, scale = _WRITTEN[dimension]
            found.setdefault(flavors[flavor], {})[key] = _spoken(int(row[column]), scale)
    return found


_INSIDE: Final = ("cpus", "memory_gib", "disk_gib", "gpus", "gpu_milli")
GUARANTEED: Final = ("cpus", "memory_gib", "disk_gib", "gpus", "gpu_milli", "")
"""The keys of a guarantee, and flavors: environments are only limited."""


def _spoken(units: int, scale: int) -> int | float:
    return units // scale if units % scale == 0 else units / scale


def _number(value: object) -> float:
    if not isinstance(value, Real) or isinstance(value, bool):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _whole(value: object, scale: int, where: str) -> int:
    number = _number(value)
    if 0 <= number <= MOST // scale and (scale > 1 or number.is_integer()):
        return round(number * scale)
    kind = "a whole number" if scale == 1 else "a number"
    raise SpecError(f"expected {kind} from 0 to {MOST // scale} (found {value!a:.40})", where=where)


def _unknown(key: object, known: Sequence[str]) -> str:
    names = [name for name in known if name]
    aside = "" if known is _INSIDE else "a flavor has a mapping of amounts"
    return str(UnknownNameError("resource", printable(str(key)[:60]), names, aside))
