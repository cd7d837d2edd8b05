"""`MetadataState`: all runs, links, baselines and deployments, as a fold of the journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ...storage.digests import digest_of_json
from .journal import LINKS, check_run
from .lineage_graph import LineageGraph
from .nodes import NodeKind, check_node, node_kind
from .run_state import RunState


class BaselineRow(NamedTuple):
    """Where the content of a baseline is, and who recorded it when."""

    digest: str
    created_s: float
    creator: str


class MetadataState:
    """Changed by records alone."""

    def __init__(self) -> None:
        self.graph = LineageGraph()
        self.runs: dict[str, RunState] = {}
        self.runs_in: dict[str, int] = {}
        """How many runs each project ever had."""
        self.by_commit: dict[str, dict[str, None]] = {}
        self.baselines: dict[str, list[BaselineRow]] = {}
        self.links: dict[tuple[str, str, str], None] = {}
        """Those that were recorded by themselves and not with a run."""
        self.deployed: dict[str, tuple[str, str]] = {}
        """Of each deployment that lives the node of its latest version, and its model."""
        self.deployments: dict[str, int] = {}
        """How many versions each deployment had."""

    def apply(self, record: Mapping[str, Any]) -> None:
        """One more record of the journal."""
        match record["what"]:
            case "run.stated":
                self._run(record)
            case "link.recorded":
                check_node(record["upstream"]), check_node(record["downstream"])
                self._link(record["upstream"], record["downstream"], record["role"], record.get("digest", ""))
            case "baseline.recorded":
                check_node(record["model"])
                row = BaselineRow(record["digest"], record["time"], record["actor"])
                self.baselines.setdefault(record["model"], []).append(row)
            case "deployment.changed":
                self._deployment(record)

    def _run(self, record: Mapping[str, Any]) -> None:
        resource = record["run"]
        check_run(record)
        state = self.runs.get(resource)
        if state is None:
            state = self.runs[resource] = RunState(resource)
            project = resource.partition("/")[0]
            self.runs_in[project] = self.runs_in.get(project, 0) + 1
            self.graph.add_node(resource, digest_of_json(record))
        before = state.inputs.get("code")
        state.apply(record)
        after = state.inputs.get("code")
        if before != after:
            if before is not None:
                self.by_commit[before.resource].pop(resource, None)
            if after is not None:
                self.by_commit.setdefault(after.resource, {})[resource] = None
        if not record["changes"].keys().isdisjoint(LINKS):
            self._sync(state)

    def _sync(self, state: RunState) -> None:
        """Make the edges of the graph those of a run."""
        wanted = state.links()
        for key in [key for key in state.edges if key not in wanted]:
            self.graph.remove_edge(state.edges.pop(key))
        for (upstream, downstream, role), digests in wanted.items():
            self.graph.add_node(upstream, digests[0])
            self.graph.add_node(downstream, digests[1])
            if (upstream, downstream, role) not in state.edges:
                state.edges[upstream, downstream, role] = self.graph.add_edge(upstream, downstream, role)

    def _link(self, upstream: str, downstream: str, role: str, digest: str = "") -> None:
        if (upstream, downstream, role) not in self.links:
            self.links[upstream, downstream, role] = None
            self.graph.add_node(upstream, digest)
            self.graph.add_edge(upstream, downstream, role)

    def _deployment(self, record: Mapping[str, Any]) -> None:
        name, model = record["deployment"], record["model"]
        if model is None:
            self.deployed.pop(name, None)
            return
        node = self.next_deployment(name)
        check_node(node), check_node(model)
        self.deployments[name] = self.deployments.get(name, 0) + 1
        self.deployed[name] = (node, model)
        self.graph.add_node(node, digest_of_json(record))
        self._link(model, node, "model", record.get("digest", ""))

    def next_deployment(self, name: str) -> str:
        """The node that the next version of a deployment becomes."""
        return f"{name}@{self.deployments.get(name, 0) + 1}"

    def makers(self, resource: str) -> Iterator[str]:
        """The runs that made an artifact."""
        return (name for name, _ in self._neighbours(resource, up=True) if name in self.runs)

    def referrers(self, resource: str) -> list[str]:
        """What a record links with an artifact, or with any version of one.

        A model that nothing came of is not held by the run that made it alone: what a registry deletes is up to the registry.
        """
        graph = self.graph
        if "@" in resource or resource in graph:
            nodes = [resource] if resource in graph else []
        else:
            nodes = [name for name in graph.names if name.startswith(resource + "@")]
        found = {}
        for node in nodes:
            below = [name for name, _ in self._neighbours(node, up=False)]
            if node_kind(node) is not NodeKind.MODEL or below:
                below += [name for name, _ in self._neighbours(node, up=True) if name in self.runs]
            found.update(dict.fromkeys(below))
        return list(found)

    def _neighbours(self, resource: str, *, up: bool) -> Iterator[tuple[str, str]]:
        node = self.graph.find(resource)
        if node < 0:
            return iter(())
        edges = self.graph.edges_into(node) if up else self.graph.edges_from(node)
        return ((self.graph.names[other], role) for other, role in edges)
