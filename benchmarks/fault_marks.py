"""Labels and taints in the fault campaign, as docs/endpoint.md defines them: which a node has after every call, and who may be where.

Everything here is reckoned from the case, by plain dictionaries. What the cluster says and does is compared with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mlplat.errors import OptionError, UnknownNameError
from mlplat.hardware.node_table import NodeTable

MARKING = ("label", "taint", "untaint")
"""Verbs that change labels and taints. A call says what in its text: `disk=ssd,tier-`, `dedicated=a:NoSchedule`, `dedicated`."""
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
REPELLING = ("NoSchedule", "NoExecute")
"""Effects that keep work away."""
MOST_TEXT = 250
ALIASES = {"V100": "V100-16", "A100": "A100-40"}
"""Names of the catalogue that the campaign uses for others of it."""


class Mark(NamedTuple):
    """A taint."""

    key: str
    value: str
    effect: str

    def __str__(self) -> str:
        return f"{self.key}={self.value}:{self.effect}" if self.value else f"{self.key}:{self.effect}"


def read_taint(text: str) -> Mark:
    """The taint that a text is of.

    >>> read_taint("dedicated=a:NoExecute"), read_taint("dedicated:NoSchedule").value
    (Mark(key='dedicated', value='a', effect='NoExecute'), '')
    """
    mark, _, effect = text.rpartition(":")
    key, _, value = mark.partition("=")
    return Mark(key, value, effect)


def read_labels(text: str) -> dict[str, str | None]:
    """The labels that a text sets, and as None those that it removes.

    >>> read_labels("disk=ssd,tier-")
    {'disk': 'ssd', 'tier': None}
    """
    found: dict[str, str | None] = {}
    for part in text.split(","):
        key, stated, value = part.partition("=")
        found[key if stated else key.removesuffix("-")] = value if stated else None
    return found


def tolerates(toleration: Mapping[str, str], mark: Mark) -> bool:
    """Whether a toleration is about a taint.

    >>> tolerates({"operator": "Exists"}, Mark("a", "x", "NoExecute")), tolerates({"key": "a"}, Mark("a", "x", "NoExecute"))
    (True, False)
    """
    if toleration.get("effect", "") not in ("", mark.effect):
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return toleration.get("key", "") in ("", mark.key)
    return toleration["key"] == mark.key and toleration.get("value", "") == mark.value


def may_stay(tolerations: list[dict[str, str]], marks: list[Mark], effects: tuple[str, ...]) -> bool:
    """Whether every one of the taints that has one of these effects is tolerated."""
    return all(any(tolerates(each, mark) for each in tolerations) for mark in marks if mark.effect in effects)


def is_text(*parts: str) -> bool:
    """Whether each is printable and no longer than may be."""
    return all(part.isprintable() and len(part) <= MOST_TEXT for part in parts)


class Marks:
    """The labels and taints of the nodes (rows) of a cluster, as its groups state them at first. Of `nodes` only the racks are read.

    `expelling`: the rows with a taint that lets nothing stay.
    """

    def __init__(self, groups: list[dict[str, Any]], nodes: NodeTable) -> None:
        self.names: list[str] = []
        self.implied: list[dict[str, str]] = []
        self.labels: list[dict[str, str]] = []
        self.taints: list[list[Mark]] = []
        for group in groups:
            for i in range(group["count"]):
                row, name = len(self.names), f"{group['name']}-{i}"
                self.names.append(name)
                self.implied.append({"node": name, "rack": nodes.racks[nodes.rack[row]], "group": group["name"]})
                if group.get("gpus"):
                    self.implied[row]["accelerator"] = group["gpu_model"]
                self.labels.append(dict(group.get("labels", {})))
                self.taints.append([read_taint(text) for text in group.get("taints", ())])
        self.expelling = self._expelling()

    def _expelling(self) -> set[int]:
        return {row for row, marks in enumerate(self.taints) if any(mark.effect == "NoExecute" for mark in marks)}

    # -- what is so

    def all_labels(self, row: int) -> dict[str, str]:
        """Those that a node was given, and the implied ones but for what was given in their place."""
        return self.implied[row] | self.labels[row]

    def is_selected(self, work: Mapping[str, Any], row: int) -> bool:
        """Whether a node has every label that a workload (its options) asks for."""
        has = self.all_labels(row)
        for key, value in work.get("node_selector", {}).items():
            wanted = (value, ALIASES.get(value, value)) if key == "accelerator" else (value,)
            if has.get(key) not in wanted:
                return False
        return True

    def may_come(self, work: Mapping[str, Any], row: int) -> bool:
        """Whether a workload may be placed on a node."""
        return self.is_selected(work, row) and may_stay(work.get("tolerations", []), self.taints[row], REPELLING)

    def may_stay(self, work: Mapping[str, Any], row: int) -> bool:
        """Whether a workload that is on a node may remain there."""
        return may_stay(work.get("tolerations", []), self.taints[row], ("NoExecute",))

    # -- calls

    def refusal(self, verb: str, row: int, text: str) -> type[Exception] | None:
        """The error that a call must raise, None for a right one."""
        if row >= len(self.names):
            return UnknownNameError
        if verb == "label":
            right = all(key and is_text(key, value or "") for key, value in read_labels(text).items())
        elif verb == "taint":
            mark = read_taint(text)
            right = bool(mark.key) and is_text(mark.key, mark.value) and mark.effect in EFFECTS
        else:
            right = bool(text) and is_text(text)
        return None if right else OptionError

    def follow(self, verb: str, row: int, text: str) -> bool:
        """What a right call does. Whether that changes anything."""
        labels, marks = dict(self.labels[row]), self.taints[row]
        if verb == "label":
            changed = labels | read_labels(text)
            self.labels[row] = {key: value for key, value in changed.items() if value is not None}
        elif verb == "taint":
            new = read_taint(text)
            if new not in marks:
                self.taints[row] = [mark for mark in marks if (mark.key, mark.effect) != (new.key, new.effect)] + [new]
        else:
            self.taints[row] = [mark for mark in marks if mark.key != text]
        self.expelling = self._expelling()
        return self.labels[row] != labels or self.taints[row] != marks
