"""The columns of every result frame, declared once:

name, polars type, unit and meaning. The tables in docs/results.md are made from this.
"""

from __future__ import annotations

from ..frame_columns import Column

STATES = ("pending", "waiting", "running", "completed", "rejected", "lost", "held", "failed", "cancelled")
EVENTS = ("submitted", "rejected", "lost", "started", "completed", "preempted", "drained", "interrupted", "failed", "cancelled")

RESOURCES = ("cpus", "memory_gib", "gpus")
"""The resources of which the frame of zones says how much was promised and used."""


def _of_zones() -> tuple[Column, ...]:
    counts = (
        Column("zone", "String", "", "its name; empty for the one that all groups share which no zone lists"),
        Column("cohort", "String", "", "the cohort it lends to first, null without"),
        Column("jobs", "UInt32", "", "jobs of its groups"),
        Column("completed", "UInt32", "", "those that completed"),
        Column("reclaimed", "UInt32", "", "attempts of its jobs that were stopped for another zone"),
        Column("claims", "UInt32", "", "starts of its jobs for which jobs of other zones were stopped"),
        Column("reclaim_wait_max_s", "Float64", "s", "the longest time from when those were stopped until the start, null without claims"),
    )
    units = {"cpus": "cores", "memory_gib": "GiB", "gpus": "devices"}
    amounts = tuple(
        Column(f"{resource}_{kind}", "Float64", units[resource], meaning)
        for resource in RESOURCES
        for kind, meaning in (
            ("guarantee", "what it always gets"),
            ("limit", "the most it may use, null for none"),
            ("use_mean", "held, on average over the run"),
            ("use_max", "the most it held after any instant"),
            ("borrowed_mean", "held above the guarantee, on average; null where nobody is guaranteed any"),
        )
    )
    return counts + amounts


FRAMES: dict[str, tuple[Column, ...]] = {
    "jobs": (
        Column("job", "UInt32", "", "row of the job in the trace"),
        Column("job_id", "String", "", "its id in the source; only where the source gives ids"),
        Column("group", "Enum", "", "user, team or virtual cluster"),
        Column("submit_s", "Float64", "s", "submission"),
        Column("start_s", "Float64", "s", "first start, null if it did not start"),
        Column("end_s", "Float64", "s", "completion, null if it did not complete"),
        Column("wait_s", "Float64", "s", "first start less submission"),
        Column(
            "state",
            "Enum",
            "",
            "pending (had not arrived), waiting, running, completed, rejected, lost, held (by a limit), failed, cancelled",
        ),
        Column("reason", "Enum", "", "why it was rejected, lost or failed: dimensions joined by |, empty otherwise"),
        Column("replicas", "Int32", "", "gang size"),
        Column("asks", "Enum", "", "what it asks for, in words"),
        Column("attempts", "UInt32", "", "how often it started"),
    ),
    "attempts": (
        Column("job", "UInt32", "", "row of the job in the trace"),
        Column("attempt", "UInt32", "", "0 for the first time it ran"),
        Column("node", "UInt32", "", "row of the node in the cluster"),
        Column("device", "Int32", "", "lowest device used on the node, -1 without GPU"),
        Column("mig_start", "Int32", "", "first memory position of the MIG instance, -1 without"),
        Column("replicas", "Int32", "", "replicas of the job in this record"),
        Column("start_s", "Float64", "s", "start"),
        Column("stop_s", "Float64", "s", "when its work stopped: before the end only where it crashed or wrote a last checkpoint"),
        Column("end_s", "Float64", "s", "when its room was given back, null if it was still held"),
        Column("outcome", "Enum", "", "running, completed, preempted, drained, node, device, fenced, cancelled, error, reclaimed"),
        Column("saved_s", "Float64", "s", "work it need not do again; what is done so far of one that runs"),
        Column("lost_s", "Float64", "s", "work it had done and has to do again"),
        Column("cpu_milli", "Int64", "milli-cores", "held by the record"),
        Column("memory_mib", "Int64", "MiB", "held"),
        Column("gpu_milli", "Int64", "milli of a device", "held"),
        Column("stopped_for", "UInt32", "", "row of the job for which it was stopped, null for none; only in a run under zones"),
    ),
    "nodes": (
        Column("node", "UInt32", "", "row of the node in the cluster"),
        Column("name", "String", "", "its name"),
        Column("model", "String", "", "accelerator model, null without devices"),
        Column("gpus", "Int32", "", "devices"),
        Column("jobs", "UInt32", "", "records placed on it"),
        Column("cpu_busy_s", "Float64", "core-seconds", "cores times the time they were held"),
        Column("memory_busy_s", "Float64", "GiB-seconds", "memory times the time it was held"),
        Column("gpu_busy_s", "Float64", "device-seconds", "devices times the time they were held"),
        Column("gpu_utilization", "Float64", "", "held part of its devices over the run, null without devices"),
        Column("paid_s", "Float64", "s", "from asking for it until it left, within the run"),
    ),
    "timeline": (
        Column("time_s", "Float64", "s", "an instant at which something changed"),
        Column("waiting", "Int64", "", "jobs that wait after the instant"),
        Column("running", "Int64", "", "jobs that run"),
        Column("cpu_milli", "Int64", "milli-cores", "allocated"),
        Column("memory_mib", "Int64", "MiB", "allocated"),
        Column("gpu_milli", "Int64", "milli of a device", "allocated"),
    ),
    "events": (
        Column("time_s", "Float64", "s", "when"),
        Column("event", "Enum", "", "submitted, rejected, lost, started, or how it ended"),
        Column("job", "UInt32", "", "row of the job in the trace"),
    ),
    "zones": _of_zones(),
}
"""Frame -> its columns."""
