"""A run's final state in the Prometheus text exposition format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...infra.prometheus_text import Family, exposition
from .destination import Target, text_file

if TYPE_CHECKING:
    import polars as pl

    from ...runs.run_frames import RunFrames

QUANTILES = (("0.5", "wait_p50_s"), ("0.95", "wait_p95_s"), ("0.99", "wait_p99_s"))
RESOURCES = ("cpu", "memory", "gpu")


def prometheus(run: RunFrames, path: Target) -> dict[str, Any]:
    """Write what a Prometheus server would have scraped of a run at its end. Returns the number of `samples`. Raises InputError.

    >>> import tempfile, mlplat as mp
    >>> trace = mp.JobTrace.build(submit=[0], duration=[60], request=[0], requests=[mp.ResourceRequest(gpus=8)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     prometheus(mp.replay(mp.ClusterSpec.parse("1x8xV100"), trace), f"{folder}/run.prom")["samples"] > 5
    True
    """
    text = prometheus_text(run)
    with text_file(path) as stream:
        stream.write(text)
    return {"samples": sum(not line.startswith("#") for line in text.splitlines())}


def prometheus_text(run: RunFrames) -> str:
    """The text. What there was nothing to measure of is left out.

    >>> import mlplat as mp
    >>> trace = mp.JobTrace.build(submit=[0, 10], duration=[60, 60], request=[0, 0], requests=[mp.ResourceRequest(gpus=8)])
    >>> text = prometheus_text(mp.replay(mp.ClusterSpec.parse("1x8xV100"), trace))
    >>> 'mlplat_run_jobs{state="completed"} 2' in text
    True
    """
    return exposition(family for family in _families(run) if len(family.samples))


def _families(run: RunFrames) -> list[Family]:
    figures = run.summary()

    def measured(pairs: Sequence[tuple[str, str]]) -> list[tuple[tuple[str, ...], float]]:
        return [((label,), float(figures[key])) for label, key in pairs if figures.get(key) is not None]

    def single(name: str, help: str, key: str, factor: float = 1.0) -> Family:
        value = figures.get(key)
        return Family(name, "gauge", help, (), [] if value is None else [((), float(value) * factor)])

    names = ("queue", "placement", "clock", "seed", "version", "fingerprint")
    used = [(pool, f"{pool}_utilization") for pool in RESOURCES]
    return [
        Family("mlplat_run_info", "gauge", "How the run was made.", names, [(tuple(str(figures.get(name, "")) for name in names), 1.0)]),
        Family.single("mlplat_run_end_seconds", "gauge", "Simulated time at which the run ended.", run.end_s),
        Family("mlplat_run_jobs", "gauge", "Jobs by their state at the end.", ("state",), _counted(run.jobs, "state")),
        Family(
            "mlplat_run_placements", "gauge", "Placements of attempts by how they ended.", ("outcome",), _counted(run.attempts, "outcome")
        ),
        Family("mlplat_run_wait_seconds", "gauge", "Wait until the first start, of jobs that started.", ("quantile",), measured(QUANTILES)),
        single("mlplat_run_wait_mean_seconds", "Mean wait until the first start.", "wait_mean_s"),
        single("mlplat_run_completion_mean_seconds", "Mean time from submission to completion.", "jct_mean_s"),
        Family("mlplat_run_utilization_ratio", "gauge", "Held part of the capacity over the run.", ("resource",), measured(used)),
        single("mlplat_run_goodput_ratio", "Useful device time over held device time.", "goodput"),
        single("mlplat_run_preemptions", "Attempts that ended for a more urgent job.", "preemptions"),
        single("mlplat_run_restarts", "Attempts after the first of their job.", "restarts"),
        single("mlplat_run_lost_device_seconds", "Device time of work that was done again.", "lost_gpu_hours", 3600.0),
        *_of_nodes(run),
        *_of_zones(run.zones),
    ]


def _counted(frame: pl.DataFrame, column: str) -> list[tuple[tuple[str, ...], float]]:
    import polars as pl

    counts = frame[column].cast(pl.String).value_counts().sort(column)
    return [((str(value),), float(count)) for value, count in counts.iter_rows()]


def _of_nodes(run: RunFrames) -> list[Family]:
    table, frame = run.spec.nodes(), run.nodes
    labels = [(name, table.racks[rack]) for name, rack in zip(frame["name"].to_list(), table.rack.tolist(), strict=True)]

    def counter(name: str, help: str, values: list[float]) -> Family:
        return Family(name, "counter", help, ("node", "rack"), list(zip(labels, values, strict=True)))

    return [
        counter("mlplat_node_core_seconds_total", "Cores held, times seconds.", frame["cpu_busy_s"].to_list()),
        counter("mlplat_node_memory_byte_seconds_total", "Memory held, times seconds.", (frame["memory_busy_s"] * 2.0**30).to_list()),
        counter("mlplat_node_device_seconds_total", "Devices held, times seconds.", frame["gpu_busy_s"].to_list()),
        counter("mlplat_node_placements_total", "Placements on the node.", frame["jobs"].cast(float).to_list()),
    ]


def _of_zones(zones: pl.DataFrame) -> list[Family]:
    def gauge(name: str, help: str, column: str) -> Family:
        pairs = zip(zones["zone"].to_list(), zones[column].to_list(), strict=True)
        return Family(name, "gauge", help, ("zone",), [((zone,), float(value)) for zone, value in pairs if value is not None])

    return [
        gauge("mlplat_zone_jobs", "Jobs of the zone.", "jobs"),
        gauge("mlplat_zone_completed_jobs", "Jobs of the zone that completed.", "completed"),
        gauge("mlplat_zone_devices_mean", "Devices held, on average over the run.", "gpus_use_mean"),
        gauge("mlplat_zone_guaranteed_devices", "Devices that the zone always gets.", "gpus_guarantee"),
    ]
