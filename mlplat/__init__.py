"""mlplat: the flight simulator for ML platforms.

The public names are loaded when first used, so that `import mlplat` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .errors import MlplatError
from .version import VERSION as __version__

if TYPE_CHECKING:
    from . import hardware, traces
    from .context import Simulation
    from .hardware import ClusterSpec
    from .infra.cluster import Cluster
    from .infra.placement import PLACEMENTS, CompiledPlacement, PlacementPolicy
    from .infra.queueing import QUEUES
    from .infra.workload_spec import Workload
    from .resources import ResourceRequest
    from .runs.replay import replay
    from .runs.result import Result
    from .traces import read_trace
    from .workload import JobTrace

__all__ = [
    "PLACEMENTS",
    "QUEUES",
    "Cluster",
    "ClusterSpec",
    "CompiledPlacement",
    "JobTrace",
    "MlplatError",
    "PlacementPolicy",
    "ResourceRequest",
    "Result",
    "Simulation",
    "Workload",
    "__version__",
    "hardware",
    "read_trace",
    "replay",
    "traces",
]

_HOME = {
    "PLACEMENTS": "infra.placement",
    "QUEUES": "infra.queueing",
    "Cluster": "infra.cluster",
    "ClusterSpec": "hardware.cluster_spec",
    "CompiledPlacement": "infra.placement",
    "JobTrace": "workload",
    "PlacementPolicy": "infra.placement",
    "ResourceRequest": "resources",
    "Result": "runs.result",
    "Simulation": "context",
    "Workload": "infra.workload_spec",
    "read_trace": "traces.reading",
    "replay": "runs.replay",
}
_PACKAGES = ("hardware", "traces")


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return importlib.import_module(f".{name}", __name__)
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
