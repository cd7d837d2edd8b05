"""Which labels, taints, selectors and tolerations the fault campaign draws, and the same clusters and workloads with fewer of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.fault_draws import Draw
from benchmarks.fault_marks import EFFECTS, MOST_TEXT
from mlplat.hardware import ClusterSpec

LABELS = {"disk": ("ssd", "hdd"), "tier": ("gold", "basic")}
TAINTED = ("dedicated", "tier")
VALUES = ("", "a", "b")
WRONG_LABELS = ("=ssd", "disk\n=ssd", "disk=s\x07d", "disk=hdd,=x", "k" * (MOST_TEXT + 1) + "=ssd")
WRONG_TAINTS = ("=a:NoSchedule", "dedicated=a:Never", "dedicated=\n:NoExecute", "\t=a:NoSchedule")
WRONG_KEYS = ("", "\x07", "k" * (MOST_TEXT + 1))
LENGTHS = (0.0, 1.0, 3.0, 8.0, 40.0)


def mark_groups(draw: Draw, groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The groups, many of which have labels, and some taints."""
    marked = []
    for group in groups:
        labels = {key: draw.of(values) for key, values in LABELS.items() if not draw.one_in(3)}
        taints = [_taint(draw), _taint(draw)][: draw.of((0, 0, 0, 0, 1, 2))]
        if len({(text.partition("=")[0].partition(":")[0], text.rpartition(":")[2]) for text in taints}) < len(taints):
            taints = taints[:1]  # of one key and effect a group has one
        marked.append(group | ({"labels": labels} if labels else {}) | ({"taints": taints} if taints else {}))
    return marked


def _taint(draw: Draw, effects: tuple[str, ...] = EFFECTS) -> str:
    key, value, effect = draw.of(TAINTED), draw.of(VALUES), draw.of(effects)
    return f"{key}={value}:{effect}" if value else f"{key}:{effect}"


def draw_choice(draw: Draw, spec: ClusterSpec) -> dict[str, Any]:
    """What a workload says of its nodes, as options of `Workload`: at times labels, mostly tolerations."""
    chosen: dict[str, Any] = {}
    if draw.one_in(3):
        chosen["node_selector"] = _selector(draw, spec)
    if not draw.one_in(3):
        chosen["tolerations"] = [_toleration(draw) for _ in range(1 + draw.one_in(3))]
    return chosen


def _selector(draw: Draw, spec: ClusterSpec) -> dict[str, str]:
    """One label or two, mostly ones that some node has."""
    table = spec.nodes()
    row = draw.below(len(table))
    selector = {}
    for _ in range(1 + draw.one_in(4)):
        key = draw.of((*LABELS, *LABELS, "node", "rack", "group", "accelerator"))
        if key == "accelerator":
            own = table.models[table.model[row]].name if table.gpus[row] else "T4"
            selector[key] = draw.of((own, own, "V100", "A100"))
        elif key in LABELS:
            selector[key] = draw.of(LABELS[key])
        else:
            own = {"node": table.names[row], "rack": table.racks[table.rack[row]], "group": table.groups[table.group[row]]}[key]
            selector[key] = "no-such" if draw.one_in(10) else own
    return selector


def _toleration(draw: Draw) -> dict[str, str]:
    key, value, effect = draw.of(TAINTED), draw.of(VALUES), draw.of(("", "", *EFFECTS))
    said = draw.of(({"operator": "Exists"}, {"key": key, "operator": "Exists"}, {"key": key, "value": value}, {"key": key, "value": value}))
    return said | ({"effect": effect} if effect else {})


def draw_mark_calls(draw: Draw, nodes: int) -> list[tuple[float, str, int, float, str]]:
    """Calls of `label`, `taint` and `untaint` as (time, verb, row, 0, text), most of which are taken back; some taints are of all nodes,
    and some calls are wrong.
    """
    calls = []
    for _ in range(1 + draw.below(7)):
        time, verb, row = draw.below(24) * 1.0, draw.of(("label", "label", "taint", "taint", "taint", "untaint")), draw.below(nodes)
        if draw.one_in(12):
            row = nodes + draw.below(2)  # no such node
        wrong, end = draw.one_in(10), time + draw.of(LENGTHS)
        if verb == "label":
            key = draw.of((*LABELS, *LABELS, "group", "accelerator"))
            value = draw.of(LABELS.get(key, ("g0", "V100-16", "T4")))
            calls.append((time, verb, row, 0.0, draw.of(WRONG_LABELS) if wrong else f"{key}={value}"))
            if draw.one_in(2):
                calls.append((end, verb, row, 0.0, f"{key}-"))
        elif verb == "taint":
            text = _taint(draw, (*EFFECTS, "NoExecute"))
            rows = range(nodes) if draw.one_in(3) else (row,)
            calls += [(time, verb, each, 0.0, draw.of(WRONG_TAINTS) if wrong else text) for each in rows]
            if not draw.one_in(4):
                calls += [(end, "untaint", each, 0.0, text.partition(":")[0].partition("=")[0]) for each in rows]
        else:
            calls.append((time, verb, row, 0.0, draw.of(WRONG_KEYS) if wrong else draw.of(TAINTED)))
    return calls


def is_marked(groups: list[dict[str, Any]]) -> bool:
    """Whether any group has labels or taints."""
    return any(group.get("labels") or group.get("taints") for group in groups)


def simpler_marks(groups: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The groups without any labels and taints, without those of one group, and without a single taint or label.

    >>> [*simpler_marks([{"name": "a", "taints": ["x:NoExecute"]}])]
    [[{'name': 'a'}], [{'name': 'a'}]]
    """
    if is_marked(groups):
        yield [{name: value for name, value in group.items() if name not in ("labels", "taints")} for group in groups]
    for g, group in enumerate(groups):
        for simpler in simpler_choice(group, ("labels", "taints")):
            yield [*groups[:g], simpler, *groups[g + 1 :]]


def simpler_choice(options: dict[str, Any], names: tuple[str, ...] = ("node_selector", "tolerations")) -> Iterator[dict[str, Any]]:
    """The options with one part less of each of these, which are mappings or lists; an empty one is left out.

    >>> [*simpler_choice({"node_selector": {"a": "x", "b": "y"}})]
    [{'node_selector': {'b': 'y'}}, {'node_selector': {'a': 'x'}}]
    """
    for name in names:
        parts = options.get(name, ())
        for i, part in enumerate(parts):
            fewer: Any = [*parts[:i], *parts[i + 1 :]] if isinstance(parts, list) else {key: parts[key] for key in parts if key != part}
            rest = {key: value for key, value in options.items() if key != name}
            yield rest | ({name: fewer} if fewer else {})
