"""Serving infrastructure: model servers with replicas, queues, batches, autoscaling and a traffic split (docs/platform/serving.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .changes import Crash, Replicas, Silence, Weights
    from .planning import serve
    from .requests import Requests
    from .result import ServingResult
    from .versions import Concurrency, Utilization, Version

__all__ = [
    "Concurrency",
    "Crash",
    "Replicas",
    "Requests",
    "ServingResult",
    "Silence",
    "Utilization",
    "Version",
    "Weights",
    "serve",
]

_HOME = {
    "Concurrency": "versions",
    "Crash": "changes",
    "Replicas": "changes",
    "Requests": "requests",
    "ServingResult": "result",
    "Silence": "changes",
    "Utilization": "versions",
    "Version": "versions",
    "Weights": "changes",
    "serve": "planning",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
