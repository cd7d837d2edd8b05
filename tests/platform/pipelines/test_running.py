"""S-90, S-91: a graph of steps, each in an environment of its own, which reads at its start and publishes at its end, all or none."""

from __future__ import annotations

from typing import Any

import pytest

from mlplat.errors import AccessDenied, OptionError, UnknownNameError
from mlplat.platform.pipelines import MissingArgumentError, PipelineRun, RunError, TypeMismatchError, UnknownInputError

from .worlds import CHURN, World

HEAD = (
    "from typing import NamedTuple\nimport polars as pl\nfrom mlplat.platform.pipelines import StepContext, pipeline, step, when, by_size\n"
)
DIAMOND = (
    HEAD
    + """
@step(duration="10m", image="shop/train@v1")
def top(x: int) -> int:
    return x

@step(duration="1h", image="shop/train@v1")
def left(x: int) -> int:
    return x + 1

@step(duration="2h", image="shop/other@v1")
def right(x: int) -> int:
    return x * 10

@step(duration="5m")
def bottom(values: list[int]) -> int:
    return sum(values)

@pipeline
def diamond(x: int = 1):
    found = top(x)
    return {"sum": bottom([left(found), right(found)])}
"""
)


def step_times(run: PipelineRun) -> dict[str, tuple[float | None, float | None]]:
    return {name: (task.started_s, task.ended_s) for name, task in run.tasks.items()}


def test_s90_independent_steps_overlap_each_in_an_environment_of_its_own_from_its_own_image() -> None:
    world = World("4x8xV100", DIAMOND, lock=False)
    other = world.platform.images.publish(
        "shop/other", {"layers": [{"digest": "sha256:" + "2" * 64, "size_mib": 10}], "entry": "x"}, tags=["v1"], actor=world.ada
    )
    run = world.run(parameters={"x": 3})
    assert (run.outcome, world.pipelines.value(run, "bottom", actor=world.ada)) == ("success", 34)
    times: Any = step_times(run)
    assert times["left"][0] == pytest.approx(times["right"][0], abs=1.0) and times["left"][1] < times["right"][1] <= times["bottom"][0]
    assert run.ended_s == pytest.approx(600 + 7200 + 300, abs=5.0)
    started = {event.subject.partition(":")[2]: event for event in world.events("runtime.started")}
    assert {name.partition("/")[0] for name in started} == {f"churn-1-{name}-1" for name in ("top", "left", "right", "bottom")}
    assert len(started) == 4
    images = {event.data["image"] for event in world.events("runtime.pending") if "image" in event.data}
    assert images == {world.image.digest, other.digest}


def test_s90_what_is_wrong_is_refused_before_anything_runs() -> None:
    world = World("4x8xV100")
    before, state = len(world.sim.log), len(list(world.platform.store.records("orchestrator")))
    for options, error in (
        ({"parameters": {"deep": 3}}, UnknownInputError),
        ({"parameters": {"depth": "3"}}, TypeMismatchError),
        ({"data": {"click": "shop/clicks"}}, UnknownInputError),
        ({"data": {"clicks": "model:shop/clicks"}}, UnknownNameError),
        ({"seed": -1}, OptionError),
        ({"zone": "nowhere"}, UnknownNameError),
        ({"images": {"nobody": "shop/train@v1"}}, UnknownInputError),
        ({"images": {"train": "shop/train@v9"}}, UnknownNameError),
        ({"cache": "no"}, OptionError),
        ({"project": "lab"}, UnknownNameError),
        ({"ref": "shop/churn@nowhere"}, UnknownNameError),
        ({"ref": "shop/churn"}, UnknownNameError),
        ({"function": "other"}, Exception),
    ):
        given: dict[str, Any] = {"ref": "shop/churn@main", **options}
        with pytest.raises(error):
            world.pipelines.run(**given, actor=world.ada)
    told = [event.predicate for event in world.sim.log[before:]]
    assert set(told) <= {"call.refused"} and len(list(world.platform.store.records("orchestrator"))) == state
    assert world.platform.metadata.count(actor=world.ada) == 0


