"""Small registries of services for tests."""

from __future__ import annotations

from typing import Any

import mlplat as mp
from mlplat.infra.network.service_registry import ServiceRegistry

DELAY = 1.0


def registry(delay: Any = DELAY, **options: Any) -> tuple[mp.Simulation, ServiceRegistry]:
    sim = mp.Simulation(**options)
    return sim, ServiceRegistry(sim, delay)


def addresses(of: ServiceRegistry, name: str, zone: str = "") -> list[str]:
    return [str(address) for address in of.resolve(name, zone)]


def members(of: ServiceRegistry, count: int, zone: str = "a", ready: bool = True) -> None:
    for i in range(count):
        of.add_member(f"web/{i}", zone, {"app": "web"}, f"10.0.0.{i + 2}", f"node-{i}", ready=ready)
