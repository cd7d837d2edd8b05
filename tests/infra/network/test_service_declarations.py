"""Declaring services and adding members: what is listed and found, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from mlplat.errors import MlplatError, OptionError, UnknownNameError
from mlplat.infra.network.names import UnknownServiceError
from mlplat.infra.network.service_registry import ServiceRegistry
from mlplat.infra.network.services import Service

from .registries import addresses, members, registry


def test_declared_services_are_listed_and_found() -> None:
    _, of = registry()
    services = [Service("b", "z", "app=b"), Service("a", "", {"app": "a"}, 443, 8443, "random")]
    for service in services:
        of.create(service)
    assert of.list() == tuple(services) and of.list("z") == (services[0],) and of.list("default") == (services[1],)
    assert of.get("a") is services[1] and of.get("a", "default") is services[1]
    assert [endpoint.address for endpoint in of.endpoints("a")] == []
    with pytest.raises(OptionError, match=r"service 'b\.z\.svc\.cluster' exists"):
        of.create(Service("b", "z", "app=c"))
    with pytest.raises(OptionError, match="expected a Service"):
        of.create("b")  # type: ignore[arg-type]
    with pytest.raises(UnknownServiceError, match=r"unknown service 'c\.z'"):
        of.delete("c", "z")
    of.add_workload("w")
    for verb in (of.get, of.delete):
        with pytest.raises(OptionError, match="is the own name of a workload"):
            verb("w")
    with pytest.raises(OptionError, match="has its name already"):
        of.add_workload("w")
    with pytest.raises(OptionError, match="is not kept"):
        of.remove_workload("a")
    of.delete("a")
    assert of.list() == (services[0],)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": "Web"}, "name='Web': expected a DNS label"),
        ({"zone": "a b"}, "zone='a b': expected a DNS label"),
        ({"selector": ""}, "selector: expected at least one condition"),
        ({"selector": {}}, "selector: expected at least one condition"),
        ({"selector": "a=b=c"}, "selector: labels: 'a=b=c' is no condition"),
        ({"selector": {"a": 1}}, "selector: labels: expected a mapping of text to text"),
        ({"selector": "a=\x1b[2J"}, r"selector: labels\['a'\]="),
        ({"selector": 7}, "selector: labels=7"),
        ({"port": 0}, "port=0: expected a port from 1 to 65535"),
        ({"port": True}, "port=True"),
        ({"target_port": 65536}, "target_port=65536"),
        ({"target_port": "80"}, "target_port='80'"),
        ({"balancing": "random-robin"}, "unknown balancing 'random-robin'; did you mean"),
    ],
)
def test_a_service_that_is_none_is_refused_by_field(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(MlplatError, match=told) as caught:
        Service(**({"name": "web", "selector": "app=web"} | fields))
    assert str(caught.value).isprintable()


def test_a_service_says_its_selector_in_one_way() -> None:
    given = Service("web", "a", "app = web, tier!=test,team,!old")
    assert given.selector == "app=web,tier!=test,team,!old"
    assert Service("web", "a", given.selector) == given and hash(given) == hash(Service("web", "a", given.selector))
    assert Service("web", selector={"app": "web"}) == Service("web", "default", "app=web", 80, 80)
    assert given.chooses({"app": "web", "team": "x"}) and not given.chooses({"app": "web", "team": "x", "old": ""})


def test_members_that_cannot_be_are_refused_and_nothing_changes() -> None:
    sim, of = registry()
    members(of, 1)
    good: dict[str, Any] = {"name": "x/0", "zone": "a", "labels": {}, "address": "10.0.0.9", "node": "n"}
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"name": "web/0"}, r"member 'web/0' exists at 10\.0\.0\.2"),
        ({"address": "10.0.0.2"}, r"member 'x/0': address 10\.0\.0\.2 is that of 'web/0'"),
        ({"address": "10.0.0"}, "address='10.0.0': expected an address"),
        ({"name": "a\nb"}, "member="),
        ({"name": ""}, "member="),
        ({"name": "X/0"}, "name='X': expected a DNS label"),
        ({"zone": "a b"}, "zone='a b'"),
        ({"labels": {"a b": "c"}}, "labels: 'a b' is no key"),
        ({"node": ""}, "node="),
        ({"replica": -1}, "replica=-1"),
        ({"replica": "0"}, "replica='0'"),
        ({"cause": 99}, "cause=99"),
    ]
    for change, told in wrong:
        with pytest.raises(OptionError, match=told):
            of.add_member(**(good | change))
    for verb in (of.remove_member, lambda name: of.set_ready(name, True)):
        with pytest.raises(UnknownNameError, match="unknown member 'wbe/0'; did you mean 'web/0'"):
            verb("wbe/0")
    with pytest.raises(OptionError, match="propagation_delay: not a duration"):
        ServiceRegistry(sim, -1)
    of.add_member(**good)
    sim.run(until=2)
    assert addresses(of, "web", "a") == ["10.0.0.2"] and of.endpoints("x", "a") == ()
