"""Strict readers of the two texts of metrics: Prometheus 0.0.4 and OpenMetrics 1.0, after their specifications."""

from __future__ import annotations

import re
from typing import NamedTuple

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABELS = r'(?:\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"(?:,(?=[a-zA-Z_])|(?=\})))*\})?'
VALUE = r"(?:[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?)|[+-]Inf|NaN)"
PLAIN_SAMPLE = re.compile(rf"({NAME})({LABELS}) ({VALUE})")
TIMED_SAMPLE = re.compile(rf"({NAME})({LABELS}) ({VALUE}) (\d+(?:\.\d+)?)")


class Sample(NamedTuple):
    """`time`: Unix seconds, as written; empty without."""

    name: str
    labels: str
    value: float
    time: str


class MetricFamily(NamedTuple):
    name: str
    kind: str
    unit: str
    help: str
    samples: list[Sample]


def read_prometheus(text: str) -> dict[str, MetricFamily]:
    """The families of a text in the Prometheus format. HELP and TYPE come before the samples of a metric, and once."""
    families: dict[str, MetricFamily] = {}
    help: tuple[str, str] = ("", "")
    assert text.endswith("\n") and "\n\n" not in text and "\r" not in text
    for line in text[:-1].split("\n"):
        if found := re.fullmatch(rf"# HELP ({NAME}) ((?:[^\\\n]|\\[\\n])*)", line):
            help = found[1], found[2]
        elif found := re.fullmatch(rf"# TYPE ({NAME}) (counter|gauge|untyped)", line):
            assert found[1] not in families and help[0] == found[1], line
            families[found[1]] = MetricFamily(found[1], found[2], "", help[1], [])
        else:
            found = PLAIN_SAMPLE.fullmatch(line)
            assert found, line
            family = list(families.values())[-1]
            assert found[1] == family.name, line
            family.samples.append(Sample(found[1], found[2], float(found[3]), ""))
    for family in families.values():
        assert family.samples and len({sample.labels for sample in family.samples}) == len(family.samples), family.name
        assert family.kind != "counter" or family.name.endswith("_total")
    return families


def read_openmetrics(text: str) -> dict[str, MetricFamily]:
    """The families of a text of OpenMetrics whose samples all have a time. Families and series are not interleaved; times ascend."""
    assert text.endswith("# EOF\n") and text.count("# EOF") == 1 and "\n\n" not in text and "\r" not in text
    families: dict[str, MetricFamily] = {}
    closed: set[tuple[str, str]] = set()
    for line in text.split("\n")[:-2]:
        if found := re.fullmatch(rf"# TYPE ({NAME}) (counter|gauge)", line):
            assert found[1] not in families, line
            families[found[1]] = MetricFamily(found[1], found[2], "", "", [])
            continue
        family = list(families.values())[-1]
        if found := re.fullmatch(rf"# UNIT ({NAME}) ([a-zA-Z0-9_:]+)", line):
            assert found[1] == family.name and not family.samples and family.name.endswith("_" + found[2]), line
            families[family.name] = family._replace(unit=found[2])
        elif found := re.fullmatch(rf'# HELP ({NAME}) ((?:[^"\\\n]|\\["\\n])*)', line):
            assert found[1] == family.name and not family.samples, line
            families[family.name] = family._replace(help=found[2])
        else:
            found = TIMED_SAMPLE.fullmatch(line)
            assert found, line
            assert found[1] == family.name + ("_total" if family.kind == "counter" else ""), line
            sample = Sample(found[1], found[2], float(found[3]), found[4])
            if family.samples and family.samples[-1].labels == sample.labels:
                assert float(sample.time) > float(family.samples[-1].time), line
                assert family.kind != "counter" or sample.value >= family.samples[-1].value, line
            else:
                assert (sample.name, sample.labels) not in closed, line
                closed.add((sample.name, sample.labels))
            assert family.kind != "counter" or sample.value >= 0, line
            family.samples.append(sample)
    for name in families:
        assert not any(other != name and other.startswith(name + "_total") for other in families)
    return families
