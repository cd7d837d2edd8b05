"""Lineage as a document of W3C PROV: artifacts are entities, runs and deployments activities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .....errors import MissingExtraError
from ..lineage import Lineage, Subgraph
from ..nodes import NodeKind

if TYPE_CHECKING:
    from prov.model import ProvDocument

NAMESPACE = "urn:mlplat:"
_ACTIVITIES = (NodeKind.RUN, NodeKind.DEPLOYMENT)


def prov_document(graph: Subgraph) -> ProvDocument:
    """A document: what a run took it `used`, what it made `wasGeneratedBy` it, one artifact of another `wasDerivedFrom` it.

    Needs the extra `lineage`; raises MissingExtraError.
    """
    try:
        from prov.model import ProvDocument
    except ImportError:
        raise MissingExtraError("PROV", "lineage") from None
    document = ProvDocument()
    space = document.add_namespace("mlplat", NAMESPACE)
    kinds = {}
    for node in graph.nodes:
        kinds[node.name] = node.kind
        facts: dict[Any, Any] = {"prov:type": space[node.kind.word], "prov:label": node.name, space["origin"]: node.origin}
        if node.digest:
            facts[space["digest"]] = node.digest
        if isinstance(graph, Lineage) and node.name == graph.root:
            facts[space["fingerprint"]] = graph.fingerprint
        name = space[_identifier(node.name)]
        if node.kind in _ACTIVITIES:
            document.activity(name, other_attributes=facts)
        else:
            document.entity(name, facts)
    for link in graph.links:
        upstream, downstream = (space[_identifier(name)] for name in (link.upstream, link.downstream))
        role: dict[Any, Any] = {"prov:role": link.role}
        match kinds[link.upstream] in _ACTIVITIES, kinds[link.downstream] in _ACTIVITIES:
            case False, True:
                document.used(downstream, upstream, other_attributes=role)
            case True, False:
                document.wasGeneratedBy(downstream, upstream, other_attributes=role)
            case True, True:
                document.wasInformedBy(downstream, upstream, other_attributes=role)
            case _:
                document.wasDerivedFrom(downstream, upstream, other_attributes=role)
    return document


def prov_json(graph: Subgraph) -> str:
    """The document as PROV-JSON. Needs the extra `lineage`."""
    return str(prov_document(graph).serialize(indent=2))


def prov_n(graph: Subgraph) -> str:
    """The document as PROV-N, which people read. Needs the extra `lineage`."""
    return str(prov_document(graph).get_provn())


def _identifier(name: str) -> str:
    return quote(name, safe="/@._-:").replace(":", "/")
