"""S-38, S-98, A-3.3: one zone cannot reach, read or list another: by the network, by names, by rights on data, images and secrets."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import numpy as np
import pytest

import mlplat as mp
from mlplat.errors import AccessDenied, MlplatError, UnknownNameError
from mlplat.infra.endpoint import NetworkPolicy, NetworkService, Rule
from mlplat.infra.network.connections import ConnectionDeniedError
from mlplat.platform.identity import Principal, Right
from mlplat.platform.storage import digest_of
from mlplat.streams import stream

ZONES = {"a": "alpha", "b": "beta"}
"""The project of each zone."""
PASSWORD = "a password of some length"


class Apart:
    """Two zones with a network, a project, an owner and a service account each; in both there are the same things by the same names.

    `people`: the owner of each zone's project. `robots`: its service account, which holds all rights on the project in its zone only.
    """

    def __init__(self) -> None:
        network = {"topology": "leaf-spine", "external": [{"name": "dataset"}], "gateway": {"allow": ["dataset"]}}
        spec = mp.ClusterSpec.uniform(nodes=6, cpus=16, network=network)
        self.sim = mp.Simulation(seed=7)
        self.cluster = mp.Cluster(self.sim, spec, scrape_period=None)
        self.endpoint = self.cluster.endpoint
        self.platform = mp.Platform(self.cluster)
        self.people: dict[str, Principal] = {}
        self.robots: dict[str, Principal] = {}
        self.versions: dict[str, dict[str, str]] = {}
        for zone, project in ZONES.items():
            self._make_zone(zone, project)
        self.sim.run(until="10s")

    def _make_zone(self, zone: str, project: str) -> None:
        identity, platform = self.platform.identity, self.platform
        self.endpoint.set_network(zone)
        who = self.people[zone] = identity.create_user(f"{zone}-owner", actor=identity.admin)
        identity.create_project(project, owner=who, actor=identity.admin)
        robot = self.robots[zone] = identity.create_service_account(project, f"robot-{zone}", actor=who)
        identity.grant(robot, [*Right], f"project:{project}", zone=zone, actor=who)
        image = {"layers": [{"digest": digest_of(zone.encode()), "size_mib": 10}], "entry": zone}
        data = platform.data.publish(f"{project}/clicks", f"of {zone}".encode(), actor=who)
        version = platform.images.publish(f"{project}/train", image, tags=["v1"], actor=who)
        platform.scm.create_repository(f"{project}/code", actor=who)
        commit = platform.scm.commit(f"{project}/code", "main", {"a": b"1\n"}, "first", actor=who)
        inputs: dict[str, Any] = {
            "data": {"in": data.resource},
            "image": version.resource,
            "seed": 7,
        }
        run = platform.metadata.start_run(f"{project}/r1", code=f"{project}/code@{commit.id}", **inputs, actor=who)
        model = platform.models.register(f"{project}/churn", f"weights of {zone}".encode(), run=run.resource, actor=who)
        platform.metadata.finish_run(run.resource, outputs={"model": model.resource}, actor=who)
        platform.secrets.put(f"{project}/database", f"secret of {zone}", zone=zone, actor=who)
        self.versions[zone] = {"image": version.reference, "commit": commit.id}
        for name, replicas in ((f"web-{zone}", 2), (f"db-{zone}", 1)):
            work = mp.Workload(name, {"cpus": 1}, kind="service", replicas=replicas, zone=zone, labels={"app": name[:-2]})
            self.endpoint.submit(work, actor=who.id)
        self.endpoint.expose(NetworkService("front", zone, "app=web"))
        self.endpoint.submit(mp.Workload(f"job-{zone}", {"cpus": 1}, replicas=2, duration="10h", zone=zone), actor=who.id)

    def environments(self, zone: str) -> list[str]:
        """Names of all that runs in a zone."""
        assert self.cluster.network is not None
        return [each.name for each in self.cluster.network.attachments if each.zone == zone]

    def services(self, zone: str) -> list[str]:
        """Names in full of all that is served there."""
        return [f"{name}.{zone}.svc.cluster" for name in ("front", f"web-{zone}", f"db-{zone}")]


@pytest.fixture(scope="module")
def apart() -> Apart:
    """For tests that change nothing."""
    return Apart()


PAIRS = [("a", "b"), ("b", "a")]

# -- reach


def test_the_networks_of_two_zones_have_no_address_in_common_and_each_has_its_own(apart: Apart) -> None:
    networks = {zone: ip_network(cidr) for zone, cidr in apart.endpoint.networks().items()}
    assert networks.keys() == ZONES.keys() and not networks["a"].overlaps(networks["b"])
    assert apart.cluster.network is not None
    attachments = list(apart.cluster.network.attachments)
    assert len(attachments) == len({each.address for each in attachments}) == 10
    assert all(each.address in networks[each.zone] for each in attachments)


@pytest.mark.parametrize(("own", "other"), PAIRS)
def test_s38_no_environment_of_a_zone_reaches_one_or_a_service_of_the_other(own: str, other: str, apart: Apart) -> None:
    sources, targets = apart.environments(own), [*apart.environments(other), *apart.services(other)]
    assert (len(sources), len(targets)) == (5, 8)
    for source, target, port in itertools.product(sources, targets, (80, 443, 5432)):
        decision = apart.endpoint.can_reach(source, target, port)
        assert not decision and decision.reason == "BETWEEN_ZONES"
    assert all(apart.endpoint.can_reach(a, b) for a, b in itertools.permutations(sources, 2))
    assert all(apart.endpoint.can_reach(source, service) for source in sources for service in apart.services(own))


@pytest.mark.parametrize(("own", "other"), PAIRS)
def test_a3_3_each_attempt_to_connect_to_the_other_zone_is_denied_and_is_an_event(own: str, other: str) -> None:
    apart = Apart()
    network, source = apart.cluster.network, apart.environments(own)[0]
    assert network is not None
    target = apart.environments(other)[0]
    attempts: list[Callable[[], Any]] = [
        lambda: network.traffic.connect(source, apart.services(other)[0]),
        lambda: network.transfer(source, target, 1),
        lambda: network.fetch(source, target, 1),
        lambda: apart.endpoint.fetch(source, target, 1),
    ]
    for attempt in attempts:
        before = len(apart.sim.log)
        with pytest.raises(ConnectionDeniedError):
            attempt()
        assert [e.data["reason"] for e in list(apart.sim.log)[before:] if e.predicate == "connection.denied"] == ["BETWEEN_ZONES"]
    assert not network.transfers.active
    for reason in apart.endpoint.can_reach("dataset", target).reason, apart.endpoint.can_reach(source, "dataset").reason:
        assert reason in ("NOT_EXPOSED", "GATEWAY")


def test_s38_a_policy_of_one_zone_opens_that_zone_and_not_the_other() -> None:
    apart = Apart()
    apart.endpoint.allow(NetworkPolicy("in", "b", "app=web", ingress=[Rule(zones=["a"], ports=[80])]))
    sources = {zone: apart.environments(zone) for zone in ZONES}
    opened = [name for name in sources["b"] if name.startswith("web-b")]
    for a, b in itertools.product(sources["a"], sources["b"]):
        assert bool(apart.endpoint.can_reach(a, b, 80)) == (b in opened)
        assert not apart.endpoint.can_reach(a, b, 443) and not apart.endpoint.can_reach(b, a, 80)
    apart.endpoint.disallow("in", "b")
    assert not any(apart.endpoint.can_reach(a, b, 80) for a, b in itertools.product(sources["a"], sources["b"]))


def test_s38_zones_that_come_and_go_at_random_are_apart_at_every_instant() -> None:
    draw = stream(7, "zones that come and go")
    apart = Apart()
    network = apart.cluster.network
    assert network is not None
    living: dict[str, str] = {}
    for number in range(300):
        zone = f"z{draw.integers(6)}"
        match draw.integers(5):
            case 0:
                apart.endpoint.set_network(zone, str(draw.choice(["/22", "/24", "/28"])) if zone not in apart.endpoint.networks() else None)
            case 1 if zone in apart.endpoint.networks():
                used = network.addresses.in_use(zone)
                try:
                    apart.endpoint.remove_network(zone)
                except MlplatError:
                    assert used
            case 2 if living:
                name = str(draw.choice(list(living)))
                apart.endpoint.delete(name, grace=0)
                del living[name]
            case _ if len(living) < 12:
                apart.endpoint.submit(mp.Workload(f"w{number}", {"cpus": 1}, replicas=2, duration="1d", zone=zone))
                living[f"w{number}"] = zone
        apart.sim.run(until=apart.sim.now + float(draw.choice((0.0, 1.0, 20.0))))
        there = list(network.attachments)
        assert len({each.address for each in there}) == len(there)
        for a, b in draw.choice(np.array(len(there)), size=(20, 2)) if len(there) > 1 else ():
            decision = apart.endpoint.can_reach(there[a].name, there[b].name)
            assert bool(decision) == (there[a].zone == there[b].zone)
        networks = [ip_network(cidr) for cidr in apart.endpoint.networks().values()]
        assert not any(one.overlaps(two) for one, two in itertools.combinations(networks, 2))


# -- names


@pytest.mark.parametrize(("own", "other"), PAIRS)
def test_a_name_without_a_zone_leads_to_ones_own_zone_and_nowhere_else(own: str, other: str, apart: Apart) -> None:
    here = apart.endpoint.resolve("front", own)
    assert here == apart.endpoint.resolve(f"web-{own}", own) and len(here) == 2
    assert set(here).isdisjoint(apart.endpoint.resolve("front", other))
    for name in (f"web-{other}", f"db-{other}", f"job-{other}"):
        with pytest.raises(UnknownNameError):
            apart.endpoint.resolve(name, own)
        with pytest.raises(UnknownNameError):
            apart.endpoint.resolve(f"0.{name}", own)
        with pytest.raises(UnknownNameError):
            apart.endpoint.can_reach(apart.environments(own)[0], name)


# -- read, write and list


def _calls(apart: Apart, zone: str) -> list[Callable[[Principal], Any]]:
    """Every way to read or change what a zone's project has, that of its secrets in its zone, which its owner can go."""
    platform, project, at = apart.platform, ZONES[zone], apart.versions[zone]
    data, images, models, scm = platform.data, platform.images, platform.models, platform.scm
    metadata, secrets, identity = platform.metadata, platform.secrets, platform.identity
    return [
        lambda who: data.read(f"{project}/clicks", actor=who),
        lambda who: data.describe(f"{project}/clicks@1", actor=who),
        lambda who: data.preview(f"{project}/clicks", actor=who),
        lambda who: data.snapshots(f"{project}/clicks", actor=who),
        lambda who: data.publish(f"{project}/clicks", b"mine", actor=who),
        lambda who: data.derive(f"{project}/more", b"mine", parents=[f"{project}/clicks@1"], code="c", actor=who),
        lambda who: data.tag(f"{project}/clicks@1", "mine", actor=who),
        lambda who: images.resolve(f"{project}/train@v1", actor=who),
        lambda who: images.pull(at["image"], actor=who),
        lambda who: images.manifest(at["image"], actor=who),
        lambda who: images.tag(at["image"], "mine", actor=who),
        lambda who: models.load(f"{project}/churn", actor=who),
        lambda who: models.resolve(f"{project}/churn@1", actor=who),
        lambda who: models.deployable(f"{project}/churn@1", actor=who),
        lambda who: models.set_alias(f"{project}/churn@1", "mine", actor=who),
        lambda who: scm.checkout(f"{project}/code@main", actor=who),
        lambda who: scm.read(f"{project}/code@main", "a", at=at["commit"], actor=who),
        lambda who: scm.objects(f"{project}/code@main", actor=who),
        lambda who: scm.commit(f"{project}/code", "main", {"b": b"2"}, "mine", actor=who),
        lambda who: metadata.run(f"{project}/r1", actor=who),
        lambda who: metadata.lineage(f"{project}/churn@1", actor=who),
        lambda who: metadata.impact(f"dataset:{project}/clicks@1", actor=who),
        lambda who: metadata.start_run(f"{project}/mine", actor=who),
        lambda who: platform.capsules.export(f"{project}/churn@1", actor=who),
        lambda who: identity.members(project, actor=who),
        lambda who: identity.grants_on(f"project:{project}", actor=who),
        lambda who: secrets.get(f"{project}/database", zone=zone, actor=who),
        lambda who: secrets.versions(f"{project}/database", zone=zone, actor=who),
        lambda who: secrets.put(f"{project}/database", "mine", zone=zone, actor=who),
        lambda who: secrets.for_workload(f"{project}/database", f"job-{zone}", zone=zone, actor=who),
        lambda who: secrets.delete(f"{project}/database", zone=zone, actor=who),
    ]