def test_s90_data_of_another_kind_is_refused() -> None:
    world = World()
    world.platform.data.publish("shop/blob", b"x", actor=world.ada)
    with pytest.raises(TypeMismatchError) as raised:
        world.pipelines.run("shop/churn@main", data={"clicks": "shop/blob"}, actor=world.ada)
    assert raised.value.input == "clicks"
    bare = World(code=CHURN.replace('data={"clicks": "clicks"}, ', ""), lock=False)
    with pytest.raises(MissingArgumentError, match="input 'clicks'"):
        bare.pipelines.run("shop/churn@main", actor=bare.ada)


def test_events_of_a_run_are_in_order_and_lead_to_the_call() -> None:
    world = World("4x8xV100")
    begin = len(world.sim.log)
    run = world.run()
    own = [e for e in world.sim.log[begin:] if e.predicate.startswith(("pipelinerun", "taskrun")) or e.predicate == "artifact.published"]
    words = [f"{e.predicate} {e.data.get('step', '')}".strip() for e in own]
    assert words == [
        "pipelinerun.queued",
        "pipelinerun.started",
        "taskrun.started split",
        "taskrun.finished split",
        "taskrun.started train",
        "artifact.published",
        "taskrun.finished train",
        "taskrun.started evaluate",
        "taskrun.finished evaluate",
        "pipelinerun.finished",
    ]
    assert own[0].cause is None and all(world.sim.log.causes(event)[-1] == own[0] for event in own[1:])
    causes = {event.id: event.cause for event in own}
    assert [e.predicate for e in world.sim.log.causes(own[1])] == ["metadata.recorded", "pipelinerun.queued"]
    assert causes[own[-1].id] == own[-2].id
    assert world.sim.log.check() == []
    assert run.trigger == {"by": "hand"} and {event.actor for event in own} == {world.ada.id}


def test_s91_a_step_reads_when_it_starts_and_publishes_when_it_ends() -> None:
    world = World("4x8xV100")
    run = world.pipelines.run("shop/churn@main", actor=world.ada)
    world.sim.run(until="9m")
    reads = [event.time for event in world.events("artifact.downloaded") if event.subject == "dataset:shop/clicks@1"]
    assert reads == [run.tasks["split"].started_s] and run.tasks["split"].outcome == "running" and run.digests == {}
    world.sim.run(until="69m")
    assert list(run.digests) == ["split"] and world.platform.models.list(actor=world.ada) == ()
    assert [task.outcome for task in run.tasks.values()] == ["success", "running", "waiting"]
    world.sim.run(until=run.wait())
    (published,) = [event for event in world.events("artifact.published") if event.subject.startswith("model:")]
    assert published.time == run.tasks["train"].ended_s


@pytest.mark.parametrize("minutes", [1, 5, 9, 11, 40, 69, 71, 74])
def test_s91_a_step_killed_at_any_instant_publishes_nothing(minutes: int) -> None:
    world = World("2x8xV100")
    run = world.pipelines.run("shop/churn@main", actor=world.ada)
    world.sim.run(until=f"{minutes}m")
    done = {name for name, task in run.tasks.items() if task.outcome == "success"}
    (nodes,) = {event.data["nodes"] for event in world.events("workload.bound")[-1:]}
    store = list(world.platform.store.records("orchestrator"))
    world.cluster.hardware.crash(nodes[0])
    world.sim.run(until=f"{minutes}m30s")
    assert list(world.platform.store.records("orchestrator")) == store
    assert set(run.digests) == done
    world.sim.run(until=run.wait())
    quiet = World("2x8xV100").run()
    assert run.outcome == "success" and run.digests == quiet.digests
    assert len(world.platform.models.versions("shop/churn", actor=world.ada)) == 1
    assert world.sim.log.check() == []


def test_a_function_that_raises_publishes_nothing_and_names_the_line() -> None:
    code = CHURN.replace("    return Mean(", "    raise ValueError('no rows')\n    return Mean(")
    world = World(code=code)
    run = world.run()
    assert (run.outcome, run.reason) == ("failure", "RAISED")
    line = code.splitlines().index("    raise ValueError('no rows')") + 1
    assert run.error == f"step train: ValueError: no rows (pipeline.py, line {line})"
    assert {name: task.outcome for name, task in run.tasks.items()} == {"split": "success", "train": "failure"}
    assert run.outputs == {} and world.platform.metadata.run(run.resource, actor=world.ada).status == "failure"


