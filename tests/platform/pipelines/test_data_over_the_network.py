"""Where the data store has a place in the network of the cluster, a step's work begins when its bytes are there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import mlplat as mp
from mlplat.units import MBIT_PER_MIB

SPEC = """
groups: [{name: n, count: 4, cpus: 16}]
network:
  topology: leaf-spine
  hosts_per_leaf: 2
  gateway: {bandwidth: 10Gbps, allow: [%s]}
  external: [{name: store, hosts: [data.example.org], bandwidth: 1Gbps}]
"""
CODE = """
import numpy as np
import mlplat as mp

@mp.step(duration="10s")
def total(big: np.ndarray) -> float:
    return float(big.sum())

@mp.pipeline(data={"big": "big"})
def main(big: np.ndarray):
    total(big)
"""
MIB = 256


class Place:
    def __init__(self, allow: str) -> None:
        self.sim = mp.Simulation(seed=5)
        cluster = mp.Cluster(self.sim, mp.ClusterSpec.from_yaml(SPEC % allow), scrape_period=None)
        self.cluster: Any = cluster
        self.platform = mp.Platform(cluster, data_at="store")
        self.ada = self.platform.identity.create_user("ada", actor=self.platform.admin)
        self.platform.identity.create_project("shop", owner=self.ada, actor=self.platform.admin)
        self.platform.zones.create_development(self.ada, {"cpus": 8}, actor=self.platform.admin)
        self.platform.data.publish("shop/big", np.ones(MIB * 2**17), actor=self.ada)
        self.platform.scm.create_repository("shop/sum", actor=self.ada)
        self.platform.scm.commit("shop/sum", "main", {"pipeline.py": CODE}, "first", actor=self.ada)
        self.run = self.platform.orchestrator.run("shop/sum@main", actor=self.ada)


def test_the_work_begins_when_the_bytes_are_there() -> None:
    place = Place("store")
    place.sim.run(until=place.run.wait())
    task = place.run.tasks["total"]
    (arrived,) = place.sim.log.select(predicate="artifact.downloaded")
    assert place.run.outcome == "success" and arrived.data["to"] == "sum-1-total-1/0"
    assert arrived.time == pytest.approx(MIB * MBIT_PER_MIB / 1000, abs=0.1)
    assert task.ended_s == pytest.approx(arrived.time + 10.0) and task.started_s == pytest.approx(0.0, abs=0.1)
    assert place.platform.orchestrator.value(place.run, "total", actor=place.ada) == MIB * 2**17


def test_a_node_that_is_lost_on_the_way_has_read_nothing() -> None:
    place = Place("store")
    place.sim.run(until="1s")
    place.cluster.hardware.crash(place.sim.log.select(predicate="workload.bound")[-1].data["nodes"][0])
    place.sim.run(until=place.run.wait())
    assert (place.run.outcome, place.run.tasks["total"].tries) == ("success", 2)
    assert len(place.sim.log.select(predicate="artifact.downloaded")) == 1
    assert place.platform.orchestrator.value(place.run, "total", actor=place.ada) == MIB * 2**17


def test_a_zone_that_may_not_connect_to_the_data_fails_the_step() -> None:
    place = Place("")
    place.sim.run(until=place.run.wait())
    assert (place.run.outcome, place.run.reason) == ("failure", "RAISED") and "ConnectionDeniedError" in place.run.error
