"""The parts of the page that its own scripts draw: the map of the cluster with its time scrubber, and the jobs over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..page import data_download, paragraph
from .choice import Choice

if TYPE_CHECKING:
    from ...runs.run_frames import RunFrames

_MAP = """
<div class="scrubber" id="scrubber">
<canvas id="strip" class="drawn" height="72" role="img" aria-label="Held devices and waiting jobs over the run"></canvas>
<p class="rest" id="strip-legend"></p>
<input type="range" id="instant" min="0" max="1000" value="0" step="1" aria-label="Instant of the run" aria-valuetext="">
<p class="controls">
<button type="button" id="play" aria-pressed="false">Play</button>
<button type="button" id="before">◀ Previous change</button>
<button type="button" id="after">Next change ▶</button>
<output id="clock" for="instant"></output>
</p>
<p id="at-instant" role="status"></p>
</div>
<div class="drawn-scroll" id="map-scroll" tabindex="0" role="region" aria-label="Map of the cluster, scrolls">
<canvas id="map" class="drawn" tabindex="0" role="img" aria-label="Map of the cluster: racks, nodes and devices"
 aria-describedby="at-instant map-help"></canvas>
</div>
<p id="map-at" class="rest" role="status"></p>
<p class="legend" id="map-legend" aria-hidden="true"></p>
"""

_GANTT = """
<p class="controls">
<label>Rows <select id="gantt-rows"><option value="nodes">by node</option><option value="jobs">by job</option></select></label>
<button type="button" id="gantt-in">Zoom in</button>
<button type="button" id="gantt-out">Zoom out</button>
<button type="button" id="gantt-all">Show all</button>
<label class="find">Job <input type="search" id="find-job" autocomplete="off"></label>
</p>
<canvas id="gantt" class="drawn" height="420" tabindex="0" role="img" aria-label="Jobs over time"
 aria-describedby="gantt-help explanation"></canvas>
<p class="legend" id="gantt-legend" aria-hidden="true"></p>
<p id="gantt-at" class="rest"></p>
<p id="gantt-frames" class="rest"></p>
<div id="explanation" class="explanation" role="status"><p>Choose a job in the chart or the map, or write its name:
here is then why it waited and where it ran.</p></div>
"""


def map_html(run: RunFrames, choice: Choice) -> str:
    """The map of the cluster and the scrubber of its instants."""
    devices = int(run.spec.nodes().gpus.sum())
    if choice.exact:
        what = (
            f"A row of boxes for each rack, a box for each of {len(run.nodes):,} nodes, in it a cell for each of its "
            f"devices ({devices:,} in all); the cell of a node without devices, or with more than 32, is for all it has. Of several whole "
            "devices a run says the lowest; the others are the next free ones, as the scheduler takes them."
        )
    else:
        what = (
            f"A cell for each of {len(run.nodes):,} nodes, rack by rack: the held part of its devices, or of its cores where it has none, "
            "exact at instants at equal distances."
        )
    used = paragraph(
        "Move the slider, or press ← and → on it. In the map, arrow keys move from cell to cell, and Enter explains the job that holds one."
    )
    return paragraph(what) + _MAP + f'<div id="map-help">{used}</div>'


def jobs_html(choice: Choice, told: Mapping[int, str]) -> str:
    """The jobs over time, and what is known of one of them."""
    used = paragraph(
        "Drag to move; turn the wheel with Ctrl held, or after a click on the chart, to zoom, with Shift the rows. On the keyboard: arrow "
        "keys move, + and − zoom, Shift with ↑ and ↓ zooms the rows, Home shows all, Enter explains the job in the middle."
    )
    explained = paragraph(
        f"Of {len(told):,} jobs the run itself was asked again (result.explain); of the others the page says what the frames show."
        if told
        else "Of each job the page says what the frames show; result.explain(job) asks the run itself."
    )
    saved = paragraph(data_download("Explanations (JSON)", "explanations", "explanations.json")) if told else ""
    return paragraph(choice.text) + _GANTT + f'<div id="gantt-help">{used}</div>' + explained + saved