def _kept(apart: Apart) -> list[Any]:
    store = apart.platform.store
    return [(name, tuple(store.records(name))) for name in store.journals() if name != "audit"] + [tuple(store.digests())]


@pytest.mark.parametrize(("own", "other"), PAIRS)
def test_nobody_of_a_zone_reads_or_changes_what_the_other_has(own: str, other: str) -> None:
    apart = Apart()
    identity, owner, calls = apart.platform.identity, apart.people[own], _calls(apart, other)
    identity.set_password(owner, PASSWORD, actor=identity.admin)
    token: Any = identity.authenticate(owner.name, PASSWORD).token
    before = _kept(apart)
    for who in (owner, apart.robots[own], token):
        for number, call in enumerate(calls):
            log = len(apart.sim.log)
            with pytest.raises(AccessDenied):
                call(who)
            assert [event.predicate for event in list(apart.sim.log)[log:]] == ["access.denied"], number
    assert _kept(apart) == before
    apart.platform.data.publish(f"{ZONES[other]}/clicks", b"2", actor=apart.people[other])
    for call in calls:
        call(apart.people[other])  # who may, can: the calls were not refused for another reason


@pytest.mark.parametrize(("own", "other"), PAIRS)
def test_what_a_zone_lists_and_searches_has_nothing_of_the_other(own: str, other: str, apart: Apart) -> None:
    platform, project = apart.platform, ZONES[other]
    lists: list[Callable[[Any], Any]] = [
        lambda who: platform.data.list(actor=who),
        lambda who: platform.data.search("", actor=who),
        lambda who: platform.images.list(actor=who),
        lambda who: platform.images.search("", actor=who),
        lambda who: platform.images.storage(actor=who),
        lambda who: platform.models.list(actor=who),
        lambda who: platform.models.search(actor=who),
        lambda who: platform.scm.list(actor=who),
        lambda who: platform.metadata.search(actor=who),
        lambda who: platform.metadata.count(actor=who),
        lambda who: platform.secrets.list(actor=who),
        lambda who: platform.secrets.list(project, zone=other, actor=who),
        lambda who: platform.identity.grants_of(actor=who),
        lambda who: platform.identity.audit(actor=who),
    ]
    for who in (apart.people[own], apart.robots[own]):
        for ask in lists:
            assert project not in repr(ask(who)) and f"of {other}" not in repr(ask(who))
    counted = platform.metadata.count(actor=apart.people[own]), platform.images.storage(actor=apart.people[own])
    assert counted == (platform.metadata.count(actor=apart.people[other]), platform.images.storage(actor=apart.people[other]))


