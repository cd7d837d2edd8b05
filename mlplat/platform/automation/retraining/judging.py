"""Whether a candidate is good enough: it and the current model on the same held-out rows, by a paired interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ....errors import OptionError
from ...references import Reference
from ...training.data import TrainingData
from ...training.estimators import model_from_parts
from ...training.quality import CLASSIFICATION, Measure, compare, score

if TYPE_CHECKING:
    from ...artifacts.data import DataStore
    from ...artifacts.models import ModelRegistry
    from ...identity.principals import Principal
    from .specs import Retrained


class Judgement(NamedTuple):
    """Whether a candidate is `accepted`, None where that could not be told, and why in words."""

    accepted: bool | None
    text: str


def judge(spec: Retrained, candidate: str, models: ModelRegistry, data: DataStore, account: Principal, seed: int) -> Judgement:
    """Compare a candidate with the current model, both read as `account`. Without a held-out dataset the metrics that were registered
    with both are compared; without a current model any candidate is accepted. Raises AccessDenied.
    """
    there = bool(spec.current) and models._digest_of(Reference.parse(spec.current)) is not None
    current = models.resolve(spec.current, actor=account) if there else None
    new = models.resolve(candidate, actor=account)
    if current is not None and current.reference == new.reference:
        return Judgement(None, f"{candidate} is the current model itself")
    if not spec.held_out:
        return _by_metrics(spec, None if current is None else current.metrics, new.metrics)
    version = data.resolve(spec.held_out, actor=account)
    rows = TrainingData.from_frame(data.read(version.reference, actor=account), spec.target)
    try:
        second = _predicted(spec.measure, models.load(new.reference, actor=account), rows)
        if current is None:
            return Judgement(
                True, f"{spec.measure} {score(spec.measure, rows.y, second):.4f} on {version.reference}, and there is no other"
            )
        first = _predicted(spec.measure, models.load(current.reference, actor=account), rows)
    except OptionError as error:
        return Judgement(None, str(error))
    found = compare(spec.measure, rows.y, first, second, seed=seed)
    accepted = found.better if spec.policy.accept == "better" else found.not_worse(spec.policy.margin)
    return Judgement(accepted, f"{found} on {version.reference}")


def _by_metrics(spec: Retrained, before: Any, after: Any) -> Judgement:
    name = spec.measure
    if before is None:
        return Judgement(True, "there is no other")
    if name not in before or name not in after:
        return Judgement(None, f"no {name} was registered with {'the current model' if name not in before else 'the candidate'}")
    sign = -1.0 if name in (Measure.LOG_LOSS, Measure.RMSE) else 1.0
    gain = sign * (after[name] - before[name])
    accepted = gain > 0 if spec.policy.accept == "better" else gain >= -spec.policy.margin
    return Judgement(accepted, f"{name} {before[name]:.4f} and {after[name]:.4f}, as registered")


def _predicted(measure: str, parts: Any, rows: TrainingData) -> Any:
    if not isinstance(parts, Mapping):
        raise OptionError("the model is bytes, which nothing here can predict with; expected parts of a model of this library")
    model: Any = model_from_parts(parts)
    if measure in {each.value for each in CLASSIFICATION} and hasattr(model, "predict_proba"):
        return model.predict_proba(rows.x)[:, 1]
    return model.predict(rows.x)
