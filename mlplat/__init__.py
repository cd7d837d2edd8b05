"""mlplat: the flight simulator for ML platforms.

The public names are loaded when first used, so that `import mlplat` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .errors import MlplatError
from .lazy_names import lazy_names
from .version import VERSION as __version__

if TYPE_CHECKING:
    from . import hardware, traces
    from .context import Simulation
    from .course.checking import check
    from .hardware import ClusterSpec
    from .hardware.outages import Outages
    from .hardware.reliability import Reliability
    from .infra.autoscaling import Autoscaling
    from .infra.checkpoints import CheckpointPolicy
    from .infra.cluster import Cluster
    from .infra.incidents import Detection
    from .infra.placement import PLACEMENTS, CompiledPlacement, PlacementPolicy
    from .infra.queueing import QUEUES, CompiledQueue, QueuePolicy
    from .infra.quotas import Cohort, Quota, QuotaWarning
    from .infra.synchronization import Synchronization
    from .infra.virtualization import Image, RestartPolicy, Usage
    from .infra.workload_spec import Workload
    from .planning import Comparison, Plan, Scenario, compare, plan
    from .planning.sweeps import sweep
    from .platform.facade import Platform
    from .platform.pipelines import StepContext, by_size, measured, pipeline, step, when
    from .resources import ResourceRequest
    from .runs.replay import replay
    from .runs.result import Result
    from .runs.saved_run import SavedRun
    from .traces import TraceReader, read_trace
    from .workload import JobTrace

__all__ = [
    "PLACEMENTS",
    "QUEUES",
    "Autoscaling",
    "CheckpointPolicy",
    "Cluster",
    "ClusterSpec",
    "Cohort",
    "Comparison",
    "CompiledPlacement",
    "CompiledQueue",
    "Detection",
    "Image",
    "JobTrace",
    "MlplatError",
    "Outages",
    "PlacementPolicy",
    "Plan",
    "Platform",
    "QueuePolicy",
    "Quota",
    "QuotaWarning",
    "Reliability",
    "ResourceRequest",
    "RestartPolicy",
    "Result",
    "SavedRun",
    "Scenario",
    "Simulation",
    "StepContext",
    "Synchronization",
    "TraceReader",
    "Usage",
    "Workload",
    "__version__",
    "by_size",
    "check",
    "compare",
    "hardware",
    "measured",
    "pipeline",
    "plan",
    "read_trace",
    "replay",
    "step",
    "sweep",
    "traces",
    "when",
]

_HOME = {
    "Autoscaling": "infra.autoscaling",
    "CheckpointPolicy": "infra.checkpoints",
    "Cluster": "infra.cluster",
    "ClusterSpec": "hardware.cluster_spec",
    "Cohort": "infra.quotas",
    "Comparison": "planning.comparison.comparison_result",
    "CompiledPlacement": "infra.placement",
    "CompiledQueue": "infra.queueing",
    "Detection": "infra.incidents",
    "Image": "infra.virtualization",
    "JobTrace": "workload",
    "Outages": "hardware.outages",
    "PLACEMENTS": "infra.placement",
    "PlacementPolicy": "infra.placement",
    "Plan": "planning.search.plan",
    "Platform": "platform.facade",
    "QUEUES": "infra.queueing",
    "QueuePolicy": "infra.queueing",
    "Quota": "infra.quotas",
    "QuotaWarning": "infra.quotas",
    "Reliability": "hardware.reliability",
    "ResourceRequest": "resources",
    "RestartPolicy": "infra.virtualization",
    "Result": "runs.result",
    "SavedRun": "runs.saved_run",
    "Scenario": "planning.scenario.scenario",
    "Simulation": "context",
    "StepContext": "platform.pipelines",
    "Synchronization": "infra.synchronization",
    "TraceReader": "traces.trace_reader",
    "Usage": "infra.virtualization",
    "Workload": "infra.workload_spec",
    "by_size": "platform.pipelines",
    "check": "course.checking",
    "compare": "planning.comparison.comparing",
    "measured": "platform.pipelines",
    "pipeline": "platform.pipelines",
    "plan": "planning.search.plan",
    "read_trace": "traces.reading",
    "replay": "runs.replay",
    "step": "platform.pipelines",
    "sweep": "planning.sweeps.sweeping",
    "when": "platform.pipelines",
}
_PACKAGES = ("hardware", "traces")
_load, __dir__ = lazy_names(__name__, globals(), _HOME)


def __getattr__(name: str) -> Any:
    return importlib.import_module(f".{name}", __name__) if name in _PACKAGES else _load(name)
