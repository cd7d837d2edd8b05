"""`Serving`: the services of a platform, each a model server in a zone, whose versions are models of the registry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from ...errors import MlplatError, OptionError, UnknownNameError, printable
from ...streams import stream
from ...units import Duration, seconds
from ..component import Component, call, call_of_anybody, principal_of
from ..identity.authorization import Actor
from ..identity.principals import Principal
from ..identity.rights import Right
from ..record_shapes import Shape
from ..references import Reference, check_project, check_zone, whole_name
from .answers import Observed, Sent, ServiceStatus
from .catalogue import Catalogue, ServiceEntry, VersionEntry
from .checks import number, whole
from .journal import RECORDS
from .live_version import Inputs, VersionPlan
from .options import TAG, replica_options, service_options, version_of, written
from .port import ServingPort

if TYPE_CHECKING:
    import polars as pl

    from ...context import Simulation
    from ...infra.cluster import Cluster
    from ..artifacts.models import ModelRegistry
    from ..artifacts.referrers import Referrers
    from ..identity.provider import IdentityProvider
    from ..storage.store import Store
    from ..zones.zone_manager import ZoneManager
    from .answers import Predictor
    from .live_service import LiveService
    from .requests import Requests

Collector = Callable[[Observed], object]


class Serving(Component):
    """The services of a platform, by `project/name`. `service:shop/churn` in its zone is what a right is needed on.

    `zones`: where replicas run, and who may start them there. `models`: of which versions are made. `cluster`: without one nothing is
    served. `referrers`: are told which models are served. `administrator`: in whose name services get names and hosts. `models_at`: from
    where replicas fetch models, a place in the network of the cluster. `load`: makes a `Predictor` of the artifact of a model, None for
    one that it cannot; by default of the models of `mlplat.platform.training`.

    Services stand in the journal. A platform that is opened again over its store takes them up again: their replicas are started anew in
    its zones, in the name of who added them; requests that were under way are gone, and counts begin again.
    """

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

    # -- services

    @call(Right.DEPLOY)
    def deploy(self, name: str, model: str, *, zone: str, replicas: int = 1, actor: Actor, **options: Any) -> ServiceStatus:
        """Serve a version of a model in a zone under a new name, with all traffic. Event `service.deployed` {kind, model, digest, zone,
        replicas}.

        `options`: see docs/platform/serving.md; `request` is what a replica needs. Needs `deploy` on the model and in the zone. Raises
        OptionError, UnknownNameError, AccessDenied, and what the zone raises; then nothing has happened.
        """
        entry = self._new_entry(name, zone, options, actor)
        live = self._open(entry)
        try:
            made = self._start_another(live, entry, model, replicas, actor)
            weighed = self._record("weighed", actor, name=entry.name, weights={str(made.number): 1.0})
            self._keep(self._created(entry, actor), self._added(entry.name, made, actor), weighed)
        except BaseException:
            self._close(entry, live)
            raise
        self._live[entry.name] = live
        live.split({made.number: 1.0})
        data = {"kind": "model", "model": made.model, "digest": made.digest, "zone": entry.zone, "replicas": made.replicas}
        self._emit(entry.resource, "service.deployed", actor, data)
        return self._status(entry.name)

    @call(Right.DEPLOY)
    def create(self, name: str, *, zone: str, actor: Actor, **options: Any) -> ServiceStatus:
        """A service without versions, to which they are added. As `deploy` otherwise; no event."""
        return self._status(self._create(name, zone, options, actor))

    @call(Right.DEPLOY)
    def ensure(self, name: str, *, zone: str, actor: Actor, **options: Any) -> ServiceStatus:
        """A service in a zone, made if it is not there; `options`, where any are given, are those of versions that are added from now on.

        Raises OptionError for one that is there in another zone.
        """
        path = whole_name(name).path
        entry = self._catalogue.services.get(path)
        if entry is None:
            return self._status(self._create(name, zone, options, actor))
        if entry.zone != check_zone(zone):
            raise OptionError(f"service {path!r} is in zone {printable(entry.zone)!r}; expected that zone, or another name")
        if options:
            kept = written({**entry.options, **options})
            if kept != entry.options:
                self._keep(self._record("configured", actor, name=path, options=kept))
        return self._status(path)

    @call(Right.DEPLOY)
    def remove(self, name: str, *, actor: Actor) -> None:
        """End a service with all its versions: what it has not answered fails.

        Event `service.removed` {kind, zone}. Raises UnknownNameError.
        """
        entry = self._entry(name, actor)
        self._drop(entry.name, actor)
        self._emit(entry.resource, "service.removed", actor, {"kind": "model", "zone": entry.zone})

    @call(Right.READ)
    def status(self, name: str, *, actor: Actor) -> ServiceStatus:
        """Where a service stands now. Raises UnknownNameError."""
        return self._status(self._entry(name, actor).name)

    @call_of_anybody
    def list(self, project: str | None = None, *, actor: Actor) -> tuple[str, ...]:
        """Names of the services that the caller may read, of a project or of all."""
        start = "" if project is None else check_project(project) + "/"
        return tuple(name for name in self._readable(actor) if name.startswith(start))

    # -- versions

    @call(Right.DEPLOY)
    def add_version(self, name: str, model: str, *, replicas: int = 1, actor: Actor) -> ServiceStatus:
        """Replicas of another model beside those that are there, without traffic. Raises as `deploy` does."""
        entry = self._entry(name, actor)
        live = self._at_work(name, actor)
        made = self._start_another(live, entry, model, replicas, actor)
        try:
            self._keep(self._added(entry.name, made, actor))
        except BaseException:
            live.abandon(made.number)
            raise
        return self._status(entry.name)

    @call(Right.DEPLOY)
    def scale(self, name: str, model: str, replicas: int, *, actor: Actor) -> ServiceStatus:
        """Other replicas of a version; those that go finish their requests first. Where it is autoscaled, until its next turn.

        Raises UnknownNameError, OptionError above the limit of the service.
        """
        entry = self._entry(name, actor)
        version = self._version(entry, model)
        most = version_of(entry.options, version.tags, version.number, 0).places
        self._keep(self._record("scaled", actor, name=entry.name, number=version.number, replicas=whole("replicas", replicas, 0, most)))
        if entry.name in self._live:
            self._live[entry.name].scale(version.number, replicas)
        return self._status(entry.name)

    @call(Right.DEPLOY)
    def set_weights(self, name: str, weights: Mapping[str, float], *, actor: Actor) -> ServiceStatus:
        """Split traffic between versions by key, by the references of their models; a version that is not named gets none.

        No event: what it means is said by who decides it. Raises UnknownNameError, OptionError where all are 0.
        """
        entry = self._entry(name, actor)
        if not isinstance(weights, Mapping):
            raise OptionError("weights: expected models with weights, such as {'shop/churn@3': 0.95, 'shop/churn@4': 0.05}")
        given = {
            self._version(entry, model).number: number(f"weight of {printable(str(model))}", weight) for model, weight in weights.items()
        }
        if not sum(given.values()) > 0:
            raise OptionError("weights: all are 0; expected at least one above")
        self._weigh(entry.name, given, actor)
        return self._status(entry.name)

    @call(Right.DEPLOY)
    def remove_version(self, name: str, model: str, *, actor: Actor) -> None:
        """A version goes once its requests are over, or the grace is. One that has traffic goes only if it is the last.

        Raises UnknownNameError, OptionError.
        """
        entry = self._entry(name, actor)
        version = self._version(entry, model)
        if version.weight > 0 and len(entry.versions) > 1:
            raise OptionError(f"{printable(version.model)} has traffic; expected one without, see set_weights")
        self._keep(self._record("dropped", actor, name=entry.name, number=version.number))
        if entry.name in self._live:
            self._live[entry.name].retire(version.number)

    # -- traffic

    @call(Right.WRITE)
    def attach(self, name: str, requests: Requests, *, inputs: Inputs | None = None, actor: Actor) -> int:
        """Let a stream of requests come to a service; its times count from now. Returns its number.

        `inputs(rows)`: gives the inputs of those rows of the stream, a frame, for those that are sampled. A stream is traffic from
        outside: it is not kept. Raises UnknownNameError, OptionError.
        """
        from .requests import Requests

        live = self._at_work(name, actor)
        if not isinstance(requests, Requests):
            raise OptionError("requests: expected Requests, such as Requests.poisson(…)")
        return live.attach(replace(requests, sent=requests.sent + self._sim.now), inputs)

    @call(Right.WRITE)
    def detach(self, name: str, stream: int, *, actor: Actor) -> None:
        """No more comes of a stream. Raises UnknownNameError."""
        self._at_work(name, actor).stop(stream)

    @call(Right.READ)
    def send(self, name: str, key: int = 0, *, service: Duration = 0.0, inputs: Any = None, actor: Actor) -> Sent:
        """One request, now.

        `inputs`: a frame of one row, which the model that answers predicts for. Raises UnknownNameError, OptionError.
        """
        live = self._at_work(name, actor)
        return live.send(whole("key", key, 0, 2**63 - 1), seconds(service), inputs)

    # -- what was seen

    @call(Right.READ)
    def observations(self, name: str, model: str | None = None, *, since: Duration = 0.0, actor: Actor) -> pl.DataFrame:
        """The latest requests whose fate is known, at most 200,000: `request`, `sent_s`, `end_s`, `version` (number), `outcome`,
        `attempts`, `latency_s`.

        `since`: only those whose fate became known from then on. Raises UnknownNameError.
        """
        entry = self._entry(name, actor)
        version = None if model is None else self._version(entry, model).number
        return self._at_work(name, actor).observations(version, seconds(since))  # type: ignore[no-any-return]

    @call(Right.READ)
    def collect(self, name: str, collector: Collector, *, actor: Actor) -> None:
        """Tell `collector(observed)` from now on what each version did, every `flush` in which it did something, as long as the caller
        may read the
        service; a call that is refused for that is the last. What it raises ends the run.
        """
        entry = self._entry(name, actor)
        if not callable(collector):
            raise OptionError("collector: expected a function of what was observed")
        self._collectors.setdefault(entry.name, []).append((principal_of(actor), collector))

    # -- inside

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

    def _create(self, name: str, zone: str, options: Mapping[str, Any], actor: Actor) -> str:
        entry = self._new_entry(name, zone, options, actor)
        live = self._open(entry)
        try:
            self._keep(self._created(entry, actor))
        except BaseException:
            self._close(entry, live)
            raise
        self._live[entry.name] = live
        return entry.name

    def _new_entry(self, name: str, zone: str, options: Mapping[str, Any], actor: Actor) -> ServiceEntry:
        """What a new service would be, checked."""
        reference, kept = whole_name(name), written(options)
        zone = check_zone(zone)
        if not self._has_cluster:
            raise OptionError("nothing is served on a platform without a cluster")
        self._check_project(reference.project, actor)
        if reference.path in self._catalogue.services:
            raise OptionError(f"there is a service {reference.path!r}; expected another name")
        return ServiceEntry(reference.path, zone, kept, principal_of(actor).id)

    def _open(self, entry: ServiceEntry) -> LiveService:
        self._port.open(entry.name, entry.zone, entry.options.get("host"))
        return self._bring_to_life(entry)

    def _close(self, entry: ServiceEntry, live: LiveService) -> None:
        live.end()
        self._port.close(entry.name, entry.zone, entry.options.get("host"))

    def _created(self, entry: ServiceEntry, actor: Actor) -> dict[str, Any]:
        return self._record("created", actor, name=entry.name, zone=entry.zone, options=entry.options)

    def _added(self, path: str, made: VersionEntry, actor: Actor) -> dict[str, Any]:
        said = {"number": made.number, "model": made.model, "digest": made.digest, "tags": dict(made.tags), "replicas": made.replicas}
        return self._record("added", actor, name=path, **said)

    def _bring_to_life(self, entry: ServiceEntry) -> LiveService:
        from .live_service import LiveService

        def salt(what: str) -> int:
            return int(stream(self._sim.seed, f"serving/{entry.name}/{what}").integers(0, 2**63))

        salts = salt("split"), salt("errors"), salt("samples")
        cluster, options = self._port.of(entry.name, entry.zone), service_options(entry.options)
        return LiveService(self._sim, entry.name, entry.zone, cluster, options, salts, self._tell)

    def _start_another(self, live: LiveService, entry: ServiceEntry, model: str, replicas: int, actor: Actor) -> VersionEntry:
        """Start the replicas of one more version. What it is is still to be kept."""
        count = whole("replicas", replicas, 0)
        found = self._models.deployable(model, zone=entry.zone, actor=actor)
        version = found.version
        if entry.of_model(version.reference) is not None:
            raise OptionError(f"{version.reference} is served by {entry.name!r} already")
        tags = {key: value for key, value in version.tags.items() if key.startswith(TAG)}
        made = VersionEntry(entry.last + 1, version.reference, version.digest, tags, count, principal_of(actor).id)
        self._start(live, entry, made, self._load(found.artifact))
        return made

    def _start(self, live: LiveService, entry: ServiceEntry, made: VersionEntry, predictor: Predictor | None) -> None:
        spec = version_of(entry.options, made.tags, made.number, made.replicas)
        replica = replica_options(entry.options, made.tags)
        plan = VersionPlan(
            made.number, made.model, made.digest, spec, replica.request, replica.image, replica.load_s, replica.model_mib, made.actor
        )
        live.start(plan, self._port.workload(entry.name, made.number), made.replicas, predictor)

    def _weigh(self, path: str, weights: Mapping[int, float], actor: Actor) -> None:
        total = sum(weights.values())
        shares = {str(each): weight / total for each, weight in weights.items()}
        self._keep(self._record("weighed", actor, name=path, weights=shares))
        if path in self._live:
            self._live[path].split(dict(weights))

    def _drop(self, path: str, actor: Actor) -> None:
        entry = self._catalogue.services[path]
        self._keep(self._record("removed", actor, name=path))
        live = self._live.pop(path, None)
        if live is not None:
            self._close(entry, live)
        self._collectors.pop(path, None)

    def _status(self, path: str) -> ServiceStatus:
        entry = self._catalogue.services[path]
        live = self._live.get(path)
        if live is None:
            return ServiceStatus(path, entry.zone, entry.current, ())
        live.current = entry.current
        return live.status()

    def _measured(self, name: str, since_s: float, until_s: float, actor: Actor) -> tuple[dict[str, Any], dict[int, str]]:
        """For `target`: columns of the requests that came in a period and are over, and the models of the versions that are there."""
        entry = self._entry(name, actor)
        live = self._at_work(name, actor)
        return live.measured(since_s, until_s), {version.number: version.model for version in entry.versions.values()}

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
        return model_from_parts(artifact)  # type: ignore[return-value]
    except MlplatError:
        return None
