"""Calls of services that write, on a platform without a cluster; those that start replicas are made as if there were one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlplat as mp
from mlplat.platform.identity import Principal

from .serving.filled import REQUEST

NEW: dict[str, Any] = {"zone": "shop-prod", "request": REQUEST}


@contextmanager
def _starting_nothing(platform: mp.Platform) -> Iterator[Any]:
    """Services of a cluster that takes everything and starts nothing."""
    serving: Any = platform.serving
    port = serving._port
    port.start = port.end = lambda *given: None
    serving._has_cluster = True
    try:
        for entry in serving._catalogue.services.values():
            serving._live[entry.name] = serving._bring_to_life(entry)
        yield serving
    finally:
        serving._has_cluster = False
        serving._live.clear()
        del port.start, port.end


def _deploy(platform: mp.Platform, ada: Principal, *_: Any) -> None:
    with _starting_nothing(platform) as serving:
        serving.deploy("shop/new", "shop/rank@1", replicas=2, actor=ada, **NEW)


def _create(platform: mp.Platform, ada: Principal, *_: Any) -> None:
    with _starting_nothing(platform) as serving:
        serving.create("shop/new", actor=ada, **NEW)


def _add_version(platform: mp.Platform, ada: Principal, *_: Any) -> None:
    with _starting_nothing(platform) as serving:
        serving.add_version("shop/served", "shop/churn@1", actor=ada)


SERVING_CALLS: dict[str, Callable[[mp.Platform, Principal, Principal, Path], object]] = {
    "serving.deploy": _deploy,
    "serving.create": _create,
    "serving.ensure": lambda p, ada, admin, git: p.serving.ensure("shop/served", zone="shop-prod", retries=2, actor=ada),
    "serving.remove": lambda p, ada, admin, git: p.serving.remove("shop/served", actor=ada),
    "serving.add_version": _add_version,
    "serving.scale": lambda p, ada, admin, git: p.serving.scale("shop/served", "shop/rank@1", 3, actor=ada),
    "serving.set_weights": lambda p, ada, admin, git: p.serving.set_weights("shop/served", {"shop/rank@1": 3, "shop/rank@2": 1}, actor=ada),
    "serving.remove_version": lambda p, ada, admin, git: p.serving.remove_version("shop/served", "shop/rank@2", actor=ada),
}

SERVING_READING = {"serving": "status list attach detach send observations collect"}
"""Streams of requests come from outside, and are not kept."""
