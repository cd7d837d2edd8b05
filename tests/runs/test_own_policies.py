"""Placement policies of a user's own, in Python and compiled: equal to the built-in ones they imitate, and honest about their failures."""

from __future__ import annotations

import math
from typing import Any

import numba
import pytest
from polars.testing import assert_frame_equal

import mlplat as mp
from mlplat.errors import OptionError
from mlplat.hardware import ClusterSpec
from mlplat.infra.placement import CompiledPlacement, PlacementPolicy
from mlplat.resources import ResourceRequest
from mlplat.runs.replay import replay
from mlplat.workload import JobTrace

from .cases import cores, mixed

CLOCKS = pytest.mark.parametrize("clock", ["replay", "simpy"])


def devices_only(jobs: int = 500) -> tuple[ClusterSpec, JobTrace]:
    """Whole devices and shares, gangs among them, and no other dimension, on equal nodes: what is left of a node is its devices."""
    spec = ClusterSpec.uniform(nodes=7, gpus=4, gpu_model="T4")
    requests = [ResourceRequest(gpus=k) for k in (1, 2, 4)] + [ResourceRequest(gpu_milli=milli) for milli in (250, 600)]
    trace = JobTrace.build(
        submit=[i // 2 for i in range(jobs)],
        duration=[3 + i * 7 % 23 for i in range(jobs)],
        request=[i * 11 % 5 for i in range(jobs)],
        replicas=[1 + (i % 9 == 0) for i in range(jobs)],
        requests=requests,
    )
    return spec, trace


class EmptiestFirst(PlacementPolicy):
    """Worst fit, where only devices are asked for."""

    name = "emptiest-first"

    def score(self, node: Any, request: Any) -> float:
        return float(node.free_gpu_milli)


class TightestFirst(PlacementPolicy):
    """Best fit, where only devices are asked for."""

    def score(self, node: Any, request: Any) -> float:
        return -float(node.free_gpu_milli)


def emptiest(node: Any, request: Any) -> float:
    return node.free_gpu_milli  # type: ignore[no-any-return]


def tightest(node: Any, request: Any) -> float:
    return -node.free_gpu_milli  # type: ignore[no-any-return]


def only_whole(trace: JobTrace) -> JobTrace:
    return trace.take(trace.per_request("gpus")[trace.request] > 0)


@pytest.mark.parametrize("queue", ["fifo", "easy", "sjf", "best-effort-fifo", "loss"])
@pytest.mark.parametrize(
    ("own", "built_in", "shares"),
    [
        (
            EmptiestFirst(),
            "worst-fit",
            False,
        ),  # a share goes to the tightest device under a policy of one's own, to the emptiest under worst fit
        (CompiledPlacement(emptiest), "worst-fit", False),
        (TightestFirst(), "best-fit", True),
        (CompiledPlacement(tightest, title="mine"), "best-fit", True),
    ],
    ids=["python emptiest", "compiled emptiest", "python tightest", "compiled tightest"],
)
def test_an_own_policy_equals_the_one_it_imitates(queue: str, own: PlacementPolicy, built_in: str, shares: bool) -> None:
    spec, trace = devices_only(300)
    trace = trace if shares else only_whole(trace)
    mine, theirs = (replay(spec, trace, queue=queue, placement=placement) for placement in (own, built_in))
    assert_frame_equal(mine.attempts, theirs.attempts)
    assert mine.fingerprint == theirs.fingerprint
    assert mine.summary()["placement"] == own.label() != built_in
    assert (mine.jobs["wait_s"].max() or 0) > 0 or queue == "loss"


@CLOCKS
def test_the_views_show_the_node_before_the_placement_and_the_request(clock: Any) -> None:
    seen = []

    class Watch(PlacementPolicy):
        def score(self, node: Any, request: Any) -> float:
            seen.append((node, request))
            return 0.0

    spec = ClusterSpec.uniform(nodes=1, cpus=8, memory_gib=4, disk_gib=2, gpus=2, gpu_model="T4")
    requests = [ResourceRequest(cpus=1, memory_gib=1, disk_gib=1, gpus=1), ResourceRequest(cpus=2, gpu_milli=300)]
    replay(spec, JobTrace.build(submit=[0, 1], duration=[9, 9], request=[0, 1], requests=requests), placement=Watch(), clock=clock)
    node, request = seen[-1]
    assert node._asdict() == {
        "row": 0, "free_cpu_milli": 7000, "free_memory_mib": 3072, "free_disk_mib": 1024, "free_gpu_milli": 1000, "free_devices": 1,
        "cpu_milli": 8000, "memory_mib": 4096, "disk_mib": 2048, "devices": 2,
    }  # fmt: skip
    assert request._asdict() == {"cpu_milli": 2000, "memory_mib": 0, "disk_mib": 0, "gpus": 0, "gpu_milli": 300, "mig": -1}


@CLOCKS
@pytest.mark.parametrize("compiled", [False, True])
def test_minus_infinity_refuses_a_node(compiled: bool, clock: Any) -> None:
    def not_the_first_two(node: Any, request: Any) -> float:
        return -math.inf if node.row < 2 else 1.0

    class Picky(PlacementPolicy):
        def score(self, node: Any, request: Any) -> float:
            return not_the_first_two(node, request)

    spec, trace = devices_only(100)
    result = replay(spec, trace, placement=CompiledPlacement(not_the_first_two) if compiled else Picky(), clock=clock)
    assert set(result.attempts["node"]) == {2, 3, 4, 5, 6}
    assert result.summary()["completed"] == 100


def test_a_job_that_is_refused_everywhere_is_rejected_and_delays_nobody() -> None:
    class NoWideJobs(PlacementPolicy):
        def score(self, node: Any, request: Any) -> float:
            return -math.inf if request.cpu_milli > 2000 else 0.0

    result = replay(ClusterSpec.parse("2x4cpu"), cores([(0, 5, 3), (0, 5, 2)]), placement=NoWideJobs())
    assert result.jobs["state"].to_list() == ["rejected", "completed"]
    assert result.jobs["start_s"].to_list() == [None, 0]


@CLOCKS
@pytest.mark.parametrize("error", [ZeroDivisionError("division"), KeyError("gpu"), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("after", [0, 40])
def test_what_a_score_raises_comes_out_of_the_run(error: BaseException, after: int, clock: Any) -> None:
    class Failing(PlacementPolicy):
        calls = 0

        def score(self, node: Any, request: Any) -> float:
            self.calls += 1
            if self.calls > after:
                raise error
            return 0.0

    policy = Failing()
    with pytest.raises(type(error)) as caught:
        replay(*devices_only(), placement=policy, clock=clock)
    assert caught.value is error
    assert policy.calls == after + 1  # nothing is asked of it after that


@CLOCKS
def test_a_score_that_is_no_number_is_an_option_error_that_says_what_it_is(clock: Any) -> None:
    class Nothing(PlacementPolicy):
        def score(self, node: Any, request: Any) -> Any:
            return None

    with pytest.raises(OptionError, match="score is a NoneType for node"):
        replay(*devices_only(10), placement=Nothing(), clock=clock)


@CLOCKS
@pytest.mark.parametrize("compiled", [False, True])
def test_nan_is_an_option_error_that_names_the_policy(compiled: bool, clock: Any) -> None:
    def undefined(node: Any, request: Any) -> float:
        return math.nan if node.free_gpu_milli < 4000 else 1.0

    class Undefined(PlacementPolicy):
        name = "undefined"

        def score(self, node: Any, request: Any) -> float:
            return undefined(node, request)

    policy = CompiledPlacement(undefined) if compiled else Undefined()
    with pytest.raises(OptionError, match="placement='undefined': the score is not a number"):
        replay(*devices_only(), placement=policy, clock=clock)


@CLOCKS
def test_what_a_compiled_score_raises_ends_the_run(clock: Any) -> None:
    def fails_on_busy_nodes(node: Any, request: Any) -> float:
        if node.free_devices < 4:
            raise ValueError("busy")
        return 1.0

    with pytest.raises((OptionError, ValueError)):
        replay(*devices_only(40), placement=CompiledPlacement(fails_on_busy_nodes), clock=clock)


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")
def test_what_numba_cannot_compile_is_an_option_error() -> None:
    def reads_a_file(node: Any, request: Any) -> float:
        return float(open("score.txt").read())  # noqa: PTH123

    with pytest.raises(OptionError, match=r"reads_a_file.*numba cannot compile it"):
        replay(*devices_only(10), placement=CompiledPlacement(reads_a_file))


@pytest.mark.parametrize("own", [EmptiestFirst(), CompiledPlacement(emptiest)], ids=["python", "compiled"])
def test_own_policies_run_on_both_clocks_and_explain(own: PlacementPolicy) -> None:
    spec, trace = mixed(200)
    compiled, live = (replay(spec, trace, queue="easy", placement=own, clock=clock) for clock in ("replay", "simpy"))  # type: ignore[arg-type]
    assert compiled.fingerprint == live.fingerprint
    assert own.label() in compiled.explain(0).text


@pytest.mark.parametrize(
    ("placement", "message"),
    [
        (EmptiestFirst, r"expected an instance, EmptiestFirst\(\)"),
        (PlacementPolicy(), "has no method score"),
        (type("Scoreless", (PlacementPolicy,), {})(), "Scoreless has no method score"),
    ],
    ids=["class", "base", "scoreless"],
)
def test_what_is_no_policy_is_an_option_error(placement: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        replay(*devices_only(10), placement=placement)


def test_the_base_classes_are_public() -> None:
    assert mp.PlacementPolicy is PlacementPolicy and mp.CompiledPlacement is CompiledPlacement
