"""Metrics as text: the Prometheus text exposition format, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from ..errors import OptionError

Kind = Literal["counter", "gauge", "untyped"]
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class Family:
    """One metric with its samples.

    `name`: of the metric, with its unit at the end and, of a counter, `_total`. `help`: what it says. `labels`: their names, the same for
    all samples. `samples`: the values of the labels and the value of each; what is unknown is left out by who makes them.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...]
    samples: Sequence[tuple[tuple[str, ...], float]]

    @classmethod
    def single(cls, name: str, kind: Kind, help: str, value: float) -> Family:
        """A metric without labels."""
        return cls(name, kind, help, (), (((), value),))


def exposition(families: Iterable[Family]) -> str:
    r"""The text that a Prometheus server scrapes.

    Raises OptionError for names that are none, a metric given twice, samples with equal labels or with the wrong number of them.

    >>> print(exposition([Family("up", "gauge", "Whether it answers.", ("node",), [(("gpu\n1",), 1.0)])]), end="")
    # HELP up Whether it answers.
    # TYPE up gauge
    up{node="gpu\n1"} 1
    """
    lines: list[str] = []
    met: set[str] = set()
    for family in families:
        if family.name in met:
            raise OptionError(f"metric {family.name!r} is given twice")
        met.add(family.name)
        lines += _lines(family)
    return "\n".join([*lines, ""]) if lines else ""


def _lines(family: Family) -> list[str]:
    name, labels = family.name, family.labels
    if not _METRIC.fullmatch(name) or family.kind not in get_args(Kind):
        raise OptionError(f"metric {name!r:.80} of kind {family.kind!r:.40}: expected letters, digits, '_' and one of {get_args(Kind)}")
    if len(set(labels)) != len(labels) or not all(_LABEL.fullmatch(label) for label in labels):
        raise OptionError(f"labels {labels!r:.120} of {name}: expected different names of letters, digits and '_'")
    if len({values for values, _ in family.samples}) != len(family.samples) or any(len(v) != len(labels) for v, _ in family.samples):
        raise OptionError(f"samples of {name}: expected a value for each of {labels}, and no two samples alike")
    prefixes = [label + '="' for label in labels]
    lines = [f"# HELP {name} {_escaped(family.help, _IN_HELP)}", f"# TYPE {name} {family.kind}"]
    for values, value in family.samples:
        said = ",".join(prefix + _escaped(text, _IN_LABEL) + '"' for prefix, text in zip(prefixes, values, strict=True))
        lines.append(f"{name}{{{said}}} {number(value)}" if said else f"{name} {number(value)}")
    return lines


_IN_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})
_IN_LABEL = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


def _escaped(text: str, table: Mapping[int, str]) -> str:
    return text.translate(table)


def number(value: float) -> str:
    """A value as it is written: whole numbers without a point, others so that they read back the same.

    >>> number(3.0), number(0.1), number(float("inf")), number(float("nan"))
    ('3', '0.1', '+Inf', 'NaN')
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(float(value))
