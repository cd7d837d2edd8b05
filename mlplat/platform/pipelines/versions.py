"""`PipelineVersion`: a pipeline as it can be run anywhere and for ever: a commit, images by digest, and the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from ..storage.digests import digest_of_json

FORMAT: Final = 1
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PipelineVersion:
    """A version of a pipeline; nothing of it ever changes but whether it is `published`.

    `name`: `project/name`. `digest`: of commit, file, function, images and graph. `code`: the commit, `project/repository@` and its id;
    empty for code that was given directly and is kept nowhere. `file`, `function`: where in it. `dag`: digest of the graph. `images`: by
    step, `project/name@sha256:…`, none for a step without. `created_s`: s. `creator`: an id.
    """

    name: str
    digest: str
    code: str
    file: str
    function: str
    dag: str
    images: Mapping[str, str] = field(default_factory=lambda: _NOTHING, hash=False)
    created_s: float = 0.0
    creator: str = ""
    published: bool = False

    @property
    def project(self) -> str:
        """The project it belongs to."""
        return self.name.partition("/")[0]

    @property
    def commit(self) -> str:
        """The id of the commit; empty where there is none."""
        return self.code.partition("@")[2]

    @property
    def reference(self) -> str:
        """Such as `shop/churn@sha256:…`."""
        return f"{self.name}@{self.digest}"

    @property
    def resource(self) -> str:
        """What it is called in grants, events and lineage, `pipeline:shop/churn@sha256:…`."""
        return f"pipeline:{self.reference}"

    def __str__(self) -> str:
        return self.reference


def pipeline_digest(commit: str, file: str, function: str, images: Mapping[str, str], dag: str) -> str:
    """SHA-256 of the canonical `{commit, file, function, images, dag}`; of images their digests only, whatever they are called.

    >>> pipeline_digest("", "pipeline.py", "churn", {"train": "shop/train@sha256:1"}, "sha256:2")[:15]
    'sha256:ed652d87'
    """
    digests = {step: image.partition("@")[2] for step, image in images.items() if image}
    said: dict[str, Any] = {"format": FORMAT, "commit": commit, "file": file, "function": function, "images": digests, "dag": dag}
    return digest_of_json(said)
