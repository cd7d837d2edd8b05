"""A small platform on a cluster, with a model that was made of something, and texts that would do harm if they were not escaped."""

from __future__ import annotations

from functools import cache

import mlplat as mp

NASTY = "<script>document.title='run'</script>"


@cache
def shop() -> mp.Platform:
    """The platform of a project `shop`."""
    sim = mp.Simulation(seed=3)
    platform = mp.Platform(mp.Cluster(sim, mp.ClusterSpec.parse("2x8xV100")))
    ada = platform.identity.create_user("ada", actor=platform.admin)
    platform.identity.create_project("shop", owner=ada, actor=platform.admin)
    platform.zones.create_deployment("shop", "shop-prod", {"cpus": 8}, {"cpus": 32}, actor=platform.admin)
    platform.scm.create_repository("shop/churn", actor=ada)
    commit = platform.scm.commit("shop/churn", "main", {"train.py": b"print(1)"}, NASTY, actor=ada)
    code = f"shop/churn@{commit.id}"
    for number in (1, 2):
        run = f"shop/r{number}"
        platform.metadata.start_run(run, code=code, seed=number, parameters={"note": NASTY}, actor=ada)
        model = platform.models.register("shop/churn", b"weights %d" % number, run=f"run:{run}", commit=code, actor=ada)
        platform.metadata.finish_run(run, outputs={"model": model.resource}, actor=ada)
    cause = sim.emit("node:n1", "node.failed", source="hardware", data={"note": NASTY})
    sim.emit("incident:n1", "incident.detected", source="watcher", cause=cause)
    return platform
