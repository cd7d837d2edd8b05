"""Figures of comparisons, plans, sweeps, fits, services, simulations, clusters and lineages, against what those objects say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import mlplat as mp
from mlplat.errors import OptionError, UnknownNameError
from mlplat.infra.network.topology import Topology
from mlplat.planning.sweeps.outcome import Sweep
from mlplat.platform.automation.monitoring.drift.verdict import Finding, FindingKind, Outcome, Reason, WindowVerdict
from mlplat.platform.serving import Requests, Version, serve
from mlplat.traces.fitting import fit

from .cases import HOSTILE


def marks(figure: Any) -> Iterator[tuple[str, float, float]]:
    """Name of the trace, x and y of every point that is drawn."""
    for trace in figure.data:
        for x, y in zip(trace.x, trace.y, strict=True):
            yield trace.name, x, y


def assert_shown_as_text(figure: Any, *, named: bool = True) -> None:
    text = json.dumps(json.loads(figure.to_json()), ensure_ascii=False)
    assert HOSTILE not in text and set(re.findall(r"<[^>]*>", text)) <= {"<br>", "<extra>", "</extra>"}
    assert "&lt;b " in text or not named


@cache
def compared() -> mp.Comparison:
    trace = mp.traces.synthetic(200, gpus=16, load=1.2, seed=1)
    return mp.compare(
        mp.ClusterSpec.parse("2x8xV100"), trace, policies=["fifo/best-fit", "easy/best-fit", "sjf/fgd"], resample="1d", replications=20
    )


def test_every_difference_is_drawn_with_its_interval_in_percent_of_the_baseline() -> None:
    found = compared()
    figure = found.plot()
    rows = [row for row in found.rows if row["difference"] is not None and row["baseline"]]
    drawn = list(marks(figure))
    assert len(drawn) == len(rows)
    assert sorted(x for _, x, _ in drawn) == pytest.approx(sorted(100 * row["difference"] / row["baseline"] for row in rows))
    assert {name for name, _, _ in drawn} == {row["verdict"] for row in rows}
    lows = [x - minus for trace in figure.data for x, minus in zip(trace.x, trace.error_x.arrayminus, strict=True)]
    assert sorted(lows) == pytest.approx(sorted(100 * row["low"] / row["baseline"] for row in rows))


@cache
def planned() -> mp.Plan:
    scenario = mp.Scenario.from_yaml(
        """
        cluster: 4x8xV100
        workload: {synthetic: {jobs: 100, gpus: 64, load: 0.7, longest: 4h}}
        objectives: {mean_wait: 10m, gpu_utilization: ">= 0.05"}
        search: {groups: {node: {least: 2, most: 24}}}
        replications: 3
        """
    )
    return mp.plan(scenario)


def test_every_choice_that_was_run_is_drawn_on_its_side_of_the_bound() -> None:
    plan = planned()
    figure = plan.plot()
    frame = plan.tried.filter(pl.col("mean").is_not_null())
    drawn = list(marks(figure))
    assert len(drawn) == len(frame)
    assert sorted(y for _, _, y in drawn) == pytest.approx(sorted((100 * frame["margin"]).to_list()))
    assert {x for _, x, _ in drawn} == set(frame["cost_per_month"].to_list())


def test_the_tornado_has_a_bar_for_less_and_more_of_each_factor() -> None:
    found = planned().sensitivity(load=0.2, failures=0, prices=0.1)
    figure = found.plot()
    assert sorted(x for _, x, _ in marks(figure)) == pytest.approx(sorted(row.more_cost for row in found.rows))
    assert list(figure.layout.yaxis.ticktext) == list(dict.fromkeys(row.factor for row in found.rows))[::-1]
    assert figure.data[0].base == found.cost


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    scenario = mp.Scenario.from_yaml(
        "name: s\ncluster: 2x8xV100\nworkload: {synthetic: {jobs: 40, gpus: 16, load: 0.9}}\nobjectives: {p95_wait: 1h}\nreplications: 2"
    )
    grid = {"cluster.groups.node.count": "2:3", "policies.queue": ["fifo", "easy"]}
    return mp.sweep(scenario, grid, folder=Path(tmp_path_factory.mktemp("sweep")) / "s", backend="serial")


def test_a_sweep_over_two_fields_is_a_map_of_means(swept: Sweep) -> None:
    figure = swept.plot()
    (heat,) = figure.data
    means = [value for row in heat.z for value in row]
    assert sorted(means) == pytest.approx(sorted(swept.points["p95_wait"].to_list()))
    assert list(figure.layout.xaxis.ticktext) == ["2", "3"] and list(figure.layout.yaxis.ticktext) == ["fifo", "easy"]


def test_a_sweep_over_one_field_shows_every_run_and_the_mean(swept: Sweep) -> None:
    runs, mean = swept.plot.points("gpu_utilization", over="cluster.groups.node.count").data
    assert sorted(runs.y) == pytest.approx(sorted(swept.frame["gpu_utilization"].to_list()))
    assert list(mean.x) == [2, 3] and np.mean(mean.y) == pytest.approx(swept.frame["gpu_utilization"].mean())
    with pytest.raises(UnknownNameError, match="varied field"):
        swept.plot.points(over="cluster.nodes")


def test_a_fitted_workload_shows_its_week_and_with_a_trace_how_it_fits() -> None:
    trace = mp.traces.synthetic(days=14, gpus=64, users=5)
    model = fit(trace)
    assert sum(model.plot().data[0].y) == pytest.approx(168 * model.arrivals.per_hour, rel=1e-3)
    report = model.goodness(trace)
    figure = model.plot.goodness(trace)
    assert {name: sum(1 for n, _, _ in marks(figure) if n == name) for name in ("fits", "roughly", "does not fit")} == {
        name: sum(check.verdict == name for check in report.checks) for name in ("fits", "roughly", "does not fit")
    }
    with pytest.raises(OptionError, match="expected the trace"):
        model.plot.goodness()


def test_a_service_shows_its_latencies_replicas_and_rates() -> None:
    requests = Requests.poisson(rate=8.0, count=4_000, service="exponential", mean="1s", seed=1)
    result = serve([Version(HOSTILE, replicas=10)], requests)
    p50, p95, p99 = result.plot().data
    frame = result.requests
    first, last = frame["sent_s"].min(), result.end_s
    span = frame.filter(((frame["sent_s"] - first) / ((last - first) / 120)).floor() == 60)["latency_s"]
    assert (p50.y[60], p99.y[60]) == pytest.approx((span.quantile(0.5, "linear"), span.quantile(0.99, "linear")))
    ready, _wanted = result.plot.replicas().data
    assert max(ready.y) == 10
    total = sum(float(np.sum(trace.y)) for trace in result.plot.rate().data) * (last - first) / 120
    assert total == pytest.approx(4000)
    assert_shown_as_text(result.plot.replicas())
    assert len(p95.x) == 120


def test_a_simulation_shows_its_events_one_by_one_and_then_their_numbers() -> None:
    sim = mp.Simulation()
    for i in range(30):
        sim.at(i * 60.0, _emit, sim, i)
    sim.run()
    figure = sim.plot()
    assert len(figure.data[0].x) == 30 and list(figure.layout.yaxis.ticktext) == ["b", "a"]
    assert_shown_as_text(figure)
    for i in range(3000):
        _emit(sim, i)
    (heat,) = sim.plot().data
    assert sum(value for row in heat.z for value in row if value) == 3030


def _emit(sim: mp.Simulation, i: int) -> None:
    sim.emit(f"node:{HOSTILE}", "node.failed", source="ab"[i % 2])


def test_drift_is_drawn_as_effects_against_what_matters() -> None:
    findings = (
        Finding(HOSTILE, FindingKind.DISTRIBUTION, "ks", alarm=True, effect=0.4, floor=0.1),
        Finding("b", FindingKind.DISTRIBUTION, "ks", effect=0.02, floor=0.1),
        Finding("c", FindingKind.SCHEMA, "", alarm=True, reason=Reason.COLUMN_ABSENT),
    )
    figure = WindowVerdict(Outcome.DRIFT, 500, 100, 0.01, findings).plot()
    alarms, steady, floors = figure.data
    assert sorted(alarms.x) == [0.0, 0.4] and list(steady.x) == [0.02] and list(floors.x) == [0.1, 0.1]
    assert_shown_as_text(figure)


def test_the_live_cluster_shows_what_workloads_hold_now() -> None:
    sim = mp.Simulation()
    cluster = mp.Cluster(sim, mp.ClusterSpec.parse("2x4xT4"))
    cluster.endpoint.submit(mp.Workload("train-me", {"cpus": 1, "gpus": 3}, duration="2h", replicas=2))
    cluster.endpoint.submit(mp.Workload("share", {"cpus": 1, "gpu_milli": 250}, duration="2h"))
    sim.run(until="1h")
    (heat,) = cluster.plot().data
    assert sum(z for row in heat.z for z in row if z is not None) == 625
    assert "train-me" in heat.customdata[0][0]
    sim.run()
    assert sum(z for row in cluster.plot().data[0].z for z in row if z is not None) == 0


def test_racks_and_networks_are_drawn_whole() -> None:
    network = {"hosts_per_leaf": 16, "spines": 4, "uplink": "100Gbps"}
    spec = mp.ClusterSpec.uniform(nodes=64, racks=8, network=network, name=HOSTILE, group=HOSTILE)
    assert sum(trace.x.sum() for trace in spec.plot().data) == 64
    topology = Topology.of(spec)
    _lines, middles, *layers = topology.plot().data
    links = sum(int(text.split(" ")[0]) for text in middles.customdata)
    assert links == len(topology.mbps) and [trace.name.split(", ")[1] for trace in layers] == ["64", "4", "4"]
    for figure in (spec.plot(), spec.plot.network()):
        assert_shown_as_text(figure)


def test_a_lineage_leads_from_what_was_used_to_the_model() -> None:
    platform = mp.Platform()
    ada = platform.identity.create_user("ada", actor=platform.admin)
    platform.identity.create_project("shop", owner=ada, actor=platform.admin)
    platform.scm.create_repository("shop/churn", actor=ada)
    commit = platform.scm.commit("shop/churn", "main", {"train.py": b"print(1)"}, "first", actor=ada)
    platform.metadata.start_run("shop/r1", code=f"shop/churn@{commit.id}", seed=7, actor=ada)
    model = platform.models.register("shop/churn", b"weights", run="run:shop/r1", commit=f"shop/churn@{commit.id}", actor=ada)
    platform.metadata.finish_run("shop/r1", outputs={"model": model.resource}, actor=ada)
    found = platform.metadata.lineage("shop/churn@1", actor=ada)
    figure = found.plot()
    column = {full: x for trace in figure.data[2:] for full, x in zip(trace.customdata, trace.x, strict=True)}
    assert len(column) == len(found.nodes)
    assert column[f"repo:shop/churn@{commit.id}"] < column["run:shop/r1"] < column["model:shop/churn@1"]
    assert platform.plot.lineage("shop/churn@1", actor=ada).to_json() == figure.to_json()
    assert sum(value for row in platform.plot().data for value in [len(row.x)]) == len(platform.sim.log)
    with pytest.raises(OptionError, match="name of a model"):
        platform.plot.lineage()
