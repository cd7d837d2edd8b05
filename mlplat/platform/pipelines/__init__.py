"""Pipelines: steps that run in environments of their own, what they pass to each other, and the orchestrator that runs them.

Names are loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .context import StepContext
    from .dag import Dag
    from .definition import Pipeline, pipeline
    from .durations import by_size, measured
    from .errors import (
        CodeError,
        CycleError,
        DefinitionError,
        MissingArgumentError,
        PipelineError,
        TypeMismatchError,
        UnknownInputError,
    )
    from .handles import PipelineRun, TaskView
    from .orchestrator import Orchestrator
    from .outcomes import Irreproducible, NotStorable, RunError, RunReason
    from .placeholders import when
    from .scheduling import Schedule
    from .steps import Step, step
    from .versions import PipelineVersion

__all__ = [
    "CodeError",
    "CycleError",
    "Dag",
    "DefinitionError",
    "Irreproducible",
    "MissingArgumentError",
    "NotStorable",
    "Orchestrator",
    "Pipeline",
    "PipelineError",
    "PipelineRun",
    "PipelineVersion",
    "RunError",
    "RunReason",
    "Schedule",
    "Step",
    "StepContext",
    "TaskView",
    "TypeMismatchError",
    "UnknownInputError",
    "by_size",
    "measured",
    "pipeline",
    "step",
    "when",
]

_HOME = {
    "CodeError": "errors",
    "CycleError": "errors",
    "Dag": "dag",
    "DefinitionError": "errors",
    "Irreproducible": "outcomes",
    "MissingArgumentError": "errors",
    "NotStorable": "outcomes",
    "Orchestrator": "orchestrator",
    "Pipeline": "definition",
    "PipelineError": "errors",
    "PipelineRun": "handles",
    "PipelineVersion": "versions",
    "RunError": "outcomes",
    "RunReason": "outcomes",
    "Schedule": "scheduling",
    "Step": "steps",
    "StepContext": "context",
    "TaskView": "handles",
    "TypeMismatchError": "errors",
    "UnknownInputError": "errors",
    "by_size": "durations",
    "measured": "durations",
    "pipeline": "definition",
    "step": "steps",
    "when": "placeholders",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
