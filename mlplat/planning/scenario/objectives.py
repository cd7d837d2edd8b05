"""What a cluster is to achieve: `p95_wait: 10m`, `gpu_utilization: ">= 0.7"`, `zones.vision.p95_wait: 5m`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ...errors import OptionError, SpecError, UnknownNameError, printable
from ...hardware.durations import spelled_duration
from ...units import format_seconds, seconds
from .measures import ALIASES, MEASURES, Measure, Relation, Unit

_RELATIONS: Final[Mapping[str, Relation]] = {"<=": "<=", ">=": ">=", "≤": "<=", "≥": ">="}
_FORM = re.compile(r"\s*(<=|>=|≤|≥|<|>|==|=)?\s*(.*?)\s*", re.DOTALL)
ZONES: Final = "zones."


@dataclass(frozen=True, slots=True)
class Objective:
    """A bound on a figure of a run. `unit` is that of `bound`: `s` seconds, `part` from 0 to 1, others as `MEASURES` says.

    >>> objective = read_objective("p95_wait", "10m")
    >>> str(objective), objective.holds(540.0), objective.margin(540.0)
    ('p95_wait <= 10m', True, 0.1)
    """

    name: str
    relation: Relation
    bound: float
    unit: Unit

    @property
    def measure(self) -> str:
        """The name of the figure in `Figures.values`.

        >>> read_objective("budget_per_month", 400_000).measure
        'cost_per_month'
        """
        zone, name = split_name(self.name)
        name = ALIASES.get(name, name)
        return name if zone is None else f"{ZONES}{zone}.{name}"

    def holds(self, value: float | None) -> bool:
        """Whether the figure meets the bound. What could not be measured (None) does not."""
        if value is None or math.isnan(value):
            return False
        return value <= self.bound if self.relation == "<=" else value >= self.bound

    def margin(self, value: float | None) -> float:
        """How far the figure is on the right side of the bound, as a part of the bound (of 1 where the bound is 0); below 0 where it
        misses. Minus infinity for what could not be measured.
        """
        if value is None or math.isnan(value):
            return -math.inf
        room = self.bound - value if self.relation == "<=" else value - self.bound
        return room / (abs(self.bound) or 1.0)

    def __str__(self) -> str:
        return f"{printable(self.name)} {self.relation} {self._spelled()}"

    def written(self) -> str:
        """What `read_objective` makes the same bound of."""
        return f"{self.relation} {self._spelled()}"

    def shown(self, value: float | None) -> str:
        """A figure in the unit of the objective, for people.

        >>> read_objective("p95_wait", "10m").shown(754.2), read_objective("goodput", 0.9).shown(None)
        ('12.6 min', 'none')
        """
        if value is None:
            return "none"
        if self.unit == "s":
            return format_seconds(value)
        return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"

    def _spelled(self) -> str:
        if self.unit != "s":
            return f"{self.bound:g}" if float(f"{self.bound:g}") == self.bound else repr(self.bound)
        return str(spelled_duration(self.bound)) if self.bound >= 1 else f"{self.bound!r}s"


def split_name(name: str) -> tuple[str | None, str]:
    """Zone and figure of an objective's name; no zone is None.

    >>> split_name("zones.team.a.p95_wait"), split_name("goodput")
    (('team.a', 'p95_wait'), (None, 'goodput'))
    """
    if not name.startswith(ZONES):
        return None, name
    zone, _, figure = name.removeprefix(ZONES).rpartition(".")
    return zone, figure


def measure_of(name: str) -> Measure:
    """The measure of an objective's name. Raises UnknownNameError with the known ones."""
    zone, figure = split_name(name)
    found = MEASURES.get(ALIASES.get(figure, figure))
    if found is None or (zone is not None and not found.of_zones):
        known = [*MEASURES, *ALIASES] if zone is None else [each.name for each in MEASURES.values() if each.of_zones]
        raise UnknownNameError("figure" if zone is None else "figure of a zone", printable(figure[:60]), known)
    return found


def read_objective(name: str, given: Any) -> Objective:
    """An objective from its name and what was written: a bound in the figure's unit, with `<=` or `>=` before it if need be.

    Raises SpecError, UnknownNameError.

    >>> read_objective("gpu_utilization", ">= 70%")
    Objective(name='gpu_utilization', relation='>=', bound=0.7, unit='part')
    """
    measure = measure_of(name)
    if isinstance(given, Objective):
        given = given.written()
    relation: Relation = measure.better
    value = given
    if isinstance(given, str):
        found = _FORM.fullmatch(given)
        sign, value = (found[1], found[2]) if found else (None, given)
        if sign is not None:
            if sign not in _RELATIONS:
                raise SpecError(f"{given[:60]!r}: expected '<=' or '>=' before the bound, or nothing for {measure.better!r}")
            relation = _RELATIONS[sign]
    return Objective(name, relation, _bound(measure, value), measure.unit)


def _bound(measure: Measure, value: Any) -> float:
    try:
        if measure.unit == "s":
            return seconds(value)
        return _number(value)
    except (OptionError, ValueError, TypeError, OverflowError):
        what = {
            "s": "a time such as '10m', '200ms' or seconds",
            "part": "a number such as 0.7, or '70%'",
            "USD/month": "US dollars per month, such as 400000",
        }.get(measure.unit, f"a number ({measure.unit})")
        raise SpecError(f"not a bound of {measure.name}: {printable(str(value)[:60])!r}; expected {what}") from None


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise ValueError(value)
    if isinstance(value, str):
        text = value.replace("_", "")
        value = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number
