"""What the calls of the Zone Manager have in common: which zone a name leads to, and keeping what changes together with its grants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ...errors import OptionError, UnknownNameError, printable
from ..component import Component
from ..identity.authorization import Actor
from ..identity.rights import Right
from ..record_shapes import Shape, check_before_writing
from ..references import plain
from .catalogue import Catalogue, Entry
from .errors import ZoneError
from .guarding import GuardedZones
from .handles import DeploymentZone, DevelopmentZone, Zone
from .journal import DEPLOYMENT, RECORDS
from .live import Live
from .naming import check_zone_name, split_reference
from .port import QuotaPort

if TYPE_CHECKING:
    from ...context import Simulation
    from ...infra.cluster import Cluster
    from ...infra.quotas import Cohort, Quota
    from ..identity.provider import IdentityProvider
    from ..storage.store import Store


class ZoneCalls(Component):
    """A Zone Manager without its calls. See `ZoneManager`."""

    KIND: ClassVar[str] = "zone"
    SOURCE: ClassVar[str] = "zones"
    _RECORDS: ClassVar[Mapping[str, Mapping[str, Shape]]] = RECORDS

    def __init__(
        self,
        sim: Simulation,
        identity: IdentityProvider,
        store: Store | None = None,
        *,
        cluster: Cluster | None = None,
        administrator: str = "admin",
    ) -> None:
        if store is not None and store is not identity._store:
            raise OptionError("store: expected that of the Identity Provider: zones and the grants on them are kept together")
        self._identity = identity
        self._port = QuotaPort(cluster, administrator)
        super().__init__(sim, identity, identity._store)
        self._live = Live(sim, self)  # type: ignore[arg-type]
        for described in self._catalogue.described():
            self._port.put(described)
        for entry in self._catalogue.zones.values() if self._port.networked else ():
            self._port.open_network(entry.name, entry.network or None)
        self._live.begin()
        if self._port.endpoint is not None:
            self._port.endpoint.guard_zones(GuardedZones(self._authorization, self._catalogue), actor=administrator)

    def _begin(self) -> None:
        self._catalogue = Catalogue()

    def _apply(self, record: Mapping[str, Any]) -> None:
        self._catalogue.apply(record)

    def _contents(self) -> Iterable[str]:
        return ()

    # -- names

    def _resource_of(self, parameter: str, value: Any) -> str:
        if parameter == "ref":
            zone, workload = split_reference(value)
            return f"{self._resource(zone)}@{workload}"
        return self._resource(_zone_named(value))

    def _named(self, parameter: str, value: Any, resource: str) -> str:
        return f"zone:{plain(value)}" if parameter == "ref" else f"zone:{_zone_named(value)}"

    def _zone_in(self, resource: str) -> str:
        return "" if ":" not in resource else resource.partition(":")[2].partition("@")[0].rpartition("/")[2]

    def _resource(self, zone: str) -> str:
        entry = self._catalogue.zones.get(zone)
        return f"zone:{zone}" if entry is None else entry.resource

    def _entry(self, zone: Zone | str, actor: Actor) -> Entry:
        """A zone that is there. Raises OptionError, UnknownNameError, which names those that the caller may read."""
        name = _zone_named(zone)
        entry = self._catalogue.zones.get(name)
        if entry is None:
            raise UnknownNameError("zone", name, [each.name for each in self._visible(actor)])
        return entry

    def _staying(self, zone: Zone | str, actor: Actor) -> Entry:
        """A zone that is not about to be deleted. Raises ZoneError for one that is."""
        entry = self._entry(zone, actor)
        if entry.leaving:
            raise ZoneError(entry.name, "is to be deleted once it is empty")
        return entry

    def _visible(self, actor: Actor) -> list[Entry]:
        """The zones that the caller may read, by name."""
        found = (self._catalogue.zones[name] for name in sorted(self._catalogue.zones))
        return [entry for entry in found if self._authorization.may(actor, Right.READ, entry.resource, entry.name)]

    def _handle(self, name: str) -> Any:
        """The answer about a zone that is there."""
        entry = self._catalogue.zones[name]
        told = entry.quota, entry.created_s, entry.creator, entry.network, bool(entry.leaving), self
        if entry.kind == DEPLOYMENT:
            return DeploymentZone(*told, entry.bound_to)  # type: ignore[arg-type]
        return DevelopmentZone(*told, entry.bound_to, entry.idle_s, entry.over_limit)  # type: ignore[arg-type]

    # -- keeping

    def _settle(self, *records: Mapping[str, Any], grants: Iterable[Mapping[str, Any]] = ()) -> None:
        """Keep records, and records of the Identity Provider, all of them or none."""
        given = tuple(grants)
        if not given:
            self._keep(*records)
            return
        check_before_writing(self._identity.SOURCE, given, self._identity._RECORDS)
        check_before_writing(self.SOURCE, records, self._RECORDS)
        with self._store.transaction():
            self._store.append(self._identity.SOURCE, *given)
            self._store.append(self.SOURCE, *records)
        self._identity._take(*given)
        for record in records:
            self._apply(record)

    def _put(self, described: Quota | Cohort, before: Quota | Cohort | None, *records: Mapping[str, Any], grants: Any = ()) -> None:
        """Set a quota or cohort of the cluster and keep records, or neither. Raises what either does."""
        self._port.put(described)
        try:
            self._settle(*records, grants=grants)
        except BaseException:
            self._port.put_back(described.name, before)
            raise
        self._live.guarantees.check()

    def _ended_grants(self, entry: Entry, actor: Actor) -> list[dict[str, Any]]:
        """Records that end what is granted on a zone, on what runs in it, and in it."""
        place, grants = entry.resource, self._authorization.grants
        grants.advance(self._sim.now)
        return [
            self._identity._record("grant.revoked", actor, id=grant.id)
            for grant in grants.in_force()
            if grant.resource == place or grant.resource.startswith(f"{place}@") or grant.zone == entry.name
        ]


def _zone_named(zone: Any) -> str:
    """The name of a zone that is given by it, or as an answer of the Zone Manager. Raises OptionError."""
    if type(zone) in (DevelopmentZone, DeploymentZone):
        zone = zone.quota.name
    try:
        return check_zone_name(zone)
    except OptionError as error:
        raise OptionError(printable(str(error))) from None
