"""The event log: nothing in it changes, every chain of causes ends outside, and equal logs have equal digests. And canonical JSON."""

from __future__ import annotations

import enum
import hashlib
import json
import math
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlplat as mp
from mlplat.canonical import canonical_json
from mlplat.errors import MlplatError, OptionError, UnknownNameError
from mlplat.events import Event


@pytest.fixture
def sim() -> mp.Simulation:
    return mp.Simulation()


def emit(sim: mp.Simulation, predicate: str = "thing.done", name: str = "x", **options: Any) -> Event:
    return sim.emit(f"{predicate.partition('.')[0]}:{name}", predicate, source="test", **options)


def chain(sim: mp.Simulation) -> tuple[Event, ...]:
    """A failure that leads to a loss, which leads to two requeues, and something apart from it."""
    failed = emit(sim, "node.failed")
    lost = emit(sim, "node.unavailable", cause=failed)
    return (
        failed,
        lost,
        emit(sim, "workload.requeued", "a", cause=lost),
        emit(sim, "apart.done"),
        emit(sim, "workload.requeued", "b", cause=lost),
    )


# --- canonical JSON --------------------------------------------------------------------------------------------------


def test_canonical_json_has_the_published_digest() -> None:
    text = canonical_json({"b": [1, 2.5, True, None], "a": "ü"})
    assert text == '{"a":"ü","b":[1,2.5,true,null]}'.encode()
    assert hashlib.sha256(text).hexdigest() == "7d2b016c294e090653498866cffc5482c11c90adf0052a308cfc737d05d0008e"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(json_values)
def test_canonical_json_reads_back_as_it_was_and_is_the_same_again(value: Any) -> None:
    text = canonical_json(value)
    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text


@given(st.dictionaries(st.text(), st.integers(), min_size=2))
def test_canonical_json_does_not_depend_on_the_order_of_insertion(value: dict[str, int]) -> None:
    assert canonical_json(dict(reversed(value.items()))) == canonical_json(value)
    assert list(json.loads(canonical_json(value))) == sorted(value)


class Outcome(str, enum.Enum):  # noqa: UP042
    SUCCESS = "success"


class Level(enum.IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.int64(3), "3"),
        (np.float64(2.5), "2.5"),
        (np.float32(0.5), "0.5"),
        (np.bool_(True), "true"),
        (np.str_("a"), '"a"'),
        (Outcome.SUCCESS, '"success"'),
        (Level.HIGH, "3"),
        ((1, [2, (3,)]), "[1,[2,[3]]]"),
        (OrderedDict(b=1, a=2), '{"a":2,"b":1}'),
        (1e22, "1e+22"),
        (1.0, "1.0"),
        (2**70, str(2**70)),
        ('\u2028\U0001f600/"\\\n\x00', '"\u2028\U0001f600/\\"\\\\\\n\\u0000"'),
    ],
)
def test_what_stands_for_a_plain_value_is_written_as_that_value(value: Any, text: str) -> None:
    assert canonical_json(value).decode() == text


def endless() -> list[Any]:
    inside: list[Any] = []
    inside.append(inside)
    return inside


UNSAYABLE = [math.nan, math.inf, -math.inf, np.float64("nan"), {1, 2}, b"bytes", object(), 1j, {1: 2}, {None: 1}, "\ud800", {"\udfff": 1}]
UNSAYABLE += [endless(), 2**5000, np.arange(3), np.datetime64("2026-01-01"), range(3), print]


@pytest.mark.parametrize("value", UNSAYABLE, ids=lambda value: type(value).__name__)
def test_what_json_cannot_say_is_refused_naming_its_place(sim: mp.Simulation, value: Any) -> None:
    with pytest.raises(OptionError):
        canonical_json(value)
    with pytest.raises(OptionError, match=r"^data\.labels\[1\]"):
        emit(sim, data={"labels": [0, value]})
    with pytest.raises(OptionError, match=r"^data\.top"):
        emit(sim, data={"top": value})
    assert len(sim.log) == 0


# --- emitting --------------------------------------------------------------------------------------------------------


def test_an_event_carries_the_whole_envelope(sim: mp.Simulation) -> None:
    sim.run(until=5)
    root = emit(sim)
    event = sim.emit("node:rack-1:7", "image.pulled", source="node", actor="ada", cause=root, data={"bytes": 3})
    assert event == (1, 5.0, "node:rack-1:7", "image.pulled", "node", "ada", 0, {"bytes": 3})
    assert (event.kind, event.name) == ("node", "rack-1:7")
    assert root.actor == "system" and root.cause is None and dict(root.data) == {}
    assert sim.log[event.id] == event == sim.log[-1] and list(sim.log) == [root, event] == sim.log[0:2]
    assert len({root, event, sim.log[0]}) == 2


