"""Calls of the Monitoring System among those that write and those that do not, and what they are about."""

from __future__ import annotations

from typing import Any

import mlplat as mp
from mlplat.platform.automation.monitoring import Prediction
from mlplat.platform.identity import Principal

WATCHED = "shop/churn"


def answered(*requests: str) -> list[Prediction]:
    """Answers of the first version."""
    return [Prediction(request, f"{WATCHED}@1", {"x": float(place)}, place % 2) for place, request in enumerate(requests)]


def watch_a_service(platform: mp.Platform, ada: Principal, robot: Principal) -> None:
    """A watch with a window, an incident, which is of the baseline, and an answer in no window yet."""
    platform.monitoring.watch(WATCHED, account=robot, rows=2, minimum=2, actor=ada)
    platform.monitoring.collect(WATCHED, answered("r1", "r2", "r3"), actor=ada)


CALLS: dict[str, Any] = {
    "monitoring.watch": lambda p, ada, admin, git: p.monitoring.watch(
        "shop/other", account=p.identity._authorization.directory.find("robot"), tests=["psi"], every="1h", actor=ada
    ),
    "monitoring.set_sampling": lambda p, ada, admin, git: p.monitoring.set_sampling(WATCHED, 0.5, actor=ada),
    "monitoring.unwatch": lambda p, ada, admin, git: p.monitoring.unwatch(WATCHED, actor=ada),
}

SEVERAL = {
    "monitoring.collect": "publishes a window as data, as the account of the watch, and then writes down what it was found to be",
    "monitoring.close_window": "publishes a window, as `collect`",
    "monitoring.label": "publishes labels as data, and then writes down what they say of quality",
}

READING = "watches windows incidents lost"
"""What is lost is in memory, with the window that is not closed."""
