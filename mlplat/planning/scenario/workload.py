"""What runs on the cluster: a trace, a generator, a fitted model, or several of them together, and what is done to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ...hardware.durations import Duration, PositiveDuration
from ...hardware.spec_model import Name, PlacedError, Text
from ...traces.generators import WIDTHS
from .part import Number, Part, Whole

Positive = Annotated[Number, Field(gt=0, le=1e15)]
Share = Annotated[Number, Field(ge=0, le=1)]
Jobs = Annotated[Whole, Field(ge=1, le=2**31 - 1)]
PathName = Annotated[Text, Field(min_length=1)]


class Synthetic(Part):
    """A generated GPU cluster's workload (`mlplat.traces.synthetic`): heavy-tailed durations, a daily cycle, shared and whole devices."""

    jobs: Jobs | None = None
    """How many jobs; 10,000 if neither this nor `days` is given."""
    days: Positive | None = None
    """How many days of submissions; not together with `jobs`."""
    gpus: Jobs = 768
    """The devices that `load` is a part of. It does not follow the cluster, so that clusters of any size get the same jobs."""
    load: Positive = 0.8
    """Offered device time over the time of `gpus` devices, on average over a week."""
    median: PositiveDuration = 1380.0
    """Median duration of jobs on at most one device."""
    sigma: Annotated[Number, Field(ge=0, le=10)] = 1.92
    """Standard deviation of the logarithm of the durations."""
    longest: PositiveDuration = 2592000.0
    """No job takes longer."""
    day_night: Annotated[Number, Field(ge=1, le=1e6)] = 3.0
    """Arrival rate of the busiest hour over that of the quietest."""
    weekend: Annotated[Number, Field(ge=0, le=1e6)] = 1.0
    """Arrival rate on Saturdays and Sundays over that of working days."""
    cpu_only: Share = 0.13
    """Part of the jobs that ask for no device."""
    shared: Share = 0.38
    """Part of the jobs that ask for a share of one device."""
    widths: Mapping[Annotated[int, Field(ge=1)], Annotated[Number, Field(ge=0)]] = WIDTHS
    """Weights of the device counts of the other jobs, such as {1: 0.75, 8: 0.25}."""
    users: Annotated[Whole, Field(ge=1, le=1_000_000)] = 100
    """How many users submit."""
    zipf: Annotated[Number, Field(ge=0, le=100)] = 1.5
    """User of rank r submits with weight 1 / r^zipf."""
    estimates: Literal["exact", "walltime"] = "exact"
    """Whether users know their durations, or ask for round limits above them."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.jobs is not None and self.days is not None:
            raise PlacedError("give jobs or days, not both", "days")
        if self.cpu_only + self.shared > 1:
            raise PlacedError(f"cpu_only and shared are {self.cpu_only + self.shared:g} together; expected at most 1", "shared")
        return self


class Queueing(Part):
    """Poisson arrivals of jobs of one core (`mlplat.traces.queueing`): M/M, M/D or M/G."""

    jobs: Jobs
    """How many jobs."""
    arrival_rate: Positive
    """Arrivals per second."""
    service: Literal["exponential", "deterministic", "hyperexponential", "lognormal"] = "exponential"
    """Distribution of the durations."""
    mean_service: PositiveDuration = 1.0
    """Mean duration."""
    scv: Positive | None = None
    """Squared coefficient of variation, of hyperexponential and lognormal durations; 4 if not given."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.scv is not None and self.service in ("exponential", "deterministic"):
            raise PlacedError(f"the variation of {self.service} service is fixed; leave scv out", "scv")
        if self.scv is not None and self.service == "hyperexponential" and self.scv <= 1:
            raise PlacedError("expected more than 1 for hyperexponential service", "scv")
        return self


