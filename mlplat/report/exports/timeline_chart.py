"""A run as a Mermaid Gantt chart: when the longest attempts ran, by node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...platform.artifacts.metadata.exports.mermaid_graph import quoted
from .job_names import job_names

if TYPE_CHECKING:
    from ...runs.run_frames import RunFrames

MOST_BARS = 80
LONGEST_NAME = 60
TAGS = {"running": "active, ", "node": "crit, ", "device": "crit, ", "fenced": "crit, ", "error": "crit, "}
"""How an attempt ended -> how its bar is marked."""
STEPS = ((86_400.0 * 3, "%j d"), (7200.0, "%H:%M"), (0.0, "%H:%M:%S"))


def mermaid_timeline(run: RunFrames, *, most: int = MOST_BARS) -> str:
    """A Gantt chart of the `most` longest placements (Mermaid takes 50,000 characters), a section for each node, in milliseconds.

    Failures are marked as critical, what still runs as active. Names are quoted character by character.

    >>> import mlplat as mp
    >>> trace = mp.JobTrace.build(submit=[0], duration=[60], request=[0], requests=[mp.ResourceRequest(gpus=8)])
    >>> print(mermaid_timeline(mp.replay(mp.ClusterSpec.parse("1x8xV100"), trace)), end="")
    gantt
      title fifo / best-fit on 1x8xV100
      dateFormat x
      axisFormat %H:%M:%S
      section node-0
      job 0 :a0, 0, 60000
    """
    import polars as pl

    frame = run.attempts.with_row_index("row").with_columns(over=pl.col("end_s").fill_null(run.end_s))
    left_out = max(0, len(frame) - most)
    frame = frame.sort(frame["over"] - frame["start_s"], descending=True, maintain_order=True).head(most).sort("node", "start_s", "row")
    names, nodes = job_names(run.jobs), run.nodes["name"]
    manifest = run.manifest
    title = f"{manifest.get('queue', '')} / {manifest.get('placement', '')} on {run.spec.name}"
    if left_out:
        title += f", without {left_out} shorter placements"
    axis = next(form for least, form in STEPS if run.end_s >= least)
    lines = ["gantt", f"  title {quoted(title)}", "  dateFormat x", f"  axisFormat {axis}"]
    before = -1
    rows = frame.select("node", "job", "start_s", "over", pl.col("outcome").cast(pl.String)).iter_rows()
    for number, (node, job, start, over, outcome) in enumerate(rows):
        if node != before:
            before = node
            lines.append(f"  section {quoted(nodes[node][:LONGEST_NAME])}")
        name = quoted((names[job] or f"job {job}")[:LONGEST_NAME])
        lines.append(f"  {name} :{TAGS.get(outcome, '')}a{number}, {round(start * 1000)}, {round(over * 1000)}")
    return "\n".join(lines) + "\n"
