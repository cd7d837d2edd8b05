"""How the ranks of a gang keep in step: what they send to each other after each step of their work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from ..errors import OptionError, UnknownNameError, printable
from ..hardware.durations import spelled_duration
from ..html_tables import fields_of
from ..units import Duration, mebibytes, seconds

Algorithm = Literal["auto", "ring", "tree"]
ALGORITHMS: Final = get_args(Algorithm)
KEYS: Final = ("step", "size", "algorithm")


@dataclass(frozen=True, slots=True, init=False)
class Synchronization:
    """After each `step` of its work a gang sums `size` over its ranks, one a device, and all of them get the sum (all-reduce).

    In data-parallel training the size is that of the gradients: two bytes a parameter in 16-bit precision. `step`: work between two of
    them, a time above 0. `size`: with its unit, such as `"14GiB"`. `algorithm`: `ring`, `tree`, or `auto` for the faster. On a cluster
    without a network it takes no time. Raises OptionError, UnknownNameError.

    >>> Synchronization(step="1s", size="2GiB").pace(0.25)
    0.8
    """

    step: float
    size_mib: int
    algorithm: Algorithm

    def __init__(self, step: Duration, size: str, algorithm: Algorithm = "auto") -> None:
        try:
            length = seconds(step)
        except OptionError as error:
            raise OptionError(f"step: {error}") from None
        if not length > 0:
            raise OptionError(f"step={printable(str(step)[:40])}: expected a time above 0")
        if not isinstance(size, str) or not size.strip()[-1:].isalpha():
            raise OptionError(f"size={printable(str(size)[:40])}: expected a number with a unit, such as '2GiB'")
        try:
            mib = mebibytes(size)
        except OptionError as error:
            raise OptionError(f"size: {error}") from None
        if algorithm not in ALGORITHMS:
            raise UnknownNameError("algorithm", printable(str(algorithm)[:40]), ALGORITHMS)
        object.__setattr__(self, "step", length)
        object.__setattr__(self, "size_mib", mib)
        object.__setattr__(self, "algorithm", algorithm)

    def pace(self, all_reduce: float) -> float:
        """Seconds of work a second, when an all-reduce takes that long (s)."""
        return self.step / (self.step + all_reduce)

    def described(self) -> dict[str, Any]:
        """What `synchronization` makes the same of."""
        said: dict[str, Any] = {"step": spelled_duration(self.step), "size": f"{self.size_mib}MiB"}
        return said if self.algorithm == "auto" else said | {"algorithm": self.algorithm}

    def _repr_html_(self) -> str:
        return fields_of(self)


def synchronization(given: Synchronization | Mapping[str, Any]) -> Synchronization:
    """From a mapping of the same keys, or as it is. Raises OptionError, UnknownNameError.

    >>> synchronization({"step": "1s", "size": "500MiB"}).size_mib
    500
    """
    if isinstance(given, Synchronization):
        return given
    if not isinstance(given, Mapping):
        example = "{'step': '300ms', 'size': '2GiB'}"
        raise OptionError(f"sync={printable(str(given)[:60])}: expected a Synchronization, or a mapping such as {example}")
    for key in given:
        if key not in KEYS:
            raise UnknownNameError("key of sync:", printable(str(key)[:60]), KEYS)
    for key in ("step", "size"):
        if key not in given:
            raise OptionError(f"sync: expected a '{key}'")
    return Synchronization(**given)
