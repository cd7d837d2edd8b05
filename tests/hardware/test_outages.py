"""Outages: drawn from rates (S-12, S-13), their statistics, and planned maintenance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import InputError, MlplatError, OptionError
from mlplat.hardware import ClusterSpec, FailureRate, Maintenance, OutageKind, Outages, Reliability

DAY = 86400.0
RATES = Reliability(
    node=FailureRate(mtbf="20d", mttr="4h"),
    device=FailureRate(mtbf="30d", mttr="1d", distribution="weibull", shape=0.8),
    rack=FailureRate(mtbf="40d", mttr="2h"),
    fabric=FailureRate(mtbf="25d", mttr="10m", repair="fixed"),
    maintenance=[Maintenance(start="10d", every="30d", duration="6h", racks=["east/rack-0"], notice="12d", grace="5m")],
)
EAST = {"name": "a", "count": 12, "gpus": 2, "gpu_model": "T4", "racks": 3, "zone": "east"}
WEST = {"name": "b", "count": 4, "gpus": 4, "gpu_model": "T4", "racks": 2, "zone": "west"}


def cluster(*groups: dict[str, Any]) -> ClusterSpec:
    return ClusterSpec.model_validate({"groups": list(groups)})


def rows(outages: Outages, spec: ClusterSpec) -> list[tuple[Any, ...]]:
    """The outages with nodes by name."""
    names = spec.nodes().names
    columns = (outages.start, outages.end, outages.kind, outages.node, outages.device, outages.notice, outages.grace)
    return [(s, e, k, names[n], d, notice, grace) for s, e, k, n, d, notice, grace in zip(*(c.tolist() for c in columns), strict=True)]


def test_s12_each_rack_failure_takes_down_all_and_only_its_nodes_at_one_instant() -> None:
    spec = cluster(EAST, WEST)
    table = spec.nodes()
    outages = Reliability(rack=RATES.rack).outages(spec, seed=3, until="400d")
    by_instant: dict[tuple[float, float], set[int]] = {}
    for start, end, node in zip(outages.start.tolist(), outages.end.tolist(), outages.node.tolist(), strict=True):
        by_instant.setdefault((start, end), set()).add(node)
    racks = [set(np.flatnonzero(table.rack == rack).tolist()) for rack in range(len(table.racks))]
    assert len(by_instant) > 20 and set(outages.kind.tolist()) == {OutageKind.RACK}
    for nodes in by_instant.values():
        assert nodes in racks
    assert len(outages) == sum(map(len, by_instant.values()))


def test_s12_replicas_spread_over_k_racks_leave_k_minus_1_when_one_fails() -> None:
    spec = cluster(EAST)
    table = spec.nodes()
    spread = [int(np.flatnonzero(table.rack == rack)[0]) for rack in range(len(table.racks))]
    outages = Reliability(rack=FailureRate(mtbf="4000d", mttr="1h")).outages(spec, seed=1, until="9000d")
    for start, end in set(zip(outages.start.tolist(), outages.end.tolist(), strict=True)):
        down = set(outages.node[(outages.start <= start) & (outages.end > start)].tolist())
        assert len(set(spread) - down) == len(spread) - 1, (start, end)


def test_a_fabric_failure_cuts_off_the_nodes_of_its_zone() -> None:
    spec = cluster(EAST, WEST, {"name": "c", "count": 2})
    outages = Reliability(fabric=RATES.fabric).outages(spec, seed=1, until="200d")
    domains = {frozenset(range(12)), frozenset(range(12, 16)), frozenset((16, 17))}
    seen = {frozenset(outages.node[outages.start == start].tolist()) for start in set(outages.start.tolist())}
    assert seen == domains and set(outages.kind.tolist()) == {OutageKind.PARTITION}
    assert set((outages.end - outages.start).round(3).tolist()) == {600.0}


@pytest.mark.parametrize("seed", [0, 7])
def test_s13_the_same_seed_gives_the_same_schedule_and_another_seed_another(seed: int) -> None:
    spec = cluster(EAST, WEST)
    first, again = (RATES.outages(spec, seed=seed, until="100d") for _ in range(2))
    assert rows(first, spec) == rows(again, spec) and len(first) > 100
    assert rows(RATES.outages(spec, seed=seed + 1, until="100d"), spec) != rows(first, spec)


def test_s13_adding_a_component_changes_no_other_draw() -> None:
    small = cluster(EAST)
    large = cluster({"name": "new", "count": 3, "zone": "north", "gpus": 1, "gpu_model": "T4"}, EAST | {"gpus": 3}, WEST)
    before = rows(RATES.outages(small, seed=5, until="200d"), small)
    after = rows(RATES.outages(large, seed=5, until="200d"), large)
    kept = [row for row in after if row[3].startswith("a-") and row[4] != 2]
    assert sorted(kept) == sorted(before)


def test_s13_a_rate_added_or_changed_leaves_the_other_kinds_alone() -> None:
    spec = cluster(EAST)
    whole = rows(RATES.outages(spec, seed=5, until="200d"), spec)
    nodes_only = rows(Reliability(node=RATES.node).outages(spec, seed=5, until="200d"), spec)
    assert [row for row in whole if row[2] == OutageKind.NODE] == nodes_only


@given(st.integers(0, 2**70), st.floats(0, 300), st.floats(0, 300))
def test_s13_a_longer_horizon_only_appends(seed: int, one: float, other: float) -> None:
    spec = cluster(EAST, WEST)
    short, long = sorted((one, other))
    first = rows(RATES.outages(spec, seed=seed, until=short * DAY), spec)
    assert rows(RATES.outages(spec, seed=seed, until=long * DAY), spec)[: len(first)] == first


def test_rates_of_a_group_go_before_those_of_the_cluster() -> None:
    own = {"node": {"mtbf": "1d", "mttr": "1h"}}
    spec = cluster(EAST, WEST | {"reliability": own})
    outages = Reliability(node=FailureRate(mtbf="1000000d", mttr="1h"), device=RATES.device).outages(spec, seed=1, until="100d")
    of_node = outages.node[outages.kind == OutageKind.NODE]
    assert len(of_node) > 300 and of_node.min() >= 12
    assert set(outages.node[outages.kind == OutageKind.DEVICE].tolist()) == set(range(16))


@pytest.mark.parametrize(
    ("rate", "up_deviation", "down_deviation"),
    [
        (FailureRate(mtbf=1000, mttr=50), 1.0, 1.0),
        (FailureRate(mtbf=1000, mttr=50, repair="fixed"), 1.0, 0.0),
        *[
            (
                FailureRate(mtbf=1000, mttr=50, distribution="weibull", shape=k),
                math.sqrt(math.gamma(1 + 2 / k) / math.gamma(1 + 1 / k) ** 2 - 1),
                1.0,
            )
            for k in (0.6, 1.0, 2.5)
        ],
    ],
    ids=["exponential", "fixed repair", "weibull 0.6", "weibull 1", "weibull 2.5"],
)
@pytest.mark.parametrize("kind", ["node", "device", "rack"])
def test_s13_mean_up_time_and_mean_repair_lie_within_three_standard_errors(
    kind: str, rate: FailureRate, up_deviation: float, down_deviation: float
) -> None:
    # The first outages of 20,000 fresh components: a horizon after which all have failed leaves no short ones preferred.
    spec = ClusterSpec.uniform(nodes=20_000, gpus=1, gpu_model="T4", racks=20_000)
    outages = Reliability(**{kind: rate}).outages(spec, seed=11, until=40 * rate.mtbf if rate.shape < 1 else 15 * rate.mtbf)
    node, first = np.unique(outages.node, return_index=True)
    up, down = outages.start[first], (outages.end - outages.start)[first]
    assert len(node) >= 19_990
    error = 1 / math.sqrt(len(node))
    assert abs(up.mean() - rate.mtbf) < 3 * rate.mtbf * up_deviation * error
    assert abs(down.mean() - rate.mttr) <= 3 * rate.mttr * down_deviation * error + 1e-3
    assert up.std() == pytest.approx(up_deviation * rate.mtbf, rel=0.1)


def test_s13_later_up_times_and_repairs_have_the_same_means_and_no_correlation() -> None:
    rate = FailureRate(mtbf=1000, mttr=200)
    outages = Reliability(node=rate).outages(ClusterSpec.uniform(nodes=2000), seed=4, until=100_000)
    order = np.lexsort((outages.start, outages.node))
    node, start, end = outages.node[order], outages.start[order], outages.end[order]
    same = node[1:] == node[:-1]
    up, repair, next_repair = (start[1:] - end[:-1])[same], (end - start)[:-1][same], (end - start)[1:][same]
    n = len(up)
    assert n > 100_000
    # Intervals that the horizon cuts are missing, which shortens what is seen by about one part in a hundred.
    assert up.mean() == pytest.approx(1000, rel=0.015)
    assert abs(np.corrcoef(up, repair)[0, 1]) < 3 / math.sqrt(n) and abs(np.corrcoef(up, next_repair)[0, 1]) < 3 / math.sqrt(n)
    down = float((np.minimum(outages.end, 100_000) - outages.start).sum())
    assert 1 - down / (2000 * 100_000) == pytest.approx(rate.availability, abs=0.003)


def test_maintenance_is_planned_for_what_it_names_and_again_each_time() -> None:
    spec = cluster(EAST, WEST)
    plan = Maintenance(start="2d", every="10d", duration="1h", groups=["b"], racks=["east/rack-1"], nodes=["a-11", "b-0"], notice="1d")
    outages = Reliability(maintenance=[plan]).outages(spec, until="22d")
    assert sorted(set(outages.node.tolist())) == [4, 5, 6, 7, 11, 12, 13, 14, 15]
    assert sorted(set(outages.start.tolist())) == [2 * DAY, 12 * DAY, 22 * DAY]
    assert set((outages.end - outages.start).tolist()) == {3600.0} and set(outages.notice.tolist()) == {DAY}


def test_a_maintenance_that_is_announced_by_the_horizon_is_part_of_the_schedule() -> None:
    spec = ClusterSpec.parse("2x1cpu")
    plan = Reliability(maintenance=[Maintenance(start="5d", duration="1h", notice="2d", grace="1h")])
    assert len(plan.outages(spec, until="2.9d")) == 0
    assert len(plan.outages(spec, until="3d")) == 2 == len(plan.outages(spec, until="4000d"))


def test_times_are_whole_milliseconds_and_components_fail_one_at_a_time() -> None:
    outages = Reliability(node=FailureRate(mtbf=0.01, mttr=0.002)).outages(ClusterSpec.parse("3x1cpu"), seed=1, until=20)
    assert np.array_equal(np.rint(outages.start * 1000) / 1000, outages.start) and np.array_equal(
        np.rint(outages.end * 1000) / 1000, outages.end
    )
    for node in range(3):
        mine = outages.node == node
        assert (outages.start[mine][1:] > outages.end[mine][:-1]).all() and (outages.end > outages.start).all()


@pytest.mark.parametrize("until", [-1, "x", float("inf"), 1e13, None])
def test_a_bad_horizon_is_refused(until: Any) -> None:
    with pytest.raises(OptionError):
        RATES.outages(cluster(EAST), until=until)


def test_a_bad_seed_and_too_many_outages_are_refused() -> None:
    spec = ClusterSpec.parse("1000x1cpu")
    with pytest.raises(OptionError, match="seed"):
        RATES.outages(cluster(EAST), seed=-1, until=1)
    for reliability in (
        Reliability(node=FailureRate(mtbf=0.001, mttr=0.001)),
        Reliability(rack=FailureRate(mtbf=1, mttr=1)),
        Reliability(maintenance=[Maintenance(start=0, duration=1, every=1)]),
    ):
        with pytest.raises(OptionError, match="more than 20,000,000 outages"):
            reliability.outages(spec, until="365d")


ONE: dict[str, Any] = {"start": [5.0, 1.0], "end": [6.0, 2.0], "node": [0, 1]}


@pytest.mark.parametrize(
    ("wrong", "column"),
    [
        ({"start": [-1, 0]}, "start"),
        ({"start": [math.nan, 0]}, "start"),
        ({"start": "ab"}, "start"),
        ({"end": [5.0, 2.0]}, "end"),
        ({"end": [5.0001, 2.0]}, "end"),
        ({"end": [-math.inf, 2]}, "end"),
        ({"end": [1, 2, 3]}, "end"),
        ({"node": [-1, 0]}, "node"),
        ({"node": [0.5, 0]}, "node"),
        ({"node": [2**31, 0]}, "node"),
        ({"node": None}, "node"),
        ({"kind": "disk"}, "kind"),
        ({"kind": ["node", "nodes"]}, "kind"),
        ({"kind": 9}, "kind"),
        ({"kind": 0.5}, "kind"),
        ({"kind": "device"}, "device"),
        ({"device": [0, 0]}, "device"),
        ({"notice": [math.inf, 0]}, "notice"),
        ({"grace": "1"}, "grace"),
    ],
)
def test_outages_are_not_built_from_bad_columns(wrong: dict[str, Any], column: str) -> None:
    with pytest.raises(InputError) as caught:
        Outages.build(**ONE | wrong)
    assert caught.value.column == column


def test_outages_are_sorted_rounded_and_cannot_be_changed() -> None:
    outages = Outages.build(start=[5.00049, 1], end=[math.inf, 2], node=[0, 1], kind=["partition", "maintenance"], notice=[0, 0.5])
    assert outages.start.tolist() == [1.0, 5.0] and outages.kind.tolist() == [3, 4] and outages.until == 5.0
    with pytest.raises(ValueError, match="read-only"):
        outages.start[0] = 3


def test_an_outage_of_what_the_cluster_lacks_is_refused() -> None:
    nodes = ClusterSpec.parse("2x2xT4").nodes()
    Outages.build(start=[1], end=[2], node=[1], kind=["device"], device=[1]).check(nodes)
    for node, device, column in ((2, -1, "node"), (0, 2, "device")):
        with pytest.raises(InputError) as caught:
            Outages.build(start=[1], end=[2], node=[node], kind=["device" if device >= 0 else "node"], device=[device]).check(nodes)
        assert caught.value.column == column


def test_a_frame_has_a_row_for_each_outage() -> None:
    frame = Outages.build(start=[1, 2], end=[3, 4], node=[0, 1], kind=["device", "rack"], device=[2, -1]).to_polars()
    assert frame.columns == ["start_s", "end_s", "kind", "node", "device", "notice_s", "grace_s"]
    assert frame["kind"].to_list() == ["device", "rack"] and frame["device"].to_list() == [2, None]


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 10**6), st.integers(0, 5)), max_size=10))
def test_any_good_rows_build(given_rows: list[tuple[int, int, int]]) -> None:
    starts = [start / 1000 for start, _, _ in given_rows]
    ends = [(start + length) / 1000 for start, length, _ in given_rows]
    try:
        outages = Outages.build(start=starts, end=ends, node=[node for *_, node in given_rows])
    except MlplatError as error:  # pragma: no cover - a failure shows its text
        pytest.fail(str(error))
    assert len(outages) == len(given_rows) and repr(outages).startswith("Outages(")
