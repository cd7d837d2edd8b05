"""Connections and requests of a live cluster: checked, led to an endpoint, carried, timed out and tried again."""

from __future__ import annotations

from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import OptionError, UnknownNameError
from mlplat.infra.incidents import Detection
from mlplat.infra.network.connections import ConnectionDeniedError
from mlplat.infra.network.ingress import Ingress, NoRouteToServiceError
from mlplat.infra.network.manager import NetworkManager
from mlplat.infra.network.outside import Gateway
from mlplat.infra.network.policies import NetworkPolicy, Rule
from mlplat.infra.network.services import NoEndpointsError, Service
from mlplat.infra.network.traffic import Outcome
from mlplat.units import MBIT_PER_MIB

NETWORK: dict[str, Any] = {
    "topology": "leaf-spine",
    "hosts_per_leaf": 2,
    "spines": 1,
    "bandwidth": "1Gbps",
    "external": [
        {"name": "dataset", "hosts": ["data.example.org"], "bandwidth": "100Mbps", "latency": 0},
        {"name": "browser", "latency": "20ms"},
    ],
    "gateway": {"bandwidth": "1Gbps", "allow": ["dataset", "*.pypi.org"]},
    "latency": 0,
    "switch_latency": 0,
    "registry": "dataset",
}


@pytest.fixture
def network() -> NetworkManager:
    """Two zones: `web` and `db` in shop, `train` in lab; all ready."""
    spec = mp.ClusterSpec.model_validate({"groups": [{"name": "n", "count": 4, "cpus": 8}], "network": NETWORK})
    cluster = mp.Cluster(mp.Simulation(), spec, scrape_period=None, detection=Detection("1s", "2s"), placement="worst-fit")
    for name, zone, replicas in (("web", "shop", 2), ("db", "shop", 1), ("train", "lab", 1)):
        cluster.endpoint.submit(mp.Workload(name, {"cpus": 1}, kind="service", replicas=replicas, zone=zone, labels={"app": name}))
    cluster.sim.run(until="2s")
    assert cluster.network is not None
    return cluster.network


def predicates(network: NetworkManager, like: str) -> list[Any]:
    return network.sim.log.select(predicate=like)


# -- who may


def test_s38_zones_are_apart_until_a_rule_lets_them_together(network: NetworkManager) -> None:
    assert network.can_reach("web/0/0", "db") and network.can_reach("web/0/0", "db/0/0").rule == "default: allow within a zone"
    assert not network.can_reach("train/0/0", "db.shop")
    with pytest.raises(ConnectionDeniedError, match="deny between zones"):
        network.traffic.connect("train/0/0", "db.shop")
    (denied,) = predicates(network, "connection.denied")
    assert denied.data["source"] == "lab/train/0/0" and denied.data["reason"] == "BETWEEN_ZONES"
    network.traffic.policies.add(NetworkPolicy("lab-reads", "shop", "app=db", ingress=[Rule(zones=["lab"], ports=[80])]))
    decision = network.can_reach("train/0/0", "db.shop")
    assert decision and "lab-reads" in decision.rule
    with network.traffic.connect("train/0/0", "db.shop") as connection:
        assert connection.member == "db/0/0"
    assert not network.can_reach("train/0/0", "db.shop", 5432)
    network.traffic.policies.remove("lab-reads", "shop")
    assert not network.can_reach("train/0/0", "db.shop")


def test_s37_only_what_is_exposed_is_reached_from_outside(network: NetworkManager) -> None:
    with pytest.raises(NoRouteToServiceError):
        network.traffic.visit("browser", "shop.example.org")
    network.traffic.ingress.add(Ingress("shop", "shop", "shop.example.org", [{"path": "/", "service": "web"}]))
    connection = network.traffic.visit("browser", "shop.example.org", "/cart")
    assert connection.member.startswith("web/")
    connection.close()
    assert network.can_reach("browser", "web/0/0") and not network.can_reach("browser", "db/0/0")
    with pytest.raises(NoRouteToServiceError):
        network.traffic.visit("browser", "other.example.org")


