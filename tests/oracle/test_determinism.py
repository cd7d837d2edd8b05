"""The same input and seed give the same frames and fingerprint: again, in another process, and on the other clock."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from mlplat.hardware import ClusterSpec
from mlplat.resources import ResourceRequest
from mlplat.workload import JobTrace

from .comparison import QUEUES, library_policy, replay
from .strategies import clusters, tie_rules, traces

FRAMES = ("jobs", "attempts", "nodes", "timeline", "events")
EXAMPLES = max(10, settings().max_examples // 3)

PROGRAM = """
from tests.oracle.test_determinism import fixed_fingerprints
print("\\n".join(fixed_fingerprints()))
"""


def fixed_case() -> tuple[ClusterSpec, JobTrace]:
    """Shares on equal nodes, so that random ties matter in nearly every decision."""
    spec = ClusterSpec.uniform(nodes=6, cpus=16, memory_gib=64, gpus=4, gpu_model="T4")
    asked = [ResourceRequest(cpus=1, memory_gib=2, gpu_milli=300), ResourceRequest(cpus=2, gpus=2), ResourceRequest(cpus=4, memory_gib=1)]
    n = 90
    trace = JobTrace.build(
        submit=[i // 3 for i in range(n)],
        duration=[5 + i * 7 % 13 for i in range(n)],
        estimate=[8 + i * 7 % 13 for i in range(n)],
        request=[i % 3 for i in range(n)],
        replicas=[1 + i % 4 for i in range(n)],
        requests=asked,
    )
    return spec, trace


def fixed_fingerprints(seed: int = 5) -> list[str]:
    """Fingerprints of the fixed case under a few policies that draw random numbers."""
    spec, trace = fixed_case()
    pairs = (("fifo", "random"), ("easy", "fgd"), ("sjf", "best-fit"))
    return [replay(spec, trace, queue=queue, placement=placement, ties="random", seed=seed).fingerprint for queue, placement in pairs]


def test_the_same_seed_gives_the_same_fingerprint_again() -> None:
    assert fixed_fingerprints() == fixed_fingerprints()


def test_another_seed_gives_another_fingerprint_where_ties_are_random() -> None:
    assert all(a != b for a, b in zip(fixed_fingerprints(5), fixed_fingerprints(6), strict=True))


def test_the_same_seed_gives_the_same_fingerprint_in_a_new_process_whatever_the_hash_seed() -> None:
    root = Path(__file__).resolve().parents[2]
    environment = os.environ | {"PYTHONHASHSEED": "12345"}
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=root, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == fixed_fingerprints()


@pytest.mark.parametrize("placement", ["first-fit", "random", "best-fit", "gpu-clustering", "fgd", "dot-product-published"])
@pytest.mark.parametrize("queue", QUEUES)
def test_both_clocks_give_equal_frames(queue: str, placement: str) -> None:
    @settings(max_examples=EXAMPLES)
    @given(st.data())
    def compare(data: st.DataObject) -> None:
        spec = data.draw(clusters(), label="spec")
        trace = data.draw(traces(spec), label="trace")
        ties = data.draw(tie_rules(len(spec.nodes())), label="ties")
        until = data.draw(st.sampled_from((None, None, 0.0, 3.0, 7.5)), label="until")
        compiled, live = (
            replay(spec, trace, queue=queue, placement=library_policy(placement), ties=ties, until=until, seed=2, clock=clock)
            for clock in ("replay", "simpy")
        )
        for frame in FRAMES:
            assert_frame_equal(getattr(compiled, frame), getattr(live, frame), check_exact=True)
        assert compiled.fingerprint == live.fingerprint

    compare()
