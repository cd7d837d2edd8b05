"""A model whose numbers are known, for tests that fit what it generates."""

from __future__ import annotations

from typing import Any

from mlplat.traces.fitting.model import RATIOS, Arrivals, Bursts, FittedWorkload, Group, JobClass, Kind, Request, Shape, SizeTable


def model(
    *, arrivals: dict[str, Any] | None = None, bursts: dict[str, Any] | None = None, sizes: dict[int, float] | None = None, **changes: Any
) -> FittedWorkload:
    """Two widths, two lognormal kinds, two groups; 60 bursts an hour for 60 days, steady and of one job each."""
    steady = {"per_hour": 60.0, "cycle": "constant", "hours": (1.0,) * 168, "variance": 0.0, "fast": 0.0, "fast_h": 1.0, "slow_h": 24.0}
    table = SizeTable(sizes=tuple(sizes or {1: 1.0}), weights=tuple((sizes or {1: 1.0}).values()))
    single = {"within_s": 0.0, "gaps_s": (), "stay": 0.0, "alike": 0.0, "tables": (table,)}
    fields: dict[str, Any] = {
        "source": "known",
        "jobs": 1000,
        "days": 60.0,
        "resolution_s": 0.001,
        "split": "nodes",
        "arrivals": Arrivals(**steady | (arrivals or {})),
        "bursts": Bursts(**single | (bursts or {})),
        "requests": (Request(gpus=1), Request(gpus=8)),
        "classes": tuple(
            JobClass(name=name, shapes=(Shape(request=i, last_request=i, weight=1.0),)) for i, name in enumerate(("1 GPU", "8 GPUs"))
        ),
        "kinds": (
            Kind(job_class=0, form="lognormal", mu=5.0, sigma=0.5, longest_s=1e9),
            Kind(job_class=0, form="lognormal", mu=9.0, sigma=1.0, longest_s=1e9),
            Kind(job_class=1, form="lognormal", mu=7.0, sigma=0.8, longest_s=1e9),
        ),
        "groups": (
            Group(name="many", weight=3.0, table=0, kinds=(0.6, 0.3, 0.1)),
            Group(name="few", weight=1.0, table=0, kinds=(0.0, 0.0, 1.0)),
        ),
    }
    return FittedWorkload(**fields | changes)


def flat_gaps(longest: float) -> tuple[float, ...]:
    """A table of gaps from 0 to `longest` seconds."""
    return tuple(longest * i / (RATIOS - 1) for i in range(RATIOS))