def test_nothing_of_an_event_can_be_changed_not_even_by_who_gave_its_data(sim: mp.Simulation) -> None:
    data: dict[str, Any] = {"n": 1, "deep": {"list": [1, 2]}}
    event = emit(sim, data=data)
    before = sim.log.digest()
    data["n"] = 2
    data["deep"]["list"].append(3)
    for change in (
        lambda: setattr(event, "time", 9),
        lambda: event.data.__setitem__("n", 2),  # type: ignore[attr-defined]
        lambda: event.data["deep"].__setitem__("list", 0),
        lambda: event.data["deep"]["list"].append(3),
        lambda: sim.log.__setitem__(0, event),  # type: ignore[attr-defined]
        lambda: sim.log[0].data.__setitem__("n", 2),  # type: ignore[attr-defined]
    ):
        with pytest.raises((AttributeError, TypeError)):
            change()
    sim.log[:].clear()
    assert sim.log[0].data == {"n": 1, "deep": {"list": (1, 2)}} == event.data
    fresh = mp.Simulation()
    emit(fresh, data={"deep": {"list": [1, 2]}, "n": 1})
    assert before == sim.log.digest() == fresh.log.digest()


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": "node"},
        {"subject": ":x"},
        {"subject": "node:"},
        {"subject": 5},
        {"subject": "node:\ud800"},
        {"predicate": "pulled"},
        {"predicate": "Image.Pulled"},
        {"predicate": "image.pulled\n"},
        {"predicate": ["image.pulled"]},
        {"predicate": 5},
        {"source": ""},
        {"source": None},
        {"source": ["x"]},
        {"actor": ""},
        {"actor": 5},
        {"actor": {}},
        {"cause": 1},
        {"cause": -1},
        {"cause": True},
        {"cause": "0"},
        {"cause": 0.0},
        {"data": [1]},
        {"data": "text"},
    ],
    ids=str,
)
def test_a_wrong_event_is_refused_and_not_recorded(sim: mp.Simulation, wrong: dict[str, Any]) -> None:
    emit(sim)
    right: dict[str, Any] = {"subject": "node:x", "predicate": "node.failed", "source": "test"}
    for _ in range(2):
        with pytest.raises(OptionError):
            sim.emit(**right | wrong)
    assert len(sim.log) == 1
    assert sim.emit(**right).id == 1


def test_the_cause_must_be_an_event_of_this_very_log(sim: mp.Simulation) -> None:
    other = mp.Simulation()
    emit(sim, name="mine")
    foreign = emit(other, name="other")
    with pytest.raises(OptionError, match="not an event of this log"):
        emit(sim, cause=foreign)
    with pytest.raises(OptionError), sim.caused_by(foreign):
        pass
    with pytest.raises(OptionError), sim.caused_by(7):
        pass
    assert emit(sim, cause=sim.log[0]).cause == 0


def test_names_beyond_ascii_are_names(sim: mp.Simulation) -> None:
    event = sim.emit("datei:größe.txt", "file.written", source="日本", actor="Ää", data={"größe": "ü"})
    assert json.loads(event.to_json())["data"] == {"größe": "ü"}
    assert "größe" in next(sim.log.lines())


# --- asking ----------------------------------------------------------------------------------------------------------


def test_select_takes_patterns_and_times_both_ends_included(sim: mp.Simulation) -> None:
    for time in (0, 3600, 3600, 7200):
        sim.run(until=time)
        emit(sim, "workload.bound", f"w{time}")
        emit(sim, "node.failed", "w[1]")
    log = sim.log
    assert [e.id for e in log.select()] == list(range(8))
    assert [e.id for e in log.select(since="1h", until="1h")] == [2, 3, 4, 5]
    assert [e.id for e in log.select(predicate="workload.*", since=1)] == [2, 4, 6]
    assert [e.id for e in log.select(subject="*:w7*", predicate="*.bound")] == [6]
    assert [e.id for e in log.select(subject="node:w[1]")] == [1, 3, 5, 7]
    assert log.select(predicate="work") == log.select(subject="workload") == log.select(since="3h") == []
    with pytest.raises(OptionError):
        log.select(predicate="")
    with pytest.raises(OptionError):
        log.select(since="soon")


