"""`Baseline`: what a model version was like when it was trained, for comparison with what it meets in use."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from ....canonical import frozen
from ....errors import OptionError, printable


class Baseline(NamedTuple):
    """Of one model version at training time. Read-only.

    `features`, `predictions`: distributions by name, mappings with any of `edges` and `counts` (one fewer), `quantiles` (by level),
    `mean`, `std`, `missing` (a share) and `categories` (counts by value). `quality`: metrics; a value, or {value, low, high}.
    `latency`: seconds by quantile, such as {"p50": 0.01}. `revision`: from 1; `digest` of all this; `created_s`: s, `creator`: an id.
    """

    model: str
    revision: int
    digest: str
    created_s: float
    creator: str
    features: Mapping[str, Any]
    predictions: Mapping[str, Any]
    quality: Mapping[str, Any]
    latency: Mapping[str, Any]


def baseline_content(
    features: Mapping[str, Any], predictions: Mapping[str, Any], quality: Mapping[str, Any], latency: Mapping[str, Any]
) -> dict[str, Any]:
    """The content of a baseline, checked. Raises OptionError naming the place."""
    content = {"features": features, "predictions": predictions, "quality": quality, "latency": latency}
    found = {name: frozen(part, name) for name, part in content.items()}
    for name, part in found.items():
        if not isinstance(part, Mapping):
            raise OptionError(f"{name}: expected a mapping of names")
    for family in ("features", "predictions"):
        for name, distribution in found[family].items():
            _check_distribution(f"{family}.{printable(name)}", distribution)
    return found


def _check_distribution(where: str, given: Any) -> None:
    if not isinstance(given, Mapping):
        raise OptionError(f"{where}: expected a distribution, such as {{'edges': …, 'counts': …}}")
    edges, counts = given.get("edges"), given.get("counts")
    if (edges is None) != (counts is None):
        raise OptionError(f"{where}: expected both edges and counts, or neither")
    if edges is not None:
        if not isinstance(edges, tuple) or not isinstance(counts, tuple) or len(edges) != len(counts) + 1:
            raise OptionError(f"{where}: expected one edge more than counts")
        if not all(map(_is_number, (*edges, *counts))) or any(a >= b for a, b in pairwise(edges)) or any(n < 0 for n in counts):
            raise OptionError(f"{where}: expected rising edges and counts of at least 0")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
