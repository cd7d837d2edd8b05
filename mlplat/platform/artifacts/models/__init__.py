"""The Model Registry: versions, aliases, stages, signatures and rules of promotion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....lazy_names import lazy_names

if TYPE_CHECKING:
    from .model_registry import ModelRegistry
    from .promoting import PromotionError
    from .rules import Rule, Verdict
    from .signatures import Field, Mismatch, MismatchKind, Signature, SignatureError
    from .stages import TRANSITIONS, Stage, StageError
    from .versions import AliasMove, Deployable, ModelComparison, ModelVersion, Promotion, StageMove

__all__ = [
    "TRANSITIONS",
    "AliasMove",
    "Deployable",
    "Field",
    "Mismatch",
    "MismatchKind",
    "ModelComparison",
    "ModelRegistry",
    "ModelVersion",
    "Promotion",
    "PromotionError",
    "Rule",
    "Signature",
    "SignatureError",
    "Stage",
    "StageError",
    "StageMove",
    "Verdict",
]

_HOME = {
    "AliasMove": "versions",
    "Deployable": "versions",
    "Field": "signatures",
    "Mismatch": "signatures",
    "MismatchKind": "signatures",
    "ModelComparison": "versions",
    "ModelRegistry": "model_registry",
    "ModelVersion": "versions",
    "Promotion": "versions",
    "PromotionError": "promoting",
    "Rule": "rules",
    "Signature": "signatures",
    "SignatureError": "signatures",
    "Stage": "stages",
    "StageError": "stages",
    "StageMove": "versions",
    "TRANSITIONS": "stages",
    "Verdict": "rules",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
