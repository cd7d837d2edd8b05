"""The page of `mlplat watch` in a browser: it shows what happens, its buttons pace it, and names are shown and not run."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console

from mlplat.planning import Scenario
from mlplat.planning.scenario.running import result_of
from mlplat.report.live import watch_scenario

SCENARIO = """
name: "<img src=x onerror=alert(1)> next year"
cluster:
  groups: [{name: "n<script>alert(2)</script>", count: 40, cpus: 64, memory: 256GiB, gpus: 8, gpu_model: V100, racks: 4}]
  reliability: {node: {mtbf: 60h, mttr: 2h}}
workload: {synthetic: {jobs: 3000, gpus: 320, load: 1.1}}
policies: {queue: easy, checkpoint: every 30m}
horizon: 20d
failures: reliability
"""


def test_a_run_is_paced_from_the_page_and_comes_to_the_same_end(
    chromium: Any, axe: Callable[[Any], None], screenshot: Callable[[Any, str], Any], no_sideways_scrolling: Callable[[Any], None]
) -> None:
    scenario = Scenario.from_yaml(SCENARIO)
    out, found = io.StringIO(), []
    watched = threading.Thread(
        target=lambda: found.append(watch_scenario(scenario, speed=20_000, page=True, console=Console(file=out))), daemon=True
    )
    watched.start()
    while "http" not in out.getvalue():
        watched.join(0.05)
        assert watched.is_alive()
    address = re.findall(r"http://\S+/", out.getvalue())[0]
    mine = f"http://{urlsplit(address).netloc}/"
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    wrongs: list[str] = []
    page.on("console", lambda message: message.type in ("error", "warning") and wrongs.append(message.text))
    page.on("pageerror", lambda error: wrongs.append(str(error)))
    page.on("dialog", lambda dialog: (wrongs.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: request.url.startswith((mine, "data:")) or wrongs.append(request.url))
    page.goto(address)
    page.wait_for_function("() => document.querySelectorAll('#running tr').length >= 10")
    assert page.locator("h1").inner_text() == scenario.name and page.locator("#cells li").count() == 40
    page.click("#play")
    page.wait_for_function("() => document.getElementById('play').textContent === 'Play'")
    clock = page.locator("#clock").inner_text()
    page.wait_for_timeout(600)
    assert page.locator("#clock").inner_text() == clock
    page.click("[data-do=step]")
    page.wait_for_function("(before) => document.getElementById('clock').textContent !== before", arg=clock)
    assert page.locator("#cells li[data-level='10']").count() > 0
    shades = "() => new Set([...document.querySelectorAll('#cells li')].map((cell) => getComputedStyle(cell).backgroundColor)).size"
    assert page.evaluate(shades) > 2
    axe(page)
    screenshot(page, "watch-light")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 360, "height": 700})
    no_sideways_scrolling(page)
    axe(page)
    screenshot(page, "watch-dark-narrow")
    page.click("#play")
    for _ in range(16):
        page.click("[data-do=faster]")
    page.wait_for_function("() => document.getElementById('said').textContent.startsWith('The simulation is over')", timeout=60_000)
    assert page.locator("#counts dt", has_text="completed").count() == 1
    assert wrongs == []
    page.click("[data-do=quit]")
    watched.join(20)
    page.wait_for_function("() => document.getElementById('said').textContent.includes('no longer served')")
    page.close()
    assert found and found[0] is not None and found[0].fingerprint == result_of(scenario).fingerprint
