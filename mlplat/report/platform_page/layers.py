"""Where the nodes of an acyclic graph stand: in layers, so that every link leads to the right, and so ordered that few links cross.

Layers by the longest way from the sources, sources next to what uses them first; order within layers by the mean place of neighbours
(Sugiyama, Tagawa and Toda, IEEE Transactions on Systems, Man, and Cybernetics 11, 1981).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SWEEPS = 8


def layered(nodes: Sequence[str], links: Sequence[tuple[str, str]]) -> list[list[str]]:
    """The layers from left to right, each from top to bottom. `links`: from, to, between `nodes`, without cycles.

    >>> layered(["a", "b", "c", "d"], [("a", "b"), ("b", "c"), ("d", "c")])
    [['a'], ['b', 'd'], ['c']]
    """
    above: dict[str, list[str]] = {name: [] for name in nodes}
    below: dict[str, list[str]] = {name: [] for name in nodes}
    for one, other in links:
        above[other].append(one)
        below[one].append(other)
    order = _topological(nodes, above, below)
    layer: dict[str, int] = {}
    for name in order:
        layer[name] = max((layer[one] + 1 for one in above[name]), default=0)
    for name in reversed(order):
        if not above[name] and below[name]:
            layer[name] = min(layer[other] for other in below[name]) - 1
    layers: list[list[str]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for name in order:
        layers[layer[name]].append(name)
    for sweep in range(SWEEPS):
        neighbours = below if sweep % 2 else above
        for row in reversed(layers) if sweep % 2 else layers:
            _reorder(row, neighbours, layers)
    return layers


def _topological(nodes: Sequence[str], above: Mapping[str, list[str]], below: Mapping[str, list[str]]) -> list[str]:
    missing = {name: len(above[name]) for name in nodes}
    ready = sorted((name for name in nodes if not missing[name]), reverse=True)
    order = []
    while ready:
        name = ready.pop()
        order.append(name)
        for other in sorted(set(below[name]), reverse=True):
            missing[other] -= below[name].count(other)
            if not missing[other]:
                ready.append(other)
    return order


def _reorder(row: list[str], neighbours: Mapping[str, list[str]], layers: list[list[str]]) -> None:
    place = {name: at / max(1, len(others) - 1) for others in layers for at, name in enumerate(others)}
    means = {name: sum(place[one] for one in neighbours[name]) / len(neighbours[name]) for name in row if neighbours[name]}
    row.sort(key=lambda name: means.get(name, place[name]))
