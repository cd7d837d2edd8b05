"""Who talks to whom: every connection is checked, led to an endpoint and carried as transfers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ...errors import MlplatError, OptionError, UnknownNameError, printable
from ...hardware.hosts import host_name, read_port
from ...units import Duration, seconds
from .connections import ConnectionDeniedError, Connections
from .flow_input import read_mib
from .ingress import IngressPath, IngressTable, NoRouteToServiceError, Route
from .names import service_name
from .outside import ANYTHING, ExternalEndpoint, Gateway
from .peers import Decision, Peer
from .policy_set import PolicySet
from .requests import Outcome, Request
from .services import Connection, NoEndpointsError

if TYPE_CHECKING:
    from .manager import NetworkManager
    from .transfers import Transfer

SOURCE = "network"
PORT = 80
LARGEST = sys.float_info.max


class Traffic:
    """Connections and requests between workloads, and with the outside.

    `policies`: who may connect to whom. `gateway`: what may be reached outside; None for nothing. `ingress`: what is reached from there.
    `connections`: the checks, and their counts. Ends are named by text: an environment (`train/0`), a service or workload as its
    caller would write it (`web`, `web.team-a`), an external endpoint, a host outside.
    """

    def __init__(self, network: NetworkManager) -> None:
        self.network, self.sim = network, network.sim
        spec = network.spec
        self.external = {
            each.name: ExternalEndpoint(each.name, list(each.hosts), each.network, float(each.bandwidth), each.latency)
            for each in spec.external
        }
        self.policies = PolicySet()
        self.ingress = IngressTable(spec.public_address)
        self.gateway: Gateway | None = None
        if spec.gateway is not None:
            self.gateway = Gateway(float(spec.gateway.bandwidth), list(spec.gateway.allow), external=list(self.external.values()))
        self.connections = Connections(network.sim, self.policies, self.gateway, self.ingress)

    # -- ends

    def peer(self, name: str) -> Peer:
        """An environment or an external endpoint as one end of a connection. Raises UnknownNameError."""
        attachment = self.network.attachments.find(name)
        if attachment is not None:
            serial, known_peers = attachment.environment.serial, self.network.attachments.peers
            peer = known_peers.get(serial)
            if peer is None:
                labels = attachment.environment.owner.workload.labels
                peer = known_peers[serial] = Peer(attachment.name, attachment.zone, labels, attachment.address)
            return peer
        endpoint = self.external.get(name) if isinstance(name, str) else None
        if endpoint is None:
            known = [*self.external, *(each.name for each in self.network.attachments)][:20]
            raise UnknownNameError("end of a connection", printable(str(name)[:80]), known)
        return endpoint.peer()

    def _outside(self, name: str) -> Peer | None:
        """What is outside by its name or one of its host names; None for what is none.

        A name within a zone of this network is no host, unless the gateway's list lets it out.
        """
        try:
            host = host_name(name)
        except OptionError:
            return None
        for endpoint in self.external.values():
            if endpoint.name == name or host in endpoint.hosts:
                return Peer(name, address=endpoint.peer().address, outside=True)
        is_host = "." in host and (self._is_let_out(host) or not self.network.services.means_service(host, self.network.addresses.networks))
        return Peer(name, outside=True) if is_host else None

    def _is_let_out(self, host: str) -> bool:
        if self.gateway is None:
            return False
        decision = self.gateway.decide(Peer(host, outside=True), host, PORT)
        return bool(decision) and decision is not ANYTHING

    def _no_service(self, name: str, zone: str, error: MlplatError) -> MlplatError:
        """The error for what is no name of a service: it names the closest ones where a service must be meant."""
        services = self.network.services
        return services.unknown(name, zone) if services.means_service(name, self.network.addresses.networks) else error

    def can_reach(self, source: str, target: str, port: int = PORT) -> Decision:
        """Whether `source` may connect to `target`, and the rule that says so; nothing is counted or written down.

        Of a service it is asked for the endpoint that came first. Raises UnknownNameError, NoEndpointsError.
        """
        asking = self.peer(source)
        if (isinstance(target, str) and target in self.external) or self.network.attachments.find(target) is not None:
            asked = self.peer(target)
            return self.connections.decide(asking, asked, port, route=self._route_to(target) if asking.outside else None)
        try:
            endpoints = self.network.services.endpoints(target, asking.zone)
        except (UnknownNameError, OptionError) as error:
            outside = self._outside(target)
            if outside is None or asking.outside:
                raise self._no_service(target, asking.zone, error) from None
            return self.connections.decide(asking, outside, port)
        if not endpoints:
            self.network.services.pick(target, asking.zone)  # raises with the reasons
        return self.can_reach(source, endpoints[0].member, port)

    def _route_to(self, member: str) -> Route | None:
        """How an ingress leads to an endpoint, None for not at all."""
        services = self.network.services
        for ingress in self.ingress.list():
            for path in ingress.paths:
                assert isinstance(path, IngressPath)
                route = Route(ingress.zone, path.service, path.port)
                try:
                    endpoints = services.endpoints(route.service, route.zone)
                except UnknownNameError:
                    continue
                if any(endpoint.member == member for endpoint in endpoints):
                    return route
        return None

    # -- connections

    def connect(self, source: str, target: str, port: int | None = None, *, cause: Any = None) -> Connection:
        """A connection from an environment to an endpoint of a service, or to a replica. To be closed.

        Raises ConnectionDeniedError (after one `connection.denied`), NoEndpointsError, UnknownNameError.
        """
        asking = self.peer(source)
        if port is not None:
            port = read_port(port)
        try:
            connection = self.network.services.pick(target, asking.zone, source)
        except OptionError as error:
            raise self._no_service(target, asking.zone, error) from None
        try:
            self._check(asking, connection, port or connection.port or PORT, None, cause)
        except MlplatError:
            connection.close()
            raise
        return connection

    def visit(self, source: str, host: str, path: str = "/", *, cause: Any = None) -> Connection:
        """A connection from an external endpoint to the public address, led by an ingress to an endpoint of a service. To be closed.

        Raises NoRouteToServiceError, ConnectionDeniedError, NoEndpointsError, UnknownNameError (also for the service, in full, where the
        ingress leads to one that is not there).
        """
        asking = self.peer(source)
        route = self.connections.enter(asking, host, path, cause=cause)
        connection = self.network.services.pick(service_name(route.service, route.zone), client=source)
        try:
            self._check(asking, connection, route.port, route, cause)
        except MlplatError:
            connection.close()
            raise
        return connection

    def leave(self, source: str, host: str, port: int = 443, *, cause: Any = None) -> Decision:
        """Connect from an environment to a host outside, or to an external endpoint. Raises ConnectionDeniedError, UnknownNameError."""
        asking, outside = self.peer(source), self._outside(host)
        if outside is None:
            unknown = UnknownNameError("host outside", printable(str(host)[:80]), list(self.external))
            try:
                self.network.services.resolve(host, asking.zone)
            except (UnknownNameError, OptionError):
                raise self._no_service(host, asking.zone, unknown) from None
            raise unknown  # a service of this network
        return self.connections.require(asking, outside, port, cause=cause)

    def _check(self, asking: Peer, connection: Connection, port: int, route: Route | None, cause: Any) -> None:
        attachment = self.network.attachments.find(connection.member)
        if attachment is not None:  # else it is gone, and nobody has seen that yet: the caller finds out
            self.connections.require(asking, self.peer(attachment.name), port, route=route, cause=cause)

    # -- requests

    def request(
        self,
        source: str,
        target: str,
        *,
        path: str | None = None,
        port: int | None = None,
        request_mib: float = 0.001,
        response_mib: float = 0.001,
        work: Duration = 0.0,
        timeout: Duration = 30.0,
        retries: int = 0,
        cause: Any = None,
    ) -> Request:
        """Ask a service and wait for its answer: the request goes over the network, the endpoint works on it, the answer comes back.

        `path`: `target` is a host of the public address, and `source` outside. `work`: time at the endpoint. `timeout`: of a try; after it
        another endpoint is asked, `retries` times. It is never raised for what becomes of it: see `Request.outcome`. Event
        `request.finished` {target, outcome, seconds, tries}. Raises UnknownNameError for a source that is not there, OptionError.
        """
        self.peer(source)
        length, most = seconds(work), seconds(timeout)
        if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
            raise OptionError(f"retries={ascii(retries)[:40]}: expected a whole number of at least 0")
        question_mib, answer_mib = read_mib(request_mib, "request_mib", LARGEST), read_mib(response_mib, "response_mib", LARGEST)
        request, subject = Request(source, target, self.sim.now, self.sim.event()), f"request:{source}"

        def way_there() -> Connection:
            return self.visit(source, target, path, cause=cause) if path is not None else self.connect(source, target, port, cause=cause)

        tried: set[str] = set()

        def attempt() -> None:
            request.tries += 1
            try:
                way = way_there()
                for _ in range(len(tried)):  # another one than before, if there is one
                    if way.member in tried:
                        way.close()
                        way = way_there()
            except (ConnectionDeniedError, NoRouteToServiceError) as error:
                self._over(request, Outcome.DENIED, str(error), cause)
                return
            except (NoEndpointsError, UnknownNameError) as error:
                self._over(request, Outcome.NO_ENDPOINT, str(error), cause)
                return
            tried.add(way.member)
            request._connection, request.member = way, way.member
            request._timer = self.sim.after(most, expire)
            if self.network.attachments.find(way.member) is not None:
                request._transfer = self.network.carry(source, way.member, question_mib, on_done=arrived, subject=subject)

        def arrived(transfer: Transfer) -> None:
            if request._transfer is transfer:
                self.sim.after(length, answer, request.tries)

        def answer(tries: int) -> None:
            waits = tries == request.tries and request.outcome is Outcome.UNDERWAY
            if waits and self.network.attachments.find(request.member) is not None:
                request._transfer = self.network.carry(request.member, source, answer_mib, on_done=received, subject=subject)

        def received(transfer: Transfer) -> None:
            if request._transfer is transfer:
                self._over(request, Outcome.ANSWERED, "", cause)

        def expire() -> None:
            self._close(request)
            if request.tries <= retries:
                attempt()
            else:
                self._over(request, Outcome.TIMED_OUT, f"no answer from {request.member} within {most:g} s", cause)

        attempt()
        return request

    def _close(self, request: Request) -> None:
        if request._timer is not None:
            request._timer.cancel()
        if request._transfer is not None:
            request._transfer.cancel()
        if request._connection is not None:
            request._connection.close()
        request._timer = request._transfer = request._connection = None

    def _over(self, request: Request, outcome: Outcome, reason: str, cause: Any) -> None:
        self._close(request)
        request.outcome, request.reason, request.ended_s = outcome, reason, self.sim.now
        data = {"target": request.target, "outcome": outcome.value, "seconds": request.ended_s - request.sent_s, "tries": request.tries}
        self.sim.emit(f"request:{request.source}", "request.finished", source=SOURCE, cause=cause, data=data)
        request.done.succeed(outcome)
