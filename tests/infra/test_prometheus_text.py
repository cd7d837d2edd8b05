"""The Prometheus text exposition: a strict parser reads back what was written, whatever the labels say."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import OptionError
from mlplat.infra.prometheus_text import Family, exposition, number

NAME, LABEL = r"[a-zA-Z_:][a-zA-Z0-9_:]*", r"[a-zA-Z_][a-zA-Z0-9_]*"
HEAD = re.compile(rf"# (HELP|TYPE) ({NAME}) (.*)")
PAIR = re.compile(rf'({LABEL})="((?:[^"\\\n]|\\["\\n])*)"(,|$)')
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (-?[0-9.]+(?:e[+-]?[0-9]+)?|NaN|\+Inf|-Inf)")
BACK = {r"\\": "\\", r"\n": "\n", r"\"": '"'}


class Metric(NamedTuple):
    kind: str
    help: str
    samples: dict[tuple[tuple[str, str], ...], float]


def unescaped(text: str) -> str:
    return re.sub(r"\\[\\n\"]", lambda found: BACK[found.group()], text)


def parse(text: str) -> dict[str, Metric]:
    """What a text says. Fails at the first line that is not as the format wants it: HELP, TYPE, then the samples of each metric."""
    assert text == "" or text.endswith("\n")
    metrics: dict[str, Metric] = {}
    lines = iter(text.split("\n")[:-1])
    name, line = "", next(lines, None)
    while line is not None:
        head = HEAD.fullmatch(line)
        assert head is not None and head[1] == "HELP", line
        name, said = head[2], head[3]
        assert name not in metrics and re.fullmatch(r"(?:[^\\]|\\\\|\\n)*", said), line
        kind = HEAD.fullmatch(next(lines))
        assert kind is not None and (kind[1], kind[2]) == ("TYPE", name) and kind[3] in ("counter", "gauge", "untyped")
        metrics[name] = Metric(kind[3], re.sub(r"\\[\\n]", lambda found: BACK[found.group()], said), {})
        line = next(lines, None)
        while line is not None and not line.startswith("#"):
            sample = SAMPLE.fullmatch(line)
            assert sample is not None and sample[1] == name, line
            labels, rest = [], sample[2]
            while rest:
                pair = PAIR.match(rest)
                assert pair is not None, line
                labels.append((pair[1], unescaped(pair[2])))
                rest = rest[pair.end() :]
                assert bool(rest) == (pair[3] == ","), line
            assert sample[2] != "" and tuple(labels) not in metrics[name].samples, line
            metrics[name].samples[tuple(labels)] = float(sample[3].replace("Inf", "inf"))
            line = next(lines, None)
    return metrics


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(['a"b', "a\\", "\\n", "a\nb", '{x="1"} 2', ""])
values = st.floats() | st.integers(-(2**60), 2**60).map(float)


@st.composite
def families(draw: st.DrawFn) -> list[Family]:
    made = []
    for name in draw(st.lists(st.from_regex(rf"\A{NAME}\Z"), max_size=4, unique=True)):
        labels = tuple(draw(st.lists(st.from_regex(r"\A[a-z][a-z_]*\Z"), max_size=3, unique=True)))
        rows = draw(st.lists(st.tuples(*[texts] * len(labels)), max_size=1 if not labels else 4, unique=True))
        samples = [(row, draw(values)) for row in rows]
        made.append(Family(name, draw(st.sampled_from(["gauge", "counter", "untyped"])), draw(texts), labels, samples))
    return made


@given(families())
def test_a_strict_parser_reads_back_what_was_written(made: list[Family]) -> None:
    read = parse(exposition(made))
    assert list(read) == [family.name for family in made]
    for family in made:
        metric = read[family.name]
        assert (metric.kind, metric.help) == (family.kind, family.help)
        assert list(metric.samples) == [tuple(zip(family.labels, row, strict=True)) for row, _ in family.samples]
        for (_, value), back in zip(family.samples, metric.samples.values(), strict=True):
            assert back == value or (math.isnan(back) and math.isnan(value))


@pytest.mark.parametrize(
    "wrong",
    [
        [Family.single("1up", "gauge", "", 1)],
        [Family.single("up-time", "gauge", "", 1)],
        [Family.single("up", "gauge", "", 1)] * 2,
        [Family("up", "gauge", "", ("node", "node"), [(("a", "a"), 1)])],
        [Family("up", "gauge", "", ("__name__",), [(("a",), 1)])],
        [Family("up", "gauge", "", ("no-de",), [(("a",), 1)])],
        [Family("up", "gauge", "", ("node",), [(("a",), 1), (("a",), 2)])],
        [Family("up", "gauge", "", ("node",), [((), 1)])],
        [Family("up", "histogram", "", (), [])],  # type: ignore[arg-type]
    ],
)
def test_what_the_format_does_not_know_is_refused(wrong: list[Family]) -> None:
    with pytest.raises(OptionError):
        exposition(wrong)


def test_nothing_is_said_of_nothing() -> None:
    assert exposition([]) == ""


def test_whole_numbers_have_no_point_and_large_ones_read_back() -> None:
    assert [number(value) for value in (0.0, -3.0, 2.0**53 - 1, 1e300, -math.inf)] == ["0", "-3", "9007199254740991", "1e+300", "-Inf"]
