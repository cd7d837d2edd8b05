"""`RetrainingPolicy`: what a deployed pipeline is run again for, how often at most, and when its model is good enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ....errors import OptionError, UnknownNameError, printable
from ....units import Duration, seconds

KINDS: Final = ("dataset", "drift", "degradation", "latency", "schedule", "request")
"""What may ask for a retraining. A request by hand is always heard."""
ACCEPTANCES: Final = ("better", "not-worse")


@dataclass(frozen=True, slots=True)
class RetrainingPolicy:
    """When a deployed pipeline is run again.

    `on`: kinds of triggers that count. `cooldown`: from the beginning of a run to the next; what comes meanwhile waits for its end, the
    last of each kind only. `delay`: from a trigger to its run, since labels come late. `min_rows`: new rows without which a change of a
    dataset is no reason. `accept`: `better` or `not-worse` than the current model, by a paired interval on the same held-out rows;
    `margin`: how much worse still counts as not worse, on the scale of the metric. `give_up_after`: runs in a row that did not help,
    after which people are asked; each makes the next cool-down twice as long. Raises OptionError, UnknownNameError.

    >>> RetrainingPolicy(on=("drift",), cooldown="6h").cooldown_after(2)
    86400.0
    """

    on: tuple[str, ...] = ("dataset", "drift", "degradation")
    cooldown: Duration = "1h"
    delay: Duration = 0.0
    min_rows: int = 0
    accept: str = "not-worse"
    margin: float = 0.0
    give_up_after: int = 3

    def __post_init__(self) -> None:
        put = object.__setattr__
        kinds = (self.on,) if isinstance(self.on, str) else tuple(self.on)
        for kind in kinds:
            if kind not in KINDS:
                raise UnknownNameError("trigger", printable(str(kind)[:40]), KINDS)
        put(self, "on", kinds)
        for name in ("cooldown", "delay"):
            try:
                put(self, name, seconds(getattr(self, name)))
            except OptionError as error:
                raise OptionError(f"{name}: {error}") from None
        if self.accept not in ACCEPTANCES:
            raise UnknownNameError("acceptance", printable(str(self.accept)[:40]), ACCEPTANCES)
        for name, least in (("min_rows", 0), ("give_up_after", 1)):
            given = getattr(self, name)
            if isinstance(given, bool) or not isinstance(given, int) or given < least:
                raise OptionError(f"{name}={str(given)[:40]!r}: expected a whole number of at least {least}")
        if isinstance(self.margin, bool) or not isinstance(self.margin, (int, float)) or not 0 <= self.margin < float("inf"):
            raise OptionError(f"margin={str(self.margin)[:40]!r}: expected a number of at least 0")

    def cooldown_after(self, failures: int) -> float:
        """Seconds from the beginning of a run to the next, after so many in a row that did not help."""
        assert isinstance(self.cooldown, float)
        return float(self.cooldown * 2**failures)

    def ripe_at(self, kind: str, time: float) -> float:
        """From when (s) a trigger of a kind may lead to a run; a request at once."""
        assert isinstance(self.delay, float)
        return time if kind == "request" else time + self.delay

    def to_json(self) -> dict[str, Any]:
        """What `from_json` makes the same of."""
        return {
            "on": list(self.on),
            "cooldown": self.cooldown,
            "delay": self.delay,
            "min_rows": self.min_rows,
            "accept": self.accept,
            "margin": self.margin,
            "give_up_after": self.give_up_after,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> RetrainingPolicy:
        """From `to_json`. Raises OptionError."""
        return cls(**{**value, "on": tuple(value["on"])})
