"""The closed feedback loop, end to end and unattended (IP-13), as the demonstration has it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlplat.demonstration import Demonstration, demonstrate
from mlplat.demonstration.customers import Customers
from mlplat.platform.training import LogisticRegression, model_from_parts, score


@pytest.fixture(scope="module")
def loop() -> Iterator[Demonstration]:
    """A loop that has closed; tests only look at it."""
    yield demonstrate(0)


def test_a13_1_no_person_calls_anything_from_the_change_to_the_promotion(loop: Demonstration) -> None:
    assert loop.promoted is not None
    events = loop.platform.sim.log.select(since=loop.changed.time, until=loop.promoted.time)
    people = {f"user-{number}" for number in range(1, 10)}
    assert [event.predicate for event in events if event.actor in people] == []
    assert len(events) > 50


def test_a13_2_the_causes_of_the_promotion_lead_to_the_window_that_raised_the_alarm(loop: Demonstration) -> None:
    assert loop.promoted is not None and loop.candidate is not None
    log = loop.platform.sim.log
    chain = log.causes(loop.promoted.id)
    predicates = [event.predicate for event in chain]
    for predicate in ("canary.judged", "artifact.published", "pipelinerun.started", "pipelinerun.queued", "retraining.requested"):
        assert predicate in predicates, predicate
    assert predicates[-2:] == ["incident.detected", "window.evaluated"] and chain[-1].cause is None
    assert loop.candidate in chain and loop.detected in chain
    assert chain[-1].time > loop.changed.time
    times = [loop.promoted.time, *(event.time for event in chain)]
    assert times == sorted(times, reverse=True)


def test_a13_3_quality_is_back_with_the_loop_and_not_without_it(loop: Demonstration) -> None:
    customers = Customers(0, 99)
    rows, many = customers.rows(np.arange(4_000)), customers.rows(np.arange(10_000, 40_000))
    best = LogisticRegression().fit(many[customers.features], many[customers.target])

    def quality(model: Any) -> float:
        return score("auc", rows[customers.target], model.predict_proba(rows[customers.features])[:, 1])

    before, after = (
        quality(model_from_parts(loop.platform.models.load(ref, actor=loop.platform.admin)))
        for ref in ("shop/churn@1", "shop/churn@production")
    )
    assert before < quality(best) - 0.15 and after > quality(best) - 0.03


def test_a13_5_the_times_of_the_loop_are_reported(loop: Demonstration) -> None:
    summary = loop.summary()
    times = [summary[f"{name}_s"] for name in ("detected", "requested", "candidate", "promoted")]
    assert all(isinstance(time, float) for time in times) and times == sorted(times) and times[0] > 0


def test_a13_6_the_promoted_model_is_reproduced_and_its_incident_is_over(loop: Demonstration) -> None:
    assert loop.closed and loop.verdict is not None and loop.promoted is not None
    assert loop.promoted.data["model"] == loop.verdict.model
    (resolved,) = loop.platform.sim.log.select(predicate="incident.resolved")
    assert resolved.time > loop.promoted.time


def test_a8_4_the_candidate_comes_of_the_window_that_raised_the_alarm(loop: Demonstration) -> None:
    assert loop.candidate is not None
    window = loop.platform.sim.log.causes(loop.detected.id)[-1]  # type: ignore[union-attr]
    used = loop.platform.metadata.upstream(loop.candidate.subject, actor=loop.platform.admin).nodes
    assert f"dataset:{window.data['dataset']}" in used


def test_every_cause_comes_before_what_it_led_to_and_ends_outside(loop: Demonstration) -> None:
    """S-114."""
    log = loop.platform.sim.log
    for event in log:
        if event.cause is not None:
            assert event.cause < event.id and log[event.cause].time <= event.time


def test_requests_are_conserved_through_a_dead_node_and_a_canary(loop: Demonstration) -> None:
    status = loop.platform.serving.status("shop/api", actor=loop.platform.admin)
    for version in status.versions:
        counts = version.counts
        ended = counts["answered"] + counts["timed_out"] + counts["rejected"] + counts["failed"]
        assert counts["sent"] == ended + version.unfinished


def test_the_platform_realises_all_capabilities_and_says_by_what(loop: Demonstration) -> None:
    table = loop.platform.capabilities()
    assert table.missing == () and len(table.realised) == 18
    assert {name for name, mark in table.of("CB-9").items() if mark == "R"} == {
        "Monitoring System",
        "ML-Pipeline Orchestrator",
        "Training infrastructure",
    }


def test_the_loop_is_told_as_a_page(loop: Demonstration, tmp_path: Path) -> None:
    before = loop.platform.sim.log.digest()
    page = loop.to_html(tmp_path / "demo.html").read_text("utf-8")
    assert "the loop has closed" in page and "node cpu-1 dies" in page and "model:shop/churn@2" in page
    assert loop.platform.sim.log.digest() == before and len(page) < 1_000_000
