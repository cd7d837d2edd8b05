"""`Service`: a name for those workloads of a zone that its selector chooses; and what a caller gets of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ...errors import MlplatError, OptionError
from ..endpoint.selectors import LabelRule, workload_rules, written_rule
from .addresses import Address
from .balancing import RoundRobin, check_balancing
from .names import check_network_zone, service_name

if TYPE_CHECKING:
    from .balancing import Balancer
    from .service_index import Member

MAX_PORT: Final = 65535


@dataclass(frozen=True)
class Service:
    """A name in a zone, and the members behind it: those of the zone whose labels the selector chooses.

    `name`: a DNS label. `zone`: its zone, empty for `default`. `selector`: a mapping of labels, or text as of `kubectl -l`, such as
    `"app=web,tier!=test"`; at least one condition. `port`: where callers connect. `target_port`: where the members listen, None for the
    same. `balancing`: `round-robin`, `least-connections` or `random`. Raises OptionError, UnknownNameError.

    >>> service = Service("web", "team-a", {"app": "web"}, port=80, target_port=8080)
    >>> service.full_name, service.selector, service.target_port
    ('web.team-a.svc.cluster', 'app=web', 8080)
    """

    name: str
    zone: str = ""
    selector: str | Mapping[str, str] = ""
    port: int = 80
    target_port: int | None = None
    balancing: str = RoundRobin.name
    rules: tuple[LabelRule, ...] = field(init=False, repr=False, compare=False)
    """The conditions of the selector."""

    def __post_init__(self) -> None:
        service_name(self.name, self.zone)
        rules = _rules(self.selector)
        port = _port("port", self.port)
        self._set("zone", check_network_zone(self.zone))
        self._set("rules", rules)
        self._set("selector", ",".join(map(written_rule, rules)))
        self._set("port", port)
        self._set("target_port", port if self.target_port is None else _port("target_port", self.target_port))
        check_balancing(self.balancing)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @property
    def full_name(self) -> str:
        """Its name in full."""
        return service_name(self.name, self.zone)

    def chooses(self, labels: Mapping[str, str]) -> bool:
        """Whether a workload of its zone with these labels is behind it."""
        return all(rule.holds(labels) for rule in self.rules)


class Endpoint(NamedTuple):
    """A member that takes connections, as a service sees it."""

    member: str
    address: Address
    node: str


class Connection:
    """A connection that a service gave to one of its endpoints; nobody changes it but by `close`, at the end or as a `with` block.

    `service`: the full name. `member`, `address`, `node`: to whom. `port`: where the member listens; None under a workload's own name,
    which is of no port in particular. `client`: who connected. `is_open`: until it is closed. Whether the member is still there is for
    those who send something to find out.
    """

    __slots__ = ("_balancer", "_member", "client", "is_open", "port", "service")

    def __init__(self, service: str, member: Member, port: int | None, client: str, balancer: Balancer[Member] | None) -> None:
        self.service, self.port, self.client, self.is_open = service, port, client, True
        self._member, self._balancer = member, balancer

    @property
    def member(self) -> str:
        """The name of the member."""
        return self._member.name

    @property
    def address(self) -> Address:
        """The address of the member."""
        return self._member.address

    @property
    def node(self) -> str:
        """The node of the member."""
        return self._member.node

    def close(self) -> None:
        """End it. A second time does nothing."""
        if self.is_open:
            self.is_open = False
            if self._balancer is not None:
                self._balancer.closed(self._member)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Connection({self.client!a} to {self.service}: {self.member!a} at {self.address}{'' if self.is_open else ', closed'})"


class NoEndpointsError(MlplatError):
    """No endpoint of a service is known to be ready.

    Attributes: `service` (what was asked for, in full), and numbers of members: `members` (all), `starting` (never ready yet), `unready`
    (not any more), `unseen` (ready, but that is not known yet).
    """

    def __init__(self, service: str, *, starting: int, unready: int, unseen: int) -> None:
        self.service, self.starting, self.unready, self.unseen = service, starting, unready, unseen
        self.members = starting + unready + unseen
        counts = [(starting, "starting"), (unready, "unready"), (unseen, "ready but not seen yet")]
        reasons = ", ".join(f"{count:,} {what}" for count, what in counts if count) or "it has no members"
        super().__init__(f"{service}: 0/{self.members:,} endpoints ready: {reasons}")


def _rules(selector: Any) -> tuple[LabelRule, ...]:
    try:
        rules = workload_rules(selector)
    except OptionError as error:
        raise OptionError(f"selector: {error}") from None
    if not rules:
        raise OptionError("selector: expected at least one condition on labels, such as 'app=web'")
    return rules


def _port(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_PORT:
        raise OptionError(f"{name}={ascii(value)[:40]}: expected a port from 1 to {MAX_PORT}")
    return value
