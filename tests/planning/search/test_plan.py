"""Plans of scenarios."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import mlplat as mp
from mlplat.cli import app
from mlplat.errors import MlplatError, OptionError, SpecError
from mlplat.planning.search.asked import asked
from mlplat.planning.search.playing import Playing, with_counts
from mlplat.planning.search.sensitivity import with_load
from tests.theory.formulas import mmc_wait

typer_testing = pytest.importorskip("typer.testing")

BASE: dict[str, Any] = {
    "name": "lab",
    "cluster": "4x8xV100",
    "workload": {"synthetic": {"jobs": 200, "gpus": 64, "load": 0.7, "longest": "4h"}},
    "objectives": {"mean_wait": "10m"},
    "search": {"groups": {"node": {"least": 2, "most": 24}}},
    "replications": 3,
}


def scenario(**changed: Any) -> mp.Scenario:
    return mp.Scenario.from_dict(BASE | changed)


@pytest.fixture(scope="module")
def found() -> mp.Plan:
    return mp.plan(scenario())


def test_the_smallest_count_is_found_and_all_others_are_accounted_for(found: mp.Plan) -> None:
    assert found.met and found.proven
    playing = Playing(found.scenario, ["node"])
    smaller = [playing.play((found.counts["node"] - 1,), r) for r in range(3)]
    assert found.verdict is not None and found.verdict.findings[0].high <= 600  # type: ignore[operator]
    assert not isinstance(smaller[0], str)
    searched = set(found.tried.filter(found.tried["why"] != "for the interval")["order"])
    assert len(searched) + found.left_out["choices"].sum() == 23
    assert found.interval is not None and found.interval.low <= found.counts["node"] <= found.interval.high


def test_the_answer_is_in_words(found: mp.Plan) -> None:
    first, *others = str(found).split("\n")
    count, interval = found.counts["node"], found.interval
    assert interval is not None
    assert first == f"{count} nodes of 8×V100-16 (95 % CI {interval.low:.0f}–{interval.high:.0f}) keep mean wait under 10 min."
    assert "over 3 replications: mean wait" in others[0]
    assert "kg of CO₂ a month (0.473 kg/kWh)" in others[1]
    assert repr(found).startswith(f"Plan({count} nodes of 8×V100-16")
    assert found.why(count).startswith("run (")
    assert found.why({"node": 24}) == f"not run: costs no less than {count}, which meets all"
    with pytest.raises(OptionError, match="node"):
        found.why({"other": 3})


def test_cost_is_that_of_the_nodes(found: mp.Plan) -> None:
    assert found.cost is not None
    assert found.cost.estimate == pytest.approx(found.space.cost((found.counts["node"],)))
    assert found.energy is not None and found.co2 is not None
    assert found.co2.estimate == pytest.approx(0.473 * found.energy.estimate)


def test_json_is_plain_and_html_is_escaped() -> None:
    odd = mp.plan(scenario(name="<b>lab</b>"))
    content = json.loads(json.dumps(odd.to_dict(), allow_nan=False))
    assert content["counts"] == odd.counts and content["met"]
    assert "<b>lab</b>" not in odd._repr_html_() and "&lt;b&gt;lab" in odd._repr_html_()


def test_processes_change_nothing(found: mp.Plan) -> None:
    assert mp.plan(scenario(), workers=2).to_dict() == found.to_dict()
    with pytest.raises(OptionError, match="workers=0"):
        mp.plan(scenario(), workers=0)


def test_the_c_of_erlang_is_found() -> None:
    rate, service, servers = 4.0, 1.0, 6
    bound = (mmc_wait(servers, rate, service) * mmc_wait(servers - 1, rate, service)) ** 0.5
    made = scenario(
        cluster="pool:3cpu",
        workload={"queueing": {"jobs": 8000, "arrival_rate": rate, "mean_service": service}},
        objectives={"mean_wait": f"{bound}s"},
        warm_up=200,
        search={"groups": {"pool": {"least": 1, "most": 40}}, "width": 0.001},
        replications=6,
    )
    plan = mp.plan(made)
    assert plan.counts == {"pool": servers}
    assert plan.interval is not None and (plan.interval.low, plan.interval.high) == (servers, servers)
    assert str(plan).startswith("6 cores (95 % CI 6–6) keep mean wait under")


def test_out_of_reach_ends_with_the_best_and_why() -> None:
    few = mp.plan(scenario(search={"groups": {"node": {"least": 1, "most": 2}}}))
    assert not few.met and few.proven and few.counts == {"node": 2}
    assert "No choice of 1–2 nodes keeps mean wait under 10 min." in str(few)
    assert "Why: the ranges under search.groups allow no more nodes." in str(few)
    assert repr(few).startswith("Plan(unreachable; best: 2 nodes")


def test_a_budget_that_does_not_reach_says_so() -> None:
    poor = mp.plan(scenario(objectives={"mean_wait": "10m", "budget_per_month": 40_000}))
    assert not poor.met and poor.counts == {"node": 2}
    assert "Why: more nodes cost more than the budget of $40,000 a month." in str(poor)


def test_a_limit_below_the_replications_of_one_choice_says_so() -> None:
    none = mp.plan(scenario(search=BASE["search"] | {"most_runs": 2}))
    assert not none.met and not none.proven and none.counts == {} and none.runs == 0
    assert "No choice was run: 2 runs, the limit, are fewer than the replications of one." in str(none)
    assert none.to_dict()["objectives"] == []


def test_objectives_that_exclude_each_other_are_named() -> None:
    both = mp.plan(scenario(objectives={"mean_wait": "1m", "gpu_utilization": ">= 0.95"}))
    assert not both.met
    assert "Why: mean wait takes more nodes, and GPU utilization takes fewer." in str(both)


def test_a_fixed_trace_has_no_interval(tmp_path: Path) -> None:
    rows = "".join(f"{60 * i},{600 + 7 * i},8\n" for i in range(40))
    (tmp_path / "jobs.csv").write_text("submit,duration,gpus\n" + rows)
    made = mp.Scenario.from_dict(BASE | {"workload": {"trace": "jobs.csv", "format": "csv"}}, folder=tmp_path)
    plan = mp.plan(made)
    assert plan.met and plan.interval is None and not plan.random
    assert plan.runs == len(plan.found.verdicts)
    assert "in the one run there is" in str(plan)


def test_a_mix_is_the_cheapest() -> None:
    cluster = {
        "groups": [
            {"name": "big", "cpus": 64, "memory": "512GiB", "gpus": 8, "gpu_model": "V100", "price_per_hour": 10},
            {"name": "small", "cpus": 16, "memory": "128GiB", "gpus": 2, "gpu_model": "T4", "price_per_hour": 3},
        ]
    }
    ranges = {"big": {"least": 1, "most": 8}, "small": {"least": 0, "most": 6}}
    made = scenario(cluster=cluster, search={"groups": ranges}, objectives={"mean_wait": "20m"}, policies={"queue": "easy"})
    plan = mp.plan(made)
    assert plan.met and set(plan.intervals) == {"big", "small"}
    assert "in big" in str(plan) and "in small" in str(plan)
    assert len(plan.found.verdicts) < 56 / 2


def test_sensitivity_plans_again_with_less_and_more(found: mp.Plan) -> None:
    hangs_on = found.sensitivity(load=0.3, prices=0.1)
    rows = {(row["factor"], row["times"]): row for row in hangs_on.frame.to_dicts()}
    assert set(rows) == {("load", 0.7), ("load", 1.3), ("prices", 0.9), ("prices", 1.1)}
    assert rows["load", 0.7]["more_nodes"] <= 0 <= rows["load", 1.3]["more_nodes"]
    assert rows["prices", 1.1]["more_nodes"] == 0
    assert rows["prices", 1.1]["more_cost"] == pytest.approx(0.1 * hangs_on.cost, abs=0.02)
    assert "× 1.3" in str(hangs_on) and "<table>" in hangs_on._repr_html_()
    with pytest.raises(OptionError, match=r"load=1\.5"):
        found.sensitivity(load=1.5)


def test_load_comes_after_the_other_transformations() -> None:
    made = scenario(workload=BASE["workload"] | {"transformations": [{"sample": 0.5}]})
    steps = with_load(made, 1.2).workload.transformations  # type: ignore[union-attr]
    assert [step.kind for step in steps] == ["sample", "scale_load"]


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"objectives": {}}, "objectives: is required"),
        ({"cluster": {"groups": [{"name": "node", "count": 2, "cpus": 8, "node_names": ["x", "y"]}]}}, "node_names: the nodes have names"),
        (
            {"cluster": "1x8xV100+1x4xT4+1x2xA10+2x8cpu", "search": {"groups": {n: {"most": 2} for n in ("v100-16", "t4", "a10", "cpu")}}},
            "search.groups: 4 groups; expected at most 3",
        ),
    ],
)
def test_what_cannot_be_searched_is_refused_with_its_place(changed: dict[str, Any], problem: str) -> None:
    with pytest.raises(SpecError, match=problem):
        mp.plan(scenario(**changed))


def test_a_scenario_that_fails_with_every_choice_is_at_fault() -> None:
    with pytest.raises(MlplatError):
        mp.plan(scenario(workload={"trace": "absent.csv"}))


def test_without_ranges_the_first_group_is_searched() -> None:
    wanted = asked(scenario(search={}), None)
    assert (wanted.space.names, wanted.space.least, wanted.space.most) == (("node",), (1,), (64,))


def test_the_count_of_a_pool_is_its_cores() -> None:
    assert with_counts(scenario(cluster="pool:3cpu", search={}), {"pool": 17}).cluster.groups[0].cpu_milli == 17_000
    assert with_counts(scenario(cluster="pool:3gpu", search={}), {"pool": 17}).cluster.groups[0].gpus == 17


def test_the_command_says_by_its_status_whether_the_objectives_are_met(tmp_path: Path) -> None:
    runner = typer_testing.CliRunner()
    file = tmp_path / "lab.yaml"
    scenario().to_yaml(file)
    done = runner.invoke(app, ["plan", str(file), "--json", "--seed", "3"])
    assert done.exit_code == 0
    content = json.loads(done.stdout)
    assert content["seed"] == 3 and content["met"]
    scenario(search={"groups": {"node": {"least": 1, "most": 1}}}).to_yaml(file)
    done = runner.invoke(app, ["plan", str(file), "--tried"])
    assert done.exit_code == 1
    assert "Best reachable: 1 node of 8×V100" in done.stdout
    assert "why it was run" in done.stdout
