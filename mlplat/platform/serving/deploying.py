"""Deploying: services and their versions, as they come, change and go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...errors import OptionError, printable
from ..component import call, principal_of
from ..identity.authorization import Actor
from ..identity.rights import Right
from ..references import check_zone, whole_name
from .answers import ServiceStatus
from .calls import ServingCalls
from .catalogue import ServiceEntry, VersionEntry
from .checks import number, whole
from .options import TAG, version_of, written

if TYPE_CHECKING:
    from ..artifacts.models.versions import Deployable
    from .live_service import LiveService


class Deploying(ServingCalls):
    """Services, as far as they are brought, changed and ended."""

    @call(Right.DEPLOY)
    def deploy(self, name: str, model: str, *, zone: str, replicas: int = 1, actor: Actor, **options: Any) -> ServiceStatus:
        """Serve a version of a model in a zone under a new name, with all traffic. Event `service.deployed` {kind, model, digest, zone,
        replicas}.

        `options`: see docs/platform/serving.md; `request` is what a replica needs. Needs `deploy` on the model and in the zone. Raises
        OptionError, UnknownNameError, AccessDenied, and what the zone raises; then nothing has happened.
        """
        entry = self._new_entry(name, zone, options, actor, "deploy")
        count, found = whole("replicas", replicas, 0), self._models.deployable(model, zone=entry.zone, actor=actor)
        live = self._open(entry)
        try:
            made = self._start_another(live, entry, found, count, actor)
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
        """A service without versions, to which they are added. Needs `deploy` in the zone. As `deploy` otherwise; no event."""
        return self._status(self._create(name, zone, options, actor, "create"))

    @call(Right.DEPLOY)
    def ensure(self, name: str, *, zone: str, actor: Actor, **options: Any) -> None:
        """A service in a zone, made if it is not there; `options`, where any are given, are those of versions that are added from now on.

        Raises OptionError for one that is there in another zone.
        """
        path = whole_name(name).path
        entry = self._catalogue.services.get(path)
        if entry is None:
            self._create(name, zone, options, actor, "ensure")
            return
        if entry.zone != check_zone(zone):
            raise OptionError(f"service {path!r} is in zone {printable(entry.zone)!r}; expected that zone, or another name")
        asked = {**entry.options, **options}
        if asked != entry.options:  # continuous delivery asks for the same each minute
            kept = written(asked)
            if kept != entry.options:
                self._keep(self._record("configured", actor, name=path, options=kept))

    @call(Right.DEPLOY)
    def remove(self, name: str, *, actor: Actor) -> None:
        """End a service with all its versions: what it has not answered fails.

        Event `service.removed` {kind, zone}. Raises UnknownNameError.
        """
        entry = self._entry(name, actor)
        self._drop(entry.name, actor)
        self._emit(entry.resource, "service.removed", actor, {"kind": "model", "zone": entry.zone})

    @call(Right.DEPLOY)
    def add_version(self, name: str, model: str, *, replicas: int = 1, actor: Actor) -> ServiceStatus:
        """Replicas of another model beside those that are there, without traffic. Raises as `deploy` does."""
        entry = self._entry(name, actor)
        live = self._at_work(name, actor)
        self._port.require_zone(entry.zone, principal_of(actor), f"{self.SOURCE}.add_version")
        count, found = whole("replicas", replicas, 0), self._models.deployable(model, zone=entry.zone, actor=actor)
        made = self._start_another(live, entry, found, count, actor)
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

    # -- inside

    def _create(self, name: str, zone: str, options: Mapping[str, Any], actor: Actor, call: str) -> str:
        entry = self._new_entry(name, zone, options, actor, call)
        live = self._open(entry)
        try:
            self._keep(self._created(entry, actor))
        except BaseException:
            self._close(entry, live)
            raise
        self._live[entry.name] = live
        return entry.name

    def _new_entry(self, name: str, zone: str, options: Mapping[str, Any], actor: Actor, call: str) -> ServiceEntry:
        """What a new service would be, checked. Nothing has happened yet."""
        reference, kept = whole_name(name), written(options)
        zone = check_zone(zone)
        if not self._has_cluster:
            raise OptionError("nothing is served on a platform without a cluster")
        self._check_project(reference.project, actor)
        if reference.path in self._catalogue.services:
            raise OptionError(f"there is a service {reference.path!r}; expected another name")
        self._port.require_zone(zone, principal_of(actor), f"{self.SOURCE}.{call}")
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
        return self._record("added", actor, name=path, account=made.account, **said)

    def _start_another(self, live: LiveService, entry: ServiceEntry, found: Deployable, count: int, actor: Actor) -> VersionEntry:
        """Start the replicas of one more version. What it is is still to be kept."""
        version = found.version
        if entry.of_model(version.reference) is not None:
            raise OptionError(f"{version.reference} is served by {entry.name!r} already")
        tags = {key: value for key, value in version.tags.items() if key.startswith(TAG)}
        caller = principal_of(actor)
        account = self._port.starts_as(entry.zone, caller)
        made = VersionEntry(entry.last + 1, version.reference, version.digest, tags, count, caller.id, account)
        self._start(live, entry, made, self._load(found.artifact))
        return made

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
