"""S-113, S-114: the log is a record of everything that changed, and each event has a cause that ends outside.

What events do not carry: zone and request of a workload (`workload.submitted` has no data), options and replicas of services, options of
watches, the rest of a zone (idle time, cohort, weight), and contents, of which they have digests.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

import mlplat as mp

from ..states import differing, state_of
from .test_ip08_retraining import changed, running
from .worlds import API, Shop

OUTSIDE = (
    *("grant.*", "quota.*", "zone.*", "network.*", "artifact.*", "alias.moved", "metadata.recorded", "commit.pushed", "watch.*"),
    *("pipelinerun.queued", "approval.*", "access.denied", "workload.submitted", "service.*", "canary.started", "window.evaluated"),
    *("secret.put", "capsule.*", "reproduction.started"),
    *("node.failed", "node.recovered", "retraining.*", "incident.*"),
)
"""What a call, traffic from outside or a failure makes. Never: what is bound, started, judged or finished."""


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A platform on which much has happened: a model was trained again, a node has died, a zone has come and gone, a model is watched and
    was reproduced, a capsule was written and read."""
    shop = running()
    platform = shop.platform
    platform.monitoring.watch(API, account=shop.robot, rows=500, actor=shop.ada)
    platform.secrets.put("shop/key", "0123", actor=shop.ada)
    capsule = tmp_path_factory.mktemp("lived") / "model.capsule"
    platform.capsules.export("shop/churn@1", capsule, actor=shop.ada)
    platform.identity.create_project("lab", owner=shop.eve, actor=shop.admin)
    platform.capsules.import_file(capsule, project="lab", actor=shop.eve)
    shop.sim.run(until=platform.reproduction.start("shop/churn@1", actor=shop.ada).wait())
    zones = shop.platform.zones
    zones.create_deployment("shop", "brief", {"cpus": 0}, {"cpus": 8}, actor=shop.admin)
    zones.create_deployment("shop", "spare", {"cpus": 0}, {"cpus": 8}, actor=shop.admin)
    zones.resize("spare", limit={"cpus": 12}, actor=shop.admin)
    zones.delete("brief", actor=shop.admin)
    zones.submit("ada-dev", mp.Workload("notebook", {"cpus": 2}, duration="40h"), actor=shop.ada)
    changed(shop)
    shop.wait("5m")
    shop.cluster.hardware.crash(shop.events("workload.bound")[-1].data["nodes"][0])
    shop.wait("3h")
    return shop


def test_s113_folding_the_journals_gives_the_state_that_stands_of_every_component(lived: Shop) -> None:
    sim, empty = mp.Simulation(seed=7), state_of(mp.Platform())
    sim.run(until=lived.sim.now)
    before = state_of(lived.platform)
    again = mp.Platform(sim, store=lived.platform.store, level=0)
    sim.run(until=sim.now)  # watches join their services
    after = state_of(again)
    assert before.keys() == after.keys() == empty.keys() and len(before) == 19
    for name in before:
        assert differing(before[name], after[name], name) == ""
    untouched = {name for name in before if differing(before[name], empty[name], name) == ""}
    assert untouched == {"identity"}, "what it knows is the state of the authorization"


def test_s113_events_alone_give_zones_versions_aliases_workloads_and_services(lived: Shop) -> None:
    zones: dict[str, tuple[Any, Any]] = {}
    versions: dict[str, set[str]] = {"dataset": set(), "model": set(), "image": set(), "pipeline": set()}
    aliases: dict[str, Any] = {}
    workloads: dict[str, str] = {}
    services: dict[str, str] = {}
    for event in lived.sim.log:
        data, name = event.data, event.name
        match event.predicate:
            case "zone.created":
                zones[name.rpartition("/")[2]] = (dict(data["guarantee"]), dict(data["limit"]))
            case "zone.modified":
                old = zones[name.rpartition("/")[2]]
                now = [dict(data[key]["after"]) if key in data else was for key, was in zip(("guarantee", "limit"), old, strict=True)]
                zones[name.rpartition("/")[2]] = (now[0], now[1])
            case "zone.deleted":
                del zones[name.rpartition("/")[2]]
            case "artifact.published" if data["kind"] in versions:
                versions[data["kind"]].add(name)
            case "artifact.deleted" if data["kind"] in versions:
                versions[data["kind"]].discard(name)
            case "alias.moved":
                aliases[f"{event.subject}@{data['alias']}"] = data["after"]
            case "workload.submitted":
                workloads[name] = "pending"
            case "workload.bound":
                workloads[name] = "running"
            case "workload.requeued" | "workload.preempted" | "workload.held":
                workloads[name] = "pending"
            case "workload.finished":
                workloads[name] = "over"
            case "service.deployed" | "service.upgraded" | "service.rolledback":
                services[name] = str(data[data["kind"]]).partition(":")[2]
            case "service.removed":
                services.pop(name, None)
    platform, admin = lived.platform, lived.admin
    assert zones == {zone.name: (dict(zone.guarantee), dict(zone.limit)) for zone in platform.zones.list(actor=admin)}
    models = {version.reference for name in platform.models.list(actor=admin) for version in platform.models.versions(name, actor=admin)}
    assert versions["model"] == models
    data = {version.reference for each in platform.data.list(actor=admin) for version in platform.data.versions(each.name, actor=admin)}
    assert versions["dataset"] == data
    assert versions["image"] == {image.reference for image in platform.images.list(actor=admin)}
    assert versions["pipeline"] == {each.reference for name in ["shop/train"] for each in platform.orchestrator.versions(name, actor=admin)}
    assert aliases["model:shop/churn@production"] == platform.models.aliases("shop/churn", actor=admin)["production"]
    running = [each.name for each in lived.cluster.endpoint.list() if each.status.value == "running"]
    parts = [part for name in running for part in lived.cluster.endpoint.describe(name).parts]
    live = {part.job: part.status.value for part in parts if part.status.value == "running"}
    assert {name: state for name, state in workloads.items() if state != "over"} == live
    assert services == {each.name: each.current.what for each in platform.cd.list(actor=admin) if each.current is not None}
    assert services[API] == "shop/churn@2"


def test_s113_no_event_is_ever_changed_or_removed(lived: Shop) -> None:
    lines = list(lived.sim.log.lines())
    lived.wait("1m")
    assert list(lived.sim.log.lines())[: len(lines)] == lines
    with pytest.raises((TypeError, AttributeError)):
        lived.sim.log[0] = lived.sim.log[1]  # type: ignore[index]
    with pytest.raises((TypeError, AttributeError)):
        lived.sim.log[0].data["grantee"] = "eve"  # type: ignore[index]


def test_s114_every_event_has_an_actor_and_its_causes_end_outside(lived: Shop) -> None:
    log = lived.sim.log
    assert log.check(outside=OUTSIDE) == []
    known = {each.id for each in lived.platform.identity.principals(actor=lived.admin)}
    components = {*lived.platform.components, "system", "admin", "cluster", "monitoring"}
    assert {event.actor for event in log} <= known | components
    for event in log:
        times = [event.time, *(cause.time for cause in log.causes(event))]
        assert times == sorted(times, reverse=True)
    bound = Counter(log.causes(event)[-1].predicate for event in log if event.predicate == "workload.requeued")
    assert set(bound) == {"node.failed"}
