"""Fetching: content reaches an environment when its bytes have, through the Management Endpoint and under the network's policies."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import polars as pl
import pytest

import mlplat as mp
from mlplat.errors import OptionError, UnknownNameError
from mlplat.infra.network.connections import ConnectionDeniedError
from mlplat.platform.artifacts.data import DataStore
from mlplat.platform.identity import IdentityProvider
from mlplat.units import MBIT_PER_MIB

SPEC = """
groups: [{name: n, count: 4, cpus: 16}]
network:
  topology: leaf-spine
  hosts_per_leaf: 2
  gateway: {bandwidth: 10Gbps, allow: [%s]}
  external: [{name: store, hosts: [data.example.org], bandwidth: 1Gbps}, {name: other, hosts: [x.example.org], bandwidth: 1Gbps}]
"""
MIB = 64


class Place:
    def __init__(self, at: str = "store", allow: str = "store") -> None:
        self.sim = mp.Simulation()
        self.cluster = mp.Cluster(self.sim, mp.ClusterSpec.from_yaml(SPEC % allow), scrape_period=None)
        self.cluster.endpoint.submit(mp.Workload("train", {"cpus": 4}, replicas=2, duration="1h"))
        self.sim.run(until="10s")
        self.identity = IdentityProvider(self.sim)
        self.ada = self.identity.create_user("ada", actor=self.identity.admin)
        self.identity.create_project("shop", owner=self.ada, actor=self.identity.admin)
        self.data = DataStore(self.sim, self.identity, endpoint=self.cluster.endpoint, at=at)
        self.content = np.arange(MIB * 2**20 // 8).reshape(-1, 64)
        self.data.publish("shop/big", self.content, actor=self.ada)


def test_content_is_there_when_its_bytes_are() -> None:
    place = Place()
    fetch = place.data.fetch("shop/big", "train/0", actor=place.ada)
    got: list[Any] = []

    def program() -> Generator[Any, Any, None]:
        content = yield fetch.done
        got.extend([place.sim.now - 10, content])

    place.sim.process(program())
    with pytest.raises(OptionError, match="on its way to train/0"):
        _ = fetch.content
    place.sim.run(until="1h")
    assert got[0] == pytest.approx(MIB * MBIT_PER_MIB / 1000 + 0.02, abs=1e-3)  # latency of the way outside
    assert (got[1] == place.content).all() and fetch.content is got[1]
    (told,) = place.sim.log.select(predicate="artifact.downloaded")
    assert told.data["to"] == "train/0" and told.actor == place.ada.id and told.time == 10 + got[0]
    assert place.sim.log[told.cause or 0].predicate == "transfer.finished"


def test_two_that_fetch_at_once_share_the_way() -> None:
    place = Place()
    fetches = [place.data.fetch("shop/big", f"train/{i}", actor=place.ada) for i in range(2)]
    place.sim.run(until=10 + 1.9 * MIB * MBIT_PER_MIB / 1000)
    assert [fetch.over for fetch in fetches] == [False, False]
    place.sim.run(until=10 + 2.1 * MIB * MBIT_PER_MIB / 1000)
    assert [fetch.over for fetch in fetches] == [True, True]


def test_columns_and_parts_take_the_time_of_their_bytes() -> None:
    place = Place("n-3")
    data = pl.DataFrame({"a": np.arange(100_000), "b": np.arange(100_000)})
    place.data.publish("shop/table", data, splits={"fractions": {"train": 0.75, "test": 0.25}}, actor=place.ada)
    whole = place.data.fetch("shop/table", "train/0", actor=place.ada).mib
    assert place.data.fetch("shop/table", "train/0", columns=["a"], actor=place.ada).mib == pytest.approx(whole / 2, rel=0.01)
    part = place.data.fetch("shop/table", "train/0", split="test", actor=place.ada)
    assert part.mib == pytest.approx(whole / 4)
    place.sim.run(until="1h")
    assert len(part.content) == 25_000


def test_a_version_that_is_deleted_on_its_way_arrives() -> None:
    place = Place()
    fetch = place.data.fetch("shop/big", "train/0", actor=place.ada)
    place.data.delete("shop/big@1", actor=place.ada)
    place.sim.run(until="1h")
    assert (fetch.content == place.content).all()


def test_what_cannot_be_fetched_is_refused_and_nothing_moves() -> None:
    place = Place(allow="other")
    with pytest.raises(ConnectionDeniedError):
        place.data.fetch("shop/big", "train/0", actor=place.ada)
    place = Place()
    for to, error, match in (("none/0", UnknownNameError, "place in the network"), ("", OptionError, "expected a place")):
        with pytest.raises(error, match=match):
            place.data.fetch("shop/big", to, actor=place.ada)
    assert place.sim.log.select(predicate="transfer.started") == place.sim.log.select(predicate="artifact.downloaded") == []
    with pytest.raises(OptionError, match="endpoint and at"):
        DataStore(place.sim, place.identity, endpoint=place.cluster.endpoint)


def test_without_a_cluster_content_is_there_at_once() -> None:
    sim = mp.Simulation()
    identity = IdentityProvider(sim)
    identity.create_project("shop", owner=identity.admin, actor=identity.admin)
    data = DataStore(sim, identity)
    data.publish("shop/raw", b"abc", actor=identity.admin)
    fetch = data.fetch("shop/raw", actor=identity.admin)
    assert fetch.over and fetch.content == b"abc" and sim.log[-1].predicate == "artifact.downloaded"
    with pytest.raises(OptionError, match="none without a cluster"):
        data.fetch("shop/raw", "train/0", actor=identity.admin)
