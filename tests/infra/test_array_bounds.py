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


@pytest.mark.parametrize("cluster", ["mixed", "1x4xV100", "pool:4xV100,32cpu", "1x32cpu", "2x4xV100"])
def test_indices_are_within_bounds(cluster: str) -> None:
    root = Path(__file__).resolve().parents[2]
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(root)}
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, cluster], cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert ran.stdout == "done\n"
