"""Registering models: the next version of one, and what is said of it later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ....canonical import frozen
from ....errors import OptionError
from ...component import call
from ...identity.authorization import Actor
from ...identity.rights import Right
from ...references import whole_name
from ..withholding import resource_named
from ..wording import check_external, check_words
from .artifact_parts import contents_of, digest_of_artifact
from .calls import ModelCalls
from .signatures import Signature
from .statements import check_commit, check_metrics, check_tags
from .versions import ModelVersion


class Registering(ModelCalls):
    """Models, as far as they come in."""

    @call(Right.WRITE)
    def register(
        self,
        name: str,
        artifact: Any,
        *,
        run: str | None = None,
        external: Iterable[str] | None = None,
        commit: str | None = None,
        signature: Signature | None = None,
        metrics: Mapping[str, float] | None = None,
        parameters: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        description: str = "",
        actor: Actor,
    ) -> ModelVersion:
        """The next version of a model. `artifact`: bytes, or bytes and arrays by name.

        Either `run`, which made it, or `external`: that it was made elsewhere, and what is unknown of that, such as `["data", "seed"]`.
        `commit`: the one whose code made it, `project/name` and its full id, such as `shop/churn@368326…`; lineage finds the model by it.
        The same bytes again are another version, whose `same_as` says so. Event `artifact.published` {kind, digest, run, external}.
        The caller may read the commit, and write the run where it is one of the platform. Raises OptionError, AccessDenied,
        UnknownNameError for the project.
        """
        reference = whole_name(name)
        self._check_project(reference.project, actor)
        if (run is None) == (external is None):
            raise OptionError(f"{reference}: expected either the run that made the model, or external=[what is unknown of its origin]")
        if signature is not None and not isinstance(signature, Signature):
            raise OptionError(f"signature: a {type(signature).__name__}; expected a Signature, such as Signature.of(inputs, outputs)")
        self._require_origin(run, commit, actor)
        contents = contents_of(artifact)
        said: dict[str, Any] = {
            "version": self._catalogue.get(reference.path).count + 1,
            "signature": None if signature is None else signature.to_json(),
            "metrics": check_metrics({} if metrics is None else metrics),
            "parameters": frozen({} if parameters is None else parameters, "parameters"),
            "run": None if run is None else check_words(run, "run", 250),
            "external": None if external is None else check_external(external),
            "commit": None if commit is None else check_commit(commit),
            "tags": check_tags({} if tags is None else tags),
            "description": check_words(description, "description", empty=True),
        }
        if not isinstance(said["parameters"], Mapping):
            raise OptionError("parameters: expected values by name")
        digests = {part: self._store.put(content) for part, (content, _) in contents.items()}
        said["parts"] = [[part, digests[part], len(content), is_array] for part, (content, is_array) in contents.items()]
        said["digest"] = digest_of_artifact(digests)
        self._keep(self._record("registered", actor, name=reference.path, **said))
        version = self._catalogue.version(reference.path, self._catalogue.get(reference.path).count)
        data: dict[str, Any] = {"kind": self.KIND, "digest": version.digest, "run": version.run, "external": version.external is not None}
        data |= {"size_bytes": version.size, "signature": None if version.signature is None else version.signature.to_json()}
        self._emit(version.resource, "artifact.published", actor, data)
        return self._shown(version, actor)

    @call(Right.WRITE)
    def set_tags(self, ref: str, tags: Mapping[str, str | None], *, actor: Actor) -> ModelVersion:
        """Give a version tags, or take those away that are None. Raises UnknownNameError, OptionError."""
        version = self._find(ref, actor)
        if not isinstance(tags, Mapping):
            raise OptionError("tags: expected text by name, None for those that go")
        merged = {**version.tags, **check_tags({key: value for key, value in tags.items() if value is not None})}
        kept = {key: value for key, value in merged.items() if tags.get(key, "") is not None}
        self._keep(self._record("tagged", actor, name=version.name, version=version.version, tags=kept))
        return self._shown(self._find(str(version), actor), actor)

    @call(Right.WRITE)
    def describe(self, ref: str, text: str, *, actor: Actor) -> ModelVersion:
        """Say in words what a version is. Raises UnknownNameError, OptionError."""
        version = self._find(ref, actor)
        said = check_words(text, "description", empty=True)
        self._keep(self._record("described", actor, name=version.name, version=version.version, text=said))
        return self._shown(self._find(str(version), actor), actor)

    def _require_origin(self, run: str | None, commit: str | None, actor: Actor) -> None:
        """Raises AccessDenied for who may not say what it is to say that these made a model."""
        for right, kind, name in ((Right.WRITE, "run", run), (Right.READ, "repo", commit)):
            resource = None if name is None else resource_named(name, kind)
            if resource is not None:
                self._authorization.require(actor, right, resource, call="models.register", source=self.SOURCE)
