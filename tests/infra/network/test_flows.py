"""Flows share links max-min fairly, whoever comes and goes, and are done when a fluid would be."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplat.errors import OptionError
from mlplat.infra.kernels.flow_state import BASE, BOTTLENECK, FLOWS, HELD_BACK, LEVEL, OPEN
from mlplat.infra.network.flows import FlowNetwork, finish_times, max_min_rates
from mlplat.streams import stream

from .naive_flows import fill, flow_out

CLOSE = 1e-6
FULL = settings().max_examples >= 60
EXAMPLES = 200 if FULL else settings().max_examples
CAPACITIES = st.sampled_from((1.0, 2.0, 3.0, 10.0, 0.1, 100.0, 7.3))


@st.composite
def networks(draw: Any, *, most: int = 12) -> tuple[list[float], list[list[int]]]:
    """Capacities, and paths over them."""
    links = draw(st.integers(1, 8))
    capacity = draw(st.lists(CAPACITIES, min_size=links, max_size=links))
    path = st.lists(st.integers(0, links - 1), min_size=1, max_size=min(links, 5), unique=True)
    return capacity, draw(st.lists(path, min_size=1, max_size=most))


# -- textbook


def test_one_bottleneck_is_shared_equally() -> None:
    assert max_min_rates([10.0], [[0]] * 4).tolist() == [2.5] * 4


@pytest.mark.parametrize("links", [1, 2, 3, 10])
def test_the_parking_lot(links: int) -> None:
    """One flow over all links and one over each: each link is halved."""
    rates = max_min_rates([1.0] * links, [list(range(links)), *([link] for link in range(links))])
    assert rates.tolist() == [0.5] * (links + 1)


def test_the_parking_lot_with_links_of_different_capacity() -> None:
    """The long flow has half of the narrowest link, and the others what it leaves."""
    assert max_min_rates([1.0, 2.0, 4.0], [[0, 1, 2], [0], [1], [2]]).tolist() == [0.5, 0.5, 1.5, 3.5]


def test_the_triangle() -> None:
    """Three links, a flow over each two of them: each has a half."""
    assert max_min_rates([1.0, 1.0, 1.0], [[0, 1], [1, 2], [2, 0]]).tolist() == [0.5] * 3


def test_a_flow_that_is_held_back_elsewhere_leaves_the_rest() -> None:
    """Bertsekas & Gallager, Data Networks, figure 6.12."""
    assert max_min_rates([1.0, 1.0, 2.0], [[0], [0], [0, 2], [2]]) == pytest.approx([1 / 3, 1 / 3, 1 / 3, 5 / 3])


def test_a_flow_that_crosses_nothing_is_not_limited() -> None:
    assert max_min_rates([1.0], [[], [0]]).tolist() == [math.inf, 1.0]


def test_s11_two_flows_on_one_link_take_turns_as_one_ends() -> None:
    """S-11: 10 Mbit and 30 Mbit on 10 Mbit/s: both at 5 until 2 s, then the second alone."""
    assert finish_times([10.0], [[0], [0]], [10.0, 30.0]).tolist() == [2.0, 4.0]


# -- the definition


@settings(max_examples=EXAMPLES)
@given(networks(most=30))
def test_rates_are_those_of_progressive_filling(case: Any) -> None:
    capacity, paths = case
    assert max_min_rates(capacity, paths) == pytest.approx(fill(capacity, paths), rel=1e-9)


def wrong(capacity: list[float], paths: list[list[int]], rates: list[float]) -> str:
    """What keeps rates from being max-min fair: a link above its capacity, or a flow without a bottleneck."""
    load = np.zeros(len(capacity))
    for path, rate in zip(paths, rates, strict=True):
        load[path] += rate
    full = load >= np.array(capacity) * (1 - 1e-9)
    if (load > np.array(capacity) * (1 + 1e-9)).any():
        return f"link {(load / capacity).argmax()} is above its capacity"
    fastest = [max([rate for path, rate in zip(paths, rates, strict=True) if link in path], default=0.0) for link in range(len(capacity))]
    for flow, path in enumerate(paths):
        if not any(full[link] and rates[flow] >= fastest[link] * (1 - 1e-9) for link in path):
            return f"flow {flow} could have more without taking from one that has less"
    return ""


def check_books(network: FlowNetwork, paths: dict[int, list[int]]) -> None:
    """What is written of each link is what its flows say: else links would be looked at without need, or not when they should be."""
    links, flows = network._network.links.row, network._network.flows.row
    for link, row in enumerate(links):
        crossing = [flow for flow, path in paths.items() if link in path]
        held_back = [flow for flow in crossing if flows[flow, BOTTLENECK] == link]
        assert (row[FLOWS], row[OPEN], row[HELD_BACK]) == (len(crossing), 0, len(held_back))
        assert row[BASE] == pytest.approx(sum(network.rate(flow) for flow in crossing), rel=1e-9, abs=1e-9)
        assert all(row[LEVEL] == pytest.approx(network.rate(flow), rel=1e-9, abs=1e-12) for flow in held_back)


@st.composite
def lives(draw: Any) -> tuple[list[float], list[tuple[str, Any]]]:
    """A network, and what happens to it."""
    capacity, paths = draw(networks(most=25))
    steps: list[tuple[str, Any]] = [("begin", (path, draw(st.sampled_from((1.0, 5.0, 20.0, 100.0))))) for path in paths]
    for _ in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from(("end", "capacity", "wait")))
        if kind == "end":
            step: Any = draw(st.integers(0, 30))
        elif kind == "capacity":
            step = draw(st.integers(0, len(capacity) - 1)), draw(st.sampled_from((0.0, 0.5, 2.0, 10.0)))
        else:
            step = draw(st.sampled_from((0.1, 1.0, 10.0)))
        steps.insert(draw(st.integers(0, len(steps))), (kind, step))
    return capacity, steps


@settings(max_examples=EXAMPLES)
@given(lives())
def test_whatever_happens_rates_are_max_min_fair_and_no_amount_is_lost(case: Any) -> None:
    capacity, steps = case
    network, capacity = FlowNetwork(capacity), list(capacity)
    paths: dict[int, list[int]] = {}
    sent = carried = now = 0.0
    due = math.inf
    for kind, step in steps:
        if kind == "begin":
            flow = network.begin(step[0], step[1], now=now)
            assert flow not in paths
            paths[flow] = step[0]
            sent += step[1]
        elif kind == "end" and paths:
            flow = sorted(paths)[step % len(paths)]
            sent -= network.end(flow, now=now)
            del paths[flow]
        elif kind == "capacity":
            network.set_capacity(*step)
            capacity[step[0]] = step[1]
        elif kind == "wait":
            until = now + step
            while due <= until:
                before = [network.rate(flow) for flow in paths]
                carried += sum(before) * (due - now)
                now = due
                for flow in network.take_done(now):
                    del paths[flow]
                due = network.settle(now)
            carried += sum(network.rate(flow) for flow in paths) * (until - now)
            now = until
        due = network.settle(now)
        rates = [network.rate(flow) for flow in paths]
        assert wrong(capacity, list(paths.values()), rates) == ""
        assert rates == pytest.approx(fill(capacity, list(paths.values())), rel=1e-9, abs=1e-12)
        load = np.zeros(len(capacity))
        for path, rate in zip(paths.values(), rates, strict=True):
            load[path] += rate
        assert network.load() == pytest.approx(load)
        assert network.underway == len(paths)
        check_books(network, paths)
    assert carried == pytest.approx(sent - sum(network.left(flow, now) for flow in paths), rel=1e-6, abs=1e-9)


# -- completion times


@pytest.mark.parametrize("part", range(4))
def test_flows_are_done_when_the_fluid_is(part: int) -> None:
    """200 random networks and sets of flows, against an independent fluid simulation, to 1e-6."""
    for case in range(50 * part, 50 * (part + 1), 1 if FULL else 10):
        draw = stream(case, "tests/flows")
        links, flows = int(draw.integers(1, 12)), int(draw.integers(1, 50))
        capacity = draw.choice([1.0, 2.0, 5.0, 10.0], links) if case % 2 else draw.uniform(0.1, 10, links)
        paths = [
            draw.choice(links, draw.integers(0 if case % 5 == 0 else 1, min(links, 5) + 1), replace=False).tolist() for _ in range(flows)
        ]
        amount = draw.choice([0.0, 1.0, 2.0, 3.0, 10.0], flows) if case % 3 else draw.exponential(5, flows)
        start = draw.integers(0, 6, flows) * 1.0 if case % 2 else draw.uniform(0, 5, flows)
        at_once = None if case % 4 else int(draw.integers(1, 20))
        found = finish_times(capacity, paths, amount, start, at_once=at_once)
        expected = flow_out(capacity.tolist(), paths, amount.tolist(), start.tolist(), at_once or math.inf)
        assert found == pytest.approx(expected, rel=CLOSE), case


def test_flows_on_a_link_without_capacity_stand_still_until_it_has_some() -> None:
    network = FlowNetwork([10.0, 10.0])
    flow = network.begin([0, 1], 100.0, now=0.0)
    assert network.settle(0.0) == 10.0
    network.set_capacity(1, 0.0)
    assert network.settle(5.0) == math.inf and network.rate(flow) == 0.0
    network.set_capacity(1, 5.0)
    assert network.settle(20.0) == 30.0 and network.take_done(30.0) == [flow]


def test_a_link_that_is_added_is_shared_like_the_others() -> None:
    network = FlowNetwork([10.0])
    first = network.begin([0], 100.0, now=0.0)
    disk = network.add_link(4.0)
    second = network.begin([0, disk], 100.0, now=0.0)
    network.settle(0.0)
    assert disk == 1 and [network.rate(first), network.rate(second)] == [6.0, 4.0]


def test_there_is_room_for_any_number_of_flows_and_links_on_a_path() -> None:
    network = FlowNetwork([1.0] * 40)
    every = [network.begin([link], 1.0, now=0.0) for link in range(40)]
    every += [network.begin(list(range(1 + i % 40)), 1.0, now=0.0) for i in range(500)]
    assert len(set(every)) == 540
    network.settle(0.0)
    paths = [[link] for link in range(40)] + [list(range(1 + i % 40)) for i in range(500)]
    assert [network.rate(flow) for flow in every] == pytest.approx(fill([1.0] * 40, paths), rel=1e-9)


# -- bad input


@pytest.mark.parametrize(
    "bad",
    [
        lambda: finish_times([-1.0], [[0]], [1.0]),
        lambda: finish_times([math.nan], [[0]], [1.0]),
        lambda: finish_times([1.0], [[1]], [1.0]),
        lambda: finish_times([1.0], [[0, 0]], [1.0]),
        lambda: finish_times([1.0], [[0]], [-1.0]),
        lambda: finish_times([1.0], [[0]], [1.0, 2.0]),
        lambda: finish_times([1.0], [[0]], [1.0], [math.inf]),
        lambda: finish_times([1.0], [[0]], [1.0], at_once=0),
        lambda: max_min_rates([[1.0]], [[0]]),
        lambda: FlowNetwork([1.0]).begin([], 1.0, now=0.0),
        lambda: FlowNetwork([1.0]).begin([0], 0.0, now=0.0),
        lambda: FlowNetwork([1.0]).set_capacity(0, -1.0),
        lambda: FlowNetwork([1.0]).set_capacity(1, 1.0),
    ],
)
def test_bad_input_is_refused(bad: Any) -> None:
    with pytest.raises(OptionError, match="expected"):
        bad()
