"""Manifests written: YAML that reads back equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from ...errors import OptionError
from ...hardware.durations import spelled_duration
from ..network.ingress import Ingress, IngressPath
from ..network.names import DEFAULT_ZONE
from ..network.policies import Labels, NetworkPolicy, Rule
from ..network.services import Service
from ..virtualization.restarts import NEVER, RestartPolicy
from ..workload_spec import NO_CHECKPOINT, Workload
from .manifest_models import API_VERSION
from .network_objects import KINDS, NetworkObject
from .selectors import LabelRule, written_rule

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def write_manifest(things: Sequence[Workload | NetworkObject]) -> str:
    """YAML with a document for each workload, service, policy and ingress. Raises OptionError for what YAML cannot say."""
    documents = [_document(thing) if isinstance(thing, Workload) else network_document(thing) for thing in things]
    return str(yaml.dump_all(documents, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=140))


def plain(workload: Workload, name: str) -> Any:
    """A field of a workload, such that equal ones compare equal and text says it."""
    value = getattr(workload, name)
    if name == "image" and value is not None and not isinstance(value, str):
        return value.digest
    return dict(value) if isinstance(value, Mapping) else value


def _document(workload: Workload) -> dict[str, Any]:
    if workload.usage is not None:
        raise OptionError(f"workload {workload.name!r} has a usage model, which a manifest cannot say")
    metadata: dict[str, Any] = {"name": workload.name}
    if workload.labels:
        metadata["labels"] = dict(workload.labels)
    said: dict[str, Any] = {}
    if workload.replicas != 1:
        said["replicas"] = workload.replicas
    said["resources"] = _resources(workload)
    if workload.image is not None:
        said["image"] = plain(workload, "image")
    if workload.duration < float("inf"):
        said["duration"] = spelled_duration(workload.duration)
    if workload.estimate != workload.duration:
        said["estimate"] = spelled_duration(workload.estimate)
    if workload.priority:
        said["priority"] = workload.priority
    if workload.zone:
        said["zone"] = workload.zone
    if workload.restart != NEVER:
        said["restart"] = _restart(workload.restart)
    if workload.checkpoint != NO_CHECKPOINT:
        said["checkpoint"] = str(workload.checkpoint)
    if workload.sync is not None:
        said["sync"] = workload.sync.described()
    if workload.stop_grace:
        said["stop_grace"] = spelled_duration(workload.stop_grace)
    if workload.node_selector:
        said["node_selector"] = dict(workload.node_selector)
    if workload.tolerations:
        said["tolerations"] = [toleration.said() for toleration in workload.tolerations]
    return {"apiVersion": API_VERSION, "kind": workload.kind.capitalize(), "metadata": metadata, "spec": said}


def _resources(workload: Workload) -> dict[str, Any]:
    request = workload.request
    said: dict[str, Any] = {}
    if request.cpu_milli:
        said["cpus"] = request.cpu_milli // 1000 if request.cpu_milli % 1000 == 0 else f"{request.cpu_milli}m"
    for key, mib in (("memory", request.memory_mib), ("disk", request.disk_mib)):
        if mib:
            said[key] = f"{mib // 1024}GiB" if mib % 1024 == 0 else f"{mib}MiB"
    for key in ("gpus", "gpu_milli", "mig"):
        if getattr(request, key):
            said[key] = getattr(request, key)
    if request.models:
        said["gpu_model"] = request.models[0] if len(request.models) == 1 else list(request.models)
    return said


def _restart(policy: RestartPolicy) -> Any:
    usual = RestartPolicy(policy.kind)
    more = {
        key: getattr(policy, f"{key}_s") for key in ("base", "cap", "reset") if getattr(policy, f"{key}_s") != getattr(usual, f"{key}_s")
    }
    if policy.max_restarts is not None:
        more["max_restarts"] = policy.max_restarts
    return {"policy": policy.kind} | more if more else policy.kind


def network_document(thing: NetworkObject) -> dict[str, Any]:
    """The document of what is of the network."""
    said: dict[str, Any] = {} if thing.zone == DEFAULT_ZONE else {"zone": thing.zone}
    if isinstance(thing, Service):
        said |= {"selector": thing.selector, "port": thing.port, "target_port": thing.target_port, "balancing": thing.balancing}
    elif isinstance(thing, Ingress):
        said |= {"host": thing.host, "paths": [_path(path) for path in thing.paths], "tls": thing.tls}
    else:
        said |= _policy(thing)
    return {"apiVersion": API_VERSION, "kind": KINDS[type(thing)][0], "metadata": {"name": thing.name}, "spec": said}


def _path(path: IngressPath | Mapping[str, Any]) -> dict[str, Any]:
    assert isinstance(path, IngressPath)
    return {"path": path.path, "service": path.service, "port": path.port, "path_type": path.path_type}


def _policy(policy: NetworkPolicy) -> dict[str, Any]:
    said: dict[str, Any] = {} if policy.selector is None else {"selector": _selector(policy.selector)}
    for direction, rules in (("ingress", policy.ingress), ("egress", policy.egress)):
        if rules is not None:
            said[direction] = [_rule(rule) for rule in rules]
    return said


def _rule(rule: Rule) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if rule.zones is not None:
        said["zones"] = "*" if rule.zones == ("*",) else list(rule.zones)
    if rule.selector is not None:
        said["selector"] = _selector(rule.selector)
    if rule.cidr is not None:
        said["cidr"] = str(rule.cidr)
    if rule.ports is not None:
        said["ports"] = list(rule.ports)
    return said


def _selector(selector: Labels) -> Any:
    """A mapping where all conditions are of equality, else text."""
    rules: tuple[LabelRule, ...] = selector  # type: ignore[assignment]
    mapping = {rule.key: rule.value for rule in rules if rule.wanted and rule.value is not None}
    if len(mapping) == len(rules):
        return mapping
    return ",".join(map(written_rule, rules))