def test_causes_lead_to_the_outside_and_effects_are_their_inverse(sim: mp.Simulation) -> None:
    failed, lost, a, apart, b = chain(sim)
    assert sim.log.causes(b) == sim.log.causes(b.id) == [lost, failed]
    assert sim.log.causes(failed) == [] == sim.log.effects(apart)
    assert sim.log.effects(failed) == [lost, a, b] == [*sim.log.effects(failed.id)]
    late = emit(sim, cause=a)
    assert sim.log.effects(lost) == [a, b, late]
    for unknown in (99, Event(0, 0.0, "a:b", "a.b", "x", "x", None, {}), None):
        with pytest.raises(OptionError):
            sim.log.causes(unknown)  # type: ignore[arg-type]


@given(st.lists(st.integers(-1, 30), max_size=30), st.lists(st.integers(0, 3), min_size=30, max_size=30))
def test_every_event_leads_to_an_outside_cause_without_a_cycle(causes: list[int], waits: list[int]) -> None:
    sim = mp.Simulation()
    for wait, cause in zip(waits, causes, strict=False):
        sim.run(until=sim.now + wait)
        emit(sim, cause=cause if 0 <= cause < len(sim.log) else None)
    assert sim.log.check() == []
    for event in sim.log:
        walked = sim.log.causes(event)
        assert all(earlier.id < later.id and earlier.time <= later.time for later, earlier in zip([event, *walked], walked, strict=False))
        assert (walked or [event])[-1].cause is None
        assert [e.id for e in sim.log.effects(event)] == [e.id for e in sim.log if event in sim.log.causes(e)]


def test_check_names_events_that_come_from_nowhere(sim: mp.Simulation) -> None:
    chain(sim)
    assert sim.log.check(outside=["node.failed", "apart.*"]) == []
    assert sim.log.check(outside=["node.failed"]) == ["event 3 (apart.done of apart:x) has no cause, and does not come from outside"]


def test_check_finds_a_log_that_was_tampered_with(sim: mp.Simulation) -> None:
    sim.run(until=5)
    chain(sim)
    rows = sim.log._rows
    rows[1] = (*rows[1][:5], 4, *rows[1][6:])
    rows[2] = (1.0, *rows[2][1:])
    found = sim.log.check()
    assert len(found) == 2
    assert "event 1" in found[0] and "cause 4" in found[0]
    assert "event 2" in found[1] and "1.0 s" in found[1]


def test_the_frame_has_the_fields_of_the_envelope(sim: mp.Simulation) -> None:
    assert sim.log.to_polars().is_empty()
    sim.run(until=2)
    emit(sim, data={"b": [1], "a": None})
    emit(sim, cause=0)
    frame = sim.log.to_polars()
    assert frame.columns == list(Event._fields) and frame.schema == mp.Simulation().log.to_polars().schema
    assert frame.rows()[0] == (0, 2.0, "thing:x", "thing.done", "test", "system", None, '{"a":null,"b":[1]}')
    assert frame["cause"].to_list() == [None, 0] and frame.schema["time"] == pl.Float64


def test_the_digest_is_that_of_the_canonical_lines_however_often_it_is_asked(sim: mp.Simulation) -> None:
    assert sim.log.digest() == hashlib.sha256(b"").hexdigest()
    for k in range(5):
        emit(sim, name=str(k), cause=k - 1 if k else None, data={"z": 0.1, "ä": [k]})
        lines = "".join(line + "\n" for line in sim.log.lines())
        assert sim.log.digest() == hashlib.sha256(lines.encode()).hexdigest() == sim.log.digest()
    first = json.loads(next(sim.log.lines()))
    assert canonical_json(first).decode() == next(sim.log.lines())
    assert set(first) == set(Event._fields)


# --- what is recorded ------------------------------------------------------------------------------------------------


def test_a_log_that_keeps_nothing_still_gives_events(sim: mp.Simulation) -> None:
    quiet = mp.Simulation(log="none")
    heard: list[Event] = []
    quiet.log.subscribe("*", heard.append)
    first = emit(quiet, data={"n": 1})
    second = emit(quiet, cause=first)
    assert len(quiet.log) == 0 and heard == [first, second]
    assert first.id == second.id == -1 and second.cause is None and first.data["n"] == 1
    with pytest.raises(OptionError):
        quiet.log.causes(first)
    with pytest.raises(OptionError):
        emit(quiet, data={"n": math.nan})


def test_chains_of_causes_stay_whole_when_links_are_not_recorded() -> None:
    sim = mp.Simulation(log=["node.*", "workload.finished"])
    failed = emit(sim, "node.failed")
    held = emit(sim, "workload.held", cause=failed)
    with sim.caused_by(held):
        bound = emit(sim, "workload.bound")
    finished = emit(sim, "workload.finished", cause=bound)
    assert [event.predicate for event in sim.log] == ["node.failed", "workload.finished"]
    assert sim.log.causes(finished) == [failed] and sim.log[1] == finished
    assert sim.log.check(outside=["node.failed"]) == []


