"""Where everything on a platform came from: the part of its lineage that a page has, and what is recorded of each node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...canonical import encode
from ...timeline_view import clock_text

if TYPE_CHECKING:
    from ...platform.artifacts.metadata.lineage import Node
    from ...platform.artifacts.metadata.nodes import Link
    from ...platform.facade import Platform

MOST_NODES = 300
"""Nodes that a page has; of more, those around the latest runs and models."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Nodes by name and the links between them, sorted; `records`: of runs and models what is recorded, as texts; `left_out`: whether
    there is more than that.
    """

    nodes: Mapping[str, Node]
    links: tuple[Link, ...]
    records: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    left_out: bool = False


def lineage_of(platform: Platform) -> Drawn:
    """The lineage around all runs and model versions, the latest first, up to `MOST_NODES` nodes."""
    records = {**_runs(platform), **_models(platform)}
    nodes: dict[str, Node] = {}
    links: dict[Link, None] = {}
    left_out = False
    for root in sorted(records, key=lambda name: (-records[name][0], name)):
        if root in nodes:
            continue
        part = platform.metadata.graph(root, actor=platform.admin)
        if nodes and len(nodes) + len(part.nodes) > MOST_NODES:
            left_out = True
            continue
        nodes |= {node.name: node for node in part.nodes}
        links |= dict.fromkeys(part.links)
    if len(nodes) > MOST_NODES:  # one graph that is too large by itself
        left_out, kept = True, sorted(nodes)[:MOST_NODES]
        nodes = {name: nodes[name] for name in kept}
    shown = tuple(sorted(link for link in links if link.upstream in nodes and link.downstream in nodes))
    told = {name: record for name, (_, record) in records.items() if name in nodes}
    return Drawn(dict(sorted(nodes.items())), shown, told, left_out)


def _runs(platform: Platform) -> dict[str, tuple[float, dict[str, str]]]:
    return {run.resource: (run.started or 0.0, _told_of_run(run)) for run in platform.metadata.search(actor=platform.admin)}


def _told_of_run(run: Any) -> dict[str, str]:
    told = {"status": str(run.status), "by": str(run.principal)}
    told |= {name: clock_text(at) for name, at in (("began", run.started), ("ended", run.ended)) if at is not None}
    told |= {f"parameter {name}": str(value) for name, value in run.parameters.items()}
    told |= {f"metric {name}": str(value) for name, value in run.metrics.items()}
    return told | {"environment": encode(run.environment)}


def _models(platform: Platform) -> dict[str, tuple[float, dict[str, str]]]:
    found = {}
    for name in platform.models.list(actor=platform.admin):
        for version in platform.models.versions(name, actor=platform.admin):
            told = {
                "registered": clock_text(version.created_s),
                "by": version.creator,
                "stage": str(version.stage),
                "run": str(version.run),
            }
            told |= {"aliases": ", ".join(version.aliases)} if version.aliases else {}
            told |= {f"metric {metric}": str(value) for metric, value in version.metrics.items()}
            found[f"model:{version.name}@{version.version}"] = (version.created_s, told)
    return found
