"""Small plans with names that would do harm if they were not escaped."""

from __future__ import annotations

from functools import cache

import mlplat as mp

NASTY = "<script>document.title='run'</script>"
ONE = f"""
name: "{NASTY}"
description: "next <b>year</b>"
cluster: 4x8xV100
workload: {{synthetic: {{jobs: 100, gpus: 48, load: 0.6, longest: 4h}}}}
objectives: {{mean_wait: 10m}}
search: {{groups: {{node: {{least: 2, most: 30}}}}}}
replications: 2
"""
TWO = """
name: two
cluster:
  groups:
    - {name: "<img src=x onerror=alert(1)>", count: 4, cpus: 64, memory: 512GiB, disk: 2TiB, gpus: 8, gpu_model: A100-80}
    - {name: small, count: 4, cpus: 64, memory: 512GiB, disk: 2TiB, gpus: 4, gpu_model: V100-16}
workload: {synthetic: {jobs: 100, gpus: 48, load: 0.6, longest: 4h}}
objectives: {mean_wait: 10m, budget_per_month: 400_000}
search: {groups: {"<img src=x onerror=alert(1)>": {least: 1, most: 6}, small: {least: 0, most: 8}}}
replications: 2
"""


@cache
def one_group() -> mp.Plan:
    """A plan of one group."""
    return mp.plan(mp.Scenario.from_yaml(ONE))


@cache
def two_groups() -> mp.Plan:
    """A plan of two groups."""
    return mp.plan(mp.Scenario.from_yaml(TWO))


@cache
def unreachable() -> mp.Plan:
    """A plan whose ranges allow too few nodes."""
    return mp.plan(mp.Scenario.from_yaml(ONE).with_fields({"search.groups.node.most": 2}))
