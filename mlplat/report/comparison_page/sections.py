"""The page of a comparison, or of runs side by side: what is better, by how much, and the curves of the runs over each other."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import OptionError, printable
from ...planning.comparison.comparison_result import Comparison, amount
from ...planning.comparison.of_runs import ComparedRuns, compare_runs
from ...planning.search.words import figure_words, listed
from ..figures import differences
from ..page import Section, badge, data_download, document, figure_html, paragraph, table_html, write_page
from .overlays import held, queues, waits
from .replications import replications

if TYPE_CHECKING:
    from ...runs.result import Result
    from ...runs.saved_run import SavedRun

_KINDS = {"better": "good", "worse": "bad"}
MOST_PANELS = 6
MOST_CURVES = 21
"""Runs whose curves are drawn; of more the first so many."""


def comparison_page(subject: Comparison | Sequence[Result | SavedRun]) -> str:
    """The text of the page of a `Comparison`, or of several runs. Raises OptionError for fewer than two runs, MissingExtraError.

    >>> import mlplat as mp
    >>> spec, trace = mp.ClusterSpec.parse("2x8xV100"), mp.traces.synthetic(100, gpus=16, load=1.2, seed=1)
    >>> page = comparison_page([mp.replay(spec, trace, queue=queue) for queue in ("fifo", "easy")])
    >>> "easy/best-fit" in page
    True
    """
    if isinstance(subject, Comparison):
        return _page_of_comparison(subject)
    if not isinstance(subject, Sequence) or not all(hasattr(run, "manifest") for run in subject):
        raise OptionError(f"a comparison page of {type(subject).__name__}; expected a Comparison or a list of Result or SavedRun")
    return _page_of_runs(subject, compare_runs(subject))


def write_comparison_page(subject: Comparison | Sequence[Result | SavedRun], path: str | os.PathLike[str]) -> Path:
    """Write the page to a file and return where. Raises OptionError, InputError, MissingExtraError.

    >>> import tempfile
    >>> import mlplat as mp
    >>> trace = mp.traces.synthetic(50, gpus=16, seed=1)
    >>> runs = [mp.replay(mp.ClusterSpec.parse("2x8xV100"), trace, queue=queue) for queue in ("fifo", "sjf")]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_comparison_page(runs, f"{folder}/runs.html").name
    'runs.html'
    """
    return write_page(path, comparison_page(subject))


def _page_of_comparison(found: Comparison) -> str:
    sections = [
        Section("answer", "The answer", _answer(found, found.said)),
        Section("differences", "Differences", _differences(found)),
        Section("runs", "The runs", _runs(found)),
    ]
    facts = [("runs", f"{len(found.runs):,}"), ("basis", found.basis), ("correction", found.correction)]
    title = f"{printable(found.title)}: policies against {found.baseline}"
    return document(title, sections, facts=facts, data={"comparison": found.to_dict(), "figures": found.figures})


def _page_of_runs(runs: Sequence[Result | SavedRun], compared: ComparedRuns) -> str:
    found = compared.comparison
    curves, names = runs[:MOST_CURVES], compared.labels[:MOST_CURVES]
    rest = "" if len(runs) <= MOST_CURVES else f" The first {MOST_CURVES} of {len(runs)} runs."
    over_time = (
        figure_html(queues(curves, names), f"Jobs that wait, over time.{rest}")
        + figure_html(held(curves, names), f"How much of the cluster is held, over time.{rest}")
        + figure_html(waits(curves, names), f"The part of the jobs that waited no longer than so long.{rest}")
    )
    answer = paragraph(compared.said) if found is None else _answer(found, compared.said)
    sections = [Section("answer", "The answer", answer), Section("curves", "The runs over each other", over_time)]
    data: dict[str, Any] = {}
    if found is not None:
        sections.append(Section("differences", "Differences", _differences(found)))
        data = {"comparison": found.to_dict() | {"said": compared.said}, "figures": found.figures}
        if found.replications > 1:
            sections.append(Section("runs", "The runs", _runs(found)))
    sections.append(Section("inputs", "What was run", _inputs(runs, compared)))
    return document(f"{len(runs)} runs side by side", sections, facts=[("runs", len(runs))], data=data)


def _answer(found: Comparison, said: str) -> str:
    lines = []
    for policy in map(str, found.policies[1:]):
        told = {
            kind: [figure_words(str(r["measure"])) for r in found.rows if r["policy"] == policy and r["verdict"] == kind] for kind in _WORDS
        }
        parts: list[object] = [policy, ": "]
        for kind, names in told.items():
            if names:
                parts += [badge(_SAID.get(kind, kind), _KINDS.get(kind, "neutral")), " ", listed(names), ". "]  # type: ignore[arg-type]
        lines.append(paragraph(*parts))
    return paragraph("Against ", found.baseline, ":") + "".join(lines) + paragraph(said)


_SAID = {"not shown": "not shown to differ"}
_WORDS = ("better", "worse", "equal", "not shown", "not measured")


def _differences(found: Comparison) -> str:
    rows = [_row(row, texts) for row, texts in zip(found.rows, found.readable(), strict=True)]
    caption = "Green is better than the baseline, red worse, both significant or exact; grey is not shown to differ. Bars: intervals."
    table = table_html(rows, caption=f"Against {found.baseline}", download="differences.csv", filter=len(rows) > 12)
    drawn = figure_html(differences(found), caption) if any(row["difference"] is not None and row["baseline"] for row in found.rows) else ""
    return drawn + table + data_download("The comparison as JSON", "comparison", "comparison.json")


def _row(row: Mapping[str, Any], texts: tuple[str, ...]) -> dict[str, object]:
    policy, measure, baseline, value, apart, verdict = texts
    p = "–" if row["p_adjusted"] is None else f"{row['p_adjusted']:.3g}"
    kind = badge(verdict, _KINDS.get(verdict, "neutral"))  # type: ignore[arg-type]
    return {
        "policy": policy,
        "measure": figure_words(measure),
        "baseline": baseline,
        "value": value,
        "difference": apart,
        "better": row["better"],
        "p, corrected": p,
        "verdict": kind,
    }


def _runs(found: Comparison) -> str:
    measures = list(dict.fromkeys(str(row["measure"]) for row in found.rows if row["difference"] is not None))[:MOST_PANELS]
    drawn = (
        figure_html(replications(found, measures), "A line is a replication, with the same jobs and failures; a bar is the mean.")
        if measures
        else ""
    )
    shown = ["policy", "replication", *measures, "fingerprint"]
    frame = found.figures.with_columns(fingerprint=found.figures["fingerprint"].str.slice(0, 12))
    units = {str(row["measure"]): str(row["unit"]) for row in found.rows}
    formats = {name: partial(amount, unit=units[name]) for name in measures}
    titles = {name: figure_words(name) for name in shown}
    table = table_html(frame, columns=titles, formats=formats, caption="Every run", filter=True)
    return drawn + table + data_download("All figures of all runs (CSV)", "figures", "figures.csv")


def _inputs(runs: Sequence[Result | SavedRun], compared: ComparedRuns) -> str:
    rows = []
    for run, name in zip(runs, compared.labels, strict=True):
        manifest = run.manifest
        trace, cluster = manifest["trace"], manifest["cluster"]
        rows.append(
            {
                "run": name,
                "jobs": trace["jobs"],
                "trace": f"{trace['source'] or 'jobs'} ({str(trace['sha256'])[:8]})",
                "cluster": f"{cluster['name']} ({str(cluster['sha256'])[:8]})",
                "seed": str(manifest.get("seed")),
                "folder": str(run.folder) if hasattr(run, "folder") else "–",
                "fingerprint": str(manifest["fingerprint"])[:12],
            }
        )
    return table_html(rows, caption="Equal digests in parentheses: the same jobs, the same cluster", download="runs.csv")
