"""What is said of a window, of labels and of latencies, and why nothing can be said."""

from __future__ import annotations

from enum import StrEnum


class Judgement(StrEnum):
    """`STEADY`: as captured. `DRIFT`, `DEGRADED`, `SLOW`: not so. `INSUFFICIENT`: too little to say, with the reason. `UNJUDGED`: a window
    without anything to compare it with."""

    STEADY = "steady"
    DRIFT = "drift"
    DEGRADED = "degraded"
    SLOW = "slow"
    INSUFFICIENT = "insufficient"
    UNJUDGED = "unjudged"


class Lack(StrEnum):
    """What is missing for a judgement. `NOTHING`: there is one."""

    NOTHING = ""
    TOO_FEW_LABELS = "too_few_labels"
    QUALITY_NOT_CAPTURED = "quality_not_captured"
    TOO_FEW_ANSWERS = "too_few_answers"
    LATENCY_NOT_CAPTURED = "latency_not_captured"
