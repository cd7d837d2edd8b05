"""Nodes of a Kubernetes cluster, from what `kubectl get nodes -o json` prints.

Amounts are what the node offers to pods (`status.allocatable`, else `status.capacity`). Devices come from the extended resources of the
NVIDIA, AMD and TPU device plug-ins, their model from the labels of feature discovery. A node whose devices are cut by MIG becomes one with
`mig`: how it is cut at the moment is not kept, since the simulated scheduler cuts by itself. A time-sliced device counts once.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from typing import Any

from ..errors import InputError, OptionError, shown
from ..resources import UNLIMITED
from ..units import MIB, cpu_milli, mebibytes
from .accelerators import CATALOGUE, Accelerator
from .mig import POSITIONS, MigProfile
from .node_group import MAX_DEVICES_PER_NODE
from .product_labels import model_of
from .source_text import read_source
from .spec_io import parse_json

_ZONE_LABELS = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")
_RACK_LABELS = ("topology.kubernetes.io/rack", "kubernetes.io/rack", "rack")
_OWN_LABELS = ("kubernetes.io/hostname", "nvidia.com/gfd.timestamp")  # differ from node to node and would keep equal nodes apart
_WHOLE = ("nvidia.com/gpu", "nvidia.com/gpu.shared", "amd.com/gpu", "google.com/tpu")
_MIG_PREFIX = "nvidia.com/mig-"
_UNSCHEDULABLE = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_MILLI_BYTES = re.compile(r"\d+m", re.ASCII)


class _Place:
    """A value of the document with its path, to read it or to say what is wrong with it."""

    def __init__(self, value: Any, path: str, file: object) -> None:
        self.value, self.path, self.file = value, path, file

    def refuse(self, problem: str, expected: str) -> InputError:
        text = None if self.value is None else json.dumps(self.value, default=str)[:80]
        return InputError(f"{self.path}: {problem}", path=self.file, value=text, expected=expected)

    def mapping(self, *keys: str) -> _Place:
        """The mapping under the keys; empty where it is absent or null."""
        place = self
        for key in keys:
            value = place.value.get(key)
            place = _Place({} if value is None else value, f"{place.path}.{key}" if place.path else key, self.file)
            if not isinstance(place.value, Mapping):
                raise place.refuse("is not an object", "an object")
        return place

    def list(self, key: str) -> list[_Place]:
        path = f"{self.path}.{key}" if self.path else key
        value = self.value.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise _Place(value, path, self.file).refuse("is not a list", "a list")
        places = [_Place(item, f"{path}[{i}]", self.file) for i, item in enumerate(value)]
        for place in places:
            if not isinstance(place.value, Mapping):
                raise place.refuse("is not an object", "an object")
        return places

    def text(self, key: str, *, required: bool = False, limit: int = 1000) -> str:
        value = self.value.get(key)
        if value is None and not required:
            return ""
        if not isinstance(value, str) or len(value) > limit or not value.isprintable() or (required and not value):
            path = f"{self.path}.{key}" if self.path else key
            raise _Place(value, path, self.file).refuse(
                "is not a text that can be used", "printable text" + (", not empty" if required else "")
            )
        return value


def read_kubernetes_nodes(source: str | os.PathLike[str] | Mapping[str, Any], *, path: object = None) -> dict[str, Any]:
    """The description of the nodes in a file, in JSON text or in a parsed list; equal consecutive nodes make one group.

    Raises InputError naming the JSON path.
    """
    if isinstance(source, Mapping):
        document: Any = source
    elif isinstance(source, str) and source.lstrip().startswith("{"):
        document = parse_json(source)
    else:
        path = shown(source)
        document = parse_json(read_source(source), path=path)
    root = _Place(document, "", None if path is None else shown(path))
    if not isinstance(document, Mapping):
        raise root.refuse("the document is not an object", "a node list as 'kubectl get nodes -o json' prints it")
    items = [_Place(document, "node", root.file)] if document.get("kind") == "Node" else root.list("items")
    if not items:
        raise InputError("items: has no nodes", path=root.file, expected="a node list as 'kubectl get nodes -o json' prints it")
    groups: list[dict[str, Any]] = []
    custom: dict[str, Accelerator] = {}
    seen: set[str] = set()
    last = None
    for item in items:
        if item.value.get("kind", "Node") != "Node":
            raise _Place(item.value["kind"], f"{item.path}.kind", root.file).refuse("is not a node", "'Node'")
        name = item.mapping("metadata").text("name", required=True, limit=250)
        if name in seen:
            raise _Place(name, f"{item.path}.metadata.name", root.file).refuse("a second node has this name", "a name of its own")
        seen.add(name)
        fields = _node(item, custom)
        if fields == last:
            groups[-1]["node_names"].append(name)
            groups[-1]["count"] += 1
        else:
            groups.append({"name": f"nodes-{len(groups)}", "count": 1, "node_names": [name]} | fields)
            last = fields
    return {"name": "kubernetes", "groups": groups, "accelerators": list(custom.values())}


def _node(item: _Place, custom: dict[str, Accelerator]) -> dict[str, Any]:
    """The fields of a group that holds this node."""
    labels = _labels(item)
    allocatable = item.mapping("status", "allocatable")
    amounts = allocatable if allocatable.value else item.mapping("status", "capacity")
    fields: dict[str, Any] = {
        "cpu_milli": _amount(amounts, "cpu", required=True),
        "memory_mib": _amount(amounts, "memory", required=True),
        "disk_mib": _amount(amounts, "ephemeral-storage"),
        "labels": {key: value for key, value in labels.items() if key not in _OWN_LABELS},
        "taints": _taints(item),
    }
    zone = next((labels[key] for key in _ZONE_LABELS if labels.get(key)), None)
    rack = next((labels[key] for key in _RACK_LABELS if labels.get(key)), None)
    if zone is not None:
        fields["zone"] = zone
    if rack is not None:
        # Rack labels are often unique in their zone only ("r1" in each), and a rack stands in one zone.
        fields["racks"] = [rack if zone is None else f"{zone}/{rack}"]
    return fields | _devices(amounts, labels, custom)


def _labels(item: _Place) -> dict[str, str]:
    place = item.mapping("metadata", "labels")
    for key in place.value:
        if not isinstance(key, str) or not 0 < len(key) <= 250 or not key.isprintable():
            raise _Place(key, place.path, place.file).refuse("has a key that cannot be used", "printable text of 1 to 250 characters")
        place.text(key, limit=200)
    return {key: value or "" for key, value in place.value.items()}


def _taints(item: _Place) -> list[dict[str, str]]:
    spec = item.mapping("spec")
    taints = []
    for place in spec.list("taints"):
        key, value = place.text("key", required=True, limit=250), place.text("value")
        effect = place.text("effect", required=True)
        if effect not in _EFFECTS:
            raise _Place(effect, f"{place.path}.effect", place.file).refuse("is not an effect", ", ".join(_EFFECTS))
        taints.append({"key": key, "value": value, "effect": effect})
    unschedulable = spec.value.get("unschedulable", False)
    if unschedulable not in (True, False, None):
        raise _Place(unschedulable, f"{spec.path}.unschedulable", item.file).refuse("is not a truth value", "true or false")
    if unschedulable and not any(taint["key"] == _UNSCHEDULABLE["key"] for taint in taints):
        taints.append(_UNSCHEDULABLE | {"value": ""})
    return taints


def _amount(amounts: _Place, key: str, *, required: bool = False) -> int:
    """Milli-cores of `cpu`, MiB (rounded up) of anything else; 0 where it is absent."""
    value = amounts.value.get(key)
    place = _Place(value, f"{amounts.path}.{key}", amounts.file)
    if value is None:
        if required:
            raise place.refuse("is missing", "a Kubernetes quantity such as '8' or '64Gi'")
        return 0
    try:
        if key == "cpu":
            amount = cpu_milli(value)
        elif isinstance(value, str) and _MILLI_BYTES.fullmatch(value.strip()):
            amount = int(float(value.strip()[:-1]) / 1000 // MIB)
        else:
            amount = mebibytes(value)
    except OptionError as error:
        raise place.refuse(str(error), "a Kubernetes quantity such as '8' or '64Gi'") from None
    except OverflowError:
        amount = UNLIMITED
    if amount >= UNLIMITED:
        raise place.refuse("is larger than anything that can be simulated", "a smaller amount")
    return amount


def _count(amounts: _Place, key: str) -> int:
    value = amounts.value.get(key, 0)
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) <= MAX_DEVICES_PER_NODE):
        problem, expected = "is not a number of devices", f"a whole number from 0 to {MAX_DEVICES_PER_NODE}"
        raise _Place(value, f"{amounts.path}.{key}", amounts.file).refuse(problem, expected)
    return int(text)


def _devices(amounts: _Place, labels: Mapping[str, str], custom: dict[str, Accelerator]) -> dict[str, Any]:
    """`gpus`, `gpu_model` and `mig` of a node; nothing for a node without devices."""
    whole = {key: count for key in _WHOLE if (count := _count(amounts, key))}
    sliced = {key: count for key in amounts.value if key.startswith(_MIG_PREFIX) and (count := _count(amounts, key))}
    if not whole and not sliced:
        return {}
    named, cut = model_of(labels)
    if len({key.partition("/")[0] for key in whole}) > 1 or (whole and sliced):
        place = _Place(sorted([*whole, *sliced]), amounts.path, amounts.file)
        raise place.refuse("has devices of several kinds", "devices of one kind on a node")
    if named.name not in CATALOGUE:
        custom.setdefault(named.name, named)
    if cut:  # every device is cut alike, and the plug-in counts the instances as if they were devices
        sliced = {f"{_MIG_PREFIX}{cut}": sum(whole.values())}
    if not sliced:
        copies = labels.get("nvidia.com/gpu.replicas", "")
        each = max(1, int(copies)) if copies.isascii() and copies.isdigit() and len(copies) <= 6 else 1
        return {"gpus": math.ceil(sum(whole.values()) / each), "gpu_model": named.name}
    if named.mig is None:
        place = _Place(sorted(sliced), amounts.path, amounts.file)
        raise place.refuse(
            f"has MIG instances, and its model {named.name!r} has no MIG geometry", "a known model in the label nvidia.com/gpu.product"
        )
    instances: list[tuple[MigProfile, int]] = []
    for key, count in sliced.items():
        profile = named.mig.profiles.get(key.removeprefix(_MIG_PREFIX).replace(".me", ""))
        if profile is None:
            place = _Place(count, f"{amounts.path}.{key}", amounts.file)
            raise place.refuse(f"is not a MIG profile of {named.name}", ", ".join(named.mig.profiles))
        instances.append((profile, count))
    return {"gpus": _devices_cut(instances, labels, uniform=bool(cut)), "gpu_model": named.name, "mig": True}


def _devices_cut(instances: list[tuple[MigProfile, int]], labels: Mapping[str, str], *, uniform: bool) -> int:
    """The devices behind MIG instances: what the label says, else the fewest that can hold them."""
    fewest = max(
        math.ceil(sum(profile.span * count for profile, count in instances) / POSITIONS),
        max(math.ceil(count / profile.per_device) for profile, count in instances),
    )
    stated = labels.get("nvidia.com/gpu.count", "")
    if not uniform and stated.isascii() and stated.isdigit() and len(stated) <= 6 and int(stated) >= fewest:
        return int(stated)
    return fewest