def test_what_a_function_returns_is_checked() -> None:
    for old, new in (("return Mean(sum", "return (sum"), ("return Parts(", "return (")):
        run = World(code=CHURN.replace(old, new)).run()
        assert (run.outcome, run.reason) == ("failure", "RAISED") and "expected" in run.error


def test_a_step_that_leaves_python_fails_and_nothing_else_ends() -> None:
    world = World("4x8xV100", CHURN.replace("    return Mean(", "    raise SystemExit(3)\n    return Mean("))
    run = world.run()
    assert (run.outcome, run.reason) == ("failure", "RAISED") and "SystemExit" in run.error


def test_the_time_of_a_step_is_that_of_its_model_by_size() -> None:
    code = HEAD + (
        "@step(duration=by_size('10s', per_mib='100s'))\ndef make(n: int) -> bytes:\n    return b'x' * (n << 20)\n"
        "@step(duration=by_size('10s', per_mib='100s', of='blob'))\ndef take(blob: bytes, more: bytes) -> int:\n    return len(blob)\n"
        "@pipeline\ndef main(n: int):\n    take(make(n), make(1))\n"
    )
    world = World(code=code, lock=False)
    run = world.run(parameters={"n": 3})
    times: Any = step_times(run)
    assert times["take"][1] - times["take"][0] == pytest.approx(10 + 300, abs=0.1)


def test_fan_out_and_fan_in_over_a_parameter_and_over_what_a_step_makes() -> None:
    code = HEAD + (
        "@step(duration='1m')\ndef numbers(n: int) -> list[int]:\n    return list(range(n))\n"
        "@step(duration='1m')\ndef square(ctx: StepContext, x: int, plus: int = 0) -> int:\n    return x * x + plus\n"
        "@step\ndef blob(x: int) -> bytes:\n    return bytes([x])\n"
        "@step\ndef joined(blobs: list[bytes]) -> bytes:\n    return b''.join(blobs)\n"
        "@step\ndef total(xs: list[int]) -> int:\n    return sum(xs)\n"
        "@pipeline\ndef main(n: int, more: list[int]):\n"
        "    squares = square.map(numbers(n), plus=1)\n    total(squares)\n    total(square.map(more))\n"
        "    return {'all': joined(blob.map(squares))}\n"
    )
    world = World("4x8xV100", code, lock=False)
    run = world.run(parameters={"n": 3, "more": [5]})
    value = {name: world.pipelines.value(run, name, actor=world.ada) for name in ("total", "total-2", "joined")}
    assert value == {"total": 1 + 2 + 5, "total-2": 25, "joined": bytes([1, 2, 5])}
    starts = {run.tasks[f"square[{place}]"].started_s for place in range(3)}
    assert len(starts) == 1 and "square[3]" not in run.tasks
    empty = world.run(parameters={"n": 0, "more": []})
    assert empty.outcome == "success" and world.pipelines.value(empty, "joined", actor=world.ada) == b""


def test_a_list_that_is_none_or_of_another_length_fails_the_step() -> None:
    code = HEAD + (
        "@step\ndef make(x: int) -> dict:\n    return {'a': x}\n@step\ndef use(x: int, y: int) -> int:\n    return x\n"
        "from typing import Any\n@step\ndef hide(x: int) -> Any:\n    return [1] * x if x else 3\n"
        "@pipeline\ndef main(x: int):\n    use.map(hide(x), [1, 2])\n"
    )
    for number, match in ((0, "expected a list to map over"), (3, "expected equal lengths")):
        run = World(code=code, lock=False).run(parameters={"x": number})
        assert run.outcome == "failure" and match in run.error


def test_content_that_is_damaged_fails_the_step_that_needs_it_and_no_more() -> None:
    code = HEAD + (
        "@step\ndef look(x: int) -> bool:\n    return x > 2\n@step(duration='1h')\ndef wait(x: int) -> int:\n    return x\n"
        "@step\ndef act(x: int) -> int:\n    return x\n"
        "@pipeline\ndef main(x: int = 3):\n    big = look(x)\n    late = wait(x)\n    with when(big):\n        act(late)\n    act(late)\n"
    )
    world = World(code=code, lock=False)
    run = world.pipelines.run("shop/churn@main", actor=world.ada)
    world.sim.run(until="10m")
    world.platform.store._content[world.pipelines._state.runs[run.name].tasks["look"].outputs["output"].at] = b"false"
    world.sim.run(until=run.wait())
    assert {name: task.outcome for name, task in run.tasks.items()} == {
        "look": "success",
        "wait": "success",
        "act": "failure",
        "act-2": "success",
    }
    assert "expected content with digest" in run.error


