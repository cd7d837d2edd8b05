"""Runs that were made already, compared."""

from __future__ import annotations

import pytest

import mlplat as mp
from mlplat.errors import OptionError
from mlplat.planning.comparison.of_runs import compare_runs

SPEC = mp.ClusterSpec.parse("2x8xV100")


def run(queue: str, seed: int, **more: object) -> mp.Result:
    trace = mp.traces.synthetic(200, gpus=16, load=1.3, seed=seed)
    return mp.replay(SPEC, trace, queue=queue, seed=seed, **more)  # type: ignore[arg-type]


def test_one_run_of_each_is_exact_for_its_jobs() -> None:
    found = compare_runs([run("fifo", 1), run("sjf", 1)])
    assert found.comparison is not None and found.comparison.basis == "exact"
    a, b = (run(queue, 1).measures["figures"]["mean_wait"] for queue in ("fifo", "sjf"))
    assert found.comparison.row("sjf/best-fit", "mean_wait")["difference"] == b - a
    assert found.comparison.verdict("sjf/best-fit", "mean_wait") == "better"


def test_the_same_jobs_and_seed_make_pairs_with_intervals() -> None:
    runs = [run(queue, seed) for seed in (1, 2, 3) for queue in ("fifo", "sjf")]
    found = compare_runs(runs)
    assert found.configurations == ("fifo/best-fit", "sjf/best-fit") and found.of == (0, 1) * 3
    assert found.labels[0] == "fifo/best-fit, seed 1"
    assert found.comparison is not None and found.comparison.replications == 3
    row = found.comparison.row("sjf/best-fit", "mean_wait")
    assert row["low"] < row["difference"] < row["high"] and row["p_adjusted"] >= row["p_value"]


def test_as_compare_would_say_of_the_same_runs() -> None:
    runs = [run(queue, seed) for seed in (1, 2, 3) for queue in ("fifo", "sjf")]
    mine = compare_runs(runs, correction="none").comparison
    assert mine is not None
    apart = [b.measures["figures"]["p95_wait"] - a.measures["figures"]["p95_wait"] for a, b in zip(runs[::2], runs[1::2], strict=True)]
    assert mine.row("sjf/best-fit", "p95_wait")["difference"] == pytest.approx(sum(apart) / 3)


def test_a_single_draw_gives_no_verdict() -> None:
    found = compare_runs([run(queue, 1, ties="random") for queue in ("fifo", "sjf")])
    assert found.comparison is not None and "one draw" in found.said
    assert {row["verdict"] for row in found.comparison.rows} <= {"not shown", "equal"}


def test_a_run_twice_counts_once() -> None:
    found = compare_runs([run("fifo", 1), run("fifo", 1), run("sjf", 1)])
    assert found.comparison is not None and found.comparison.replications == 1
    assert len(set(found.labels)) == 3


def test_other_jobs_are_no_pair() -> None:
    found = compare_runs([run("fifo", 1), run("sjf", 2)])
    assert found.comparison is None and "same jobs" in found.said


def test_runs_of_one_configuration_are_not_compared() -> None:
    assert compare_runs([run("fifo", 1), run("fifo", 2)]).comparison is None
    with pytest.raises(OptionError, match="at least two"):
        compare_runs([run("fifo", 1)])
