"""Hypothesis strategies: small, uneven clusters and traces made so that ties, blocked heads and hopeless jobs are common."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

from mlplat.hardware import ClusterSpec
from mlplat.resources import UNLIMITED, ResourceRequest
from mlplat.workload import JobTrace

MODELS = ("T4", "V100-16", "A100-40", "A100-40")
PROFILES = ("1g.5gb", "1g.5gb", "1g.10gb", "2g.10gb", "3g.20gb", "3g.20gb", "4g.20gb", "7g.40gb", "9g.99gb")
CORES = (500, 1000, 1500, 2000, 4000, 8000, 12000)
MEMORY = (0, 512, 1000, 2048, 7000, 9000)
MARK = {"key": "dedicated", "value": "x", "effect": "NoSchedule"}
SCALES = st.sampled_from((1.0, 1.0, 0.1))  # tenths: sums that float64 rounds


@st.composite
def clusters(draw: Any) -> ClusterSpec:
    """One to eight nodes in one to four groups, or a pool."""
    if draw(st.integers(0, 9)) == 0:
        return ClusterSpec.parse(draw(st.sampled_from(["pool:8cpu", "pool:4gpu", "pool:6cpu,3gpu", "pool:2xA100"])))
    groups: list[dict[str, Any]] = []
    left = 8
    for g in range(draw(st.integers(1, 4))):
        count = draw(st.integers(1, min(3, left)))
        left -= count
        gpus = draw(st.sampled_from((0, 1, 2, 2, 4, 4)))
        model = draw(st.sampled_from(MODELS))
        group: dict[str, Any] = {
            "name": f"g{g}",
            "count": count,
            "cpu_milli": draw(st.sampled_from((2000, 4000, 4000, 8000, 10000))),
            "memory_mib": draw(st.sampled_from((0, 2048, 4096, 8192, 8192))),
            "disk_mib": draw(st.sampled_from((0, 0, 300, 1000))),
            "taints": draw(st.sampled_from(((),) * 14 + ((MARK,), (MARK | {"effect": "NoExecute"},)))),
        }
        if gpus:
            group |= {"gpus": gpus, "gpu_model": model, "mig": model == "A100-40" and draw(st.integers(0, 3)) > 0}
        groups.append(group)
        if not left:
            break
    return ClusterSpec.model_validate({"groups": groups})


@st.composite
def racked_clusters(draw: Any) -> ClusterSpec:
    """Up to ten nodes in one to three groups that stand in racks of their own or share them."""
    groups: list[dict[str, Any]] = []
    for g in range(draw(st.integers(1, 3))):
        model = draw(st.sampled_from(MODELS))
        group: dict[str, Any] = {"name": f"g{g}", "count": draw(st.integers(1, 4)), "cpu_milli": draw(st.sampled_from((2000, 4000, 8000)))}
        group |= {"memory_mib": draw(st.sampled_from((2048, 8192))), "disk_mib": 0}
        group["racks"] = draw(st.sampled_from((1, min(2, group["count"]), ("east",), ("west", "east")[: group["count"]], group["count"])))
        if gpus := draw(st.sampled_from((0, 1, 2, 4))):
            group |= {"gpus": gpus, "gpu_model": model, "mig": model == "A100-40" and draw(st.booleans())}
        groups.append(group)
    return ClusterSpec.model_validate({"groups": groups})


@st.composite
def requests(draw: Any, spec: ClusterSpec) -> ResourceRequest:
    """What one replica may ask for: parts of the capacity of some node, so that most fit; one in ten or so never does."""
    table = spec.nodes()
    node = draw(st.integers(0, len(table) - 1))
    devices = int(table.gpus[node])
    asked: dict[str, Any] = {"disk_mib": 0 if draw(st.integers(0, 3)) else int(table.disk_mib[node]) // 3 % 10**6}
    for name, amounts in (("cpu_milli", CORES), ("memory_mib", MEMORY)):
        capacity = int(getattr(table, name)[node])
        part = draw(st.sampled_from((0, 4, 4, 3, 2, 2, 1, 10)))
        asked[name] = draw(st.sampled_from(amounts)) if part == 10 or capacity == UNLIMITED else capacity // part if part else 0
    kind = "cpu" if not devices else draw(st.sampled_from(("mig", "mig", "cpu") if table.mig[node] else ("cpu", "whole", "whole", "share")))
    kind = draw(st.sampled_from((kind,) * 12 + ("cpu", "whole", "share", "mig")))
    if kind == "whole":
        asked["gpus"] = draw(st.sampled_from((1, 1, 2, max(devices, 1), max(devices, 1), 3, 2 * devices + 1)))
    if kind == "share":
        asked["gpu_milli"] = draw(st.sampled_from((100, 250, 333, 500, 600, 999)))
    if kind == "mig":
        asked["mig"] = draw(st.sampled_from(PROFILES))
    if kind != "cpu":
        own = (table.models[table.model[node]].name,) if devices else ()
        asked["models"] = draw(st.sampled_from(((), (), (), (), own, own, (*own, "T4"), (*own, "T4"), ("K80",))))
    return ResourceRequest(**asked)


@st.composite
def traces(
    draw: Any, spec: ClusterSpec, *, exact: bool = False, equal_gangs: bool = False, max_jobs: int = 40, scale: float | None = None
) -> JobTrace:
    """One to forty jobs of few distinct requests, on a small grid of times.

    `exact`: estimates are durations. `equal_gangs`: no gang has another last request, and no job is split. `scale`: the step of the grid,
    1 s or 0.1 s if not given.
    """
    pool = draw(st.lists(requests(spec), min_size=1, max_size=5))
    few = st.integers(0, len(pool) - 1)
    # Simple columns drawn as lists: hypothesis shrinks them well, and ties in time come by themselves.
    n = draw(st.one_of(st.integers(1, 8), st.integers(9, max_jobs), st.integers(max_jobs // 2, max_jobs)))
    submit = draw(st.lists(st.integers(0, draw(st.sampled_from((0, 4, 12)))), min_size=n, max_size=n))
    lengths = [0, 1, 2, 2, 3, 4, 4, 6, 6, 9, 9, 13, math.inf]
    duration = draw(st.lists(st.sampled_from(lengths), min_size=n, max_size=n))
    slack = [0] * n if exact else draw(st.lists(st.sampled_from((0, 0, 0, 0, 1, 1, 3, 3, 7, math.inf)), min_size=n, max_size=n))
    request = draw(st.lists(few, min_size=n, max_size=n))
    replicas = draw(st.lists(st.sampled_from((1, 1, 1, 1, 1, 2, 3, 5)), min_size=n, max_size=n))
    last = list(request)
    if not equal_gangs and draw(st.booleans()):
        last = [draw(few) if k > 1 else r for k, r in zip(replicas, request, strict=True)]
    if scale is None:
        scale = draw(SCALES)
    return JobTrace.build(
        submit=[t * scale for t in submit],
        duration=[d * scale for d in duration],
        estimate=[(d + s) * scale for d, s in zip(duration, slack, strict=True)],
        request=request,
        last_request=last,
        replicas=replicas,
        requests=pool,
        split="never" if equal_gangs else draw(st.sampled_from(("never", "nodes", "cores"))),
    )


def tie_rules(nodes: int) -> st.SearchStrategy[Any]:
    """Node order, random, or a given rank for each node."""
    return st.one_of(st.just("node-order"), st.just("random"), st.permutations(range(nodes)).map(list))
