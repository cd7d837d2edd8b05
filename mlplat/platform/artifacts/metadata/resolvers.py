"""What the Metadata Store asks others: what a commit holds, which model came of which commit, whether an artifact is still what it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from ...identity.principals import Principal

LOCK_FILE = "mlplat.lock"
"""Path of the lock file in a commit."""


class ModelOfCommit(NamedTuple):
    """A model version that a registry names by its commit: `model:project/name@version`, its digest, and its run where it is known."""

    model: str
    digest: str = ""
    run: str = ""


class ReadFile(Protocol):
    """Bytes of a file in a commit `project/name@id`; None where there is no such commit or file."""

    def __call__(self, commit: str, path: str, actor: Principal | None, /) -> bytes | None: ...


class ModelsOfCommit(Protocol):
    """The model versions that the registry names by a commit `repo:project/name@id`."""

    def __call__(self, commit: str, /) -> Iterable[ModelOfCommit]: ...


class CommitOfModel(Protocol):
    """The commit `repo:project/name@id` by which the registry names a model version; None where it names none."""

    def __call__(self, model: str, /) -> str | None: ...


class DigestOf(Protocol):
    """The digest of a resource as it is kept; None where it is not there; empty where it has none but its name."""

    def __call__(self, resource: str, /) -> str | None: ...


def _nothing(*_: object) -> None:
    return None


def _none_of_them(_: str) -> Iterable[ModelOfCommit]:
    return ()


@dataclass(frozen=True, slots=True)
class Resolvers:
    """How a Metadata Store sees its neighbours. They answer for anybody: the store decides who sees what of it.

    `read_file`: for lock files. `models_of_commit`, `commit_of_model`: of the registry. `digest_of`: of each kind of resource (`dataset`,
    `image`, `repo`, `model`) who knows it; what has none for its kind is taken as recorded. `canonical`: a resource with its alias,
    branch or tag resolved to a version.
    """

    read_file: ReadFile = _nothing
    models_of_commit: ModelsOfCommit = _none_of_them
    commit_of_model: CommitOfModel = _nothing
    digest_of: Mapping[str, DigestOf] = field(default_factory=dict)
    canonical: Callable[[str], str] = str

    def knows(self, resource: str) -> bool:
        """Whether anybody can say if a resource is there."""
        return resource.partition(":")[0] in self.digest_of

    def digest(self, resource: str) -> str | None:
        """The digest of a resource; None where it is not there, empty where nobody knows."""
        ask = self.digest_of.get(resource.partition(":")[0])
        return "" if ask is None else ask(resource)
