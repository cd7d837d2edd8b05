"""`Connections`: every connection is checked here, by policies, gateway and ingress together; what is denied is written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...errors import MlplatError, OptionError, printable
from ...hardware.hosts import read_port
from .ingress import IngressTable, NoRouteToServiceError, Route
from .outside import Gateway
from .peers import REASONS, Decision, Peer, Reason
from .policy_set import FROM_OUTSIDE, OUTSIDE_ONLY, TO_OUTSIDE, PolicySet

if TYPE_CHECKING:
    import polars as pl

    from ...context import Simulation
    from ...events import Event

SOURCE: Final = "network"
RULE_COLUMNS: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("rule", "String", "", "the rule or default that decided"),
    ("allowed", "Int64", "", "connections it allowed"),
    ("denied", "Int64", "", "connections it denied"),
)


class ConnectionDeniedError(MlplatError):
    """A connection may not be made. Attributes: `source`, `target` (peers), `port`, `decision`."""

    def __init__(self, source: Peer, target: Peer, port: int, decision: Decision) -> None:
        self.source, self.target, self.port, self.decision = source, target, port, decision
        why = REASONS[decision.reason][1]
        super().__init__(f"{source} may not connect to {target} on port {port}: {decision.rule} ({why})")


class Connections:
    """The checks of all connections of a cluster, and their counts.

    `policies`, `gateway`, `ingress`: may be exchanged, and what is in them changed, at any time; the next check is by what they are then.
    Without a gateway nothing reaches the outside, without an ingress nothing is reached from there.

    >>> from mlplat import Simulation
    >>> sim = Simulation()
    >>> connections = Connections(sim, PolicySet())
    >>> connections.check(Peer("train", "team-a"), Peer("store", "team-b"), 80).reason.value
    'BETWEEN_ZONES'
    >>> sim.log[0].predicate, sim.log[0].data["rule"]
    ('connection.denied', 'default: deny between zones')
    """

    def __init__(self, sim: Simulation, policies: PolicySet, gateway: Gateway | None = None, ingress: IngressTable | None = None) -> None:
        self._sim = sim
        self.policies, self.gateway, self.ingress = policies, gateway, ingress
        self._allowed: dict[str, int] = {}
        self._denied: dict[str, int] = {}

    def decide(self, source: Peer, target: Peer, port: int, *, route: Route | None = None) -> Decision:
        """What `check` answers, without counting it or writing it down: a question, not a connection."""
        if not source.outside and not target.outside:
            return self.policies.decide(source, target, port)
        port = read_port(port)
        if source.outside and target.outside:
            return OUTSIDE_ONLY
        return self._in(source, target, port, route) if source.outside else self._out(source, target, port)

    def check(
        self,
        source: Peer,
        target: Peer,
        port: int,
        *,
        route: Route | None = None,
        actor: str | None = None,
        cause: Event | int | None = None,
    ) -> Decision:
        """Decide on a connection that is about to be made, from `source` to a port of `target`. Called for every one.

        `route`: as what a source outside reaches the target: the answer of `enter`; None for the service of the target's own name.
        `actor`: the principal who connects, the source's name if None. A denied one emits `connection.denied` {source, target, port, rule,
        reason}, caused by `cause` or what is in force. Raises OptionError for what is no port, with nothing counted.
        """
        decision = self.decide(source, target, port, route=route)
        if not decision:
            self._deny(source, str(target), port, decision, actor, cause)
        self._count(decision)
        return decision

    def require(
        self,
        source: Peer,
        target: Peer,
        port: int,
        *,
        route: Route | None = None,
        actor: str | None = None,
        cause: Event | int | None = None,
    ) -> Decision:
        """`check`, that raises ConnectionDeniedError where the connection is denied."""
        decision = self.check(source, target, port, route=route, actor=actor, cause=cause)
        if not decision:
            raise ConnectionDeniedError(source, target, port, decision)
        return decision

    def enter(
        self,
        source: Peer,
        host: str,
        path: str = "/",
        port: int | None = None,
        *,
        actor: str | None = None,
        cause: Event | int | None = None,
    ) -> Route:
        """The service to which a request from outside to the public address goes (see `IngressTable.route`).

        The connection to the chosen replica is then checked with this route. Raises NoRouteToServiceError where there is none, after one
        `connection.denied`.
        """
        try:
            if self.ingress is None:
                raise NoRouteToServiceError(host, path, "the cluster has no ingress")
            return self.ingress.route(host, path, port)
        except NoRouteToServiceError:
            asked = printable(f"{host}{path}".partition("?")[0][:200])
            self._deny(source, asked, port, FROM_OUTSIDE, actor, cause)
            self._count(FROM_OUTSIDE)
            raise

    def counts(self) -> dict[str, tuple[int, int]]:
        """Of each rule that decided so far: connections it allowed and denied, in order of rules."""
        return {rule: (self._allowed.get(rule, 0), self._denied.get(rule, 0)) for rule in sorted({*self._allowed, *self._denied})}

    def frame(self) -> pl.DataFrame:
        """`counts` as a frame with the columns of `RULE_COLUMNS`."""
        import polars as pl

        rows = [(rule, *both) for rule, both in self.counts().items()]
        return pl.DataFrame(rows, schema={name: getattr(pl, kind) for name, kind, *_ in RULE_COLUMNS}, orient="row")

    def _out(self, source: Peer, target: Peer, port: int) -> Decision:
        by_policy = self.policies.one_way("egress", source, target, port)
        if by_policy is not None and not by_policy:
            return by_policy
        if self.gateway is None:
            return TO_OUTSIDE
        try:
            return self.gateway.decide(source, target.name, port, target.address)
        except OptionError:  # its name is for people only
            return TO_OUTSIDE if target.address is None else self.gateway.decide(source, str(target.address), port)

    def _in(self, source: Peer, target: Peer, port: int, route: Route | None) -> Decision:
        if self.ingress is None or (route is not None and route.zone != target.zone):
            return FROM_OUTSIDE
        service, at = (target.name, None) if route is None else (route.service, route.port)
        ingress = self.ingress.exposes(target.zone, service, at)
        if ingress is None:
            return FROM_OUTSIDE
        by_policy = self.policies.one_way("ingress", target, source, port)
        if by_policy is not None and not by_policy:
            return by_policy
        return Decision(True, str(ingress), Reason.EXPOSED)

    def _count(self, decision: Decision) -> None:
        counts = self._allowed if decision else self._denied
        counts[decision.rule] = counts.get(decision.rule, 0) + 1

    def _deny(self, source: Peer, target: str, port: int | None, decision: Decision, actor: str | None, cause: Event | int | None) -> None:
        data = {"source": str(source), "target": target, "port": port, "rule": decision.rule, "reason": decision.reason.value}
        by = str(source) if actor is None else actor
        self._sim.emit(f"connection:{source}", "connection.denied", source=SOURCE, actor=by, cause=cause, data=data)
