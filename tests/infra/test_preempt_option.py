"""The option `preempt` of the queue policy `priority`: what it takes, and what it does on either clock."""

from __future__ import annotations

from typing import Any

import pytest

from mlplat.errors import OptionError, UnknownNameError
from mlplat.hardware import ClusterSpec
from mlplat.infra.queueing import queue_policy
from mlplat.resources import ResourceRequest
from mlplat.runs.replay import replay
from mlplat.workload import JobTrace


@pytest.mark.parametrize(("value", "meant"), [(True, True), (False, False), ("true", True), ("No", False)])
def test_preempt_is_yes_or_no(value: Any, meant: bool) -> None:
    assert queue_policy("priority", preempt=value).preempt is meant


@pytest.mark.parametrize("value", [0, 1, None, "perhaps", "", 1.0])
def test_anything_else_is_refused(value: Any) -> None:
    with pytest.raises(OptionError, match="preempt="):
        queue_policy("priority", preempt=value)


def test_only_priority_has_it_and_the_label_says_so_where_it_is_off() -> None:
    with pytest.raises(UnknownNameError):
        queue_policy("srtf", preempt=False)
    assert queue_policy("priority", preempt=False).label() == "priority(preempt=False)"
    assert queue_policy("priority", preempt=True).label() == "priority"


@pytest.mark.parametrize("clock", ["replay", "simpy"])
def test_a_blocked_head_waits_for_what_runs_and_then_goes_first(clock: Any) -> None:
    trace = JobTrace.build(submit=[0, 1, 2], duration=[9, 5, 3], request=[0] * 3, requests=[ResourceRequest(cpus=2)], priority=[0, 1, 2])
    result = replay(ClusterSpec.parse("1x2cpu"), trace, queue=queue_policy("priority", preempt=False), clock=clock)
    assert result.jobs["start_s"].to_list() == [0, 12, 9]
    assert result.summary()["preemptions"] == 0
