"""One run of a scenario: its figures against the frames of its result, its draws, its costs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import mlplat as mp
from mlplat.errors import SpecError
from mlplat.planning.scenario import MEASURES, is_random, replication_seed, result_of, run_once, trace_of
from mlplat.planning.scenario.running import found_warm_up
from mlplat.planning.scenario.scenario import Scenario
from mlplat.planning.statistics import mser5
from mlplat.runs.window import Window
from mlplat.traces.fitting import fit

from .texts import QUEUE, small


def test_figures_of_a_whole_run_are_those_of_the_summary() -> None:
    scenario = small()
    figures, summary = run_once(scenario), result_of(scenario).summary()
    assert figures.fingerprint == summary["fingerprint"]
    pairs = {
        "mean_wait": "wait_mean_s",
        "p50_wait": "wait_p50_s",
        "p95_wait": "wait_p95_s",
        "p99_wait": "wait_p99_s",
        "mean_jct": "jct_mean_s",
        "mean_slowdown": "bounded_slowdown_mean",
    } | {
        name: name for name in ("gpu_utilization", "cpu_utilization", "memory_utilization", "goodput", "completed", "rejected", "restarts")
    }
    for name, key in pairs.items():
        assert figures[name] == pytest.approx(summary[key], rel=1e-12), name


@pytest.mark.parametrize("failing", [False, True])
def test_figures_of_a_window_are_those_of_the_frames(failing: bool) -> None:
    jobs_drawn = {"jobs": 60, "gpus": 8, "load": 0.9, "longest": "6h", "widths": {1: 0.7, 4: 0.3}}
    fields: dict[str, Any] = {
        "workload": {"synthetic": jobs_drawn},
        "horizon": "1d",
        "warm_up": "4h",
        "policies": {"checkpoint": "every 20m", "max_restarts": 2},
    }
    if failing:
        groups = [{"name": "n", "count": 2, "cpus": 32, "memory": "256GiB", "gpus": 4, "gpu_model": "V100"}]
        fields |= {"cluster": {"groups": groups, "reliability": {"node": {"mtbf": "8h", "mttr": "30m"}}}, "failures": "reliability"}
    scenario = small(**fields)
    figures, result = run_once(scenario), result_of(scenario)
    jobs = result.jobs.filter((pl.col("submit_s") >= 4 * 3600) & (pl.col("submit_s") < 86400))
    waited = jobs.filter(~((pl.col("state").is_in(["rejected", "lost", "failed"])) & pl.col("start_s").is_null()))
    waits = (waited["start_s"].fill_null(86400.0) - waited["submit_s"]).to_numpy()
    assert figures["jobs"] == len(jobs) > 10
    assert figures["p90_wait"] == np.percentile(waits, 90) and figures["max_wait"] == waits.max()
    done = jobs.filter(pl.col("state") == "completed")
    assert figures["p95_jct"] == np.percentile((done["end_s"] - done["submit_s"]).to_numpy(), 95)
    assert figures["completed_share"] == len(done) / len(jobs)
    requests = trace_of(scenario).requests
    held = 0.0
    for row in result.attempts.iter_rows(named=True):
        request = requests[trace_of(scenario).request[row["job"]]]
        share = request.gpus + request.gpu_milli / 1000
        spell = min(row["end_s"] if row["end_s"] is not None else 86400.0, 86400.0) - max(row["start_s"], 4 * 3600.0)
        held += share * row["replicas"] * max(0.0, spell)
    assert figures["gpu_utilization"] == pytest.approx(held / (8 * 20 * 3600))
    assert figures["gpus_held"] == pytest.approx(held / (20 * 3600))


def test_zones_have_figures_of_their_own_jobs() -> None:
    parts = [{"synthetic": {"jobs": 40, "gpus": 8, "load": 0.6}, "group": name} for name in ("a", "b")]
    scenario = small(
        workload={"merge": parts},
        zones=[{"name": "a", "guarantee": {"gpus": 4}}, {"name": "b"}],
        policies={"queue": "best-effort-fifo"},
        objectives={"zones.a.p95_wait": "1h"},
    )
    figures, result = run_once(scenario), result_of(scenario)
    for zone in ("a", "b"):
        jobs = result.jobs.filter(pl.col("group") == zone)
        assert figures[f"zones.{zone}.jobs"] == len(jobs) == 40
        assert figures[f"zones.{zone}.p95_wait"] == pytest.approx(np.percentile(jobs["wait_s"].drop_nulls().to_numpy(), 95))
    held = figures["zones.a.gpus_held"], figures["zones.b.gpus_held"]
    assert sum(held) == pytest.approx(figures["gpus_held"])  # type: ignore[arg-type]
    assert trace_of(scenario).duration.tolist() != sorted(trace_of(scenario).duration.tolist())


def test_every_figure_is_a_measure_and_every_measure_is_there() -> None:
    scenario = small(serving={"rate": 5, "length": "2m", "mean": "100ms", "replicas": 2}, zones=[{"name": "a"}])
    scenario = scenario.with_fields({"workload.group": "a"})
    values = run_once(scenario).values
    assert {name for name in values if "." not in name} == set(MEASURES)
    assert {name.rpartition(".")[2] for name in values if "." in name} == {name for name, each in MEASURES.items() if each.of_zones}


def test_replications_differ_and_repeat_and_alternatives_share_their_jobs() -> None:
    scenario = small()
    assert run_once(scenario, 1).fingerprint == run_once(scenario, 1).fingerprint != run_once(scenario, 2).fingerprint
    other = scenario.with_fields({"cluster.groups.node.count": 3, "policies.queue": "easy"})
    assert trace_of(other, 3).duration.tolist() == trace_of(scenario, 3).duration.tolist()
    heavier = scenario.with_fields({"workload.synthetic.load": 1.8})
    assert heavier.workload is not None and trace_of(heavier, 3).duration.tolist() == trace_of(scenario, 3).duration.tolist()
    assert len({replication_seed(0, r) for r in range(100)} | {replication_seed(1, r) for r in range(100)}) == 200


def test_a_fixed_trace_without_failures_is_not_random(tmp_path: Any) -> None:
    (tmp_path / "jobs.csv").write_text("submit,duration,gpus\n0,60,1\n30,60,1\n")
    fixed = Scenario.from_dict({"cluster": "1x1xV100", "workload": {"trace": "jobs.csv"}}, folder=tmp_path)
    assert not is_random(fixed) and run_once(fixed, 0) == run_once(fixed, 1)
    assert is_random(fixed.with_fields({"policies.ties": "random"})) and is_random(small())
    sampled = fixed.with_fields({"workload.transformations": [{"sample": 0.5}]})
    assert is_random(sampled) and len(trace_of(sampled)) == 1


def test_costs_follow_from_prices_power_and_use() -> None:
    text = """
