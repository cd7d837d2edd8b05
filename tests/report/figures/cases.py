"""Runs to draw: one with everything in it, and one whose every name is hostile."""

from __future__ import annotations

from functools import cache

import mlplat as mp
from mlplat.hardware.outages import Outages
from mlplat.runs.result import Result

HOSTILE = "<b onmouseover='a()'>&$x$</b>"


@cache
def busy() -> Result:
    """Two racks of V100 nodes and some without devices; zones that lend, a node that fails twice, a device once; stopped before its end."""
    spec = mp.ClusterSpec.from_yaml(
        "groups: [{name: v, count: 4, cpus: 32, memory: 256GiB, gpus: 4, gpu_model: V100, racks: 2}, {name: c, count: 2, cpus: 16}]"
    )
    requests = [mp.ResourceRequest(cpus=4, gpus=2), mp.ResourceRequest(cpus=1, gpu_milli=300), mp.ResourceRequest(cpus=8)]
    n = 240
    trace = mp.JobTrace.build(
        submit=[i * 30.0 for i in range(n)],
        duration=[600.0 + 97 * (i % 23) for i in range(n)],
        request=[i % 3 for i in range(n)],
        requests=requests,
        group=[i % 2 for i in range(n)],
        groups=["dev", "shop"],
    )
    outages = Outages.build(
        start=[1000, 3000, 2000], end=[1600, 3300, 2500], node=[0, 0, 1], kind=["node", "node", "device"], device=[-1, -1, 2]
    )
    zones = [mp.Quota("shop", guarantee={"gpus": 8}), mp.Quota("dev", limit={"gpus": 10})]
    return mp.replay(spec, trace, queue="best-effort-fifo", failures=outages, zones=zones, until=6005)


@cache
def hostile() -> Result:
    """Every name that a user gives is `HOSTILE`."""
    spec = mp.ClusterSpec.model_validate(
        {
            "name": HOSTILE,
            "groups": [{"name": HOSTILE, "count": 2, "cpus": 8, "memory": "64GiB", "gpus": 2, "gpu_model": HOSTILE, "racks": [HOSTILE]}],
            "accelerators": [{"name": HOSTILE, "memory_mib": 16384}],
        }
    )
    trace = mp.JobTrace.build(
        submit=[0, 1],
        duration=[600, 60],
        request=[0, 0],
        requests=[mp.ResourceRequest(gpus=1)],
        job_id=[HOSTILE, "b"],
        groups=[HOSTILE],
    )
    return mp.replay(spec, trace, zones=[mp.Quota(HOSTILE, guarantee={"gpus": 1})])