def test_conditions_skip_steps_and_what_needs_them() -> None:
    code = HEAD + (
        "@step\ndef look(x: int) -> bool:\n    return x > 2\n@step\ndef act(x: int) -> int:\n    return -x\n"
        "@step\ndef then(x: int) -> int:\n    return x\n@step\ndef other(x: int) -> int:\n    return x\n"
        "@pipeline\ndef main(x: int):\n    big = look(x)\n    with when(big):\n        done = act(x)\n    then(done)\n"
        "    with when(big, False):\n        other(x)\n    with when(x, 7):\n        other(x)\n    act(1).after(done)\n"
    )
    for number, expected in (
        (1, {"look": "success", "act": "skipped", "then": "skipped", "other": "success", "other-2": "skipped", "act-2": "success"}),
        (7, {"look": "success", "act": "success", "then": "success", "other": "skipped", "other-2": "success", "act-2": "success"}),
    ):
        run = World(code=code, lock=False).run(parameters={"x": number})
        assert (run.outcome, {name: task.outcome for name, task in run.tasks.items()}) == ("success", expected)


def test_other_branches_go_on_where_one_has_failed() -> None:
    code = HEAD + (
        "@step\ndef bad(x: int) -> int:\n    raise KeyError(x)\n@step(duration='1h')\ndef good(x: int) -> int:\n    return x\n"
        "@step\ndef both(x: int, y: int) -> int:\n    return x\n"
        "@pipeline\ndef main(x: int = 1):\n    both(bad(x), good(x))\n    good(good(x))\n"
    )
    run = World("4x8xV100", code, lock=False).run()
    outcomes = {name: task.outcome for name, task in run.tasks.items()}
    assert (run.outcome, run.reason) == ("failure", "RAISED") and outcomes == {
        "bad": "failure",
        "good": "success",
        "good-2": "success",
        "good-3": "success",
    }


def test_a_run_can_be_called_off_while_it_waits_and_while_it_works() -> None:
    for minutes in (0, 5, 30):
        world = World("4x8xV100")
        run = world.pipelines.run("shop/churn@main", actor=world.ada)
        world.sim.run(until=f"{minutes}m")
        world.pipelines.cancel(run, actor=world.ada)
        world.sim.run(until="3h")
        assert (run.outcome, run.reason, run.ended_s) == ("cancelled", "CANCELLED", minutes * 60.0)
        assert "evaluate" not in run.digests and world.platform.models.list(actor=world.ada) == ()
        assert world.platform.metadata.run(run.resource, actor=world.ada).status == "cancelled"
        assert world.cluster.endpoint.list(status="running").names() == ()
        with pytest.raises(RunError, match="it is over"):
            world.pipelines.cancel(run, actor=world.ada)


def test_each_consumer_has_a_copy_of_its_own() -> None:
    code = HEAD + (
        "import numpy as np\n@step\ndef make() -> np.ndarray:\n    return np.zeros(3)\n"
        "@step(duration='2m')\ndef spoil(x: np.ndarray) -> float:\n    x[:] = 7\n    return float(x.sum())\n"
        "@step(duration='5m')\ndef look(x: np.ndarray) -> float:\n    return float(x.sum())\n"
        "@pipeline\ndef main():\n    made = make()\n    spoil(made)\n    look(made)\n"
    )
    world = World(code=code, lock=False)
    run = world.run()
    assert [world.pipelines.value(run, name, actor=world.ada) for name in ("spoil", "look")] == [21.0, 0.0]


def test_a_step_that_writes_to_globals_reaches_no_other() -> None:
    code = HEAD + (
        "SEEN = []\n@step\ndef first(x: int) -> int:\n    SEEN.append(x)\n    return len(SEEN)\n"
        "@pipeline\ndef main():\n    first(1)\n    first(2)\n    first(3)\n"
    )
    world = World(code=code, lock=False)
    run = world.run()
    assert [world.pipelines.value(run, name, actor=world.ada) for name in ("first", "first-2", "first-3")] == [1, 1, 1]


