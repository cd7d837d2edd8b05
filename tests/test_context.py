"""`Simulation`: time passes as it should, calls happen when they should, and nothing depends on what it should not."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

import mlplat as mp
from mlplat.clock import NORMAL, SETTLE, URGENT, Environment
from mlplat.errors import InputError, MlplatError, OptionError


@pytest.fixture
def sim() -> mp.Simulation:
    return mp.Simulation(seed=7)


def noting(sim: mp.Simulation) -> tuple[list[tuple[float, str]], Callable[[str], None]]:
    """A list, and a function that notes a name in it with the time."""
    notes: list[tuple[float, str]] = []
    return notes, lambda name: notes.append((sim.now, name))


# --- run, step, peek -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("until", ["2h", 7200, 7200.0, timedelta(hours=2), np.float64(7200), "120 min"])
def test_time_stands_at_the_horizon_whatever_form_it_has(sim: mp.Simulation, until: Any) -> None:
    assert sim.run(until=until) is None
    assert sim.now == 7200.0 and type(sim.now) is float


def test_what_is_due_at_the_horizon_happens_and_what_is_due_after_it_does_not(sim: mp.Simulation) -> None:
    notes, note = noting(sim)
    for name, time in (("before", 5.0), ("at", 10.0), ("after", math.nextafter(10.0, 11.0))):
        sim.at(time, note, name)
    sim.run(until=10)
    assert notes == [(5.0, "before"), (10.0, "at")]
    sim.run(until=10)
    assert len(notes) == 2
    sim.run()
    assert notes[-1][1] == "after"


def test_running_into_the_past_is_refused_and_changes_nothing(sim: mp.Simulation) -> None:
    sim.run(until=10)
    with pytest.raises(OptionError, match="past"):
        sim.run(until=9)
    with pytest.raises(OptionError, match="past"):
        sim.at(9, print)
    assert sim.now == 10 and sim.peek() == math.inf


@pytest.mark.parametrize("until", ["soon", -1, math.nan, math.inf, True, object()])
def test_a_horizon_that_is_no_time_is_refused(sim: mp.Simulation, until: Any) -> None:
    with pytest.raises(OptionError, match="not a duration"):
        sim.run(until=until)


def test_a_run_without_horizon_ends_with_the_last_event(sim: mp.Simulation) -> None:
    sim.at("1h", lambda: sim.after("30m", lambda: None))
    sim.run()
    assert sim.now == 5400


def test_repeating_calls_alone_do_not_keep_a_run_going(sim: mp.Simulation) -> None:
    notes, note = noting(sim)
    sim.every(10, note, "scrape")
    sim.at(35, note, "work")
    sim.run()
    assert notes == [(10, "scrape"), (20, "scrape"), (30, "scrape"), (35, "work")]
    sim.run()
    assert sim.now == 35
    sim.run(until=40)
    assert notes[-1] == (40, "scrape")


def test_a_run_to_an_event_gives_its_value_and_stops_there(sim: mp.Simulation) -> None:
    def job() -> Generator[simpy.Event, Any, str]:
        yield sim.timeout("5m")
        return "model"

    process = sim.process(job())
    sim.at("10m", lambda: None)
    assert sim.run(until=process) == "model" and sim.now == 300
    assert sim.run(until=process) == "model"


def test_a_run_to_an_event_waits_for_repeating_calls_too(sim: mp.Simulation) -> None:
    detected = sim.event()
    watch = sim.every(10, lambda: detected.succeed("lost") if sim.now == 40 else None)
    assert sim.run(until=detected) == "lost" and sim.now == 40
    watch.cancel()


def test_a_run_to_an_event_that_never_happens_is_refused(sim: mp.Simulation) -> None:
    with pytest.raises(OptionError, match="nothing is left"):
        sim.run(until=sim.event())
    with pytest.raises(OptionError, match="another simulation"):
        sim.run(until=mp.Simulation().event())


def test_an_event_at_infinity_never_happens(sim: mp.Simulation) -> None:
    sim.env.timeout(math.inf)
    sim.run()
    assert sim.now == 0 and not sim.step()
    with pytest.raises(OptionError, match="nothing is left"):
        sim.run(until=sim.event())


def test_a_step_is_one_instant_with_all_that_follows_in_it(sim: mp.Simulation) -> None:
    notes, note = noting(sim)
    sim.at(5, lambda: sim.after(0, note, "follows"))
    sim.at(5, note, "settled", turn="settle")
    sim.at(6, note, "next")
    assert sim.step() is True
    assert notes == [(5, "follows"), (5, "settled")] and sim.peek() == 6
    assert sim.step() is False
    assert sim.step() is False
    assert sim.now == 6


def test_stepping_to_the_end_is_running_to_the_end() -> None:
    ends = []
    for drive in (lambda s: s.run(), lambda s: [None for _ in iter(s.step, False)]):
        sim = mp.Simulation()
        sim.every(10, lambda sim=sim: sim.emit("node:n", "node.scraped", source="monitor"))
        sim.at(35, lambda sim=sim: sim.emit("workload:w", "workload.finished", source="x"))
        drive(sim)
        ends.append((sim.now, sim.log.digest()))
    assert ends[0] == ends[1]


def test_a_run_inside_a_run_is_refused_and_the_outer_one_can_go_on(sim: mp.Simulation) -> None:
    sim.at(5, sim.run)
    with pytest.raises(OptionError, match="running already"):
        sim.run()
    sim.run(until=20)
    assert sim.now == 20


# --- errors come out as they are -------------------------------------------------------------------------------------


def test_an_exception_in_a_process_comes_out_as_it_is(sim: mp.Simulation) -> None:
    error = InputError("bad row", path="jobs.csv", line=3)

    def job() -> Generator[simpy.Event, Any, None]:
        yield sim.timeout(5)
        raise error

    sim.process(job())
    with pytest.raises(InputError) as caught:
        sim.run()
    assert caught.value is error and caught.value.line == 3 and sim.now == 5
    sim.run(until=8)
    assert sim.now == 8


def test_an_exception_in_a_call_comes_out_as_it_is_and_the_next_turn_still_comes(sim: mp.Simulation) -> None:
    turns = []

    def fail_once() -> None:
        turns.append(sim.now)
        if len(turns) == 1:
            raise KeyError("once")

    sim.every(10, fail_once)
    with pytest.raises(KeyError, match="once"):
        sim.run(until=30)
    sim.run(until=30)
    assert turns == [10, 20, 30]


def test_a_process_that_handles_the_failure_of_another_goes_on(sim: mp.Simulation) -> None:
    def failing() -> Generator[simpy.Event, Any, None]:
        yield sim.timeout(1)
        raise ValueError("lost")

    def waiting() -> Generator[simpy.Event, Any, str]:
        try:
            yield sim.process(failing())
        except ValueError as error:
            return str(error)
        return "no error"

    assert sim.run(until=sim.process(waiting())) == "lost"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda sim: sim.process(lambda: None),
        lambda sim: sim.process(5),
        lambda sim: sim.at(1, None),
        lambda sim: sim.at("later", print),
        lambda sim: sim.at(1, print, turn="last"),
        lambda sim: sim.after(-1, print),
        lambda sim: sim.every(0, print),
        lambda sim: sim.every(5, "x"),
        lambda sim: sim.timeout(-1),
        lambda sim: sim.timeout(math.nan),
        lambda sim: sim.env.timeout(math.nan),
        lambda sim: sim.env.schedule_at(sim.event(), math.nan),
        lambda sim: sim.stream(5),
        lambda sim: mp.Simulation(seed=-1),
        lambda sim: mp.Simulation(seed=1.5),
        lambda sim: mp.Simulation(epoch="yesterday"),
        lambda sim: mp.Simulation(epoch=math.inf),
        lambda sim: mp.Simulation(epoch=None),
        lambda sim: mp.Simulation(log="some"),
        lambda sim: mp.Simulation(log=[""]),
        lambda sim: mp.Simulation(log=5),
        lambda sim: sim.timeline(limit=-1),
    ],
)
def test_careless_calls_meet_an_error_of_the_library(sim: mp.Simulation, wrong: Callable[[mp.Simulation], object]) -> None:
    with pytest.raises(MlplatError):
        wrong(sim)
    assert sim.peek() == math.inf


def test_a_process_given_as_a_call_is_not_silently_left_out(sim: mp.Simulation) -> None:
    def job() -> Generator[simpy.Event, Any, None]:
        yield sim.timeout(1)

    sim.at(1, job)
    with pytest.raises(OptionError, match="process"):
        sim.run()


# --- order within an instant, exact times ----------------------------------------------------------------------------


def test_turns_within_an_instant_are_urgent_then_normal_then_settle(sim: mp.Simulation) -> None:
    notes, note = noting(sim)
    for turn in ("settle", "normal", "urgent", "settle", "normal"):
        sim.at(1, note, turn, turn=turn)
    sim.run()
    assert [name for _, name in notes] == ["urgent", "normal", "normal", "settle", "settle"]


def test_what_settling_brings_about_is_settled_again_at_the_same_instant(sim: mp.Simulation) -> None:
    notes, note = noting(sim)

    def settle() -> None:
        note("settle")
        if len(notes) == 1:
            sim.after(0, note, "normal")
            sim.at(sim.now, note, "again", turn="settle")

    sim.at(3, settle, turn="settle")
    sim.run()
    assert notes == [(3, "settle"), (3, "normal"), (3, "again")]


@given(st.lists(st.floats(0, 1e15), min_size=1, max_size=20), st.floats(0, 1e6))
def test_absolute_times_are_kept_bit_for_bit(times: list[float], start: float) -> None:
    sim = mp.Simulation()
    seen: list[float] = []

    def schedule_all() -> None:
        for time in times:
            if time >= sim.now:
                sim.at(time, lambda: seen.append(sim.now))

    sim.at(start, schedule_all)
    sim.run()
    assert seen == sorted(time for time in times if time >= start)


def test_an_event_of_ones_own_can_be_put_at_an_absolute_time() -> None:
    env = Environment()
    order: list[str] = []
    for name, priority in (("settle", SETTLE), ("normal", NORMAL), ("urgent", URGENT)):
        event = env.event()
        event.callbacks.append(lambda _, name=name: order.append(name))
        env.schedule_at(event, 0.1 + 0.2, priority)
    env.run()
    assert order == ["urgent", "normal", "settle"] and env.now == 0.1 + 0.2


def test_repeating_calls_do_not_drift(sim: mp.Simulation) -> None:
    seen: list[float] = []
    sim.every(0.1, lambda: seen.append(sim.now), start="1s")
    sim.run(until=100)
    assert seen == [1.0 + k * 0.1 for k in range(len(seen))] and len(seen) == 991


# --- cancelling ------------------------------------------------------------------------------------------------------


def test_a_cancelled_call_neither_happens_nor_moves_the_clock(sim: mp.Simulation) -> None:
    notes, note = noting(sim)
    sim.at(5, note, "first")
    late = sim.at("100d", note, "late")
    late.cancel()
    late.cancel()
    assert sim.peek() == 5
    sim.run()
    assert notes == [(5, "first")] and sim.now == 5 and sim.peek() == math.inf


def test_cancelled_calls_do_not_keep_repeating_ones_going(sim: mp.Simulation) -> None:
    watch = sim.every(10, lambda: None)
    sim.at("100d", print).cancel()
    sim.at(25, lambda: None)
    sim.run()
    assert sim.now == 25
    watch.cancel()
    watch.cancel()
    assert sim.peek() == math.inf
    sim.run()
    assert sim.now == 25


def test_cancelling_after_the_call_was_made_changes_nothing(sim: mp.Simulation) -> None:
    call = sim.at(5, lambda: None)
    sim.run()
    call.cancel()
    sim.at(7, lambda: None)
    sim.run()
    assert sim.now == 7


def test_a_repeating_call_can_cancel_itself(sim: mp.Simulation) -> None:
    turns: list[float] = []

    def turn() -> None:
        turns.append(sim.now)
        if len(turns) == 3:
            repeating.cancel()

    repeating = sim.every(5, turn)
    sim.run(until="1h")
    assert turns == [5, 10, 15] and sim.peek() == math.inf


@given(st.lists(st.tuples(st.integers(0, 20), st.sampled_from(["at", "every", "cancel"])), max_size=30))
def test_any_mixture_of_calls_and_cancelling_ends(operations: list[tuple[int, str]]) -> None:
    sim = mp.Simulation()
    expected, made, handles = [], [], []
    for time, operation in operations:
        if operation == "at":
            handles.append((time, sim.at(time, lambda time=time: made.append(time))))
        elif operation == "every":
            sim.every(time + 1, lambda: None)
        elif handles:
            handles.pop()[1].cancel()
    expected = sorted(time for time, _ in handles)
    sim.run()
    assert made == expected
    assert sim.now == max(expected, default=0)


def test_a_process_can_wait_for_a_call(sim: mp.Simulation) -> None:
    def job() -> Generator[simpy.Event, Any, float]:
        yield sim.at("1h", lambda: None)
        return sim.now

    assert sim.run(until=sim.process(job())) == 3600


# --- SimPy underneath ------------------------------------------------------------------------------------------------


def test_resources_conditions_and_interrupts_of_simpy_work(sim: mp.Simulation) -> None:
    resource = simpy.Resource(sim.env, capacity=1)
    done: list[tuple[str, float]] = []

    def user(name: str, hold: float) -> Generator[simpy.Event, Any, None]:
        try:
            with resource.request() as request:
                yield request | sim.timeout("1h")
                yield sim.timeout(hold)
                done.append((name, sim.now))
        except simpy.Interrupt as interrupt:
            done.append((f"{name} {interrupt.cause}", sim.now))

    sim.process(user("a", 10))
    second = sim.process(user("b", 10))
    sim.process(user("c", 10))
    sim.at(12, second.interrupt, "stopped")
    sim.run()
    assert done == [("a", 10), ("b stopped", 12), ("c", 22)]


def test_simpys_own_run_works_on_the_environment(sim: mp.Simulation) -> None:
    def job() -> Generator[simpy.Event, Any, int]:
        yield sim.env.timeout(5)
        return 42

    process = sim.env.process(job())
    sim.env.run(until=3)
    assert sim.now == 3
    assert sim.env.run(until=process) == 42
    sim.env.run()
    with pytest.raises(simpy.core.EmptySchedule):
        sim.env.step()


# --- causes ----------------------------------------------------------------------------------------------------------


def emit(sim: mp.Simulation, name: str, **options: Any) -> Any:
    return sim.emit(f"thing:{name}", "thing.done", source="test", **options)


def test_calls_and_processes_remember_the_cause_they_were_made_under(sim: mp.Simulation) -> None:
    def job() -> Generator[simpy.Event, Any, None]:
        emit(sim, "first")
        yield sim.timeout(10)
        emit(sim, "second")

    root = emit(sim, "root")
    with sim.caused_by(root):
        sim.process(job())
        sim.at(5, emit, sim, "call")
        sim.after(6, lambda: sim.after(1, emit, sim, "nested"))
        sim.every(7, emit, sim, "scheduled")
    emit(sim, "apart")
    sim.run(until=12)
    causes = {event.name: event.cause for event in sim.log}
    assert causes == {"root": None, "apart": None, "first": 0, "second": 0, "call": 0, "nested": 0, "scheduled": None}


def test_a_cause_in_a_process_lasts_over_a_yield_and_does_not_reach_others(sim: mp.Simulation) -> None:
    def job(name: str) -> Generator[simpy.Event, Any, None]:
        root = emit(sim, name)
        with sim.caused_by(root):
            yield sim.timeout(10)
            emit(sim, f"{name} within")
        emit(sim, f"{name} after")

    sim.process(job("a"))
    sim.process(job("b"))
    sim.at(5, emit, sim, "other")
    sim.run()
    names = {event.id: event.name for event in sim.log}
    causes = {event.name: None if event.cause is None else names[event.cause] for event in sim.log}
    assert causes == {"a": None, "b": None, "other": None, "a within": "a", "a after": None, "b within": "b", "b after": None}


def test_an_exception_leaves_no_cause_behind(sim: mp.Simulation) -> None:
    root = emit(sim, "root")
    with sim.caused_by(root):
        sim.at(1, lambda: [][0])
    with pytest.raises(IndexError), sim.caused_by(root):
        sim.run()
    assert emit(sim, "after").cause is None


def test_what_comes_from_outside_can_say_so_within_a_cause(sim: mp.Simulation) -> None:
    with sim.caused_by(emit(sim, "root")):
        assert emit(sim, "a").cause == 0
        with sim.caused_by(None):
            assert emit(sim, "b").cause is None
        assert emit(sim, "c", cause=1).cause == 1
        sim.at(1, emit, sim, "d")
    with sim.caused_by(3):
        sim.run()
    assert sim.log[-1].cause == 0


# --- streams, seed, epoch --------------------------------------------------------------------------------------------


def test_a_stream_goes_on_where_it_was_and_others_do_not_change_it() -> None:
    alone, beside = mp.Simulation(seed=3), mp.Simulation(seed=3)
    assert alone.stream("a") is alone.stream("a")
    expected = alone.stream("a").random(4).tolist()
    drawn = []
    for _ in range(4):
        beside.stream("b").random(3)
        drawn.append(float(beside.stream("a").random()))
    assert drawn == expected


def test_seed_zero_is_a_seed_like_any_other() -> None:
    draws = [mp.Simulation(seed=seed).stream("a").random() for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]
    assert mp.Simulation().seed == 0


@pytest.mark.parametrize(
    "epoch",
    [
        "2026-01-01T00:00:00Z",
        "2026-01-01",
        "2026-01-01T01:00:00+01:00",
        1767225600,
        datetime(2026, 1, 1),
        datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_the_date_is_the_epoch_plus_simulated_time_in_utc(epoch: Any) -> None:
    sim = mp.Simulation(epoch=epoch)
    sim.run(until="36h")
    assert sim.epoch == 1767225600.0
    assert sim.date == datetime(2026, 1, 2, 12, tzinfo=UTC)


def test_a_date_beyond_the_calendar_is_an_error_of_the_library(sim: mp.Simulation) -> None:
    sim.run(until=1e15)
    with pytest.raises(OptionError, match="calendar"):
        _ = sim.date


def busy_day(seed: int) -> mp.Simulation:
    """A day in which random work arrives, waits for one of two servers and is recorded."""
    sim = mp.Simulation(seed=seed)
    servers = simpy.Resource(sim.env, capacity=2)

    def work(name: str) -> Generator[simpy.Event, Any, None]:
        with (
            sim.caused_by(sim.emit(f"workload:{name}", "workload.submitted", source="user", actor=f"user-{name[-1]}")),
            servers.request() as place,
        ):
            yield place
            sim.emit(f"workload:{name}", "workload.bound", source="scheduler", data={"waiting": len(servers.queue)})
            yield sim.timeout(float(sim.stream("service").exponential(3000)))
            sim.emit(f"workload:{name}", "workload.finished", source="node", data={"outcome": "success"})

    def arrivals() -> Generator[simpy.Event, Any, None]:
        for number in range(60):
            yield sim.timeout(float(sim.stream("arrivals").exponential(1200)))
            sim.process(work(f"w{number}"))

    sim.process(arrivals())
    sim.every("1h", lambda: sim.emit("node:n", "node.scraped", source="monitor", data={"used": servers.count}))
    sim.run(until="1d")
    return sim


def test_the_same_seed_gives_the_same_log_and_another_seed_another() -> None:
    first, second, third = busy_day(1), busy_day(1), busy_day(2)
    assert len(first.log) > 100
    assert first.log.digest() == second.log.digest() != third.log.digest()
    assert list(first.log) == list(second.log)
    assert first.log.check(outside=["workload.submitted", "node.scraped"]) == []


# --- what is shown ---------------------------------------------------------------------------------------------------


def test_the_timeline_has_human_times_and_indents_effects_under_their_cause(sim: mp.Simulation) -> None:
    def story() -> None:
        failed = sim.emit("node:n1", "node.failed", source="hardware")
        with sim.caused_by(failed):
            sim.after(
                "40s", lambda: sim.emit("workload:w", "workload.requeued", source="watcher", actor="svc", cause=0, data={"reason": "node"})
            )

    sim.at("1h 2m", story)
    sim.run()
    assert str(sim.timeline()).splitlines() == [
        "     1 h 02 min  node.failed node:n1             hardware",
        '1 h 02 min 40 s    workload.requeued workload:w  watcher (svc)  {"reason":"node"}',
    ]
    assert repr(sim.timeline()) == str(sim.timeline())
    assert str(sim.timeline(predicate="workload.*")).startswith("1 h 02 min 40 s  workload.requeued")
    assert str(sim.timeline(limit=1)).endswith("… 1 more")
    assert str(sim.timeline(since="2h")) == "no events"


def test_an_event_is_indented_under_the_nearest_cause_that_is_shown(sim: mp.Simulation) -> None:
    first = sim.emit("a:1", "a.done", source="test")
    second = sim.emit("b:1", "b.done", source="test", cause=first)
    sim.emit("a:2", "a.done", source="test", cause=second)
    sim.emit("a:3", "a.done", source="test", cause=second)
    assert [line.depth for line in sim.timeline().lines] == [0, 1, 2, 2]
    assert [line.depth for line in sim.timeline(predicate="a.*").lines] == [0, 1, 1]


def test_names_of_users_cannot_command_a_terminal_or_a_page(sim: mp.Simulation) -> None:
    sim.emit("node:\x1b[2J<script>alert(1)</script>", "node.failed", source="<b>\n", actor="\x07", data={"<i>": "</td>\u202e"})
    text, page = str(sim.timeline()), sim._repr_html_() + sim.timeline()._repr_html_()
    assert text.isprintable()
    assert "<script>" not in page and "<i>" not in page and "</td>\u202e" not in page
    assert "&lt;script&gt;" in page and "\x1b" not in page


def test_a_long_log_is_shown_by_its_beginning(sim: mp.Simulation) -> None:
    for _ in range(250):
        emit(sim, "x")
    assert "150 more" in sim._repr_html_() and "150 more" in sim.log._repr_html_()
    assert repr(sim) == "Simulation(seed=7, now=0.0 s, 250 events)"


def test_another_process_with_another_order_of_hashing_gives_the_same_digest() -> None:
    program = (
        "import mlplat as mp; sim = mp.Simulation(seed=5)\n"
        "names = {'b', 'a', 'c'}\n"
        "sim.every(7, lambda: sim.emit('node:n', 'node.seen', source='m', data={'x': sim.stream('x').random(), 'names': sorted(names)}))\n"
        "sim.run(until='10m'); print(sim.log.digest())"
    )
    root = Path(__file__).resolve().parents[1]
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=root,
            env=os.environ | {"PYTHONPATH": str(root), "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1 and len(digests.pop().strip()) == 64
