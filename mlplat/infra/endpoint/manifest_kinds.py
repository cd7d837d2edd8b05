"""The kinds of documents that a manifest may hold, and their JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from .manifest_models import JobManifest, ServiceManifest
from .network_manifests import IngressManifest, NetworkPolicyManifest, NetworkServiceManifest

Manifest = JobManifest | ServiceManifest | NetworkServiceManifest | NetworkPolicyManifest | IngressManifest
MANIFESTS: Mapping[str, type[Manifest]] = {
    "Job": JobManifest,
    "Service": ServiceManifest,
    "NetworkService": NetworkServiceManifest,
    "NetworkPolicy": NetworkPolicyManifest,
    "Ingress": IngressManifest,
}


def manifest_schema() -> dict[str, Any]:
    """The JSON Schema of a document of a manifest, for editors.

    >>> sorted(manifest_schema()["$defs"]["JobSpec"]["properties"])[:3]
    ['checkpoint', 'duration', 'estimate']
    """
    return TypeAdapter(Manifest).json_schema()
