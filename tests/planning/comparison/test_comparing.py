"""Policies compared: the same jobs for all, intervals that are what they say, and no verdict without significance."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlplat as mp
from mlplat.errors import OptionError, SpecError, UnknownNameError
from mlplat.planning.comparison import COLUMNS, Comparison, compare
from mlplat.planning.comparison.basis import difference
from mlplat.planning.comparison.comparison_result import verdict
from mlplat.planning.comparison.policies import read_policies
from mlplat.planning.scenario import MEASURES, run_once
from mlplat.planning.statistics import holm, paired

SPEC = mp.ClusterSpec.parse("4x8xV100")
BUSY = "{name: busy, cluster: 4x8xV100, workload: {synthetic: {jobs: 150, gpus: 32, load: 1.5}}, replications: 6}"
FLOATS = st.floats(-100, 100)


def trace(jobs: int = 150, seed: int = 1) -> mp.JobTrace:
    return mp.traces.synthetic(jobs, gpus=32, load=1.5, seed=seed)


def days(count: int, seed: int = 1) -> mp.JobTrace:
    """Jobs that wait for each other within the day, and no longer."""
    random = np.random.default_rng(seed)
    submit = np.concatenate([86400.0 * day + random.uniform(0, 3600, 20) for day in range(count)])
    return mp.JobTrace.build(
        submit=submit,
        duration=random.uniform(600, 6000, len(submit)),
        request=random.integers(0, 2, len(submit)),
        requests=[mp.ResourceRequest(gpus=8), mp.ResourceRequest(gpus=2)],
    )


def test_a_trace_without_randomness_is_compared_exactly_and_once() -> None:
    found = compare(SPEC, trace(), policies="fifo/best-fit,easy/fgd", replications=50)
    assert (found.basis, found.replications, found.figures.height) == ("exact", 1, 2)
    for policy, queue, placement in (("fifo/best-fit", "fifo", "best-fit"), ("easy/fgd", "easy", "fgd")):
        alone = mp.replay(SPEC, trace(), queue=queue, placement=placement)
        row = found.figures.filter(pl.col("policy") == policy).row(0, named=True)
        assert row["fingerprint"] == alone.fingerprint
        assert row["mean_wait"] == pytest.approx(alone.summary()["wait_mean_s"])
    row = dict(found.row("easy/fgd", "mean_wait"))
    assert row["difference"] == row["low"] == row["high"] == pytest.approx(row["value"] - row["baseline"])
    assert row["p_value"] is None and row["verdict"] == "better"
    assert "say nothing of others" in found.said


class Shortest(mp.QueuePolicy):
    """sjf, as a user would write it."""

    def key(self, job: Any) -> float:
        return job.estimate_s  # type: ignore[no-any-return]


def test_policies_of_ones_own_are_compared_by_the_names_they_are_given() -> None:
    found = compare(SPEC, trace(), policies="sjf/best-fit,mine/best-fit", own={"mine": Shortest()}, measures=["mean_wait"])
    prints = found.figures["fingerprint"].to_list()
    assert prints[0] == prints[1] and found.figures["policy"].to_list() == ["sjf/best-fit", "mine/best-fit"]
    assert found.verdict("mine/best-fit", "mean_wait") == "equal"


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"fifo": Shortest()}, "'fifo'; expected a name without commas and slashes that no policy has yet"),
        ({"a/b": Shortest()}, "'a/b'; expected a name"),
        ({"mine": "sjf"}, "expected a mapping from names to policies"),
        ([Shortest()], "expected a mapping from names to policies"),
    ],
)
def test_own_policies_without_a_name_of_their_own_are_an_option_error(own: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        compare(SPEC, trace(), policies="sjf,mine", own=own)


def test_an_own_policy_stands_where_its_kind_does_and_goes_with_a_trace() -> None:
    with pytest.raises(UnknownNameError, match="unknown placement policy 'mine'"):
        compare(SPEC, trace(), policies="sjf,fifo/mine", own={"mine": Shortest()})
    with pytest.raises(OptionError, match="a scenario knows its policies by name"):
        compare(mp.Scenario.from_yaml(BUSY), policies="sjf,mine", own={"mine": Shortest()})


def test_policies_that_do_the_same_are_equal() -> None:
    wide = mp.JobTrace.build(submit=[0, 1, 2], duration=[9, 9, 9], request=[0] * 3, requests=[mp.ResourceRequest(gpus=8)])
    found = compare(SPEC, wide, policies=["fifo/best-fit", "fifo/first-fit"])
    assert {row["verdict"] for row in found.rows} == {"equal"}


def test_replications_are_paired_and_all_policies_get_the_same_jobs() -> None:
    scenario = mp.Scenario.from_yaml(BUSY)
    found = compare(scenario, policies=["fifo/best-fit", "easy/best-fit"], measures=["mean_wait", "gpu_utilization"])
    assert (found.basis, found.replications) == ("replications", 6)
    runs = {policy: [run_once(scenario.with_fields({"policies.queue": policy}), at) for at in range(6)] for policy in ("fifo", "easy")}
    for name in ("mean_wait", "gpu_utilization"):
        expected = paired([run[name] for run in runs["easy"]], [run[name] for run in runs["fifo"]])  # type: ignore[misc]
        row = found.row("easy/best-fit", name)
        got = [row[key] for key in ("difference", "low", "high", "p_value")]
        assert got == pytest.approx([expected.estimate, expected.low, expected.high, expected.p_value], rel=1e-6, abs=1e-12)
    assert found.to_dict()["fingerprints"]["easy/best-fit"] == [run.fingerprint for run in runs["easy"]]


def test_p_values_are_corrected_over_all_policies_and_measures() -> None:
    scenario = mp.Scenario.from_yaml(BUSY)
    options: dict[str, Any] = {"policies": "fifo,easy,sjf", "measures": ["mean_wait", "p95_wait", "mean_slowdown"]}
    found, alone = compare(scenario, **options), compare(scenario, correction="none", **options)
    raw = found.frame["p_value"].to_list()
    assert len(raw) == 6 and found.frame["p_adjusted"].to_list() == pytest.approx(holm(raw))
    assert alone.frame["p_adjusted"].to_list() == raw
    for row in found.rows:
        assert (row["verdict"] in ("better", "worse")) == (row["p_adjusted"] <= 0.05)


def test_no_policy_is_found_better_where_there_is_no_difference() -> None:
    """Two names of one policy, on independent jobs: chance alone decides, and Holm keeps it at 5 %."""
    random, alarms = np.random.default_rng(0), 0
    for _ in range(400):
        p = [paired(random.normal(size=10), random.normal(size=10)).p_value for _ in range(6)]
        alarms += min(holm(p)) <= 0.05
    assert alarms <= 34  # 20 are expected; more than 34 in one of a thousand


def test_resampled_days_show_a_large_difference_and_no_small_one() -> None:
    found = compare(SPEC, days(8), policies="fifo/best-fit,sjf/best-fit", resample="1d", measures=["mean_wait"], replications=100)
    row = found.row("sjf/best-fit", "mean_wait")
    assert found.basis == "resampled" and row["verdict"] == "better" and row["high"] < 0
    apart = np.array([row["mean_wait"] for row in found.runs]).reshape(100, 2)
    assert row["low"] == pytest.approx(np.quantile(apart[:, 1] - apart[:, 0], 0.025))
    assert row["p_value"] == pytest.approx(2 / 101)
    few = compare(SPEC, days(8), policies="fifo/best-fit,sjf/best-fit", resample="1d", measures=["mean_wait"], replications=10)
    assert few.row("sjf/best-fit", "mean_wait")["verdict"] == "not shown"
    assert "give more replications" in few.said


def test_an_interval_over_resampled_traces_does_not_shrink_with_their_number() -> None:
    random = np.random.default_rng(0)
    few, many = (difference("resampled", random.normal(1, 1, n), np.zeros(n), 0.95).interval for n in (400, 40_000))
    assert many.half_width == pytest.approx(1.96, rel=0.05) and few.half_width == pytest.approx(many.half_width, rel=0.2)


@given(st.lists(st.tuples(FLOATS, FLOATS), min_size=2, max_size=30), st.sampled_from(["replications", "resampled"]))
def test_a_difference_turns_round_with_the_policies(rows: list[tuple[float, float]], basis: Any) -> None:
    own, base = np.array([a for a, _ in rows]), np.array([b for _, b in rows])
    there, back = difference(basis, own, base, 0.9), difference(basis, base, own, 0.9)
    assert there.interval.low == pytest.approx(-back.interval.high, abs=1e-9)
    assert there.p_value == pytest.approx(back.p_value, abs=1e-6) and 0 <= (there.p_value or 0) <= 1
    assert there.interval.low <= there.interval.estimate <= there.interval.high


@pytest.mark.parametrize(
    ("apart", "better", "adjusted", "expected"),
    [(-1.0, "less", 0.01, "better"), (1.0, "less", 0.01, "worse"), (1.0, "more", 0.05, "better"), (-1.0, "more", 0.06, "not shown")],
)
def test_a_verdict_needs_significance_and_knows_the_direction(apart: float, better: str, adjusted: float, expected: str) -> None:
    row = {"difference": apart, "low": apart - 1, "high": apart + 1, "better": better, "p_adjusted": adjusted}
    assert verdict("replications", row, 0.05) == expected


def test_failures_that_are_drawn_make_replications_of_a_trace() -> None:
    spec = mp.ClusterSpec.from_yaml(
        "groups: [{name: n, count: 4, cpus: 64, memory: 256GiB, gpus: 8, gpu_model: V100}]\nreliability: {node: {mtbf: 2d, mttr: 1h}}"
    )
    found = compare(spec, trace(), policies="fifo/best-fit,easy/best-fit", failures=spec.reliability, max_restarts=2, replications=3)
    assert found.basis == "replications" and found.replications == 3
    goodput = [run["goodput"] for run in found.runs]
    assert len(set(goodput)) > 2


def test_the_same_jobs_count_where_the_warm_up_is_to_be_found() -> None:
    scenario = mp.Scenario.from_yaml(BUSY.replace("replications: 6", "warm_up: mser-5, replications: 3"))
    found = compare(scenario, policies="fifo,easy,sjf")
    for replication in range(3):
        jobs = found.figures.filter(pl.col("replication") == replication)["jobs"].to_list()
        assert len(jobs) == 3 and len(set(jobs)) == 1


def test_options_of_the_queue_stay_with_their_queue() -> None:
    scenario = mp.Scenario.from_yaml(BUSY[:-1] + ", policies: {queue: las, queue_options: {threshold: 2h}, placement: fgd}}")
    found = compare(scenario, policies="las,fifo", replications=2)
    assert [str(policy) for policy in found.policies] == ["las/fgd", "fifo/fgd"]
    with_options = run_once(scenario, 0).fingerprint
    assert found.to_dict()["fingerprints"]["las/fgd"][0] == with_options


def test_objectives_of_a_scenario_are_what_is_compared() -> None:
    scenario = mp.Scenario.from_yaml(BUSY[:-1] + ", objectives: {p95_wait: 10m, budget_per_month: 400000}}")
    found = compare(scenario, policies="fifo,easy", replications=2)
    assert [row["measure"] for row in found.rows] == ["p95_wait", "cost_per_month"]


def test_what_some_replication_cannot_measure_gets_no_verdict() -> None:
    spec = mp.ClusterSpec.parse("pool:4cpu")
    found = compare(spec, mp.traces.queueing(50, 3.0), policies="fifo,sjf", measures=["gpu_utilization", "mean_wait"])
    assert found.verdict("sjf/best-fit", "gpu_utilization") == "not measured"
    assert found.row("sjf/best-fit", "gpu_utilization")["difference"] is None
    assert found.verdict("sjf/best-fit", "mean_wait") == "better"


def test_equal_input_gives_equal_comparisons_and_another_seed_others() -> None:
    scenario = mp.Scenario.from_yaml(BUSY)
    first, again, other = (compare(scenario, policies="fifo,easy", replications=3, seed=seed) for seed in (0, 0, 1))
    assert first.to_dict() == again.to_dict() and first.to_dict() != other.to_dict()


def test_a_comparison_can_be_read_shown_and_kept() -> None:
    told: list[tuple[int, int]] = []
    scenario = mp.Scenario.from_yaml(BUSY.replace("busy", "'<b>busy'"))
    found = compare(scenario, policies="fifo,easy", replications=3, progress=lambda done, total: told.append((done, total)))
    assert told == [(k, 6) for k in range(1, 7)]
    assert found.frame.columns == [column.name for column in COLUMNS]
    assert found.frame.schema == {column.name: getattr(pl, column.dtype) for column in COLUMNS}
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["baseline"] == "fifo/best-fit"
    assert "<b>busy" not in found._repr_html_() and "&lt;b&gt;busy" in found._repr_html_()
    assert "against fifo/best-fit" in str(found) and "Holm" in str(found)
    assert repr(found).startswith("Comparison(2 policies against fifo/best-fit")
    with pytest.raises(UnknownNameError, match="unknown policy 'sjf'"):
        found.verdict("sjf", "mean_wait")
    with pytest.raises(UnknownNameError, match="unknown measure 'speed'"):
        found.verdict("easy/best-fit", "speed")
    assert isinstance(found, Comparison) and mp.compare is compare


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("fifo", OptionError, "1 given; expected at least two"),
        ("fifo,fifo/best-fit", OptionError, "fifo/best-fit is there twice"),
        ("fifo,easy/", OptionError, "'easy/'; expected QUEUE/PLACEMENT"),
        ("fifo,,easy", OptionError, "''; expected QUEUE/PLACEMENT"),
        ("fifo,eazy", UnknownNameError, "unknown queue policy 'eazy'; did you mean 'easy'"),
        ("fifo,easy/fdg", UnknownNameError, "unknown placement policy 'fdg'; did you mean 'fgd'"),
        ([1, 2], OptionError, "found 1; expected texts"),
    ],
)
def test_policies_that_are_none_are_refused(text: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        read_policies(text)


@pytest.mark.parametrize(
    ("arguments", "options", "says"),
    [
        ((SPEC,), {}, "trace is a NoneType; expected a JobTrace"),
        ((SPEC, trace(5)), {"measures": ["wait"]}, "unknown figure 'wait'"),
        ((SPEC, trace(5)), {"measures": ["p99_latency"]}, "these runs do not have it"),
        ((SPEC, trace(5)), {"measures": []}, "measures: none given"),
        ((SPEC, trace(5)), {"correction": "bonferroni"}, "unknown correction 'bonferroni'"),
        ((SPEC, trace(5)), {"confidence": 2}, "confidence=2"),
        ((SPEC, trace(5)), {"queue": "easy"}, "unknown option of compare 'queue'"),
        ((SPEC, trace(5)), {"resample": "1d"}, "0 whole blocks|expected at least 2"),
        ((SPEC, trace(5)), {"resample": 0}, "resample=0: expected a time above 0"),
        ((SPEC, trace(5)), {"ties": "random", "replications": 1}, "replications=1: expected at least 2"),
        ((mp.Scenario.from_yaml(BUSY), trace(5)), {}, "a trace goes with a cluster"),
        ((mp.Scenario.from_yaml(BUSY),), {"resample": "1d"}, "resample goes with a cluster"),
        ((mp.Scenario.from_yaml(BUSY),), {"ties": "random"}, "ties goes with a cluster"),
        ((3,), {}, "scenario is a int; expected a Scenario"),
    ],
)
def test_a_comparison_that_cannot_be_meant_is_refused(arguments: tuple[Any, ...], options: dict[str, Any], says: str) -> None:
    with pytest.raises((OptionError, UnknownNameError), match=says):
        compare(*arguments, policies="fifo,easy", **options)


def test_a_policy_that_does_not_go_with_the_scenario_is_a_fault_of_the_scenario() -> None:
    zoned = BUSY[:-1] + ", zones: {quotas: [{name: user-1, guarantee: {gpus: 4}}]}}"
    with pytest.raises(SpecError, match="policies"):
        compare(mp.Scenario.from_yaml(zoned), policies="fifo,las", replications=2)


def test_every_measure_of_the_usual_ones_is_known() -> None:
    from mlplat.planning.comparison.comparing import USUAL_MEASURES, WITHOUT_DEVICES

    assert set(USUAL_MEASURES) | set(WITHOUT_DEVICES) <= set(MEASURES)
