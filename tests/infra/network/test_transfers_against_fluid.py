"""Transfers over random networks of every kind arrive when an independent fluid does, by the documented paths, while links fail."""

from __future__ import annotations

import collections
import math
from typing import Any

import numpy as np
import pytest

import mlplat as mp
from mlplat.infra.network.routing import NoRouteError, Routing
from mlplat.infra.network.topology import Topology
from mlplat.infra.network.transfers import Transfers
from mlplat.streams import stream

from .naive_fluid import Sending, Way, arrivals, chosen_way, shortest_ways
from .random_networks import KINDS, random_outages, random_sendings, random_spec

CLOSE = 1e-6
CASES = 200


class Case:
    """A network, what is sent over it, and which of its links fail: one case in three has some that do."""

    def __init__(self, seed: int) -> None:
        draw = stream(seed, "tests/transfers")
        self.spec = random_spec(draw, KINDS[seed % len(KINDS)])
        self.network = self.spec.network
        self.topology = Topology.of(self.spec)
        self.graph = self.topology.graph()
        ends = [name for name, role in self.graph.nodes(data="role") if role in ("host", "external") and name != "gateway"]
        self.sent = random_sendings(draw, ends)
        self.outages = random_outages(draw, self.graph.number_of_edges()) if seed % 3 == 0 else []
        self.seen: collections.Counter[str] = collections.Counter()

    def live(self) -> list[float]:
        """When each arrives on the simulation's clock, infinite for one that does not."""
        sim = mp.Simulation()
        transfers = Transfers(sim, self.topology, Routing(self.topology, self.network.routing))
        made: dict[int, Any] = {}
        vertex = self.topology.vertex

        def send(number: int, each: Sending) -> None:
            made[number] = transfers.send(vertex(each.source), vertex(each.target), each.mib, key=each.key)

        for number, each in enumerate(self.sent):
            sim.at(each.start, send, number, each)
        for outage in self.outages:
            sim.at(outage.start, transfers.fail_edge, outage.link)
            if outage.end < math.inf:
                sim.at(outage.end, transfers.repair_edge, outage.link)
        sim.run()
        self.seen.update(event.predicate for event in sim.log)
        assert transfers.moved_mib == pytest.approx(math.fsum(each.mib for each in made.values() if each.over), rel=1e-12)
        return [made[number].ended_s if made[number].over else math.inf for number in range(len(self.sent))]

    def way(self, each: Sending, failed: frozenset[int]) -> Way | None:
        """The path that the routing gives, once it is seen to be the one that is documented."""
        ways = shortest_ways(self.graph, each.source, each.target, failed, self.network.hosts_forward)
        routing = Routing(self.topology, self.network.routing)
        for link in failed:
            routing.fail(link)
        source, target = self.topology.vertex(each.source), self.topology.vertex(each.target)
        if not ways:
            with pytest.raises(NoRouteError):
                routing.path(source, target, each.key)
            return None
        names, ends = self.topology.names, self.topology.ends
        way = (each.source, *(names[ends[link >> 1, 1 - (link & 1)]] for link in routing.path(source, target, each.key)))
        assert way in ways
        assert way == chosen_way(self.graph, ways, each.key, self.network.routing == "ecmp")
        self.seen["equal ways"] += len(ways) > 1
        return way


@pytest.mark.parametrize("part", range(8))
def test_transfers_arrive_when_an_independent_fluid_does(part: int) -> None:
    """200 random topologies, 40 of each kind, and sets of flows; in a third of them links fail. To 1e-6 of the time each takes."""
    for seed in range(part, CASES, 8):
        case = Case(seed)
        found = np.array(case.live())
        expected = np.array(arrivals(case.graph, case.sent, case.outages, case.way))
        start = np.array([each.start for each in case.sent])
        np.testing.assert_allclose(found - start, expected - start, rtol=CLOSE, atol=1e-12, err_msg=f"seed {seed}")


def test_the_cases_are_of_all_kinds_and_much_happens_in_them() -> None:
    """Else the test above would say little: ways to choose from, transfers that share, go around, stand still, for a while or for ever."""
    cases = [Case(seed) for seed in range(CASES)]
    kinds = collections.Counter((case.topology.kind, case.network.routing) for case in cases)
    assert len(kinds) == 2 * len(KINDS) and min(kinds.values()) >= 10
    assert sum(bool(case.outages) for case in cases) == 67
    for case in cases[::3]:
        case.live()
        arrivals(case.graph, case.sent, case.outages, case.way)
    seen = sum((case.seen for case in cases), collections.Counter())
    assert min(seen[name] for name in ("equal ways", "transfer.rerouted", "transfer.stalled")) >= 100
    assert 0 < seen["transfer.started"] - seen["transfer.finished"] < 100
