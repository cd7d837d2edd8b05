"""Judging a canary: the new version against the old, with a level that holds over the whole rollout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .....lazy_names import lazy_names

if TYPE_CHECKING:
    from .judgement import judge
    from .observations import Observations, Reference
    from .policy import CanaryPolicy, Metric
    from .verdicts import Finding, Found, Judgement, Verdict, Versus

__all__ = ["CanaryPolicy", "Finding", "Found", "Judgement", "Metric", "Observations", "Reference", "Verdict", "Versus", "judge"]

_HOME = {
    "CanaryPolicy": "policy",
    "Finding": "verdicts",
    "Found": "verdicts",
    "Judgement": "verdicts",
    "Metric": "policy",
    "Observations": "observations",
    "Reference": "observations",
    "Verdict": "verdicts",
    "Versus": "verdicts",
    "judge": "judgement",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
