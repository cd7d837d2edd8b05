"""A few nodes to start environments on, and questions about what the event log says."""

from __future__ import annotations

from typing import Any

from mlplat.context import Simulation
from mlplat.hardware import ClusterSpec, NodeGroup
from mlplat.infra.virtualization import Image, Layer, RuntimeEnvironment, State, Virtualization
from mlplat.resources import ResourceRequest

SPEC = ClusterSpec(
    groups=(
        NodeGroup(name="gpu", count=2, cpus=16, memory_gib=64, disk_gib=100, gpus=4, gpu_model="A100-40", nic_mbps=1000),
        NodeGroup(name="mig", count=1, cpus=16, memory_gib=64, disk_gib=100, gpus=2, gpu_model="A100-40", mig=True, nic_mbps=1000),
    )
)
MIG_NODE = 2
SMALL = ResourceRequest(cpus=1, memory_gib=1, disk_gib=1)


def world(**options: Any) -> tuple[Simulation, Virtualization]:
    sim = Simulation(seed=1)
    return sim, Virtualization.over(sim, SPEC, **options)


def layer(name: str, size_mib: int) -> Layer:
    return Layer.of(name, size_mib)


def image(name: str, *layers: tuple[str, int]) -> Image:
    return Image(name, tuple(layer(*each) for each in layers))


def end_of(environment: RuntimeEnvironment) -> float:
    """When it came to its last state."""
    assert environment.ended
    return environment.history[-1][1]


def states(environment: RuntimeEnvironment) -> list[str]:
    return [state.value for state, _ in environment.history]


def told(sim: Simulation, environment: RuntimeEnvironment) -> list[tuple[float, str]]:
    """Time and predicate of the events about an environment."""
    return [(event.time, event.predicate) for event in sim.log.select(subject=f"runtime:{environment.name}")]


WRITTEN_AS = {State.RUNNING: "runtime.started", **dict.fromkeys((State.SUCCEEDED, State.FAILED, State.EVICTED), "runtime.finished")}


def predicate_of(state: State) -> str:
    """The predicate of the event that says an environment entered a state."""
    return WRITTEN_AS.get(state, f"runtime.{state.value}")
