"""What the Zone Manager says of zones at an instant: what they use, and why work waits in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ...html_tables import table


class ZoneStatus(NamedTuple):
    """A zone and what it has now; amounts by resource, in the units of a quota.

    `kind`: `development` or `deployment`. `bound_to`: the id of a developer, or a project. `state`: `active`, `suspended` or `leaving`.
    `borrowed`: of the use, what is above the guarantee. `lent`: of the guarantee, what others use. `running`, `waiting`, `held`:
    workloads; `held` of the waiting by the limit. `claims`: workloads for which room is being taken back.
    """

    name: str
    kind: str
    bound_to: str
    state: str
    guarantee: Mapping[str, Any]
    limit: Mapping[str, Any]
    use: Mapping[str, Any]
    borrowed: Mapping[str, Any]
    lent: Mapping[str, Any]
    running: int
    waiting: int
    held: int
    claims: int

    def __str__(self) -> str:
        amounts = "; ".join(f"{key} {used:g}{_most(most)}" for key, used, _, most in self.rows())
        return f"{self.name} ({self.state}): {amounts or 'nothing in use'}; {self.running} running, {self.waiting} waiting"

    def rows(self) -> list[tuple[str, float, float | None, float | None]]:
        """Of each resource that is used, guaranteed or limited its name, what is in use, guaranteed and at most; None where not said."""
        use, guarantee, limit = flat(self.use), flat(self.guarantee), flat(self.limit)
        keys = [key for key in dict.fromkeys((*guarantee, *limit, *use)) if use.get(key) or key in guarantee or key in limit]
        return [(key, use.get(key, 0), guarantee.get(key), limit.get(key)) for key in keys]


class ZoneList(tuple[ZoneStatus, ...]):
    """Zones, by name."""

    __slots__ = ()

    def names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(each.name for each in self)

    def __repr__(self) -> str:
        return "\n".join(map(str, self)) or "no zones"

    def _repr_html_(self) -> str:
        amounts_of = ("in use", "guaranteed", "at most", "borrowed", "lent")
        heads = ("zone", "kind", "bound to", "state", "resource", *amounts_of, "running", "waiting")
        rows = []
        for each in self:
            borrowed, lent = flat(each.borrowed), flat(each.lent)
            for key, used, sure, most in each.rows() or [("", 0, None, None)]:
                amounts = (used, sure, most, borrowed.get(key, 0), lent.get(key, 0))
                rows.append([each.name, each.kind, each.bound_to, each.state, key, *map(_number, amounts), each.running, each.waiting])
        return table(heads, rows)


class ResourceLine(NamedTuple):
    """Of one resource what the workload asks for, what its zone uses, what is guaranteed to it and its limit (None for none)."""

    resource: str
    asks: float
    use: float
    guarantee: float
    limit: float | None

    @property
    def over(self) -> bool:
        """Whether the limit leaves no room."""
        return self.limit is not None and self.use + self.asks > self.limit


class ZoneExplanation(NamedTuple):
    """Why the next workload of a zone waits. `reason`: a word of the documentation, empty where nothing waits. `text`: it in sentences."""

    zone: str
    workload: str | None
    reason: str
    text: str
    lines: tuple[ResourceLine, ...] = ()

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        heads = ("resource", "asks for", "in use", "guaranteed", "at most")
        return table(heads, [[line.resource, *map(_number, line[1:])] for line in self.lines], lead=[self.text])


def flat(amounts: Mapping[str, Any]) -> dict[str, float]:
    """Amounts with those inside flavors as `A100.gpus`.

    >>> flat({"cpus": 4, "A100": {"gpus": 2}})
    {'cpus': 4, 'A100.gpus': 2}
    """
    found: dict[str, float] = {}
    for key, amount in amounts.items():
        if isinstance(amount, Mapping):
            found |= {f"{key}.{inner}": number for inner, number in amount.items()}
        else:
            found[key] = amount
    return found


def _number(amount: float | None) -> str:
    return "-" if amount is None else f"{amount:g}"


def _most(most: float | None) -> str:
    return "" if most is None else f" of {most:g}"
