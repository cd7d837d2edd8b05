"""Series as text: OpenMetrics 1.0, which Prometheus takes in with `promtool tsdb create-blocks-from openmetrics`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Literal

from ...errors import OptionError
from ...infra.prometheus_text import number

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_ESCAPED = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


@dataclass(frozen=True, slots=True)
class SeriesFamily:
    """One metric with its series.

    `name`: without `_total`, which a counter's samples get; it ends in `_` and the `unit`, where there is one. `series`: of each the labels
    and the samples, pairs of Unix seconds and value, their times ascending.
    """

    name: str
    kind: Literal["gauge", "counter"]
    unit: str
    help: str
    series: Iterable[tuple[tuple[tuple[str, str], ...], Iterable[tuple[float, float]]]]


def write_openmetrics(families: Iterable[SeriesFamily], stream: IO[str]) -> int:
    r"""Write the families and the end of the text; returns the number of samples.

    Raises OptionError for names that are none, and for times that do not ascend.

    >>> import sys
    >>> family = SeriesFamily("up", "gauge", "", 'Whether "it" answers.', [((("node", "a\nb"),), [(1.5, 1.0)])])
    >>> count = write_openmetrics([family], sys.stdout)
    # TYPE up gauge
    # HELP up Whether \"it\" answers.
    up{node="a\nb"} 1 1.5
    # EOF
    """
    met: set[str] = set()
    samples = 0
    for family in families:
        if family.name in met or not _METRIC.fullmatch(family.name) or (family.unit and not family.name.endswith("_" + family.unit)):
            raise OptionError(f"metric {family.name!r:.80}: expected a name of its own that ends in its unit {family.unit!r:.40}")
        met.add(family.name)
        stream.write(f"# TYPE {family.name} {family.kind}\n")
        if family.unit:
            stream.write(f"# UNIT {family.name} {family.unit}\n")
        stream.write(f"# HELP {family.name} {family.help.translate(_ESCAPED)}\n")
        for line in _lines(family):
            stream.write(line)
            samples += 1
    stream.write("# EOF\n")
    return samples


def _lines(family: SeriesFamily) -> Iterator[str]:
    sample = family.name + ("_total" if family.kind == "counter" else "")
    for labels, points in family.series:
        said = ",".join(f'{name}="{value.translate(_ESCAPED)}"' for name, value in labels)
        start = f"{sample}{{{said}}}" if said else sample
        before = float("-inf")
        for time, value in points:
            if not time > before:
                raise OptionError(f"samples of {family.name}: expected times that ascend, not {time} s after {before} s")
            before = time
            yield f"{start} {number(value)} {_time(time)}\n"


def _time(time: float) -> str:
    """Seconds to the millisecond, without an exponent."""
    return f"{time:.3f}".rstrip("0").rstrip(".")
