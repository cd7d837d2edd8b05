"""Kernels stay within their arrays. Compiled code does not check indices; the same kernels without compilation do, as numpy checks them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
import mlplat as mp
from tests.runs.cases import mixed

own, trace = mixed(60)
spec = own if sys.argv[1] == "mixed" else mp.ClusterSpec.open(sys.argv[1])
for queue in mp.QUEUES:
    for placement in ("best-fit", "fgd", "gpu-clustering"):
        for ties in ("node-order", "random"):
            result = mp.replay(spec, trace, queue=queue, placement=placement, ties=ties)
            result.explain(int(result.jobs["start_s"].arg_max() or 0))
print("done")
"""

ZONED = """
import warnings
import mlplat as mp
from tests.runs.test_zones_on_parts import GROWING, QUEUES, SPEC, some_zones, some_trace

warnings.simplefilter("ignore", mp.QuotaWarning)
for seed in range(6):
    for queue in QUEUES:
        lost = mp.Outages.build(start=[5], end=[30], kind=["node"], node=[seed % 5])
        spec, outages = (GROWING, None) if seed == 0 else (SPEC, lost if seed % 2 else None)
        result = mp.replay(spec, some_trace(seed), zones=some_zones(seed), queue=queue, failures=outages)
        for job in (result.jobs["wait_s"].arg_max() or 0, len(result.jobs) - 1):
            result.explain(int(job))
print("done")
"""


@pytest.mark.parametrize("cluster", ["mixed", "1x4xV100", "pool:4xV100,32cpu", "1x32cpu", "2x4xV100"])
def test_indices_are_within_bounds(cluster: str) -> None:
    run(PROGRAM, cluster)


def test_indices_are_within_bounds_under_zones() -> None:
    run(ZONED)


def run(program: str, *arguments: str) -> None:
    root = Path(__file__).resolve().parents[2]
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(root)}
    ran = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert ran.stdout == "done\n"
