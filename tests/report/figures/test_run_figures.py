"""The figures of a run against its frames: what is drawn is what happened, and what users name is shown as text."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import numpy as np
import polars as pl
import pytest

import mlplat as mp
from mlplat.errors import OptionError
from mlplat.report import figures
from mlplat.report.figures import decimation
from mlplat.report.figures.wait_distribution import STEPS_S

from .cases import HOSTILE, busy, hostile

OF_A_RUN = ("queue", "utilization", "waits", "gantt", "zones", "failures", "goodput", "cost")


def total(trace: Any, axis: str = "x") -> float:
    return float(np.sum(trace[axis]))


def test_the_queue_is_that_of_the_timeline_up_to_the_end_of_the_run() -> None:
    run = busy()
    waiting, running = figures.queue(run).data
    assert waiting.y.tolist()[:-1] == run.timeline["waiting"].to_list() and running.y.tolist()[:-1] == run.timeline["running"].to_list()
    assert waiting.x[-1] * 60 == pytest.approx(run.end_s) and "min" in figures.queue(run).layout.xaxis.title.text


def test_held_shares_are_parts_of_the_capacity() -> None:
    run = busy()
    shares = {trace.name.split(",")[0]: trace for trace in figures.utilization(run).data}
    assert max(shares["GPU"].y) == pytest.approx(100 * run.timeline["gpu_milli"].max() / 16_000)
    assert max(shares["CPU"].y) == pytest.approx(100 * run.timeline["cpu_milli"].max() / 160_000)
    assert shares["GPU"].name == f"GPU, mean {100 * run.summary()['gpu_utilization']:.1f} %"


def test_what_a_pool_does_not_limit_has_no_curve() -> None:
    trace = mp.JobTrace.build(submit=[0], duration=[60], request=[0], requests=[mp.ResourceRequest(gpus=4)])
    (gpus,) = figures.utilization(mp.replay(mp.ClusterSpec.parse("pool:8gpu"), trace)).data
    assert gpus.name.startswith("GPU") and gpus.y.tolist() == [50.0, 0.0]


def test_every_started_job_is_in_one_bar_of_the_waits_and_the_curve_is_their_distribution() -> None:
    run = busy()
    waits = np.sort(run.jobs["wait_s"].drop_nulls().to_numpy())
    bars, curve, marks = figures.waits(run).data
    assert bars.customdata.sum() == len(waits) and bars.customdata[0] == (waits == 0).sum()
    assert bars.customdata[: 4 + 1].sum() == (waits <= STEPS_S[3]).sum()
    assert curve.y[-1] == 100 and curve.x[-1] == waits[-1]
    assert marks.x.tolist() == pytest.approx(np.quantile(waits, (0.5, 0.95, 0.99)).tolist())


def test_bars_of_jobs_are_the_records_and_do_not_lie_on_each_other() -> None:
    run = busy()
    traces = figures.gantt(run).data
    assert sum(len(trace.y) for trace in traces) == len(run.attempts.filter(pl.col("end_s").fill_null(run.end_s) > pl.col("start_s")))
    spent = (run.attempts["end_s"].fill_null(run.end_s) - run.attempts["start_s"]).sum()
    assert sum(total(trace) for trace in traces) * 60 == pytest.approx(spent)
    bars = sorted((y, base, base + x) for t in traces for y, base, x in zip(t.y.tolist(), t.base.tolist(), t.x.tolist(), strict=True))
    assert all(a[0] != b[0] or a[2] <= b[1] + 1e-9 for a, b in itertools.pairwise(bars))


def test_bars_are_cut_to_the_time_asked_for() -> None:
    part = figures.gantt(busy(), begin="10m", end="20m").data
    assert min(min(trace.base) for trace in part) == 10 and max((trace.base + trace.x).max() for trace in part) == 20
    with pytest.raises(OptionError, match="not after begin"):
        figures.gantt(busy(), begin="2h", end="1h")


@pytest.mark.parametrize("time", [500.0, 2200.0, 5999.0])
def test_the_map_of_the_cluster_holds_what_the_timeline_says_at_that_instant(time: float) -> None:
    run = busy()
    (heat,) = figures.cluster_at(run, time).data
    cells = [(z, text) for row, texts in zip(heat.z, heat.customdata, strict=True) for z, text in zip(row, texts, strict=True) if text]
    devices = [z for z, text in cells if "V100" in text]
    assert len(devices) == 16 and len(cells) == 18
    held = run.timeline.filter(pl.col("time_s") <= time)["gpu_milli"][-1]
    assert sum(devices) * 10 == pytest.approx(held)


def test_large_clusters_are_drawn_by_nodes_and_then_by_blocks_of_nodes() -> None:
    trace = mp.JobTrace.build(submit=[0], duration=[60], request=[0], requests=[mp.ResourceRequest(gpus=8)], replicas=[50])
    for shorthand, what in (("2000x8xV100", "a cell is a node"), ("20000x8xV100", "a cell is 4 nodes")):
        run = mp.replay(mp.ClusterSpec.parse(shorthand), trace)
        figure = figures.cluster_at(run, 30)
        cells = [z for row in figure.data[0].z for z in row if z is not None]
        assert what in figure.layout.title.text and len(cells) <= 8000
        assert np.mean(cells) == pytest.approx(100 * run.timeline["gpu_milli"][0] / (run.spec.capacity()["gpus"] * 1000))


def test_zones_are_the_rows_of_their_frame() -> None:
    run = busy()
    own, borrowed, guarantee, limit, most = figures.zones(run).data
    frame = run.zones.sort("gpus_use_mean", descending=True).reverse()
    assert (np.array(own.x) + np.array(borrowed.x)).tolist() == pytest.approx(frame["gpus_use_mean"].to_list())
    assert list(limit.x) == frame["gpus_limit"].to_list() and list(most.x) == frame["gpus_use_max"].to_list()
    assert list(guarantee.x) == frame["gpus_guarantee"].to_list() and list(own.customdata) == frame["zone"].to_list()


def test_interruptions_and_lost_work_are_those_of_the_attempts() -> None:
    run = busy()
    *causes, lost = figures.failures(run).data
    stopped = run.attempts.unique(["job", "attempt"])["outcome"].cast(pl.String).value_counts()
    counts = dict(stopped.iter_rows())
    told = {trace.name: int(total(trace, "y")) for trace in causes}
    assert told["node failed"] == counts["node"] and told["device failed"] == counts["device"]
    assert total(lost, "y") == pytest.approx(run.summary()["lost_gpu_hours"])


def test_the_waterfall_ends_at_the_useful_hours_of_the_summary() -> None:
    run = busy()
    (fall,) = figures.goodput(run).data
    hours = dict(zip(fall.x, fall.y, strict=True))
    assert hours["available"] == pytest.approx(16 * 6005 / 3600)
    assert hours["held"] == pytest.approx(run.summary()["gpu_utilization"] * hours["available"])
    assert hours["useful"] == pytest.approx(run.summary()["goodput"] * hours["held"])
    assert hours["held"] + hours["to do again"] + hours["other"] == pytest.approx(hours["useful"])


def test_costs_are_those_of_the_account_of_the_run() -> None:
    from mlplat.runs.scaled import cost

    run = busy()
    held, idle = figures.cost(run).data
    dear = cost(run).sort("cost_usd", descending=True)
    assert (held.x + idle.x).tolist() == pytest.approx(dear["cost_usd"].to_list()) and list(held.customdata) == dear["group"].to_list()


@pytest.mark.parametrize("name", [*OF_A_RUN, "cluster_at"])
def test_names_of_users_are_shown_as_text_in_every_figure(name: str) -> None:
    figure = getattr(figures, name)(hostile(), *((30,) if name == "cluster_at" else ()))
    text = json.dumps(json.loads(figure.to_json()), ensure_ascii=False)
    own = set(re.findall(r"<[^>]*>", text))
    assert own <= {"<br>", "<extra>", "</extra>"}, own
    assert HOSTILE not in text and not re.search(r"\$x\$", text)
    if name in ("gantt", "cluster_at", "zones", "cost"):
        assert "&lt;b onmouseover=" in text


@pytest.mark.parametrize("name", OF_A_RUN)
def test_a_run_of_nothing_says_so_instead_of_failing(name: str) -> None:
    empty = mp.JobTrace.build(submit=[], duration=[], request=[], requests=[mp.ResourceRequest(gpus=1)])
    figure = getattr(figures, name)(mp.replay(mp.ClusterSpec.parse("1x8xV100"), empty))
    assert len(figure.layout.annotations) == 1 and figure.layout.annotations[0].text


def test_points_are_bounded_whatever_the_number_of_jobs() -> None:
    n = 30_000
    draws = np.random.default_rng(0)
    trace = mp.JobTrace.build(
        submit=np.sort(draws.random(n) * 1e6),
        duration=draws.exponential(200, n),
        request=np.zeros(n, int),
        requests=[mp.ResourceRequest(gpus=1)],
    )
    run = mp.replay(mp.ClusterSpec.parse("1x4xV100"), trace)
    for name in OF_A_RUN:
        figure = getattr(figures, name)(run)
        longest = max((len(values) for trace in figure.data for axis in "xy" if (values := trace[axis]) is not None), default=0)
        assert longest <= decimation.MOST_POINTS + 1
    assert max(figures.queue(run).data[0].y) == run.timeline["waiting"].max()
    assert len(figures.queue(run).to_json()) < 400_000
