"""`Scenario`: a cluster, what runs on it, under which conditions, and what it is to achieve; checked once when it is read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationInfo, field_serializer, field_validator, model_validator

from ...canonical import canonical_json
from ...errors import MlplatError, OptionError, SpecError, printable
from ...hardware.cluster_spec import ClusterSpec
from ...hardware.durations import PositiveDuration, spelled_duration
from ...hardware.spec_io import to_document
from ...hardware.spec_model import Name, PlacedError
from .accounts import Costs, Search
from .conditions import Failures, Policies
from .objectives import Objective, read_objective
from .part import Described, Part, Whole, folder_of
from .serving_load import ServingLoad
from .workload import Workload

Source = str | os.PathLike[str]
MSER5: Literal["mser-5"] = "mser-5"
NOT_OF_RUNS = ("name", "description", "objectives", "replications", "search", "sweep", "alternatives")
"""Fields that change nothing about what a run gives."""


def _cluster(value: Any, info: ValidationInfo) -> Any:
    from .files import read_cluster

    return read_cluster(value, folder_of(info))


def _zones(value: Any, info: ValidationInfo) -> Any:
    from .files import read_zones

    return read_zones(value, folder_of(info))


def _objectives(value: Any) -> Any:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError(f"expected names with bounds, such as {{p95_wait: 10m}} (found {value!r:.60})")
    read: dict[str, Objective] = {}
    for name, bound in value.items():
        try:
            read[str(name)] = read_objective(str(name), bound)
        except MlplatError as error:
            raise PlacedError(str(error), printable(str(name)[:100])) from None
    return read


def _autoscaling(value: Any) -> Any:
    from ...infra.autoscaling import Autoscaling

    if isinstance(value, bool):
        return value
    try:
        return Autoscaling(value).scan
    except OptionError as error:
        raise ValueError(f"{error} (or true, or false)") from None


def _warm_up(value: Any) -> Any:
    from ...units import seconds

    if value == MSER5:
        return value
    try:
        return seconds(value)
    except OptionError as error:
        raise ValueError(f"{error}, or {MSER5!r}") from None


def _plain(value: Any) -> Any:
    """Values of JSON, as they are. Raises ValueError for what a file cannot say."""
    try:
        canonical_json(value)
    except OptionError as error:
        raise ValueError(str(error)) from None
    return value


_USUAL: dict[str, Any] = {"zones": None, "autoscaling": True, "objectives": {}, "warm_up": 0.0}
"""What fields with a spelling of their own hold where nothing is said."""

_PATHS = {"type": "object", "description": "fields by their path, such as 'cluster.groups.pool.count' or 'policies.queue'"}


class Scenario(Part):
    """What is asked of which cluster. Immutable; read one with `open`, `from_yaml`, `from_json` or `from_dict`.

    Paths of files in it are relative to its own file. Raises SpecError with the path of the fault inside it, InputError for files that
    cannot be read.

    >>> scenario = Scenario.from_yaml('''
    ... name: next year
    ... cluster: 4x8xV100
    ... workload: {synthetic: {jobs: 1000, gpus: 32, load: 0.7}}
    ... objectives: {p95_wait: 1h}
    ... ''')
    >>> scenario
    Scenario('next year': 4 nodes, 32 GPUs; synthetic jobs; fifo/best-fit; p95_wait <= 1h)
    >>> scenario.with_fields({"cluster.groups.node.count": 5}).cluster.capacity()["gpus"]
    40
    """

    name: Name = "scenario"
    """What the scenario is called in reports."""
    description: Annotated[str, Field(max_length=10_000)] = ""
    """What it asks, in a sentence or two."""
    cluster: Annotated[
        ClusterSpec,
        BeforeValidator(_cluster),
        Described({"type": "string", "description": "a shorthand such as 96x8xV100, or the path of a cluster's file"}, also=True),
    ]
    """The cluster: its description (docs/clusters.md), a shorthand such as 96x8xV100, or the path of a file beside the scenario."""
    workload: Workload | None = None
    """What runs on it; may be left out where there is a serving load."""
    zones: Annotated[
        Any,
        BeforeValidator(_zones),
        Described({"type": ["object", "array", "string", "null"], "description": "lists of quotas and cohorts, or a file of them"}),
    ] = None
    """Quotas and cohorts (docs/quotas.md): `{quotas: [...], cohorts: [...]}`, a list of quotas, or the path of a file."""
    policies: Policies = Policies()
    """How the scheduler decides."""
    failures: Annotated[Failures, Described({"enum": ["none", "reliability"]}, also=True)] = Failures()
    """Hardware that fails; none if not given."""
    autoscaling: Annotated[
        Any,
        BeforeValidator(_autoscaling),
        Described({"type": ["boolean", "number", "string"], "description": "true, false, or a time such as '30s'"}),
    ] = True
    """Whether node groups with `scaling` grow and shrink, or how often that is looked at."""
    serving: ServingLoad | None = None
    """A stream of requests and the replicas that answer it."""
    objectives: Annotated[
        Any,
        BeforeValidator(_objectives),
        Described(
            {
                "type": "object",
                "additionalProperties": {"type": ["number", "string"]},
                "description": "figures with bounds, such as {p95_wait: 10m, gpu_utilization: '>= 0.7', budget_per_month: 400000}",
            }
        ),
    ] = {}
    """What the cluster is to achieve: names of figures with bounds; those of a zone are called zones.NAME.FIGURE."""
    horizon: PositiveDuration | None = None
    """The end of a run: nothing after it happens. Without it a run lasts until its last job is done."""
    warm_up: Annotated[
        Any,
        BeforeValidator(_warm_up),
        Described({"type": ["number", "string"], "description": "a time such as '1d', or 'mser-5'"}),
    ] = 0.0
    """Jobs submitted before this time do not count; `mser-5` finds it from the waits of each run (White 1997)."""
    replications: Annotated[Whole, Field(ge=1, le=1_000_000)] = 5
    """Runs with independent draws."""
    seed: Annotated[Whole, Field(ge=0, lt=2**63)] = 0
    """The seed of everything that is drawn."""
    costs: Costs = Costs()
    """Prices, electricity and CO₂."""
    search: Search = Search()
    """Where `mlplat plan` looks for a cluster."""
    sweep: Annotated[Any, BeforeValidator(_plain), Described(_PATHS | {"type": ["object", "null"]})] = None
    """The design of `mlplat sweep`: fields by their path with the values they take."""
    alternatives: Annotated[
        Mapping[Name, Annotated[Mapping[str, Any], BeforeValidator(_plain), Described(_PATHS)]],
        Field(),
    ] = {}
    """Named changes of this scenario to compare it with: of each, fields by their path with their other value."""

    _folder: str = PrivateAttr(default=".")

    # -- checks that need several fields

    @field_validator("sweep")
    @classmethod
    def _sweep_form(cls, value: Any) -> Any:
        if value is not None and not isinstance(value, Mapping):
            raise ValueError(f"expected a mapping of fields or a design (found {value!r:.60})")
        return value

    @model_validator(mode="after")
    def _check(self) -> Self:
        from .checks import check_together

        check_together(self)
        return self

    # -- reading

    @classmethod
    def open(cls, path: Source) -> Self:
        """A scenario from a `.yaml`, `.yml` or `.json` file. Raises InputError, SpecError."""
        from .files import read_scenario

        document, folder, lines = read_scenario(path)
        return cls._made(document, folder, source=path, lines=lines)

    @classmethod
    def from_yaml(cls, source: Source, *, folder: Source = ".") -> Self:
        """A scenario from a YAML file, or from YAML text (anything with a line break or `: `), whose paths are relative to `folder`."""
        from ...hardware.spec_io import yaml_document

        document, path = yaml_document(source)
        return cls.open(source) if path is not None else cls._made(document, folder)

    @classmethod
    def from_json(cls, source: Source, *, folder: Source = ".") -> Self:
        """A scenario from a JSON file, or from JSON text (anything that begins with a brace), whose paths are relative to `folder`."""
        from ...hardware.spec_io import json_document

        document, path = json_document(source)
        return cls.open(source) if path is not None else cls._made(document, folder)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any], *, folder: Source = ".") -> Self:
        """A scenario from plain values, as `to_dict` gives them, whose paths are relative to `folder`. Raises SpecError, InputError."""
        return cls._made(document, folder)

    @classmethod
    def _made(cls, document: Any, folder: Source, *, source: Source | None = None, lines: Mapping[str, int] | None = None) -> Self:
        from .files import located

        with located(source, lines or {}):
            if not isinstance(document, Mapping):
                kind = "nothing" if document is None else type(document).__name__
                raise SpecError(f"expected a mapping with 'cluster' and 'workload' (found {kind})")
            made = cls.model_validate(dict(document), context={"folder": os.fspath(folder)})
            made._folder = os.fspath(folder)
            return made

    # -- changing and writing

    def with_fields(self, fields: Mapping[str, Any]) -> Self:
        """The scenario with other values at these paths, checked again. Raises SpecError naming the path and what is there.

        A part of a path is a key, a number in brackets, or in a list the name of an entry: `cluster.groups[0].count`,
        `cluster.groups.pool.count`, `policies.queue`, `workload.synthetic.load`, `zones.quotas.vision.guarantee.gpus`,
        `workload.transformations.scale_load`. A group of nodes whose count is 0 is left out. Where a count changes, a number of racks
        changes with it, so that as many nodes stand in a rack as before.

        >>> Scenario.from_yaml("{cluster: 4x8xV100, workload: {synthetic: {jobs: 10}}}").with_fields({"policies.queue": "easy"}).policies.queue
        'easy'
        """
        from .fields import with_fields

        return self._made(with_fields(self.to_dict(), fields), self._folder)

    def to_dict(self) -> dict[str, Any]:
        """Plain values that `from_dict` makes an equal scenario of: defaults left out, the files of cluster and zones taken in."""
        said = self.model_dump(mode="json", exclude_defaults=True)
        return {key: value for key, value in said.items() if not (key in _USUAL and value == _USUAL[key])}

    def to_yaml(self, path: Source | None = None) -> str:
        """The scenario as YAML text, also written to `path` if given; paths in it stay as they are. Raises InputError."""
        import yaml

        from ...hardware.spec_io import write_text

        dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
        text = str(yaml.dump(self.to_dict(), Dumper=dumper, sort_keys=False, allow_unicode=True, width=140))
        return text if path is None else write_text(path, text)

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The JSON Schema of a scenario, with the description of every field: for the completion of editors."""
        return cls.model_json_schema(mode="validation") | {"$schema": "https://json-schema.org/draft/2020-12/schema"}

    @field_serializer("cluster")
    def _write_cluster(self, cluster: ClusterSpec) -> dict[str, Any]:
        return to_document(cluster)

    @field_serializer("zones")
    def _write_zones(self, zones: Any) -> Any:
        from .files import zones_document

        return zones_document(zones)

    @field_serializer("objectives")
    def _write_objectives(self, objectives: Mapping[str, Objective]) -> dict[str, str]:
        return {name: objective.written() for name, objective in objectives.items()}

    @field_serializer("autoscaling", "warm_up")
    def _write_time(self, value: Any) -> Any:
        return value if isinstance(value, (bool, str)) else spelled_duration(value)

    # -- asking

    @property
    def folder(self) -> Path:
        """The folder that paths in it are relative to."""
        return Path(self._folder)

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that a run reads: traces, fitted models, outages. Those of cluster and zones have been taken in."""
        named = [] if self.workload is None else self.workload.files()
        if self.failures.outages is not None:
            named.append(self.failures.outages)
        return tuple(dict.fromkeys(self.folder / name for name in named))

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON of all that a run depends on, with the digests of the files it reads. Raises InputError.

        What changes no run is left out: name, description, objectives, replications, search, sweep and alternatives.
        """
        from .files import file_digest

        content = {key: value for key, value in self.to_dict().items() if key not in NOT_OF_RUNS}
        files = [file_digest(path) for path in self.files]
        return hashlib.sha256(canonical_json({"scenario": content, "files": files})).hexdigest()

    def __repr__(self) -> str:
        from .view import one_line

        return one_line(self)

    __str__ = __repr__

    def _repr_html_(self) -> str:
        from .view import html_table

        return html_table(self)


__all__ = ["MSER5", "Scenario"]
