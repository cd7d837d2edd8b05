"""Incidents: what opens and ends them, who is told, what led to them (S-82, S-83, S-86, A-7.1, IP-7 failures)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import AccessDenied, OptionError, UnknownNameError
from mlplat.platform.automation.monitoring import IncidentKind, Monitoring
from mlplat.platform.storage import JournalError, Store

from ..states import differing, plain
from .shop import SERVICE, Shop


@pytest.fixture
def shop() -> Shop:
    made = Shop()
    made.capture()
    return made


def test_drift_is_one_incident_while_it_lasts_and_over_after_three_normal_windows(shop: Shop) -> None:
    shop.watch()
    for shift in (0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0):
        shop.serve(shift=shift)
    (detected,), (resolved,) = shop.events("incident.detected"), shop.events("incident.resolved")
    windows = shop.events("window.evaluated")
    assert detected.cause == windows[1].id and resolved.cause == windows[8].id
    assert detected.subject == resolved.subject == "incident:shop/churn/1"
    assert detected.data["features"] == ("x", "prediction:prediction") and detected.data["n"] == 500
    assert (
        detected.data["kind"] == "drift" and detected.data["p"] < 0.01 and detected.data["effect"] > 0.1 and detected.data["test"] == "ks"
    )
    assert [list(event.data["incidents"]) for event in windows] == [[], [1], [1], [], [], [1], [], [], []]
    (incident,) = shop.monitoring.incidents(SERVICE, actor=shop.bob)
    assert incident.resolved_s == 9.0 and shop.open() == []


def test_members_are_told_once_and_outsiders_nothing(shop: Shop) -> None:
    shop.watch(normal=1)
    shop.serve(shift=1.0)
    shop.serve(shift=1.0)
    shop.serve()
    texts = ["shop/churn: drift of shop/churn@1 in x, prediction:prediction", "shop/churn: drift of shop/churn@1 is over"]
    for member in (shop.ada, shop.bob):
        assert [one.text for one in shop.platform.inbox.messages(actor=member)] == texts
    for other in (shop.eve, shop.robot, shop.platform.admin):
        assert shop.platform.inbox.messages(actor=other) == ()


def test_s86_a_model_without_baseline_is_an_incident_at_its_first_answer_until_there_is_one() -> None:
    shop = Shop()
    shop.watch()
    shop.serve(1)
    (detected,) = shop.events("incident.detected")
    assert (detected.data["kind"], detected.data["version"], detected.cause) == ("baseline_missing", "shop/churn@1", None)
    shop.serve(499)
    (window,) = shop.monitoring.windows(SERVICE, actor=shop.ada)
    assert window.outcome == "unjudged" and window.dataset and shop.open() == ["baseline_missing"]
    shop.capture()
    shop.serve()
    assert shop.open() == [] and len(shop.events("incident.resolved")) == 1
    assert shop.monitoring.windows(SERVICE, actor=shop.ada)[1].outcome == "steady"


def test_an_empty_baseline_is_none(shop: Shop) -> None:
    shop.metadata.record_baseline("shop/churn@2", latency={"p95": 1.0}, actor=shop.ada)
    shop.watch()
    shop.serve(500, "shop/churn@2")
    assert shop.open() == ["baseline_missing"]
    assert shop.monitoring.windows(SERVICE, actor=shop.ada)[0].latency == "steady"


def test_a_monitor_that_may_not_read_says_so_and_leaves_serving_alone(shop: Shop) -> None:
    """IP-7, failure P."""
    shop.watch()
    shop.serve(500)
    shop.identity.revoke(shop.reads, actor=shop.ada)
    assert shop.serve(500, shift=1.0).kept == 500
    denied = shop.events("access.denied")[-1]
    assert denied.actor == shop.robot.id
    assert shop.open() == ["access"]
    assert [each.outcome for each in shop.monitoring.windows(SERVICE, actor=shop.ada)] == ["steady", "unjudged"]
    shop.identity.grant(shop.robot, "read", "project:shop", actor=shop.ada)
    shop.serve(500, shift=1.0)
    assert shop.open() == ["drift"]


def test_a_monitor_that_may_not_write_or_is_deleted_says_so(shop: Shop) -> None:
    shop.watch()
    shop.identity.revoke(shop.writes, actor=shop.ada)
    shop.serve(shift=1.0)
    (window,) = shop.monitoring.windows(SERVICE, actor=shop.ada)
    assert (window.outcome, window.dataset) == ("drift", "") and sorted(shop.open()) == ["access", "drift"]
    shop.identity.delete(shop.robot, actor=shop.platform.admin)
    shop.serve()
    assert shop.monitoring.windows(SERVICE, actor=shop.ada)[1].outcome == "unjudged"


def test_s82_labels_come_late_and_are_joined_by_request(shop: Shop) -> None:
    shop.watch(labels=200)
    answers = shop.answers(1_000)
    shop.monitoring.collect(SERVICE, answers, actor=shop.server)
    shop.sim.run(until="3d")
    few = shop.label(answers[:199], wrong=0.5)
    assert (few.joined, few.unknown) == (199, 0) and few.verdicts["shop/churn@1"].outcome == "insufficient"
    assert str(few.verdicts["shop/churn@1"]) == "insufficient: too_few_labels (199 labels)" and shop.open() == []
    enough = shop.label(answers[199:300], wrong=0.5)
    verdict = enough.verdicts["shop/churn@1"]
    assert verdict.outcome == "degraded" and verdict.low < verdict.value < verdict.high < verdict.captured and verdict.labels == 300
    assert shop.open() == ["degradation"]
    detected, evaluated = shop.events("incident.detected")[-1], shop.events("window.evaluated")[-1]
    assert detected.cause == evaluated.id and evaluated.data["about"] == "quality" and detected.data["metric"] == "accuracy"
    again = shop.label(answers[:10], wrong=0.0)
    assert (again.joined, again.unknown) == (0, 10), "a label counts once"
    labelled = shop.data.read(evaluated.data["dataset"], actor=shop.ada)
    assert labelled.columns == ["request", "version", "prediction:prediction", "label"] and labelled.height == 300


def test_s82_quality_as_captured_is_no_degradation_and_ends_one(shop: Shop) -> None:
    shop.watch(labels=200, normal=2)
    answers = shop.answers(1_500)
    shop.monitoring.collect(SERVICE, answers, actor=shop.server)
    outcomes = [
        shop.label(answers[300 * i : 300 * (i + 1)], wrong, seed=i).verdicts["shop/churn@1"].outcome
        for i, wrong in enumerate((0.1, 0.4, 0.1, 0.1))
    ]
    assert outcomes == ["steady", "degraded", "steady", "steady"] and shop.open() == []


def test_quality_that_was_not_captured_is_insufficient(shop: Shop) -> None:
    shop.watch(labels=100, metric="mae")
    answers = shop.answers(200)
    shop.monitoring.collect(SERVICE, answers, actor=shop.server)
    verdict = shop.label(answers, 0.1).verdicts["shop/churn@1"]
    assert (verdict.outcome, verdict.reason) == ("insufficient", "quality_not_captured")
    with pytest.raises(OptionError, match="by the ids"):
        shop.monitoring.label(SERVICE, {3: 1}, actor=shop.server)  # type: ignore[dict-item]


def test_s83_overload_is_a_latency_incident_and_the_same_load_is_none(shop: Shop) -> None:
    shop.watch()
    for _ in range(4):
        shop.serve()
    assert shop.open() == []
    shop.serve(slower=1.6)
    (detected,) = shop.events("incident.detected")
    assert detected.data["kind"] == "latency" and 1.0 < detected.data["low"] < detected.data["effect"] < detected.data["high"]


def test_s83_slower_nodes_are_a_latency_incident_that_names_their_hardware() -> None:
    shop = Shop()
    shop.capture(hardware="A100")
    shop.watch()
    shop.serve(hardware="A100")
    assert shop.open() == []
    shop.serve(slower=2.0, hardware="T4")
    (detected,) = shop.events("incident.detected")
    assert (detected.data["kind"], detected.data["hardware"], detected.data["same_hardware"]) == ("latency", "T4", False)


def test_an_incident_of_a_version_that_serves_no_longer_ends_with_the_one_in_its_place(shop: Shop) -> None:
    """IP-13, step 6: the new baseline is in force."""
    shop.watch(normal=2)
    shop.serve(shift=1.0)
    shop.capture("shop/churn@2", shift=1.0)
    for _ in range(2):
        assert shop.open() == ["drift"]
        shop.serve(500, "shop/churn@2", shift=1.0)
    assert shop.open() == []


def test_an_incident_of_a_version_that_serves_on_does_not_end_with_another(shop: Shop) -> None:
    shop.capture("shop/churn@2", shift=1.0)
    shop.watch(normal=1)
    for _ in range(3):
        shop.serve(250, "shop/churn@2", shift=1.0)
        shop.serve(500, shift=1.0)
        shop.serve(250, "shop/churn@2", shift=1.0)
    assert shop.open() == ["drift"]


def test_windows_and_incidents_are_there_again_when_the_platform_is_opened_again() -> None:
    shop = Shop(Store())
    shop.watch(every="1h", tests=["psi", "chi_square"], rows=500)
    shop.serve(1)
    shop.capture()
    shop.serve(499)
    shop.serve(500, shift=1.0)
    answers = shop.answers(300)
    shop.monitoring.collect(SERVICE, answers, actor=shop.server)
    shop.label(answers, 0.5)
    shop.serve(20)
    again = shop.monitor()
    assert differing(plain(shop.monitoring._state), plain(again._state)) == ""
    for call in ("windows", "incidents"):
        assert getattr(again, call)(SERVICE, actor=shop.ada) == getattr(shop.monitoring, call)(SERVICE, actor=shop.ada)
    assert [one.kind for one in again.incidents(SERVICE, actor=shop.ada)] == [
        IncidentKind.BASELINE_MISSING,
        IncidentKind.DRIFT,
        IncidentKind.DEGRADATION,
    ]
    again.collect(SERVICE, shop.answers(500), actor=shop.server)
    assert len(again.windows(SERVICE, actor=shop.ada)) == 3, "a window begins anew"


def test_all_of_it_is_on_disk(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        shop = Shop(store)
        shop.capture()
        shop.watch()
        shop.serve(shift=1.0)
        before = plain(shop.monitoring._state)
        shop.platform.close()
    with mp.Platform.open(tmp_path) as platform:
        again = Monitoring(platform.sim, platform.identity, platform.store, metadata=platform.metadata, data=platform.data)
        assert differing(before, plain(again._state)) == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"what": "watch.ended", "name": "shop/nobody"},
        {"what": "watch.set", "name": "shop/x", "watch": {"name": "shop/x", "tests": []}},
        {"what": "state.changed", "name": SERVICE, "version": "v", "quality": None, "opened": [], "quiet": [0], "loud": [], "resolved": []},
        {"what": "state.changed", "name": SERVICE, "version": "v", "quality": None, "opened": [], "quiet": [], "loud": [9], "resolved": []},
        {"what": "window.lost", "name": SERVICE},
    ],
    ids=lambda wrong: wrong["what"],
)
def test_a_journal_that_no_monitor_has_written_is_refused(shop: Shop, wrong: dict[str, Any]) -> None:
    shop.watch()
    shop.platform.store.append("monitoring", {"time": 0.0, "actor": "user-1", **wrong})
    with pytest.raises(JournalError, match="monitoring"):
        shop.monitor()


def test_without_drift_there_are_no_incidents_of_drift_or_latency() -> None:
    """A-13.4, by baselines of eight seeds; for 30 days see `interactions/test_ip13_without_drift.py`."""
    alarms = windows = 0
    for seed in range(8):
        shop = Shop()
        shop.requests = seed * 1_000_000
        shop.capture(seed=seed)
        shop.watch()
        for _ in range(5):
            shop.serve()
            windows += 1
        alarms += len(shop.monitoring.incidents(SERVICE, actor=shop.ada))
    assert windows == 40 and alarms <= 2


CALLS: dict[str, Any] = {
    "watch": lambda s, who: s.monitoring.watch(SERVICE, account=s.robot, actor=who),
    "set_sampling": lambda s, who: s.monitoring.set_sampling(SERVICE, 0.5, actor=who),
    "unwatch": lambda s, who: s.monitoring.unwatch(SERVICE, actor=who),
    "close_window": lambda s, who: s.monitoring.close_window(SERVICE, "shop/churn@1", actor=who),
    "collect": lambda s, who: s.monitoring.collect(SERVICE, s.answers(3), actor=who),
    "lost": lambda s, who: s.monitoring.lost(SERVICE, "shop/churn@1", 3, actor=who),
    "label": lambda s, who: s.monitoring.label(SERVICE, {"r0": 1}, actor=who),
    "windows": lambda s, who: s.monitoring.windows(SERVICE, actor=who),
    "incidents": lambda s, who: s.monitoring.incidents(SERVICE, actor=who),
}
ALLOWED = {
    "bob": {"windows", "incidents"},
    "server": {"collect", "lost", "label"},
    "robot": {"windows", "incidents"},
    "eve": set[str](),
    "ada": {*CALLS},
}


@pytest.mark.parametrize("who", ALLOWED)
@pytest.mark.parametrize("call", CALLS)
def test_a_call_is_for_those_with_a_grant(shop: Shop, who: str, call: str) -> None:
    shop.watch()
    shop.serve(5)
    before = plain(shop.monitoring._state)
    if call in ALLOWED[who]:
        CALLS[call](shop, getattr(shop, who))
        return
    with pytest.raises(AccessDenied):
        CALLS[call](shop, getattr(shop, who))
    assert differing(before, plain(shop.monitoring._state)) == ""
    assert shop.events("access.denied")[-1].actor == getattr(shop, who).id


@pytest.mark.parametrize("wrong", [{"name": -0.0}, {"name": "shop/other"}, {"account": 1}, {"dataset": None}, {"baseline": 3}])
def test_a_journal_with_a_watch_that_is_none_is_refused_when_it_is_opened(shop: Shop, wrong: dict[str, object]) -> None:
    watch = shop.watch().record()
    record = {"what": "watch.set", "time": 0.0, "actor": shop.ada.id, "name": SERVICE, "watch": {**watch, **wrong}}
    shop.platform.store.append("monitoring", record)
    with pytest.raises(JournalError, match="of monitoring"):
        shop.monitor()


def test_an_unknown_watch_is_refused_without_telling_which_there_are(shop: Shop) -> None:
    shop.watch()
    with pytest.raises(UnknownNameError, match="'shop/nothing'") as refused:
        shop.monitoring.windows("shop/nothing", actor=shop.ada)
    assert "churn" not in str(refused.value)