cluster: {groups: [{name: n, count: 2, cpus: 10, memory: 1GiB, price_per_hour: 1.5, idle_watts: 100, peak_watts: 300}]}
workload: {trace: jobs.csv}
horizon: 10h
costs: {pue: 1.2, grid_kg_per_kwh: 0.5, electricity_per_kwh: 0.1, groups: {n: {factor: 0.5}}}
"""
    jobs = mp.JobTrace.build(submit=[0], duration=[18000], request=[0], requests=[mp.ResourceRequest(cpus=10)])
    values = run_once(Scenario.from_yaml(text), trace=jobs).values
    kwh = (2 * 10 * 100 + 5 * 200) / 1000 * 1.2
    assert values["node_hours"] == 20.0
    assert values["energy_kwh"] == pytest.approx(kwh) and values["co2_kg"] == pytest.approx(kwh / 2)
    assert values["cost_per_month"] == pytest.approx((2 * 0.75 + kwh / 10 * 0.1) * 730)


def test_spot_machines_are_paid_for_while_they_are_there() -> None:
    spot = {"mean_life": "6h", "discount": 0.5}
    group = {"name": "s", "count": 4, "cpus": 8, "memory": "32GiB", "price_per_hour": 1.0, "scaling": {"idle": "10m", "spot": spot}}
    scenario = Scenario.from_dict({"cluster": {"groups": [group]}, "workload": {"queueing": {"jobs": 50, "arrival_rate": 0.01}}})
    from mlplat.runs.scaled import cost

    figures, paid = run_once(scenario), cost(result_of(scenario))
    assert figures["node_hours"] == pytest.approx(paid["node_hours"].sum()) and is_random(scenario)
    hours = result_of(scenario).end_s / 3600 - trace_of(scenario).submit[0] / 3600
    assert figures["cost_per_month"] == pytest.approx(paid["cost_usd"].sum() / hours * 730)


def test_failures_are_as_much_more_frequent_as_said() -> None:
    groups = [{"name": "n", "count": 40, "cpus": 8, "memory": "1GiB", "reliability": {"node": {"mtbf": "20h", "mttr": "1m"}}}]
    base = Scenario.from_dict(
        {
            "cluster": {"groups": groups},
            "workload": {"queueing": {"jobs": 2000, "arrival_rate": 0.02, "mean_service": "1h"}},
            "horizon": "1d",
        }
    )
    restarts = [run_once(base.with_fields({"failures.factor": factor}))["restarts"] for factor in (0.0, 1.0, 3.0)]
    assert restarts[0] == 0 and restarts[1] is not None and 0 < 2 * restarts[1] < restarts[2]  # type: ignore[operator]


def test_the_waits_of_a_queue_are_those_of_theory() -> None:
    scenario = Scenario.from_yaml("{cluster: 4x1cpu, workload: {queueing: {jobs: 60000, arrival_rate: 3.2}}, warm_up: 1000}")
    offered, servers = 3.2, 4
    terms = [offered**k / math.factorial(k) for k in range(servers)]
    last = offered**servers / math.factorial(servers) / (1 - offered / servers)
    truth = last / (sum(terms) + last) / (servers - offered)
    mean = np.mean([run_once(scenario, r)["mean_wait"] for r in range(4)])
    assert mean == pytest.approx(truth, rel=0.1)


def test_the_warm_up_is_found_from_the_mean_over_all_replications() -> None:
    scenario = Scenario.from_yaml(QUEUE.replace("400", "4000") + "warm_up: mser-5\nreplications: 8\n")
    from_empty = scenario.with_fields({"warm_up": 0})
    waits = np.mean([Window(result_of(from_empty, r), 0.0).waits() for r in range(8)], axis=0)
    left_out = mser5(waits)
    begins = [trace_of(scenario, r).submit[left_out] for r in range(8)]
    first, second = run_once(scenario, 0), run_once(scenario, 1)
    assert 0 < left_out < 2000 and first.warm_up == second.warm_up == found_warm_up(scenario) == pytest.approx(np.mean(begins))
    assert first["jobs"] == (trace_of(scenario, 0).submit >= first.warm_up).sum()
    assert first == run_once(scenario.with_fields({"warm_up": first.warm_up}))


def test_rejected_jobs_do_not_count_for_the_warm_up() -> None:
    scenario = small(
        cluster="2x4xV100",
        workload={"synthetic": {"jobs": 600, "gpus": 8, "load": 0.7, "longest": "2h", "widths": {1: 0.8, 16: 0.2}}},
        warm_up="mser-5",
        replications=3,
    )
    results = [result_of(scenario, r) for r in range(3)]
    rejected = [result.jobs["state"].to_numpy() == "rejected" for result in results]
    assert all(20 < mask.sum() < 300 for mask in rejected)
    waits = np.array([np.where(mask, np.nan, r.jobs["wait_s"].to_numpy()) for r, mask in zip(results, rejected, strict=True)])
    counted = np.flatnonzero(~np.isnan(waits).all(axis=0))
    first = counted[mser5(np.nanmean(waits[:, counted], axis=0))]
    assert found_warm_up(scenario) == pytest.approx(np.mean([r.trace.submit[first] for r in results]) if first != counted[0] else 0.0)


def test_a_fitted_model_gives_other_jobs_of_the_same_kind_in_each_replication(tmp_path: Path) -> None:
    fit(trace_of(small(workload={"synthetic": {"jobs": 500, "gpus": 16, "load": 0.7}}))).to_json(tmp_path / "model.json")
    scenario = Scenario.from_yaml(
        "{cluster: 2x8xV100, workload: {fitted: {model: model.json, jobs: 300}}, objectives: {p95_wait: 10d}, replications: 3}",
        folder=tmp_path,
    )
    assert is_random(scenario)
    first, second = run_once(scenario, 0), run_once(scenario, 1)
    assert first["jobs"] == second["jobs"] == 300 and first.fingerprint != second.fingerprint
    assert run_once(scenario, 0).fingerprint == first.fingerprint
    assert mp.plan(scenario.with_fields({"search": {"groups": {"node": {"least": 1, "most": 8}}}})).met


def test_a_serving_load_is_answered_by_the_replicas_of_its_group() -> None:
    serving = {"rate": 20, "length": "5m", "mean": "100ms", "service": "exponential", "group": "a", "per_node": 2}
    groups = [{"name": name, "count": 2, "cpus": 8, "memory": "1GiB", "price_per_hour": 1.0} for name in "ab"]
    scenario = Scenario.from_dict({"cluster": {"groups": groups}, "serving": serving, "warm_up": "1m"})
    values = run_once(scenario).values
    assert values["replicas"] == pytest.approx(4.0) and 0.3 < (values["replica_utilization"] or 0) < 0.7
    assert values["cost_per_month"] == pytest.approx(2 * 730) and 0 < (values["p99_latency"] or 0) < 5
    both = scenario.with_fields({"workload": {"queueing": {"jobs": 500, "arrival_rate": 1.0}}})
    assert run_once(both).values["cost_per_month"] == pytest.approx(4 * 730)
    assert len(result_of(both).nodes) == 2


def test_what_cannot_be_run_says_where() -> None:
    with pytest.raises(SpecError) as caught:
        trace_of(small(workload={"synthetic": {"jobs": 5}, "transformations": [{"filter": "gpuz > 1"}]}))
    assert caught.value.where == "workload.transformations[0].filter" and "gpus" in str(caught.value)
    with pytest.raises(SpecError) as caught:
        run_once(small(policies={"checkpoint": "young-daly write 60s"}))
    assert caught.value.where == "policies"
