"""What the campaign draws: every option of every queue policy, nodes that come and go, and every verb of a live cluster."""

from __future__ import annotations

import pytest

from benchmarks import fault_cases, fault_live
from benchmarks.fault_clusters import draw_scaling, has_spot_machines, is_scaled, simpler_scaling, with_fewer_nodes
from benchmarks.fault_draws import INF, Draw
from mlplat.hardware import ClusterSpec
from mlplat.infra.queueing import QUEUES
from mlplat.streams import stream

CASES = [fault_cases.make_case(6, index) for index in range(600)]
LIVE_CASES = [fault_live.make_case(6, index) for index in range(400)]
SCALED = [case for case in CASES if case.scan]


@pytest.mark.parametrize("cases", [CASES, LIVE_CASES])
@pytest.mark.parametrize("queue", [name for name, policy in QUEUES.items() if policy.options])
def test_every_option_of_every_queue_policy_is_drawn(cases: list[fault_cases.FaultCase], queue: str) -> None:
    for option in QUEUES[queue].options:
        drawn = {str(case.queue_options[option]) for case in cases if case.queue == queue and option in case.queue_options}
        assert len(drawn) > 1, (queue, option)


def test_a_share_of_the_clusters_has_nodes_that_come_and_go() -> None:
    assert 0.1 < len(SCALED) / len(CASES) < 0.4
    assert 0.1 < sum(case.scan > 0 for case in LIVE_CASES) / len(LIVE_CASES) < 0.4
    assert any(is_scaled(case.groups) and not case.scan for case in CASES), "all nodes of scaled groups are there without an autoscaler"
    scalings = [group["scaling"] for case in SCALED for group in case.groups if "scaling" in group]
    for key in ("min", "max", "initial", "boot", "idle"):
        assert len({scaling[key] for scaling in scalings}) > 1, key
    spots = [scaling["spot"] for scaling in scalings if "spot" in scaling]
    for key in ("mean_life", "notice", "discount"):
        assert len({spot[key] for spot in spots}) > 1, key
    assert any(is_scaled(case.groups) and not all("scaling" in group for group in case.groups) for case in SCALED)


def test_a_run_whose_machines_are_taken_back_has_an_end() -> None:
    for case in SCALED:
        if has_spot_machines(case.groups):
            assert case.until < INF
            assert all(smaller.until < INF for smaller in fault_cases.smaller(case) if smaller.scan and has_spot_machines(smaller.groups))


def test_every_verb_is_called_on_live_clusters() -> None:
    calls = {call.verb for case in LIVE_CASES for call in case.calls}
    assert calls >= {*fault_live.OF_NO_NODE} - {"submit"}


def test_groups_with_less_scaling_or_fewer_nodes_are_valid() -> None:
    draw = Draw(stream(0, "scaling"))
    groups = [{"name": "a", "count": 3, "cpu_milli": 1000}, {"name": "b", "count": 2, "cpu_milli": 1000}]
    for _ in range(50):
        scaled = draw_scaling(draw, groups, 1.0)
        smaller = [*simpler_scaling(scaled), *(fewer for _, fewer in with_fewer_nodes(scaled))]
        assert all(ClusterSpec.model_validate({"groups": each}) for each in smaller)
