"""Rollouts: how a service goes from one version to another, as state machines over what serving offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .....lazy_names import lazy_names

if TYPE_CHECKING:
    from .advancing import advance
    from .states import Facts, Phase, Reason, Rollout
    from .strategies import BlueGreen, Canary, Rolling, Strategy
    from .target import Target, VersionState

__all__ = [
    "BlueGreen",
    "Canary",
    "Facts",
    "Phase",
    "Reason",
    "Rolling",
    "Rollout",
    "Strategy",
    "Target",
    "VersionState",
    "advance",
]

_HOME = {
    "BlueGreen": "strategies",
    "Canary": "strategies",
    "Facts": "states",
    "Phase": "states",
    "Reason": "states",
    "Rolling": "strategies",
    "Rollout": "states",
    "Strategy": "strategies",
    "Target": "target",
    "VersionState": "target",
    "advance": "advancing",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
