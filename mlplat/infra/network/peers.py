"""Who connects, and what is decided of it: `Peer`, `Decision` and its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ...errors import OptionError
from ...hardware.hosts import Address, read_address
from ..workload_spec import NO_LABELS, check_labels
from .names import zone_name


class Reason(StrEnum):
    """Why a connection is allowed or denied."""

    ITSELF = "ITSELF"
    WITHIN_ZONE = "WITHIN_ZONE"
    RULE = "RULE"
    EXPOSED = "EXPOSED"
    GATEWAY = "GATEWAY"
    BETWEEN_ZONES = "BETWEEN_ZONES"
    NO_INGRESS_RULE = "NO_INGRESS_RULE"
    NO_EGRESS_RULE = "NO_EGRESS_RULE"
    NOT_EXPOSED = "NOT_EXPOSED"
    NOT_IN_ALLOW_LIST = "NOT_IN_ALLOW_LIST"
    OUTSIDE_ONLY = "OUTSIDE_ONLY"


REASONS: Final[Mapping[Reason, tuple[bool, str]]] = {
    Reason.ITSELF: (True, "a workload reaches itself"),
    Reason.WITHIN_ZONE: (True, "both are of one zone, and no policy selects them"),
    Reason.RULE: (True, "a rule of a policy allows it"),
    Reason.EXPOSED: (True, "an ingress exposes the service to the outside"),
    Reason.GATEWAY: (True, "the gateway lets it out"),
    Reason.BETWEEN_ZONES: (False, "they are of two zones, and no policy selects the target"),
    Reason.NO_INGRESS_RULE: (False, "policies select the target, and no ingress rule of theirs allows it"),
    Reason.NO_EGRESS_RULE: (False, "policies select the source, and no egress rule of theirs allows it"),
    Reason.NOT_EXPOSED: (False, "no ingress leads there from the outside"),
    Reason.NOT_IN_ALLOW_LIST: (False, "the gateway does not let it out, or there is none"),
    Reason.OUTSIDE_ONLY: (False, "neither end is of this network"),
}
"""Of each reason: whether it allows, and its meaning."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a connection may be made. True in a condition if it may.

    `rule`: the rule or default that decided. `reason`: the same as a word of `Reason`.

    >>> decision = Decision(False, "default: deny between zones", Reason.BETWEEN_ZONES)
    >>> bool(decision), str(decision)
    (False, 'denied by default: deny between zones')
    """

    allowed: bool
    rule: str
    reason: Reason

    def __bool__(self) -> bool:
        return self.allowed

    def __str__(self) -> str:
        return f"{'allowed' if self.allowed else 'denied'} by {self.rule}"


@dataclass(frozen=True, slots=True)
class Peer:
    """One end of a connection.

    `zone` and `labels` are those of its workload. `address`: an IP address or None where it has none. `outside`: not of the cluster; it
    has neither zone nor labels, and is known by its name (of an external endpoint, or a host name) and address. Raises OptionError.

    >>> print(Peer("train", zone="team-a", address="10.0.0.2"), Peer("browser", outside=True))
    team-a/train browser (outside)
    """

    name: str
    zone: str = ""
    labels: Mapping[str, str] = field(default_factory=lambda: NO_LABELS, compare=False)
    address: Address | str | None = None
    outside: bool = False
    kind: tuple[str, tuple[tuple[str, str], ...], bool] = field(init=False, repr=False)
    """All that a policy asks of it but its address: equal for the replicas of a workload."""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not 0 < len(self.name) <= 253 or not self.name.isprintable():
            raise OptionError(f"name={self.name!a:.60}: expected printable text of 1 to 253 characters")
        if not isinstance(self.outside, bool):
            raise OptionError(f"outside={self.outside!a:.60}: expected True or False")
        if self.outside and (self.zone or self.labels):
            raise OptionError(f"peer {self.name!r} is outside: expected neither zone nor labels")
        labels = check_labels(self.labels)
        zone = "" if self.outside else zone_name(self.zone)
        object.__setattr__(self, "zone", zone)
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "kind", (zone, tuple(sorted(labels.items())), self.outside))
        if self.address is not None:
            object.__setattr__(self, "address", read_address(self.address))

    def __str__(self) -> str:
        return f"{self.name} (outside)" if self.outside else f"{self.zone}/{self.name}"
