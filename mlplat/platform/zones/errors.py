"""What the Zone Manager refuses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...errors import MlplatError, printable


class ZoneError(MlplatError):
    """A zone or cohort does not permit what was asked; nothing was changed. Attribute: `zone`, its name."""

    def __init__(self, zone: str, problem: str) -> None:
        self.zone = zone
        super().__init__(f"{printable(zone)}: {problem}")


class ZoneOwnerError(ZoneError):
    """A development zone has one developer, a deployment zone one project. Attribute: `bound_to`, an id or the name of a project."""

    def __init__(self, zone: str, bound_to: str) -> None:
        self.bound_to = bound_to
        super().__init__(zone, f"is {printable(bound_to)}'s, and a zone is bound to one; expected another name, or `transfer`")


class ZoneOccupiedError(ZoneError):
    """A zone is not deleted while work is there, nor a cohort with members. Attribute: `occupants`, their names."""

    def __init__(self, zone: str, occupants: Iterable[str], hint: str) -> None:
        self.occupants = tuple(occupants)
        named = ", ".join(self.occupants[:10]) + (f" and {len(self.occupants) - 10:,} more" if len(self.occupants) > 10 else "")
        super().__init__(zone, f"has {printable(named)}; {hint}")


class ZoneLimitError(ZoneError):
    """A workload would take its zone, where that does not let it wait, over its limit.

    Attribute: `over`, of each resource (asked for, in use or waited for already, limit), in the units of a quota.
    """

    def __init__(self, zone: str, workload: str, over: Mapping[str, tuple[float, float, float]]) -> None:
        self.over = dict(over)
        each = ", ".join(f"{key}: {asked:g} asked for, {used:g} of {limit:g} taken" for key, (asked, used, limit) in self.over.items())
        super().__init__(zone, f"ZONE_LIMIT refuses {printable(workload)}: {printable(each)}")
