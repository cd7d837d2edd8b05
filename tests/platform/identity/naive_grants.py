"""Which grants are in force, worked out from nothing each time: the least set that the platform's own grants hold up."""

from __future__ import annotations

from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class NaiveGrant:
    id: int
    grantee: str
    rights: frozenset[str]
    resource: str
    zone: str
    until: float
    giver: str | None
    """None where it relies on nobody."""


def covers(granted: str, asked: str) -> bool:
    if granted in ("platform", asked):
        return True
    kind, _, path = asked.partition(":")
    project = path.split("/")[0]
    return asked != "platform" and granted in (f"project:{project}", f"{kind}:{project}/*", f"{kind}:{path.split('@')[0]}")


@dataclass
class NaiveGrants:
    """Grants in force, by id, and the members of groups. Nothing that has ended comes back."""

    grants: dict[int, NaiveGrant] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    now: float = 0.0

    def holds(self, who: str, right: str, resource: str, zone: str, among: list[NaiveGrant] | None = None) -> bool:
        names = {who} | {group for group, members in self.members.items() if who in members}
        return any(
            g.grantee in names and right in g.rights and covers(g.resource, resource) and g.zone in ("", zone)
            for g in (list(self.grants.values()) if among is None else among)
        )

    def give(self, grant: NaiveGrant) -> bool:
        """Returns whether the giver may."""
        if grant.giver is not None:
            needs = grant.rights | {"share"}
            if not all(self.holds(grant.giver, right, grant.resource, grant.zone) for right in needs):
                return False
        self.grants[grant.id] = grant
        return True

    def end(self, *numbers: int) -> None:
        for number in numbers:
            self.grants.pop(number, None)
        self.settle()

    def delete(self, who: str) -> None:
        for members in self.members.values():
            members.discard(who)
        self.members.pop(who, None)
        self.end(*[g.id for g in self.grants.values() if g.grantee == who])

    def pass_to(self, now: float) -> None:
        for instant in sorted({g.until for g in self.grants.values() if g.until <= now}):
            self.end(*[g.id for g in self.grants.values() if g.until == instant])
        self.now = now

    def settle(self) -> None:
        """Keep what a chain of grants from the platform's own holds up."""
        sure: list[NaiveGrant] = [g for g in self.grants.values() if g.giver is None]
        while True:
            more = [
                g
                for g in self.grants.values()
                if g not in sure
                and g.giver is not None
                and all(self.holds(g.giver, right, g.resource, g.zone, sure) for right in g.rights | {"share"})
            ]
            if not more:
                break
            sure += more
        self.grants = {g.id: replace(g) for g in sorted(sure, key=lambda g: g.id)}
