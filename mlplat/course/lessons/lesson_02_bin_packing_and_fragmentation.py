"""Lesson 2: what is free in pieces. The exercises: jobs on the fewest nodes, jobs turned away, and a policy that keeps nodes whole."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..answers import kind, near, replayed
from ..lesson import Lesson, Question
from ..seeds import student_seed

if TYPE_CHECKING:
    from ...hardware import ClusterSpec
    from ...workload import JobTrace

GPUS_OF_A_NODE = 8
WIDTHS = (1, 2, 3, 4, 5)


def cluster() -> ClusterSpec:
    """Sixteen nodes of eight GPUs."""
    from ...hardware import ClusterSpec

    return ClusterSpec.parse("16x8xV100")


@cache
def mix(seed: int, jobs: int = 400) -> JobTrace:
    """Half of the jobs want one GPU, the others 2, 4 or 8; one comes every three minutes on average."""
    from ...resources import ResourceRequest
    from ...workload import JobTrace

    draws = np.random.default_rng(seed)
    return JobTrace.build(
        submit=np.sort(draws.uniform(0, 180 * jobs, jobs)),
        duration=draws.exponential(2 * 3600, jobs),
        request=draws.choice(4, jobs, p=[0.5, 0.2, 0.15, 0.15]),
        requests=[ResourceRequest(gpus=gpus) for gpus in (1, 2, 4, 8)],
    )


@cache
def sizes(seed: int) -> list[int]:
    """The GPUs that 24 jobs want, no job more than five."""
    return [int(gpus) for gpus in np.random.default_rng([seed, 2]).choice(WIDTHS, 24)]


def wide_refused(run: Any) -> int:
    """Jobs of eight GPUs that no node had room for (queue policy `loss`: what does not fit is lost)."""
    return int(((run.trace.request == 3) & (run.jobs["state"].cast(str) == "lost").to_numpy()).sum())


def fewest_nodes(wanted: Sequence[int]) -> int:
    """The fewest nodes that hold all, by first-fit decreasing and, if that is above the least conceivable, by trying on."""
    ordered = sorted(wanted, reverse=True)
    least = -(-sum(ordered) // GPUS_OF_A_NODE)
    for nodes in range(least, len(ordered) + 1):
        if _fit(tuple(ordered), (GPUS_OF_A_NODE,) * nodes):
            return nodes
    return len(ordered)


@cache
def _fit(ordered: tuple[int, ...], free: tuple[int, ...]) -> bool:
    if not ordered:
        return True
    first, rest = ordered[0], ordered[1:]
    for i, room in enumerate(free):
        if room < first or (i and free[i - 1] == room):  # of nodes with equal room one is enough
            continue
        if _fit(rest, tuple(sorted((*free[:i], room - first, *free[i + 1 :]), reverse=True))):
            return True
    return False


def verify_nodes(answer: Any) -> str | None:
    """A list of nodes, each a list of the sizes on it: every job once, no node over-full, as few nodes as can be."""
    wanted = sizes(student_seed())
    if not isinstance(answer, (list, tuple)) or not all(isinstance(node, (list, tuple)) for node in answer):
        return f"expected a list of nodes, each a list of the sizes of its jobs, such as [[5, 3], [4, 4]]; found a {kind(answer)}"
    placed = [size for node in answer for size in node]
    if not all(isinstance(size, (int, np.integer)) and not isinstance(size, bool) for size in placed):
        return "expected whole numbers of GPUs"
    if sorted(placed) != sorted(wanted):
        return "expected every job of exercise.sizes(SEED) on exactly one node"
    if full := next((node for node in answer if sum(node) > GPUS_OF_A_NODE), None):
        return f"a node of eight GPUs holds {sum(full)}"
    used, best = sum(1 for node in answer if len(node)), fewest_nodes(wanted)
    return None if used <= best else f"{used} nodes; {best} are enough: place the widest first"


def verify_refused(answer: Any) -> str | None:
    """How many wide jobs worst-fit turns away."""
    run = replayed(cluster(), mix(student_seed()), queue="loss", placement="worst-fit")
    assert not isinstance(run, str)
    return near(answer, wide_refused(run), "count the jobs that asked for eight GPUs and are `lost`", relative=0)


def verify_placement(answer: Any) -> str | None:
    """A placement policy that turns away at most half as many wide jobs as worst-fit."""
    trace = mix(student_seed())
    run, worst = (replayed(cluster(), trace, queue="loss", placement=placement) for placement in (answer, "worst-fit"))
    if isinstance(run, str):
        return run
    found, most = wide_refused(run), wide_refused(worst) // 2
    return None if found <= most else f"{found} wide jobs are turned away; expected at most {most}: keep whole nodes whole"


LESSON = Lesson(
    "lesson-02",
    "Bin packing and fragmentation",
    (
        Question("nodes", "The jobs of exercise.sizes(SEED) on as few nodes as can be: a list of the sizes on each node.", verify_nodes),
        Question("refused", "How many jobs of eight GPUs does worst-fit turn away from the student's stream of jobs?", verify_refused),
        Question("placement", "A placement policy, one of your own or not, that turns away at most half as many.", verify_placement),
    ),
)