def test_s37_what_leaves_the_cluster_does_so_by_rule(network: NetworkManager) -> None:
    assert network.can_reach("train/0/0", "dataset", 443) and network.can_reach("train/0/0", "files.pypi.org", 443)
    assert network.can_reach("train/0/0", "data.example.org", 443)
    assert not network.can_reach("train/0/0", "evil.example.com", 443)
    assert network.traffic.leave("train/0/0", "files.pypi.org")
    with pytest.raises(ConnectionDeniedError):
        network.traffic.leave("train/0/0", "evil.example.com")
    network.traffic.policies.add(NetworkPolicy("sealed", "lab", egress=[]))
    assert not network.can_reach("train/0/0", "dataset", 443)


@pytest.mark.parametrize(
    ("name", "close"),
    [
        ("wbe.shop", "web.shop"),
        ("WBE.Shop", "web.shop"),
        ("wbe.shop.", "web.shop"),
        ("nobody.web.shop", "web.shop"),
        ("wbe.shop.svc", "web.shop"),
        ("web.shop.svc", "web.shop"),
        ("web.shop.svc.cluster.local", "web.shop"),
        ("wbe.shop.svc.cluster", "web.shop"),
        ("train.default", "train.lab"),
        ("web.nowhere.svc", "web.shop"),
    ],
)
def test_a_mistyped_service_is_not_taken_for_a_host_outside(network: NetworkManager, name: str, close: str) -> None:
    traffic = network.traffic
    for call in (traffic.can_reach, traffic.connect, traffic.leave):
        with pytest.raises(UnknownNameError, match="unknown service") as caught:
            call("train/0/0", name)
        assert caught.value.known[0] == close
    assert not predicates(network, "connection.denied")
    request = traffic.request("train/0/0", name)
    assert (request.outcome, request.reason) == (Outcome.NO_ENDPOINT, str(caught.value))


def test_a_service_that_is_there_is_no_host_outside(network: NetworkManager) -> None:
    with pytest.raises(UnknownNameError, match="host outside"):
        network.traffic.leave("web/0/0", "db.shop")


def test_a_zone_of_the_description_is_known_before_anything_is_in_it() -> None:
    spec = mp.ClusterSpec.model_validate(
        {"groups": [{"name": "n", "count": 1, "cpus": 8}], "network": NETWORK | {"zones": {"quiet": "10.9.0.0/16"}}}
    )
    cluster = mp.Cluster(mp.Simulation(), spec, scrape_period=None)
    cluster.endpoint.submit(mp.Workload("web", {"cpus": 1}, kind="service"))
    cluster.sim.run(until="2s")
    assert cluster.network is not None
    with pytest.raises(UnknownNameError, match=r"unknown service 'nobody\.quiet'"):
        cluster.network.can_reach("web/0/0", "nobody.quiet")
    assert not cluster.network.can_reach("web/0/0", "nobody.loud")
    assert not cluster.network.can_reach("web/0/0", "example.xn--p1ai")


def test_a_host_that_is_let_out_by_its_name_is_outside_whatever_zones_there_are(network: NetworkManager) -> None:
    traffic = network.traffic
    traffic.connections.gateway = traffic.gateway = Gateway(1_000, ["*.buy.shop", "dataset"], external=list(traffic.external.values()))
    assert traffic.can_reach("train/0/0", "www.buy.shop", 443) and traffic.leave("train/0/0", "www.buy.shop")
    with pytest.raises(UnknownNameError):
        traffic.can_reach("train/0/0", "buy.shop", 443)
    traffic.connections.gateway = traffic.gateway = Gateway(1_000, default="allow")
    with pytest.raises(UnknownNameError):
        traffic.can_reach("train/0/0", "buy.shop", 443)
    assert traffic.can_reach("train/0/0", "buy.example.org", 443)


def test_a_visitor_is_told_which_service_an_ingress_misses(network: NetworkManager) -> None:
    network.traffic.ingress.add(Ingress("site", "shop", "shop.example.org", [{"path": "/", "service": "7"}]))
    for call in (lambda: network.traffic.visit("browser", "shop.example.org"),):
        with pytest.raises(UnknownNameError, match=r"unknown service '7\.shop\.svc\.cluster'"):
            call()
    request = network.traffic.request("browser", "shop.example.org", path="/")
    assert request.outcome is Outcome.NO_ENDPOINT and "'7.shop.svc.cluster'" in request.reason
    network.services.create(Service("7", "shop", "app=web"))
    network.sim.run(until="10s")
    with network.traffic.visit("browser", "shop.example.org") as connection:
        assert connection.member.startswith("web/")