@pytest.mark.parametrize("heard", [False, True])
@pytest.mark.parametrize("keep", ["all", "none", ["thing.first", "thing.third"]])
def test_what_components_record_is_what_emit_would_have_written(keep: Any, heard: bool) -> None:
    logs, told = [], []
    for way in ("emit", "record"):
        sim = mp.Simulation(log=keep)
        if heard:
            sim.log.subscribe("thing.*", told.append)
        cause: int | None = sim.emit("user:ann", "user.asked", source="test").id if keep == "all" else None
        for predicate in ("thing.first", "thing.second", "thing.third"):
            data = {"size": 3, "on": ("a", "b")}
            if way == "emit":
                event = sim.emit("thing:x", predicate, source="test", actor="ann", cause=cause, data=data)
                cause = event.id if event.id >= 0 else event.cause
            else:
                cause = sim.log.record("thing:x", predicate, "test", "ann", cause, tuple(data), tuple(data.values()))
        logs.append((list(sim.log), cause))
    assert logs[0] == logs[1]
    assert told[:3] == told[3:] and len(told) == (6 if heard else 0)


def test_an_unknown_setting_of_the_log_lists_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="all, none"):
        mp.Simulation(log="everything")


# --- subscribing -----------------------------------------------------------------------------------------------------


def test_a_subscriber_hears_what_matches_from_now_on_until_it_unsubscribes(sim: mp.Simulation) -> None:
    heard: list[int] = []
    emit(sim, "workload.bound")
    unsubscribe = sim.log.subscribe("workload.*", lambda event: heard.append(event.id))
    emit(sim, "workload.bound")
    emit(sim, "node.failed")
    emit(sim, "workload.finished")
    unsubscribe()
    unsubscribe()
    emit(sim, "workload.bound")
    assert heard == [1, 3]
    with pytest.raises(MlplatError):
        sim.log.subscribe("", heard.append)  # type: ignore[arg-type]


def test_every_subscriber_hears_events_in_their_order_also_when_one_answers_by_emitting(sim: mp.Simulation) -> None:
    heard: list[tuple[str, int]] = []

    def answer(event: Event) -> None:
        heard.append(("first", event.id))
        if event.id == 0:
            emit(sim, name="answer")

    sim.log.subscribe("*", answer)
    sim.log.subscribe("*", lambda event: heard.append(("second", event.id)))
    emit(sim)
    assert heard == [("first", 0), ("second", 0), ("first", 1), ("second", 1)]
    assert sim.log[1].cause == 0
    assert emit(sim).cause is None


def test_what_a_subscriber_raises_comes_out_of_emit_and_the_others_hear_later(sim: mp.Simulation) -> None:
    heard: list[int] = []

    def fail(event: Event) -> None:
        if event.id == 0:
            raise ValueError("broken invariant")

    sim.log.subscribe("*", fail)
    sim.log.subscribe("*", lambda event: heard.append(event.id))
    with pytest.raises(ValueError, match="broken invariant"):
        emit(sim)
    assert len(sim.log) == 1
    assert emit(sim).cause is None
    assert heard == [0, 1]


def test_folding_what_was_told_rebuilds_the_state(sim: mp.Simulation) -> None:
    free, folded = {"n": 4}, {"n": 4}
    changes: dict[str, Callable[[int], int]] = {"workload.bound": lambda n: n - 1, "workload.finished": lambda n: n + 1}
    sim.log.subscribe("workload.*", lambda event: folded.update(n=changes[event.predicate](folded["n"])))
    for k in range(3):
        for wait, predicate in ((k, "workload.bound"), (k + 2, "workload.finished")):
            sim.at(wait, lambda p=predicate: (free.update(n=changes[p](free["n"])), emit(sim, p)))
    while sim.step():
        assert folded == free
    replayed = 4
    for event in sim.log:
        replayed = changes[event.predicate](replayed)
    assert replayed == folded["n"] == free["n"] == 4


def test_a_hundred_thousand_events_are_little_work(sim: mp.Simulation) -> None:
    last = None
    for number in range(100_000):
        last = sim.emit("workload:w", "workload.bound", source="scheduler", cause=last, data={"n": number})
    assert last is not None and last.id == 99_999
    assert len(sim.log.causes(last)) == len(sim.log.effects(0)) == 99_999
    assert sim.log.check() == []
    assert sim.timeline(since=0, limit=10).left_out == 99_990
