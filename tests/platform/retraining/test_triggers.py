"""Whether something leads to a retraining: every trigger ends as a run, waits, or is suppressed for a reason."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import OptionError, UnknownNameError
from mlplat.platform.automation.retraining import RetrainingPolicy, SuppressedReason, Trigger, TriggerState, decide
from mlplat.platform.automation.retraining.triggers import next_of

HOUR = 3600.0
POLICY = RetrainingPolicy(cooldown="1h")


def test_the_first_trigger_goes_at_once() -> None:
    assert decide(POLICY, TriggerState(), Trigger("drift", "i1"), 0.0).go


def test_a8_1_ten_changes_within_the_cool_down_leave_the_last_one() -> None:
    state = TriggerState(began_s=0.0)
    decisions = [decide(POLICY, state, Trigger("dataset", f"d{i}", event=i), 60.0 * i) for i in range(1, 11)]
    assert [decision.until_s for decision in decisions] == [HOUR] * 10
    assert [decision.superseded.key for decision in decisions[1:] if decision.superseded] == [f"d{i}" for i in range(1, 10)]
    waits = next_of(POLICY, state)
    assert waits is not None and (waits[0], waits[1].key) == (HOUR, "d10")


def test_nothing_goes_while_a_run_is_in_flight() -> None:
    state = TriggerState(began_s=0.0, in_flight=True)
    assert decide(POLICY, state, Trigger("drift", "i1"), 5 * HOUR).until_s == math.inf
    assert decide(POLICY, state, Trigger("request", "r1"), 5 * HOUR).until_s == math.inf


@pytest.mark.parametrize(
    ("state", "trigger", "reason"),
    [
        (TriggerState(), Trigger("latency", "i1"), SuppressedReason.NOT_SUBSCRIBED),
        (TriggerState(done={"i1"}), Trigger("drift", "i1"), SuppressedReason.SAME_CAUSE),
        (TriggerState(digest="sha256:1"), Trigger("dataset", "d2", rows=99, digest="sha256:1"), SuppressedReason.SAME_CONTENT),
        (TriggerState(), Trigger("dataset", "d2", rows=9), SuppressedReason.TOO_FEW_ROWS),
        (TriggerState(given_up=True), Trigger("drift", "i1"), SuppressedReason.GIVEN_UP),
    ],
)
def test_what_is_no_reason_is_suppressed_and_says_why(state: TriggerState, trigger: Trigger, reason: SuppressedReason) -> None:
    policy = RetrainingPolicy(min_rows=10)
    assert decide(policy, state, trigger, 0.0).reason is reason
    assert state.waiting == {}
    assert decide(policy, state, trigger._replace(kind="request"), 0.0).go


def test_labels_come_late_so_a_trigger_can_wait_before_its_run() -> None:
    policy = RetrainingPolicy(cooldown="1h", delay="2h")
    state = TriggerState()
    assert decide(policy, state, Trigger("drift", "i1", time=60.0), 60.0).until_s == 60.0 + 2 * HOUR
    assert next_of(policy, state) == (60.0 + 2 * HOUR, state.waiting["drift"])
    assert decide(policy, state, Trigger("request", "r1", time=60.0), 60.0).go


def test_a8_5_each_run_that_did_not_help_makes_the_next_cool_down_twice_as_long() -> None:
    found = [decide(POLICY, TriggerState(began_s=0.0, failures=n), Trigger("drift", "i1"), 1.0).until_s / HOUR for n in range(4)]
    assert found == [1, 2, 4, 8]


@given(
    st.lists(
        st.tuples(st.sampled_from(["dataset", "drift", "request", "latency"]), st.integers(0, 5), st.floats(0, HOUR), st.booleans()),
        max_size=30,
    )
)
def test_no_trigger_is_lost_and_no_two_runs_are_closer_than_the_cool_down(steps: list[tuple[str, int, float, bool]]) -> None:
    state, now, begun, accounted, sent = TriggerState(), 0.0, [], 0, 0
    for kind, number, wait, ends in steps:
        now += wait
        if ends:
            state.in_flight = False
        sent += 1
        decision = decide(POLICY, state, Trigger(kind, f"{kind}/{number}", event=sent), now)
        outcomes = (decision.go, decision.reason is not None, decision.until_s >= now)
        assert sum(outcomes) == 1
        accounted += decision.go + (decision.reason is not None) + (decision.superseded is not None)
        if decision.go:
            if kind != "request" and begun:
                assert now - begun[-1] >= HOUR
            assert not state.in_flight
            begun.append(now)
            state.began_s, state.in_flight = now, True
            state.done.add(f"{kind}/{number}")
    assert accounted + len(state.waiting) == sent


def test_policies_can_be_written_down_and_bad_ones_are_refused() -> None:
    policy = RetrainingPolicy(on=("drift",), cooldown="2h", delay="3m", min_rows=5, accept="better", margin=0.5, give_up_after=7)
    assert RetrainingPolicy.from_json(policy.to_json()) == policy
    bad: list[tuple[type[Exception], dict[str, Any]]] = [
        (UnknownNameError, {"on": ("weather",)}),
        (UnknownNameError, {"accept": "best"}),
        (OptionError, {"cooldown": "soon"}),
        (OptionError, {"min_rows": -1}),
        (OptionError, {"margin": float("nan")}),
        (OptionError, {"give_up_after": 0}),
    ]
    for kind, options in bad:
        with pytest.raises(kind):
            RetrainingPolicy(**options)