class Fitted(Part):
    """Jobs of a model fitted from a trace (`mlplat.traces.fitting`). Also read from the model's path alone."""

    model: PathName
    """The model's file, beside the scenario."""
    jobs: Jobs | None = None
    """How many jobs; as many as in the trace it was fitted from if neither this nor `days` is given."""
    days: Positive | None = None
    """How many days of submissions; not together with `jobs`."""
    load_factor: Positive = 1.0
    """So many times the arrival rate of the trace."""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, data: Any) -> Any:
        return {"model": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.jobs is not None and self.days is not None:
            raise PlacedError("give jobs or days, not both", "days")
        return self


class Slice(Part):
    """The jobs submitted in a window, which begins at second 0 afterwards."""

    start: Duration = 0.0
    """From here, from the trace's second 0."""
    end: PositiveDuration | None = None
    """Up to, not including, here; to the end of the trace if not given."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.end is not None and self.end <= self.start:
            raise PlacedError("expected an end after the start", "end")
        return self


class Resample(Part):
    """A block bootstrap: days (or weeks) drawn with replacement, so that what happens within a block stays together. Also read from the
    length of a block alone.
    """

    block: PositiveDuration = 86400.0
    """Length of a block, such as '1d' or '1w'."""
    length: PositiveDuration | None = None
    """How long the new trace is; as long as the old one if not given."""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, data: Any) -> Any:
        return data if isinstance(data, (Mapping, Resample)) else {"block": data}


class Inflate(Part):
    """An arrival stream of a given GPU demand, as in the experiments with fragmentation (`mlplat.traces.inflate`)."""

    ratio: Positive
    """Demanded over present devices."""
    capacity_gpus: Jobs
    """Present devices."""


class Transformation(Part):
    """One step: a new workload from the one before. Exactly one key."""

    slice: Slice | None = None
    """The jobs submitted in a window."""
    scale_load: Positive | None = None
    """The same jobs, so many times as dense."""
    shift: Duration | None = None
    """The same jobs so much later."""
    sample: Annotated[Number, Field(gt=0, le=1)] | None = None
    """A random part of the jobs."""
    resample: Resample | None = None
    """A block bootstrap by day or week."""
    filter: Text | None = None
    """The jobs for which an SQL condition over the trace's columns holds, such as 'gpus >= 1 AND duration > 60'."""
    inflate: Inflate | None = None
    """An arrival stream of a given GPU demand."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.model_fields_set - {name for name in type(self).model_fields if getattr(self, name) is None}) != 1:
            raise PlacedError(f"expected one of {', '.join(type(self).model_fields)}, one a step")
        return self

    @property
    def kind(self) -> str:
        """The key that is given."""
        return next(name for name in type(self).model_fields if getattr(self, name) is not None)

    @property
    def draws(self) -> bool:
        """Whether it draws at random."""
        return self.kind in ("sample", "resample", "inflate")


SOURCES = ("trace", "synthetic", "queueing", "fitted", "merge")


class Workload(Part):
    """The jobs. Exactly one of `trace`, `synthetic`, `queueing`, `fitted` and `merge`; the transformations are done in their order."""

    trace: PathName | None = None
    """A recorded trace: the path of a file, relative to the scenario's."""
    format: Literal["openb", "philly", "swf", "kubernetes", "slurm", "csv", "parquet"] | None = None
    """Of the trace; told from the file if not given."""
    errors: Literal["raise", "skip"] = "raise"
    """What is done with bad rows of the trace."""
    synthetic: Synthetic | None = None
    """A generated GPU cluster's workload."""
    queueing: Queueing | None = None
    """A textbook stream of jobs of one core."""
    fitted: Fitted | None = None
    """A model that was fitted from a trace."""
    merge: tuple[Workload, ...] = ()
    """Several workloads together."""
    group: Name | None = None
    """The group (team, and so zone) of all these jobs; the source's own groups if not given."""
    priority: Annotated[Whole, Field(ge=-(2**31), lt=2**31)] | None = None
    """The priority of all these jobs; the source's own if not given."""
    transformations: tuple[Transformation, ...] = ()
    """What is done to the jobs, step by step."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        given = [name for name in SOURCES if getattr(self, name) not in (None, ())]
        if len(given) != 1:
            found = f" (found {' and '.join(given)})" if given else ""
            raise PlacedError(f"expected exactly one of {', '.join(SOURCES)}{found}")
        if self.trace is None and self.format is not None:
            raise PlacedError("only a trace has a format", "format")
        return self

    @property
    def draws(self) -> bool:
        """Whether its jobs are drawn at random, so that replications differ."""
        drawn = self.synthetic is not None or self.queueing is not None or self.fitted is not None
        return drawn or any(step.draws for step in self.transformations) or any(part.draws for part in self.merge)

    def files(self) -> list[str]:
        """The files it reads."""
        own = [self.trace] if self.trace is not None else [self.fitted.model] if self.fitted is not None else []
        return own + [path for part in self.merge for path in part.files()]
