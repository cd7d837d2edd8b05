"""The page of a run in a browser: what the map, the chart and the explanations show is what the frames say."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import mlplat as mp
from mlplat.runs.result import Result
from tests.runs.cases import mixed

from .conftest import Visitor

SCRIPT, CLOSING = "<script>alert(1)</script>", "</script><!--"


@pytest.fixture(scope="module")
def result() -> Result:
    spec, trace = mixed()
    ids = [str(name) for name in trace.job_id.tolist()]
    ids[0], ids[1] = SCRIPT, CLOSING
    zones = [mp.Quota("vision", guarantee={"gpus": 4}), mp.Quota(SCRIPT), mp.Quota("ads")]
    named = trace.with_columns(job_id=np.array(ids), groups=("vision", SCRIPT, "ads"))
    return mp.replay(spec, named, queue="fifo", until=700, zones=zones)


@pytest.fixture(scope="module")
def whole(result: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("plotly")
    return result.to_html(tmp_path_factory.mktemp("pages") / "run.html", objectives="p95_wait=10m,gpu_utilization>=0.7", explain=10)


@pytest.fixture(scope="module")
def sampled(result: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("plotly")
    return result.to_html(tmp_path_factory.mktemp("pages") / "sampled.html", most=100, sample=60, explain=0)


def opened(visitor: Visitor, path: Path, **how: Any) -> Any:
    page = visitor.open(path, **how)
    page.evaluate("() => mlplat.ready")
    return page


def held(result: Result, time: float, by_device: bool) -> list[float]:
    """The held part of every cell, from the frames: of devices where there are some and `by_device`, else of the node."""
    table = result.spec.nodes()
    now = result.attempts.filter((pl.col("start_s") <= time) & (pl.col("end_s").fill_null(math.inf) > time))
    parts: list[float] = []
    for node in range(len(table)):
        here, gpus = now.filter(pl.col("node") == node), int(table.gpus[node])
        if not gpus:
            parts.append(here["cpu_milli"].sum() / int(table.cpu_milli[node]))
        elif not by_device:
            parts.append(here["gpu_milli"].sum() / (1000 * gpus))
        else:
            on = [0.0] * gpus
            for device, milli in sorted(here.filter(pl.col("device") >= 0).select("device", "gpu_milli").rows(), key=lambda row: row[1]):
                while milli >= 1000:  # whole devices: all four of the node, or one
                    at = device if on[device] == 0 else on.index(0.0)
                    on[at], milli = 1.0, milli - 1000
                on[device] += milli / 1000
            parts += on
    return parts


STATE = "async (time) => { const s = (await mlplat.cluster).at(time); return [[...s.parts], s.running, s.waiting, s.devices]; }"


COLOURS = """(cells) => {
    const map = document.getElementById("map"), ratio = map.width / map.clientWidth;
    const copy = Object.assign(document.createElement("canvas"), { width: map.width, height: map.height }).getContext("2d");
    copy.drawImage(map, 0, 0);
    const { data } = copy.getImageData(0, 0, map.width, map.height);
    return [...Array(cells).keys()].map((cell) => {
        const [x, y] = mlplat.map.position(cell).map((at) => Math.floor(at * ratio) - 1), place = 4 * (y * map.width + x);
        return `rgb(${data[place]},${data[place + 1]},${data[place + 2]})`;
    });
}"""


def test_the_map_shows_at_every_instant_what_the_attempts_say(result: Result, whole: Path, visitor: Visitor) -> None:
    page = opened(visitor, whole, draw=False)
    for time, waiting, running, milli in result.timeline.select("time_s", "waiting", "running", "gpu_milli").rows()[::9]:
        parts, now_running, now_waiting, devices = page.evaluate(STATE, time)
        assert parts == pytest.approx(held(result, time, True), abs=1e-6)
        assert (now_running, now_waiting, devices) == (running, waiting, milli / 1000)


def test_moving_the_slider_moves_the_map_and_tells_what_it_shows(result: Result, whole: Path, visitor: Visitor) -> None:
    page = opened(visitor, whole, draw=False)
    slider = page.locator("#instant")
    seen = []
    for value in (150, 600):
        slider.fill(str(value))
        page.wait_for_function("(v) => document.getElementById('instant').value == v", arg=value)
        page.evaluate("() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))")
        told = page.locator("#at-instant").inner_text()
        expected = page.evaluate(STATE, 700 * value / 1000)
        assert f"{expected[1]} jobs run, {expected[2]} wait" in told
        colours = page.evaluate(COLOURS, len(expected[0]))
        assert colours == page.evaluate("(parts) => parts.map(mlplat.map.shadeOf)", expected[0])
        seen.append(colours)
    assert seen[0] != seen[1]
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert slider.input_value() == "601"
    page.get_by_role("button", name="Next change").click()
    page.wait_for_function("() => document.getElementById('clock').textContent !== ''")
    changes = {*result.attempts["start_s"], *result.attempts["end_s"].drop_nulls()}
    following = min(time for time in changes if time > 700 * 0.601)
    assert page.evaluate("async (time) => (await mlplat.cluster).change(time, 1)", 700 * 0.601) == following


def test_playing_goes_on_until_it_is_stopped(whole: Path, visitor: Visitor) -> None:
    page = opened(visitor, whole, draw=False)
    before = page.locator("#clock").inner_text()
    page.locator("#play").click()
    page.wait_for_function("(was) => document.getElementById('clock').textContent !== was", arg=before)
    page.locator("#play").click()
    assert page.locator("#play").get_attribute("aria-pressed") == "false"


def test_a_click_on_a_bar_explains_its_job_in_the_words_of_the_run(result: Result, whole: Path, visitor: Visitor) -> None:
    page = opened(visitor, whole, draw=False)
    told_by_run = result.explain_longest(10)
    wide = result.jobs.filter(pl.col("job").is_in(list(told_by_run)) & (pl.col("end_s") - pl.col("start_s") > 8))["job"].to_list()
    for job in wide[:3]:
        page.evaluate("() => mlplat.explain(0)")
        page.locator("#gantt").scroll_into_view_if_needed()
        x, y = page.evaluate("(k) => mlplat.gantt.position(k)", job)
        page.locator("#gantt").click(position={"x": x, "y": y})
        told = page.locator("#explanation").inner_text()
        assert f"Job {result.trace.id_of(job)}" in told and told_by_run[job] in told
        node = result.nodes["name"][result.attempts.filter(pl.col("job") == job)["node"][0]]
        assert f"on {node}" in told


def test_other_jobs_are_explained_from_the_frames(result: Result, whole: Path, visitor: Visitor) -> None:
    page = opened(visitor, whole, draw=False)
    jobs = result.jobs.with_columns(pl.col("wait_s").fill_null(0.0))
    waited = jobs.filter(pl.col("wait_s") > 0).sort("wait_s")["job"][0]
    page.locator("#find-job").fill(str(result.trace.id_of(waited)))
    page.locator("#find-job").press("Enter")
    told = page.locator("#explanation").inner_text()
    row = jobs.row(waited, named=True)
    earlier = jobs.filter((pl.col("job") < waited) & (pl.col("start_s") > row["submit_s"]) & (pl.col("start_s") <= row["start_s"]))
    if len(earlier):
        assert re.search(rf"meanwhile {len(earlier)} earlier jobs? started", told)
    assert row["asks"] in told and "It waited" in told
    rejected = jobs.filter(pl.col("state") == "rejected")["job"][0]
    page.evaluate("(k) => mlplat.explain(k)", rejected)
    assert "It did not start" in page.locator("#explanation").inner_text()
    page.locator("#find-job").fill("no such job")
    page.locator("#find-job").press("Enter")
    assert "There is no job no such job" in page.locator("#explanation").inner_text()


def test_the_chart_moves_by_keys_wheel_and_buttons(whole: Path, visitor: Visitor) -> None:
    page = opened(visitor, whole, draw=False)
    gantt = page.locator("#gantt")
    view = "() => { const { from, to, top, bottom } = mlplat.gantt.view(); return [from, to, top, bottom]; }"
    everything = page.evaluate(view)
    gantt.focus()
    page.keyboard.press("+")
    closer = page.evaluate(view)
    assert closer[1] - closer[0] == pytest.approx(0.8 * (everything[1] - everything[0]))
    page.keyboard.press("ArrowRight")
    assert page.evaluate(view)[0] > closer[0]
    page.keyboard.press("Shift+ArrowUp")
    assert page.evaluate(view)[3] - page.evaluate(view)[2] < closer[3] - closer[2]
    page.keyboard.press("Home")
    assert page.evaluate(view) == everything
    gantt.hover()
    page.mouse.wheel(0, -200)
    page.wait_for_function("(span) => mlplat.gantt.view().to - mlplat.gantt.view().from < span", arg=everything[1] - everything[0])
    page.get_by_role("button", name="Show all").click()
    page.locator("#gantt-rows").select_option("jobs")
    assert page.evaluate(view)[3] == 400
    page.wait_for_function("() => document.getElementById('gantt-frames').textContent.includes('400 rows')")


def test_names_of_users_are_shown_and_not_run(whole: Path, visitor: Visitor) -> None:
    page = visitor.blank()
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(whole.as_uri())
    page.evaluate("() => mlplat.ready")
    page.evaluate("() => mlplat.drawAll()")
    for k, name in enumerate((SCRIPT, CLOSING)):
        page.evaluate("(k) => mlplat.explain(k)", k)
        assert page.locator("#explanation h3").inner_text() == f"Job {name}"
    assert SCRIPT in page.locator("#zones table").inner_text()
    assert dialogs == []


def test_objectives_are_told_met_or_missed(whole: Path, visitor: Visitor) -> None:
    page = opened(visitor, whole, draw=False)
    rows = page.locator("#summary table").first.locator("tbody tr").all_inner_texts()
    assert [row.split("\t")[0] for row in rows] == ["met", "missed"]


def test_what_the_page_carries_is_saved_as_files(result: Result, whole: Path, visitor: Visitor) -> None:
    page = opened(visitor, whole, draw=False)
    with page.expect_download() as caught:
        page.get_by_role("button", name="Jobs, all (CSV)").click()
    saved = pl.read_csv(Path(caught.value.path()))
    assert saved["job"].to_list() == result.jobs["job"].to_list()
    assert saved["job_id"][0] == SCRIPT
    assert saved["wait_s"].to_list() == result.jobs["wait_s"].to_list()


def test_of_a_large_run_the_map_is_exact_at_its_instants_and_the_page_says_which_jobs_it_has(
    result: Result, sampled: Path, visitor: Visitor, screenshot: Callable[[Any, str], Path]
) -> None:
    page = opened(visitor, sampled)
    times = page.evaluate("async () => [...(await mlplat.data('instants')).time_s]")
    for time in (times[0], times[100], times[333], times[-1]):
        parts, running, waiting, devices = page.evaluate(STATE, time)
        assert parts == pytest.approx(held(result, time, False), abs=0.00501)
        after = result.timeline.filter(pl.col("time_s") <= time).row(-1, named=True)
        assert (running, waiting, devices) == (after["running"], after["waiting"], after["gpu_milli"] / 1000)
    assert "too many to be all in one page" in page.locator("#jobs").inner_text()
    screenshot(page, "run-sampled")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_accessible_and_follows_the_theme(
    whole: Path, visitor: Visitor, axe: Callable[[Any], None], screenshot: Callable[[Any, str], Path], theme: str
) -> None:
    page = opened(visitor, whole, theme=theme)
    page.evaluate("() => mlplat.explain(20)")
    axe(page)
    screenshot(page, f"run-{theme}")
    free = "() => mlplat.map.shadeOf(0)"
    before = page.evaluate(free)
    page.locator("#theme").select_option("light" if theme == "dark" else "dark")
    assert page.evaluate(free) != before


def test_it_is_readable_at_the_width_of_a_telephone(
    whole: Path, visitor: Visitor, no_sideways_scrolling: Callable[[Any], None], screenshot: Callable[[Any, str], Path]
) -> None:
    page = opened(visitor, whole, width=360, height=740)
    page.evaluate("() => mlplat.explain(20)")
    no_sideways_scrolling(page)
    screenshot(page, "run-telephone")


def test_a_run_without_jobs_has_a_page(tmp_path: Path, visitor: Visitor) -> None:
    pytest.importorskip("plotly")
    trace = mp.JobTrace.build(submit=[], duration=[], request=[], requests=[mp.ResourceRequest(cpus=1)])
    page = opened(visitor, mp.replay(mp.ClusterSpec.parse("2x8cpu"), trace).to_html(tmp_path / "empty.html"))
    assert "The trace of this run has no jobs" in page.locator("#empty").inner_text()
    page.locator("#gantt").focus()
    page.keyboard.press("+")
