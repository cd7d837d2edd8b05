"""Checkpoint policies: what a text means, and the optimum of Young and of Daly."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import OptionError
from mlplat.infra.checkpoints import RESTART_S, WRITE_S, CheckpointPolicy, checkpoint_policy, daly, efficiency, young

USUAL = {"write_s": WRITE_S, "restart_s": RESTART_S}


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("none", CheckpointPolicy()),
        ("every 30m", CheckpointPolicy(1800, **USUAL)),
        (" Every  1h30m write 90 restart 5m ", CheckpointPolicy(5400, 90, 300)),
        ("every 1800 write 0s", CheckpointPolicy(1800, 0, RESTART_S)),
        ("young-daly", CheckpointPolicy("young-daly", **USUAL)),
        ("young-daly write 5m", CheckpointPolicy("young-daly", 300, RESTART_S)),
        ("none restart 2m", CheckpointPolicy("none", 0, 120)),
    ],
)
def test_a_text_stands_for_a_policy(text: str, policy: CheckpointPolicy) -> None:
    assert checkpoint_policy(text) == policy
    assert checkpoint_policy(policy) is policy


@pytest.mark.parametrize(
    "text",
    ["", "30m", "every", "every soon", "every 0s", "every -5m", "each 5m", "young", "young-daly write 0", "every 5m restart", 1800, None],
)
def test_a_text_that_is_no_policy_is_refused(text: Any) -> None:
    with pytest.raises(OptionError):
        checkpoint_policy(text)


@pytest.mark.parametrize("wrong", [{"interval": -1}, {"interval": None}, {"write_s": "x"}, {"restart_s": -1}, {"write_s": math.inf}])
def test_a_policy_takes_only_times(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        CheckpointPolicy(**{"interval": 60} | wrong)


@given(st.sampled_from(["none", "young-daly"]) | st.floats(0.001, 1e9), st.floats(0.001, 1e6), st.floats(0, 1e6))
def test_a_policy_comes_back_from_its_text(interval: Any, write: float, restart: float) -> None:
    policy = CheckpointPolicy(interval, write, restart)
    assert checkpoint_policy(str(policy)) == policy


def test_a_fixed_interval_does_not_depend_on_failures() -> None:
    assert CheckpointPolicy(600).interval_for([1.0, math.inf]).tolist() == [600.0, 600.0]
    assert CheckpointPolicy().interval_for([1.0]).tolist() == [math.inf]
    policy = CheckpointPolicy("young-daly", write_s=60)
    assert policy.depends_on_failures and policy.interval_for(np.full((2, 3), 86400.0)).shape == (2, 3)


def test_intervals_are_those_of_the_formulas() -> None:
    delta, mean = 300.0, 86400.0
    assert float(young(delta, mean)) == pytest.approx(7200.0)
    x = delta / (2 * mean)
    assert float(daly(delta, mean)) == pytest.approx(7200.0 * (1 + math.sqrt(x) / 3 + x / 9) - delta)
    assert daly([10.0, 20.0, 30.0], 10.0).tolist()[1:] == [10.0, 10.0]
    assert daly(60.0, [math.inf, 1e3])[0] == math.inf


@pytest.mark.parametrize("write", [1.0, 30.0, 300.0, 3000.0])
@pytest.mark.parametrize("mean", [3_000.0, 40_000.0, 10**6])
def test_no_interval_does_better_than_dalys_and_youngs_is_near_where_writing_is_short(write: float, mean: float) -> None:
    grid = np.geomspace(write / 100, mean * 20, 20_000)
    best = efficiency(grid, write, 60.0, mean).max()
    assert float(efficiency(daly(write, mean), write, 60.0, mean)) > best * (1 - (1e-4 if write < mean / 5 else 0.02))
    if write < mean / 100:
        assert float(efficiency(young(write, mean), write, 60.0, mean)) > best * 0.999


def test_efficiency_is_that_of_many_simulated_segments() -> None:
    interval, write, restart, mean = 900.0, 100.0, 50.0, 2000.0
    draws = np.random.Generator(np.random.PCG64(1))
    segments = 40_000
    spent = 0.0
    left = np.full(segments, interval + write)  # each segment is tried, then restarted and tried again, until it gets through
    while len(left):
        failure = draws.exponential(mean, len(left))
        through = failure >= left
        spent += float(np.where(through, left, failure).sum())
        left = np.full(int((~through).sum()), restart + interval + write)
    assert segments * interval / spent == pytest.approx(float(efficiency(interval, write, restart, mean)), rel=0.01)


def test_efficiency_without_failures_is_the_part_not_spent_on_writing() -> None:
    assert efficiency([900.0, 1.0], 100.0, 50.0, math.inf).tolist() == pytest.approx([0.9, 1 / 101])
    assert float(efficiency(1e9, 1.0, 1.0, 10.0)) == 0.0
