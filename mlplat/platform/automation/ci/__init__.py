"""Continuous integration: the tests that a commit defines, run at each push."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....lazy_names import lazy_names

if TYPE_CHECKING:
    from .definition import CI_FILE, CIDefinition
    from .integration import CI
    from .runs import CIReason, CIRun
    from .testing import CaseOutcome, CaseResult

__all__ = ["CI", "CI_FILE", "CIDefinition", "CIReason", "CIRun", "CaseOutcome", "CaseResult"]

_HOME = {
    "CI": "integration",
    "CI_FILE": "definition",
    "CIDefinition": "definition",
    "CIReason": "runs",
    "CIRun": "runs",
    "CaseOutcome": "testing",
    "CaseResult": "testing",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
