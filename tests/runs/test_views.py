"""What a result shows of itself: one line, an HTML table in which no name can do harm, a chart for the terminal."""

from __future__ import annotations

import numpy as np
import pytest

from mlplat.hardware import ClusterSpec
from mlplat.infra.placement import CompiledPlacement
from mlplat.runs.replay import replay
from mlplat.runs.result_view import BARS, terminal_chart

from .cases import cores

HOSTILE = "<script>alert('x')</script>&\"[bold]"


def test_one_line_tells_policies_fates_and_the_wait() -> None:
    result = replay(ClusterSpec.parse("pool:4cpu"), cores([(0, 10, 3), (2, 20, 2), (5, 5, 9)]), queue="easy", until=25)
    assert repr(result) == "Result(easy / best-fit: 1 of 3 jobs completed, 1 rejected, 1 unfinished, mean wait 4 s)"


def test_hostile_names_are_escaped_everywhere() -> None:
    spec = ClusterSpec.from_json(ClusterSpec.parse("2x4cpu").model_copy(update={"name": HOSTILE}).to_json())
    trace = cores([(0, 5, 3), (0, 5, 3), (1, 1, 9), (1, 2, 4)]).with_columns(job_id=np.array([HOSTILE + str(i) for i in range(4)]))
    result = replay(spec, trace, placement=CompiledPlacement(lambda node, request: 0.0, title=HOSTILE))
    pages = [result._repr_html_()] + [result.explain(job)._repr_html_() for job in range(4)]
    for page in pages:
        assert "<script" not in page
        assert "&lt;script&gt;" in page
    assert HOSTILE in result.explain(3).text  # plain text is left alone


def test_the_html_table_has_a_row_for_each_figure() -> None:
    page = replay(ClusterSpec.parse("pool:4cpu"), cores([(0, 10, 3)]))._repr_html_()
    assert page.count("<tr>") == page.count("</tr>") >= 12
    assert "–" in page  # no GPUs, so no utilization of them


@pytest.mark.parametrize("width", [1, 7, 72, 500])
def test_the_chart_shows_the_peak_of_each_span(width: int) -> None:
    rows = [(float(i), 10.0, 1) for i in range(60)] + [(500.0, 1.0, 1)]
    result = replay(ClusterSpec.parse("pool:2cpu"), cores(rows))
    chart = terminal_chart(result, "waiting", width)
    assert len(chart) == width and set(chart) <= set(BARS)
    assert BARS[-1] in chart
    if width > 7:  # else the first span reaches the peak
        assert chart[0] != BARS[-1] and chart[-1] == BARS[0]


def test_a_chart_of_nothing_is_blank() -> None:
    result = replay(ClusterSpec.parse("pool:2cpu"), cores([(0, 1, 1), (5, 1, 1)]))
    assert terminal_chart(result, "waiting", 10) == " " * 10
    assert terminal_chart(replay(ClusterSpec.parse("pool:2cpu"), cores([(0, 0, 1)])), "running", 3) == "   "
