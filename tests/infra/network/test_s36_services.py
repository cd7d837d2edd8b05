"""S-36: a name leads to the ready replicas, requests are spread over them, and each change is seen within the propagation delay."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from mlplat.errors import MlplatError
from mlplat.infra.network.names import UnknownServiceError
from mlplat.infra.network.services import NoEndpointsError, Service

from .registries import addresses, members, registry


def test_s36_after_a_relocation_the_name_leads_to_the_new_address_within_the_delay() -> None:
    sim, of = registry()
    of.add_workload("train", "a")
    of.add_member("train/0", "a", {}, "10.0.0.2", "node-0", ready=True)
    sim.run(until="10s")
    assert addresses(of, "train.a.svc.cluster") == ["10.0.0.2"]
    failed = sim.emit("node:node-0", "node.failed", source="hardware")
    of.remove_member("train/0", cause=failed)
    assert of.pick("train", "a").node == "node-0"  # not known yet
    sim.run(until="10.999s")
    assert addresses(of, "train", "a") == ["10.0.0.2"]
    sim.run(until="11s")
    with pytest.raises(NoEndpointsError, match=r"train\.a\.svc\.cluster: 0/0 endpoints ready: it has no members"):
        of.pick("train", "a")
    sim.run(until="20s")
    of.add_member("train/0", "a", {}, "10.0.0.3", "node-1")
    sim.run(until="30s")
    assert addresses(of, "train", "a") == []
    started = sim.emit("runtime:train/0", "runtime.started", source="virtualization")
    of.set_ready("train/0", True, cause=started)
    sim.run(until="31s")
    assert addresses(of, "train", "a") == ["10.0.0.3"]
    told = [(e.time, e.predicate, dict(e.data), e.cause, e.source) for e in sim.log.select(predicate="endpoint.*")]
    name = "train.a.svc.cluster"
    assert told == [
        (1.0, "endpoint.added", {"service": name, "address": "10.0.0.2", "node": "node-0"}, None, "network"),
        (11.0, "endpoint.removed", {"service": name, "address": "10.0.0.2", "node": "node-0"}, failed.id, "network"),
        (31.0, "endpoint.added", {"service": name, "address": "10.0.0.3", "node": "node-1"}, started.id, "network"),
    ]
    assert {e.subject for e in sim.log.select(predicate="endpoint.*")} == {f"service:{name}"}


@pytest.mark.parametrize("balancing", ["round-robin", "least-connections", "random"])
@pytest.mark.parametrize("delay", [0.0, 0.25])
def test_s36_no_request_goes_to_a_replica_that_is_known_to_be_unready(balancing: str, delay: float) -> None:
    sim, of = registry(delay, seed=5)
    of.create(Service("front", "a", "app=web", balancing=balancing))
    members(of, 5, ready=False)
    changed = {f"web/{i}": (False, 0.0) for i in range(5)}
    before = dict(changed)
    draws = sim.stream("test")
    requests: list[str] = []

    def flap() -> None:
        name = f"web/{draws.integers(5)}"
        ready = bool(draws.random() < 0.6)
        if changed[name][0] is not ready:
            before[name] = changed[name]
            changed[name] = (ready, sim.now)
            of.set_ready(name, ready)

    def ask() -> None:
        try:
            connection = of.pick("front", "a")
        except NoEndpointsError:
            return
        ready, since = changed[connection.member]
        known = ready if sim.now >= since + delay else before[connection.member][0]
        assert known
        requests.append(connection.member)
        sim.after(float(draws.exponential(0.2)), connection.close)

    sim.every(0.3, flap)  # one replica changes at most once in a delay
    sim.every(0.01, ask)
    sim.run(until=100)
    assert set(requests) == set(changed) and len(requests) > 5000


def test_s36_a_change_is_the_first_thing_that_is_seen_in_its_instant() -> None:
    sim, of = registry()
    seen: list[list[str]] = []
    for second in (1.0, 6.0):
        sim.at(second, lambda: seen.append(addresses(of, "web", "a")))
    members(of, 1)
    sim.run(until=5)
    of.set_ready("web/0", False)
    sim.run(until=6)
    assert seen == [["10.0.0.2"], []]


def test_s36_with_no_delay_a_change_is_seen_at_once() -> None:
    _, of = registry("0s")
    members(of, 2)
    assert addresses(of, "web.a") == ["10.0.0.2", "10.0.0.3"]
    of.set_ready("web/0", False)
    assert addresses(of, "web.a") == ["10.0.0.3"]


def test_s36_requests_are_spread_over_the_ready_replicas() -> None:
    sim, of = registry()
    of.create(Service("front", "a", "app=web", port=80, target_port=8080))
    members(of, 4)
    of.add_member("web/9", "b", {"app": "web"}, "10.0.1.2", "node-9", ready=True)
    of.add_member("db/0", "a", {"app": "db"}, "10.0.0.100", "node-9", ready=True)
    sim.run(until=2)
    picked = [of.pick("front", "a", client="user") for _ in range(12)]
    assert Counter(each.member for each in picked) == {f"web/{i}": 3 for i in range(4)}
    assert {(each.service, each.port, each.client) for each in picked} == {("front.a.svc.cluster", 8080, "user")}
    assert of.pick("db", "a").port is None


def test_s36_why_there_is_no_endpoint() -> None:
    sim, of = registry()
    of.create(Service("front", "a", "app=web"))
    members(of, 3, ready=False)
    of.set_ready("web/0", True)
    with pytest.raises(NoEndpointsError, match=r"front\.a\.svc\.cluster: 0/3 endpoints ready: 2 starting, 1 ready but not seen yet"):
        of.pick("front", "a")
    sim.run(until=2)
    of.set_ready("web/0", False)
    sim.run(until=4)
    with pytest.raises(NoEndpointsError, match=r"0/3 endpoints ready: 2 starting, 1 unready") as caught:
        of.pick("front.a")
    assert (caught.value.members, caught.value.starting, caught.value.unready, caught.value.unseen) == (3, 2, 1, 0)
    with pytest.raises(NoEndpointsError, match=r"0\.web\.a\.svc\.cluster: 0/1 endpoints ready: 1 unready"):
        of.pick("0.web.a")


def test_s36_a_replica_has_a_name_of_its_own() -> None:
    sim, of = registry()
    members(of, 3)
    of.add_member("db", "a", {}, "10.0.0.90", "node-9", ready=True)
    of.add_member("odd/x", "a", {}, "10.0.0.91", "node-9", ready=True)
    of.add_member("api/2.1/0", "a", {}, "10.0.0.92", "node-9", ready=True)
    of.add_member("own", "a", {}, "10.0.0.93", "node-9", ready=True, workload="api", replica=7)
    sim.run(until=1)
    assert addresses(of, "1.web.a.svc.cluster") == ["10.0.0.3"]
    assert addresses(of, "0.db", "a") == ["10.0.0.90"]
    assert addresses(of, "odd", "a") == ["10.0.0.91"] and addresses(of, "0.odd", "a") == []
    assert [addresses(of, f"{i}.api", "a") for i in (0, 2, 7)] == [[], ["10.0.0.92"], ["10.0.0.93"]]
    assert of.pick("2.web.a", client="x").member == "web/2"
    of.remove_member("web/1")
    of.add_member("web/2.1", "a", {}, "10.0.0.94", "node-9", ready=True)
    sim.run(until=2)
    assert addresses(of, "1.web.a") == []
    assert addresses(of, "2.web.a") == ["10.0.0.94"]  # the newest of two
    with of.pick("0.web.a") as connection:
        assert connection.is_open
    assert not connection.is_open


def test_s36_a_workload_has_its_name_as_long_as_it_has_members_or_is_kept() -> None:
    sim, of = registry()
    members(of, 1)
    sim.run(until=1)
    of.remove_member("web/0")
    assert addresses(of, "web.a") == ["10.0.0.2"]
    sim.run(until=2)
    with pytest.raises(UnknownServiceError, match=r"unknown service 'web\.a'; there is none yet$"):
        of.resolve("web.a")
    of.add_workload("web", "a")
    assert addresses(of, "web.a") == []
    members(of, 1)
    sim.run(until=3)
    of.remove_workload("web", "a")
    assert addresses(of, "web.a") == ["10.0.0.2"]
    of.remove_member("web/0")
    sim.run(until=4)
    with pytest.raises(UnknownServiceError):
        of.resolve("web.a")
    of.add_workload("web", "a")
    of.remove_workload("web", "a")
    with pytest.raises(UnknownServiceError):
        of.resolve("web.a")


def test_s36_a_member_that_was_ready_for_less_than_the_delay_is_seen_for_as_long() -> None:
    sim, of = registry()
    members(of, 1)
    sim.run(until=0.5)
    of.remove_member("web/0")
    assert addresses(of, "web.a") == []
    sim.run(until=1)
    assert addresses(of, "web.a") == ["10.0.0.2"]
    sim.run(until=1.5)
    assert [(e.time, e.predicate) for e in sim.log] == [(1.0, "endpoint.added"), (1.5, "endpoint.removed")]


def test_s36_a_declared_service_goes_before_a_workload_of_its_name() -> None:
    sim, of = registry()
    members(of, 2)
    of.add_member("api/0", "a", {"app": "web"}, "10.0.0.50", "node-5", ready=True)
    of.add_member("old/0", "a", {"app": "old"}, "10.0.0.60", "node-6", ready=True)
    sim.run(until=1)
    of.create(Service("web", "a", "app=web", balancing="least-connections"))
    of.create(Service("old", "a", "app=web"))
    assert addresses(of, "web.a") == ["10.0.0.2", "10.0.0.3"]
    assert [of.pick("web.a").member for _ in range(3)] == ["web/0", "web/1", "web/0"]
    sim.run(until=2)
    assert addresses(of, "web.a") == ["10.0.0.2", "10.0.0.3", "10.0.0.50"]
    assert addresses(of, "old.a") == ["10.0.0.2", "10.0.0.3", "10.0.0.50"]
    of.delete("web", "a")
    of.delete("old", "a")
    sim.run(until=3)
    assert addresses(of, "web.a") == ["10.0.0.2", "10.0.0.3"]
    assert addresses(of, "old.a") == ["10.0.0.60"]


def test_s36_the_log_tells_at_each_instant_what_a_name_leads_to() -> None:
    sim, of = registry(0.7, seed=3)
    draws = sim.stream("test")
    told: dict[str, list[str]] = {}

    def follow(event: Any) -> None:
        of_name = told.setdefault(event.data["service"], [])
        (of_name.append if event.predicate == "endpoint.added" else of_name.remove)(event.data["address"])

    sim.log.subscribe("endpoint.*", follow)
    for step in range(800):
        name = f"w{draws.integers(4)}/{draws.integers(3)}"
        try:
            match int(draws.integers(6)):
                case 0 | 1:
                    of.add_member(name, "a", {"app": name[:2], "tier": name[-1]}, f"10.0.{step // 250}.{step % 250 + 2}", "n", ready=True)
                case 2:
                    of.remove_member(name)
                case 3:
                    of.set_ready(name, bool(draws.random() < 0.5))
                case 4:
                    rules = ["app=w1", "tier=0,app=w2", "!app", "tier", "tier!=1", "app=w0,tier!=2"]
                    of.create(Service(f"w{draws.integers(6)}", "a", rules[draws.integers(6)]))
                case 5:
                    of.delete(f"w{draws.integers(6)}", "a")
        except MlplatError:
            pass
        sim.run(until=sim.now + 0.1 * int(draws.integers(4)))
        for service, expected in told.items():
            try:
                found = addresses(of, service)
            except UnknownServiceError:
                found = []
            assert sorted(found) == sorted(expected)


def test_s36_deleting_a_service_takes_its_name_and_endpoints_at_once() -> None:
    sim, of = registry()
    of.create(Service("front", "a", "app=web"))
    members(of, 2)
    sim.run(until=1)
    connection = of.pick("front.a")
    members_now = sim.emit("service:front", "service.removed", source="test")
    of.delete("front", "a", cause=members_now)
    with pytest.raises(UnknownServiceError, match=r"unknown service 'front\.a'. Known: web\.a"):
        of.resolve("front.a")
    removed = sim.log.select(predicate="endpoint.removed")
    assert [(e.time, e.data["address"], e.cause) for e in removed] == [(1.0, f"10.0.0.{i}", members_now.id) for i in (2, 3)]
    connection.close()
    sim.run(until=5)
    assert len(sim.log.select(predicate="endpoint.removed")) == 2


def test_a_subscriber_may_change_members_while_a_change_is_told() -> None:
    sim, of = registry(0.0)
    of.create(Service("front", "a", "app=web"))
    sim.log.subscribe("endpoint.added", lambda event: of.set_ready("web/0", False))
    members(of, 1)
    assert addresses(of, "web.a") == addresses(of, "front.a") == []
    kinds = [(e.predicate, e.data["service"][:3]) for e in sim.log]
    assert kinds == [(f"endpoint.{what}", name) for what in ("added", "removed") for name in ("web", "fro")]