def test_transfers_are_checked_like_any_connection(network: NetworkManager) -> None:
    fetched = network.fetch("train/0/0", "dataset", 100 / MBIT_PER_MIB)
    with pytest.raises(ConnectionDeniedError):
        network.transfer("train/0/0", "db/0/0", 1)
    with pytest.raises(ConnectionDeniedError):
        network.transfer("browser", "db/0/0", 1)
    network.sim.run(until="10s")
    assert fetched.ended_s == pytest.approx(3.0)  # 100 Mbit over its link of 100 Mbit/s
    assert len(network.transfers.active) == 0


def test_an_end_that_is_not_there_is_named(network: NetworkManager) -> None:
    for call in (
        lambda: network.can_reach("nobody", "db"),
        lambda: network.can_reach("web/0/0", "nobody"),
        lambda: network.traffic.connect("web/0/0", "nobody"),
        lambda: network.traffic.request("nobody", "db"),
        lambda: network.transfer("web/0/0", "nobody", 1),
    ):
        with pytest.raises(UnknownNameError):
            call()
    with pytest.raises(OptionError, match="expected"):
        network.traffic.request("web/0/0", "db", retries=-1)


# -- requests


def test_a_request_goes_there_is_worked_on_and_is_answered(network: NetworkManager) -> None:
    mbit = 1 / MBIT_PER_MIB
    request = network.traffic.request("web/0/0", "db", request_mib=100 * mbit, response_mib=500 * mbit, work="2s")
    answered = []

    def waits() -> Any:
        answered.append((yield request.done))

    network.sim.process(waits())
    network.sim.run(until="20s")
    assert answered == [Outcome.ANSWERED] and request.member == "db/0/0"
    between = 0.0 if network.vertex_of("web/0/0") == network.vertex_of("db/0/0") else 0.6
    assert request.seconds == pytest.approx(2.0 + between)
    (finished,) = predicates(network, "request.finished")
    assert finished.data["outcome"] == "answered" and finished.data["tries"] == 1


def test_requests_are_spread_over_the_replicas(network: NetworkManager) -> None:
    made = [network.traffic.request("db/0/0", "web") for _ in range(10)]
    network.sim.run(until="10s")
    assert sorted(request.member for request in made) == ["web/0/0"] * 5 + ["web/1/0"] * 5


def test_a_request_to_a_lost_node_times_out_and_is_tried_at_another_replica(network: NetworkManager) -> None:
    victim = network.vertex_of("web/0/0")
    network.cluster.hardware.crash(victim)
    network.sim.run(until=2.1)
    made = [network.traffic.request("db/0/0", "web", timeout="500ms", retries=1) for _ in range(2)]
    network.sim.run(until="10s")
    assert {request.outcome for request in made} <= {Outcome.ANSWERED}
    assert sorted(request.tries for request in made) == [1, 2]


def test_a_request_that_may_not_be_made_or_that_nobody_answers_says_why(network: NetworkManager) -> None:
    network.services.create(Service("nothing", "shop", "app=none"))
    denied = network.traffic.request("train/0/0", "db.shop")
    nobody = network.traffic.request("web/0/0", "nothing")
    slow = network.traffic.request("web/0/0", "db", work="1m", timeout="5s", retries=2)
    network.sim.run(until="30s")
    assert (denied.outcome, nobody.outcome, slow.outcome) == (Outcome.DENIED, Outcome.NO_ENDPOINT, Outcome.TIMED_OUT)
    assert "between zones" in denied.reason and "0/0" in nobody.reason and (slow.tries, slow.seconds) == (3, 15.0)
    with pytest.raises(NoEndpointsError):
        network.traffic.connect("web/0/0", "nothing")


def test_a_visitor_comes_in_by_the_public_address(network: NetworkManager) -> None:
    network.traffic.ingress.add(Ingress("shop", "shop", "shop.example.org", [{"path": "/", "service": "web"}]))
    seen = network.traffic.request("browser", "shop.example.org", path="/")
    lost = network.traffic.request("browser", "other.example.org", path="/")
    network.sim.run(until="10s")
    assert seen.outcome is Outcome.ANSWERED and lost.outcome is Outcome.DENIED
    assert seen.seconds == pytest.approx(0.04, abs=0.001)  # there and back over its latency
    assert network.sim.log.check() == []
