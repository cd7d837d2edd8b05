"""What the calls of the Data Store have in common: which version a name leads to, and what of it the caller is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar

from ....errors import OptionError, UnknownNameError
from ....units import seconds
from ...identity.authorization import Actor
from ...identity.principals import Principal
from ...identity.rights import Right
from ...record_shapes import Shape
from ...references import Reference, check_name, whole_name
from ...storage.contents import reading
from ...storage.digests import PREFIX
from ..artifact_component import ArtifactComponent
from ..referrers import Referrers
from ..withholding import WITHHELD, shown
from ..wording import check_several
from . import content as contents
from . import manifests
from .catalogue import HEAD, TIME, Catalogue, Dataset, Kept
from .journal import RECORDS
from .manifests import Manifest
from .versions import DatasetVersion

if TYPE_CHECKING:
    from ....context import Simulation
    from ....infra.endpoint import ManagementEndpoint
    from ...identity.provider import IdentityProvider
    from ...storage.store import Store


class DataCalls(ArtifactComponent):
    """A Data Store without its calls. See `DataStore`."""

    KIND: ClassVar[str] = "dataset"
    SOURCE: ClassVar[str] = "data"
    _RECORDS: ClassVar[Mapping[str, Mapping[str, Shape]]] = RECORDS

    def __init__(
        self,
        sim: Simulation,
        identity: IdentityProvider,
        store: Store | None = None,
        endpoint: ManagementEndpoint | None = None,
        *,
        at: str = "",
        referrers: Referrers | None = None,
    ) -> None:
        if (endpoint is None) != (not at):
            raise OptionError(
                "endpoint and at: expected both, the way into a cluster and the data store's place in its network, or neither"
            )
        self._endpoint, self._at = endpoint, at
        super().__init__(sim, identity, store, referrers=referrers)
        self._referrers.register(self._catalogue.referrers)

    def _begin(self) -> None:
        self._catalogue = Catalogue()

    def _apply(self, record: Mapping[str, Any]) -> None:
        self._catalogue.apply(record)

    def _contents(self) -> Iterator[str]:
        return chain.from_iterable(map(self._contents_of, self._catalogue))  # goes on after a manifest that cannot be read

    def _contents_of(self, kept: Kept) -> Iterator[str]:
        yield from (kept.manifest, kept.statistics, *(split.digest for split in kept.splits.values()))
        yield from (chunk.digest for chunk in self._manifest(kept).chunks)

    # -- names

    def _alike(self, parameter: str, value: Any, actor: Actor) -> Any:
        return value if parameter in ("name", "version") else self._of_digest(value, actor)

    def _resolved(self, reference: Reference) -> Reference:
        kept = self._catalogue.find(reference)
        return reference if kept is None else reference.at(kept.version.version)

    def _digest_of(self, reference: Reference) -> str | None:
        kept = self._catalogue.find(reference)
        return None if kept is None else kept.version.digest

    def _meant(self, parameter: str, given: Any, options: dict[str, Any]) -> Any:
        as_of = options.get("as_of")
        if parameter != "ref" or as_of is None:
            return given
        reference = Reference.parse(given)
        if reference.version:
            raise OptionError(f"{reference} as of a time; expected a dataset without a version")
        options["as_of"] = time = float(seconds(as_of))  # looked at once, whatever it says the next time
        return reference.at(f"{TIME}{time!r}")

    def _of_digest(self, ref: object, actor: Actor) -> Reference:
        """Of versions that are asked for by their digest the newest that the caller may read: they are alike, and one may be shared."""
        reference = Reference.parse(ref)
        dataset = self._catalogue.datasets.get(reference.path)
        if dataset is not None and reference.version.startswith(PREFIX):
            for kept in reversed(dataset.versions.values()):
                if kept.version.digest == reference.version and self._may_read(actor, kept.version.resource):
                    return reference.at(kept.version.version)
        return reference

    def _there(self, name: object, actor: Actor) -> Dataset:
        """A dataset that has been published. Raises UnknownNameError, which names those of the project that the caller may read."""
        reference = whole_name(name)
        found = self._catalogue.datasets.get(reference.path)
        if found is None:
            near = [dataset for path, dataset in self._catalogue.datasets.items() if path.startswith(f"{reference.project}/")]
            known = [each.path for each in near if any(self._may_read(actor, kept.version.resource) for kept in each.versions.values())]
            raise UnknownNameError("dataset", reference.path, known)
        return found

    def _find(self, ref: object, principal: Principal) -> Kept:
        """The version that a name leads to. Raises UnknownNameError, which names versions that the caller may read."""
        reference = self._of_digest(ref, principal)
        kept = self._catalogue.find(reference)
        if kept is None:
            dataset = self._catalogue.datasets.get(reference.path)
            there = () if dataset is None else dataset.versions.values()
            versions = [str(each.version.version) for each in there if self._may_read(principal, each.version.resource)]
            if not versions:
                raise UnknownNameError("dataset", str(reference), [])
            raise UnknownNameError(f"version of {reference.path}", reference.version or HEAD, versions)
        return kept

    def _require_read(self, reference: Reference, actor: Actor) -> None:
        """Raises AccessDenied where the caller may not read a version, in the words in which it was named."""
        resource = self._resource_of("ref", reference)
        named = partial(self._named, "ref", reference, resource)
        self._authorization.require(actor, Right.READ, resource, call="data.read", source=self.SOURCE, named=named)

    def _shown(self, kept: Kept, principal: Principal) -> DatasetVersion:
        """A version as the caller may see it: of parents and code that they may not read, the digest."""
        version = kept.version
        if not version.parents and not version.code:
            return version
        parents = [
            parent if self._may_read(principal, parent) else f"{WITHHELD}{digest}"
            for parent, digest in zip(version.parents, kept.parents, strict=True)
        ]
        code = shown(self._authorization, principal, version.code, "repo") if version.code else ""
        return replace(version, parents=tuple(parents), code=code)

    # -- content

    def _manifest(self, kept: Kept) -> Manifest:
        version = kept.version
        with reading(kept.manifest, f"the manifest of {version.reference}"):
            manifest = manifests.from_bytes(self._store.get(kept.manifest))
            if (manifest.digest, manifest.kind, manifest.rows, manifests.form_of(manifest)) != (
                version.digest,
                version.kind,
                version.rows,
                kept.form,
            ):
                raise ValueError("of other content")
            return manifest

    def _content(self, kept: Kept, columns: Iterable[str] | None = None) -> Any:
        manifest = self._manifest(kept)
        with reading(kept.version.digest, kept.version.reference):
            return contents.read(self._store, manifest, columns)


def texts(given: Iterable[str], what: str) -> tuple[str, ...]:
    """Several names, each once, in the order given. Raises OptionError."""
    return tuple(dict.fromkeys(check_name(name, what) for name in check_several(given, what, "['raw', 'daily']")))
