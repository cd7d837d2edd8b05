"""Making the parts of a capsule from what the stores of a platform hold, as far as the caller may give it away."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ....errors import AccessDenied, OptionError
from ...identity.principals import Principal
from ...identity.rights import Right
from ...references import Reference
from ...storage.digests import digest_of
from ..data import content as contents
from ..data import manifests
from ..metadata.lineage import lineage_parts
from ..metadata.linking import Found
from ..metadata.missing import MissingLink, MissingReason, Via
from ..metadata.nodes import Artifact, NodeKind, node_kind
from ..metadata.run_state import RunState, row_of
from ..metadata.runs import Linking
from .documents import MOST, NOBODY
from .errors import IncompleteLineageError
from .git_pack import pack_of
from .parts import Document, Parts, commit_of, is_known_by_name, stand_in
from .stores import Stores

if TYPE_CHECKING:
    from ....events import EventLog

CALL = "capsules.export"
_PUBLISHED = ("artifact.published", "commit.pushed", "metadata.recorded")


class Gathering:
    """What goes into the capsule of a model version, for one caller. `give(resource)`, `may_read(resource)`: whether that may go in, and
    be read.
    """

    def __init__(self, stores: Stores, model: str, give: Callable[[str], bool], may_read: Callable[[str], bool]) -> None:
        self._stores, self._give = stores, give
        self._contents: dict[str, bytes] = {}
        self._named: dict[str, list[str]] = {}
        self._packs: dict[str, bytes] = {}
        self.origins: dict[str, str] = {}
        """Of each content the resource that it is of."""
        metadata = stores.metadata
        found = metadata._linker.find(model, Linking.BOTH, metadata._read_lock, may_read)
        self.missing = _missing_of(model, found)
        self.run = found.run
        self._model = model
        self._rows = {} if self.run is None else {link.role: one for link, one in _into(self.run.resource, found)}
        self._made = {link.role: next(iter(by.values())) for link, by in found.links.items() if link.downstream == model}

    @property
    def used(self) -> tuple[str, ...]:
        """The resources that the run used, by role."""
        return tuple(dict.fromkeys(self._rows[role].resource for role in sorted(self._rows)))

    def parts(self, log: EventLog, may_tell: Callable[[str], bool], licence: str) -> Parts:
        """The parts. `may_tell`: whether events of a subject go in. Raises IncompleteLineageError for what no store has."""
        assert self.run is not None
        project = self._model.partition(":")[2].partition("/")[0]
        documents: dict[str, Document] = {}
        names: dict[str, str] = {}
        inputs: dict[str, Document] = {}
        for role, one in sorted(self._rows.items(), key=lambda item: (item[1].resource, item[0])):
            given = self._give(one.resource)
            document = self._document(one.resource) if given and one.resource not in documents else documents.get(one.resource)
            if document is not None:
                documents[one.resource] = document
            digest = one.digest if document is None else document.get("digest", "")
            named = given and (document is not None or is_known_by_name(one.resource))
            names[one.resource] = one.resource if named else stand_in(one.resource, digest, project)
            inputs[role] = row_of(one._replace(resource=names[one.resource], digest=digest))
        commit = next((one.resource for role, one in self._rows.items() if role == "code"), None)
        made = self._model_document(self._model, self.run.resource, None if commit is None else names[commit])
        documents[self._model] = made
        outputs = {role: row_of(one._replace(digest=made["digest"])) for role, one in self._made.items()}
        run = _run_document(self.run, inputs, outputs)
        artifacts = tuple(documents[name] for name in sorted(documents))
        told = {run["resource"], *documents}
        events = _events(log, told, lambda subject: subject in told or may_tell(subject))
        actors = {each["actor"] for each in (run, *artifacts) if "actor" in each} - {NOBODY}
        for each in artifacts:
            for digest in self._named.get(each["resource"], ()):
                self.origins.setdefault(digest, each["resource"])
        return Parts(
            run, artifacts, events, tuple(self._principal(number) for number in sorted(actors)), licence, self._contents, self._packs
        )

    # -- documents

    def _hold(self, resource: str, content: bytes) -> str:
        digest = digest_of(content)
        self._contents[digest] = content
        self._named.setdefault(resource, []).append(digest)
        return digest

    def _document(self, resource: str) -> Document | None:
        """The document of an artifact, whose contents are held then; None for what is known by its name, or is not there."""
        reference = Reference.parse(resource.partition(":")[2])
        match node_kind(resource):
            case NodeKind.MODEL:
                there = self._stores.models._catalogue.number_of(reference.path, reference.version)
                return None if there is None else self._model_document(resource, None, None)
            case NodeKind.DATASET:
                return self._dataset_document(resource, reference)
            case NodeKind.IMAGE:
                return self._image_document(resource, reference)
            case NodeKind.COMMIT:
                return self._code_document(resource, reference)
        return None

    def _model_document(self, resource: str, run: str | None, commit: str | None) -> Document:
        version = self._stores.models._version(Reference.parse(resource.partition(":")[2]))
        assert version is not None
        for part in version.parts:
            self._hold(resource, self._stores.models._store.get(part.digest))
        external = version.external
        if run is None:
            external = external or ("run",)
        elif external == ():
            external = None
        return {
            "kind": "model",
            "resource": resource,
            "digest": version.digest,
            "parts": [list(part) for part in version.parts],
            "signature": None if version.signature is None else version.signature.to_json(),
            "metrics": dict(version.metrics),
            "parameters": version.parameters,
            "commit": commit if version.commit is not None else None,
            "run": run,
            "external": external,
            "tags": dict(version.tags),
            "description": version.description,
            "time": version.created_s,
            "actor": version.creator,
        }

    def _dataset_document(self, resource: str, reference: Reference) -> Document | None:
        kept = self._stores.data._catalogue.find(reference)
        if kept is None:
            return None
        version = kept.version
        draft = contents.draft(self._stores.data._content(kept))
        manifest = self._hold(resource, manifests.to_bytes(draft.manifest))
        for chunk in draft.manifest.chunks:
            self._hold(resource, draft.pieces[chunk.digest])
        splits = []
        for name in sorted(kept.splits):
            split = kept.splits[name]
            self._hold(resource, self._stores.data._store.get(split.digest))
            said = split._asdict()
            splits.append({"split": said.pop("name"), **{key: value for key, value in said.items() if key != "reference"}})
        return {
            "kind": "dataset",
            "resource": resource,
            "digest": version.digest,
            "manifest": manifest,
            "keys": version.keys,
            "tags": version.tags,
            "note": version.note,
            "parents": kept.parents,
            "origin": version.origin,
            "source": version.source,
            "splits": splits,
            "time": version.created_s,
            "actor": version.creator,
        }

    def _image_document(self, resource: str, reference: Reference) -> Document | None:
        images = self._stores.images
        digest = images._catalogue.digest_of(reference.path, reference.version)
        if digest is None:
            return None
        version = images._catalogue.version(reference.path, digest)
        manifest = self._hold(resource, images._checked(version))
        made = {"external": version.external, "time": version.created_s, "actor": version.creator}
        return {"kind": "image", "resource": resource, "digest": digest, "manifest": manifest, **made}

    def _code_document(self, resource: str, reference: Reference) -> Document | None:
        repository = self._stores.scm._repositories.get(reference.path)
        if repository is None or reference.version not in repository.objects.links:
            return None
        document = {"kind": "repo", "resource": resource}
        objects = repository.objects
        frames = {number: objects.frame(number) for number in objects.closure([reference.version])}
        self._packs[commit_of(document)] = pack_of(frames)
        return document

    def _principal(self, number: str) -> Document:
        found = self._stores.identity._authorization.directory.get(number)
        if found is None:
            raise OptionError(f"{number} made something in this capsule, and is no principal")
        return {"id": found.id, "kind": found.kind.value, "name": found.name}


def require_given(stores: Stores, principal: Principal, resource: str) -> None:
    """Raises AccessDenied unless the caller may both share and read a resource; of what they may not read, the name is not told."""
    try:
        for right in (Right.SHARE, Right.READ):
            stores.identity._authorization.require(principal, right, resource, call=CALL, source="capsules")
    except AccessDenied as error:
        shown = stores.metadata._shown_name(principal, resource)
        raise AccessDenied(error.principal, error.action, shown, error.reason) from None


def check_complete(stores: Stores, principal: Principal, model: str, missing: Iterable[MissingLink]) -> None:
    """Raises IncompleteLineageError, in which the caller is shown what they may read."""

    def shown(name: str) -> str:
        return stores.metadata._shown_name(principal, name) if name else ""

    found = sorted(each._replace(of=shown(each.of), resource=shown(each.resource)) for each in missing)
    if found:
        raise IncompleteLineageError(model, found)


def _missing_of(model: str, found: Found) -> list[MissingLink]:
    """What is missing of the lineage, and what of the run was not recorded."""
    missing = list(found.missing.values())
    parts = lineage_parts(found.run, {link: next(iter(by.values())) for link, by in found.links.items()})
    of = model if found.run is None else found.run.resource
    known = {each.role for each in missing}
    for name, value in parts.items():
        if value is None and name not in ("pipeline", *known) and not (missing and found.run is None):
            missing.append(MissingLink(of, name, Via.RECORD, MissingReason.NOT_RECORDED))
    return missing


def _into(run: str, found: Found) -> Iterable[tuple[Any, Artifact]]:
    return ((link, next(iter(by.values()))) for link, by in found.links.items() if link.downstream == run)


def _run_document(run: RunState, inputs: Mapping[str, Document], outputs: Mapping[str, Document]) -> Document:
    points = [[name, point.step, point.time, point.value] for name, points in sorted(run.metrics.items()) for point in points]
    steps = [{**step._asdict(), "status": step.status.value} for step in run.steps.values()]
    return {
        "resource": run.resource,
        "time": run.statements[0]["time"],
        "actor": run.principal,
        "status": run.status.value,
        "started": run.started,
        "ended": run.ended,
        "seed": run.seed,
        "numerics": run.numerics.value,
        "linking": run.linking.value,
        "error": run.error,
        "origin": run.origin,
        **{name: run.merged[name] for name in ("parameters", "tags", "environment", "resources")},
        "steps": steps,
        "inputs": inputs,
        "outputs": outputs,
        "metrics": points,
    }


def _events(log: EventLog, told: set[str], may_tell: Callable[[str], bool]) -> tuple[Document, ...]:
    """The events by which the artifacts came to be, and those that led to them, as far as the log has them.

    Of an event that is left out the cause becomes that of its effects, so that the chains stay whole.
    """
    waiting = [event.id for event in log if event.subject in told and event.predicate in _PUBLISHED]
    chosen: set[int] = set()
    while waiting and len(chosen) < MOST:
        number = waiting.pop()
        if number not in chosen:
            chosen.add(number)
            cause = log[number].cause
            if cause is not None and 0 <= cause < len(log):
                waiting.append(cause)
    kept: dict[int, int | None] = {}
    rows = []
    for number in sorted(chosen):
        event = log[number]
        cause = None if event.cause is None else kept.get(event.cause)
        shown = may_tell(event.subject)
        kept[number] = number if shown else cause
        if shown:
            rows.append({**event._asdict(), "cause": cause})
    return tuple(rows)
