"""How the Metadata Store sees the other stores of its platform: below the check of rights, since it decides itself who is told what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..errors import MlplatError
from .artifacts.metadata import ModelOfCommit, Resolvers
from .artifacts.scm.objects import FOLDER, SUBMODULE
from .artifacts.scm.trees import find
from .references import Reference

if TYPE_CHECKING:
    from .artifacts.data import DataStore
    from .artifacts.images import ImageRegistry
    from .artifacts.models import ModelRegistry, ModelVersion
    from .artifacts.scm import SCM


class Neighbours:
    """Source code, data, images and models of one platform."""

    def __init__(self, scm: SCM, data: DataStore, images: ImageRegistry, models: ModelRegistry) -> None:
        self._scm, self._data, self._images, self._models = scm, data, images, models

    def resolvers(self) -> Resolvers:
        """What a Metadata Store is made with."""
        digests = {"repo": self._commit, "dataset": self._dataset, "image": self._image, "model": self._model}
        return Resolvers(self._read_file, self._models_of_commit, self._commit_of_model, digests, self._canonical)

    def _canonical(self, resource: str) -> str:
        kind, _, path = resource.partition(":")
        for component in (self._scm, self._data, self._images, self._models):
            if kind == component.KIND:
                return component._resource_of("ref", path)
        return resource

    def _read_file(self, commit: str, path: str, _: object) -> bytes | None:
        try:
            repository, number = self._scm._at(commit)
            found = find(repository.objects, repository.objects.link(number).tree, path)
            return None if found is None or found.mode in (FOLDER, SUBMODULE) else repository.objects.content(found.id)
        except MlplatError:
            return None

    def _commit(self, resource: str) -> str | None:
        repository = self._scm._repositories.get(_named(resource).path)
        return "" if repository is not None and _named(resource).version in repository.objects.links else None

    def _dataset(self, resource: str) -> str | None:
        kept = self._data._catalogue.find(_named(resource))
        return None if kept is None else kept.version.digest

    def _image(self, resource: str) -> str | None:
        return self._images._shelf.digest_of(_named(resource).path, _named(resource).version)

    def _version(self, resource: str) -> ModelVersion | None:
        reference = _named(resource)
        versions = self._models._shelf.get(reference.path).versions
        return versions.get(int(reference.version)) if reference.version.isdecimal() and len(reference.version) < 16 else None

    def _model(self, resource: str) -> str | None:
        version = self._version(resource)
        return None if version is None else version.digest

    def _commit_of_model(self, model: str) -> str | None:
        version = self._version(model)
        return None if version is None else version.commit

    def _models_of_commit(self, commit: str) -> Iterable[ModelOfCommit]:
        shelf = self._models._shelf
        for name, number in shelf.by_commit.get(commit, ()):
            version = shelf.models[name].versions[number]
            run = "" if version.run is None else f"run:{version.run.removeprefix('run:')}"
            yield ModelOfCommit(version.resource, version.digest, run)


def _named(resource: str) -> Reference:
    return Reference.parse(resource.partition(":")[2])
