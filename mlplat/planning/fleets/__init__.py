"""Serving fleets: how many replicas keep a latency at a rate of requests, by formula and by simulation (docs/planning/fleets.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .approximations import fleet_by_formula, latency_quantile, mean_wait, wait_quantile
    from .erlang import erlang_b, erlang_c
    from .fleet_plan import FleetPlan
    from .smallest import smallest_fleet

__all__ = [
    "FleetPlan",
    "erlang_b",
    "erlang_c",
    "fleet_by_formula",
    "latency_quantile",
    "mean_wait",
    "smallest_fleet",
    "wait_quantile",
]

_HOME = {
    "FleetPlan": "fleet_plan",
    "erlang_b": "erlang",
    "erlang_c": "erlang",
    "fleet_by_formula": "approximations",
    "latency_quantile": "approximations",
    "mean_wait": "approximations",
    "smallest_fleet": "smallest",
    "wait_quantile": "approximations",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
