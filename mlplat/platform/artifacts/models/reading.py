"""Reading models: artifacts, what a deployment needs, and what is known of versions and names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from ...component import call, call_of_anybody
from ...identity.authorization import Actor
from ...identity.rights import Right
from ...references import check_project, whole_name
from ...storage.contents import reading
from .artifact_parts import assembled
from .calls import ModelCalls
from .rules import Rule, Situation
from .stages import stage_of
from .statements import check_alias, check_tags
from .versions import AliasMove, Deployable, ModelComparison, ModelVersion, StageMove, compared


class Reading(ModelCalls):
    """Models, as far as they are read."""

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
        return MappingProxyType(dict(sorted(self._catalogue.get(whole_name(name).path).aliases.items())))

    @call(Right.READ)
    def history(self, name: str, alias: str | None = None, *, actor: Actor) -> tuple[AliasMove, ...]:
        """How the aliases of a model, or one of them, moved, in that order."""
        return tuple(move for move in self._catalogue.get(whole_name(name).path).moves if alias is None or move.alias == check_alias(alias))

    @call(Right.READ)
    def stage_history(self, name: str, *, actor: Actor) -> tuple[StageMove, ...]:
        """How the versions of a model went from stage to stage, in that order."""
        return tuple(self._catalogue.get(whole_name(name).path).stages)

    @call(Right.READ)
    def rules(self, name: str, *, actor: Actor) -> Mapping[str, tuple[str, ...]]:
        """The rules of a model's aliases (`@champion`) and stages."""
        return MappingProxyType(dict(sorted(self._catalogue.get(whole_name(name).path).rules.items())))

    # -- inside

    def _to_deploy(self, ref: str, zone: str, actor: Actor) -> ModelVersion:
        """The version that `deployable` would give, for who may have it; its content is not read. Raises UnknownNameError."""
        found = self._alike("ref", ref, actor)
        resource = self._resource_of("ref", found)
        named = partial(self._named, "ref", ref, resource)
        self._authorization.require(actor, Right.DEPLOY, resource, zone, call="models.deployable", source=self.SOURCE, named=named)
        return self._shown(self._find(ref, actor), actor)

    def _artifact(self, version: ModelVersion) -> Any:
        with reading(version.digest, version.resource):
            return assembled({part.name: (self._store.get(part.digest), part.is_array) for part in version.parts})

    def _visible(self, actor: Actor, project: str | None, only: str | None = None) -> Iterator[ModelVersion]:
        start = "" if project is None else check_project(project) + "/"
        for path, model in self._catalogue if only is None else [(only, self._catalogue.get(only))]:
            if path.startswith(start):
                for number in model.versions:
                    if self._may_read_version(actor, path, number):
                        yield self._catalogue.version(path, number)