def test_what_is_published_is_in_the_stores_under_the_names_of_the_pipeline() -> None:
    code = HEAD + (
        "@step\ndef make(rows: pl.DataFrame) -> pl.DataFrame:\n    return rows.head(2)\n@step\ndef say(rows: pl.DataFrame) -> dict:\n"
        "    return {'rows': len(rows)}\n"
        "@pipeline(data={'clicks': 'clicks'}, publish={'rows': 'features'})\ndef main(clicks: pl.DataFrame):\n"
        "    rows = make(clicks)\n    return {'rows': rows, 'report': say(rows)}\n"
    )
    world = World(code=code)
    run = world.run()
    assert run.outputs == {"rows": "dataset:shop/features@1", "report": "dataset:shop/report@1"}
    version = world.platform.data.resolve("shop/features", actor=world.ada)
    assert (version.parents, version.code) == (("dataset:shop/clicks@1",), f"shop/churn@{world.commit}")
    assert version.digest == run.digests["make"]["output"] and version.rows == 2
    assert world.platform.data.read("shop/report", actor=world.ada) == b'{"rows":2}'
    recorded = world.platform.metadata.run(run.resource, actor=world.ada)
    assert {role: one.resource for role, one in recorded.outputs.items()} == run.outputs


def test_who_may_not_read_a_run_is_told_nothing_of_it() -> None:
    world = World()
    run = world.run()
    assert world.pipelines.get(run.name, actor=world.bob).outcome == "success"
    assert world.pipelines.runs(actor=world.eve) == () and len(world.pipelines.runs("shop", pipeline="shop/churn", actor=world.bob)) == 1
    for name in (run.name, "shop/nothing-1"):
        with pytest.raises(AccessDenied, match="nothing grants that"):
            world.pipelines.get(name, actor=world.eve)
    with pytest.raises(UnknownNameError):
        world.pipelines.get("shop/nothing-1", actor=world.ada)


def test_a_run_prints_itself_and_escapes_what_users_say() -> None:
    world = World(code=CHURN.replace("    return Mean(", "    raise ValueError('<b>\\x1b[31m')\n    return Mean("))
    run = world.run()
    text = str(run) + repr(run) + run._repr_html_()
    assert "\x1b" not in text and "<b>" not in run._repr_html_() and "train: failure, RAISED" in str(run)


def test_who_may_read_a_run_and_not_its_data_sees_neither_names_nor_contents() -> None:
    world = World()
    run = world.run()
    world.identity.grant(world.eve, "read", run.resource, actor=world.ada)
    seen = world.pipelines.get(run.name, actor=world.eve)
    assert (seen.inputs, seen.outputs, seen.pipeline) == ({"clicks": "withheld:"}, {"model": "withheld:"}, "withheld:")
    assert "shop/clicks" not in str(seen) + seen._repr_html_() and seen.digests == run.digests
    with pytest.raises(AccessDenied, match="withheld"):
        world.pipelines.value(run, "split", "train", actor=world.eve)
    world.identity.grant(world.eve, "read", "dataset:shop/clicks@1", actor=world.ada)
    assert len(world.pipelines.value(run, "split", "train", actor=world.eve)) == 3
    assert seen.inputs == run.inputs


def test_a_run_without_a_cluster_can_be_called_off() -> None:
    for minutes in (0, 5, 30):
        world = World()
        run = world.pipelines.run("shop/churn@main", actor=world.ada)
        world.sim.run(until=f"{minutes}m")
        world.pipelines.cancel(run, actor=world.ada)
        world.sim.run(until="5h")
        assert (run.outcome, run.ended_s) == ("cancelled", minutes * 60.0) and "evaluate" not in run.digests


def test_no_content_is_held_in_memory_beside_the_store() -> None:
    world = World()
    run = world.pipelines.run("shop/churn@main", actor=world.ada)
    world.sim.run(until="20m")
    made = world.pipelines._live.executions[run.name]._made
    assert made and all(not argument.value.pieces for argument in made.values())  # type: ignore[union-attr]
