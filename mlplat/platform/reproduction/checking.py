"""Looking before anything runs: whether all that a model was made of is there, may be read, and is what its digest says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...errors import IntegrityError, MlplatError
from ..artifacts.metadata.lineage import fingerprint_of, lineage_parts
from ..artifacts.metadata.nodes import Artifact, Link, NodeKind, node_kind
from ..references import Reference
from .verdict import Difference

if TYPE_CHECKING:
    from ..artifacts.capsules.stores import Stores
    from ..artifacts.metadata.run_state import RunState
    from ..identity.principals import Principal


def read_all(stores: Stores, used: Mapping[str, Artifact], actor: Principal) -> tuple[Difference, ...]:
    """Read what a run used, by role, as `actor`, and say what is not what was recorded. Raises AccessDenied, naming the resource."""
    found = []
    for role, one in sorted(used.items()):
        try:
            digest = _digest(stores, one, actor)
        except IntegrityError as error:
            found.append(Difference(one.resource, error.digest, error.found))
            continue
        if one.digest and digest and digest != one.digest:
            found.append(Difference(f"{role} {one.resource}", one.digest, digest))
    return tuple(found)


def _digest(stores: Stores, one: Artifact, actor: Principal) -> str:
    """The digest of an artifact of which every byte was read; empty where its name says it all."""
    ref = one.resource.partition(":")[2]
    match node_kind(one.resource):
        case NodeKind.COMMIT:
            stores.scm.checkout(ref, actor=actor)
            return ""
        case NodeKind.DATASET:
            found = stores.data.resolve(ref, actor=actor)
            for digest in stores.data._contents_of(stores.data._find(Reference.parse(ref), actor)):
                stores.data._store.get(digest)
            return found.digest
        case NodeKind.MODEL:
            stores.models.load(ref, actor=actor)
            return stores.models.resolve(ref, actor=actor).digest
        case NodeKind.IMAGE:
            image = stores.images.resolve(ref, actor=actor)
            stores.images._checked(image)
            return image.digest
    return ""


def problem_of(error: MlplatError) -> str:
    """What is wrong, in words, for a verdict."""
    return f"{type(error).__name__}: {error}"


def parts_of(run: RunState) -> dict[str, str | int | None]:
    """What the lineage fingerprint of a run's model is of, from what the run's own record names."""
    used = run.all_inputs()
    links = {Link(one.resource, run.resource, role): one for role, one in used.items()}
    return lineage_parts(run, links)


def fingerprint(run: RunState) -> str:
    """The lineage fingerprint of a run."""
    return fingerprint_of(parts_of(run))


def version_of(model: str) -> Reference:
    """A model version, by its resource or reference."""
    return Reference.parse(model.removeprefix("model:"))
