"""`Run`: what is known of one execution, and the words that it is told in. Nothing of it can be changed."""

from __future__ import annotations

import html
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

from ....canonical import frozen
from ....errors import OptionError, UnknownNameError, printable
from ....html_tables import facts
from .nodes import Artifact


class RunStatus(StrEnum):
    """Where a run stands; all but `running` are final."""

    RUNNING = "running"
    SUCCESS = "success"
    FAILURE = "failure"
    """The work is wrong."""
    ERROR = "error"
    """The infrastructure was."""
    CANCELLED = "cancelled"


class Numerics(StrEnum):
    """Whether equal inputs promise equal bytes on every machine."""

    PORTABLE = "portable"
    PLATFORM_DEPENDENT = "platform-dependent"


class Linking(StrEnum):
    """How a record leads to what a model was made of."""

    DIRECT = "direct"
    """It names commit, data, image and model."""
    CHAINED = "chained"
    """It names the commit, whose lock file names data and image; the registry names the model by commit."""
    BOTH = "both"


class MetricPoint(NamedTuple):
    """One value of a metric. `time`: s."""

    step: int
    time: float
    value: float


class Step(NamedTuple):
    """One step of a pipeline in a run. `started`, `ended`: s. `resources`: what it had, such as `gpus` and `node`."""

    name: str
    status: RunStatus
    started: float | None
    ended: float | None
    resources: Mapping[str, Any]


class Statement(NamedTuple):
    """One record of a run: what it stated, who said so and when. A later one supersedes what it repeats; none is ever edited."""

    revision: int
    time: float
    actor: str
    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its latest record has it.

    `resource`: `run:project/name`. `revision`: how many records there are. `principal`: id of who started it. `started`, `ended`: s.
    `metrics`: latest values. `inputs`, `outputs`: artifacts by role; those that the caller may not read are `withheld:` and a digest.
    `linking`: how the record leads to them. `origin`: `platform`, or `external` for what was made elsewhere.
    """

    resource: str
    revision: int
    status: RunStatus
    principal: str
    started: float
    ended: float | None
    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    environment: Mapping[str, Any]
    resources: Mapping[str, Any]
    steps: tuple[Step, ...]
    seed: int | None
    numerics: Numerics
    inputs: Mapping[str, Artifact]
    outputs: Mapping[str, Artifact]
    linking: Linking
    origin: str
    error: str

    @property
    def project(self) -> str:
        """The project it belongs to."""
        return self.resource.partition(":")[2].partition("/")[0]

    @property
    def name(self) -> str:
        """Its name in the project."""
        return self.resource.partition("/")[2]

    @property
    def duration_s(self) -> float | None:
        """Seconds it took; None while it runs."""
        return None if self.ended is None else self.ended - self.started

    def __hash__(self) -> int:
        return hash((self.resource, self.revision))

    def __str__(self) -> str:
        return f"{self.resource}: {self.status}"

    def _repr_html_(self) -> str:
        rows: list[tuple[str, object]] = [("status", self.status), ("principal", self.principal), ("started", f"{self.started:g} s")]
        rows += [("seed", self.seed), *((f"parameters.{name}", value) for name, value in self.parameters.items())]
        rows += [(f"metrics.{name}", value) for name, value in self.metrics.items()]
        rows += [(role, one.resource) for role, one in (*self.inputs.items(), *self.outputs.items())]
        return facts(rows, title=self.resource)


def one_of(kind: type[StrEnum], value: object, what: str) -> Any:
    """A member of an enumeration by its word. Raises UnknownNameError."""
    try:
        return kind(str(value))
    except ValueError:
        raise UnknownNameError(what, printable(str(value)[:60]), list(kind)) from None


def check_seed(seed: object) -> int | None:
    """A seed as it is. Raises OptionError."""
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int) or seed < 0):
        raise OptionError(f"seed={printable(str(seed)[:40])}: expected an integer of at least 0, or None where none is known")
    return seed


def local_environment(packages: Iterable[str] = ("mlplat", "numpy", "numba", "polars")) -> Mapping[str, Any]:
    """The environment of this process: the version of Python and of packages, as far as they are installed."""
    return _environment(tuple(packages))


@cache
def _environment(packages: tuple[str, ...]) -> Mapping[str, Any]:
    from importlib import metadata

    found: dict[str, str | None] = {}
    for name in packages:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    environment: Mapping[str, Any] = frozen({"python": ".".join(map(str, sys.version_info[:3])), "packages": found})
    return environment


def _escaped(value: object) -> str:
    return html.escape(printable(str(value)))
