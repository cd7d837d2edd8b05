"""A stream of requests to a model server, and the replicas that answer it (docs/platform/serving.md)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ...hardware.durations import Duration, PositiveDuration
from ...hardware.spec_model import Name, PlacedError
from .part import Part, Whole
from .workload import Positive, Share


class Growth(Part):
    """Replicas that come and go with the requests that are there, as Knative's KPA does it."""

    target: Positive
    """Requests a replica is to have on average."""
    least: Annotated[Whole, Field(ge=0)] = 1
    """The fewest replicas."""
    period: PositiveDuration = 2.0
    """From one look to the next."""
    stable: PositiveDuration = 60.0
    """The window of the average."""
    panic: PositiveDuration = 6.0
    """The short window, in which a burst is noticed."""


class ServingLoad(Part):
    """Requests per second, how long one takes, and what answers them.

    The replicas are as many as `replicas` says, or as the nodes of the node group `group` hold, `per_node` each; those nodes then take
    no jobs.
    """

    rate: Positive
    """Requests per second, on average."""
    length: PositiveDuration
    """How long requests come."""
    swing: Share = 0.0
    """Of the daily cycle: the rate of the busiest hour (15:00) is 1 + swing times the mean."""
    service: Literal["exponential", "deterministic", "lognormal", "hyperexponential"] = "lognormal"
    """Distribution of the time that a request takes."""
    mean: Duration
    """Mean of that time."""
    scv: Positive = 1.0
    """Its squared coefficient of variation, of lognormal and hyperexponential times."""
    replicas: Annotated[Whole, Field(ge=1, le=100_000)] | None = None
    """Replicas of the server."""
    group: Name | None = None
    """The node group that the replicas run on."""
    per_node: Annotated[Whole, Field(ge=1, le=10_000)] = 1
    """Replicas on a node of that group, such as its devices."""
    slots: Annotated[Whole, Field(ge=1, le=64)] = 1
    """Batches that a replica works on at once."""
    queue: Annotated[Whole, Field(ge=0)] | None = None
    """Requests that may wait; more are rejected. Any number if not given."""
    timeout: PositiveDuration | None = None
    """From sending to deadline; none if not given."""
    retries: Annotated[Whole, Field(ge=0, le=20)] = 0
    """How often a client sends a request again that was not answered."""
    backoff: Duration = 1.0
    """Time before the first of these; twice as long before each further one."""
    batch: Annotated[Whole, Field(ge=1, le=10_000)] = 1
    """Requests in a batch."""
    batch_wait: Duration = 0.0
    """How long a batch waits to be full."""
    base: Duration = 0.0
    """A batch of n takes base + each · n + the longest own time in it."""
    each: Duration = 0.0
    """See `base`."""
    error_rate: Share = 0.0
    """Part of the answers that are errors."""
    cold_start: Duration = 0.0
    """From starting a replica until it answers."""
    growth: Growth | None = None
    """An autoscaler, up to the replicas said above; those are all there from the start if not given."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.replicas is None) == (self.group is None):
            raise PlacedError("expected one of replicas and group (a node group)", "replicas")
        if self.replicas is not None and self.per_node != 1:
            raise PlacedError("goes with group (a node group), not with replicas", "per_node")
        if self.service == "hyperexponential" and self.scv <= 1:
            raise PlacedError("expected more than 1 for hyperexponential service", "scv")
        if self.rate * self.length > 2e8:
            raise PlacedError(f"{self.rate * self.length:.3g} requests; expected at most 2e8", "length")
        if self.growth is not None and self.replicas is not None and self.growth.least > self.replicas:
            raise PlacedError(f"{self.growth.least} is more than the replicas, {self.replicas}", "growth.least")
        return self

    def version(self, replicas: int) -> Any:
        """The version of the server, with so many replicas at most."""
        from ...platform.serving import Concurrency, Version

        scale = None
        if self.growth is not None:
            scale = Concurrency(most=replicas, **self.growth.model_dump())
        return Version(
            "v1",
            replicas=replicas if scale is None else max(1, self.growth.least if self.growth is not None else 1),
            slots=self.slots,
            queue=self.queue,
            timeout=self.timeout,
            batch=self.batch,
            batch_wait=self.batch_wait,
            base=self.base,
            each=self.each,
            error_rate=self.error_rate,
            start=self.cold_start,
            limit=replicas,
            scale=scale,
        )
