"""Serving infrastructure: model servers with replicas, queues, batches, autoscaling and a traffic split (docs/platform/serving.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .answers import Observed, Predictor, Sent, ServiceStatus, VersionStatus
    from .changes import Crash, Replicas, Silence, Weights
    from .component import Serving
    from .planning import serve
    from .requests import Requests
    from .result import ServingResult
    from .target import ServiceTarget, ServingFor
    from .versions import Concurrency, Utilization, Version

__all__ = [
    "Concurrency",
    "Crash",
    "Observed",
    "Predictor",
    "Replicas",
    "Requests",
    "Sent",
    "ServiceStatus",
    "ServiceTarget",
    "Serving",
    "ServingFor",
    "ServingResult",
    "Silence",
    "Utilization",
    "Version",
    "VersionStatus",
    "Weights",
    "serve",
]

_HOME = {
    "Concurrency": "versions",
    "Crash": "changes",
    "Observed": "answers",
    "Predictor": "answers",
    "Replicas": "changes",
    "Requests": "requests",
    "Sent": "answers",
    "ServiceStatus": "answers",
    "ServiceTarget": "target",
    "Serving": "component",
    "ServingFor": "target",
    "ServingResult": "result",
    "Silence": "changes",
    "Utilization": "versions",
    "Version": "versions",
    "VersionStatus": "answers",
    "Weights": "changes",
    "serve": "planning",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
