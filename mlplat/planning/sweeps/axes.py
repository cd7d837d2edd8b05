"""The values that one field of a scenario takes in a sweep: a list of them, or all between two numbers."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ...canonical import canonical_json
from ...errors import MlplatError, OptionError, printable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MOST_VALUES = 1_000_000
_RANGE = re.compile(r"\s*(-?[\d_.]+(?:e[+-]?\d+)?)\s*:\s*(-?[\d_.]+(?:e[+-]?\d+)?)\s*(?::\s*(log|[\d_.]+(?:e[+-]?\d+)?)\s*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Between:
    """Every number from `low` to `high`, both included: whole ones if both are whole, else real ones.

    `step`: in a grid, the distance from one to the next; 1 for whole numbers if left out. `scale`: whether random draws and Latin
    hypercubes spread evenly over the numbers or over their logarithms. Raises OptionError.

    >>> Between(8, 12).listed(), Between(0.5, 1.0, step=0.25).listed()
    ((8, 9, 10, 11, 12), (0.5, 0.75, 1.0))
    """

    low: float
    high: float
    step: float | None = None
    scale: Literal["linear", "log"] = "linear"

    def __post_init__(self) -> None:
        for name, value in (("low", self.low), ("high", self.high), ("step", 1 if self.step is None else self.step)):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or abs(value) > 1e15:
                raise OptionError(f"{name}={value!r:.40}: expected a number")
        if not self.low < self.high:
            raise OptionError(f"from {self.low:g} to {self.high:g}: expected the lower number first")
        if self.step is not None and not 0 < self.step <= self.high - self.low:
            raise OptionError(f"step={self.step:g}: expected more than 0, and no more than from {self.low:g} to {self.high:g}")
        if self.scale not in ("linear", "log"):
            raise OptionError(f"scale={self.scale!r:.40}: expected 'linear' or 'log'")
        if self.scale == "log" and self.low <= 0:
            raise OptionError(f"from {self.low:g}, on a logarithmic scale: expected a number above 0")

    @property
    def whole(self) -> bool:
        """Whether only whole numbers are meant."""
        return isinstance(self.low, int) and isinstance(self.high, int) and (self.step is None or float(self.step).is_integer())

    def listed(self) -> tuple[float, ...]:
        """Its numbers in a grid. Raises OptionError where they are real and there is no step, and where there are too many."""
        if self.step is None and not self.whole:
            raise OptionError(f"from {self.low:g} to {self.high:g}: a grid needs a step, such as {self.low:g}:{self.high:g}:0.1")
        step = 1 if self.step is None else self.step
        count = math.floor((self.high - self.low) / step + 1e-9) + 1
        if count > MOST_VALUES:
            raise OptionError(f"from {self.low:g} to {self.high:g}: {count:,} values; expected at most {MOST_VALUES:,}")
        if self.whole:
            return tuple(int(self.low) + i * int(step) for i in range(count))
        return tuple(float(f"{self.low + i * step:.12g}") for i in range(count))

    def at(self, parts: npt.NDArray[np.float64]) -> list[float]:
        """The numbers at these parts of the way from low to high, each from 0 to below 1."""
        import numpy as np

        upper = self.high + 1 if self.whole else self.high
        if self.scale == "log":
            values = np.exp(np.log(self.low) + parts * (np.log(upper) - np.log(self.low)))
        else:
            values = self.low + parts * (upper - self.low)
        if self.whole:
            step = 1 if self.step is None else int(self.step)
            whole = np.clip(np.floor(values), self.low, self.high).astype(np.int64)
            return [int(self.low) + (int(value) - int(self.low)) // step * step for value in whole]
        return [float(value) for value in np.clip(values, self.low, self.high)]

    def described(self) -> dict[str, Any]:
        """For the description of a design."""
        return {"low": self.low, "high": self.high, "step": self.step, "scale": self.scale}


Axis = tuple[Any, ...] | Between


def read_axis(field: str, given: object) -> Axis:
    """What a field is to take: a `Between`, a list of values, or text: `8:16`, `0.5:2:0.25`, `1:1000:log` or `fifo,easy`.

    Raises OptionError naming the field.

    >>> read_axis("policies.queue", "fifo,easy"), read_axis("seed", "1:3")
    (('fifo', 'easy'), Between(low=1, high=3, step=None, scale='linear'))
    """
    try:
        if isinstance(given, Between):
            return given
        if isinstance(given, str):
            return _read_text(given)
        if not isinstance(given, Iterable) or isinstance(given, (bytes, dict)):
            raise OptionError(
                f"{printable(repr(given))[:60]}: expected a list of values, such as [8, 16], or text such as '8:16' (quoted, in YAML)"
            )
        values = tuple(json.loads(canonical_json(value)) for value in given)
        if not values:
            raise OptionError("expected at least one value")
        if len(values) > MOST_VALUES:
            raise OptionError(f"{len(values):,} values; expected at most {MOST_VALUES:,}")
        return values
    except MlplatError as error:
        raise OptionError(f"{printable(field)[:120]}: {error}") from None


def _read_text(text: str) -> Axis:
    found = _RANGE.fullmatch(text)
    if found is None:
        parts = [part.strip() for part in text.split(",")]
        if not all(parts):
            raise OptionError(f"{printable(text)[:60]!r}: expected values such as fifo,easy, or numbers such as 8:16 or 0.5:2:0.25")
        return tuple(_value(part) for part in parts)
    try:
        low, high = _number(found[1]), _number(found[2])
        if found[3] == "log":
            return Between(low, high, scale="log")
        return Between(low, high, step=None if found[3] is None else _number(found[3]))
    except ValueError:
        raise OptionError(f"{printable(text)[:60]!r}: expected two numbers, such as 8:16, with a step or log behind them") from None


def _number(text: str) -> float:
    return float(text) if any(c in text for c in ".e") else int(text)


def _value(text: str) -> Any:
    """A number, true, false, null or text."""
    named = {"true": True, "false": False, "null": None}
    if text in named:
        return named[text]
    try:
        number = _number(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text
