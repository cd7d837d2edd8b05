"""The Management Endpoint allows in a zone what the Zone Manager allows, and no more."""

from __future__ import annotations

import pytest

import mlplat as mp
from mlplat.errors import AccessDenied
from mlplat.infra.endpoint import ManagementEndpoint
from mlplat.platform.identity import Principal


def work(name: str, zone: str) -> mp.Workload:
    return mp.Workload(name, {"cpus": 1}, duration="1h", zone=zone)


@pytest.fixture
def people() -> tuple[mp.Platform, ManagementEndpoint, Principal, Principal]:
    """A cluster with the zone of ada and one of the project of bob."""
    cluster = mp.Cluster(mp.Simulation(), mp.ClusterSpec.parse("2x8xV100"), scrape_period=None)
    platform = mp.Platform(cluster)
    ada, bob = (platform.identity.create_user(name, actor=platform.admin) for name in ("ada", "bob"))
    platform.identity.create_project("shop", owner=bob, actor=platform.admin)
    platform.zones.create_development(ada, {"cpus": 4}, actor=platform.admin)
    platform.zones.create_deployment("shop", "prod", {"cpus": 4}, actor=platform.admin)
    return platform, cluster.endpoint, ada, bob


def test_s101_another_developer_starts_nothing_by_the_endpoint_either(
    people: tuple[mp.Platform, ManagementEndpoint, Principal, Principal],
) -> None:
    platform, endpoint, ada, bob = people
    endpoint.submit(work("hers", "ada-dev"), actor=ada.id)
    for actor in (bob.id, platform.identity.create_user("eve", actor=platform.admin).id, "nobody"):
        with pytest.raises(AccessDenied, match="ada-dev"):
            endpoint.submit(work("thief", "ada-dev"), actor=actor)
    manifest = endpoint.to_manifest("hers").replace("hers", "thief")
    with pytest.raises(AccessDenied, match="ada-dev"):
        endpoint.apply(manifest, actor=bob.id)
    with pytest.raises(AccessDenied, match="prod"):
        endpoint.submit(work("thief", "prod"), actor=ada.id)
    assert [each.name for each in endpoint.list()] == ["hers"]
    assert endpoint.submit(work("theirs", "prod"), actor=bob.id).name == "theirs"
    assert endpoint.submit(work("free", "of-nobody"), actor=bob.id).name == "free"


def test_work_of_a_zone_is_ended_by_who_may(people: tuple[mp.Platform, ManagementEndpoint, Principal, Principal]) -> None:
    platform, endpoint, ada, bob = people
    endpoint.submit(work("hers", "ada-dev"), actor=ada.id)
    with pytest.raises(AccessDenied):
        endpoint.delete("hers", actor=bob.id)
    denied = list(platform.sim.log.select(predicate="access.denied"))
    assert [event.data["action"] for event in denied] == ["delete"]
    endpoint.delete("hers", actor=ada.id)
    assert not endpoint.list()
    endpoint.submit(work("again", "ada-dev"), actor=ada.id)
    endpoint.delete("again")  # an administrator of the cluster
