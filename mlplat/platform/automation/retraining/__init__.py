"""Continuous training: what the deployed pipeline is run again for, and what becomes of the model that comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....lazy_names import lazy_names

if TYPE_CHECKING:
    from .policy import RetrainingPolicy
    from .triggers import Decision, SuppressedReason, Trigger, TriggerState, decide

__all__ = ["Decision", "RetrainingPolicy", "SuppressedReason", "Trigger", "TriggerState", "decide"]

_HOME = {
    "Decision": "triggers",
    "RetrainingPolicy": "policy",
    "SuppressedReason": "triggers",
    "Trigger": "triggers",
    "TriggerState": "triggers",
    "decide": "triggers",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
