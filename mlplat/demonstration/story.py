"""The demonstration as a story with times, told from the event log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import printable
from ..units import format_seconds

if TYPE_CHECKING:
    from ..events import Event
    from .loop import Demonstration

Sentence = Callable[["Event", Mapping[str, Any]], str]


def _short(resource: object) -> str:
    """A resource without its kind, of a digest its beginning."""
    name, at, version = printable(str(resource)).partition("@")
    return f"{name.rpartition(':')[2]}{at}{version.removeprefix('sha256:')[:8]}"


SENTENCES: Mapping[str, Sentence] = {
    "zone.created": lambda e, d: f"zone {printable(e.name.rpartition('/')[2])} is there",
    "commit.pushed": lambda e, d: f"ada pushes commit {printable(str(d.get('commit', '')))[:7]} to {printable(str(d.get('branch', '')))}",
    "build.finished": lambda e, d: f"its image is built: {d.get('outcome')}",
    "testsuiterun.finished": lambda e, d: f"its tests have run: {d.get('outcome')}",
    "approval.created": lambda e, d: "the pipeline stands at the gate of the deployment zone",
    "approval.closed": lambda e, d: f"bob has looked at it: {d.get('decision')}",
    "service.deployed": lambda e, d: f"{_short(d.get('pipeline') or d.get('model') or e.subject)} is deployed as {printable(e.name)}",
    "node.failed": lambda e, d: f"node {printable(e.name)} dies",
    "node.unavailable": lambda e, d: f"the watcher gives {printable(e.name)} up, and its work moves elsewhere",
    "scenario.changed": lambda e, d: f"the world changes: {printable(str(d.get('what', '')))}",
    "incident.detected": lambda e, d: f"incident: {d.get('kind')}{_features(d)}",
    "incident.resolved": lambda e, d: f"the incident of {d.get('kind')} is over",
    "retraining.requested": lambda e, d: "the deployed pipeline is run again, on the window that raised the alarm and its labels",
    "artifact.published": lambda e, d: f"model {_short(e.subject)} is registered",
    "canary.stepped": lambda e, d: f"{_short(d.get('model'))} gets {float(d.get('share', 0)):.0%} of the requests",
    "canary.judged": lambda e, d: f"judged after {int(d.get('requests', 0)):,} requests: {d.get('verdict')}",
    "service.upgraded": lambda e, d: f"{_short(d.get('model'))} takes over from {_short(d.get('from'))}",
    "service.rolledback": lambda e, d: f"{printable(e.name)} goes back to {_short(d.get('model'))}",
    "reproduction.finished": lambda e, d: f"{_short(e.subject)} is made again from its lineage, elsewhere: {d.get('outcome')}",
}


def _features(data: Mapping[str, Any]) -> str:
    found = [printable(str(name)) for name in data.get("features", ()) if name]
    return f" in {', '.join(found)}" if found else ""


def lines(demonstration: Demonstration) -> list[tuple[str, str]]:
    """The story: (time, sentence)."""
    told: list[tuple[str, str]] = []
    for event in demonstration.platform.sim.log:
        sentence = SENTENCES.get(event.predicate)
        if sentence is None or (event.predicate == "artifact.published" and event.kind != "model"):
            continue
        if event.predicate == "incident.detected" and event.data.get("kind") == "node":
            continue
        told.append((format_seconds(event.time), sentence(event, event.data)))
    return told


def show(demonstration: Demonstration) -> None:
    """Print the story, the table of capabilities and the times of the loop."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, soft_wrap=True)
    table = Table(title="The life of a model", show_header=False, box=None, padding=(0, 1))
    table.add_column(justify="right", style="dim", no_wrap=True)
    table.add_column()
    for time, sentence in lines(demonstration):
        table.add_row(time, sentence)
    console.print(table)
    summary = demonstration.summary()
    console.print(f"\nFrom the change of the world: {_times(summary)}.")
    console.print(f"Nobody called anything in between: {summary['events']:,} events, each with its cause.")
    capabilities = demonstration.platform.capabilities()
    console.print(
        f"\n{len(capabilities.realised)} of {len(capabilities.realised) + len(capabilities.missing)} capabilities are realised:\n"
    )
    console.print(str(capabilities), markup=False)


def _times(summary: Mapping[str, Any]) -> str:
    names = {
        "detected_s": "detected after",
        "requested_s": "training after",
        "candidate_s": "a candidate after",
        "promoted_s": "promoted after",
    }
    found = [f"{words} {format_seconds(summary[name])}" for name, words in names.items() if summary[name] is not None]
    return ", ".join(found) or "nothing has followed"
