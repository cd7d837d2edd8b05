"""What the Model Registry answers: versions, moves of aliases, promotions, comparisons, and what a deployment needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ....errors import printable
from ....html_tables import table
from .artifact_parts import Part
from .signatures import Signature
from .stages import Stage

if TYPE_CHECKING:
    from .rules import Verdict

_EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version of a model, as of the instant at which it was asked for. `name`, `version` and all about its bytes never change.

    `name`: `project/name`. `version`: from 1, never given twice. `digest`: of its bytes, or of its parts by name. `same_as`: the versions
    with this digest that were there before it. `run`: what made it; None where `external` says what is unknown of its origin. `commit`:
    whose code made it, `repo:project/name@id`; None where nobody said. Of these, and of `protected_by`, a caller sees what they may read,
    else `withheld:`. `metrics`: finite numbers. `parameters`: any JSON. `created_s`:
    seconds. `creator`: an id. `stage`, `aliases`, `tags`, `description` and
    `protected_by` as of now.
    """

    name: str
    version: int
    digest: str
    parts: tuple[Part, ...]
    signature: Signature | None
    metrics: Mapping[str, float]
    parameters: Mapping[str, Any]
    run: str | None
    external: tuple[str, ...] | None
    commit: str | None
    created_s: float
    creator: str
    same_as: tuple[int, ...] = ()
    stage: Stage = Stage.NONE
    aliases: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    description: str = ""
    protected_by: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """Such as `shop/churn@3`."""
        return f"{self.name}@{self.version}"

    @property
    def resource(self) -> str:
        """What it is called in grants and events, `model:shop/churn@3`."""
        return f"model:{self.reference}"

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(part.size for part in self.parts)

    def __str__(self) -> str:
        return self.reference


class AliasMove(NamedTuple):
    """An alias was moved at `time` (s) by `actor` (an id), from one version to another; None where it was not, or is no more."""

    alias: str
    time: float
    actor: str
    before: int | None
    after: int | None


class StageMove(NamedTuple):
    """A version went at `time` (s), by `actor` (an id), from one stage to another."""

    version: int
    time: float
    actor: str
    before: Stage
    after: Stage


class Promotion(NamedTuple):
    """The answer to a promotion: whether `version` has now what was asked for (`@alias` or a stage), and the verdict of each rule."""

    version: ModelVersion
    target: str
    promoted: bool
    verdicts: tuple[Verdict, ...]

    def __bool__(self) -> bool:
        return self.promoted

    def __str__(self) -> str:
        lines = [f"{self.version} {'is' if self.promoted else 'is not'} promoted to {self.target}"]
        return "\n".join([*lines, *(f"  {verdict}" for verdict in self.verdicts)])


class Deployable(NamedTuple):
    """What the deployment of a version into a zone needs: the version, once and for all, and its artifact, checked."""

    version: ModelVersion
    zone: str
    artifact: Any


class ModelComparison(NamedTuple):
    """Two versions side by side; of metrics, parameters and tags those that differ, as (first, second), None where one has none."""

    first: ModelVersion
    second: ModelVersion
    same_bytes: bool
    same_signature: bool
    metrics: Mapping[str, tuple[float | None, float | None]]
    parameters: Mapping[str, tuple[Any, Any]]
    tags: Mapping[str, tuple[str | None, str | None]]
    parts: tuple[str, ...]
    """Names of the parts that differ."""

    @property
    def _differences(self) -> list[tuple[str, str, str]]:
        named = (("metric", self.metrics), ("parameter", self.parameters), ("tag", self.tags))
        return [(f"{kind} {printable(name)}", _shown(a), _shown(b)) for kind, pairs in named for name, (a, b) in pairs.items()]

    def __str__(self) -> str:
        same = [
            f"{'same' if alike else 'other'} {what}" for alike, what in ((self.same_bytes, "bytes"), (self.same_signature, "signature"))
        ]
        lines = [f"{self.first} and {self.second}: {', '.join(same)}"]
        return "\n".join([*lines, *(f"  {name}: {a} | {b}" for name, a, b in self._differences)])

    def _repr_html_(self) -> str:
        return table(("", str(self.first), str(self.second)), self._differences, lead=[str(self).partition("\n")[0]])


def _shown(value: object) -> str:
    return "-" if value is None else printable(str(value))


def compared(first: ModelVersion, second: ModelVersion) -> ModelComparison:
    """Two versions side by side."""
    ours, theirs = ({part.name: part.digest for part in version.parts} for version in (first, second))
    parts = tuple(sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)))
    metrics, parameters, tags = (
        MappingProxyType({key: (a.get(key), b.get(key)) for key in sorted(a.keys() | b.keys()) if a.get(key) != b.get(key)})
        for a, b in ((getattr(first, name), getattr(second, name)) for name in ("metrics", "parameters", "tags"))
    )
    same = first.digest == second.digest
    return ModelComparison(first, second, same, first.signature == second.signature, metrics, parameters, tags, parts)
