"""The places of deployed pipelines, into which continuous delivery binds them: what the triggers of a zone lead to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ....errors import OptionError
from .specs import TriggerSpec

if TYPE_CHECKING:
    from .hearing import Hearing


class BoundPipeline(NamedTuple):
    """A pipeline that triggers start in a zone: `pipeline`, such as `shop/train@sha256:…`, and the triggers."""

    pipeline: str
    triggers: tuple[str, ...]


class PublishedPipeline(NamedTuple):
    """A pipeline that was published. `commit`: `project/name@id`, or empty. `parts`: digests of what it is made of, by name."""

    reference: str
    digest: str
    commit: str
    creator: str
    parts: Mapping[str, str]


class PipelinePlace:
    """The place of a deployed pipeline in a zone."""

    def __init__(self, retrainer: Hearing, name: str, zone: str) -> None:
        self._retrainer, self._name, self._zone = retrainer, name, zone

    @property
    def current(self) -> BoundPipeline | None:
        """What is bound; None for nothing."""
        bound = self._retrainer._state.of(self._name).bound.get(self._zone)
        return None if bound is None else BoundPipeline(bound.pipeline, tuple(map(str, bound.triggers)))

    def bind(self, pipeline: str | None, triggers: tuple[str, ...]) -> None:
        """Bind a pipeline in place of another, at once; None to bind nothing. Runs that have begun go on. Raises OptionError."""
        found = tuple(str(TriggerSpec.parse(trigger)) for trigger in triggers)
        self._retrainer._bind(self._name, self._zone, pipeline or "", found)

    def smoke(self) -> Any:
        """Run what is bound once; an event of SimPy whose value is the outcome. Raises what the orchestrator does."""
        bound = self._retrainer._state.of(self._name).bound.get(self._zone)
        if bound is None:
            raise OptionError(f"{self._name}: nothing is bound in {self._zone}")
        return self._retrainer._smoke(self._name, bound)


class Pipelines:
    """Published pipelines as continuous delivery sees them."""

    def __init__(self, retrainer: Hearing) -> None:
        self._retrainer = retrainer
        self._places: dict[tuple[str, str], PipelinePlace] = {}

    def resolve(self, ref: str, *, actor: Any) -> PublishedPipeline:
        """The version that a reference means now. Raises UnknownNameError, AccessDenied."""
        found = self._retrainer._orchestrator.resolve(ref, actor=actor)
        parts = {f"image-{step}": image.partition("@")[2] for step, image in found.images.items()}
        return PublishedPipeline(found.reference, found.digest, found.code, found.creator, {"dag": found.dag, **parts})

    def target(self, service: str, zone: str) -> PipelinePlace:
        """The place of a deployed pipeline in a zone: the same one each time."""
        return self._places.setdefault((service, zone), PipelinePlace(self._retrainer, service, zone))
