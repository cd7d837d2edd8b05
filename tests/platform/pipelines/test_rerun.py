"""What was recorded of a run is enough to run it again, and what is not recorded is found by comparing (A-9.1, A-9.5, A-9.6)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mlplat as mp
from mlplat.errors import AccessDenied, MlplatError
from mlplat.platform.pipelines import RunError

from .worlds import CHURN, CLICKS, World

HEAD = (
    "import random, time\nimport numpy as np\nimport polars as pl\n"
    "from mlplat.platform.pipelines import StepContext, pipeline, step, when\n"
)


def rerun(world: World, run: Any, **options: Any) -> Any:
    again = world.pipelines.rerun(run, actor=options.pop("actor", world.ada), **options)
    world.sim.run(until=again.wait())
    return again


def test_a9_1_equal_in_another_zone_by_another_principal_after_everything_has_moved() -> None:
    world = World("2x8xV100", lock=False)
    first = world.run(images={"train": "shop/train@v1"}, parameters={"depth": 2}, seed=11)
    world.push(CHURN.replace("+ depth, depth", "+ 7, depth"))
    world.platform.data.publish("shop/clicks", CLICKS.head(2), actor=world.ada)
    other = {"layers": [{"digest": "sha256:" + "3" * 64, "size_mib": 10}], "entry": "x"}
    world.platform.images.publish("shop/train", other, tags=["v1"], actor=world.ada)
    world.platform.zones.create_deployment("shop", "shop-prod", {"cpus": 4}, {"cpus": 8}, actor=world.platform.admin)
    again = rerun(world, first, zone="shop-prod", actor=world.bob)
    assert (again.outcome, again.digests, again.pipeline) == ("success", first.digests, first.pipeline)
    assert again.outputs == {} and not any(task.cached for task in again.tasks.values())
    assert len(world.platform.models.versions("shop/churn", actor=world.ada)) == 1
    records = [world.platform.metadata.run(run.resource, actor=world.ada) for run in (first, again)]
    assert records[0].inputs == records[1].inputs and records[0].parameters == records[1].parameters and records[0].seed == records[1].seed


def test_a9_6_equal_without_the_failure_that_the_first_run_went_through() -> None:
    world = World("3x8xV100")
    run = world.pipelines.run("shop/churn@main", actor=world.ada)
    world.sim.run(until="30m")
    world.cluster.hardware.crash(world.events("workload.bound")[-1].data["nodes"][0])
    world.sim.run(until=run.wait())
    again = rerun(world, run)
    assert again.digests == run.digests and {task.tries for task in again.tasks.values()} == {1}


HIDDEN = {
    "the global generator of numpy": "float(np.random.random())",
    "a generator without a seed": "float(np.random.default_rng().random())",
    "the generator of Python": "random.random()",
    "the clock": "float(time.perf_counter_ns())",
    "an address": "float(id(object()))",
    "the order of a set of text": "float(hash('abc') % 1000003)",
}


@pytest.mark.parametrize("expression", [text for name, text in HIDDEN.items() if name != "the order of a set of text"])
def test_a9_5_unrecorded_randomness_or_clock_is_found_and_the_first_step_is_named(expression: str) -> None:
    code = HEAD + (
        "@step\ndef clean(rows: pl.DataFrame) -> pl.DataFrame:\n    return rows\n"
        f"@step\ndef draw(rows: pl.DataFrame) -> float:\n    return {expression}\n"
        "@step\ndef after(x: float) -> float:\n    return x + 1\n"
        "@pipeline(data={'clicks': 'clicks'})\ndef main(clicks: pl.DataFrame):\n    after(draw(clean(clicks)))\n"
    )
    world = World(code=code)
    first = world.run()
    again = rerun(world, first)
    differing = [name for name in first.digests if first.digests[name] != again.digests[name]]
    assert differing == ["draw", "after"]


def test_what_is_not_recorded_or_is_another_thing_now_is_named() -> None:
    world = World(lock=False)
    run = world.run()
    world.platform.metadata.record("shop/elsewhere", code=f"shop/churn@{world.commit}", actor=world.ada)
    with pytest.raises(RunError, match="names no commit, file and function"):
        world.pipelines.rerun("shop/elsewhere", actor=world.ada)
    world.platform.metadata.withdraw(run.resource, "clicks", actor=world.ada)
    with pytest.raises(RunError, match="input 'clicks' is not recorded"):
        world.pipelines.rerun(run, actor=world.ada)
    with pytest.raises(MlplatError):
        world.pipelines.rerun("shop/nothing", actor=world.ada)


def test_who_may_not_read_one_input_is_told_which() -> None:
    world = World()
    run = world.run()
    world.identity.create_project("lab", owner=world.eve, actor=world.platform.admin)
    needed = [run.resource, f"repo:shop/churn@{world.commit}", world.image.resource, f"pipeline:{run.pipeline}", world.clicks.resource]
    for resource in needed:
        with pytest.raises(AccessDenied):
            world.pipelines.rerun(run, project="lab", actor=world.eve)
        world.identity.grant(world.eve, "read", resource, actor=world.ada)
    denied = [event.data["resource"] for event in world.events("access.denied")]
    assert denied[0] == run.resource and set(denied[1:]) <= {
        f"withheld:{each}" for each in (f"sha1:{world.commit}", world.image.digest, run.pipeline.partition("@")[2], world.clicks.digest)
    }
    again = rerun(world, run, project="lab", actor=world.eve)
    assert again.name == "lab/churn-1" and again.digests == run.digests


def test_a_run_that_this_orchestrator_does_not_know_is_repeated_from_its_record_alone() -> None:
    world = World()
    run = world.run(parameters={"depth": 5})
    del world.platform.store._journals["orchestrator"]
    fresh = mp.Platform(world.sim, store=world.platform.store)
    assert fresh.orchestrator.runs(actor=world.ada) == () and fresh.orchestrator.list(actor=world.ada) == ()
    again = fresh.orchestrator.rerun(run.resource, actor=world.ada)
    world.sim.run(until=again.wait())
    assert (again.digests, again.pipeline) == (run.digests, run.pipeline) and again.name == "shop/churn-2"


# -- random pipelines

BITS = "int(np.bitwise_xor.reduce(rows['clicks'].to_numpy().view('u8')) % 1000003)"
MODEL = """
class Lin:
    def __init__(self, w):
        self.w = w
    def to_parts(self):
        return {'w': self.w}
    @classmethod
    def from_parts(cls, parts):
        return cls(parts['w'])
