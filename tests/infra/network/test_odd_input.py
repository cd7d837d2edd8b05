"""What a stranger may give to the public surface of the network: it is refused with a typed error, in printable text, before any effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mlplat.errors import MlplatError, OptionError
from mlplat.infra.cluster import Cluster
from mlplat.infra.network.flows import FlowNetwork, finish_times, max_min_rates
from mlplat.infra.network.ingress import Ingress, IngressPath
from mlplat.infra.network.outside import Gateway
from mlplat.infra.network.policies import NetworkPolicy, Rule
from mlplat.infra.network.routing import Routing
from mlplat.infra.network.services import Service

from ..endpoint.clusters import network_digest, networked

ODD: list[Any] = [None, [], {"a": 1}, {"a"}, "\x1b[2J", "\ud800", "a b", 1.5, 10**400, float("nan"), np.array([1, 2]), object()]
NO_NUMBER: list[Any] = [x for x in ODD if not isinstance(x, (float, int))] + [float("nan"), 10**400]

NAMES: dict[str, Callable[[Cluster, Any], object]] = {
    "can_reach, source": lambda of, x: of.network.can_reach(x, "db"),  # type: ignore[union-attr]
    "can_reach, target": lambda of, x: of.network.can_reach("web/0/0", x),  # type: ignore[union-attr]
    "connect": lambda of, x: of.network.traffic.connect(x, "db"),  # type: ignore[union-attr]
    "connect, target": lambda of, x: of.network.traffic.connect("web/0/0", x),  # type: ignore[union-attr]
    "leave": lambda of, x: of.network.traffic.leave(x, "a.example.org"),  # type: ignore[union-attr]
    "leave, host": lambda of, x: of.network.traffic.leave("web/0/0", x),  # type: ignore[union-attr]
    "visit": lambda of, x: of.network.traffic.visit(x, "a.example.org"),  # type: ignore[union-attr]
    "request": lambda of, x: of.network.traffic.request(x, "db"),  # type: ignore[union-attr]
    "transfer": lambda of, x: of.network.transfer(x, "db/0/0", 1),  # type: ignore[union-attr]
    "fetch": lambda of, x: of.network.fetch("web/0/0", x, 1),  # type: ignore[union-attr]
    "vertex_of": lambda of, x: of.network.vertex_of(x),  # type: ignore[union-attr]
    "fail_link": lambda of, x: of.network.fail_link("n-0", x),  # type: ignore[union-attr]
    "set_ready": lambda of, x: of.network.services.set_ready(x, True),  # type: ignore[union-attr]
    "resolve": lambda of, x: of.endpoint.resolve(x),
    "disallow": lambda of, x: of.endpoint.disallow("p", x),
    "unpublish": lambda of, x: of.endpoint.unpublish("p", x),
    "to_manifest": lambda of, x: of.endpoint.to_manifest(x),
    "ports": lambda of, x: of.network.can_reach("web/0/0", "db", x),  # type: ignore[union-attr]
    "send": lambda of, x: of.network.transfers.send(x, 1, 1.0),  # type: ignore[union-attr]
    "path": lambda of, x: of.network.routing.path(0, x),  # type: ignore[union-attr]
    "all_reduce": lambda of, x: of.network.collectives.all_reduce(x, 1.0),  # type: ignore[union-attr]
    "all_reduce, algorithm": lambda of, x: of.network.collectives.all_reduce([0, 1], 1.0, x),  # type: ignore[union-attr]
    "Rule, zones": lambda _, x: Rule(zones=[x]),
    "Rule, ports": lambda _, x: Rule(ports=[x]),
    "Service, selector": lambda _, x: Service("s", selector={"a": x}),
    "Gateway, default": lambda _, x: Gateway(1, default=x),
    "Gateway, allow": lambda _, x: Gateway(1, [x]),
    "Ingress": lambda _, x: Ingress("i", x, "a.example.org", [{"path": "/", "service": "s"}]),
    "Ingress, port": lambda _, x: IngressPath("/", "s", x),
    "Ingress, type": lambda _, x: IngressPath("/", "s", 80, x),
    "Routing": lambda of, x: Routing(of.network.topology, x),  # type: ignore[union-attr]
    "set_capacity": lambda _, x: FlowNetwork([1.0]).set_capacity(x, 1.0),
    "max_min_rates, path": lambda _, x: max_min_rates([1.0], [[x]]),
}
NUMBERS: dict[str, Callable[[Cluster, Any], object]] = {
    "request_mib": lambda of, x: of.network.traffic.request("web/0/0", "db", request_mib=x),  # type: ignore[union-attr]
    "response_mib": lambda of, x: of.network.traffic.request("web/0/0", "db", response_mib=x),  # type: ignore[union-attr]
    "retries": lambda of, x: of.network.traffic.request("web/0/0", "db", retries=x),  # type: ignore[union-attr]
    "mib": lambda of, x: of.network.transfer("web/0/0", "db/0/0", x),  # type: ignore[union-attr]
    "limits": lambda of, x: of.network.carry("web/0/0", "db/0/0", 1, limits=[x]),  # type: ignore[union-attr]
    "all_reduce, mib": lambda of, x: of.network.collectives.all_reduce([0, 1], x),  # type: ignore[union-attr]
    "add_limit": lambda of, x: of.network.transfers.add_limit(x),  # type: ignore[union-attr]
    "set_bandwidth": lambda of, x: of.network.transfers.set_bandwidth(0, x),  # type: ignore[union-attr]
    "FlowNetwork": lambda _, x: FlowNetwork(x),
    "begin": lambda _, x: FlowNetwork([1.0]).begin([0], x, now=0.0),
    "finish_times, amount": lambda _, x: finish_times([1.0], [[0]], [x]),
    "finish_times, at_once": lambda _, x: finish_times([1.0], [[0]], [1.0], at_once=x),
}
ARRAY, HUGE = str(np.array([1, 2])), str(10**400)
MAY_BE = {
    *(("finish_times, at_once", said) for said in ("None", HUGE)),
    *(("FlowNetwork", said) for said in ("[]", ARRAY)),
    ("all_reduce", ARRAY),
    ("retries", HUGE),
}


@pytest.fixture(scope="module")
def of() -> Cluster:
    return networked(network={"gateway": {"allow": ["*.pypi.org"]}})


def refused(of: Cluster, call: Callable[[Cluster, Any], object], given: Any) -> None:
    before = network_digest(of)
    with pytest.raises(MlplatError) as error:
        call(of, given)
    text = str(error.value)
    assert text.isprintable() and len(text) < 1_000, ascii(text)
    assert network_digest(of) == before


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_name_is_refused(of: Cluster, name: str) -> None:
    for given in ODD:
        if (name, str(given)) not in MAY_BE:
            refused(of, NAMES[name], given)


@pytest.mark.parametrize("name", NUMBERS)
def test_what_is_no_number_is_refused(of: Cluster, name: str) -> None:
    for given in NO_NUMBER:
        if (name, str(given)) not in MAY_BE:
            refused(of, NUMBERS[name], given)


@pytest.mark.parametrize(
    "make",
    [lambda x: NetworkPolicy("p", "a", x, ingress=[]), lambda x: Rule(zones=x), lambda x: Service("s", selector=x)],
)
def test_an_array_is_no_selector(make: Callable[[Any], object]) -> None:
    with pytest.raises(OptionError):
        make(np.array([1, 2]))


def test_port_0_is_not_the_default_port(of: Cluster) -> None:
    assert of.network is not None
    for port in (0, False, "", [], np.array([1, 2])):
        with pytest.raises(OptionError, match="port="):
            of.network.traffic.connect("web/0/0", "db", port)  # type: ignore[arg-type]
        with pytest.raises(OptionError, match="port="):
            of.network.traffic.request("web/0/0", "db", port=port)  # type: ignore[arg-type]


def test_a_request_that_is_refused_leaves_no_connection_and_no_timer(of: Cluster) -> None:
    assert of.network is not None
    queued = len(of.sim.env._queue)
    for options in ({"request_mib": -1}, {"response_mib": "much"}, {"port": 0}, {"work": -1}, {"timeout": "soon"}):
        with pytest.raises(OptionError):
            of.network.traffic.request("web/0/0", "db", **options)  # type: ignore[arg-type]
    assert len(of.sim.env._queue) == queued
    assert not of.network.transfers.active


def test_limits_that_are_not_there_leave_no_transfer(of: Cluster) -> None:
    assert of.network is not None
    events = len(of.sim.log)
    for limits in ([10**6], [-1], 5, "a"):
        with pytest.raises(OptionError, match=r"limits|path"):
            of.network.carry("web/0/0", "db/0/0", 1, limits=limits)  # type: ignore[arg-type]
    assert len(of.sim.log) == events and not of.network.transfers.active
