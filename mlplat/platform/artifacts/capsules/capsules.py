"""`Capsules`: a model with all that it was made of, as one file for somebody else."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from functools import partial
from io import BufferedIOBase, RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ....canonical import canonical_json
from ....errors import MlplatError, OptionError, shown
from ....version import VERSION
from ...component import Component, call, call_of_anybody, principal_of
from ...identity.authorization import Actor
from ...identity.principals import Principal
from ...identity.rights import Right
from ...record_shapes import Shape
from ...references import Reference
from ...storage.digests import digest_of
from ..metadata.missing import MissingLink, MissingReason, Via
from . import archive
from .admission import keep
from .admitting import Admitting
from .documents import parsed
from .errors import CapsuleError, IncompleteLineageError
from .essence import essence
from .gathering import Gathering, check_complete, require_given
from .journal import RECORDS
from .opening import LONGEST_LICENCE, MAX_BYTES, content_of_file, open_capsule
from .parts import LICENCE, MANIFEST, RUN, Parts, manifest_of, members_of
from .renaming import Renaming, resources_of
from .stores import Stores
from .summary import CapsuleImport, CapsuleSummary, summary_of

if TYPE_CHECKING:
    from ....context import Simulation
    from ...identity.provider import IdentityProvider
    from ...storage.store import Store


class Capsules(Component):
    """Models that leave a platform and come from others, each with the run that made it, its code, data, image, parents and parameters.

    A capsule is a ZIP file with one spelling: equal models make equal bytes. Reading one runs nothing, unpacks nothing to files and loads
    no pickle; each of its bytes is checked, and what is wrong raises CapsuleError with the member.

    >>> from mlplat.platform import Platform
    >>> ours, theirs = Platform(), Platform()
    >>> for platform in (ours, theirs):
    ...     project = platform.identity.create_project("shop", owner=platform.admin, actor=platform.admin)
    >>> admin = ours.admin
    >>> data = ours.data.publish("shop/clicks", b"1,2,3", actor=admin)
    >>> image = ours.images.publish("shop/train", {"layers": []}, actor=admin)
    >>> repository = ours.scm.create_repository("shop/churn", actor=admin)
    >>> commit = ours.scm.commit("shop/churn", "main", {"train.py": b"print(1)"}, "first", actor=admin)
    >>> run = ours.metadata.start_run(
    ...     "shop/r1", code=f"shop/churn@{commit.id}", image=image.resource, data={"training": data.resource}, seed=7, actor=admin
    ... )
    >>> model = ours.models.register("shop/churn", b"weights", run=run.resource, actor=admin)
    >>> run = ours.metadata.finish_run("shop/r1", outputs={"model": model.resource}, actor=admin)
    >>> exported = ours.capsules.export("shop/churn@1", actor=admin)
    >>> theirs.capsules.import_file(exported.content, actor=theirs.admin).model
    'model:shop/churn@1'
    >>> theirs.models.load("shop/churn@1", actor=theirs.admin)
    b'weights'
    >>> theirs.capsules.export("shop/churn@1", actor=theirs.admin).digest == exported.digest
    True
    """

    KIND: ClassVar[str] = "model"
    SOURCE: ClassVar[str] = "capsules"
    _RECORDS: ClassVar[Mapping[str, Mapping[str, Shape]]] = RECORDS

    def __init__(self, sim: Simulation, identity: IdentityProvider, store: Store | None = None, *, stores: Stores) -> None:
        self._stores = stores
        self._imports: dict[str, Mapping[str, Any]] = {}
        """Of each model that came with a capsule, the last record of that."""
        self._held: dict[str, None] = {}
        super().__init__(sim, identity, store)

    @call(Right.SHARE)
    def export(
        self,
        model: str,
        file: str | os.PathLike[str] | RawIOBase | BufferedIOBase | None = None,
        *,
        withhold: bool = False,
        licence: str = "",
        actor: Actor,
    ) -> CapsuleSummary:
        """Write a model version and all that it was made of into a file; without one the answer has the bytes (`content`).

        Takes `share` and `read` on the model, its run and everything that the run used. `withhold`: what the caller may not give away, or
        no store has, is left as a digest, and the capsule is not self-contained. `licence`: a text for who gets it. What was imported and
        had nothing added comes out byte for byte as it came in. Event `capsule.exported` {digest, size, self_contained}.

        Raises AccessDenied for the first that may not be given, IncompleteLineageError with what is missing, UnknownNameError.
        """
        principal = principal_of(actor)
        if not isinstance(licence, str) or len(licence) > LONGEST_LICENCE or "\0" in licence:
            raise OptionError(f"licence: expected text of at most {LONGEST_LICENCE:,} characters")
        resource = self._stores.models._find(model, principal).resource
        require_given(self._stores, principal, resource)
        parts, origins = self._gathered(principal, resource, withhold)
        content = self._as_it_came(resource, parts, licence)
        if content is None:
            parts = parts._replace(licence=licence)
            members = members_of(parts)
            members[MANIFEST] = canonical_json(manifest_of(parts, members, origins, VERSION))
            content = archive.written(members)
        try:
            summary = summary_of(open_capsule(content), None if file is not None else content)
        except CapsuleError as error:  # what it takes in here may be more than what it gives to others
            raise OptionError(f"{resource} does not fit into a capsule: {error}") from None
        if file is not None:
            _write(file, content)
        told = {"digest": summary.digest, "size": summary.size, "self_contained": summary.self_contained}
        self._emit(resource, "capsule.exported", principal, told)
        return summary

    @call_of_anybody
    def inspect(self, file: object, *, max_bytes: int = MAX_BYTES, actor: Actor) -> CapsuleSummary:
        """What a capsule holds, all of which was checked; nothing is stored. `file`: a path, bytes or a binary file.

        `max_bytes`: of a file that is read. Raises CapsuleError with the member that is wrong, InputError for a file that cannot be read.
        """
        return summary_of(open_capsule(content_of_file(file, max_bytes)))

    @call_of_anybody
    def import_file(
        self, file: object, *, project: str | Mapping[str, str] | None = None, max_bytes: int = MAX_BYTES, actor: Actor
    ) -> CapsuleImport:
        """Take a capsule into the stores, all of it or nothing. Takes `write` on everything in it, under the names that it gets here.

        `project`: where it goes, or by each project named in the capsule the one here; the same names unless said. Numbers and ids stay.
        Whoever made something becomes a third party here, whose `origin` is the digest of the capsule and the id in it; artifacts are
        marked external. What is here already is not stored again. Of source code no branch moves: a tag `capsule-…` names the commit.
        Nothing runs. Events `capsule.imported` {digest, fingerprint, registered}, and because of it `artifact.published`,
        `dataset.changed` and `metadata.recorded`.

        Raises CapsuleError, InputError, AccessDenied; OptionError where a name is taken by something else, UnknownNameError for a project
        that is not there.
        """
        principal = principal_of(actor)
        capsule = open_capsule(content_of_file(file, max_bytes))
        renamed = Renaming(self._stores, capsule, project)
        for resource in resources_of(capsule, renamed):
            self._authorization.require(principal, Right.WRITE, resource, call="capsules.import_file", source=self.SOURCE)
        admission = Admitting(self._stores, capsule, renamed, principal).admission()
        model, summary = renamed(capsule.parts.model["resource"]), summary_of(capsule)
        documents = [member for name, member in capsule.members.items() if not name.startswith(("content/", "code/"))]
        before = self._imports.get(model)
        if admission.registered or (before is not None and before["capsule"] != capsule.digest):
            kept = {"what": "imported", "model": model, "capsule": capsule.digest, "time": self._sim.now, "actor": principal.id}
            record = {
                **kept,
                "documents": sorted({digest_of(each) for each in documents}),
                "manifest": digest_of(capsule.members[MANIFEST]),
            }
            keep(self._stores, admission._replace(contents=(*admission.contents, *documents)), (self, record))
        told = {"digest": capsule.digest, "fingerprint": summary.fingerprint, "registered": len(admission.registered)}
        event = self._emit(model, "capsule.imported", principal, told)
        for component, (subject, predicate, data) in admission.told:
            component._emit(subject, predicate, principal, data, event)
        return CapsuleImport(summary, model, admission.registered, admission.known)

    # -- inside

    def _resource_of(self, parameter: str, value: Any) -> str:
        return self._stores.models._resource_of("ref", Reference.parse(value))

    def _gathered(self, principal: Principal, model: str, withhold: bool) -> tuple[Parts, Mapping[str, str]]:
        """The parts of a capsule, and of which resource each content is; as far as the caller may give it."""
        may = self._authorization.may

        def may_give(resource: str) -> bool:
            return not withhold or (may(principal, Right.SHARE, resource) and may(principal, Right.READ, resource))

        def may_tell(subject: str) -> bool:
            try:
                return may(principal, Right.SHARE, subject)
            except MlplatError:
                return False

        gathering = Gathering(self._stores, model, may_give, partial(self._may_read, principal))
        if gathering.run is not None:
            require_given(self._stores, principal, gathering.run.resource)
        gone = MissingReason.NOT_FOUND
        check_complete(self._stores, principal, model, (each for each in gathering.missing if not (withhold and each.reason is gone)))
        assert gathering.run is not None
        if not withhold:
            for resource in gathering.used:
                require_given(self._stores, principal, resource)
        parts = gathering.parts(self._sim.log, may_tell, "")
        if parts.withheld and not withhold:
            run, lost = parts.run["resource"], {each["resource"] for each in parts.withheld}
            roles = sorted(role for role, row in parts.run["inputs"].items() if row["resource"] in lost)
            raise IncompleteLineageError(model, [MissingLink(run, role, Via.STORE, gone) for role in roles])
        return parts, gathering.origins

    def _packed(self, principal: Principal, model: str) -> bytes:
        """All that a model was made of, as the file of a capsule, for somebody who may read it and keeps it to themselves. Raises
        AccessDenied, IncompleteLineageError.
        """
        gathering = Gathering(self._stores, model, lambda resource: True, partial(self._may_read, principal))
        check_complete(self._stores, principal, model, gathering.missing)
        for resource in (model, *gathering.used):
            self._authorization.require(principal, Right.READ, resource, call="platform.reproduce", source=self.SOURCE)
        parts = gathering.parts(self._sim.log, partial(self._may_read, principal), "")
        members = members_of(parts)
        members[MANIFEST] = canonical_json(manifest_of(parts, members, gathering.origins, VERSION))
        return archive.written(members)

    def _as_it_came(self, model: str, parts: Parts, licence: str) -> bytes | None:
        """The file with which a model was imported, if it still says what is here; None where something was added."""
        record = self._imports.get(model)
        if record is None:
            return None
        manifest = parsed(self._store.get(record["manifest"]), MANIFEST)
        rows = {row["name"]: row["digest"] for row in manifest["members"]}
        there = {name: self._store.get(digest) for name, digest in rows.items() if digest in set(record["documents"])}
        said = there.get(LICENCE, b"").decode()
        numbers = sum(name.startswith("artifacts/") for name in rows)
        artifacts = tuple(parsed(there[f"artifacts/{number}.json"], MANIFEST) for number in range(numbers))
        contents = {digest: b"" for name, digest in rows.items() if name.startswith("content/")}
        came = Parts(parsed(there[RUN], RUN), artifacts, (), (), said, contents, {})
        if licence not in ("", said) or essence(came) != essence(parts):
            return None
        here = members_of(parts)
        members = {name: there[name] if name in there else here[name] for name in rows}
        content = archive.written({**members, MANIFEST: self._store.get(record["manifest"])})
        return content if digest_of(content) == record["capsule"] else None

    def _contents(self) -> Iterable[str]:
        return self._held

    def _apply(self, record: Mapping[str, Any]) -> None:
        self._imports[record["model"]] = record
        self._held.update(dict.fromkeys((*record["documents"], record["manifest"])))


def _write(file: str | os.PathLike[str] | RawIOBase | BufferedIOBase, content: bytes) -> None:
    """Into a file: the whole of it, or the file stays as it was. Raises OptionError."""
    if isinstance(file, (RawIOBase, BufferedIOBase)):
        file.write(content)
        return
    if not isinstance(file, (str, os.PathLike)):
        raise OptionError(f"a {type(file).__name__} as file; expected a path or a binary file")
    unfinished = ""
    try:
        path = Path(os.fspath(file))
        number, unfinished = tempfile.mkstemp(dir=path.parent, prefix=".mlplat-")
        with os.fdopen(number, "wb") as opened:
            opened.write(content)
        Path(unfinished).replace(path)
    except (OSError, ValueError, TypeError) as error:
        if unfinished:
            Path(unfinished).unlink(missing_ok=True)
        raise OptionError(f"{shown(file)} cannot be written: {getattr(error, 'strerror', None) or error}") from None
