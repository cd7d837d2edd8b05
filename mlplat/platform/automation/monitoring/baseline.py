"""`baseline_of`: what a model version was like when it was trained, computed from its data, for the Metadata Store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ....errors import OptionError
from .drift.columns import ColumnData, ColumnKind, finite_sorted, read_columns
from .drift.reference_columns import equal_edges
from .latency import captured_latency
from .quality import Metric, captured_quality

if TYPE_CHECKING:
    from .drift.columns import Floats, Frame

BINS = 100
"""Bins of equal size in a baseline, of which a reference makes its cells."""
LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
MOST_CATEGORIES = 10_000


def baseline_of(
    features: Frame,
    predictions: Frame | None = None,
    labels: Iterable[Any] | None = None,
    *,
    latency_s: Iterable[float] | None = None,
    metrics: Iterable[Metric | str] = (Metric.ACCURACY,),
    hardware: str = "",
    kinds: Mapping[str, ColumnKind | str] | None = None,
) -> dict[str, Any]:
    """What `MetadataStore.record_baseline` takes: features, predictions, quality and latency of a model version.

    `features`, `predictions`: of training or validation data, one column each. `labels`: what the first column of predictions should have
    been, in the same order; the quality by `metrics` is computed from both. `latency_s`: of single answers, on `hardware`. Raises
    OptionError for columns of unequal length.

    >>> found = baseline_of({"x": [1.0, 2.0, 2.0, None]}, {"label": ["a", "b", "b", "a"]}, ["a", "b", "a", "a"])
    >>> found["features"]["x"]["missing"], found["quality"]["accuracy"]["value"]
    (0.25, 0.75)
    """
    columns = read_columns(features, kinds)
    answers = read_columns(predictions or {}) if isinstance(predictions, Mapping) or predictions is None else read_columns(predictions)
    found: dict[str, Any] = {
        "features": {name: distribution(each) for name, each in columns.items() if each.kind is not ColumnKind.OTHER},
        "predictions": {name: distribution(each) for name, each in answers.items() if each.kind is not ColumnKind.OTHER},
        "quality": {},
        "latency": {},
    }
    if labels is not None:
        if predictions is None or not answers:
            raise OptionError("labels: expected predictions beside them")
        given, wanted = list(predictions[next(iter(answers))]), list(labels)
        if len(given) != len(wanted):
            raise OptionError(f"{len(wanted):,} labels for {len(given):,} predictions; expected one for each")
        found["quality"] = {str(Metric(metric)): captured_quality(Metric(metric), given, wanted) for metric in metrics}
    if latency_s is not None:
        found["latency"] = captured_latency(latency_s, hardware)
    return found


def distribution(column: ColumnData) -> dict[str, Any]:
    """A column as a distribution of a baseline: bins of about equal size with their counts, or rows by category, and what is missing.

    Of more than 10,000 categories, such as identifiers, the most frequent are kept and the rest counts as none of them.
    """
    import numpy as np

    found: dict[str, Any] = {"rows": column.rows, "missing": column.missing / column.rows if column.rows else 0.0}
    if column.kind is ColumnKind.CATEGORICAL:
        often = sorted(column.counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_CATEGORIES]
        return found | {"categories": dict(sorted(often))}
    values = finite_sorted(column.numbers)
    if not len(values):
        return found
    edges = _closed(equal_edges(values, BINS), values)
    counts = np.diff(np.searchsorted(values, edges, "left"))
    counts[-1] += np.count_nonzero(values == edges[-1])
    scale = max(1.0, float(np.abs(values).max()) / 1e150)  # so that no square overflows
    return found | {
        "edges": edges.tolist(),
        "counts": counts.tolist(),
        "quantiles": {f"{level:g}": float(np.quantile(values, level, method="inverted_cdf")) for level in LEVELS},
        "mean": float(np.mean(values / scale)) * scale,
        "std": float(np.std(values / scale)) * scale,
    }


def _closed(inner: Floats, values: Floats) -> Floats:
    """Edges from the least to the greatest value, at least two of them."""
    import numpy as np

    edges = np.unique(np.concatenate(([values[0]], inner[(inner > values[0]) & (inner <= values[-1])], [values[-1]])))
    if len(edges) > 1:
        return edges
    return np.array([values[0], np.nextafter(values[0], np.inf)]) if values[0] < np.finfo(float).max else np.array([0.0, values[0]])
