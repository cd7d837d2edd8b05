"""The baseline of a model that a step makes: what its data and its answers were like, captured without a word from the step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..artifacts.metadata.baselines import baseline_content


def captured_baseline(model: Any, given: Mapping[str, Any], target: str = "") -> dict[str, Any] | None:
    """Features, predictions and quality of a model on the frame that it was made of, as `MetadataStore.record_baseline` takes them.

    `given`: what the step was called with; of several frames the first that has the columns is meant. `target`: the column that was to be
    predicted; quality needs it. Features are the columns that the model names (`feature_names_in_`), or all others. None where there is no
    frame, and for a model whose `predict` does not take it: then there is none, and monitoring says so.
    """
    import numpy as np
    import polars as pl

    from ..automation.monitoring.baseline import baseline_of

    named = getattr(model, "feature_names_in_", None)
    wanted = list(named) if isinstance(named, (list, tuple)) else None
    frames = [each for each in given.values() if isinstance(each, pl.DataFrame)]
    frame = next((each for each in frames if {*(wanted or ()), *([target] if target else ())} <= set(each.columns)), None)
    if frame is None:
        return None
    features = frame.select(wanted) if wanted is not None else frame.drop(target) if target else frame
    try:
        answers = np.asarray(model.predict(features)) if callable(getattr(model, "predict", None)) else None
        labels = frame[target].to_list() if target and answers is not None else None
        metric = "mae" if answers is not None and answers.dtype.kind == "f" else "accuracy"
        predictions = None if answers is None else {"prediction": answers.ravel().tolist()}
        found = baseline_of({name: features[name] for name in features.columns}, predictions, labels, metrics=[metric])
        baseline_content(found["features"], found["predictions"], found["quality"], found["latency"])
    except Exception:  # of the model's own code, on data that it was not made for
        return None
    return found