"""
STEPS = {
    "frame": (
        "@step\ndef {n}(rows: pl.DataFrame, x: float) -> pl.DataFrame:\n    return rows.with_columns(pl.lit(x + {c}).alias('{n}'))",
        "{n}({f}, {v})",
    ),
    "number": (f"@step\ndef {{n}}(rows: pl.DataFrame) -> float:\n    return float({BITS} + {{c}})", "{n}({f})"),
    "draw": (
        "@step\ndef {n}(c: StepContext, x: float) -> float:\n    return x + int(c.rng('{c}').integers(100)) + c.seed % 7",
        "{n}({v})",
    ),
    "fit": (
        "@step\ndef {n}(c: StepContext, rows: pl.DataFrame, x: float) -> Lin:\n"
        f"    return Lin(np.array([x, {BITS}, {{c}}]) + c.rng().random())\n"
        "@step\ndef {n}_of(m: Lin) -> float:\n    return float(m.w[0] + m.w[1])",
        "{n}_of({n}({f}, {v}))",
    ),
    "map": (
        "@step\ndef {n}(c: StepContext, k: int, x: float) -> float:\n    return x * k + c.rng().random()\n"
        "@step\ndef {n}_sum(xs: list[float]) -> float:\n    t = 0.0\n    for x in xs:\n        t += x\n    return t",
        "{n}_sum({n}.map(list(range(abs({c}))), x={v}))",
    ),
    "when": ("@step\ndef {n}(x: float) -> bool:\n    return x > {c}", "{n}({v})\n    with when({n}({v})):\n        {n}({v})"),
}


@st.composite
def programs(draw: st.DrawFn) -> str:
    """A pipeline of random steps over frames, numbers and models."""
    steps, calls, frames, numbers = [], [], ["clicks"], ["scale"]
    for place in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(sorted(STEPS)))
        told = {"n": f"s{place}", "f": draw(st.sampled_from(frames)), "v": draw(st.sampled_from(numbers)), "c": draw(st.integers(-3, 3))}
        code, call = STEPS[kind]
        steps.append(code.format(**told))
        calls.append(f"v{place} = " + call.format(**told))
        if kind != "when":
            (frames if kind == "frame" else numbers).append(f"v{place}")
    head = "@pipeline(data={'clicks': 'clicks'})\ndef main(clicks: pl.DataFrame, scale: float = 1.5):\n    "
    return "\n".join([HEAD, MODEL, *steps, head]) + "\n    ".join(calls) + "\n"


@settings(deadline=None)
@given(programs(), st.integers(0, 2**40))
def test_random_pipelines_are_repeated_bit_for_bit_and_one_bit_of_data_is_found_in_every_step_that_reads_it(code: str, seed: int) -> None:
    world = World(code=code)
    first = world.run(seed=seed)
    assert first.outcome == "success", first.error
    again = rerun(world, first)
    assert again.digests == first.digests and {n: t.outcome for n, t in again.tasks.items()} == {
        n: t.outcome for n, t in first.tasks.items()
    }
    taken = world.run(seed=seed)
    assert taken.digests == first.digests and taken.ended_s == taken.queued_s
    bits = CLICKS["clicks"].to_numpy().copy()
    bits.view("u8")[0] ^= 1
    world.platform.data.publish("shop/clicks", CLICKS.with_columns(clicks=bits), actor=world.ada)
    moved = world.run(seed=seed, data={"clicks": "shop/clicks@2"})
    nodes = world.pipelines._dag(world.pipelines._find(first.pipeline, world.ada)).nodes
    reads = {node.name for node in nodes if any(hasattr(binding, "input") for binding in node.arguments.values())}
    assert {name for name in reads if moved.digests[name] == first.digests[name]} == set()
