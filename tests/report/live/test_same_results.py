"""A simulation comes to the same end whether it is watched or not, however it is paced, stepped and stopped."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rich.console import Console

import mlplat as mp
from mlplat.errors import OptionError
from mlplat.planning import Scenario
from mlplat.planning.scenario.running import result_of
from mlplat.report.live import display, watch, watch_scenario, watching
from mlplat.report.live.keys import Keys
from mlplat.report.live.paced_runs import Stopped

SCENARIO = """
name: "<b>next year</b>"
cluster:
  groups: [{name: n, count: 6, cpus: 64, memory: 256GiB, gpus: 8, gpu_model: V100, racks: 2}]
  reliability: {node: {mtbf: 60h, mttr: 2h}, device: {mtbf: 200h, mttr: 1h}}
workload: {synthetic: {jobs: 400, gpus: 48, load: 0.9}}
policies: {queue: easy, checkpoint: every 30m write 30s}
failures: reliability
"""
GROWING = """
cluster:
  groups: [{name: n, count: 6, cpus: 64, memory: 256GiB, gpus: 8, gpu_model: V100, scaling: {min: 1, boot: 3m, idle: 10m}}]
workload: {synthetic: {jobs: 150, gpus: 48, load: 0.6}}
"""
PLAIN = "{cluster: 6x8xV100, workload: {synthetic: {jobs: 400, gpus: 48, load: 0.9}}, horizon: 5d}"


def terminal(height: int = 40) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=100, height=height)


@pytest.fixture
def pressed(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[str]], None]:
    """Let keys be pressed, one each time they are looked for; every time 50 ms pass on the wall."""

    def press(actions: list[str]) -> None:
        left: Iterator[str] = iter(actions)
        wall = [0.0]

        def wait(self: Keys, seconds: float) -> list[str]:
            wall[0] += 0.05
            action = next(left, "")
            return [action] if action else []

        monkeypatch.setattr(Keys, "wait", wait)
        monkeypatch.setattr(display.time, "monotonic", lambda: wall[0])

    return press


def live(seed: int = 5) -> tuple[mp.Simulation, mp.Cluster]:
    sim = mp.Simulation(seed=seed)
    spec = mp.ClusterSpec.from_yaml("groups: [{name: n, count: 4, cpus: 16, memory: 64GiB, gpus: 4, gpu_model: V100, racks: 2}]")
    cluster = mp.Cluster(sim, spec, queue="priority")
    for i in range(40):
        sim.at(i * 47, cluster.endpoint.submit, mp.Workload(f"w-{i}", {"cpus": 1, "gpus": 1 + i % 4}, duration="11m", priority=i % 3))
    sim.at(500, cluster.hardware.crash, "n-1")
    sim.at(1500, cluster.hardware.restore, "n-1")
    return sim, cluster


@pytest.mark.parametrize("text", [SCENARIO, GROWING, PLAIN], ids=["failing", "growing", "plain"])
def test_a_watched_scenario_has_the_fingerprint_of_an_unwatched_one(text: str, pressed: Any) -> None:
    scenario = Scenario.from_yaml(text)
    plain = result_of(scenario).fingerprint
    pressed(["", "step", "step", "faster", "play", "", "slower", "faster", "faster", *["faster"] * 30])
    for options in (
        {"speed": 3e4, "console": terminal()},
        {"speed": "max", "console": terminal(24)},
        {"console": Console(file=io.StringIO())},
    ):
        result = watch_scenario(scenario, **options)  # type: ignore[arg-type]
        assert result is not None and result.fingerprint == plain


@pytest.mark.parametrize("until", [None, "1h"])
def test_a_watched_simulation_has_the_log_and_the_clock_of_an_unwatched_one(until: str | None, pressed: Any) -> None:
    sim, _ = live()
    sim.run(until=until)
    watched, cluster = live()
    pressed(["", "step", "step", "step", "play", *["faster"] * 20])
    assert watch(cluster, until=until, speed=1000, console=terminal())
    assert (watched.log.digest(), watched.now, watched.peek()) == (sim.log.digest(), sim.now, sim.peek())


def test_who_quits_leaves_a_simulation_that_goes_on_as_if_nothing_had_been(pressed: Any) -> None:
    sim, _ = live()
    sim.run(until="2h")
    watched, cluster = live()
    pressed(["", "", "", "quit"])
    assert watch(cluster, until="2h", speed=2000, console=terminal()) is False
    assert 0 < watched.now < 1000
    watched.run(until="2h")
    assert watched.log.digest() == sim.log.digest()
    pressed(["", "", "quit"])
    assert watch_scenario(Scenario.from_yaml(PLAIN), speed=1, console=terminal()) is None


def test_code_that_runs_the_simulation_itself_is_watched_and_stopped_at_the_time_given() -> None:
    sim, cluster = live()
    with pytest.raises(Stopped), watching(cluster, until="20m", console=Console(file=io.StringIO())):
        sim.run(until="10m")
        sim.step()
        sim.run(until="50m")
    assert 600 < sim.now <= 1200 < sim.peek()
    sim.run(until="50m")
    with pytest.raises(OptionError, match="is past"):
        watch(sim, until="1m")
    with pytest.raises(OptionError, match="a dict cannot be watched"):
        watch({})
    with pytest.raises(OptionError, match="speed='quick'"):
        watch(sim, speed="quick")


def test_the_demonstration_can_be_watched_and_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    from mlplat.demonstration.watch_command import watch_demo

    assert watch_demo("max", until="10m", seed=3) is None
