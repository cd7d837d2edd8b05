"""A failed event, awaited: its exception comes out of the `yield` as it is, whatever its constructor takes."""

from __future__ import annotations

import importlib
import pkgutil
import traceback
from collections.abc import Generator
from typing import Any

import pytest
import simpy

import mlplat
from mlplat.clock import Environment
from mlplat.errors import MlplatError, UnknownNameError


def all_errors() -> list[type[MlplatError]]:
    for module in pkgutil.walk_packages(mlplat.__path__, "mlplat."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found, waiting = {MlplatError}, [MlplatError]
    while waiting:
        below = [kind for kind in waiting.pop().__subclasses__() if kind.__module__.startswith("mlplat.")]
        found.update(below)
        waiting.extend(below)
    return sorted(found, key=lambda kind: (kind.__module__, kind.__qualname__))


def failed(env: Environment, error: Exception) -> simpy.Event:
    event = env.event()
    event.fail(error)
    return event


def waits(event: simpy.Event, caught: list[BaseException]) -> Generator[simpy.Event, Any, None]:
    try:
        yield event
    except Exception as error:
        caught.append(error)


def test_all_error_classes_of_the_package_are_found() -> None:
    assert {"UnknownNameError", "SpecError", "MissingExtraError", "VolumeError", "NoEndpointsError"} <= {e.__name__ for e in all_errors()}


@pytest.mark.parametrize("kind", all_errors(), ids=lambda kind: kind.__name__)
def test_every_error_comes_out_of_a_failed_event_as_it_is(kind: type[MlplatError]) -> None:
    error, env = kind.__new__(kind, "as it was said"), Environment()
    caught: list[BaseException] = []
    env.process(waits(failed(env, error), caught))
    env.run_out()
    assert caught == [error]
    assert caught[0] is error
    assert error.__cause__ is None


def test_an_error_passes_through_processes_that_wait_for_each_other() -> None:
    env, error = Environment(), UnknownNameError("node", "gpu-O", ["gpu-0"])
    caught: list[BaseException] = []

    def inner() -> Generator[simpy.Event, Any, None]:
        yield env.timeout(1)
        raise error

    def outer() -> Generator[simpy.Event, Any, None]:
        yield env.process(inner())

    env.process(waits(env.process(outer()), caught))
    env.run_out()
    assert caught[0] is error
    names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert names[-1] == "inner"
    assert "outer" in names


@pytest.mark.parametrize("condition", [simpy.AllOf, simpy.AnyOf])
def test_an_error_comes_out_of_a_condition_as_it_is(condition: type[simpy.Event]) -> None:
    env, error = Environment(), UnknownNameError("node", "gpu-O", ["gpu-0"])
    caught: list[BaseException] = []
    env.process(waits(condition(env, [failed(env, error), env.timeout(3)]), caught))  # type: ignore[call-arg]
    env.run_out()
    assert caught[0] is error


def test_an_event_that_failed_before_it_is_awaited_throws_at_once() -> None:
    env, error = Environment(), UnknownNameError("node", "gpu-O", ["gpu-0"])
    caught: list[BaseException] = []
    event = failed(env, error)
    event.defused = True

    def later() -> Generator[simpy.Event, Any, None]:
        yield env.timeout(5)
        for _ in range(2):
            yield from waits(event, caught)

    env.process(later())
    env.run_out()
    assert caught == [error, error]


def test_those_who_wait_for_one_event_do_not_see_each_others_frames() -> None:
    env, error, seen = Environment(), UnknownNameError("node", "gpu-O", ["gpu-0"]), []
    event = failed(env, error)

    def wait() -> Generator[simpy.Event, Any, None]:
        try:
            yield event
        except UnknownNameError as caught:
            seen.append([frame.name for frame in traceback.extract_tb(caught.__traceback__)])

    for _ in range(3):
        env.process(wait())
    env.run_out()
    assert seen[0][-1] == "wait"
    assert seen == [seen[0]] * 3
    assert error.__traceback__ is None


def test_an_error_that_nobody_handles_ends_the_run_as_it_is_with_the_frames_of_the_process() -> None:
    env, error = Environment(), UnknownNameError("node", "gpu-O", ["gpu-0"])
    event = failed(env, error)

    def wait() -> Generator[simpy.Event, Any, None]:
        yield event

    env.process(wait())
    with pytest.raises(UnknownNameError) as raised:
        env.run_out()
    assert raised.value is error
    names = [entry.name for entry in raised.traceback]
    assert names[-1] == "wait"
    assert "_resume" not in names


def test_an_interrupt_still_says_why_and_a_second_one_waits_its_turn() -> None:
    env, causes = Environment(), []

    def wait() -> Generator[simpy.Event, Any, None]:
        for _ in range(2):
            try:
                yield env.timeout(10)
            except simpy.Interrupt as interrupt:
                causes.append((env.now, interrupt.cause))

    process = env.process(wait())
    env.call_at(1, process.interrupt, "first")
    env.call_at(1, process.interrupt, "second")
    env.run_out()
    assert causes == [(1, "first"), (1, "second")]


@pytest.mark.parametrize("given", [7, None, "text"])
def test_what_is_no_event_is_refused_with_the_place(given: object) -> None:
    env = Environment()

    def wrong() -> Generator[Any, Any, None]:
        yield given

    env.process(wrong())
    with pytest.raises(RuntimeError, match=r"(?s)in wrong.*Invalid yield value"):
        env.run_out()
