"""The Monitoring System: windows of predictions, compared with what a model was like when it was trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....lazy_names import lazy_names

if TYPE_CHECKING:
    from .answers import Collected, Incident, IncidentKind, Joined, Window, WindowList
    from .baseline import baseline_of
    from .component import Monitoring
    from .judgements import Judgement, Lack
    from .latency import LatencyVerdict
    from .quality import Metric, QualityVerdict
    from .watches import Prediction, Watch

__all__ = [
    "Collected",
    "Incident",
    "IncidentKind",
    "Joined",
    "Judgement",
    "Lack",
    "LatencyVerdict",
    "Metric",
    "Monitoring",
    "Prediction",
    "QualityVerdict",
    "Watch",
    "Window",
    "WindowList",
    "baseline_of",
]

_HOME = {
    "Collected": "answers",
    "Incident": "answers",
    "IncidentKind": "answers",
    "Joined": "answers",
    "Judgement": "judgements",
    "Lack": "judgements",
    "LatencyVerdict": "latency",
    "Metric": "quality",
    "Monitoring": "component",
    "Prediction": "watches",
    "QualityVerdict": "quality",
    "Watch": "watches",
    "Window": "answers",
    "WindowList": "answers",
    "baseline_of": "baseline",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
