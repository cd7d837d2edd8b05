"""`Monitor`, the Monitoring Component: what each node has, what is requested and what is used of it, and its health, with history."""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..clock import SETTLE
from ..errors import OptionError
from ..resources import UNLIMITED
from ..units import Duration, format_seconds, seconds
from .allocations import Utilization, capacity, in_rows, requested, utilization
from .kernels.attempt_state import ABSENT, CORDONED, CRASHED, CUT, GIVEN_UP
from .prometheus_text import Family, exposition
from .time_series import TimeSeries, Window
from .watcher import NodeHealth

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    from .cluster import Cluster
    from .cluster_hardware import NodeName

SAMPLES = 240
"""Samples kept: an hour at the default period."""
MIB = 2**20
POOLS = ("cpu", "memory", "disk", "gpu")
HEALTH = tuple(NodeHealth)
COLUMNS: dict[str, Any] = {
    "cpu_requested": np.int64,
    "memory_requested": np.int64,
    "disk_requested": np.int64,
    "gpu_requested": np.int64,
    "cpu_used": np.float64,
    "memory_used": np.float64,
    "disk_used": np.float64,
    "gpu_used": np.float64,
    "gpu_failed": np.int32,
    "environments": np.int32,
    "health": np.int8,
}
UNKNOWN = -1
"""In place of a number of environments that nobody knows; amounts are NaN then."""
STRIDE, UNSTEADY = 2**40, -1
PROMETHEUS_UNIT = {"cpu": ("millicores", 1), "memory": ("bytes", MIB), "disk": ("bytes", MIB), "gpu": ("millidevices", 1)}


