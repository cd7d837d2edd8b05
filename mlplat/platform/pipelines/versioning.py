"""Versions of pipelines: made of commits, published, looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from ...canonical import canonical_json
from ...errors import OptionError, printable
from ..artifacts.scm.refs import check_ref
from ..component import call, call_of_anybody, principal_of
from ..identity.authorization import Actor
from ..identity.principals import Principal
from ..identity.rights import Right
from ..references import Reference, check_project, whole_name
from ..storage.digests import digest_of, is_digest
from .calls import OrchestratorCalls
from .dag import Dag
from .definition import Pipeline
from .inline import FILE, source_of
from .outcomes import Irreproducible, NotStorable
from .resolving import lock_of, resolved_images
from .sources import Loaded, direct
from .state import KeptVersion
from .versions import PipelineVersion, pipeline_digest

BRANCH = "direct"
"""The branch on which the source of pipelines is committed that were given as objects."""


class Prepared(NamedTuple):
    """A version that may be new. `content`: of its graph. `source`: to be committed before it is used; None where nothing is."""

    kept: KeptVersion
    loaded: Loaded
    content: bytes
    source: str | None = None
    pipeline: Pipeline | None = None
    irreproducible: Irreproducible = Irreproducible.NONE


class Versioning(OrchestratorCalls):
    """Pipelines, as far as they are defined."""

    @call_of_anybody
    def publish(
        self,
        ref: str | Pipeline,
        *,
        name: str = "",
        file: str = FILE,
        function: str = "",
        images: Mapping[str, str] | None = None,
        actor: Actor,
    ) -> PipelineVersion:
        """A pipeline of a commit as an artifact: what it is, it stays, whatever branches and tags do.

        `ref`: the commit, such as `shop/churn@main`, or a `Pipeline` of this process, whose source is committed to the branch `direct` of
        the repository `name`. `file`, `function`: where in it; the only pipeline of the file unless said. `name`: of the pipeline; that of
        the repository unless said. `images`: by step, in place of what it names. Takes `read` on commit and images and `write` on the
        pipeline.

        Event `artifact.published` {kind, digest, commit, dag, images}; the same again is no news. Raises PipelineError and CodeError for
        what is wrong with it, NotStorable, UnknownNameError, AccessDenied.
        """
        principal = principal_of(actor)
        prepared = self._prepared("publish", ref, name, file, function, images or {}, principal)
        self._require(principal, Right.WRITE, f"pipeline:{prepared.kept.version.name}", "publish")
        if prepared.irreproducible:
            raise NotStorable(prepared.irreproducible, prepared.kept.version.function)
        prepared = self._committed(prepared, principal)
        version = prepared.kept.version
        known = self._state.version(Reference.parse(version.reference))
        if known is not None and known.version.published:
            return known.version
        if known is None:
            self._keep_version(prepared, principal, published=True)
        else:
            self._keep(self._record("version.published", principal, name=version.name, digest=version.digest))
        images_told = dict(sorted(version.images.items()))
        told = {"kind": self.KIND, "digest": version.digest, "commit": version.commit, "dag": version.dag, "images": images_told}
        self._emit(version.resource, "artifact.published", principal, told)
        return self._find(version.reference, principal).version

    @call(Right.READ)
    def resolve(self, ref: str, *, actor: Actor) -> PipelineVersion:
        """The version that a name leads to now: `shop/churn@sha256:…`, or the one that was published last. Raises UnknownNameError."""
        return self._find(ref, actor).version

    @call(Right.READ)
    def graph(self, ref: str, *, actor: Actor) -> Dag:
        """The steps of a version and what they pass to each other. Raises UnknownNameError, IntegrityError."""
        return self._dag(self._find(ref, actor))

    @call_of_anybody
    def versions(self, name: str, *, actor: Actor) -> tuple[PipelineVersion, ...]:
        """The published versions of a pipeline that the caller may read, the oldest first. Raises OptionError."""
        found = [kept.version for kept in self._state.named.get(whole_name(name).path, {}).values()]
        return tuple(each for each in found if each.published and self._may_read(actor, each.resource))

    @call_of_anybody
    def list(self, project: str | None = None, *, actor: Actor) -> tuple[str, ...]:
        """Names of the pipelines, of a project or of all, of which the caller may read a published version. Raises OptionError."""
        start = "" if project is None else f"{check_project(project)}/"
        names = sorted(path for path in self._state.named if path.startswith(start))
        return tuple(name for name in names if any(self._shows(each, actor) for each in self._state.named[name].values()))

    # -- inside

    def _shows(self, kept: KeptVersion, actor: Actor) -> bool:
        return kept.version.published and self._may_read(actor, kept.version.resource)

    def _dag(self, kept: KeptVersion) -> Dag:
        import json

        from ..storage.contents import reading

        with reading(kept.graph, "the graph of a pipeline"):
            return Dag.read(json.loads(self._store.get(kept.graph)))

    def _prepared(
        self,
        call_made: str,
        ref: object,
        name: str,
        file: str,
        function: str,
        images: Mapping[str, str],
        actor: Principal,
        project: str = "",
    ) -> Prepared:
        """The version that is meant; nothing is kept yet. Raises what is wrong with it.

        `project`: of the run. No code of a commit is run for who may neither publish nor run there.
        """
        if isinstance(ref, Pipeline):
            return self._prepared_object(ref, name, images, actor)
        reference = Reference.parse(ref)
        if not reference.version or reference.version == "latest" or is_digest(reference.version):
            return self._prepared_known(call_made, reference, images, actor)
        number = self._stores.scm.resolve(str(reference), actor=actor)
        code = f"{reference.path}@{number}"
        path = whole_name(name).path if name else reference.path
        self._check_project(path.partition("/")[0], actor)
        if project:
            self._check_project(check_project(project), actor)
        may = f"pipeline:{path}" if call_made == "publish" else f"run:{project or path.partition('/')[0]}/*"
        self._require(actor, Right.WRITE, may, call_made)
        loaded = self._live.sources.load(code, file, function, actor)
        return self._made(path, code, file, loaded.name, loaded, images, actor)

    def _prepared_known(self, call_made: str, reference: Reference, images: Mapping[str, str], actor: Principal) -> Prepared:
        self._require(actor, Right.READ, f"pipeline:{self._resolved(reference)}", call_made)
        kept = self._find(str(reference), actor)
        if images:
            raise OptionError(f"images: those of {reference} are settled; expected a commit, of which a version is made")
        if kept.version.code:
            self._require(actor, Right.READ, f"repo:{kept.version.code}", call_made)
        for image in sorted(set(kept.version.images.values())):
            self._require(actor, Right.READ, f"image:{image}", call_made)
        loaded = self._live.sources.of_version(kept.version, actor)
        return Prepared(kept, loaded, b"")

    def _prepared_object(self, pipeline: Pipeline, name: str, images: Mapping[str, str], actor: Principal) -> Prepared:
        if not name:
            raise OptionError(f"name: expected 'project/name' for pipeline {printable(pipeline.name)}, which is of no repository")
        path = whole_name(name).path
        self._check_project(path.partition("/")[0], actor)
        loaded = direct(pipeline)
        try:
            source = source_of(pipeline)
        except NotStorable as error:
            made = self._made(path, "", FILE, pipeline.name, loaded, images, actor)
            return made._replace(pipeline=pipeline, irreproducible=error.reason)
        made = self._made(path, "", FILE, pipeline.name, loaded, images, actor)
        for right in (Right.READ, Right.WRITE):
            self._require(actor, right, f"repo:{path}", "publish")
        return made._replace(source=source)

    def _committed(self, prepared: Prepared, actor: Principal) -> Prepared:
        """With its source in a commit, if it was not."""
        if prepared.source is None:
            return prepared
        scm, version = self._stores.scm, prepared.kept.version
        path, content = version.name, prepared.source.encode()
        if path not in scm.list(path.partition("/")[0], actor=actor):
            scm.create_repository(path, branch=check_ref(BRANCH), actor=actor)
        branches = scm.branches(path, actor=actor)
        if branches and BRANCH not in branches:
            scm.create_branch(path, BRANCH, actor=actor)
        head = scm.branches(path, actor=actor).get(BRANCH, "")
        if not head or scm._file_at(Reference.parse(f"{path}@{head}"), FILE) != content:
            head = scm.commit(path, BRANCH, {FILE: content}, f"Pipeline {version.function} as it was given", actor=actor).id
        code = f"{path}@{head}"
        loaded = self._live.sources.load(code, FILE, version.function, actor)
        digest = pipeline_digest(head, FILE, version.function, version.images, version.dag)
        settled = replace(version, code=code, digest=digest)
        return Prepared(KeptVersion(settled, prepared.kept.graph, loaded.codes), loaded, prepared.content)

    def _made(
        self, path: str, code: str, file: str, function: str, loaded: Loaded, images: Mapping[str, str], actor: Principal
    ) -> Prepared:
        """The version that code is, with its images as they are now."""
        content = canonical_json(loaded.dag.to_json())
        project = path.partition("/")[0]
        found = resolved_images(self._stores, loaded.dag, loaded.image, lock_of(self._stores, code), project, images, actor)
        digest = pipeline_digest(code.partition("@")[2], file, function, found, loaded.dag.digest)
        version = PipelineVersion(path, digest, code, file, function, loaded.dag.digest, found)
        return Prepared(KeptVersion(version, digest_of(content), loaded.codes), loaded, content)

    def _keep_version(self, prepared: Prepared, actor: Principal, *, published: bool) -> None:
        """A version is known from now on, if it was not."""
        record = self._version_record(prepared, actor, published=published)
        if record is not None:
            self._keep(record)

    def _version_record(self, prepared: Prepared, actor: Principal, *, published: bool) -> dict[str, Any] | None:
        version = prepared.kept.version
        if version.digest in self._state.named.get(version.name, {}):
            return None
        self._store.put(prepared.content)
        if prepared.pipeline is not None:
            self._live.sources.keep(version.digest, prepared.pipeline)
        said = {key: getattr(version, key) for key in ("name", "digest", "code", "file", "function", "dag")}
        more = {"images": dict(version.images), "codes": dict(prepared.kept.codes), "graph": prepared.kept.graph}
        return self._record("version.made", actor, **said, **more, published=published)