@pytest.mark.parametrize(("own", "other"), PAIRS)
def test_no_workload_of_a_zone_starts_from_an_image_of_the_other(own: str, other: str) -> None:
    apart = Apart()
    who = apart.people[own]
    project = ZONES[other]
    said = set()
    for image in (f"{project}/train@v1", apart.versions[other]["image"], f"{project}/train@none", f"{project}/none@v1"):
        with pytest.raises(AccessDenied) as refused:
            apart.endpoint.submit(mp.Workload("thief", {"cpus": 1}, duration="1h", image=image, zone=own), actor=who.id)
        said.add(str(refused.value).replace(image, "IMAGE"))
    assert len(said) == 1, "what is there looks like what is not"
    with pytest.raises(AccessDenied):
        digest = apart.versions[other]["image"].partition("@")[2]
        apart.endpoint.submit(mp.Workload("thief", {"cpus": 1}, duration="1h", image=digest, zone=own), actor=who.id)
    started = apart.endpoint.submit(
        mp.Workload("own", {"cpus": 1}, duration="1h", image=apart.versions[own]["image"], zone=own), actor=who.id
    )
    apart.sim.run(until="1m")
    assert started.status.value == "running"


# -- secrets of one project in two zones


def test_who_holds_a_secret_in_one_zone_holds_it_in_no_other_of_the_same_project() -> None:
    apart = Apart()
    secrets, identity, owner = apart.platform.secrets, apart.platform.identity, apart.people["a"]
    secrets.put("alpha/database", "of another zone", zone="c", actor=owner)
    secrets.put("alpha/database", "of the project", actor=owner)
    robot = apart.robots["a"]
    assert secrets.get("alpha/database", zone="a", actor=robot).text == "secret of a"
    narrow = identity.create_token({"secret:alpha/*": "read"}, zone="a", actor=owner).token
    for who in (robot, narrow):
        assert secrets.get("alpha/database", zone="a", actor=who).text == "secret of a"
        for zone in ("", "b", "c"):
            with pytest.raises(AccessDenied):
                secrets.get("alpha/database", zone=zone, actor=who)
        assert [each.zone for each in secrets.list(actor=who)] == ["a"]
    for workload, zone in itertools.product(("job-a", "job-b"), ("a", "b", "c", "")):
        if (workload, zone) != ("job-a", "a"):
            with pytest.raises(UnknownNameError):
                secrets.for_workload("alpha/database", workload, zone=zone, actor=owner)
    assert secrets.for_workload("alpha/database", "job-a", zone="a", actor=owner).text == "secret of a"
