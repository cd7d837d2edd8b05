"""`FittedWorkload`: a workload as numbers, fitted from a trace; it generates traces, and is read and written as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ...errors import InputError, OptionError, SpecError, printable, shown
from ...html_tables import facts
from ...plotting import Plots
from ...resources import UNLIMITED, ResourceRequest
from .counts import HOURS

if TYPE_CHECKING:
    from ...workload import JobTrace
    from .goodness import GoodnessOfFit

SCHEMA_VERSION = 1
_EXPECTED = "a fitted workload as JSON"
MAX_BYTES = 64 * 2**20
RATIOS = 33
"""Quantiles in a table: the least, 31 between, the largest."""

Part = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0, le=1e15)]
Amount = Annotated[int, Field(ge=0, le=UNLIMITED)]
Index = Annotated[int, Field(ge=0)]
Name = Annotated[str, Field(max_length=1000)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)


class Arrivals(_Part):
    """When bursts begin. `per_hour`: bursts an hour, over a week. `cycle`: name of its curve; `hours`: rate in each hour from Monday 0:00,
    of mean 1. `variance`, `fast`, `fast_h`, `slow_h`: the gamma factor of each hour (modulation.py).
    """

    per_hour: Annotated[float, Field(gt=0, le=1e9)]
    cycle: Name
    hours: Annotated[tuple[Weight, ...], Field(min_length=HOURS, max_length=HOURS)]
    variance: Annotated[float, Field(ge=0, le=1e6)]
    fast: Part
    fast_h: Annotated[float, Field(gt=0, le=1e6)]
    slow_h: Annotated[float, Field(gt=0, le=1e6)]

    @model_validator(mode="after")
    def _mean(self) -> Self:
        if abs(sum(self.hours) / HOURS - 1) > 1e-3:
            raise ValueError(f"the mean of hours is {sum(self.hours) / HOURS:.4g}; expected 1")
        return self


class SizeTable(_Part):
    """Jobs in a burst, with weights."""

    sizes: Annotated[tuple[Annotated[int, Field(ge=1, le=2**31 - 1)], ...], Field(min_length=1)]
    weights: Annotated[tuple[Weight, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _alike(self) -> Self:
        _weights(self.weights, len(self.sizes), "weights", "sizes")
        return self


class Bursts(_Part):
    """Jobs of one group in quick succession. `within_s`: largest gap inside one, 0 where each job is its own. `gaps_s`: quantiles of the
    gaps. `stay`: probability that a job is of the kind and shape of the one before. `alike`: correlation of the
    durations' normal scores among such jobs. `tables`: sizes.
    """

    within_s: Annotated[float, Field(ge=0, le=1e9)]
    gaps_s: tuple[Weight, ...]
    stay: Part
    alike: Part
    tables: Annotated[tuple[SizeTable, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _sorted(self) -> Self:
        if len(self.gaps_s) not in (0, RATIOS) or list(self.gaps_s) != sorted(self.gaps_s):
            raise ValueError(f"gaps_s: expected {RATIOS} quantiles in order, or none")
        if not self.gaps_s and any(size > 1 for table in self.tables for size in table.sizes):
            raise ValueError("gaps_s: none, though there are bursts of several jobs")
        return self


class Shape(_Part):
    """What jobs ask for: a request for each of `replicas`, another for the last one where it differs."""

    request: Index
    last_request: Index
    replicas: Annotated[int, Field(ge=1, le=2**31 - 1)] = 1
    priority: Annotated[int, Field(ge=-(2**31), le=2**31 - 1)] = 0
    weight: Weight


class JobClass(_Part):
    """Jobs of similar width: `name`, and the shapes in it."""

    name: Name
    shapes: Annotated[tuple[Shape, ...], Field(min_length=1)]


class Kind(_Part):
    """A component of the durations of a class: lognormal with `mu` and `sigma` of the logarithm of seconds, at most `longest_s`; or `zero`;
    or `endless`. `ratios`: quantiles of estimate over duration, none where the estimates are the durations.
    """

    job_class: Index
    form: Literal["lognormal", "zero", "endless"]
    mu: Annotated[float, Field(ge=-100, le=100)] = 0.0
    sigma: Annotated[float, Field(ge=0, le=50)] = 0.0
    longest_s: Annotated[float, Field(ge=0, le=1e15)] = 0.0
    ratios: tuple[Annotated[float, Field(ge=1, le=1e15)], ...] = ()

    @model_validator(mode="after")
    def _sorted(self) -> Self:
        if len(self.ratios) not in (0, RATIOS) or list(self.ratios) != sorted(self.ratios):
            raise ValueError(f"ratios: expected {RATIOS} quantiles in order, or none")
        return self


class Group(_Part):
    """A user, team or virtual cluster: how many of the bursts are its, from which table their sizes are, and the weights of the kinds."""

    name: Name
    weight: Weight
    table: Index
    kinds: tuple[Weight, ...]


class Tail(_Part):
    """The many groups with few jobs, as one: `count` groups by Zipf's law with `exponent`, ranks from `rank` on."""

    count: Annotated[int, Field(ge=1, le=2**31 - 1)]
    rank: Annotated[int, Field(ge=1)]
    exponent: Annotated[float, Field(ge=0, le=100)]
    weight: Weight
    table: Index
    kinds: tuple[Weight, ...]


