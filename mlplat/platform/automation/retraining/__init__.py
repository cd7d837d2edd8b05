"""Continuous training: what the deployed pipeline is run again for, and what becomes of the model that comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....lazy_names import lazy_names

if TYPE_CHECKING:
    from .component import Retrainer, RetrainingStatus
    from .policy import RetrainingPolicy
    from .specs import Retrained, TriggerSpec
    from .state import Retraining, RetrainingReason
    from .triggers import Decision, SuppressedReason, Trigger, TriggerState, decide

__all__ = [
    "Decision",
    "Retrained",
    "Retrainer",
    "Retraining",
    "RetrainingPolicy",
    "RetrainingReason",
    "RetrainingStatus",
    "SuppressedReason",
    "Trigger",
    "TriggerSpec",
    "TriggerState",
    "decide",
]

_HOME = {
    "Retrained": "specs",
    "Retrainer": "component",
    "Retraining": "state",
    "RetrainingReason": "state",
    "RetrainingStatus": "component",
    "TriggerSpec": "specs",
    "Decision": "triggers",
    "RetrainingPolicy": "policy",
    "SuppressedReason": "triggers",
    "Trigger": "triggers",
    "TriggerState": "triggers",
    "decide": "triggers",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
