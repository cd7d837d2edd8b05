"""What lineage is made of: nodes, which are artifacts by kind and version, and links between them, which have roles."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from ....canonical import frozen
from ....errors import OptionError, UnknownNameError, printable
from ...references import Reference, check_name, is_commit, plain, told
from ...storage.digests import check_digest


class NodeKind(StrEnum):
    """Kinds of nodes; the value is the kind of the resource, before its colon."""

    COMMIT = "repo"
    DATASET = "dataset"
    IMAGE = "image"
    MODEL = "model"
    RUN = "run"
    PIPELINE = "pipeline"
    DEPLOYMENT = "deployment"
    WINDOW = "window"
    """What a deployed model was asked in a span of time, and answered."""

    @property
    def word(self) -> str:
        """What people call it: a commit is a version of a resource `repo`."""
        return self.name.lower()


SINGLE: Final = MappingProxyType(
    {"code": NodeKind.COMMIT, "image": NodeKind.IMAGE, "parent": NodeKind.MODEL, "pipeline": NodeKind.PIPELINE}
)
"""Roles that a run has one input in, and of which kind that is; data have roles of their own, such as `training`."""


class Artifact(NamedTuple):
    """One version of an artifact as a record names it: `kind:project/name@version`, and the digest it had then.

    `size`: bytes, of what was made. `signature`: of a model, its inputs and outputs.
    """

    resource: str
    digest: str = ""
    size: int | None = None
    signature: Mapping[str, Any] | None = None


class Link(NamedTuple):
    """`downstream` was made of, or with, `upstream`; `role` says as what: `code`, `image`, `training`, `parent`, `model`."""

    upstream: str
    downstream: str
    role: str


def node_kind(resource: str) -> NodeKind:
    """The kind of a node. Raises UnknownNameError."""
    kind = resource.partition(":")[0]
    try:
        return NodeKind(kind)
    except ValueError:
        raise UnknownNameError("kind of node", printable(kind[:40]), list(NodeKind)) from None


def project_of(resource: str) -> str:
    """The project of a node. A commit alone tells which run made a model only inside one project.

    >>> project_of("dataset:shop/clicks@3")
    'shop'
    """
    return resource.partition(":")[2].partition("/")[0]


def check_node(resource: object) -> str:
    """A node as it is: one version of an artifact, or a run. Raises OptionError, UnknownNameError.

    >>> check_node("dataset:shop/clicks@3")
    'dataset:shop/clicks@3'
    """
    if not isinstance(resource, str) or ":" not in resource:
        raise OptionError(f"node {told(resource)}: expected 'kind:project/name@version', such as 'dataset:shop/clicks@3'")
    kind = node_kind(resource)
    reference = Reference.parse(resource.partition(":")[2])
    if kind is NodeKind.RUN:
        if reference.version:
            raise OptionError(f"run {printable(resource[:80])!r}: expected 'run:project/name', without a version")
    elif not reference.version:
        raise OptionError(f"{printable(resource[:80])!r}: expected one version of it, '{printable(resource[:80])}@…'")
    elif kind is NodeKind.COMMIT and not is_commit(reference.version):
        raise OptionError(f"commit {printable(reference.version[:60])!r}: expected 40 hexadecimal digits")
    return resource


def artifact(given: object, kind: NodeKind | None = None) -> Artifact:
    """An artifact from what a caller names it by: text, (text, digest), or an `Artifact`. Raises OptionError.

    `kind`: what it is where the text does not say, as `shop/clicks@3` does not.
    """
    if isinstance(given, (str, Reference)):
        given = (given if isinstance(given, str) else str(Reference.parse(given)),)
    if not isinstance(given, tuple) or not 1 <= len(given) <= 4:
        raise OptionError(f"an artifact of {type(given).__name__}: expected 'kind:project/name@version', alone or with its digest")
    found = Artifact(*given)
    if not isinstance(found.resource, str) or not isinstance(found.digest, str):
        raise OptionError(f"an artifact of {type(found.resource).__name__} and {type(found.digest).__name__}: expected text")
    text, digest = plain(found.resource), plain(found.digest)
    if kind is not None and ":" not in text.partition("@")[0]:
        text = f"{kind}:{text}"
    check_node(text)
    if kind is not None and node_kind(text) is not kind:
        raise OptionError(f"{printable(text[:80])}: expected a {kind.word}")
    if digest:
        check_digest(digest)
    size = found.size
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 0):
        raise OptionError(f"size of {printable(text[:80])}: expected a number of bytes")
    signature = None if found.signature is None else frozen(found.signature, "signature")
    if signature is not None and not isinstance(signature, Mapping):
        raise OptionError(f"signature of {printable(text[:80])}: expected a mapping of inputs and outputs")
    return Artifact(text, digest, size, signature)


def artifacts(given: Mapping[str, object] | None, what: str, kind: NodeKind | None = None) -> dict[str, Artifact]:
    """Artifacts by role. Raises OptionError."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise OptionError(f"{what}: expected a mapping of roles to artifacts, found {type(given).__name__}")
    if kind is NodeKind.DATASET and not SINGLE.keys().isdisjoint(given):
        raise OptionError(f"{what}: the roles {', '.join(SINGLE)} are not of data")
    return {check_name(role, "role"): artifact(each, SINGLE.get(role, kind)) for role, each in given.items()}
