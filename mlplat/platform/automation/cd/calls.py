"""What the calls of continuous delivery have in common: which deployment a name leads to, in whose name it goes on, what is deployed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from ....errors import OptionError, UnknownNameError, printable
from ...artifacts.models.rules import Rule, Situation
from ...artifacts.models.stages import Stage
from ...artifacts.models.statements import check_alias
from ...component import Component, principal_of
from ...identity.authorization import Actor
from ...identity.principals import Principal
from ...identity.rights import Right
from ...record_shapes import Shape
from ...references import PLATFORM, whole_name
from ...zones.journal import DEVELOPMENT
from .changes import Catalogue, Change, Service
from .errors import DeploymentError, GateError
from .gate import GateRule
from .records import RECORDS
from .rollouts.states import Reason
from .rollouts.strategies import Strategy, strategy_of
from .specs import MODEL, PIPELINE, Desired, check_options, check_replicas, check_triggers, full_name, parse_what

if TYPE_CHECKING:
    from ....context import Simulation
    from ...artifacts.metadata import MetadataStore
    from ...artifacts.models import ModelRegistry
    from ...artifacts.models.versions import ModelVersion
    from ...artifacts.referrers import Referrers
    from ...artifacts.scm import SCM
    from ...identity.provider import IdentityProvider
    from ...storage.store import Store
    from ...zones.catalogue import Entry
    from ...zones.zone_manager import ZoneManager
    from .ports import Pipelines, PipelineVersion, Serving

PRODUCTION = "production"


class Placed(NamedTuple):
    """A deployment that a call names, and the zone that it says."""

    name: Any
    zone: str


class CDCalls(Component):
    """Continuous delivery without its calls. See `CD`."""

    KIND: ClassVar[str] = "deployment"
    SOURCE: ClassVar[str] = "cd"
    _RECORDS: ClassVar[Mapping[str, Mapping[str, Shape]]] = RECORDS

    def __init__(
        self,
        sim: Simulation,
        identity: IdentityProvider,
        store: Store | None = None,
        *,
        models: ModelRegistry,
        zones: ZoneManager,
        scm: SCM,
        metadata: MetadataStore,
        serving: Serving | None = None,
        pipelines: Pipelines | None = None,
        referrers: Referrers | None = None,
        automatic: bool = True,
    ) -> None:
        self._automatic = automatic
        self._models, self._zones, self._scm, self._metadata = models, zones, scm, metadata
        self._serving, self._pipelines = serving, pipelines
        super().__init__(sim, identity, store)
        metadata._deployers.append(self._check_recorded_by_hand)
        if referrers is not None:
            referrers.register(self._needs)

    def _begin(self) -> None:
        self._catalogue = Catalogue()

    def _apply(self, record: Mapping[str, Any]) -> None:
        self._catalogue.apply(record)

    def _contents(self) -> Iterable[str]:
        return ()

    def _needs(self, resource: str) -> Iterable[str]:
        """The deployments that need a version."""
        for service in self._catalogue.services.values():
            under_way = self._catalogue.under_way(service.name)
            needed = [service.current, service.kept, *(change.desired for change in under_way)]
            if any(each is not None and each.resource == resource for each in needed):
                yield f"{self.KIND}:{service.name}"

    def _check_recorded_by_hand(self, resource: str) -> None:
        """Raises DeploymentError for a deployment that is told of here: one that is, was, or is about to be."""
        name = resource.partition(":")[2]
        asked = any(each.open and each.desired.name == name for each in self._catalogue.approvals.values())
        if asked or self._catalogue.under_way(name) or self._catalogue.had_any(name):
            raise DeploymentError(name, "continuous delivery has it; expected `cd.deploy`, or another name")

    # -- names and rights

    def _meant(self, parameter: str, given: Any, options: dict[str, Any]) -> Any:
        return Placed(given, options["zone"]) if parameter == "name" and isinstance(options.get("zone"), str) else given

    def _resource_of(self, parameter: str, value: Any) -> str:
        match parameter:
            case "name":
                if isinstance(value, Placed):
                    entry = self._zones._catalogue.zones.get(value.zone)
                    if entry is not None and entry.kind == DEVELOPMENT:
                        whole_name(value.name)
                        return entry.resource
                    value = value.name
                return self._place(str(whole_name(value)))
            case "zone":
                return self._zones._resource_of("zone", value)
            case "approval":
                found = self._catalogue.approvals.get(value) if type(value) is int else None
                return PLATFORM if found is None else self._place(found.desired.name, found.desired.zone)
            case "change":
                change = self._catalogue.changes.get(value) if type(value) is int else None
                return PLATFORM if change is None else self._place(change.name)
        return super()._resource_of(parameter, value)

    def _named(self, parameter: str, value: Any, resource: str) -> str:
        return f"{parameter}:{printable(str(value)[:40])}" if parameter in ("approval", "change") else resource

    def _place(self, name: str, zone: str = "") -> str:
        """What rights on a deployment are rights on: in a development zone the zone, which is its developer's."""
        service = self._catalogue.services.get(name)
        entry = self._zones._catalogue.zones.get(zone or ("" if service is None else service.zone))
        return entry.resource if entry is not None and entry.kind == DEVELOPMENT else f"{self.KIND}:{name}"

    def _zone_in(self, resource: str) -> str:
        if resource.startswith("zone:"):
            return self._zones._zone_in(resource)
        service = self._catalogue.services.get(resource.partition(":")[2]) if resource.startswith(f"{self.KIND}:") else None
        return "" if service is None else service.zone

    def _entry(self, zone: object, actor: Actor) -> Entry:
        """A zone that is there. Raises OptionError, UnknownNameError."""
        return self._zones._staying(zone, actor)  # type: ignore[arg-type]

    def _service(self, name: object, actor: Actor) -> Service:
        """A deployment that is there. Raises UnknownNameError, which names those that the caller may read."""
        path = whole_name(name).path
        found = self._catalogue.services.get(path)
        if found is None:
            known = [each for each in self._catalogue.services if self._may_read(actor, self._place(each))]
            raise UnknownNameError("deployment", path, known)
        return found

    def _principal(self, number: str) -> Principal | None:
        return self._authorization.directory.get(number)

    def _acting(self, desired: Desired, actor: Actor) -> Principal:
        """In whose name a deployment goes on: the service account of its project, or else, and in a development zone, who asks."""
        development = self._zones._catalogue.zones[desired.zone].kind == DEVELOPMENT
        account = None if development else self._principal(self._catalogue.accounts.get(desired.project, ""))
        return principal_of(actor) if account is None else account

    def _gate(self, zone: str) -> GateRule:
        return self._catalogue.gates.get(zone, GateRule())

    # -- what is deployed

    def _desired(
        self,
        name: object,
        what: object,
        zone: object,
        actor: Actor,
        *,
        replicas: object = None,
        strategy: Strategy | str | Mapping[str, Any] | None = None,
        alias: str | None = PRODUCTION,
        options: object = None,
        triggers: object = None,
        call: str,
    ) -> Desired:
        """What a call asks for, with the version that its reference means now. What is left out stays as it is deployed; strategy and
        replicas of what is not there now are those that were said last.

        Raises UnknownNameError, OptionError, AccessDenied, GateError, DeploymentError.
        """
        if zone is None:
            zone = self._zone_in(f"{self.KIND}:{whole_name(name)}")
            if not zone:
                raise OptionError(f"zone: expected one, since there is no deployment {whole_name(name)} yet")
        entry = self._entry(zone, actor)
        development = entry.kind == DEVELOPMENT
        path = full_name(name, entry.name, development)
        project = path.partition("/")[0]
        self._check_project(project, actor)
        if not development and entry.bound_to != project:
            raise GateError(f"{self.KIND}:{path}", entry.name, f"it is a zone of project {entry.bound_to}")
        self._authorization.require(actor, Right.DEPLOY, entry.resource, entry.name, call=call, source=self.SOURCE)
        service = self._catalogue.services.get(path)
        if service is not None and service.zone != entry.name:
            raise DeploymentError(path, f"is in zone {service.zone}; expected another name in {entry.name}")
        before = self._latest(path)
        kind, reference = parse_what(what)
        if before is not None and before.kind != kind:
            raise DeploymentError(path, f"is of a {before.kind}; expected another name for a {kind}")
        if before is None and kind == PIPELINE and f"{self.KIND}:{path}" in self._metadata._state.deployed:
            raise DeploymentError(path, f"is of a {MODEL}; expected another name for a {kind}")  # as somebody has recorded
        said: dict[str, Any] = {"name": path, "zone": entry.name, "kind": kind}
        stated = before or self._catalogue.last_stated(path, kind)
        chosen = strategy_of(strategy) if strategy is not None or stated is None else stated.strategy
        count = check_replicas(replicas) if replicas is not None else 1 if stated is None else stated.replicas
        if kind == PIPELINE:
            pipeline = self._pipeline(str(reference), actor)
            named = check_triggers(triggers) if triggers is not None else () if before is None else before.triggers
            return Desired(**said, what=pipeline.reference, digest=pipeline.digest, strategy=chosen, triggers=named)
        if self._serving is None:
            raise OptionError("this platform serves no models; expected one that was made with `serving`")
        version = self._model(str(reference), entry.name, development, actor)
        chosen.check(min(count, before.replicas if before is not None else count))
        more = check_options(options) if options is not None or before is None else before.options
        moved = "" if alias is None else check_alias(entry.name if development and alias == PRODUCTION else alias)
        return Desired(
            **said,
            what=version.reference,
            digest=version.digest,
            replicas=count,
            strategy=chosen,
            alias=moved,
            options=more,
        )

    def _latest(self, name: str) -> Desired | None:
        """What a deployment is, or is about to be."""
        under_way = self._catalogue.under_way(name)
        if under_way:
            return under_way[-1].desired
        service = self._catalogue.services.get(name)
        return None if service is None else service.current

    def _model(self, ref: str, zone: str, development: bool, actor: Actor) -> ModelVersion:
        """A version of a model that may be deployed."""
        version = self._models.resolve(ref, actor=actor) if development else self._models._to_deploy(ref, zone, actor)
        if version.stage in (Stage.FAILED, Stage.ARCHIVED):
            raise GateError(version.resource, zone, f"it is in stage {version.stage.value}")
        if version.external is not None and version.signature is None:
            raise GateError(version.resource, zone, "it is external, and has no signature")
        return version

    def _fetch(self, desired: Desired, actor: Actor) -> None:
        """Read what has passed its gate, checked against its digests. Event `artifact.downloaded`. Raises IntegrityError."""
        if desired.kind != MODEL:
            return
        if self._zones._catalogue.zones[desired.zone].kind == DEVELOPMENT:
            self._models.load(desired.what, actor=actor)
        else:
            self._models.deployable(desired.what, zone=desired.zone, actor=actor)

    def _pipeline(self, ref: str, actor: Actor) -> PipelineVersion:
        if self._pipelines is None:
            raise OptionError("this platform runs no pipelines; expected one that was made with `pipelines`")
        return self._pipelines.resolve(ref, actor=actor)

    # -- aliases

    def _check_alias(self, desired: Desired, actor: Actor, call: str) -> None:
        """That the alias could move now. Raises AccessDenied, GateError."""
        if not desired.alias:
            return
        model = f"model:{desired.what.partition('@')[0]}"
        self._authorization.require(actor, Right.WRITE, model, desired.zone, call=call, source=self.SOURCE)
        failed = self._failing_rules(desired, principal_of(actor))
        if failed:
            raise GateError(desired.resource, desired.zone, f"it does not become @{desired.alias}: {printable(failed)[:300]}")

    def _alias_hindrance(self, desired: Desired, acting: Principal) -> Reason | None:
        """Why the alias could not move now; None where it could."""
        if not desired.alias:
            return None
        if not self._authorization.may(acting, Right.WRITE, f"model:{desired.what.partition('@')[0]}", desired.zone):
            return Reason.DENIED
        return Reason.ALIAS_REFUSED if self._failing_rules(desired, acting) else None

    def _failing_rules(self, desired: Desired, acting: Principal) -> str:
        """The first rule of promotion that does not hold, with why; empty where all do."""
        path, _, number = desired.what.partition("@")
        model = self._models._catalogue.get(path)
        version = model.versions.get(int(number)) if number.isdecimal() else None
        if version is None:
            return "the version is no more"
        rules = [Rule.parse(rule) for rule in model.rules.get(f"@{desired.alias}", ())]
        held = [Right(rule.name) for rule in rules if rule.kind == "right"]
        rights = frozenset(right for right in held if self._authorization.may(acting, right, version.resource, desired.zone))
        situation = Situation({alias: model.versions[each] for alias, each in model.aliases.items()}, rights)
        verdicts = [rule.judge(self._models._catalogue.version(path, int(number)), situation) for rule in rules]
        return next((str(verdict) for verdict in verdicts if not verdict), "")

    def _change_of(self, number: int) -> Change:
        return self._catalogue.changes[number]
