"""`PolicySet`: all policies of the cluster, and what they decide of a connection."""

from __future__ import annotations

import builtins
from typing import Literal

from ...errors import OptionError, UnknownNameError, printable
from ...hardware.hosts import read_port
from .names import zone_name
from .peers import Decision, Peer, Reason
from .policies import NetworkPolicy

MOST_REMEMBERED = 100_000
"""Decisions that are remembered at most; then all are forgotten."""
ITSELF = Decision(True, "default: allow to itself", Reason.ITSELF)
WITHIN_ZONE = Decision(True, "default: allow within a zone", Reason.WITHIN_ZONE)
BETWEEN_ZONES = Decision(False, "default: deny between zones", Reason.BETWEEN_ZONES)
FROM_OUTSIDE = Decision(False, "default: deny from the outside", Reason.NOT_EXPOSED)
TO_OUTSIDE = Decision(False, "default: deny to the outside", Reason.NOT_IN_ALLOW_LIST)
OUTSIDE_ONLY = Decision(False, "default: deny what is not of this network", Reason.OUTSIDE_ONLY)

Direction = Literal["ingress", "egress"]


class PolicySet:
    """The policies of the cluster. Without any, each zone reaches itself and nothing else.

    A decision looks at the policies of the two zones, and is remembered until a policy comes or goes.

    >>> from mlplat.infra.network.policies import Rule
    >>> policies = PolicySet()
    >>> train, store = Peer("train", "team-a"), Peer("store", "team-b")
    >>> policies.decide(train, store, 80).rule
    'default: deny between zones'
    >>> policies.add(NetworkPolicy("allow-a", "team-b", ingress=[Rule(zones=["team-a"])]))
    >>> policies.decide(train, store, 80).rule
    'policy team-b/allow-a, ingress rule 1'
    """

    def __init__(self) -> None:
        self._zones: dict[str, dict[str, NetworkPolicy]] = {}
        """Zone -> name -> policy, in order of names."""
        self._addressed: set[str] = set()
        """Zones with a rule that asks for addresses."""
        self._decided: dict[tuple[object, ...], Decision] = {}

    def add(self, *policies: NetworkPolicy) -> None:
        """Put policies in force, all or, if one cannot be, none. Raises OptionError for a name that its zone has already."""
        added: dict[str, dict[str, NetworkPolicy]] = {}
        for policy in policies:
            if not isinstance(policy, NetworkPolicy):
                raise OptionError(f"expected a NetworkPolicy, not {policy!a:.60}")
            here = added.setdefault(policy.zone, {})
            if policy.name in here or policy.name in self._zones.get(policy.zone, ()):
                raise OptionError(f"{policy} exists already; remove it first")
            here[policy.name] = policy
        for zone, new in added.items():
            self._replace(zone, self._zones.get(zone, {}) | new)

    def remove(self, name: str, zone: str = "") -> NetworkPolicy:
        """Put a policy out of force and return it. Raises UnknownNameError for one that is not there."""
        zone = zone_name(zone)
        here = self._zones.get(zone, {})
        if not isinstance(name, str) or name not in here:
            raise UnknownNameError(f"policy of zone {zone!r}:", printable(str(name)[:60]), here)
        self._replace(zone, {other: policy for other, policy in here.items() if other != name})
        return here[name]

    def list(self, zone: str | None = None) -> tuple[NetworkPolicy, ...]:
        """The policies in force, of one zone or of all, in order of zone and name."""
        zones = sorted(self._zones) if zone is None else [zone_name(zone)]
        return tuple(policy for each in zones for policy in self._zones.get(each, {}).values())

    def decide(self, source: Peer, target: Peer, port: int) -> Decision:
        """Whether `source` may connect to `target` on a port, as far as policies and zones say.

        Policies alone open neither way to the outside: of an end that is outside the answer is no. Gateway and ingress come in with
        `Connections.check`. Where rules of both ends allow it, the target's is named. Raises OptionError for what is no port.
        """
        port = read_port(port)
        if source.outside or target.outside:
            return _outside(source, target)
        if source == target:
            return ITSELF
        key = (source.kind, target.kind, port)
        if source.zone in self._addressed or target.zone in self._addressed:
            key = (*key, source.address, target.address)  # type: ignore[assignment]
        decision = self._decided.get(key)
        if decision is None:
            decision = self._decide(source, target, port)
            if len(self._decided) >= MOST_REMEMBERED:
                self._decided.clear()
            self._decided[key] = decision
        return decision

    def _decide(self, source: Peer, target: Peer, port: int) -> Decision:
        out = self.one_way("egress", source, target, port)
        if out is not None and not out:
            return out
        into = self.one_way("ingress", target, source, port)
        if into is not None:
            return into
        if source.zone != target.zone:
            return BETWEEN_ZONES
        return out or WITHIN_ZONE

    def one_way(self, direction: Direction, peer: Peer, other: Peer, port: int) -> Decision | None:
        """What the policies that select `peer` say of a connection with `other`, one of the two outside or none; None if none selects it.

        `direction`: `"ingress"` for a connection to `peer`, `"egress"` for one from it.
        """
        selecting: builtins.list[NetworkPolicy] = []
        for policy in self._zones.get(peer.zone, {}).values():
            rules = policy.ingress if direction == "ingress" else policy.egress
            if rules is None or not policy.selects(peer):
                continue
            selecting.append(policy)
            for number, rule in enumerate(rules, 1):
                if rule.allows(other, port, policy.zone):
                    return Decision(True, f"{policy}, {direction} rule {number}", Reason.RULE)
        if not selecting:
            return None
        more = f" and {len(selecting) - 1} more" if len(selecting) > 1 else ""
        reason = Reason.NO_INGRESS_RULE if direction == "ingress" else Reason.NO_EGRESS_RULE
        return Decision(False, f"{selecting[0]}{more}, no {direction} rule", reason)

    def _replace(self, zone: str, policies: dict[str, NetworkPolicy]) -> None:
        if policies:
            self._zones[zone] = dict(sorted(policies.items()))
        else:
            self._zones.pop(zone, None)
        self._addressed.discard(zone)
        if any(policy.uses_addresses() for policy in policies.values()):
            self._addressed.add(zone)
        self._decided.clear()

    def __len__(self) -> int:
        return sum(map(len, self._zones.values()))

    def __repr__(self) -> str:
        return f"PolicySet({len(self)} policies in {len(self._zones)} zones)"


def _outside(source: Peer, target: Peer) -> Decision:
    if source.outside and target.outside:
        return OUTSIDE_ONLY
    return FROM_OUTSIDE if source.outside else TO_OUTSIDE
