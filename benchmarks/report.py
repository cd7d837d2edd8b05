"""The page of a run of many jobs: how large it is, how long it takes to make and to open, and how fast its chart of jobs is drawn.

    python -m benchmarks.report --json

A synthetic run of a million jobs on 1,000 nodes is made, saved, opened and written as a page, which Chromium then opens; so is one of
100,000 jobs, all of which the page has, and whose chart is zoomed from the whole run to a thousandth of it and moved, by node and by job.
Exit status 1 when the page of the large run has more than 15 MB or is ready after more than 3 s, or a frame takes more than 50 ms at the
95th percentile. Needs the extra `report`, playwright and a Chromium on PATH.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import mlplat as mp
from mlplat.runs.saved_run import SavedRun

MOST_BYTES, MOST_SECONDS, MOST_FRAME_MS = 15e6, 3.0, 50.0
BROWSERS = ("chromium", "google-chrome", "chromium-browser", "google-chrome-stable")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"]

ZOOM = """async (kind) => {
    const choice = document.getElementById("gantt-rows"), { gantt } = mlplat;
    choice.value = kind;
    choice.dispatchEvent(new Event("change"));
    const frame = () => new Promise(requestAnimationFrame);
    await frame();
    const { from, to, top, bottom } = gantt.view(), middle = 0.6, times = [];
    for (let i = 0; i <= 120; i += 1) {
        const part = i <= 60 ? 1000 ** (-i / 60) : 0.001 + (i - 60) * 1e-5;
        const shift = i <= 60 ? 0 : (i - 60) * 1e-5;
        const at = from + (middle + shift) * (to - from), line = top + middle * (bottom - top);
        const rows = Math.max(10, (bottom - top) * part);
        const began = performance.now();
        const span = part * (to - from);
        gantt.set({ from: at - middle * span, to: at + (1 - middle) * span, top: line - rows / 2, bottom: line + rows / 2 });
        times.push(performance.now() - began);
        await frame();
    }
    times.sort((a, b) => a - b);
    const ranked = (q) => times[Math.floor(q * (times.length - 1))];
    return { median_ms: ranked(0.5), p95_ms: ranked(0.95), most_ms: times.at(-1) };
}"""


def made(jobs: int, nodes: int, seed: int, folder: Path) -> tuple[Path, dict[str, Any]]:
    """The page of a run that was saved, and what it took."""
    spec = mp.ClusterSpec.uniform(nodes=nodes, gpus=8, gpu_model="V100", racks=max(1, nodes // 20))
    result = mp.replay(spec, mp.traces.synthetic(jobs, gpus=8 * nodes, load=0.9, seed=seed), queue="easy", seed=seed)
    result.save(folder / "run")
    run = SavedRun.open(folder / "run")
    began = time.perf_counter()
    page = run.to_html(folder / "report.html", objectives="p95_wait=10m,gpu_utilization>=0.7")
    return page, {"jobs": jobs, "nodes": nodes, "bytes": page.stat().st_size, "made_s": round(time.perf_counter() - began, 2)}


def opened(chromium: Any, page: Path, zoomed: bool) -> dict[str, Any]:
    """What the browser measures of a page; everything of it is drawn but the figures that are out of view."""
    tab = chromium.new_page(viewport={"width": 1280, "height": 900})
    tab.add_init_script("addEventListener('mlplat:drawn', () => (window.firstFigure ??= performance.now()))")
    tab.goto(page.as_uri())
    tab.wait_for_function("() => window.firstFigure")
    marked = "() => [performance.getEntriesByName('mlplat:ready')[0].startTime, window.firstFigure]"
    ready, figure = tab.evaluate(marked)
    figures: dict[str, Any] = {"ready_s": round(ready / 1000, 2), "first_figure_s": round(figure / 1000, 2)}
    moved = """async () => { const times = []; for (let i = 0; i < 60; i += 1) { mlplat.setInstant(i * 1e4);
        const began = performance.now(); await new Promise(requestAnimationFrame); await new Promise(requestAnimationFrame);
        times.push(performance.now() - began); } times.sort((a, b) => a - b); return times[30] / 2; }"""
    figures["scrub_frame_ms"] = round(tab.evaluate(moved), 1)
    if zoomed:
        for kind in ("nodes", "jobs"):
            figures[f"gantt_by_{kind}"] = {name: round(value, 1) for name, value in tab.evaluate(ZOOM, kind).items()}
    tab.close()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1_000_000)
    parser.add_argument("--nodes", type=int, default=1_000)
    parser.add_argument("--charted", type=int, default=100_000, help="jobs of the run whose chart is zoomed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="a folder in which the pages stay")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        sys.exit(f"no browser is on PATH (looked for {', '.join(BROWSERS)})")
    with tempfile.TemporaryDirectory() as aside, sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=program, args=FLAGS)
        report = {}
        for name, jobs, nodes in (("large", options.jobs, options.nodes), ("charted", options.charted, max(1, options.nodes // 10))):
            folder = (options.keep or Path(aside)) / name
            folder.mkdir(parents=True, exist_ok=True)
            page, figures = made(jobs, nodes, options.seed, folder)
            report[name] = figures | opened(chromium, page, zoomed=name == "charted")
        chromium.close()
    large, charted = report["large"], report["charted"]
    frames = max(charted[f"gantt_by_{kind}"]["p95_ms"] for kind in ("nodes", "jobs"))
    passed = large["bytes"] <= MOST_BYTES and large["ready_s"] <= MOST_SECONDS and frames <= MOST_FRAME_MS
    report["passed"] = passed
    print(json.dumps(report) if options.json else json.dumps(report, indent=2))
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
