"""How the Metadata Store sees the other stores of its platform: below the check of rights, since it decides itself who is told what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .artifacts.metadata import ModelOfCommit, Resolvers
from .references import Reference

if TYPE_CHECKING:
    from .artifacts.data import DataStore
    from .artifacts.images import ImageRegistry
    from .artifacts.models import ModelRegistry
    from .artifacts.scm import SCM
    from .component import Component


class Neighbours:
    """Source code, data, images and models of one platform, by the few questions that components answer each other."""

    def __init__(self, scm: SCM, data: DataStore, images: ImageRegistry, models: ModelRegistry) -> None:
        self._scm, self._models = scm, models
        self._components: dict[str, Component] = {each.KIND: each for each in (scm, data, images, models)}

    def resolvers(self) -> Resolvers:
        """What a Metadata Store is made with."""
        return Resolvers(
            read_file=lambda commit, path, _: self._scm._file_at(Reference.parse(commit), path),
            models_of_commit=self._models_of_commit,
            commit_of_model=lambda model: self._models._commit_of(_reference(model)),
            digest_of=dict.fromkeys(self._components, self._digest),
            canonical=self._canonical,
        )

    def _canonical(self, resource: str) -> str:
        kind = resource.partition(":")[0]
        return f"{kind}:{self._components[kind]._resolved(_reference(resource))}" if kind in self._components else resource

    def _digest(self, resource: str) -> str | None:
        return self._components[resource.partition(":")[0]]._digest_of(_reference(resource))

    def _models_of_commit(self, commit: str) -> Iterator[ModelOfCommit]:
        for version in self._models._made_by(commit):
            run = "" if version.run is None else f"run:{version.run.removeprefix('run:')}"
            yield ModelOfCommit(version.resource, version.digest, run)


def _reference(resource: str) -> Reference:
    return Reference.parse(resource.partition(":")[2])
