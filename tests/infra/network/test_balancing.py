"""Ways of balancing: each against a slow, obvious twin, and what makes each of them fair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlplat as mp
from mlplat.errors import UnknownNameError
from mlplat.infra.network.balancing import BALANCINGS, STALE, LeastConnections, RoundRobin, SeededRandom, balancer, check_balancing
from mlplat.streams import stream


class NaiveRoundRobin:
    """When each was last chosen, or added."""

    def __init__(self) -> None:
        self.clock, self.since = 0, {}

    def _tick(self, endpoint: str) -> None:
        self.clock += 1
        self.since[endpoint] = self.clock

    add = _tick

    def remove(self, endpoint: str) -> None:
        del self.since[endpoint]

    def pick(self) -> str:
        endpoint = min(self.since, key=self.since.__getitem__)
        self._tick(endpoint)
        return endpoint

    def closed(self, endpoint: str) -> None:
        pass


class NaiveLeastConnections:
    """All open connections in one list."""

    def __init__(self) -> None:
        self.there: list[str] = []
        self.open: list[str] = []

    def add(self, endpoint: str) -> None:
        self.there.append(endpoint)

    def remove(self, endpoint: str) -> None:
        self.there.remove(endpoint)

    def pick(self) -> str:
        endpoint = min(self.there, key=self.open.count)  # of equals the first
        self.open.append(endpoint)
        return endpoint

    def closed(self, endpoint: str) -> None:
        self.open.remove(endpoint)


class NaiveRandom:
    """A draw for each choice; the last one takes the place of one that is removed."""

    def __init__(self) -> None:
        self.there: list[str] = []
        self.draws = stream(7, "x")

    def add(self, endpoint: str) -> None:
        self.there.append(endpoint)

    def remove(self, endpoint: str) -> None:
        self.there[self.there.index(endpoint)] = self.there[-1]
        self.there.pop()

    def pick(self) -> str:
        return self.there[int(self.draws.random() * len(self.there))]

    def closed(self, endpoint: str) -> None:
        pass


PAIRS: list[tuple[Callable[[], Any], Callable[[], Any]]] = [
    (RoundRobin, NaiveRoundRobin),
    (LeastConnections, NaiveLeastConnections),
    (lambda: SeededRandom(lambda: stream(7, "x")), NaiveRandom),
]
CALLS = st.lists(
    st.tuples(st.sampled_from(["change", "pick", "pick", "pick", "close", "close"]), st.integers(0, 30)), min_size=40, max_size=200
)


@pytest.mark.parametrize(("make", "naive"), PAIRS, ids=list(BALANCINGS))
@given(calls=CALLS)
def test_each_chooses_what_its_naive_twin_chooses(make: Callable[[], Any], naive: Callable[[], Any], calls: list[Any]) -> None:
    fast, slow = make(), naive()
    there: list[str] = []
    connected: list[str] = []
    for call, number in calls:
        if call == "change":
            endpoint = f"e{number % 6}"
            change = "remove" if endpoint in there else "add"
            (there.remove if endpoint in there else there.append)(endpoint)
            getattr(fast, change)(endpoint)
            getattr(slow, change)(endpoint)
        elif call == "pick" and there:
            chosen = fast.pick()
            assert chosen == slow.pick()
            connected.append(chosen)
        elif call == "close" and connected:
            endpoint = connected.pop(number % len(connected))
            fast.closed(endpoint)
            slow.closed(endpoint)


@given(calls=CALLS)
def test_round_robin_gives_all_that_stay_one_turn_between_two_of_one(calls: list[Any]) -> None:
    balancer: RoundRobin[str] = RoundRobin()
    there: list[str] = ["a", "b", "c"]
    for endpoint in there:
        balancer.add(endpoint)
    turns = []
    for call, number in calls:
        endpoint = f"e{number % 6}"
        if call == "change":
            (balancer.remove if endpoint in there else balancer.add)(endpoint)
            (there.remove if endpoint in there else there.append)(endpoint)
        elif call == "pick":
            turns.append(balancer.pick())
    staying = [turn for turn in turns if turn in "abc"]
    assert staying == [*"abc" * len(staying)][: len(staying)]
    counts = Counter(staying)
    assert max(counts.values(), default=0) - min([counts[name] for name in "abc"]) <= 1


@given(calls=st.lists(st.integers(0, 9), max_size=200))
def test_least_connections_keeps_open_connections_within_one_while_none_closes(calls: list[int]) -> None:
    balancer: LeastConnections[int] = LeastConnections()
    for endpoint in range(7):
        balancer.add(endpoint)
    counts = Counter(balancer.pick() for _ in calls)
    assert max(counts.values(), default=0) - min(counts[endpoint] for endpoint in range(7)) <= 1


def test_an_endpoint_that_joins_takes_connections_until_it_has_caught_up() -> None:
    balancer: LeastConnections[str] = LeastConnections()
    balancer.add("old")
    assert [balancer.pick() for _ in range(3)] == ["old"] * 3
    balancer.add("new")
    assert [balancer.pick() for _ in range(5)] == ["new", "new", "new", "old", "new"]


def test_connections_that_stay_open_to_one_that_left_count_when_it_is_back() -> None:
    balancer: LeastConnections[str] = LeastConnections()
    balancer.add("a"), balancer.add("b")
    assert [balancer.pick() for _ in range(4)] == ["a", "b", "a", "b"]
    balancer.remove("a")
    balancer.add("a")
    assert balancer.pick() == "b"  # first among equals: `a` was added anew
    assert balancer.pick() == "a"


@pytest.mark.parametrize("churn", ["close", "change"])
def test_least_connections_remembers_no_more_than_there_is(churn: str) -> None:
    balancer: LeastConnections[int] = LeastConnections()
    for endpoint in range(3):
        balancer.add(endpoint)
    for number in range(20_000):
        chosen = balancer.pick()
        if churn == "change":
            balancer.remove(number)
            balancer.add(number + 3)
        balancer.closed(chosen)
    assert len(balancer._heap) < 200
    assert len(balancer._open) == len(balancer._order) == len(balancer._at) == 3


def test_random_is_even_and_the_same_for_the_same_seed() -> None:
    def chosen(seed: int) -> list[str]:
        sim = mp.Simulation(seed=seed)
        balancing = balancer("random", lambda: sim.stream("network/balancing/web.a.svc.cluster"))
        for endpoint in "abcd":
            balancing.add(endpoint)
        return [balancing.pick() for _ in range(8000)]

    once = chosen(3)
    assert once == chosen(3) != chosen(4)
    counts = Counter(once)
    assert sum((count - 2000) ** 2 / 2000 for count in counts.values()) < 16.3  # chi-square, 3 degrees of freedom, 0.1 %
    pairs = Counter(pairwise(once))
    assert sum((count - 500) ** 2 / 500 for count in pairs.values()) < 40  # 15 degrees and a little dependence


def test_a_balancing_that_is_none_is_refused() -> None:
    assert [check_balancing(name) for name in BALANCINGS] == ["round-robin", "least-connections", "random"]
    with pytest.raises(UnknownNameError, match="did you mean 'round-robin'"):
        check_balancing("roundrobin")
    with pytest.raises(UnknownNameError, match="unknown balancing 'None'"):
        check_balancing(None)


@pytest.mark.parametrize("seed", range(4))
def test_least_connections_chooses_as_its_twin_over_so_many_calls_that_it_tidies_up_many_times(seed: int) -> None:
    draw = stream(seed, "balancing")
    fast, slow = LeastConnections[str](), NaiveLeastConnections()
    for endpoint in "abcde":
        fast.add(endpoint)
        slow.add(endpoint)
    chosen: list[str] = []
    for _ in range(20 * STALE):
        if chosen and draw.random() < 0.5:
            endpoint = chosen.pop(int(draw.integers(len(chosen))))
            fast.closed(endpoint)
            slow.closed(endpoint)
        else:
            endpoint = fast.pick()
            assert endpoint == slow.pick()
            chosen.append(endpoint)
