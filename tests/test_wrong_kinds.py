"""What careless callers hand over: a clear error of the library's own, and nothing half-taken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import mlplat as mp
from mlplat.errors import InputError, MlplatError, OptionError
from mlplat.infra.placement import BestFit, Fgd
from mlplat.resources import ResourceRequest
from mlplat.workload import JobTrace

ONE: dict[str, Any] = {"submit": [0], "duration": [1], "request": [0], "requests": [ResourceRequest(cpus=1)]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"submit": ["a"]},
        {"submit": [[0], [1, 2]]},
        {"submit": np.array(["2020-01-01"], dtype="datetime64[s]")},
        {"submit": [1e300]},
        {"duration": [1e300]},
        {"duration": [1j]},
        {"request": None},
        {"request": [0.7]},
        {"request": [float("nan")]},
        {"request": np.array([2**32])},
        {"replicas": [1.9]},
        {"replicas": np.array([2**32 + 1])},
        {"replicas": [2**31]},
        {"requests": None},
        {"requests": ["x"]},
        {"requests": ResourceRequest(cpus=1)},
        {"groups": None},
        {"groups": [1, 2]},
        {"groups": "ab"},
        {"job_id": ["a", "b"]},
        {"job_id": [["a"]]},
        {"job_id": np.array([None])},
        {"split": "foo"},
        {"colour": "red"},
    ],
)
def test_a_trace_is_not_built_from_what_is_no_column(wrong: dict[str, Any]) -> None:
    with pytest.raises(MlplatError):
        JobTrace.build(**ONE | wrong)


def test_a_plain_list_of_ids_will_do() -> None:
    trace = JobTrace.build(**ONE | {"job_id": ["train-7"]})
    result = mp.replay(mp.ClusterSpec.parse("1x4cpu"), trace)
    assert result.jobs["job_id"].to_list() == ["train-7"]
    assert result.explain("train-7").job == 0


def test_the_arrays_of_a_trace_cannot_be_changed_under_a_result() -> None:
    given = np.zeros(1)
    trace = JobTrace.build(**ONE | {"submit": given})
    with pytest.raises(ValueError, match="read-only"):
        trace.submit[0] = 5
    given[0] = 5
    assert trace.submit[0] == 0


@pytest.mark.parametrize(
    "amounts", [{"cpus": None}, {"gpus": 10**400}, {"gpus": np.array([1, 2])}, {"models": 5}, {"cpus": "4"}, {"mig": 3}]
)
def test_a_request_takes_numbers_and_names(amounts: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        ResourceRequest(**amounts)


@pytest.mark.parametrize(
    "make", [lambda: BestFit(dimensions="cpu"), lambda: BestFit(dimensions=None), lambda: Fgd(cover="a"), lambda: Fgd(typical="a")]
)  # type: ignore[arg-type]
def test_a_placement_policy_takes_only_parameters_it_can_use(make: Any) -> None:
    with pytest.raises(OptionError):
        make()


@pytest.mark.parametrize("function", [5, max, dict, "abc"])
def test_a_compiled_placement_takes_a_plain_function(function: Any) -> None:
    with pytest.raises(OptionError, match="plain Python function"):
        mp.CompiledPlacement(function)


def test_replay_says_what_it_takes() -> None:
    spec, trace = mp.ClusterSpec.parse("1x4cpu"), JobTrace.build(**ONE)
    with pytest.raises(OptionError, match="expected a ClusterSpec"):
        mp.replay("1x4cpu", trace)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="expected a JobTrace"):
        mp.replay(spec, "jobs.csv")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="not a duration"):
        mp.replay(spec, trace, until=10**400)
    with pytest.raises(OptionError, match="ranks"):
        mp.replay(spec, trace, ties=[[0], [1, 2]])  # type: ignore[list-item]


def test_jobs_that_can_never_run_take_no_memory() -> None:
    trace = JobTrace.build(
        submit=[0] * 50, duration=[1] * 50, request=[0] * 50, replicas=[2**31 - 1] * 50, requests=[ResourceRequest(cpus=1)]
    )
    result = mp.replay(mp.ClusterSpec.parse("20x8cpu"), trace, queue="easy")
    assert result.summary()["rejected"] == 50


def test_nodes_as_wide_as_the_widest_are_bounded() -> None:
    groups = [
        {"name": "a", "count": 1, "gpus": 1_000_000, "gpu_model": "T4"},
        {"name": "b", "count": 1_000_000, "gpus": 1, "gpu_model": "T4"},
    ]
    spec = mp.ClusterSpec.model_validate({"groups": groups})
    with pytest.raises(OptionError, match="nodes times devices"):
        mp.replay(spec, JobTrace.build(**ONE))


def test_a_policy_that_refuses_every_node_is_named_as_the_reason() -> None:
    class Never(mp.PlacementPolicy):
        def score(self, node: Any, request: Any) -> float:
            return -np.inf

    result = mp.replay(mp.ClusterSpec.parse("1x4cpu"), JobTrace.build(**ONE), placement=Never())
    assert result.jobs.select("state", "reason").row(0) == ("rejected", "POLICY")


def test_the_fingerprint_covers_what_can_be_seen() -> None:
    spec = mp.ClusterSpec.parse("2x1xT4")
    build = {"submit": [0], "duration": [50], "request": [0]}
    less, more = (JobTrace.build(**build, requests=[ResourceRequest(gpu_milli=milli)]) for milli in (600, 700))
    prints = [
        mp.replay(spec, less).fingerprint,
        mp.replay(spec, more).fingerprint,
        mp.replay(spec, less, until=10).fingerprint,
        mp.replay(spec, less, until=20).fingerprint,
        mp.replay(spec, less, ties=[1, 0]).fingerprint,
    ]
    assert len(set(prints)) == len(prints)
    assert mp.replay(spec, less).fingerprint == prints[0]


def test_input_errors_show_the_value_that_would_be_changed() -> None:
    with pytest.raises(InputError, match="4294967297"):
        JobTrace.build(**ONE | {"replicas": np.array([2**32 + 1])})
