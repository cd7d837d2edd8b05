"""Under which policies and failures the jobs run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ...errors import MlplatError
from ...hardware.durations import Duration, PositiveDuration
from ...hardware.spec_model import PlacedError, Text
from .part import Number, Part, Whole
from .workload import PathName


class Detection(Part):
    """How lost nodes are noticed: heartbeats."""

    period: Duration = 10.0
    """From one heartbeat to the next; 0 for all the time."""
    grace: Duration = 40.0
    """A node that has not reported for so long is given up."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.grace < self.period:
            raise PlacedError("expected at least the period, within which a node reports", "grace")
        return self


class Sync(Part):
    """What the ranks of every gang sum over each other after each step; the cluster must have a network (docs/network)."""

    step: PositiveDuration
    """Work between two all-reduces."""
    size: Text
    """What is summed, such as '2GiB'."""
    algorithm: Literal["auto", "ring", "tree"] = "auto"
    """`auto` is the faster of the two."""


class Policies(Part):
    """How the scheduler decides, and what jobs save of their work (docs/scheduling.md, docs/interruptions.md)."""

    queue: Text = "fifo"
    """Who is next: fifo, best-effort-fifo, priority, sjf, srtf, easy, conservative, drf, las, loss."""
    queue_options: Mapping[str, Any] = {}
    """Options of the queue policy, such as {threshold: 2h} of `las`."""
    placement: Text = "best-fit"
    """On which node: first-fit, best-fit, worst-fit, least-allocated, most-allocated, balanced, dot-product, gpu-packing, gpu-clustering,
    fgd, topology, random."""
    ties: Literal["node-order", "random"] = "node-order"
    """Which of equally good nodes is taken."""
    checkpoint: Text = "none"
    """What jobs save of their work: 'none', 'every 30m', 'young-daly', 'every 30m write 60s restart 2m'."""
    max_restarts: Annotated[Whole, Field(ge=0)] | None = None
    """Failures of the hardware after which a job has failed; no limit if not given."""
    scrape: Duration | None = None
    """The period at which the scheduler learns of freed room; at once if not given."""
    sync: Sync | None = None
    """All-reduces of gangs, whose pace then depends on where they are placed."""
    detection: Detection = Detection()
    """How lost nodes are noticed."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        from ...infra.checkpoints import checkpoint_policy
        from ...infra.placement import placement_policy
        from ...infra.queueing import QUEUES, queue_policy

        for name, check in (
            ("queue", lambda: queue_policy(self.queue)),
            ("placement", lambda: placement_policy(self.placement)),
            ("checkpoint", lambda: checkpoint_policy(self.checkpoint)),
            ("queue_options", lambda: QUEUES[self.queue].with_options(**self.queue_options)),
        ):
            try:
                check()
            except MlplatError as error:
                raise PlacedError(str(error), name) from None
        if self.sync is not None:
            from ...infra.synchronization import synchronization

            try:
                synchronization(self.sync.model_dump())
            except MlplatError as error:
                raise PlacedError(str(error), "sync") from None
        return self


class Failures(Part):
    """Hardware that fails. Also read from `none` or `reliability` alone.

    With `factor` the rates are those of the cluster's description (`reliability` of the cluster and of its groups), so many times as often.
    """

    source: Literal["none", "reliability", "outages"] = "none"
    """`none`; `reliability`, rates of the cluster's description; `outages`, a list in a file. Follows from the other keys if not given."""
    factor: Annotated[Number, Field(ge=0, le=1e6)] = 1.0
    """So many times as many failures as the cluster's rates give; 0 for none. Planned maintenance stays as it is."""
    outages: PathName | None = None
    """A CSV file of outages, relative to the scenario's (docs/failures.md)."""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, data: Any) -> Any:
        if data is None or data is False:
            return {}
        if isinstance(data, str):
            if data not in ("none", "reliability"):
                raise PlacedError(f"{data[:60]!r}: expected 'none', 'reliability', or a mapping with 'factor' or 'outages'")
            return {"source": data}
        if isinstance(data, Mapping) and data.get("source") is None:
            if data.get("outages") is not None:
                return {"source": "outages"} | {key: value for key, value in data.items() if key != "source"}
            if data.get("factor") is not None:
                return {"source": "reliability"} | {key: value for key, value in data.items() if key != "source"}
        return data

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.outages is not None) != (self.source == "outages"):
            raise PlacedError("source 'outages' and a file of outages go together", "outages")
        if self.factor != 1.0 and self.source != "reliability":
            raise PlacedError(f"only rates have a factor, and the source is {self.source!r}", "factor")
        return self

    @property
    def draws(self) -> bool:
        """Whether outages are drawn."""
        return self.source == "reliability" and self.factor > 0
