"""Taking a capsule into the stores of a platform: which records that takes, decided before anything is kept."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import Any

from ....errors import MlplatError, OptionError
from ...component import Component
from ...identity.principals import Principal, PrincipalKind
from ...references import Reference
from ...storage.digests import digest_of, digest_of_json
from ..data import manifests, statistics
from ..data.dtypes import type_text
from ..images.manifests import Manifest
from ..metadata.runs import Linking
from ..scm.object_store import packed
from ..scm.refs import check_free
from .admission import Admission, Told
from .documents import NOBODY
from .essence import same_run
from .opening import Capsule
from .parts import Document, commit_of, content_name
from .renaming import Renaming
from .stores import Stores


class Admitting:
    """Works out an `Admission`; keeps nothing. Raises OptionError where a name is taken by something else, LineageCycleError."""

    def __init__(self, stores: Stores, capsule: Capsule, renamed: Renaming, actor: Principal) -> None:
        self._stores, self._capsule, self._renamed, self._actor = stores, capsule, renamed, actor
        self._now = stores.scm._sim.now
        self._contents: dict[str, bytes] = {}
        self._records: list[tuple[Component, Mapping[str, Any]]] = []
        self._told: list[tuple[Component, Told]] = []
        self._registered: list[str] = []
        self._known: list[str] = []
        self._people: dict[str, str] = {NOBODY: NOBODY}
        self._created = 0
        self._repositories: set[str] = set()
        self._packs: dict[str, dict[str, bytes]] = {}

    def admission(self) -> Admission:
        """What the import does."""
        parts = self._capsule.parts
        admit = {"repo": self._code, "dataset": self._dataset, "image": self._image, "model": self._model}
        model = parts.model
        for each in parts.artifacts:
            if each is not model:
                self._enter(admit[each["kind"]], each)
        self._enter(self._run, parts.run)
        self._enter(self._model, model)
        return Admission(
            tuple(self._contents.values()),
            tuple(self._records),
            tuple(self._told),
            tuple(self._registered),
            tuple(self._known),
            self._packs,
        )

    def _enter(self, admit: Callable[[Document, str], bool], document: Document) -> None:
        name = self._renamed(document["resource"])
        (self._registered if admit(document, name) else self._known).append(name)

    def _taken(self, name: str) -> OptionError:
        return OptionError(f"{name} is another one here, or a number that is not given again; expected a project in which it is free")

    def _held(self, digest: str) -> bytes:
        return self._capsule.members[content_name(digest)]

    def _put(self, digest: str, content: bytes) -> str:
        self._contents[digest] = content
        return digest

    # -- who

    def _person(self, number: str) -> str:
        """The id here of who has an id in the capsule: a third party, whose `origin` says of which capsule and who."""
        if number not in self._people:
            identity, digest = self._stores.identity, self._capsule.digest
            directory = identity._authorization.directory
            origin = f"{digest}/{number}"
            known = directory.from_elsewhere(origin)
            if known is None:
                kind, free = PrincipalKind.THIRD_PARTY, f"{number}.{digest[7:19]}"
                name = free if directory.is_free(kind, free) else f"{number}.{digest[7:]}"
                here = f"{kind.value}-{len(directory._principals) + 1 + self._created}"
                self._created += 1
                self._records.append((identity, identity._principal_record(self._actor, here, name, kind, origin=origin)))
            self._people[number] = here if known is None else known.id
        return self._people[number]

    def _when(self, document: Document) -> dict[str, Any]:
        return {"time": document["time"], "actor": self._person(document["actor"])}

    # -- artifacts: whether they are new

    def _code(self, document: Document, name: str) -> bool:
        scm, (_, path, number) = self._stores.scm, _named(name)
        repository = scm._repositories.get(path)
        if repository is not None and number in repository.objects.links:
            return False
        frames = self._capsule.frames[commit_of(document)]
        there: Container[str] = () if repository is None else repository.objects
        fresh = {found: frame for found, frame in sorted(frames.items()) if found not in there}
        pack = packed(fresh.values())
        self._packs[digest_of(pack)] = fresh
        when = {"time": self._now, "actor": self._actor.id}
        if repository is None and path not in self._repositories:
            scm._check_free(path)
            self._repositories.add(path)
            self._records.append((scm, {"what": "repository.created", "name": path, "branch": "main", **when}))
            self._told.append((scm, (f"repo:{path}", "artifact.published", {"kind": "repository"})))
        tags = {f"capsule-{number[:12]}": (number, number)}
        if repository is not None:
            try:
                check_free(f"capsule-{number[:12]}", [*repository.tags, *repository.branches], "tag")
            except MlplatError:
                tags = {}
        record = {"what": "imported", "name": path, "branches": {}, "tags": tags, "default": ""}
        self._records.append((scm, {**record, "pack": self._put(digest_of(pack), pack), **when}))
        self._told.append((scm, (name, "artifact.published", {"kind": "commit", "objects": len(fresh)})))
        return True

    def _dataset(self, document: Document, name: str) -> bool:
        data, (_, path, version) = self._stores.data, _named(name)
        number = int(version)
        draft, content, splits = self._capsule.datasets[document["resource"]]
        form, digest = manifests.form_of(draft.manifest), document["digest"]
        there = data._catalogue.datasets.get(path)
        if there is not None:
            kept = there.versions.get(number)
            if kept is not None and (kept.version.digest, kept.form) == (digest, form):
                return False
            if number <= there.last:
                raise self._taken(name)
        same = data._catalogue.of_digest.get((digest, form))
        if same:
            manifest, kept_manifest, kept_statistics = data._manifest(same[-1]), same[-1].manifest, same[-1].statistics
        else:
            manifest, kept_manifest = draft.manifest, self._put(document["manifest"], self._held(document["manifest"]))
            for chunk in manifest.chunks:
                self._put(chunk.digest, draft.pieces[chunk.digest])
            measured = statistics.to_bytes(statistics.statistics_of(content))
            kept_statistics = self._put(digest_of(measured), measured)
        place = {"name": path, "version": number}
        record = {
            "what": "version.made",
            **place,
            "how": "register",
            "digest": digest,
            "kind": manifest.kind,
            "form": form,
            "rows": manifest.rows,
            "columns": [(column, type_text(dtype)) for column, dtype in manifests.schema_of(manifest)],
            "size": sum(chunk.size for chunk in manifest.chunks),
            "manifest": kept_manifest,
            "statistics": kept_statistics,
            **self._when(document),
            "parents": (),
            "code": "",
            "tags": document["tags"],
            "note": document["note"],
            "keys": document["keys"],
            "origin": "external",
            "source": f"capsule {self._capsule.digest}",
        }
        self._records.append((data, record))
        for split, assignment in splits:
            self._put(split["digest"], assignment)
            self._records.append((data, {"what": "split.made", **place, **split, **self._when(document)}))
        head = None if there is None or there.head is None else there.head.version.digest
        self._told.append((data, (name, "artifact.published", {"kind": "dataset", "digest": digest, "version": number})))
        self._told.append((data, (f"dataset:{path}", "dataset.changed", {"old": head, "new": digest, "version": number})))
        return True

    def _image(self, document: Document, name: str) -> bool:
        images, (_, path, digest) = self._stores.images, _named(name)
        if digest in images._catalogue.get(path).images:
            return False
        manifest = Manifest.read(self._held(document["manifest"]))
        project = path.partition("/")[0]
        for layer in manifest.layers:
            known = images._catalogue.sizes.get((project, layer.digest), layer.size_mib)
            if known != layer.size_mib:
                raise OptionError(f"{name}: layer {layer.digest[:19]} is known with {known} MiB, not {layer.size_mib}")
        self._put(document["manifest"], manifest.to_bytes())
        record = {"what": "published", "name": path, "digest": digest, "tags": (), "manifest": manifest.to_json()}
        self._records.append((images, {**record, "external": document["external"] or (), **self._when(document)}))
        data = {"kind": "image", "digest": digest, "size_mib": manifest.size_mib, "external": True}
        self._told.append((images, (name, "artifact.published", data)))
        return True

    def _model(self, document: Document, name: str) -> bool:
        models, (_, path, version) = self._stores.models, _named(name)
        number, model = int(version), self._stores.models._catalogue.get(path)
        run = None if document["run"] is None else self._renamed(document["run"])
        there = model.versions.get(number)
        if there is not None and there.digest == document["digest"]:
            made = None if there.run is None else f"run:{there.run.removeprefix('run:')}"
            if run is None or made in (None, run):
                return False
        if number <= model.count:
            raise self._taken(name)
        for _, digest, _, _ in document["parts"]:
            self._put(digest, self._held(digest))
        fields = ("signature", "metrics", "parameters", "tags", "description", "parts", "digest")
        record = {
            "what": "registered",
            "name": path,
            "version": number,
            "run": run,
            "external": document["external"] or (),
            "commit": None if document["commit"] is None else self._renamed(document["commit"]),
            **{field: document[field] for field in fields},
            **self._when(document),
        }
        self._records.append((models, record))
        data = {"kind": "model", "digest": document["digest"], "run": None, "external": True}  # its run says so itself
        self._told.append((models, (name, "artifact.published", data)))
        return True

    # -- the run

    def _run(self, document: Document, name: str) -> bool:
        metadata = self._stores.metadata
        there = metadata._state.runs.get(name)
        inputs, outputs = ({role: self._row(row) for role, row in document[side].items()} for side in ("inputs", "outputs"))
        if there is not None:
            if not same_run(there, document, inputs):
                raise self._taken(name)
            return False
        linking = Linking(document["linking"])
        if self._renamed.changes or self._capsule.parts.withheld:
            linking = Linking.DIRECT  # the lock file of the commit has the names of where it comes from
        changes: dict[str, Any] = {
            **{field: document[field] for field in ("status", "started", "ended", "seed", "numerics", "parameters", "tags", "steps")},
            **{field: document[field] for field in ("environment", "resources")},
            "linking": linking.value,
            "origin": "external",
        }
        if document["error"]:
            changes["error"] = document["error"]
        own = inputs if linking is not Linking.CHAINED else {role: inputs[role] for role in ("code", "pipeline") if role in inputs}
        changes["inputs"] = own
        if linking is not Linking.CHAINED:
            changes["outputs"] = outputs
        if linking is not Linking.DIRECT:
            changes["chained_inputs"] = {role: row for role, row in inputs.items() if role not in ("code", "pipeline")}
            changes["chained_outputs"] = outputs
        metadata._state.graph.check_acyclic(
            [row["resource"] for row in inputs.values()], name, [row["resource"] for row in outputs.values()]
        )
        actor = self._person(document["actor"])
        first = {"what": "run.stated", "time": document["time"], "actor": actor, "run": name, "changes": changes}
        self._records.append((metadata, first))
        for metric, step, time, value in document["metrics"]:
            point = {"metrics": {metric: value}, "step": step}
            self._records.append((metadata, {**first, "time": time, "changes": point}))
        told = {"what": "run", "revision": 1, "status": document["status"], "digest": digest_of_json(changes)}
        self._told.append((metadata, (name, "metadata.recorded", told)))
        return True

    def _row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {**row, "resource": self._renamed(row["resource"])}


def _named(resource: str) -> tuple[str, str, str]:
    """Kind, `project/name` and version."""
    kind, _, path = resource.partition(":")
    reference = Reference.parse(path)
    return kind, reference.path, reference.version
