"""Small scenarios that tests change."""

from __future__ import annotations

from typing import Any

from mlplat.planning.scenario.scenario import Scenario

SMALL = """
name: small
cluster: 2x4xV100
workload: {synthetic: {jobs: 60, gpus: 8, load: 0.9, longest: 6h}}
objectives: {p95_wait: 2h, gpu_utilization: ">= 0.2"}
"""

QUEUE = """
cluster: 4x1cpu
workload: {queueing: {jobs: 400, arrival_rate: 3.2}}
"""


def small(**fields: Any) -> Scenario:
    """`SMALL` with other fields at the top."""
    import yaml

    return Scenario.from_dict(yaml.safe_load(SMALL) | fields)
