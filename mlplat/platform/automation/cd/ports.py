"""What continuous delivery needs of serving and of pipelines, as protocols."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from .rollouts.target import Target


class Serving(Protocol):
    """Serves models. Versions of a service are models, such as `shop/churn@3`."""

    def target(self, service: str, zone: str, options: Mapping[str, Any]) -> Target:
        """A service `project/name` in a zone: the same one each time, made at the first. `options`: what a deployment says of its replicas,
        for versions that are added from now on. Raises MlplatError for options that cannot be."""


class Bound(NamedTuple):
    """A pipeline that triggers start in a zone: `pipeline`, such as `shop/train@sha256:…`, and the triggers."""

    pipeline: str
    triggers: tuple[str, ...]


class PipelineTarget(Protocol):
    """The place of a pipeline in a zone, which triggers lead to."""

    @property
    def current(self) -> Bound | None:
        """What is bound; None for nothing."""

    def bind(self, pipeline: str | None, triggers: tuple[str, ...]) -> None:
        """Bind a pipeline in place of another, at once; None to bind nothing. Runs that have begun go on. It can raise."""

    def smoke(self) -> Any:
        """Run what is bound once, on little data. An event of SimPy whose value is an outcome: success, failure, error, cancelled."""


class PipelineVersion(NamedTuple):
    """A pipeline that was published: `reference` (`project/name@digest`), `digest`, `commit` (`project/name@id` of a repository, or empty),
    `creator`: an id. `parts`: digests of what it is made of, by name, such as images."""

    reference: str
    digest: str
    commit: str
    creator: str
    parts: Mapping[str, str]


class Pipelines(Protocol):
    """Publishes pipelines, and binds them."""

    def resolve(self, ref: str, *, actor: Any) -> PipelineVersion:
        """The version that a reference means now; the answer means it for ever. Raises UnknownNameError, AccessDenied."""

    def target(self, service: str, zone: str) -> PipelineTarget:
        """The place of a deployed pipeline in a zone: the same one each time."""
