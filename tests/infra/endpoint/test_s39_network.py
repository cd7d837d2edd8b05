"""S-39: services, policies and ingresses, and who reaches whom, are the endpoint's to declare and to answer, whole or not at all."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import OptionError, UnknownNameError
from mlplat.infra.endpoint import AccessDenied, Ingress, ManagementEndpoint, NetworkPolicy, NoEndpointsError, Rule
from mlplat.infra.endpoint import NetworkService as Service
from mlplat.infra.network.connections import ConnectionDeniedError
from mlplat.infra.network.zone_networks import AddressesInUseError, NetworkOverlapError

from .clusters import cluster, network_digest, networked

FRONT = Service("front", "shop", "app=web", port=80, target_port=8080)
OPEN = NetworkPolicy("open", "shop", {"app": "db"}, ingress=[Rule(zones=["lab"], ports=[5432])])
SITE = Ingress("site", "shop", "shop.example.org", [{"path": "/", "service": "front"}])
Call = Callable[[ManagementEndpoint], Any]


def events(of: mp.Cluster, since: int) -> list[tuple[str, str, str]]:
    return [(event.subject, event.predicate, event.actor) for event in list(of.sim.log)[since:]]


# -- what the calls do


def test_s39_a_service_is_exposed_followed_and_withdrawn() -> None:
    of, front = networked(), "front.shop.svc.cluster"
    before = len(of.sim.log)
    assert of.endpoint.expose(FRONT, actor="ann") == FRONT
    assert of.endpoint.services() == (FRONT,)
    assert of.endpoint.resolve("front", "shop") == ()  # not seen yet
    of.sim.run(until="7s")
    assert of.endpoint.resolve("front", "shop") == of.endpoint.resolve("web.shop") != ()
    assert events(of, before) == [(f"service:{front}", "service.added", "ann"), *[(f"service:{front}", "endpoint.added", "system")] * 2]
    (seen, *_) = of.sim.log.select(predicate="endpoint.added", subject=f"service:{front}")
    assert seen.cause == of.sim.log.select(predicate="service.added")[0].id
    assert of.endpoint.unexpose("front", "shop") == FRONT
    assert of.endpoint.services() == ()
    with pytest.raises(UnknownNameError, match=r"front\.shop"):
        of.endpoint.resolve("front.shop")


def test_s39_a_policy_is_in_force_from_its_call_on_until_it_is_disallowed() -> None:
    of = networked()
    assert of.endpoint.can_reach("train/0/0", "db.shop", 5432).rule == "default: deny between zones"
    before = len(of.sim.log)
    assert of.endpoint.allow(OPEN) == OPEN
    assert of.endpoint.can_reach("train/0/0", "db.shop", 5432).rule == "policy shop/open, ingress rule 1"
    assert not of.endpoint.can_reach("train/0/0", "db.shop")
    assert of.endpoint.policies() == of.endpoint.policies("shop") == (OPEN,)
    assert of.endpoint.policies("lab") == ()
    assert of.endpoint.disallow("open", "shop") == OPEN
    assert not of.endpoint.can_reach("train/0/0", "db.shop", 5432)
    assert events(of, before) == [("policy:shop/open", f"policy.{what}", "admin") for what in ("added", "removed")]


def test_s39_an_ingress_leads_in_until_it_is_unpublished() -> None:
    of = networked()
    of.endpoint.expose(FRONT)
    of.sim.run(until="7s")
    assert of.network is not None
    assert not of.endpoint.can_reach("browser", "web/0/0", 80)
    before = len(of.sim.log)
    assert of.endpoint.publish(SITE) == SITE
    assert of.endpoint.ingresses("shop") == (SITE,)
    assert of.endpoint.can_reach("browser", "web/0/0", 80).rule == "ingress shop/site"
    with of.network.traffic.visit("browser", "shop.example.org") as connection:
        assert (connection.service, connection.port) == ("front.shop.svc.cluster", 8080)
    assert of.endpoint.unpublish("site", "shop") == SITE
    assert of.endpoint.ingresses() == ()
    assert events(of, before) == [("ingress:shop/site", f"ingress.{what}", "admin") for what in ("added", "removed")]


def test_s98_a_zone_gets_a_network_at_run_time_and_gives_it_back() -> None:
    of = networked()
    before, old = len(of.sim.log), of.endpoint.resolve("web", "shop")
    assert of.endpoint.set_network("shop", "10.7.0.0/24", actor="admin") == "10.7.0.0/24"
    assert of.endpoint.set_network("shop") == of.endpoint.set_network("shop", "10.7.0.0/24") == "10.7.0.0/24"  # as it is
    assert of.endpoint.networks() == {"shop": "10.7.0.0/24"}
    assert of.endpoint.resolve("web", "shop") == old  # who runs keeps the address
    assert events(of, before) == [("network:shop", "network.added", "admin")]
    of.endpoint.scale("web", 3)
    of.sim.run(until="10s")
    (new,) = set(of.endpoint.resolve("web", "shop")) - set(old)
    assert str(new) == "10.7.0.2"
    with pytest.raises(AddressesInUseError, match=r"10\.7\.0\.0/24: 1 of its addresses is in use by workloads of zone 'shop'"):
        of.endpoint.remove_network("shop")
    of.endpoint.delete("web", grace=0)
    of.sim.run(until="12s")
    before = len(of.sim.log)
    assert of.endpoint.set_network("shop", "/20") == "10.0.16.0/20"
    assert of.endpoint.remove_network("shop") == "10.0.16.0/20"
    assert of.endpoint.networks() == {}
    assert events(of, before) == [("network:shop", "network.changed", "admin"), ("network:shop", "network.removed", "admin")]
    assert dict(list(of.sim.log)[-1].data) == {"zone": "shop", "cidr": "10.0.16.0/20"}


def test_s39_the_answers_about_the_network_cannot_be_changed() -> None:
    of = networked()
    answers = [
        of.endpoint.expose(FRONT),
        of.endpoint.allow(OPEN),
        of.endpoint.publish(SITE),
        of.endpoint.can_reach("train/0/0", "web.shop"),
    ]
    for answer in answers:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(answer, dataclasses.fields(answer)[0].name, "other")


def test_s39_questions_leave_everything_as_it_is() -> None:
    of = networked()
    before, log = network_digest(of), len(of.sim.log)
    of.endpoint.services(), of.endpoint.policies(), of.endpoint.ingresses()
    of.endpoint.resolve("web", "shop"), of.endpoint.can_reach("train/0/0", "web.shop")
    assert (network_digest(of), len(of.sim.log)) == (before, log)


# -- what they refuse

REFUSED: list[tuple[Call, type[Exception], str]] = [
    (lambda e: e.expose(FRONT), OptionError, "service 'front.shop.svc.cluster' exists"),
    (lambda e: e.expose(OPEN), OptionError, "a NetworkPolicy was given; expected a Service of the network"),  # type: ignore[arg-type]
    (lambda e: e.expose(None), OptionError, "a NoneType was given"),  # type: ignore[arg-type]
    (lambda e: e.expose(FRONT, actor=""), OptionError, "expected the name of a principal"),
    (lambda e: e.unexpose("fron", "shop"), UnknownNameError, "front.shop"),
    (lambda e: e.unexpose("web", "shop"), OptionError, "'web.shop.svc.cluster' is the own name of a workload"),
    (lambda e: e.unexpose("front", "Shop"), OptionError, "zone='Shop': expected a DNS label"),
    (lambda e: e.unexpose(["front"], "shop"), UnknownNameError, "service"),  # type: ignore[arg-type]
    (lambda e: e.allow(OPEN), OptionError, "policy shop/open exists already"),
    (lambda e: e.allow(FRONT), OptionError, "a Service was given; expected a NetworkPolicy"),  # type: ignore[arg-type]
    (lambda e: e.disallow("opn", "shop"), UnknownNameError, "open"),
    (lambda e: e.disallow("open"), UnknownNameError, "zone 'default'"),
    (lambda e: e.publish(SITE), OptionError, "ingress shop/site exists already"),
    (
        lambda e: e.publish(Ingress("b", "lab", SITE.host, [{"path": "/", "service": "x"}])),
        OptionError,
        "both have host 'shop.example.org'",
    ),
    (lambda e: e.publish("site"), OptionError, "a str was given; expected a Ingress"),  # type: ignore[arg-type]
    (lambda e: e.unpublish("sit", "shop"), UnknownNameError, "site"),
    (lambda e: e.services(5), OptionError, "zone=5"),  # type: ignore[arg-type]
    (lambda e: e.policies("a\nb"), OptionError, "zone"),
    (lambda e: e.ingresses("a\nb"), OptionError, "zone"),
    (lambda e: e.resolve("fron", "shop"), UnknownNameError, "front.shop"),
    (lambda e: e.resolve("a b"), OptionError, "name='a b'"),
    (lambda e: e.can_reach("train", "web.shop"), UnknownNameError, "train/0"),
    (lambda e: e.can_reach("train/0/0", 5), OptionError, "target=5: expected the name of an end"),  # type: ignore[arg-type]
    (lambda e: e.can_reach([], "web"), OptionError, "source="),  # type: ignore[arg-type]
    (lambda e: e.can_reach("train/0/0", "web.shop", 0), OptionError, "port"),
    (lambda e: e.can_reach("train/0/0", "nobody"), UnknownNameError, "nobody"),
    (lambda e: e.can_reach("db/0/0", "none"), NoEndpointsError, "it has no members"),
    (lambda e: e.set_network("lab", "10.9.1.0/24"), NetworkOverlapError, "'lab' (10.9.1.0/24) and 'own' (10.9.0.0/16) overlap"),
    (lambda e: e.set_network("lab", "10.0.0.0/24"), AddressesInUseError, "4 of its addresses are in use by workloads of zones without"),
    (lambda e: e.set_network("lab", "11.0.0.0/24"), OptionError, "expected a network inside 10.0.0.0/8"),
    (lambda e: e.set_network("lab", "/33"), OptionError, "expected a size from '/9' to '/30'"),
    (lambda e: e.set_network("lab", "10.1.0.0/31"), OptionError, "a network this small has no address to give"),
    (lambda e: e.set_network("lab", 5), OptionError, "zones['lab']=5: expected a network"),  # type: ignore[arg-type]
    (lambda e: e.set_network("Lab"), OptionError, "zone='Lab': expected a DNS label"),
    (lambda e: e.set_network(None), OptionError, "zone=None: expected a DNS label"),  # type: ignore[arg-type]
    (lambda e: e.remove_network("onw"), UnknownNameError, "did you mean 'own'?"),
    (lambda e: e.remove_network("lab"), UnknownNameError, "unknown zone with a network of its own 'lab'"),
    (lambda e: e.fetch("nobody", "web/0/0", 5), UnknownNameError, "nobody"),
    (lambda e: e.fetch("train/0/0", 5, 5), OptionError, "source=5: expected the name of a place"),  # type: ignore[arg-type]
    (lambda e: e.fetch("train/0/0", "node-0", -1), OptionError, "MiB"),
]


@pytest.mark.parametrize(("call", "kind", "text"), REFUSED)
def test_s39_a_call_that_is_refused_changes_nothing_and_is_written_down_once(call: Call, kind: type[Exception], text: str) -> None:
    of = networked()
    of.endpoint.expose(FRONT), of.endpoint.allow(OPEN), of.endpoint.publish(SITE)
    of.endpoint.expose(Service("none", "shop", "app=nothing")), of.endpoint.set_network("own", "10.9.0.0/16")
    of.sim.run(until="7s")
    before, log = network_digest(of), len(of.sim.log)
    with pytest.raises(kind) as refused:
        call(of.endpoint)
    assert text in str(refused.value)
    assert network_digest(of) == before
    (event,) = list(of.sim.log)[log:]
    assert (event.predicate, event.data["error"]) == ("call.refused", type(refused.value).__name__)


RESERVED: list[tuple[Call, str, str]] = [
    (lambda e: e.allow(OPEN, actor="ann"), "allow", "policy shop/open"),
    (lambda e: e.disallow("open", "shop", actor="ann"), "disallow", "policy shop/open"),
    (lambda e: e.publish(SITE, actor="ann"), "publish", "ingress shop/site"),
    (lambda e: e.unpublish("site", actor="ann"), "unpublish", "ingress default/site"),
    (lambda e: e.set_network("lab", actor="ann"), "set_network", "zone lab"),
    (lambda e: e.remove_network("", actor="ann"), "remove_network", "zone default"),
]


@pytest.mark.parametrize(("call", "action", "resource"), RESERVED)
def test_s39_who_opens_a_zone_is_an_administrator(call: Call, action: str, resource: str) -> None:
    of = networked()
    before, log = network_digest(of), len(of.sim.log)
    with pytest.raises(AccessDenied):
        call(of.endpoint)
    assert network_digest(of) == before
    (event,) = list(of.sim.log)[log:]
    assert (event.subject, event.predicate) == ("principal:ann", "access.denied")
    assert dict(event.data) == {"action": action, "resource": resource}


CALLS: list[Call] = [
    lambda e: e.expose(FRONT),
    lambda e: e.unexpose("front", "shop"),
    lambda e: e.allow(OPEN),
    lambda e: e.disallow("open", "shop"),
    lambda e: e.publish(SITE),
    lambda e: e.unpublish("site", "shop"),
    lambda e: e.set_network("lab"),
    lambda e: e.remove_network("lab"),
    lambda e: e.networks(),
    lambda e: e.services(),
    lambda e: e.policies(),
    lambda e: e.ingresses(),
    lambda e: e.resolve("web"),
    lambda e: e.can_reach("a", "b"),
    lambda e: e.fetch("a", "b", 1),
]


@pytest.mark.parametrize("call", CALLS)
def test_s39_a_cluster_without_a_network_says_so(call: Call) -> None:
    of = cluster()
    with pytest.raises(OptionError, match="has no network; expected one whose description says `network:`"):
        call(of.endpoint)
    assert [event.predicate for event in of.sim.log] == ["call.refused"]


def test_s39_bytes_are_fetched_in_the_time_that_the_network_takes() -> None:
    of, calls = networked(), []
    handle = of.endpoint.fetch("web/0/0", "web/1/0", 100, on_done=lambda: calls.append(of.sim.now))
    assert (handle.mib, handle.over, handle.left_mib) == (100, False, 100)
    done: list[float] = []
    handle.wait().callbacks.append(lambda _: done.append(of.sim.now))
    of.sim.run(until="1h")
    assert handle.over and calls == done == [of.sim.log.select(predicate="transfer.finished")[0].time]
    assert repr(handle) == "TransferHandle(100 MiB: over)"


def test_s39_bytes_are_fetched_only_where_the_connection_is_allowed() -> None:
    of = networked()
    before = len(of.sim.log)
    with pytest.raises(ConnectionDeniedError, match="deny between zones"):
        of.endpoint.fetch("train/0/0", "db/0/0", 5)
    assert [predicate for _, predicate, _ in events(of, before)] == ["connection.denied", "call.refused"]
