"""Who may connect to whom within the cluster: `Rule` and `NetworkPolicy`, in the manner of Kubernetes. See docs/network/isolation.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...errors import OptionError
from ...hardware.hosts import Network, contains, read_network, read_port
from ..endpoint.selectors import LabelRule, workload_rules
from ..workload_spec import check_name
from .names import check_network_zone
from .peers import Peer

EVERY_ZONE = "*"
Labels = str | Mapping[str, str] | tuple[LabelRule, ...] | None


@dataclass(frozen=True, slots=True)
class Rule:
    """Which other ends a policy allows, and on which ports; all that is given must hold.

    `zones`: names of zones, or `"*"` for every zone; if only a `selector` is given, the zone of the policy. `selector`: labels of the
    other workload, a mapping or text as of `kubectl -l`. `cidr`: a network that holds its address; it stands alone, without zones and
    selector. `ports`: of the target, None for every port. A rule without zones, selector and cidr allows everybody, the outside too.
    Raises OptionError that names the field.

    >>> rule = Rule(zones=["team-a"], selector="app=web", ports=[80])
    >>> rule.allows(Peer("web", "team-a", {"app": "web"}), 80, "team-b"), rule.allows(Peer("web", "team-a", {"app": "web"}), 81, "team-b")
    (True, False)
    """

    zones: Sequence[str] | str | None = None
    selector: Labels = None
    cidr: Network | str | None = None
    ports: Sequence[int] | None = None

    def __post_init__(self) -> None:
        if self.cidr is not None and (self.zones is not None or self.selector is not None):
            raise OptionError(f"cidr={self.cidr!a:.60}: stands alone; expected neither zones nor selector in the same rule")
        if self.zones is not None:
            object.__setattr__(self, "zones", _zones(self.zones))
        if self.selector is not None:
            object.__setattr__(self, "selector", read_selector(self.selector))
        if self.cidr is not None:
            object.__setattr__(self, "cidr", read_network(self.cidr))
        if self.ports is not None:
            object.__setattr__(self, "ports", _ports(self.ports))

    def allows(self, other: Peer, port: int, zone: str) -> bool:
        """Whether the rule, in a policy of `zone`, allows a connection on a port with `other` at its other end."""
        if self.ports is not None and port not in self.ports:
            return False
        if self.cidr is not None:
            return other.address is not None and contains(self.cidr, other.address)  # type: ignore[arg-type]
        if self.zones is None and self.selector is None:
            return True
        if other.outside:
            return False
        zones = (zone,) if self.zones is None else self.zones
        return (EVERY_ZONE in zones or other.zone in zones) and chooses(self.selector, other.labels)


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    """What the workloads of a zone that `selector` chooses may be reached by (`ingress`) and may reach (`egress`).

    `name`: a DNS label, unique in its zone. `selector`: labels, a mapping or text as of `kubectl -l`; None chooses every workload of the
    zone. `ingress`, `egress`: rules, of which one is enough; an empty list allows nothing, None says nothing of that direction.
    Raises OptionError that names the field.

    >>> policy = NetworkPolicy("allow-a", "team-b", {"app": "store"}, ingress=[Rule(zones=["team-a"], ports=[5432])])
    >>> policy.selects(Peer("store", "team-b", {"app": "store"})), str(policy)
    (True, 'policy team-b/allow-a')
    """

    name: str
    zone: str = ""
    selector: Labels = None
    ingress: Sequence[Rule] | None = None
    egress: Sequence[Rule] | None = None

    def __post_init__(self) -> None:
        check_name(self.name)
        object.__setattr__(self, "zone", check_network_zone(self.zone))
        if self.selector is not None:
            object.__setattr__(self, "selector", read_selector(self.selector))
        for direction in ("ingress", "egress"):
            if getattr(self, direction) is not None:
                object.__setattr__(self, direction, _rules(direction, getattr(self, direction)))
        if self.ingress is None and self.egress is None:
            raise OptionError(f"{self}: expected rules for ingress, egress or both; an empty list allows nothing")

    def selects(self, peer: Peer) -> bool:
        """Whether the policy is about a workload."""
        return not peer.outside and peer.zone == self.zone and chooses(self.selector, peer.labels)

    def uses_addresses(self) -> bool:
        """Whether a rule asks for the address of the other end."""
        return any(rule.cidr is not None for rules in (self.ingress, self.egress) for rule in rules or ())

    def __str__(self) -> str:
        return f"policy {self.zone}/{self.name}"


def chooses(selector: Labels, labels: Mapping[str, str]) -> bool:
    """Whether a selector that was read chooses a workload with these labels; None chooses all."""
    return selector is None or all(rule.holds(labels) for rule in selector)  # type: ignore[union-attr]


def read_selector(given: object) -> tuple[LabelRule, ...]:
    """The conditions of a selector. Raises OptionError that names the field."""
    try:
        return workload_rules(given)  # type: ignore[arg-type]
    except OptionError as error:
        raise OptionError(f"selector: {error}") from None


def _zones(given: object) -> tuple[str, ...]:
    if isinstance(given, str) and given == EVERY_ZONE:
        return (EVERY_ZONE,)
    if isinstance(given, str) or not isinstance(given, (list, tuple, set, frozenset)) or not given:
        raise OptionError(f"zones={given!a:.60}: expected a list of names of zones, or '*' for every zone")
    try:
        return tuple(sorted({EVERY_ZONE if isinstance(zone, str) and zone == EVERY_ZONE else check_network_zone(zone) for zone in given}))
    except OptionError as error:
        raise OptionError(f"zones: {error}") from None


def _ports(given: object) -> tuple[int, ...]:
    if isinstance(given, str) or not isinstance(given, (list, tuple, set, frozenset, range)) or not given:
        raise OptionError(f"ports={given!a:.60}: expected a list of ports, or None for every port")
    return tuple(sorted({read_port(port, "ports") for port in given}))


def _rules(direction: str, given: object) -> tuple[Rule, ...]:
    if not isinstance(given, (list, tuple)):
        raise OptionError(f"{direction}={given!a:.60}: expected a list of rules")
    for number, rule in enumerate(given, 1):
        if not isinstance(rule, Rule):
            raise OptionError(f"{direction}, rule {number}: expected a Rule, such as Rule(zones=['team-a']), not {rule!a:.60}")
    return tuple(given)
