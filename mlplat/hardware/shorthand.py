"""Clusters in a word: `96x8xV100`, `100x64cpu`, `pool:768gpu`."""

from __future__ import annotations

import re
from typing import Any

from ..errors import SpecError
from .accelerators import GENERIC, accelerator
from .amounts import UNLIMITED_WORD
from .node_group import MAX_DEVICES_PER_NODE, MAX_NODES

CORES_PER_GPU, GIB_PER_GPU, GIB_PER_CORE, DISK_GIB = 8, 64, 4, 1024
MAX_CORES_PER_NODE = 1_000_000

FORMS = (
    "96x8xV100 (nodes x devices x model), 96x8gpu (devices of no stated model), 100x64cpu (nodes x cores), several joined by '+', "
    "or pool:768gpu, pool:768xV100, pool:128cpu, pool:128cpu,64gpu"
)

_NODES = re.compile(
    r"(?P<nodes>\d+)\s*x\s*(?P<each>\d+)\s*(?:x\s*(?P<model>[^\s,+](?:[^,+]*[^\s,+])?)|(?P<kind>cpus?|gpus?))", re.ASCII | re.I
)
_POOLED = re.compile(r"(?P<each>\d+)\s*(?:x\s*(?P<model>[^\s,+](?:[^,+]*[^\s,+])?)|(?P<kind>cpus?|gpus?))", re.ASCII | re.I)


def read_shorthand(text: str) -> dict[str, Any]:
    """The description that a shorthand stands for. Raises SpecError with the accepted forms, UnknownNameError for an unknown accelerator.

    >>> read_shorthand("pool:128cpu")["groups"][0]["cpus"]
    128
    """
    if not isinstance(text, str) or len(text) > 10_000:
        raise SpecError(f"not a cluster shorthand; expected {FORMS}")
    body = text.strip()
    head, colon, rest = body.partition(":")
    pool = bool(colon) and head.strip().casefold() == "pool"
    groups = [_pool(rest, text)] if pool else _groups(body.split("+"), text)
    document: dict[str, Any] = {"name": body, "groups": groups}
    if pool:
        document["pool"] = True
    if any(group.get("gpu_model") == GENERIC.name for group in groups):
        document["accelerators"] = [GENERIC]
    return document


def _groups(parts: list[str], text: str) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = []
    names: set[str] = set()
    for part in parts:
        match = _NODES.fullmatch(part.strip())
        if match is None:
            raise _refused(text)
        nodes = _number(match["nodes"], MAX_NODES, "nodes", text)
        if nodes == 0:
            raise SpecError(f"{_quoted(text)}: expected at least 1 node")
        group: dict[str, Any] = {"count": nodes, "disk_gib": DISK_GIB} | _amounts(match, text)
        if group.get("gpus"):
            group |= {"cpus": CORES_PER_GPU * group["gpus"], "memory_gib": GIB_PER_GPU * group["gpus"]}
        else:
            group["memory_gib"] = GIB_PER_CORE * group.get("cpus", 0)
        base = "node" if len(parts) == 1 else str(group.get("gpu_model", "cpu")).lower()
        name, number = base, 2
        while name in names:
            name, number = f"{base}-{number}", number + 1
        names.add(name)
        groups.append({"name": name} | group)
    return groups


def _pool(rest: str, text: str) -> dict[str, Any]:
    group: dict[str, Any] = {
        "name": "pool",
        "node_names": ["pool"],
        "cpus": UNLIMITED_WORD,
        "memory": UNLIMITED_WORD,
        "disk": UNLIMITED_WORD,
    }
    named: set[str] = set()
    for part in rest.split(","):
        match = _POOLED.fullmatch(part.strip())
        if match is None:
            raise _refused(text)
        amounts = _amounts(match, text)
        if not named.isdisjoint(amounts):
            raise SpecError(f"{_quoted(text)}: names the same amount twice; expected {FORMS}")
        named |= amounts.keys()
        group |= amounts
    return group


def _amounts(match: re.Match[str], text: str) -> dict[str, Any]:
    kind, model = (match["kind"] or "").lower(), match["model"]
    if kind.startswith("cpu"):
        return {"cpus": _number(match["each"], MAX_CORES_PER_NODE, "cores a node", text)}
    devices = _number(match["each"], MAX_DEVICES_PER_NODE, "devices a node", text)
    if model is None or model.casefold() in ("gpu", "gpus"):
        return {"gpus": devices, "gpu_model": GENERIC.name}
    return {"gpus": devices, "gpu_model": accelerator(model).name}


def _number(digits: str, limit: int, what: str, text: str) -> int:
    if len(digits) > 18 or int(digits) > limit:
        raise SpecError(f"{_quoted(text)}: {digits[:18]} {what}; expected at most {limit:,}")
    return int(digits)


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")


def _refused(text: str) -> SpecError:
    return SpecError(f"{_quoted(text)} is not a cluster shorthand; expected {FORMS}")
