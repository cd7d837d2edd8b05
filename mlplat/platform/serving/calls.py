"""What the calls of `Serving` have in common: which services there are, and those that are at work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ...errors import MlplatError, OptionError, UnknownNameError, printable
from ...streams import stream
from ..component import Component
from ..identity.authorization import Actor
from ..identity.principals import Principal
from ..identity.rights import Right
from ..record_shapes import Shape
from ..references import Reference, whole_name
from .answers import Observed, ServiceStatus
from .catalogue import Catalogue, ServiceEntry, VersionEntry
from .journal import RECORDS
from .live_version import VersionPlan
from .options import replica_options, service_options, version_of
from .port import ServingPort

if TYPE_CHECKING:
    from ...context import Simulation
    from ...infra.cluster import Cluster
    from ..artifacts.models import ModelRegistry
    from ..artifacts.referrers import Referrers
    from ..identity.provider import IdentityProvider
    from ..storage.store import Store
    from ..zones.zone_manager import ZoneManager
    from .answers import Predictor
    from .live_service import LiveService

Collector = Callable[[Observed], object]


class ServingCalls(Component):
    """Services, as far as all calls know them."""

    KIND: ClassVar[str] = "service"
    SOURCE: ClassVar[str] = "serving"
    _RECORDS: ClassVar[Mapping[str, Mapping[str, Shape]]] = RECORDS

    def __init__(
        self,
        sim: Simulation,
        identity: IdentityProvider,
        store: Store | None = None,
        *,
        zones: ZoneManager,
        models: ModelRegistry,
        cluster: Cluster | None = None,
        referrers: Referrers | None = None,
        models_at: str | None = None,
        administrator: str = "admin",
        load: Callable[[Any], Predictor | None] | None = None,
    ) -> None:
        self._models, self._load = models, portable if load is None else load
        self._has_cluster = cluster is not None
        self._live: dict[str, LiveService] = {}
        self._collectors: dict[str, list[tuple[Principal, Collector]]] = {}
        endpoint = None if cluster is None else cluster.endpoint
        networked = cluster is not None and cluster.network is not None
        authorization = identity._authorization
        self._port = ServingPort(sim, zones, authorization, endpoint, networked, administrator, models_at, self._unlisted)
        super().__init__(sim, identity, store)
        if referrers is not None:
            referrers.register(self._serving_models)
        if self._has_cluster and self._catalogue.services:
            sim.at(sim.now, self._take_up)

    # -- of components

    def _begin(self) -> None:
        self._catalogue = Catalogue()

    def _apply(self, record: Mapping[str, Any]) -> None:
        self._catalogue.apply(record)

    def _contents(self) -> Iterator[str]:
        return iter(())

    def _zone_in(self, resource: str) -> str:
        entry = self._catalogue.services.get(resource.partition(":")[2])
        return "" if entry is None else entry.zone

    def _resource_of(self, parameter: str, value: Any) -> str:
        return f"{self.KIND}:{whole_name(value).path}" if parameter == "name" else super()._resource_of(parameter, value)

    def _entry(self, name: str, actor: Actor) -> ServiceEntry:
        path = whole_name(name).path
        entry = self._catalogue.services.get(path)
        if entry is None:
            raise UnknownNameError("service", path, self._readable(actor))
        return entry

    def _readable(self, actor: Actor) -> tuple[str, ...]:
        may, found = self._authorization.may, self._catalogue.services.values()
        return tuple(entry.name for entry in found if may(actor, Right.READ, entry.resource, entry.zone))

    def _version(self, entry: ServiceEntry, model: str) -> VersionEntry:
        found = entry.of_model(str(Reference.parse(model)))
        if found is None:
            raise UnknownNameError("version", printable(str(model)[:80]), [version.model for version in entry.versions.values()])
        return found

    def _at_work(self, name: str, actor: Actor) -> LiveService:
        entry = self._entry(name, actor)
        if entry.name not in self._live:
            raise OptionError(f"service {entry.name!r} is not at work; expected a platform on a cluster")
        return self._live[entry.name]

    # -- what is at work

    def _bring_to_life(self, entry: ServiceEntry) -> LiveService:
        from .live_service import LiveService

        def salt(what: str) -> int:
            return int(stream(self._sim.seed, f"serving/{entry.name}/{what}").integers(0, 2**63))

        salts = salt("split"), salt("errors"), salt("samples")
        cluster, options = self._port.of(entry.name, entry.zone), service_options(entry.options)
        return LiveService(self._sim, entry.name, entry.zone, cluster, options, salts, self._tell)

    def _start(self, live: LiveService, entry: ServiceEntry, made: VersionEntry, predictor: Predictor | None) -> None:
        spec = version_of(entry.options, made.tags, made.number, made.replicas)
        replica = replica_options(entry.options, made.tags)
        plan = VersionPlan(
            made.number, made.model, made.digest, spec, replica.request, replica.image, replica.load_s, replica.model_mib, made.account
        )
        live.start(plan, self._port.workload(entry.name, made.number), made.replicas, predictor)

    def _status(self, path: str) -> ServiceStatus:
        entry = self._catalogue.services[path]
        live = self._live.get(path)
        if live is None:
            return ServiceStatus(path, entry.zone, entry.current, ())
        live.current = entry.current
        return live.status()

    def _tell(self, observed: Observed) -> None:
        entry = self._catalogue.services.get(observed.service)
        there = self._collectors.get(observed.service, [])
        for collecting in tuple(there):
            principal, collector = collecting
            if entry is not None and not self._authorization.may(principal, Right.READ, entry.resource, entry.zone):
                there.remove(collecting)
                try:
                    self._authorization.require(
                        principal, Right.READ, entry.resource, entry.zone, call=f"{self.SOURCE}.collect", source=self.SOURCE
                    )
                except MlplatError:
                    continue
            with self._sim.caused_by(None):  # traffic comes from outside
                collector(observed)

    def _unlisted(self, address: str) -> None:
        for live in self._live.values():
            live.unlisted(address)

    def _serving_models(self, resource: str) -> Iterator[str]:
        for entry in self._catalogue.services.values():
            if any(f"model:{version.model}" == resource for version in entry.versions.values()):
                yield entry.resource

    def _take_up(self) -> None:
        """Start again what the journal says is served. What cannot be is left without replicas, and said to be refused."""
        for entry in list(self._catalogue.services.values()):
            live = self._live[entry.name] = self._bring_to_life(entry)
            try:
                self._port.open(entry.name, entry.zone, entry.options.get("host"))
            except MlplatError as error:
                self._refused(f"{self.SOURCE}.take_up", error, entry.actor)
            for version in entry.versions.values():
                try:
                    actor = self._authorization.called(version.actor)
                    found = self._models.deployable(version.model, zone=entry.zone, actor=actor)
                    self._start(live, entry, version, self._load(found.artifact))
                except MlplatError as error:
                    self._refused(f"{self.SOURCE}.take_up", error, version.actor)
            weights = {each.number: each.weight for each in entry.versions.values() if each.number in live.versions and each.weight > 0}
            if weights:
                live.split(weights)


def portable(artifact: Any) -> Predictor | None:
    """The model of `mlplat.platform.training` that an artifact is; None for what is none."""
    from ..training import model_from_parts

    if not isinstance(artifact, Mapping):
        return None
    try:
        return model_from_parts(artifact)
    except MlplatError:
        return None
