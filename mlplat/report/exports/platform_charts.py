"""What a platform has as Mermaid flowcharts: the lineage of its models, and its pipelines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...errors import OptionError
from ...platform.artifacts.metadata.exports.mermaid_graph import mermaid, quoted
from ...platform.artifacts.metadata.lineage import Node, Subgraph
from ...platform.artifacts.metadata.nodes import node_kind

if TYPE_CHECKING:
    from ...platform.facade import Platform
    from ...platform.pipelines.dag import Dag

MOST_NODES, MOST_LINKS, MOST_CHARACTERS = 200, 480, 50_000
"""Mermaid takes 500 edges and 50,000 characters."""


def mermaid_lineage(platform: Platform, of: str | None = None) -> str:
    """How models came to be, and what was made of them: a flowchart whose arrows go downstream. As the first administrator sees it.

    `of`: a model version such as `shop/churn@1`, or any other artifact or run with its kind; None for the newest version of every model.
    Raises OptionError for more than 200 nodes or 480 links, and for what the platform does not have.

    >>> import mlplat as mp
    >>> platform = mp.Platform()
    >>> mermaid_lineage(platform).splitlines()[0]
    'flowchart LR'
    """
    admin = platform.admin
    if of is not None:
        roots = [of if ":" in of else platform.models.resolve(of, actor=admin).resource]
    else:
        versions = [platform.models.versions(name, actor=admin) for name in platform.models.list(actor=admin)]
        roots = [known[-1].resource for known in versions if known]
    graphs = [platform.metadata.graph(root, actor=admin) for root in roots]
    known = {root: Node(root, node_kind(root)) for root in roots}  # of which no record may tell
    nodes = sorted((known | {node.name: node for graph in graphs for node in graph.nodes}).values(), key=lambda node: node.name)
    links = sorted({link for graph in graphs for link in graph.links})
    _check(len(nodes), len(links), "name one model version")
    return _within(mermaid(Subgraph(roots[0] if roots else "", tuple(nodes), tuple(links))) + "\n")


def mermaid_pipelines(platform: Platform, of: str | None = None) -> str:
    """The graphs of pipelines, a box each: steps, what they are given, what they publish. As the first administrator sees it.

    `of`: a pipeline such as `shop/train`, at its newest version, or one version of it; None for all pipelines. Raises as `mermaid_lineage`.

    >>> import mlplat as mp
    >>> platform = mp.Platform()
    >>> mermaid_pipelines(platform).splitlines()[0]
    'flowchart LR'
    """
    admin = platform.admin
    names = platform.orchestrator.list(actor=admin) if of is None else (of,)
    dags = []
    for name in names:
        reference = name if "@" in name else platform.orchestrator.versions(name, actor=admin)[-1].reference
        dags.append((name, platform.orchestrator.graph(reference, actor=admin)))
    return mermaid_dags(dags)


def mermaid_dags(dags: Iterable[tuple[str, Dag]]) -> str:
    """Graphs of pipelines with their names, as one flowchart."""
    lines = ["flowchart LR"]
    nodes = links = 0
    for number, (name, dag) in enumerate(dags):
        box = _box(f"p{number}", dag)
        lines += [f'  subgraph p{number}["{quoted(name)}"]', *box, "  end"]
        links += sum("-->" in line for line in box)
        nodes += len(box)
    _check(nodes, links, "name one pipeline")
    return _within("\n".join(lines) + "\n")


def _box(prefix: str, dag: Dag) -> list[str]:
    from ...platform.pipelines.bindings import FromInput, FromParameter, FromStep, Listed

    inputs = {name: f"{prefix}i{place}" for place, name in enumerate(dag.inputs)}
    parameters = {name: f"{prefix}v{place}" for place, name in enumerate(dag.parameters)}
    steps = {node.name: f"{prefix}s{place}" for place, node in enumerate(dag.nodes)}
    lines = [f'    {key}[("{quoted(name)}")]' for name, key in inputs.items()]
    lines += [f'    {key}{{{{"{quoted(name)}"}}}}' for name, key in parameters.items()]
    lines += [f'    {key}["{quoted(name)}"]' for name, key in steps.items()]

    def sources(binding: object) -> list[tuple[str, str]]:
        match binding:
            case FromInput(name):
                return [(inputs[name], "")]
            case FromParameter(name):
                return [(parameters[name], "")]
            case FromStep(step, output):
                return [(steps[step], output)]
            case Listed(parts):
                return [found for part in parts for found in sources(part)]
        return []

    for node in dag.nodes:
        given = [(source, output, argument) for argument, binding in node.arguments.items() for source, output in sources(binding)]
        lines += [f'    {source} -->|"{quoted(argument)}"| {steps[node.name]}' for source, _, argument in given]
        waits = [steps[name] for name in node.needs if steps[name] not in {source for source, _, _ in given}]
        lines += [f"    {source} -.-> {steps[node.name]}" for source in waits]
    for place, (_, published) in enumerate(dag.outputs.items()):
        lines.append(f'    {prefix}o{place}(["{quoted(published.name)}"])')
        lines.append(f"    {steps[published.binding.step]} --> {prefix}o{place}")
    return lines


def _check(nodes: int, links: int, hint: str) -> None:
    if nodes > MOST_NODES or links > MOST_LINKS:
        raise OptionError(f"{nodes:,} nodes and {links:,} links: more than a Mermaid chart takes ({MOST_NODES}, {MOST_LINKS}); {hint}")


def _within(text: str) -> str:
    if len(text) > MOST_CHARACTERS:
        raise OptionError(f"{len(text):,} characters: more than a Mermaid chart takes, {MOST_CHARACTERS:,}; name one part of it")
    return text
