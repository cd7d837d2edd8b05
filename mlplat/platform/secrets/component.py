"""`Secrets`: values by name, in a project or in one zone, for those whom a grant lets read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ...errors import OptionError, UnknownNameError, printable
from ...streams import stream
from ..component import Component, call, call_of_anybody
from ..identity.authorization import Actor
from ..identity.rights import Right
from ..record_shapes import Shape
from ..references import Reference, check_project, check_zone, whole_name
from .catalogue import Catalogue, Kept
from .journal import RECORDS
from .sealing import Seal, SecretKeyError
from .values import Secret, SecretVersion, check_value

if TYPE_CHECKING:
    from ...context import Simulation
    from ...infra.endpoint import ManagementEndpoint
    from ..identity.provider import IdentityProvider
    from ..storage.store import Store

_OVER = frozenset({"succeeded", "failed", "rejected", "cancelled"})
"""Statuses of workloads that get nothing any more."""


class Secrets(Component):
    """The secrets of a platform, by `project/name`; those of one zone are apart from those of others and from the project's own.

    What a right is needed on is `secret:project/name` in the `zone` of the call: a grant for one zone opens the secrets of no other.
    `key`: at least 32 bytes, with which values are sealed before they are kept; None to keep them in the clear. `endpoint`: of the
    cluster whose workloads are given secrets.

    >>> import mlplat as mp
    >>> platform = mp.Platform(secret_key=bytes(range(32)))
    >>> admin = platform.admin
    >>> project = platform.identity.create_project("shop", owner=admin, actor=admin)
    >>> platform.secrets.put("shop/database", "hunter2", zone="prod", actor=admin).reference
    'shop/database@1'
    >>> secret = platform.secrets.get("shop/database", zone="prod", actor=admin)
    >>> secret, secret.text
    (Secret(shop/database@1 in zone prod), 'hunter2')
    """

    KIND: ClassVar[str] = "secret"
    SOURCE: ClassVar[str] = "secrets"
    _RECORDS: ClassVar[Mapping[str, Mapping[str, Shape]]] = RECORDS

    def __init__(
        self,
        sim: Simulation,
        identity: IdentityProvider,
        store: Store | None = None,
        *,
        key: bytes | None = None,
        endpoint: ManagementEndpoint | None = None,
    ) -> None:
        self._seal, self._endpoint = Seal(key), endpoint
        super().__init__(sim, identity, store)

    @call(Right.WRITE)
    def put(self, name: str, value: str | bytes, *, zone: str = "", actor: Actor) -> SecretVersion:
        """Keep a value, text or at most 65,536 bytes, as the next version of a secret of the project or of one zone. Event `secret.put`
        {zone, version}. Raises UnknownNameError for the project, OptionError.
        """
        reference, content, zone = whole_name(name), check_value(value), check_zone(zone)
        self._check_project(reference.project, actor)
        path = reference.path
        number = self._catalogue.get(path, zone).last + 1
        salt = stream(self._sim.seed, f"secrets.salt/{zone}/{path}/{number}").bytes(32)
        digest = self._store.put(self._seal.close(content, (zone, path, number), salt))
        self._keep(self._record("put", actor, name=path, zone=zone, version=number, digest=digest, key=self._seal.name))
        version = self._catalogue.get(path, zone).versions[number].version
        self._emit(version.resource, "secret.put", actor, {"zone": zone, "version": number})
        return version

    @call(Right.READ)
    def get(self, ref: str, *, zone: str = "", actor: Actor) -> Secret:
        """The value of a version, of the newest where none is named. Event `secret.read` {zone}.

        Raises UnknownNameError, SecretKeyError where it was sealed with another key, IntegrityError, ContentError.
        """
        secret = self._opened(self._find(ref, check_zone(zone)))
        self._emit(secret.version.resource, "secret.read", actor, {"zone": zone})
        return secret

    @call(Right.READ)
    def for_workload(self, ref: str, workload: str, *, zone: str = "", actor: Actor) -> Secret:
        """The value for a workload of the cluster that is not over: a secret of the workload's own zone, and of no other. Event
        `secret.delivered` {zone, workload}. Raises like `get`, UnknownNameError for a workload that is not in this zone, OptionError.
        """
        zone = check_zone(zone)
        kept = self._find(ref, zone)
        name = self._workload_in(zone, workload)
        secret = self._opened(kept)
        self._emit(secret.version.resource, "secret.delivered", actor, {"zone": zone, "workload": name})
        return secret

    @call(Right.READ)
    def versions(self, name: str, *, zone: str = "", actor: Actor) -> tuple[SecretVersion, ...]:
        """The versions that are kept, without their values, the oldest first."""
        return tuple(kept.version for kept in self._catalogue.get(whole_name(name).path, check_zone(zone)).versions.values())

    @call_of_anybody
    def list(self, project: str | None = None, *, zone: str | None = None, actor: Actor) -> tuple[SecretVersion, ...]:
        """Of each secret the newest version that the caller may read, without its value, by name and zone; `zone`: of this one only."""
        start = "" if project is None else check_project(project) + "/"
        wanted = None if zone is None else check_zone(zone)
        found = []
        for named in self._catalogue:
            visible = [kept.version for kept in named.versions.values() if self._shows(actor, kept, start, wanted)]
            found += visible[-1:]
        return tuple(found)

    @call(Right.ADMIN)
    def delete(self, version: str, *, zone: str = "", actor: Actor) -> None:
        """Keep a version, or a secret with all its versions, no longer; what was kept is wiped out by the next `Platform.sweep`. Event
        `secret.deleted` {zone, versions}. Raises UnknownNameError.
        """
        reference, zone = Reference.parse(version), check_zone(zone)
        kept = self._find(version, zone)
        numbers = [kept.version.version] if reference.version else sorted(self._catalogue.get(reference.path, zone).versions)
        self._keep(self._record("deleted", actor, name=reference.path, zone=zone, versions=numbers))
        self._emit(f"{self.KIND}:{reference}", "secret.deleted", actor, {"zone": zone, "versions": numbers})

    # -- inside

    def _begin(self) -> None:
        self._catalogue = Catalogue()

    def _apply(self, record: Mapping[str, Any]) -> None:
        self._catalogue.apply(record)

    def _contents(self) -> Iterator[str]:
        for named in self._catalogue:
            yield from (kept.digest for kept in named.versions.values())

    def _resource_of(self, parameter: str, value: Any) -> str:
        """As of every component, but what is no name stays untold: it may be the value, in the wrong place."""
        try:
            return super()._resource_of(parameter, value)
        except OptionError:
            found = f"{len(value):,} characters" if isinstance(value, str) else f"a {type(value).__name__}"
            raise OptionError(f"{parameter}: {found}; expected 'project/name' or 'project/name@version'") from None

    def _meant(self, parameter: str, given: Any, options: dict[str, Any]) -> Any:
        """The newest version in the zone of the call, so that a right on one version is enough for it and for no other."""
        if parameter != "ref":
            return given
        try:
            reference = Reference.parse(given)
            kept = self._catalogue.find(reference, check_zone(options.get("zone") or ""))
        except OptionError:
            return given
        return given if kept is None else kept.version.reference

    def _find(self, ref: str, zone: str) -> Kept:
        reference = Reference.parse(ref)
        kept = self._catalogue.find(reference, zone)
        if kept is None:
            known = [each.version.reference for each in self._catalogue.get(reference.path, zone).versions.values()]
            raise UnknownNameError("secret", f"{reference} in zone {printable(zone)}" if zone else str(reference), known)
        return kept

    def _opened(self, kept: Kept) -> Secret:
        version = kept.version
        if kept.key != self._seal.name:
            if kept.key:
                raise SecretKeyError(str(version), bool(self._seal.name))
            seal = Seal(None)
        else:
            seal = self._seal
        content = self._store.get(kept.digest)
        return Secret(version, seal.open(content, (version.zone, version.name, version.version), kept.digest))

    def _shows(self, actor: Actor, kept: Kept, start: str, zone: str | None) -> bool:
        version = kept.version
        if not version.name.startswith(start) or zone not in (None, version.zone):
            return False
        return self._authorization.may(actor, Right.READ, version.resource, version.zone)

    def _workload_in(self, zone: str, workload: object) -> str:
        """The name of a workload of a zone. Raises UnknownNameError, which names those of the zone only, OptionError."""
        if self._endpoint is None:
            raise OptionError("this platform has no cluster, and so no workload; expected one that was made on a cluster")
        there = [each.name for each in self._endpoint.list(zone=zone) if each.status.value not in _OVER]
        if not isinstance(workload, str) or workload not in there:
            shown = printable(workload[:80]) if isinstance(workload, str) else f"a {type(workload).__name__}"
            raise UnknownNameError(f"workload of zone {printable(zone)!r}", shown, there)
        return str(workload)
