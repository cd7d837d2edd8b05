"""A described network costs a replay nothing, and changes nothing of it, as long as no gang has to keep in step."""

from __future__ import annotations

from typing import Any

import pytest
from polars.testing import assert_frame_equal

import mlplat as mp
from mlplat.infra.network import flows, routing, topology
from mlplat.runs.result import Result
from mlplat.runs.saving import FRAME_NAMES

GROUP = "groups: [{name: n, count: 16, cpus: 64, memory: 512GiB, gpus: 8, gpu_model: V100, racks: 4}]\n"
NETWORK = "network: {topology: leaf-spine, hosts_per_leaf: 4, gateway: {bandwidth: 10Gbps}}\n"
CONDITIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "random ties": {"ties": "random"},
    "interrupted": {"queue": "priority", "scrape": "15s", "checkpoint": "every 30m write 60s"},
    "simpy": {"clock": "simpy", "queue": "easy", "placement": "topology"},
}


def specs() -> tuple[mp.ClusterSpec, mp.ClusterSpec]:
    """The same nodes without and with a network."""
    return mp.ClusterSpec.from_yaml(GROUP), mp.ClusterSpec.from_yaml(GROUP + NETWORK)


def frames_are_equal(one: Result, other: Result) -> None:
    for name in FRAME_NAMES:
        assert_frame_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize("conditions", CONDITIONS.values(), ids=CONDITIONS)
def test_without_sync_a_network_changes_no_frame(conditions: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a replay without sync needs nothing of the network")

    for kind in (topology.Topology, routing.Routing, flows.FlowNetwork):
        monkeypatch.setattr(kind, "__init__", refuse)
    trace = mp.traces.synthetic(400, gpus=128, load=1.1, longest="8h", estimates="walltime", seed=3)
    without, with_network = (mp.replay(spec, trace, seed=1, **conditions) for spec in specs())
    frames_are_equal(without, with_network)
    assert without.fingerprint == with_network.fingerprint
