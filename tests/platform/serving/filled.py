"""Something that is served, for the tests of the whole platform: on a cluster, and as the journal of one has left it."""

from __future__ import annotations

from typing import Any

import mlplat as mp
from mlplat.platform.identity import Principal
from mlplat.platform.serving import Requests
from mlplat.platform.serving.catalogue import ServiceEntry, VersionEntry

REQUEST: dict[str, Any] = {"cpus": 1}
STREAM = Requests.build([1e6])
"""One request, long after everything else."""


def cluster_of(sim: mp.Simulation) -> mp.Cluster:
    """Where services are at work."""
    return mp.Cluster(sim, mp.ClusterSpec.uniform(nodes=2, cpus=8, gpus=4, gpu_model="A100"), scrape_period=None)


def serve(platform: mp.Platform, model: str, zone: str, owner: Principal) -> None:
    """Service `shop/front` of versions 1 and 2 of a model, of which the first has all traffic and comes from a stream."""
    platform.serving.deploy("shop/front", f"{model}@1", zone=zone, request=REQUEST, base="1s", actor=owner)
    platform.serving.add_version("shop/front", f"{model}@2", actor=owner)
    platform.serving.attach("shop/front", STREAM, actor=owner)


def write_served(platform: mp.Platform, owner: Principal) -> None:
    """Services as a platform on a cluster leaves them in the journal, for one without: `shop/served` of two versions."""
    serving: Any = platform.serving
    for part in ("1", "2"):
        platform.models.register("shop/rank", part.encode(), external=["data"], actor=owner)
    entry = ServiceEntry("shop/served", "shop-prod", {"request": REQUEST}, owner.id)
    serving._keep(serving._created(entry, owner))
    for version in platform.models.versions("shop/rank", actor=owner):
        made = VersionEntry(version.version, version.reference, version.digest, {}, 1, owner.id, owner.id)
        serving._keep(serving._added(entry.name, made, owner))
    serving._weigh(entry.name, {1: 1.0}, owner)
