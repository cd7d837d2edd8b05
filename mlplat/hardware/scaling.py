"""Node groups that grow and shrink with the work, and spot machines that are taken back: data of a group (docs/autoscaling.md)."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from .durations import Duration, PositiveDuration
from .spec_model import Amount, PlacedError, Rate, SpecModel


class Spot(SpecModel):
    """Machines that are cheaper by `discount` (a part of the price, below 1) and that their owner takes back.

    `mean_life`: mean time from joining to the end, exponentially distributed. `notice`: so long before its end a machine is cordoned and
    drained; what runs there may write a checkpoint within that time. Times in seconds; text such as `"6h"` is understood. Raises SpecError.

    >>> Spot(mean_life="6h", notice="2m", discount=0.7).notice
    120.0
    """

    mean_life: PositiveDuration
    notice: Duration = 120.0
    discount: Annotated[Rate, Field(lt=1)] = 0.0


def _whole_or_none(value: object) -> object:
    if value is not None and (isinstance(value, (bool, str, bytes))):
        raise ValueError(f"expected a whole number (found {value!r:.60})")
    return value


Nodes = Annotated[Annotated[int, Field(ge=0)] | None, BeforeValidator(_whole_or_none)]


class Scaling(SpecModel):
    """How many nodes of a group are there: at least `min` and at most `max`, which is the group's `count` (and need not be said).

    `initial`: nodes there at the start, None for `min`. `boot`: from asking for a node until it joins. `idle`: a node that has held
    nothing for so long leaves, as long as `min` stay. `spot`: machines that are taken back, None for ones that stay. Times in seconds; text
    such as `"3m"` is understood. Raises SpecError.

    >>> Scaling(min=1, max=10, boot="3m").idle
    600.0
    """

    min: Amount = 0
    max: Nodes = None
    initial: Nodes = None
    boot: Duration = 180.0
    idle: Duration = 600.0
    spot: Spot | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.max is not None and self.min > self.max:
            raise PlacedError(f"{self.min:,} nodes at least, and {self.max:,} at most", "min")
        if self.initial is not None and self.initial < self.min:
            raise PlacedError(f"{self.initial:,} nodes are fewer than min, {self.min:,}", "initial")
        return self

    def check_count(self, count: int) -> None:
        """Raises PlacedError where this does not go with a group of so many nodes."""
        if self.max is not None and self.max != count:
            raise PlacedError(f"{self.max:,} is not the group's count, {count:,}, which is the most nodes it can have", "scaling.max")
        for name, nodes in (("min", self.min), ("initial", self.first)):
            if nodes > count:
                raise PlacedError(f"{nodes:,} nodes are more than the group's count, {count:,}", f"scaling.{name}")

    @property
    def first(self) -> int:
        """Nodes that are there at the start: the first of the group."""
        return self.min if self.initial is None else self.initial
