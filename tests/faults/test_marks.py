"""Labels and taints in the fault campaign: what is drawn, the plain rules, and that a cluster which breaks them is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from benchmarks import fault_cases, fault_live, faults
from benchmarks.fault_draws import Draw
from benchmarks.fault_live import LiveCase
from benchmarks.fault_mark_draws import is_marked, mark_groups, simpler_marks
from benchmarks.fault_marks import EFFECTS, MARKING, Marks, may_stay, read_taint
from mlplat.hardware import ClusterSpec
from mlplat.infra.endpoint.node_management import NodeMarks
from mlplat.infra.kernels.attempt_state import Incident
from mlplat.infra.node_selection import NodeKinds
from mlplat.infra.resource_scheduler import ResourceScheduler
from mlplat.infra.table_of_kinds import TableOfKinds
from mlplat.infra.tolerations import Selection
from mlplat.streams import stream

from .test_campaign import first_violation, live_cases

CASES = [fault_cases.make_case(6, index) for index in range(400)]
LIVE_CASES = [fault_live.make_case(6, index) for index in range(300)]
GROUPS = [
    {"name": "a", "count": 2, "cpu_milli": 1000, "racks": 2, "labels": {"disk": "ssd"}, "taints": ["dedicated=x:NoSchedule"]},
    {"name": "b", "count": 1, "cpu_milli": 1000, "gpus": 1, "gpu_model": "V100-16", "labels": {"group": "other"}},
]


def marks() -> Marks:
    return Marks(GROUPS, ClusterSpec.model_validate({"groups": GROUPS}).nodes())


# -- what is drawn


def test_a_share_of_the_clusters_has_labels_and_taints_of_every_effect() -> None:
    assert 0.1 < sum(case.marked for case in CASES) / len(CASES) < 0.3
    assert 0.4 < sum(case.marked for case in LIVE_CASES) / len(LIVE_CASES) < 0.6
    for cases in (CASES, LIVE_CASES):
        groups = [group for case in cases for group in case.groups]
        assert {read_taint(text).effect for group in groups for text in group.get("taints", ())} == {*EFFECTS}
        assert sum("labels" in group for group in groups) > 30


def test_workloads_select_by_every_label_and_tolerate_in_every_way() -> None:
    options = [work.options for case in LIVE_CASES for work in case.works]
    keys = Counter(key for each in options for key in each.get("node_selector", {}))
    assert set(keys) == {"disk", "tier", "node", "rack", "group", "accelerator"} and min(keys.values()) >= 10
    tolerations = [said for each in options for said in each.get("tolerations", ())]
    assert {said.get("effect", "") for said in tolerations} == {"", *EFFECTS}
    ways = {(said.get("operator", "Equal"), "key" in said) for said in tolerations}
    assert ways == {("Exists", False), ("Exists", True), ("Equal", True)}


def test_marks_change_right_and_wrong_ways_while_live_clusters_run() -> None:
    found: Counter[tuple[str, str]] = Counter()
    for case in LIVE_CASES:
        of = Marks(case.groups, ClusterSpec.model_validate({"groups": case.groups}).nodes())
        for call in case.calls:
            if call.verb in MARKING:
                error = of.refusal(call.verb, call.target, call.text)
                changed = "" if error else of.follow(call.verb, call.target, call.text)
                found[call.verb, error.__name__ if error else f"changes: {changed}"] += 1
    answers = ("OptionError", "UnknownNameError", "changes: True", "changes: False")
    assert all(found[verb, answer] >= 5 for verb in MARKING for answer in answers), found


def test_marked_groups_and_those_with_less_are_valid() -> None:
    draw, plain = Draw(stream(0, "marks")), [{key: group[key] for key in group if key not in ("labels", "taints")} for group in GROUPS]
    for _ in range(100):
        drawn = mark_groups(draw, plain)
        smaller = [*simpler_marks(drawn)]
        assert bool(smaller) == is_marked(drawn)
        assert all(ClusterSpec.model_validate({"groups": each}) for each in (drawn, *smaller))


# -- the plain rules


def test_labels_are_the_stated_ones_and_the_implied_ones_that_they_leave() -> None:
    of = marks()
    assert of.all_labels(1) == {"node": "a-1", "rack": of.implied[1]["rack"], "group": "a", "disk": "ssd"}
    assert of.implied[0]["rack"] != of.implied[1]["rack"]
    assert of.is_selected({"node_selector": {"group": "other", "accelerator": "V100"}}, 2)
    assert not of.is_selected({"node_selector": {"group": "b"}}, 2)


def test_taints_keep_off_what_does_not_tolerate_each() -> None:
    of = marks()
    assert of.follow("taint", 0, "dedicated=y:NoExecute") and of.expelling == {0}
    bound = {"tolerations": [{"key": "dedicated", "value": "x"}]}
    assert of.may_come(bound, 1) and of.may_stay(bound, 1) and not of.may_come({}, 1) and of.may_stay({}, 1)
    assert not of.may_come(bound, 0) and not of.may_stay(bound, 0)
    assert may_stay([], [read_taint("a:PreferNoSchedule")], ("NoSchedule", "NoExecute"))
    assert of.follow("taint", 0, "dedicated=x:NoExecute") and of.may_come(bound, 0)  # another value of the same taint
    assert of.follow("untaint", 0, "dedicated") and not of.taints[0] and not of.follow("untaint", 0, "dedicated") and not of.expelling


# -- what is made wrong


def ignore_taints(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work comes to nodes with taints."""
    monkeypatch.setattr(Selection, "untolerated", lambda self, taints: [])


