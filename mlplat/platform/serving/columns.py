"""The columns of the frames of a serving run, declared once: name, polars type, unit and meaning.

The tables in docs/platform/serving.md are made from this.
"""

from __future__ import annotations

from ...frame_columns import Column

OUTCOMES = ("unfinished", "answered", "error", "timed_out", "rejected", "failed")

FRAMES: dict[str, tuple[Column, ...]] = {
    "requests": (
        Column("request", "UInt32", "", "row in the stream"),
        Column("sent_s", "Float64", "s", "first sending"),
        Column("version", "Enum", "", "of its last attempt, null if it was not sent before the end"),
        Column("replica", "Int32", "", "number of the replica that worked on its last attempt, null if none did"),
        Column("attempts", "Int32", "", "sendings"),
        Column("outcome", "Enum", "", ", ".join(OUTCOMES)),
        Column("start_s", "Float64", "s", "when its last attempt was taken into a batch, null if it was not"),
        Column("end_s", "Float64", "s", "when its fate was known, null before"),
        Column("wait_s", "Float64", "s", "from the last sending to the start of its batch"),
        Column("latency_s", "Float64", "s", "from the first sending to the answer, null without one"),
    ),
    "versions": (
        Column("version", "Enum", "", "its name"),
        Column("sent", "Int64", "", "attempts sent to it"),
        Column("answered", "Int64", "", "those answered, with errors"),
        Column("errors", "Int64", "", "answers that are errors"),
        Column("timed_out", "Int64", "", "attempts whose deadline passed"),
        Column("rejected", "Int64", "", "those that found the queue full"),
        Column("failed", "Int64", "", "those lost with a replica"),
        Column("unfinished", "Int64", "", "those that waited or were worked on at the end"),
        Column("latency_p50_s", "Float64", "s", "of the requests that it answered"),
        Column("latency_p95_s", "Float64", "s", ""),
        Column("latency_p99_s", "Float64", "s", ""),
        Column("wait_mean_s", "Float64", "s", "of the requests that it answered"),
        Column("utilization", "Float64", "", "busy part of the ready slots over time, null where there were none"),
        Column("ready_mean", "Float64", "", "ready replicas on average over time"),
    ),
    "timeline": (
        Column("time_s", "Float64", "s", "an instant at which replicas changed"),
        Column("version", "Enum", "", ""),
        Column("ready", "Int64", "", "replicas in rotation after the instant"),
        Column("starting", "Int64", "", ""),
        Column("draining", "Int64", "", ""),
        Column("wanted", "Int64", "", ""),
    ),
}
"""Frame -> its columns."""
