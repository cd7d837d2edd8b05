"""`ModelRegistry`: numbered versions of models, aliases and stages that move by recorded transitions, and what a deployment needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from ....canonical import frozen
from ....errors import MlplatError, OptionError, UnknownNameError, printable
from ...component import Component, call, call_of_anybody
from ...identity.authorization import Actor
from ...identity.principals import Principal
from ...identity.rights import Right
from ...record_shapes import Shape
from ...references import Reference, check_project
from ...storage.contents import reading
from ...storage.store import Store
from ..origins import check_external
from ..referrers import ReferencedError, Referrers
from .artifact_parts import assembled, contents_of, digest_of_artifact
from .journal import RECORDS
from .rules import Rule, Situation
from .shelf import Shelf
from .signatures import Signature
from .stages import TRANSITIONS, StageError, stage_of
from .statements import check_alias, check_commit, check_metrics, check_tags, check_target, check_words, whole_name
from .versions import AliasMove, Deployable, ModelComparison, ModelVersion, Promotion, StageMove, compared

if TYPE_CHECKING:
    from ....context import Simulation
    from ...identity.provider import IdentityProvider


class PromotionError(MlplatError):
    """A version does not pass the rules of an alias or stage. Attribute: `promotion`, with the verdict of each rule."""

    def __init__(self, promotion: Promotion) -> None:
        self.promotion = promotion
        failed = "; ".join(f"{verdict.rule} ({verdict.why})" for verdict in promotion.verdicts if not verdict.passed)
        super().__init__(f"{promotion.version} does not become {promotion.target}: {printable(failed)[:500]}")


class ModelRegistry(Component):
    """The models of a platform: `project/name@3`, `project/name@champion`, `project/name@sha256:…`; without a version, or with
    `@latest`, the newest.

    A version never changes; aliases and stages move, and who moved them, when and from where is kept. Bytes are opaque: they are digested,
    kept and given back, never loaded or run, whatever format they are in.

    >>> import mlplat as mp
    >>> from mlplat.platform.identity import IdentityProvider
    >>> sim = mp.Simulation()
    >>> identity = IdentityProvider(sim)
    >>> admin = identity.admin
    >>> project = identity.create_project("shop", owner=admin, actor=admin)
    >>> models = ModelRegistry(sim, identity)
    >>> models.set_rules("shop/churn", "@champion", ["auc >= 0.8"], actor=admin)
    >>> for number, auc in enumerate([0.85, 0.75]):
    ...     version = models.register("shop/churn", b"weights %d" % number, metrics={"auc": auc}, run=f"run:shop/{number}", actor=admin)
    >>> bool(models.promote("shop/churn@1", "@champion", actor=admin))
    True
    >>> print(models.promote("shop/churn@2", "@champion", actor=admin))
    shop/churn@2 is not promoted to @champion
      failed: auc >= 0.8 (auc is 0.75)
    >>> models.load("shop/churn@champion", actor=admin)
    b'weights 0'
    """

    KIND: ClassVar[str] = "model"
    SOURCE: ClassVar[str] = "models"
    _RECORDS: ClassVar[Mapping[str, Mapping[str, Shape]]] = RECORDS

    def __init__(
        self, sim: Simulation, identity: IdentityProvider, store: Store | None = None, *, referrers: Referrers | None = None
    ) -> None:
        self._shelf = Shelf()
        self._referrers = Referrers() if referrers is None else referrers
        super().__init__(sim, identity, store)

    # -- in

    @call(Right.WRITE)
    def register(
        self,
        name: str,
        artifact: Any,
        *,
        run: str | None = None,
        external: Iterable[str] | None = None,
        commit: str | None = None,
        signature: Signature | None = None,
        metrics: Mapping[str, float] | None = None,
        parameters: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        description: str = "",
        actor: Actor,
    ) -> ModelVersion:
        """The next version of a model. `artifact`: bytes, or bytes and arrays by name.

        Either `run`, which made it, or `external`: that it was made elsewhere, and what is unknown of that, such as `["data", "seed"]`.
        `commit`: the one whose code made it, `project/name` and its full id, such as `shop/churn@368326…`; lineage finds the model by it.
        The same bytes again are another version, whose `same_as` says so. Event `artifact.published` {kind, digest, run, external}.
        Raises OptionError, UnknownNameError for the project.
        """
        reference = whole_name(name)
        projects = self._authorization.directory.projects
        if reference.project not in projects:
            raise UnknownNameError("project", reference.project, projects)
        if (run is None) == (external is None):
            raise OptionError(f"{reference}: expected either the run that made the model, or external=[what is unknown of its origin]")
        if signature is not None and not isinstance(signature, Signature):
            raise OptionError(f"signature: a {type(signature).__name__}; expected a Signature, such as Signature.of(inputs, outputs)")
        contents = contents_of(artifact)
        record = {
            "what": "registered",
            "name": reference.path,
            "version": self._shelf.get(reference.path).count + 1,
            "signature": None if signature is None else signature.to_json(),
            "metrics": check_metrics({} if metrics is None else metrics),
            "parameters": frozen({} if parameters is None else parameters, "parameters"),
            "run": None if run is None else check_words(run, "run", 250),
            "external": None if external is None else check_external(external),
            "commit": None if commit is None else check_commit(commit),
            "tags": check_tags({} if tags is None else tags),
            "description": check_words(description, "description", 10_000, empty=True),
        }
        if not isinstance(record["parameters"], Mapping):
            raise OptionError("parameters: expected values by name")
        digests = {part: self._store.put(content) for part, (content, _) in contents.items()}
        record["parts"] = [[part, digests[part], len(content), is_array] for part, (content, is_array) in contents.items()]
        record["digest"] = digest_of_artifact(digests)
        self._note(record, actor)
        version = self._shelf.version(reference.path, self._shelf.get(reference.path).count)
        data = {"kind": self.KIND, "digest": version.digest, "run": version.run, "external": version.external is not None}
        self._emit(version.resource, "artifact.published", str(actor), data)
        return version

    @call(Right.WRITE)
    def set_tags(self, ref: str, tags: Mapping[str, str | None], *, actor: Actor) -> ModelVersion:
        """Give a version tags, or take those away that are None. Raises UnknownNameError, OptionError."""
        version = self._find(ref)
        if not isinstance(tags, Mapping):
            raise OptionError("tags: expected text by name, None for those that go")
        merged = {**version.tags, **check_tags({key: value for key, value in tags.items() if value is not None})}
        kept = {key: value for key, value in merged.items() if tags.get(key, "") is not None}
        self._note({"what": "tagged", "name": version.name, "version": version.version, "tags": kept}, actor)
        return self._find(str(version))

    @call(Right.WRITE)
    def describe(self, ref: str, text: str, *, actor: Actor) -> ModelVersion:
        """Say in words what a version is. Raises UnknownNameError, OptionError."""
        version = self._find(ref)
        said = check_words(text, "description", 10_000, empty=True)
        self._note({"what": "described", "name": version.name, "version": version.version, "text": said}, actor)
        return self._find(str(version))

    # -- out

    @call(Right.READ)
    def resolve(self, ref: str, *, actor: Actor) -> ModelVersion:
        """The version that a number, digest or alias means now; the answer means it for ever. Raises UnknownNameError."""
        return self._find(ref)

    @call(Right.READ)
    def load(self, ref: str, *, actor: Actor) -> Any:
        """The artifact as it was registered, checked against its digests; arrays are read only. Event `artifact.downloaded`.

        Raises UnknownNameError, IntegrityError.
        """
        version = self._find(ref)
        artifact = self._artifact(version)
        self._emit(version.resource, "artifact.downloaded", str(actor), {"kind": self.KIND, "digest": version.digest})
        return artifact

    @call(Right.DEPLOY)
    def deployable(self, ref: str, *, zone: str = "", actor: Actor) -> Deployable:
        """What a deployment of a version into a zone needs; for who holds `deploy` on it there. Which version that is does not change
        when an alias moves. Event `artifact.downloaded` {zone}. Raises UnknownNameError, IntegrityError.
        """
        version = self._find(ref)
        answer = Deployable(version, zone, self._artifact(version))
        data = {"kind": self.KIND, "digest": version.digest, "zone": zone}
        self._emit(version.resource, "artifact.downloaded", str(actor), data)
        return answer

    # -- looking

    @call_of_anybody
    def list(self, project: str | None = None, *, actor: Actor) -> tuple[str, ...]:
        """Names of the models of which the caller may read any version, of a project or of all. Raises OptionError."""
        return tuple(dict.fromkeys(version.name for version in self._visible(actor, project)))

    @call_of_anybody
    def versions(self, name: str, *, actor: Actor) -> tuple[ModelVersion, ...]:
        """The versions of a model that the caller may read. Raises OptionError."""
        path = whole_name(name).path
        return tuple(self._visible(actor, None, path))

    @call_of_anybody
    def search(
        self,
        text: str = "",
        *,
        tags: Mapping[str, str] | None = None,
        stage: str | None = None,
        where: Iterable[str] = (),
        actor: Actor,
    ) -> tuple[ModelVersion, ...]:
        """The versions that the caller may read whose name, description or alias contains `text`, with these tags, in this stage, for
        whose metrics all of `where` holds, such as `["auc >= 0.8"]`. Raises OptionError, UnknownNameError.
        """
        wanted, at = check_tags({} if tags is None else tags).items(), None if stage is None else stage_of(stage)
        rules = [Rule.parse(rule) for rule in ([where] if isinstance(where, str) else where)]
        situation = Situation({}, frozenset())
        return tuple(
            version
            for version in self._visible(actor, None)
            if (text in version.name or text in version.description or text in version.aliases)
            and wanted <= version.tags.items()
            and (at is None or version.stage is at)
            and all(rule.judge(version, situation) for rule in rules)
        )

    @call(Right.READ, "first", "second")
    def compare(self, first: str, second: str, *, actor: Actor) -> ModelComparison:
        """Two versions side by side. Raises UnknownNameError."""
        return compared(self._find(first), self._find(second))

    @call(Right.READ)
    def aliases(self, name: str, *, actor: Actor) -> Mapping[str, int]:
        """The aliases of a model, sorted, and the versions that they point to."""
        return MappingProxyType(dict(sorted(self._shelf.get(whole_name(name).path).aliases.items())))

    @call(Right.READ)
    def history(self, name: str, alias: str | None = None, *, actor: Actor) -> tuple[AliasMove, ...]:
        """How the aliases of a model, or one of them, moved, in that order."""
        return tuple(move for move in self._shelf.get(whole_name(name).path).moves if alias is None or move.alias == check_alias(alias))

    @call(Right.READ)
    def stage_history(self, name: str, *, actor: Actor) -> tuple[StageMove, ...]:
        """How the versions of a model went from stage to stage, in that order."""
        return tuple(self._shelf.get(whole_name(name).path).stages)

    @call(Right.READ)
    def rules(self, name: str, *, actor: Actor) -> Mapping[str, tuple[str, ...]]:
        """The rules of a model's aliases (`@champion`) and stages."""
        return MappingProxyType(dict(sorted(self._shelf.get(whole_name(name).path).rules.items())))

    # -- aliases, stages, rules

    @call(Right.ADMIN)
    def set_rules(self, name: str, target: str, rules: Iterable[str | Rule], *, actor: Actor) -> None:
        """What must hold before a version becomes `target`, an alias (`@champion`) or a stage (`production`), in place of what had to; `[]`
        for nothing. See `Rule`. Raises OptionError, UnknownNameError.
        """
        reference = whole_name(name)
        projects = self._authorization.directory.projects
        if reference.project not in projects:
            raise UnknownNameError("project", reference.project, projects)
        if isinstance(rules, (str, bytes)) or not isinstance(rules, Iterable):
            raise OptionError(f"rules={printable(str(rules)[:60])}: expected a list, such as ['auc >= 0.8']")
        said = [str(Rule.parse(rule)) for rule in rules]
        at = check_target(target)
        if said or at in self._shelf.get(reference.path).rules:
            self._note({"what": "ruled", "name": reference.path, "target": at, "rules": said}, actor)

    @call(Right.WRITE)
    def promote(self, candidate: str, target: str, *, zone: str = "", actor: Actor) -> Promotion:
        """Let a version become `target`, an alias (`@champion`) or a stage (`production`), if the rules of the model allow it.

        Takes `write` on the model. The answer has the verdict of each rule; one that failed has changed nothing. Event `alias.moved`
        {kind, alias, before, after} or `stage.moved`. `zone`: in which a `right` rule wants the right. Raises UnknownNameError, StageError.
        """
        return self._promote(self._find(candidate), check_target(target), zone, actor)

    @call(Right.WRITE)
    def set_alias(self, candidate: str, alias: str, *, zone: str = "", actor: Actor) -> ModelVersion:
        """Let an alias point to a version. As `promote`, but raises PromotionError where a rule fails."""
        promotion = self._promote(self._find(candidate), "@" + check_alias(alias), zone, actor)
        if not promotion:
            raise PromotionError(promotion)
        return promotion.version

    @call(Right.WRITE)
    def set_stage(self, candidate: str, stage: str, *, zone: str = "", actor: Actor) -> ModelVersion:
        """Let a version go to a stage. As `promote`, but raises PromotionError where a rule fails."""
        promotion = self._promote(self._find(candidate), stage_of(stage).value, zone, actor)
        if not promotion:
            raise PromotionError(promotion)
        return promotion.version

    @call(Right.WRITE)
    def remove_alias(self, name: str, alias: str, *, actor: Actor) -> None:
        """Let an alias point to nothing. Event `alias.moved`. Raises UnknownNameError."""
        path, known = whole_name(name).path, self._shelf.get(whole_name(name).path).aliases
        if check_alias(alias) not in known:
            raise UnknownNameError("alias", alias, known)
        self._move(path, check_alias(alias), None, actor)

    # -- protection, deletion

    @call(Right.DEPLOY)
    def protect(self, ref: str, by: str, *, zone: str = "", actor: Actor) -> ModelVersion:
        """Keep a version from being deleted while `by`, such as a deployment, needs it. Raises UnknownNameError, OptionError."""
        return self._protect(ref, by, True, actor)

    @call(Right.DEPLOY)
    def unprotect(self, ref: str, by: str, *, zone: str = "", actor: Actor) -> ModelVersion:
        """`by` needs a version no longer. Raises UnknownNameError, also where it did not need it."""
        if by not in (known := self._find(ref).protected_by):
            raise UnknownNameError("protection", printable(str(by)[:80]), known)
        return self._protect(ref, by, False, actor)

    @call(Right.ADMIN)
    def delete(self, ref: str, *, actor: Actor) -> None:
        """Take a version out; its number is not given again. Event `artifact.deleted`.

        Raises ReferencedError where an alias points to it, something protects it, or a record or deployment names it; UnknownNameError.
        """
        version = self._find(ref)
        named = {f"alias:{version.name}@{alias}" for alias in version.aliases}
        named.update(version.protected_by, self._referrers.of(version.resource))
        if named:
            raise ReferencedError(version.resource, sorted(named))
        self._note({"what": "deleted", "name": version.name, "version": version.version}, actor)
        self._emit(version.resource, "artifact.deleted", str(actor), {"kind": self.KIND, "digest": version.digest})

    # -- inside

    def _resource_of(self, parameter: str, value: Any) -> str:
        if parameter == "project":
            return f"project:{check_project(value)}"
        reference = Reference.parse(value)
        if parameter == "candidate":  # aliases and stages are the model's
            return f"{self.KIND}:{reference.path}"
        if parameter != "name":
            number = self._shelf.number_of(reference.path, reference.version)
            reference = reference if number is None else reference.at(number)
        return f"{self.KIND}:{reference}"

    def _find(self, ref: str) -> ModelVersion:
        reference = Reference.parse(ref)
        number = self._shelf.number_of(reference.path, reference.version)
        if number is None:
            model = self._shelf.get(reference.path)
            known = [f"{reference.path}@{version}" for version in (*model.versions, *model.aliases)]
            raise UnknownNameError("model", str(reference), known)
        return self._shelf.version(reference.path, number)

    def _artifact(self, version: ModelVersion) -> Any:
        with reading(version.digest, version.resource):
            return assembled({part.name: (self._store.get(part.digest), part.is_array) for part in version.parts})

    def _visible(self, actor: Actor, project: str | None, only: str | None = None) -> Iterator[ModelVersion]:
        start = "" if project is None else check_project(project) + "/"
        assert isinstance(actor, Principal)
        for path, model in self._shelf if only is None else [(only, self._shelf.get(only))]:
            if path.startswith(start):
                for number in model.versions:
                    if self._authorization.may(actor, Right.READ, f"{self.KIND}:{path}@{number}"):
                        yield self._shelf.version(path, number)

    def _promote(self, version: ModelVersion, target: str, zone: str, actor: Actor) -> Promotion:
        model = self._shelf.get(version.name)
        held = frozenset(right for right in Right if self._authorization.decide(actor, right, version.resource, zone))
        situation = Situation({alias: model.versions[number] for alias, number in model.aliases.items()}, held)
        if not target.startswith("@"):
            after = stage_of(target)
            if after is not version.stage and after not in TRANSITIONS[version.stage]:
                raise StageError(version.stage, after)
        verdicts = tuple(Rule.parse(rule).judge(version, situation) for rule in model.rules.get(target, ()))
        if not all(verdicts):
            return Promotion(version, target, False, verdicts)
        if target.startswith("@"):
            self._move(version.name, target[1:], version.version, actor)
        elif target != version.stage:
            self._note({"what": "staged", "name": version.name, "version": version.version, "stage": target}, actor)
            data = {"kind": self.KIND, "before": version.stage.value, "after": target}
            self._emit(version.resource, "stage.moved", str(actor), data)
        return Promotion(self._shelf.version(version.name, version.version), target, True, verdicts)

    def _move(self, path: str, alias: str, number: int | None, actor: Actor) -> None:
        before = self._shelf.get(path).aliases.get(alias)
        if before != number:
            self._note({"what": "alias.moved", "name": path, "alias": alias, "version": number}, actor)
            data = {"kind": self.KIND, "alias": alias, "before": before, "after": number}
            self._emit(f"{self.KIND}:{path}", "alias.moved", str(actor), data)

    def _protect(self, ref: str, by: str, held: bool, actor: Actor) -> ModelVersion:
        version = self._find(ref)
        if (check_words(by, "by", 250) in version.protected_by) != held:
            self._note({"what": "protected", "name": version.name, "version": version.version, "by": by, "held": held}, actor)
        return self._find(str(version))

    def _note(self, record: dict[str, Any], actor: Actor) -> None:
        self._keep({**record, "time": self._sim.now, "actor": str(actor)})

    def _contents(self) -> Iterator[str]:
        for _, model in self._shelf:
            for version in model.versions.values():
                yield from (part.digest for part in version.parts)

    def _apply(self, record: Mapping[str, Any]) -> None:
        self._shelf.apply(record)

    def __repr__(self) -> str:
        return f"ModelRegistry({len(self._shelf.models):,} models, {sum(len(model.versions) for _, model in self._shelf):,} versions)"