class Monitor:
    """Scrapes the nodes of a cluster at every multiple of its `scrape_period`, once all that happens at that instant has happened.

    A cluster without a period has a monitor that does nothing until it is asked, and then looks. `samples`: how many are kept.
    Raises OptionError.

    What is *requested* is what the scheduler holds on a node, what is *used* what programs take there. A node that is off or cut off does
    not answer: what is used there, and by how many environments, is unknown.

    >>> import mlplat as mp
    >>> sim = mp.Simulation()
    >>> cluster = mp.Cluster(sim, mp.ClusterSpec.uniform(nodes=2, cpus=8, memory_gib=32))
    >>> handle = cluster.endpoint.submit(mp.Workload("train", {"cpus": 4}, duration="1m"))
    >>> sim.run(until="2m")
    >>> cluster.monitor.frame(node="node-0", since="30s")["cpu_requested"].to_list()
    [4000, 4000, 0, 0, 0, 0, 0]
    >>> cluster.monitor.utilization().cpu
    0.125
    """

    def __init__(self, cluster: Cluster, *, samples: int = SAMPLES) -> None:
        self.cluster, self.sim, self.nodes = cluster, cluster.sim, cluster.nodes
        self.period = cluster.scrape_period
        if self.period == 0:
            raise OptionError("scrape period 0: expected more than 0 s, or None for none")
        self.series = TimeSeries(samples, len(self.nodes), COLUMNS)
        self.capacity = capacity(self.nodes)
        """int64[N, 4]: CPU milli, memory MiB, disk MiB and accelerator milli of each node when it is whole."""
        self._used = np.zeros((len(self.nodes), len(POOLS)))
        self._environments = np.zeros(len(self.nodes), dtype=np.int32)
        self._steady = [UNSTEADY] * len(self.nodes)
        """Of each node whose use stays as it is while no environment comes or goes: how many there are and the latest, as one number."""
        for predicate in ("runtime.halted", "runtime.exited", "runtime.restarted"):
            self.sim.log.subscribe(predicate, self._forget)
        if self.period is not None:
            first = math.ceil(self.sim.now / self.period) * self.period
            self.sim.every(self.period, self._due, start=max(first, self.sim.now))

    # -- scraping

    def _due(self) -> None:
        """Look when this instant is over: after what is settled in it, which is scheduled by then."""
        self.sim.env.call_at(self.sim.now, self._last, priority=SETTLE)

    def _last(self) -> None:
        self.sim.env.call_at(self.sim.now, self.scrape, priority=SETTLE)

    def scrape(self) -> None:
        """Take a sample now."""
        world = self.cluster.scheduler.run.world
        bits = in_rows(world, world.hardware.health)
        silent = bits & (CRASHED | CUT) != 0
        self._look_at_environments()
        sample = self.series.append(self.sim.now)
        held = requested(world)
        for d, pool in enumerate(POOLS):
            sample[f"{pool}_requested"][:] = held[:, d]
            sample[f"{pool}_used"][:] = np.where(silent, np.nan, self._used[:, d])
        sample["environments"][:] = np.where(silent, UNKNOWN, self._environments)
        sample["gpu_failed"][:] = in_rows(world, world.hardware.down.sum(axis=1))
        sample["health"][:] = self._health(bits, silent)

    def _health(self, bits: npt.NDArray[np.int8], silent: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        closed = np.where(bits & CORDONED != 0, HEALTH.index(NodeHealth.CORDONED), HEALTH.index(NodeHealth.READY))
        drained = np.fromiter(self.cluster.watcher.drained_nodes(), dtype=np.int64)
        closed[drained[self._environments[drained] > 0]] = HEALTH.index(NodeHealth.DRAINING)
        closed[silent] = HEALTH.index(NodeHealth.UNREACHABLE)
        closed[bits & (GIVEN_UP | ABSENT) != 0] = HEALTH.index(NodeHealth.DOWN)
        return closed

    def _look_at_environments(self) -> None:
        """What is used. Of a node where the same environments run on as requested, it is what it was."""
        virtualization, steady = self.cluster.virtualization, self._steady
        running_on = virtualization.running_on
        for node in range(len(steady)):
            environments = running_on(node)
            mark = STRIDE * len(environments) + environments[-1].serial if environments else -STRIDE
            if steady[node] == mark:
                for each in environments:
                    if each._view is not None:  # through which its program may write files
                        break
                else:
                    continue
            usage = virtualization.usage(node)
            self._used[node] = usage.cpu_used, usage.memory_used, usage.disk_used, usage.gpu_used
            self._environments[node] = usage.environments
            steady[node] = mark if all(each.ready and each.usage is None for each in environments) else UNSTEADY

    def _forget(self, _: object) -> None:
        self._steady = [UNSTEADY] * len(self.nodes)

    # -- what was seen

    def frame(self, node: NodeName | None = None, since: Duration | None = None) -> pl.DataFrame:
        """The samples that are kept, by time and node; of one node, or since a time, if given. Raises UnknownNameError.

        Columns: `time_s`, `node`; of each of cpu (milli-cores), memory (MiB), disk (MiB) and gpu (milli of a device) `_capacity` (null
        without limit), `_requested` and `_used` (null of a node that does not answer); `gpu_failed`, devices that are broken;
        `environments` (null likewise); `health`, a `NodeHealth`.
        """
        self._refresh()
        rows = np.arange(len(self.nodes)) if node is None else np.array([self.cluster.hardware.row(node)])
        return self._framed(self.series.window(since=0.0 if since is None else seconds(since), nodes=rows), rows)

    def latest(self) -> pl.DataFrame:
        """The last sample, one row a node; columns as in `frame`."""
        self._refresh()
        return self._framed(self.series.window(last=1), np.arange(len(self.nodes)))

    def _refresh(self) -> None:
        """Look now if nobody has looked: before the first scrape, and where nothing is scraped."""
        if not len(self.series) or (self.period is None and self.series.last_time() < self.sim.now):
            self.scrape()

    def _framed(self, window: Window, rows: npt.NDArray[np.int64]) -> pl.DataFrame:
        import polars as pl

        count, each = len(window.time), len(rows)
        names = pl.Series("node", self.nodes.names, dtype=pl.String).gather(rows)
        columns = [pl.Series("time_s", np.repeat(window.time, each)), pl.concat([names] * count) if count else names.head(0)]
        for d, pool in enumerate(POOLS):
            most = np.tile(self.capacity[rows, d].astype(np.float64), count)
            limited = pl.Series(f"{pool}_capacity", np.where(most >= UNLIMITED, np.nan, most)).fill_nan(None).cast(pl.Int64)
            used = pl.Series(f"{pool}_used", window.columns[f"{pool}_used"].ravel()).fill_nan(None)
            columns += [limited, pl.Series(f"{pool}_requested", window.columns[f"{pool}_requested"].ravel()), used]
        columns.append(pl.Series("gpu_failed", window.columns["gpu_failed"].ravel()))
        columns.append(pl.Series("environments", window.columns["environments"].ravel()))
        health = pl.Series("health", [state.value for state in HEALTH], dtype=pl.String)
        columns.append(health.gather(window.columns["health"].ravel().astype(np.int64)))
        known = pl.when(pl.col("environments") != UNKNOWN).then(pl.col("environments"))
        return pl.DataFrame(columns).with_columns(known.alias("environments"))

    def utilization(self, since: Duration = 0.0, until: Duration | None = None) -> Utilization:
        """The mean requested part of the cluster's capacity over a time, exactly: from what was held when, not from samples.

        `until`: now if not given. Raises OptionError for a time that is not over, or that ends before it begins.
        """
        begin, end = seconds(since), self.sim.now if until is None else seconds(until)
        if not begin <= end <= self.sim.now:
            raise OptionError(f"since={begin:g} s, until={end:g} s: expected a time that has passed; it is {self.sim.now:g} s")
        return utilization(self.cluster.scheduler.run.world, self.nodes, begin, end)

    def prometheus(self) -> str:
        """The last sample in the Prometheus text exposition format."""
        self._refresh()
        return exposition(self._families())

    def _families(self) -> list[Family]:
        names, sample = self.nodes.names, self.series.latest()
        by_node = [(name,) for name in names]

        def gauge(name: str, help: str, values: npt.NDArray[Any], known: npt.NDArray[np.bool_] | None = None) -> Family:
            kept = zip(by_node, values.tolist(), strict=True)
            if known is not None:
                kept = (pair for pair, is_known in zip(list(kept), known.tolist(), strict=True) if is_known)  # type: ignore[assignment]
            return Family(f"mlplat_node_{name}", "gauge", help, ("node",), list(kept))

        answers = sample["environments"] != UNKNOWN
        families = []
        for d, pool in enumerate(POOLS):
            unit, factor = PROMETHEUS_UNIT[pool]
            most, said = self.capacity[:, d], "accelerators" if pool == "gpu" else "CPU" if pool == "cpu" else pool
            families += [
                gauge(f"{pool}_capacity_{unit}", f"What the node has of {said} when it is whole.", most * factor, most < UNLIMITED),
                gauge(f"{pool}_requested_{unit}", f"What the scheduler holds of {said}.", sample[f"{pool}_requested"] * factor),
                gauge(f"{pool}_used_{unit}", f"What programs use of {said}.", sample[f"{pool}_used"] * factor, answers),
            ]
        health = [
            ((name, state.value), float(code == place))
            for name, code in zip(names, sample["health"].tolist(), strict=True)
            for place, state in enumerate(HEALTH)
        ]
        return [
            *families,
            gauge("gpu_failed_devices", "Accelerators that are broken.", sample["gpu_failed"]),
            gauge("environments", "Runtime environments on the node.", sample["environments"], answers),
            gauge("up", "Whether the node answered the last scrape.", answers),
            Family("mlplat_node_health", "gauge", "1 for the health that the node is in.", ("node", "health"), health),
            Family.single("mlplat_scrapes_total", "counter", "Scrapes of the cluster so far.", self.series.taken),
            Family.single("mlplat_last_scrape_seconds", "gauge", "Simulated time of the last scrape.", self.series.last_time()),
        ]

    def __repr__(self) -> str:
        pace = "on demand" if self.period is None else f"every {format_seconds(self.period)}"
        return f"Monitor({len(self.nodes):,} nodes {pace}, {len(self.series):,} samples)"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self))}</p>{self.latest()._repr_html_()}"
