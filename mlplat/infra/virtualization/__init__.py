"""Virtualization: runtime environments on the nodes, from the moment a replica is bound to one until it ends.

Names are loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .environments import LogLine, RuntimeEnvironment
    from .images import Image, ImageStore, Layer
    from .isolation import EnvironmentGoneError, EnvironmentView, LocalDisk, VisibleDevice
    from .layer_cache import LayerCache
    from .occupancy import OccupiedError
    from .restarts import RestartPolicy, StopHook, restart_policy
    from .states import IllegalTransitionError, Reason, State
    from .usage import Usage
    from .usage_curve import UsageCurve
    from .virtualization import NodeUsage, Virtualization

__all__ = [
    "EnvironmentGoneError",
    "EnvironmentView",
    "IllegalTransitionError",
    "Image",
    "ImageStore",
    "Layer",
    "LayerCache",
    "LocalDisk",
    "LogLine",
    "NodeUsage",
    "OccupiedError",
    "Reason",
    "RestartPolicy",
    "RuntimeEnvironment",
    "State",
    "StopHook",
    "Usage",
    "UsageCurve",
    "Virtualization",
    "VisibleDevice",
    "restart_policy",
]

_HOME = {
    "EnvironmentGoneError": "isolation",
    "EnvironmentView": "isolation",
    "IllegalTransitionError": "states",
    "Image": "images",
    "ImageStore": "images",
    "Layer": "images",
    "LayerCache": "layer_cache",
    "LocalDisk": "isolation",
    "LogLine": "environments",
    "NodeUsage": "virtualization",
    "OccupiedError": "occupancy",
    "Reason": "states",
    "RestartPolicy": "restarts",
    "RuntimeEnvironment": "environments",
    "State": "states",
    "StopHook": "restarts",
    "Usage": "usage",
    "UsageCurve": "usage_curve",
    "Virtualization": "virtualization",
    "VisibleDevice": "isolation",
    "restart_policy": "restarts",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
