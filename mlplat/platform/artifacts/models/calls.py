"""What the calls of the Model Registry have in common: which version a name leads to, and what of it the caller is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from ....errors import UnknownNameError
from ...identity.authorization import Actor
from ...identity.rights import Right
from ...record_shapes import Shape
from ...references import Reference
from ..artifact_component import ArtifactComponent
from ..withholding import shown
from .catalogue import Catalogue
from .journal import RECORDS
from .versions import ModelVersion


class ModelCalls(ArtifactComponent):
    """A Model Registry without its calls. See `ModelRegistry`."""

    KIND: ClassVar[str] = "model"
    SOURCE: ClassVar[str] = "models"
    _RECORDS: ClassVar[Mapping[str, Mapping[str, Shape]]] = RECORDS

    def _begin(self) -> None:
        self._catalogue = Catalogue()

    def _apply(self, record: Mapping[str, Any]) -> None:
        self._catalogue.apply(record)

    def _contents(self) -> Iterator[str]:
        for _, model in self._catalogue:
            for version in model.versions.values():
                yield from (part.digest for part in version.parts)

    # -- names

    def _alike(self, parameter: str, value: Any, actor: Actor) -> Any:
        return self._of_digest(value, actor) if parameter in ("ref", "first", "second") else value

    def _named(self, parameter: str, value: Any, resource: str) -> str:
        return f"{self.KIND}:{Reference.parse(value)}" if parameter not in ("project", "candidate") else resource

    def _resolved(self, reference: Reference) -> Reference:
        number = self._catalogue.number_of(reference.path, reference.version)
        return reference if number is None else reference.at(number)

    def _version(self, reference: Reference) -> ModelVersion | None:
        number = self._catalogue.number_of(reference.path, reference.version)
        return None if number is None else self._catalogue.get(reference.path).versions[number]

    def _digest_of(self, reference: Reference) -> str | None:
        version = self._version(reference)
        return None if version is None else version.digest

    def _commit_of(self, reference: Reference) -> str | None:
        """The commit whose code made a version, `repo:project/name@id`, if it was said."""
        version = self._version(reference)
        return None if version is None else version.commit

    def _made_by(self, commit: str) -> Iterator[ModelVersion]:
        """The versions that the code of a commit made."""
        for name, number in self._catalogue.by_commit.get(commit, ()):
            yield self._catalogue.models[name].versions[number]

    def _of_digest(self, ref: object, actor: Actor) -> Reference:
        """Of versions that are asked for by their digest the first that the caller may read: they are alike, and one may be shared."""
        reference = Reference.parse(ref)
        for number in self._catalogue.get(reference.path).by_digest.get(reference.version, ()):
            if self._authorization.may(actor, Right.READ, f"{self.KIND}:{reference.at(number)}"):
                return reference.at(number)
        return reference

    def _find(self, ref: str, actor: Actor) -> ModelVersion:
        """The version that a reference names. Raises UnknownNameError, which names those that the caller may read."""
        reference = self._of_digest(ref, actor)
        number = self._catalogue.number_of(reference.path, reference.version)
        if number is None:
            model = self._catalogue.get(reference.path)
            named = [*((number, number) for number in model.versions), *model.aliases.items()]
            known = [f"{reference.path}@{name}" for name, number in named if self._may_read_version(actor, reference.path, number)]
            raise UnknownNameError("model", str(reference), known)
        return self._catalogue.version(reference.path, number)

    def _may_read_version(self, actor: Actor, path: str, number: int) -> bool:
        return self._authorization.may(actor, Right.READ, f"{self.KIND}:{path}@{number}")

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
