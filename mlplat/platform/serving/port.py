"""`ServingPort`: how services reach zones, workloads and network: through the Zone Manager and the Management Endpoint."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ...errors import MlplatError, OptionError
from ..identity.rights import Right
from ..references import PLATFORM
from ..work.task import label_of
from ..zones.journal import DEVELOPMENT

if TYPE_CHECKING:
    from ...context import Simulation
    from ...events import Event
    from ...infra.endpoint import ManagementEndpoint, Program
    from ..identity.authorization import Authorization
    from ..identity.principals import Principal
    from ..zones.zone_manager import ZoneManager
    from .live_version import VersionPlan

DARK = ("node.failed", "node.partitioned")
BRIGHT = ("node.recovered", "node.joined")
LABEL = "serving"
"""The label of workloads that serve: the name of the service in its zone's network."""


class ServingPort:
    """The cluster, for services.

    `models_at`: from where replicas fetch models, a place in the network; None for models that are there at once.
    """

    def __init__(
        self,
        sim: Simulation,
        zones: ZoneManager,
        authorization: Authorization,
        endpoint: ManagementEndpoint | None,
        networked: bool,
        administrator: str,
        models_at: str | None,
        unlisted: Callable[[str], None],
    ) -> None:
        self._sim, self._zones, self._authorization, self._endpoint = sim, zones, authorization, endpoint
        self._networked, self._administrator, self._models_at = networked, administrator, models_at
        self._dark: set[str] = set()
        if endpoint is None:
            return
        for predicate in DARK:
            sim.log.subscribe(predicate, lambda event: self._dark.add(event.name))
        for predicate in BRIGHT:
            sim.log.subscribe(predicate, lambda event: self._dark.discard(event.name))
        if networked:
            sim.log.subscribe("endpoint.removed", lambda event: self._removed(event, unlisted))

    def _removed(self, event: Event, unlisted: Callable[[str], None]) -> None:
        unlisted(str(event.data["address"]))

    def workload(self, service: str, number: int) -> str:
        """A name for the workload of a version. Raises OptionError where another workload is called so."""
        name = f"{label_of(service)}-v{number}"
        if self._endpoint is not None and not self._endpoint.is_free(name):
            raise OptionError(f"the name {name!r} of the workload is not free on this cluster; expected another service")
        return name

    def open(self, service: str, zone: str, host: str | None) -> None:
        """Give a service its name in the network of its zone, and a host outside. Raises what the endpoint does."""
        if self._endpoint is None or not self._networked:
            if host is not None:
                raise OptionError(f"host={ascii(host)[:60]}: the cluster has no network")
            return
        from ...infra.endpoint import Ingress, NetworkService

        label = label_of(service.partition("/")[2])
        self._endpoint.expose(NetworkService(label, zone, {LABEL: label_of(service)}), actor=self._administrator)
        if host is not None:
            try:
                made = Ingress(label, zone, host, [{"path": "/", "service": label, "port": 80}])
                self._endpoint.publish(made, actor=self._administrator)
            except MlplatError:
                self._endpoint.unexpose(label, zone, actor=self._administrator)
                raise

    def close(self, service: str, zone: str, host: str | None) -> None:
        """Take name and host back."""
        if self._endpoint is None or not self._networked:
            return
        label = label_of(service.partition("/")[2])
        with suppress(MlplatError):
            if host is not None:
                self._endpoint.unpublish(label, zone, actor=self._administrator)
            self._endpoint.unexpose(label, zone, actor=self._administrator)

    def of(self, service: str, zone: str) -> ServiceCluster:
        """The cluster, for one service."""
        return ServiceCluster(self, service, zone)

    def starts_as(self, zone: str, actor: Principal) -> str:
        """The id of whom replicas are started by: the caller, and for an administrator in a development zone its owner, as nobody else may
        start anything there.
        """
        entry = self._zones._catalogue.zones.get(zone)
        if entry is not None and entry.kind == DEVELOPMENT and self._authorization.may(actor, Right.ADMIN, PLATFORM):
            return entry.bound_to
        return actor.id

    def require_zone(self, zone: str, actor: Principal, call: str) -> None:
        """That the caller may start something in a zone, before anything is done there. Raises AccessDenied, UnknownNameError."""
        resource = self._zones._resource(zone)
        account = self.starts_as(zone, actor)
        starter = actor if account == actor.id else self._authorization.called(account)
        self._authorization.require(starter, Right.DEPLOY, resource, zone, call=call, source="serving", named=lambda: f"zone:{zone}")
        self._zones._enterable(zone, starter, "submit")

    # -- for one service

    def start(self, service: str, zone: str, plan: VersionPlan, workload: str, replicas: int, program: Program) -> None:
        """See `live_service.Cluster`."""
        from ...infra.workload_spec import Workload

        actor = self._authorization.called(plan.account)
        made = Workload(
            workload,
            plan.request,
            kind="service",
            replicas=replicas,
            image=plan.image,
            labels={LABEL: label_of(service), "version": str(plan.number)},
        )
        self._zones.submit(zone, made, program=program, actor=actor)

    def scale(self, plan: VersionPlan, workload: str, replicas: int) -> None:
        """See `live_service.Cluster`."""
        assert self._endpoint is not None
        self._endpoint.scale(workload, replicas, actor=plan.account)

    def end(self, workload: str) -> None:
        """See `live_service.Cluster`."""
        assert self._endpoint is not None
        with suppress(MlplatError):  # somebody else has deleted it
            self._endpoint.delete(workload, actor=self._administrator)

    def fetch(self, replica: str, mib: float, then: Callable[[], None]) -> bool:
        """See `live_service.Cluster`."""
        if self._endpoint is None or not self._networked or self._models_at is None:
            return False
        self._endpoint.fetch(replica, self._models_at, mib, on_done=then, actor=self._administrator)
        return True

    def reachable(self, node: str) -> bool:
        """See `live_service.Cluster`."""
        return node not in self._dark

    def lit(self, node: str) -> None:
        """Something on a node has come up, so it is there."""
        self._dark.discard(node)


class ServiceCluster:
    """The cluster, for one service (`live_service.Cluster`)."""

    def __init__(self, port: ServingPort, service: str, zone: str) -> None:
        self._port, self._service, self._zone = port, service, zone
        self.scale, self.end, self.fetch, self.reachable, self.lit = port.scale, port.end, port.fetch, port.reachable, port.lit

    def start(self, plan: VersionPlan, workload: str, replicas: int, program: Any) -> None:
        """See `live_service.Cluster`."""
        self._port.start(self._service, self._zone, plan, workload, replicas, program)