def ignore_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every node has every label."""
    monkeypatch.setattr(NodeKinds, "barred", lambda self, selection, kind: 2 * bool(selection.untolerated(tuple(self.kinds[kind].taints))))


def let_all_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """No taint ends what runs."""
    strike = ResourceScheduler.strike

    def forgetful(self: ResourceScheduler, incident: Incident, *where: Any, **more: Any) -> None:
        if incident is not Incident.EXPEL:
            strike(self, incident, *where, **more)

    monkeypatch.setattr(ResourceScheduler, "strike", forgetful)


def forget_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is told that a node's kind is another."""
    monkeypatch.setattr(TableOfKinds, "state", lambda self, row, labels, taints: bool(self.of_nodes.state(row, labels, taints)))


@pytest.mark.parametrize("spoil", [ignore_taints, ignore_labels, let_all_stay, forget_changes])
def test_work_where_it_may_not_be_is_found_and_shrunk(monkeypatch: pytest.MonkeyPatch, spoil: Any) -> None:
    spoil(monkeypatch)
    case, violation = first_violation(live_cases(), "marks")
    assert spoil is not let_all_stay or (" works on node " in violation.detail and "NoExecute" in violation.detail)
    small, found = faults.CAMPAIGN.shrink(case, violation)
    assert found.rule == "marks" and len(small.works) <= 2 and len(small.calls) <= 3 and small.marked
    assert sum(map(len, (small.groups, *(group.get("taints", ()) for group in small.groups)))) <= 3


def test_a_replay_that_ignores_taints_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    ignore_taints(monkeypatch)
    case, violation = first_violation(range(100), "marks")
    small, _ = faults.CAMPAIGN.shrink(case, violation)
    assert not isinstance(case, LiveCase) and len(small.jobs) == 1 and not small.faults and len(small.groups) <= 2


@pytest.mark.parametrize("kind", ["labels", "taints"])
def test_what_a_node_is_wrongly_said_to_have_is_found(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    def nothing(self: NodeMarks, row: int) -> Mapping[str, str] | tuple[()]:
        return {} if kind == "labels" else ()

    monkeypatch.setattr(NodeMarks, kind, nothing)
    _, violation = first_violation(live_cases(), "AssertionError")
    assert f"{kind} of node" in violation.detail or "has changed" in violation.detail


def test_a_wrong_call_that_is_taken_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlplat.infra.node_marks.check_label", lambda key, value: None)
    _, violation = first_violation(live_cases(), "AssertionError")
    assert "was not refused" in violation.detail
