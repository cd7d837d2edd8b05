"""A run as a trace: a process for each node, a thread for each of its devices, a slice for each attempt, the queue as counters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import printable
from .job_names import job_names
from .lanes import lanes_of
from .thinning import thinned
from .trace_events import TraceEvents

if TYPE_CHECKING:
    import polars as pl

    from ...runs.run_frames import RunFrames

NS = 1e9
CLUSTER = 1
"""The process of counters; the node in row i is process i + 2."""
FIRST_THREAD = 10_000_000
"""Threads are numbered from here through all processes, since Perfetto tells them apart by their number alone."""
FAILURES = ("node", "device", "fenced", "error")
"""Outcomes of attempts that were no decision of anybody."""
COUNTERS = (
    ("jobs waiting", "waiting", 1.0),
    ("jobs running", "running", 1.0),
    ("cores held", "cpu_milli", 1000.0),
    ("memory held (GiB)", "memory_mib", 1024.0),
    ("devices held", "gpu_milli", 1000.0),
)


def write_run(run: RunFrames, trace: TraceEvents, most: int) -> dict[str, Any]:
    """Write the events of a run, of its attempts the `most` longest. Returns what is to be said of the trace."""
    attempts = _chosen(run, most)
    slices = _placed(attempts)
    _name_processes(run, trace, slices)
    _write_counters(run.timeline, trace, most // (4 * len(COUNTERS)))
    _write_slices(run, trace, slices)
    left_out = _write_ends(run, trace, most // 4)
    manifest = run.manifest
    return {
        "content": "mlplat run",
        "cluster": run.spec.name,
        "queue": str(manifest.get("queue", "")),
        "placement": str(manifest.get("placement", "")),
        "fingerprint": str(manifest.get("fingerprint", "")),
        "placements": len(run.attempts),
        "placements_left_out": len(run.attempts) - len(attempts),
        "ends_left_out": left_out,
    }


def _chosen(run: RunFrames, most: int) -> pl.DataFrame:
    """The longest attempts, in order of their node, device and start; times in whole nanoseconds."""
    import polars as pl

    frame = run.attempts.with_row_index("row").with_columns(
        begin=(pl.col("start_s") * NS).round().cast(pl.Int64),
        over=(pl.col("end_s").fill_null(run.end_s) * NS).round().cast(pl.Int64),
    )
    frame = frame.with_columns(over=pl.max_horizontal("begin", "over"))
    if len(frame) > most:
        length = frame["over"] - frame["begin"]
        longest = np.lexsort((np.arange(len(frame)), -length.to_numpy()))[:most]
        frame = frame[np.sort(longest)]
    return frame.sort("node", "device", "begin", "over", "row")


def _placed(frame: pl.DataFrame) -> pl.DataFrame:
    """With `lane`, its number on the device, and `thread`, the number of device and lane through all nodes."""
    import polars as pl

    place = frame["node"].cast(pl.Int64) * 2**16 + frame["device"] + 1
    frame = frame.with_columns(place=place).with_columns(
        lane=pl.Series(lanes_of(place.to_list(), frame["begin"].to_list(), frame["over"].to_list()), dtype=pl.Int64)
    )
    return frame.with_columns(thread=pl.struct("place", "lane").rank("dense").cast(pl.Int64) - 1 + FIRST_THREAD)


def _name_processes(run: RunFrames, trace: TraceEvents, slices: pl.DataFrame) -> None:
    table = run.spec.nodes()
    trace.process(CLUSTER, f"queue and allocation of {run.spec.name}", order=-1)
    by_rack = np.lexsort((np.arange(len(table)), table.rack))
    order = np.empty(len(table), dtype=np.int64)
    order[by_rack] = np.arange(len(table))
    threads = slices.select("node", "device", "lane", "thread").unique(maintain_order=True).sort("thread")
    before = -1
    for node, device, lane, thread in threads.iter_rows():
        if node != before:
            before = node
            model = table.models[int(table.model[node])].name if table.model[node] >= 0 else ""
            labels = f"{int(table.gpus[node])} × {model}" if model else ""
            trace.process(node + 2, f"{table.racks[int(table.rack[node])]} / {table.names[node]}", order=int(order[node]), labels=labels)
        name = "no device" if device < 0 else f"device {device}"
        trace.thread(node + 2, thread, f"{name} · {lane + 1}" if lane else name, order=(device + 1) * 10_000 + min(lane, 9_999))


def _write_counters(timeline: pl.DataFrame, trace: TraceEvents, most: int) -> None:
    time = timeline["time_s"].to_numpy()
    for name, column, unit in COUNTERS:
        value = timeline[column].to_numpy() / unit
        for place in thinned(time, value, max(4, most)).tolist():
            trace.counter(CLUSTER, name, round(float(time[place]) * NS), {"value": _number(float(value[place]))})


def _write_slices(run: RunFrames, trace: TraceEvents, slices: pl.DataFrame) -> None:
    """Slices by their start; of a job that started more than once, arrows from each attempt to the next."""
    import polars as pl

    jobs = run.jobs.select(
        "job",
        group=pl.col("group").cast(pl.String),
        state=pl.col("state").cast(pl.String),
        asks=pl.col("asks").cast(pl.String),
        wait_s="wait_s",
    ).with_columns(name=job_names(run.jobs))
    rows = slices.join(jobs, on="job", how="left").sort("begin", "row")
    heads = rows.unique(["job", "attempt"], keep="first", maintain_order=True)
    steps = heads.with_columns(place=pl.int_range(pl.len()).over("job"), of=pl.len().over("job")).filter(pl.col("of") > 1)
    arrows = {
        row: "s" if place == 0 else "f" if place == of - 1 else "t" for row, place, of in steps.select("row", "place", "of").iter_rows()
    }
    for row in _rows(rows):
        node, thread, begin, over = row["node"] + 2, row["thread"], row["begin"], row["over"]
        args = {key: row[key] for key in ("job", "attempt", "group", "replicas", "outcome", "wait_s", "saved_s", "lost_s", "state", "asks")}
        args["group"] = printable(row["group"] or "")
        if row["mig_start"] >= 0:
            args["mig_start"] = row["mig_start"]
        if row.get("stopped_for") is not None:
            args["stopped_for"] = row["stopped_for"]
        trace.complete(node, thread, row["name"] or f"job {row['job']}", f"job,{row['outcome']}", begin, over - begin, args)
        step = arrows.get(row["row"])
        if step is not None:
            trace.flow(node, thread, "next attempt", "restart", begin, step, row["job"])  # type: ignore[arg-type]
        if row["outcome"] in FAILURES:
            trace.instant(
                node, thread, f"{row['outcome']}: {row['name']}", "failure", over, "t", {"job": row["job"], "lost_s": row["lost_s"]}
            )


def _write_ends(run: RunFrames, trace: TraceEvents, most: int) -> int:
    """Jobs that failed, were rejected or lost; returns how many more there were."""
    import polars as pl

    wanted = run.events.with_columns(event=pl.col("event").cast(pl.String)).filter(pl.col("event").is_in(["failed", "rejected", "lost"]))
    shown = wanted.head(most)
    names = job_names(run.jobs)
    reasons = run.jobs["reason"].cast(pl.String)
    for time, event, job in shown.select("time_s", "event", "job").iter_rows():
        args = {"job": job, "reason": reasons[job] or ""}
        trace.instant(CLUSTER, 0, f"{event}: {names[job] or f'job {job}'}", "failure", round(time * NS), "p", args)
    return len(wanted) - len(shown)


def _rows(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Rows, a slice of the frame at a time; enumerations as text."""
    for part in frame.iter_slices(50_000):
        yield from part.iter_rows(named=True)


def _number(value: float) -> float | int:
    return int(value) if value == int(value) else value