class Request(_Part):
    """The fields of a `ResourceRequest`."""

    cpu_milli: Amount = 0
    memory_mib: Amount = 0
    disk_mib: Amount = 0
    gpus: Amount = 0
    gpu_milli: Annotated[int, Field(ge=0, le=999)] = 0
    mig: Name = ""
    models: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _possible(self) -> Self:
        try:
            self.made()
        except OptionError as error:
            raise ValueError(str(error)) from None
        return self

    def made(self) -> ResourceRequest:
        """The request."""
        return ResourceRequest(**self.model_dump())

    @classmethod
    def of(cls, request: ResourceRequest) -> Request:
        """The fields of a request."""
        return cls(**{name: getattr(request, name) for name in cls.model_fields})


class FittedWorkload(_Part):
    """A workload fitted from a trace: numbers without any of its jobs. Made by `fit`, or read with `from_json`.

    `jobs`, `days`: of the trace. `resolution_s`: durations and submissions are multiples of it. `limits_s`: estimates are rounded up to
    these, if there are any.

    >>> from mlplat.traces import synthetic
    >>> from mlplat.traces.fitting import fit
    >>> model = fit(synthetic(days=14, gpus=64, users=5))
    >>> len(model.generate(1000, seed=1)), model == FittedWorkload.from_text(model.to_text())
    (1000, True)
    """

    schema_version: Literal[1] = 1
    source: Name = ""
    jobs: Annotated[int, Field(ge=1)]
    days: Annotated[float, Field(gt=0)]
    resolution_s: Annotated[float, Field(gt=0, le=3600)]
    split: Literal["never", "nodes", "cores"] = "never"
    arrivals: Arrivals
    bursts: Bursts
    requests: Annotated[tuple[Request, ...], Field(min_length=1)]
    classes: Annotated[tuple[JobClass, ...], Field(min_length=1)]
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)]
    groups: tuple[Group, ...]
    tail: Tail | None = None
    limits_s: tuple[Annotated[float, Field(gt=0)], ...] = ()

    @model_validator(mode="after")
    def _indices(self) -> Self:
        owners: list[tuple[str, Group | Tail]] = [(f"groups[{i}]", group) for i, group in enumerate(self.groups)]
        owners += [] if self.tail is None else [("tail", self.tail)]
        if not sum(owner.weight for _, owner in owners) > 0:
            raise ValueError("groups: none has a weight")
        if list(self.limits_s) != sorted(self.limits_s):
            raise ValueError("limits_s: expected limits in order")
        for place, owner in owners:
            _below(owner.table, len(self.bursts.tables), f"{place}.table", "bursts.tables")
            _weights(owner.kinds, len(self.kinds), f"{place}.kinds", "kinds")
        for i, kind in enumerate(self.kinds):
            _below(kind.job_class, len(self.classes), f"kinds[{i}].job_class", "classes")
        for i, job_class in enumerate(self.classes):
            _weights([shape.weight for shape in job_class.shapes], len(job_class.shapes), f"classes[{i}].shapes", "shapes")
            for j, shape in enumerate(job_class.shapes):
                for name in ("request", "last_request"):
                    _below(getattr(shape, name), len(self.requests), f"classes[{i}].shapes[{j}].{name}", "requests")
        return self

    def generate(self, jobs: int | None = None, *, days: float | None = None, load_factor: float = 1.0, seed: int = 0) -> JobTrace:
        """A trace of this workload: `jobs` jobs or so many `days`, as long as the fitted trace if neither is given. Second 0 is a
        Monday, 0:00.

        `load_factor`: so many times as many bursts an hour. A longer trace begins with the shorter one of the same seed and factor. Raises
        OptionError for an option that cannot be used.
        """
        from .generation import generate

        return generate(self, jobs, days, load_factor, seed)

    def goodness(self, trace: JobTrace, *, seed: int = 0) -> GoodnessOfFit:
        """How well this workload fits a trace: the one it was fitted from, or one that it has not seen."""
        from .goodness import goodness

        return goodness(self, trace, seed)

    @property
    def plot(self) -> Plots:
        """Figures: `plot()` of the week, `plot.goodness(trace)` (docs/notebooks_and_plots.md)."""
        return Plots(self, "week", "goodness")

    def to_text(self) -> str:
        """As JSON."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    def to_json(self, path: str | os.PathLike[str]) -> None:
        """Write it as JSON; the file is there as a whole or not at all. Raises InputError where it cannot be written."""
        target = Path(path)
        partial = target.with_name(f".{target.name}.partial")
        try:
            partial.write_text(self.to_text() + "\n", encoding="utf-8")
            partial.replace(target)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise InputError(f"cannot be written: {error.strerror}", path=shown(path)) from None

    @classmethod
    def from_json(cls, path: str | os.PathLike[str]) -> FittedWorkload:
        """Read what `to_json` wrote. Raises InputError for a file that is no JSON, SpecError with the place of what is wrong in it."""
        try:
            with Path(path).open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", path=shown(path)) from None
        if len(content) > MAX_BYTES:
            raise InputError("too large for a model", path=shown(path), expected=f"at most {MAX_BYTES // 2**20} MiB")
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            raise InputError("not text", path=shown(path), expected="a fitted workload as JSON, UTF-8") from None
        return cls.from_text(text, source=shown(path))

    @classmethod
    def from_text(cls, text: str, *, source: str = "") -> FittedWorkload:
        """Of JSON. Raises InputError and SpecError."""
        try:
            content = json.loads(text)
        except json.JSONDecodeError as error:
            raise InputError(f"not JSON: {error.msg}", path=source or None, line=error.lineno, expected=_EXPECTED) from None
        except (RecursionError, ValueError):
            raise InputError("not JSON that can be read", path=source or None, expected=_EXPECTED) from None
        version = content.get("schema_version") if isinstance(content, dict) else None
        if isinstance(content, dict) and version != SCHEMA_VERSION:
            found = "is missing" if version is None else f"is {ascii(version)[:40]}"
            raise SpecError(f"{found}; expected {SCHEMA_VERSION}", where="schema_version", source=source or None)
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            problem = str(first["msg"]).removeprefix("Value error, ")
            inner, sign, rest = problem.partition(": ")
            place = _path(first["loc"])
            if first["type"] == "value_error" and sign and " " not in inner:
                place, problem = f"{place}.{inner}" if place else inner, rest
            raise SpecError(printable(problem), where=printable(place), source=source or None) from None

    def __str__(self) -> str:
        return "\n".join(f"{label:<12}  {text}" for label, text in describe_model(self))

    def __repr__(self) -> str:
        return f"FittedWorkload({self.jobs:,} jobs in {self.days:.4g} days, {len(self.kinds)} kinds, source={self.source!r})"

    def _repr_html_(self) -> str:
        return facts(describe_model(self), title=self.source)


def describe_model(model: FittedWorkload) -> list[tuple[str, str]]:
    """Label and text of each line about a model."""
    arrivals, bursts = model.arrivals, model.bursts
    factor = "steady beside the cycle"
    if arrivals.variance:
        memory = f"{arrivals.fast:.0%} of it for {arrivals.fast_h:g} h, {1 - arrivals.fast:.0%} for {arrivals.slow_h:g} h"
        factor = f"gamma factor of variance {arrivals.variance:.3g}, remembered {memory}"
    single = f"gaps up to {bursts.within_s:g} s; {bursts.stay:.0%} of the jobs are as the one before, durations alike {bursts.alike:.2f}"
    owners = len(model.groups) + (0 if model.tail is None else model.tail.count)
    lines = [
        ("fitted from", f"{model.jobs:,} jobs in {model.days:.4g} days" + (f", {printable(model.source)}" if model.source else "")),
        ("arrivals", f"{arrivals.per_hour:.4g} bursts an hour; cycle: {printable(arrivals.cycle)}; {factor}"),
        ("bursts", single if bursts.within_s else "each job comes by itself"),
        ("groups", f"{owners:,}" + ("" if model.tail is None else f", the last {model.tail.count:,} by Zipf's law")),
    ]
    for i, job_class in enumerate(model.classes):
        kinds = [kind for kind in model.kinds if kind.job_class == i]
        forms = sum(kind.form == "lognormal" for kind in kinds)
        rest = [f"some {kind.form}" for kind in kinds if kind.form != "lognormal"]
        plural = "s" if len(job_class.shapes) > 1 else ""
        text = ", ".join([f"{len(job_class.shapes)} shape{plural}", f"{forms} lognormal component" + ("s" if forms != 1 else ""), *rest])
        lines.append((printable(job_class.name), text))
    return lines


def _path(location: Iterable[int | str]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(".")


def _weights(weights: Any, count: int, name: str, of: str) -> None:
    if len(weights) != count:
        raise ValueError(f"{name}: {len(weights)} weights for {count} {of}")
    if not sum(weights) > 0:
        raise ValueError(f"{name}: all are 0; expected a weight above 0")


def _below(index: int, count: int, name: str, of: str) -> None:
    if index >= count:
        raise ValueError(f"{name}: {index}; expected an index into {count} {of}")
