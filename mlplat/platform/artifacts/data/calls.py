"""What the calls of the Data Store have in common: which version a name leads to, and what of it the caller is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar

from ....canonical import frozen
from ....errors import AccessDenied, OptionError, UnknownNameError, printable
from ....units import seconds
from ...component import Component
from ...identity.authorization import Actor
from ...identity.principals import Principal
from ...identity.rights import Right
from ...record_shapes import Shape
from ...references import Reference, check_name
from ...storage.contents import reading
from ..referrers import Referrers
from . import content as contents
from . import manifests
from .catalogue import HEAD, TIME, Catalogue, Dataset, Kept
from .journal import RECORDS
from .manifests import Manifest
from .versions import WITHHELD, DatasetVersion

if TYPE_CHECKING:
    from ....context import Simulation
    from ....infra.endpoint import ManagementEndpoint
    from ...identity.provider import IdentityProvider
    from ...storage.store import Store


class DataCalls(Component):
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
        self._catalogue = Catalogue()
        self._endpoint, self._at = endpoint, at
        self._referrers = Referrers() if referrers is None else referrers
        self._referrers.register(self._catalogue.referrers)
        super().__init__(sim, identity, store)

    def _apply(self, record: Mapping[str, Any]) -> None:
        self._catalogue.apply(record)

    def _contents(self) -> Iterator[str]:
        return chain.from_iterable(map(self._contents_of, self._catalogue))  # goes on after a manifest that cannot be read

    def _contents_of(self, kept: Kept) -> Iterator[str]:
        yield from (kept.manifest, kept.statistics, *(split.digest for split in kept.splits.values()))
        yield from (chunk.digest for chunk in self._manifest(kept).chunks)

    # -- names

    def _resource_of(self, parameter: str, value: Any) -> str:
        reference = Reference.parse(value)
        if parameter == "dataset":
            return f"dataset:{reference.path}"
        kept = self._catalogue.find(reference)
        return f"dataset:{reference}" if kept is None else kept.version.resource

    def _named(self, parameter: str, value: Any, resource: str) -> str:
        return resource if parameter == "dataset" else f"dataset:{Reference.parse(value)}"

    def _meant(self, parameter: str, given: Any, options: Mapping[str, Any]) -> Any:
        as_of = options.get("as_of")
        if parameter != "ref" or as_of is None:
            return given
        reference = Reference.parse(given)
        if reference.version:
            raise OptionError(f"{reference} as of a time; expected a dataset without a version")
        return reference.at(f"{TIME}{seconds(as_of)!r}")

    def _dataset(self, name: object) -> Reference:
        """The name of a dataset. Raises OptionError where it names a version."""
        reference = Reference.parse(name)
        if reference.version:
            raise OptionError(f"{reference}: a version; expected a dataset, {reference.path}")
        return reference

    def _there(self, name: object) -> Dataset:
        """A dataset that has been published. Raises UnknownNameError."""
        reference = self._dataset(name)
        found = self._catalogue.datasets.get(reference.path)
        if found is None:
            known = [path for path in self._catalogue.datasets if path.startswith(f"{reference.project}/")]
            raise UnknownNameError("dataset", reference.path, known)
        return found

    def _find(self, ref: object, principal: Principal) -> Kept:
        """The version that a name leads to. Raises UnknownNameError, which names versions that the caller may read."""
        reference = Reference.parse(ref)
        kept = self._catalogue.find(reference)
        if kept is None:
            dataset = self._catalogue.datasets.get(reference.path)
            versions = [] if dataset is None else [each for each in dataset.versions.values() if self._may_read(principal, each)]
            if not versions:
                raise UnknownNameError("dataset", str(reference), [])
            raise UnknownNameError(
                f"version of {reference.path}", reference.version or HEAD, [str(each.version.version) for each in versions]
            )
        return kept

    def _may_read(self, principal: Principal, kept: Kept) -> bool:
        return self._authorization.may(principal, Right.READ, kept.version.resource)

    def _require_read(self, reference: Reference, actor: Actor) -> None:
        """Raises AccessDenied where the caller may not read a version, in the words in which it was named."""
        try:
            self._authorization.require(actor, Right.READ, self._resource_of("ref", reference), call="data.read", source=self.SOURCE)
        except AccessDenied as error:
            raise AccessDenied(error.principal, error.action, f"dataset:{reference}", error.reason) from None

    def _shown(self, kept: Kept, principal: Principal) -> DatasetVersion:
        """A version as the caller may see it: of parents that they may not read, the digest."""
        version = kept.version
        if not version.parents:
            return version
        may = self._authorization.may
        parents = [
            parent if may(principal, Right.READ, parent) else f"{WITHHELD}{digest}"
            for parent, digest in zip(version.parents, kept.parents, strict=True)
        ]
        return replace(version, parents=tuple(parents))

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


def texts(given: object, what: str) -> tuple[str, ...]:
    """Several names, each once, in the order given. Raises OptionError."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise OptionError(f"{what}={printable(str(given)[:60])!r}: expected several names")
    return tuple(dict.fromkeys(check_name(name, what) for name in given))


def text(given: object, what: str, longest: int = 10_000) -> str:
    """A text of at most so many characters. Raises OptionError."""
    if not isinstance(given, str) or len(given) > longest:
        raise OptionError(f"{what}: expected text of at most {longest:,} characters")
    frozen(given, what)
    return given


def principal_of(actor: Actor) -> Principal:
    """Who calls; inside a call that is known."""
    assert isinstance(actor, Principal)
    return actor
