"""The state of the Zone Manager: zones and cohorts by name; a fold of its journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..record_shapes import ensure
from .journal import DEPLOYMENT
from .naming import check_zone_name

if TYPE_CHECKING:
    from ...infra.quotas import Cohort, Quota


@dataclass(frozen=True, slots=True)
class Entry:
    """A zone as the journal says. `bound_to`: the id of a developer, or a project. `network`: its own, such as `10.0.8.0/24`, or empty.
    `leaving`: the id of who drains it, or empty.
    """

    quota: Quota
    kind: str
    bound_to: str
    idle_s: float | None
    over_limit: str
    created_s: float
    creator: str
    network: str = ""
    leaving: str = ""

    @property
    def name(self) -> str:
        """The zone's."""
        return self.quota.name

    @property
    def resource(self) -> str:
        """What it is called in grants and events: `zone:shop/prod` of a project, `zone:ada-dev` of a developer."""
        return f"zone:{self.bound_to}/{self.name}" if self.kind == DEPLOYMENT else f"zone:{self.name}"


class Catalogue:
    """All zones and cohorts, in the order in which they came."""

    def __init__(self) -> None:
        self.zones: dict[str, Entry] = {}
        self.cohorts: dict[str, Cohort] = {}

    def apply(self, record: Mapping[str, Any]) -> None:
        """Change the state as a record says."""
        from ...infra.quotas import Cohort, Quota

        name, what = record["name"], record["what"]
        if what in ("zone.created", "zone.modified"):
            quota = Quota(**record["quota"])
            ensure(quota.name == name, f"{name}: a quota of {quota.name}")
            ensure(quota.cohort is None or quota.cohort in self.cohorts, f"{name}: no cohort {quota.cohort}")
        elif what in ("cohort.created", "cohort.modified"):
            cohort = Cohort(**record["cohort"])
            ensure(cohort.name == name, f"{name}: a cohort {cohort.name}")
            ensure(self.goes_below(name, cohort.parent), f"{name}: no place below {cohort.parent}")
        match what:
            case "zone.created":
                ensure(name not in self.zones and check_zone_name(name) == name, f"{name}: expected the name of a new zone")
                self.zones[name] = Entry(
                    quota,
                    record["kind"],
                    record["bound_to"],
                    record["idle_s"],
                    record["over_limit"],
                    record["time"],
                    record["actor"],
                    record["network"],
                )
            case "zone.modified":
                self.zones[name] = replace(self.zones[name], quota=quota, idle_s=record["idle_s"], over_limit=record["over_limit"])
            case "zone.transferred":
                self.zones[name] = replace(self.zones[name], bound_to=record["bound_to"])
            case "zone.leaving":
                self.zones[name] = replace(self.zones[name], leaving=record["actor"])
            case "zone.deleted":
                del self.zones[name]
            case "cohort.created":
                ensure(name not in self.cohorts, f"cohort {name} is there already")
                self.cohorts[name] = cohort
            case "cohort.modified":
                ensure(name in self.cohorts, f"no cohort {name}")
                self.cohorts[name] = cohort
            case "cohort.deleted":
                ensure(not self.members(name), f"cohort {name} has members")
                del self.cohorts[name]

    def goes_below(self, name: str, parent: str | None) -> bool:
        """Whether a cohort can be part of another: that is there, and not below it."""
        while parent is not None:
            if parent == name or parent not in self.cohorts:
                return False
            parent = self.cohorts[parent].parent
        return True

    def members(self, cohort: str) -> list[str]:
        """Names of the cohorts and zones that are part of a cohort."""
        cohorts = [each.name for each in self.cohorts.values() if each.parent == cohort]
        return [*cohorts, *(each.name for each in self.zones.values() if each.quota.cohort == cohort)]

    def described(self) -> Iterator[Cohort | Quota]:
        """All descriptions, each after the one it is part of."""
        done: set[str] = set()
        waiting = list(self.cohorts.values())
        while waiting:
            for cohort in waiting:
                if cohort.parent is None or cohort.parent in done:
                    done.add(cohort.name)
                    yield cohort
            waiting = [cohort for cohort in waiting if cohort.name not in done]
        yield from (entry.quota for entry in self.zones.values())
