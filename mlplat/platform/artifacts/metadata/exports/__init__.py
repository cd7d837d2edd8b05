"""Lineage in the forms of others: OpenLineage, W3C PROV, Mermaid, networkx. What a caller may not read was withheld before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .....lazy_names import lazy_names

if TYPE_CHECKING:
    from .graph import to_networkx
    from .mermaid_graph import mermaid
    from .openlineage import openlineage_events
    from .prov import prov_document, prov_json, prov_n

__all__ = ["mermaid", "openlineage_events", "prov_document", "prov_json", "prov_n", "to_networkx"]

_HOME = {
    "mermaid": "mermaid_graph",
    "openlineage_events": "openlineage",
    "prov_document": "prov",
    "prov_json": "prov",
    "prov_n": "prov",
    "to_networkx": "graph",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
