"""`ModelRegistry`: numbered versions of models, aliases and stages that move by recorded transitions, and what a deployment needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from ....canonical import frozen
from ....errors import MlplatError, OptionError, UnknownNameError, printable
from ...component import Component, call, call_of_anybody
from ...identity.authorization import Actor
from ...identity.rights import Right
from ...record_shapes import Shape
from ...references import Reference, check_project, whole_name
from ...storage.contents import reading
from ...storage.store import Store
from ..referrers import ReferencedError, Referrers
from ..withholding import referrers_shown, resource_named, shown
from ..wording import check_external, check_several, check_words
from .artifact_parts import assembled, contents_of, digest_of_artifact
from .journal import RECORDS
from .rules import Rule, Situation
from .shelf import Shelf
from .signatures import Signature
from .stages import TRANSITIONS, StageError, stage_of
from .statements import check_alias, check_commit, check_metrics, check_tags, check_target
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
        The caller may read the commit, and write the run where it is one of the platform. Raises OptionError, AccessDenied,
        UnknownNameError for the project.
        """
        reference = whole_name(name)
        self._check_project(reference.project, actor)
        if (run is None) == (external is None):
            raise OptionError(f"{reference}: expected either the run that made the model, or external=[what is unknown of its origin]")
        if signature is not None and not isinstance(signature, Signature):
            raise OptionError(f"signature: a {type(signature).__name__}; expected a Signature, such as Signature.of(inputs, outputs)")
        self._require_origin(run, commit, actor)
        contents = contents_of(artifact)
        said: dict[str, Any] = {
            "version": self._shelf.get(reference.path).count + 1,
            "signature": None if signature is None else signature.to_json(),
            "metrics": check_metrics({} if metrics is None else metrics),
            "parameters": frozen({} if parameters is None else parameters, "parameters"),
            "run": None if run is None else check_words(run, "run", 250),
            "external": None if external is None else check_external(external),
            "commit": None if commit is None else check_commit(commit),
            "tags": check_tags({} if tags is None else tags),
            "description": check_words(description, "description", empty=True),
        }
        if not isinstance(said["parameters"], Mapping):
            raise OptionError("parameters: expected values by name")
        digests = {part: self._store.put(content) for part, (content, _) in contents.items()}
        said["parts"] = [[part, digests[part], len(content), is_array] for part, (content, is_array) in contents.items()]
        said["digest"] = digest_of_artifact(digests)
        self._keep(self._record("registered", actor, name=reference.path, **said))
        version = self._shelf.version(reference.path, self._shelf.get(reference.path).count)
        data: dict[str, Any] = {"kind": self.KIND, "digest": version.digest, "run": version.run, "external": version.external is not None}
        data |= {"size_bytes": version.size, "signature": None if version.signature is None else version.signature.to_json()}
        self._emit(version.resource, "artifact.published", actor, data)
        return self._shown(version, actor)

    @call(Right.WRITE)
    def set_tags(self, ref: str, tags: Mapping[str, str | None], *, actor: Actor) -> ModelVersion:
        """Give a version tags, or take those away that are None. Raises UnknownNameError, OptionError."""
        version = self._find(ref, actor)
        if not isinstance(tags, Mapping):
            raise OptionError("tags: expected text by name, None for those that go")
        merged = {**version.tags, **check_tags({key: value for key, value in tags.items() if value is not None})}
        kept = {key: value for key, value in merged.items() if tags.get(key, "") is not None}
        self._keep(self._record("tagged", actor, name=version.name, version=version.version, tags=kept))
        return self._shown(self._find(str(version), actor), actor)

    @call(Right.WRITE)
    def describe(self, ref: str, text: str, *, actor: Actor) -> ModelVersion:
        """Say in words what a version is. Raises UnknownNameError, OptionError."""
        version = self._find(ref, actor)
        said = check_words(text, "description", empty=True)
        self._keep(self._record("described", actor, name=version.name, version=version.version, text=said))
        return self._shown(self._find(str(version), actor), actor)

    # -- out

    @call(Right.READ)
    def resolve(self, ref: str, *, actor: Actor) -> ModelVersion:
        """The version that a number, digest or alias means now; the answer means it for ever. Raises UnknownNameError."""
        return self._shown(self._find(ref, actor), actor)

    @call(Right.READ)
    def load(self, ref: str, *, actor: Actor) -> Any:
        """The artifact as it was registered, checked against its digests; arrays are read only. Event `artifact.downloaded`.

        Raises UnknownNameError, IntegrityError.
        """
        version = self._find(ref, actor)
        artifact = self._artifact(version)
        self._emit(version.resource, "artifact.downloaded", actor, {"kind": self.KIND, "digest": version.digest})
        return artifact

    @call(Right.DEPLOY)
    def deployable(self, ref: str, *, zone: str = "", actor: Actor) -> Deployable:
        """What a deployment of a version into a zone needs; for who holds `deploy` on it there. Which version that is does not change
        when an alias moves. Event `artifact.downloaded` {zone}. Raises UnknownNameError, IntegrityError.
        """
        version = self._find(ref, actor)
        answer = Deployable(self._shown(version, actor), zone, self._artifact(version))
        data = {"kind": self.KIND, "digest": version.digest, "zone": zone}
        self._emit(version.resource, "artifact.downloaded", actor, data)
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
        return tuple(self._shown(version, actor) for version in self._visible(actor, None, path))

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
            self._shown(version, actor)
            for version in self._visible(actor, None)
            if (text in version.name or text in version.description or text in version.aliases)
            and wanted <= version.tags.items()
            and (at is None or version.stage is at)
            and all(rule.judge(version, situation) for rule in rules)
        )

    @call(Right.READ, "first", "second")
    def compare(self, first: str, second: str, *, actor: Actor) -> ModelComparison:
        """Two versions side by side. Raises UnknownNameError."""
        return compared(*(self._shown(self._find(ref, actor), actor) for ref in (first, second)))

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
        self._check_project(reference.project, actor)
        said = [str(Rule.parse(rule)) for rule in check_several(rules, "rules", "['auc >= 0.8']")]
        at = check_target(target)
        if said or at in self._shelf.get(reference.path).rules:
            self._keep(self._record("ruled", actor, name=reference.path, target=at, rules=said))

    @call(Right.WRITE)
    def promote(self, version: str, target: str, *, zone: str = "", actor: Actor) -> Promotion:
        """Let a version become `target`, an alias (`@champion`) or a stage (`production`), if the rules of the model allow it.

        Takes `write` on the model. The answer has the verdict of each rule; one that failed has changed nothing. Event `alias.moved`
        {kind, alias, before, after} or `stage.moved`. `zone`: in which a `right` rule wants the right. Raises UnknownNameError, StageError.
        """
        return self._promote(self._find(version, actor), check_target(target), zone, actor)

    @call(Right.WRITE)
    def set_alias(self, version: str, alias: str, *, zone: str = "", actor: Actor) -> ModelVersion:
        """Let an alias point to a version. As `promote`, but raises PromotionError where a rule fails."""
        promotion = self._promote(self._find(version, actor), "@" + check_alias(alias), zone, actor)
        if not promotion:
            raise PromotionError(promotion)
        return promotion.version

    @call(Right.WRITE)
    def set_stage(self, version: str, stage: str, *, zone: str = "", actor: Actor) -> ModelVersion:
        """Let a version go to a stage. As `promote`, but raises PromotionError where a rule fails."""
        promotion = self._promote(self._find(version, actor), stage_of(stage).value, zone, actor)
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
        version = self._find(ref, actor)
        if by not in version.protected_by:
            raise UnknownNameError("protection", printable(str(by)[:80]), self._shown(version, actor).protected_by)
        return self._protect(ref, by, False, actor)

    @call(Right.ADMIN)
    def delete(self, ref: str, *, actor: Actor) -> None:
        """Take a version out; its number is not given again. Event `artifact.deleted`.

        Raises ReferencedError where an alias points to it, something protects it, or a record or deployment names it; UnknownNameError.
        """
        version = self._find(ref, actor)
        named = {f"alias:{version.name}@{alias}" for alias in version.aliases}
        named.update(version.protected_by)
        named.update(referrers_shown(self._authorization, actor, self._referrers.of(version.resource)))
        if named:
            raise ReferencedError(version.resource, sorted(named))
        self._keep(self._record("deleted", actor, name=version.name, version=version.version))
        self._emit(version.resource, "artifact.deleted", actor, {"kind": self.KIND, "digest": version.digest})

    # -- inside

    def _resolved(self, reference: Reference) -> Reference:
        number = self._shelf.number_of(reference.path, reference.version)
        return reference if number is None else reference.at(number)

    def _version(self, reference: Reference) -> ModelVersion | None:
        number = self._shelf.number_of(reference.path, reference.version)
        return None if number is None else self._shelf.get(reference.path).versions[number]

    def _digest_of(self, reference: Reference) -> str | None:
        version = self._version(reference)
        return None if version is None else version.digest

    def _commit_of(self, reference: Reference) -> str | None:
        """The commit whose code made a version, `repo:project/name@id`, if it was said."""
        version = self._version(reference)
        return None if version is None else version.commit

    def _made_by(self, commit: str) -> Iterator[ModelVersion]:
        """The versions that the code of a commit made."""
        for name, number in self._shelf.by_commit.get(commit, ()):
            yield self._shelf.models[name].versions[number]

    def _named(self, parameter: str, value: Any, resource: str) -> str:
        return f"{self.KIND}:{Reference.parse(value)}" if parameter not in ("project", "candidate") else resource

    def _find(self, ref: str, actor: Actor) -> ModelVersion:
        """The version that a reference names. Raises UnknownNameError, which names those that the caller may read."""
        reference = self._of_digest(ref, actor)
        number = self._shelf.number_of(reference.path, reference.version)
        if number is None:
            model = self._shelf.get(reference.path)
            named = [*((number, number) for number in model.versions), *model.aliases.items()]
            known = [f"{reference.path}@{name}" for name, number in named if self._may_read_version(actor, reference.path, number)]
            raise UnknownNameError("model", str(reference), known)
        return self._shelf.version(reference.path, number)

    def _may_read_version(self, actor: Actor, path: str, number: int) -> bool:
        return self._authorization.may(actor, Right.READ, f"{self.KIND}:{path}@{number}")

    def _require_origin(self, run: str | None, commit: str | None, actor: Actor) -> None:
        """Raises AccessDenied for who may not say what it is to say that these made a model."""
        for right, kind, name in ((Right.WRITE, "run", run), (Right.READ, "repo", commit)):
            resource = None if name is None else resource_named(name, kind)
            if resource is not None:
                self._authorization.require(actor, right, resource, call="models.register", source=self.SOURCE)

    def _shown(self, version: ModelVersion, actor: Actor) -> ModelVersion:
        """A version as the caller may see it: of what it names and they may not read, that it is withheld. Who administers it sees what
        protects it.
        """
        see = partial(shown, self._authorization, actor)
        administers = self._authorization.may(actor, Right.ADMIN, version.resource)
        return replace(
            version,
            run=None if version.run is None else see(version.run, "run"),
            commit=None if version.commit is None else see(version.commit, "repo"),
            same_as=tuple(number for number in version.same_as if self._may_read_version(actor, version.name, number)),
            protected_by=version.protected_by if administers else tuple(map(see, version.protected_by)),
        )

    def _artifact(self, version: ModelVersion) -> Any:
        with reading(version.digest, version.resource):
            return assembled({part.name: (self._store.get(part.digest), part.is_array) for part in version.parts})

    def _alike(self, parameter: str, value: Any, actor: Actor) -> Any:
        return self._of_digest(value, actor) if parameter in ("ref", "first", "second") else value

    def _of_digest(self, ref: object, actor: Actor) -> Reference:
        """Of versions that are asked for by their digest the first that the caller may read: they are alike, and one may be shared."""
        reference = Reference.parse(ref)
        for number in self._shelf.get(reference.path).by_digest.get(reference.version, ()):
            if self._authorization.may(actor, Right.READ, f"{self.KIND}:{reference.at(number)}"):
                return reference.at(number)
        return reference

    def _visible(self, actor: Actor, project: str | None, only: str | None = None) -> Iterator[ModelVersion]:
        start = "" if project is None else check_project(project) + "/"
        for path, model in self._shelf if only is None else [(only, self._shelf.get(only))]:
            if path.startswith(start):
                for number in model.versions:
                    if self._may_read_version(actor, path, number):
                        yield self._shelf.version(path, number)

    def _promote(self, version: ModelVersion, target: str, zone: str, actor: Actor) -> Promotion:
        model = self._shelf.get(version.name)
        rules = [Rule.parse(rule) for rule in model.rules.get(target, ())]
        held = self._held(actor, [Right(rule.name) for rule in rules if rule.kind == "right"], version.resource, zone)
        situation = Situation({alias: model.versions[number] for alias, number in model.aliases.items()}, held)
        if not target.startswith("@"):
            after = stage_of(target)
            if after is not version.stage and after not in TRANSITIONS[version.stage]:
                raise StageError(version.stage, after)
        verdicts = tuple(rule.judge(version, situation) for rule in rules)
        if not all(verdicts):
            return Promotion(self._shown(version, actor), target, False, verdicts)
        if target.startswith("@"):
            self._move(version.name, target[1:], version.version, actor)
        elif target != version.stage:
            self._keep(self._record("staged", actor, name=version.name, version=version.version, stage=target))
            data = {"kind": self.KIND, "before": version.stage.value, "after": target}
            self._emit(version.resource, "stage.moved", actor, data)
        return Promotion(self._shown(self._shelf.version(version.name, version.version), actor), target, True, verdicts)

    def _held(self, actor: Actor, rights: Iterable[Right], resource: str, zone: str) -> frozenset[Right]:
        """Which of the rights that rules ask for the caller holds. The decisions are in the audit log."""
        authorization, token = self._authorization, self._authorization.caller(actor).token
        decisions = [authorization.decide(actor, right, resource, zone) for right in dict.fromkeys(rights)]
        for decision in decisions:
            authorization.note(decision, f"{self.SOURCE}.promote", token)
        return frozenset(decision.right for decision in decisions if decision)

    def _move(self, path: str, alias: str, number: int | None, actor: Actor) -> None:
        before = self._shelf.get(path).aliases.get(alias)
        if before != number:
            self._keep(self._record("alias.moved", actor, name=path, alias=alias, version=number))
            data = {"kind": self.KIND, "alias": alias, "before": before, "after": number}
            self._emit(f"{self.KIND}:{path}", "alias.moved", actor, data)

    def _protect(self, ref: str, by: str, held: bool, actor: Actor) -> ModelVersion:
        version = self._find(ref, actor)
        if (check_words(by, "by", 250) in version.protected_by) != held:
            self._keep(self._record("protected", actor, name=version.name, version=version.version, by=by, held=held))
        return self._shown(self._find(str(version), actor), actor)

    def _contents(self) -> Iterator[str]:
        for _, model in self._shelf:
            for version in model.versions.values():
                yield from (part.digest for part in version.parts)

    def _apply(self, record: Mapping[str, Any]) -> None:
        self._shelf.apply(record)
