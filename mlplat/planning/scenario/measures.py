"""What a run can be measured by: the names that objectives and figures have, with unit, direction and exact meaning.

A run is measured from its *beginning* (the end of the warm-up, or the first submission where that is later) to its *end* (the horizon, or
the last event). Jobs count if they were submitted at or after the warm-up and before the horizon.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Unit = Literal["s", "part", "ratio", "count", "devices", "per day", "USD/month", "kWh", "kWh/month", "kg", "kg/month"]
Relation = Literal["<=", ">="]


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of a run: its `name`, `unit`, which direction is `better`, its `meaning`, where it comes from and whether zones have it.

    `part` is a number from 0 to 1. `of`: `jobs`, `serving` or `cluster`.
    """

    name: str
    unit: Unit
    better: Relation
    meaning: str
    of: Literal["jobs", "serving", "cluster"] = "jobs"
    of_zones: bool = False


_WAIT = "of the time from submission to the first start; a job that still waits at the end counts with its wait so far, a rejected one not"
_JCT = "of the time from submission to completion, of completed jobs"
_SLOWDOWN = "of max(1, completion time / max(duration, 10 s)), of completed jobs"
_LATENCY = "of the time from the first sending to the answer, of answered requests sent from the warm-up on"

_ALL: Final = (
    Measure("mean_wait", "s", "<=", f"mean {_WAIT}", of_zones=True),
    Measure("p50_wait", "s", "<=", f"median {_WAIT}", of_zones=True),
    Measure("p90_wait", "s", "<=", f"90th percentile {_WAIT}", of_zones=True),
    Measure("p95_wait", "s", "<=", f"95th percentile {_WAIT}", of_zones=True),
    Measure("p99_wait", "s", "<=", f"99th percentile {_WAIT}", of_zones=True),
    Measure("max_wait", "s", "<=", f"the longest {_WAIT}", of_zones=True),
    Measure("mean_jct", "s", "<=", f"mean {_JCT}", of_zones=True),
    Measure("p95_jct", "s", "<=", f"95th percentile {_JCT}", of_zones=True),
    Measure("mean_slowdown", "ratio", "<=", f"mean {_SLOWDOWN}", of_zones=True),
    Measure("p95_slowdown", "ratio", "<=", f"95th percentile {_SLOWDOWN}", of_zones=True),
    Measure("jobs", "count", ">=", "jobs that count", of_zones=True),
    Measure("completed", "count", ">=", "of these, completed by the end", of_zones=True),
    Measure("rejected", "count", "<=", "of these, rejected, lost or failed", of_zones=True),
    Measure("unfinished", "count", "<=", "of these, waiting or running at the end", of_zones=True),
    Measure("completed_share", "part", ">=", "completed over jobs that count", of_zones=True),
    Measure("rejected_share", "part", "<=", "rejected over jobs that count", of_zones=True),
    Measure("jobs_per_day", "per day", ">=", "jobs completed between beginning and end, whenever submitted, per day", of_zones=True),
    Measure("gpu_utilization", "part", ">=", "held part of all accelerator time between beginning and end"),
    Measure("cpu_utilization", "part", ">=", "held part of all core time between beginning and end"),
    Measure("memory_utilization", "part", ">=", "held part of all memory time between beginning and end"),
    Measure("gpus_held", "devices", ">=", "devices held on average between beginning and end", of_zones=True),
    Measure("goodput", "part", ">=", "useful device time over held device time, of attempts of jobs that count", of_zones=True),
    Measure("lost_gpu_hours", "count", "<=", "device hours of work done and lost, of attempts of jobs that count", of_zones=True),
    Measure("preemptions", "count", "<=", "attempts of jobs that count that were stopped for a more urgent job", of_zones=True),
    Measure("reclaimed", "count", "<=", "attempts of jobs that count that were stopped for another zone", of_zones=True),
    Measure("restarts", "count", "<=", "attempts of jobs that count after their first", of_zones=True),
    Measure("mean_latency", "s", "<=", f"mean {_LATENCY}", "serving"),
    Measure("p50_latency", "s", "<=", f"median {_LATENCY}", "serving"),
    Measure("p95_latency", "s", "<=", f"95th percentile {_LATENCY}", "serving"),
    Measure("p99_latency", "s", "<=", f"99th percentile {_LATENCY}", "serving"),
    Measure("availability", "part", ">=", "requests answered without error over requests sent and not unfinished", "serving"),
    Measure("requests", "count", ">=", "requests sent from the warm-up on", "serving"),
    Measure("replica_utilization", "part", "<=", "busy part of the slots of ready replicas, over the whole run", "serving"),
    Measure("replicas", "count", "<=", "replicas ready on average, over the whole run", "serving"),
    Measure(
        "cost_per_month", "USD/month", "<=", "price of the nodes there between beginning and end, and of electricity, per month", "cluster"
    ),
    Measure("energy_kwh", "kWh", "<=", "electricity between beginning and end, cooling included", "cluster"),
    Measure("energy_kwh_per_month", "kWh/month", "<=", "the same per month", "cluster"),
    Measure("co2_kg", "kg", "<=", "CO₂ equivalents of that electricity", "cluster"),
    Measure("co2_kg_per_month", "kg/month", "<=", "the same per month", "cluster"),
    Measure("node_hours", "count", "<=", "hours of nodes paid for between beginning and end", "cluster"),
)

MEASURES: Final[Mapping[str, Measure]] = MappingProxyType({measure.name: measure for measure in _ALL})
"""Every figure of a run by name."""

ALIASES: Final[Mapping[str, str]] = MappingProxyType({"budget_per_month": "cost_per_month"})
"""Other names that an objective may have."""
