"""The state of the Image Registry: images by name and digest, tags, layers; a fold of its journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...record_shapes import ensure
from ...references import Reference
from .manifests import Manifest
from .versions import ImageVersion, TagMove


@dataclass(slots=True)
class Repository:
    """The images under one name: by digest in order of their coming, tags, those that point to each digest, their moves, what each tag
    pointed to last, patterns of tags that do not move.
    """

    images: dict[str, ImageVersion] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    pointing: dict[str, set[str]] = field(default_factory=dict)
    moves: list[TagMove] = field(default_factory=list)
    last: dict[str, str] = field(default_factory=dict)
    fixed: tuple[str, ...] = ()

    def move(self, move: TagMove) -> None:
        """Let a tag point where a move says."""
        self.moves.append(move)
        if move.before is not None:
            self.pointing[move.before].discard(move.tag)
            if not self.pointing[move.before]:
                del self.pointing[move.before]
            del self.tags[move.tag]
        if move.after is not None:
            self.tags[move.tag] = move.after
            self.pointing.setdefault(move.after, set()).add(move.tag)


class Catalogue:
    """All repositories, and how many images of each project have each layer."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.layers: dict[tuple[str, str], int] = {}
        """Of each project and layer the number of images that have it. Projects do not learn of each other's layers."""
        self.sizes: dict[tuple[str, str], int] = {}
        """MiB of each layer, as a project has it."""
        self.names: dict[str, dict[str, None]] = {}
        """Of each digest of an image the names under which it is."""

    def apply(self, record: Mapping[str, Any]) -> None:
        """Change the state as a record says."""
        path = record["name"]
        repository = self.repositories.get(path)
        if repository is None:
            ensure(Reference.parse(path).path == path, f"{path}: expected the name of an image")
            repository = self.repositories[path] = Repository()
        match record["what"]:
            case "published":
                manifest = Manifest.of(record["manifest"])
                ensure(manifest.digest == record["digest"] and record["digest"] not in repository.images, "a manifest with another digest")
                external = None if record["external"] is None else tuple(record["external"])
                version = ImageVersion(path, record["digest"], manifest, record["time"], record["actor"], external)
                repository.images[version.digest] = version
                self.names.setdefault(version.digest, {})[path] = None
                project = path.partition("/")[0]
                for layer in {layer.digest: layer for layer in manifest.layers}.values():
                    self.layers[project, layer.digest] = self.layers.get((project, layer.digest), 0) + 1
                    self.sizes[project, layer.digest] = layer.size_mib
                self._point(repository, record)
            case "tagged":
                self._point(repository, record)
            case "fixed":
                repository.fixed = tuple(record["patterns"])
            case "pulled":
                version = repository.images[record["digest"]]
                repository.images[version.digest] = replace(version, pulls=version.pulls + 1)
            case "deleted":
                self._delete(repository, path, record)

    def _point(self, repository: Repository, record: Mapping[str, Any]) -> None:
        ensure(record["digest"] is None or record["digest"] in repository.images, "a tag on no image")
        for tag in record["tags"]:
            repository.move(TagMove(tag, record["time"], record["actor"], repository.tags.get(tag), record["digest"]))
            if record["digest"] is not None:
                repository.last[tag] = record["digest"]

    def _delete(self, repository: Repository, path: str, record: Mapping[str, Any]) -> None:
        version = repository.images.pop(record["digest"])
        for tag in sorted(repository.pointing.get(version.digest, ())):
            repository.move(TagMove(tag, record["time"], record["actor"], version.digest, None))
        names = self.names[version.digest]
        del names[path]
        if not names:
            del self.names[version.digest]
        project = path.partition("/")[0]
        for digest in {layer.digest for layer in version.layers}:
            self.layers[project, digest] -= 1
            if not self.layers[project, digest]:
                del self.layers[project, digest], self.sizes[project, digest]

    def get(self, path: str) -> Repository:
        """The images under a name; none under one that is not there."""
        return self.repositories.get(path) or Repository()

    def digest_of(self, path: str, version: str) -> str | None:
        """The digest that a tag or digest means under a name, if there is an image."""
        repository = self.get(path)
        return version if version in repository.images else repository.tags.get(version)

    def version(self, path: str, digest: str) -> ImageVersion:
        """An image with the tags that point to it now."""
        repository = self.repositories[path]
        return replace(repository.images[digest], tags=tuple(sorted(repository.pointing.get(digest, ()))))

    def __iter__(self) -> Iterator[tuple[str, Repository]]:
        return iter(sorted(self.repositories.items()))
