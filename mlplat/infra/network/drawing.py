"""A topology as SVG text: vertices in layers by role, links as wide as their bandwidth; a layer of many is drawn in bundles."""

from __future__ import annotations

import html
import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from ...errors import OptionError, printable
from ...units import format_mbps

if TYPE_CHECKING:
    from .topology import Topology

MOST_BOXES: Final = 16
"""Boxes of a layer; what has more vertices is drawn in that many bundles of consecutive ones."""

_WIDTH, _MARGIN, _BOX, _GAP, _CHARACTER = 1180.0, 96.0, 30.0, 92.0, 6.2
_FILL: Final = {"host": "#eef2f7", "external": "#fdf3e1", "border": "#fdf3e1"}
_SCALE: Final = ((0.0, (158, 170, 186)), (0.5, (230, 159, 0)), (1.0, (200, 30, 30)))
_NUMBERED = re.compile(r"(.*?)(\d+)", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Layer:
    """A row of boxes: what it is called, the vertices of each box."""

    title: str
    boxes: tuple[npt.NDArray[np.int64], ...]


def draw(topology: Topology, utilization: npt.ArrayLike | None = None) -> str:
    """SVG text. `utilization`: [0, 1] for each link, by which links are coloured from grey to red; a bundle shows the mean by bandwidth.

    Raises OptionError for an array of another length or with other numbers.
    """
    use = None if utilization is None else _checked(utilization, len(topology.mbps))
    drawn = layers(topology)
    level = np.zeros(len(topology), dtype=np.int64)
    for depth, layer in enumerate(drawn):
        level[np.concatenate(layer.boxes)] = depth
    arcs = (level[topology.ends] == len(drawn) - 1).all(axis=1).any()  # above the uppermost row
    head = 60 if arcs else 16
    where = np.full(len(topology), -1, dtype=np.int64)
    places: list[tuple[float, float, float]] = []  # middle, top and width of each box
    boxes: list[str] = []
    for depth, layer in enumerate(drawn):
        top = head + (len(drawn) - 1 - depth) * _GAP
        slot = (_WIDTH - _MARGIN) / max(1, len(layer.boxes))
        for i, vertices in enumerate(layer.boxes):
            where[vertices] = len(places)
            places.append((_MARGIN + slot * (i + 0.5), top, min(slot - 4, 120.0)))
            boxes.append(_box(topology, vertices, places[-1]))
        title = html.escape(layer.title)
        boxes.append(f'<text x="4" y="{top + 12:g}" class="t">{title}</text>')
        boxes.append(f'<text x="4" y="{top + 25:g}" class="n">{sum(map(len, layer.boxes)):,}</text>')
    height = head + (len(drawn) - 1) * _GAP + _BOX + 30
    style = (
        "text{font:10px sans-serif;fill:#222}.t{font-weight:bold}.n{fill:#666}.b{text-anchor:middle}path{fill:none;stroke-linecap:round}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {height:g}" width="100%" role="img">'
        f"<title>{html.escape(printable(repr(topology)))}</title><style>{style}</style>"
        f'<rect width="{_WIDTH:g}" height="{height:g}" fill="#fff"/>'
        f"{''.join(_links(topology, where, places, use))}{''.join(boxes)}{_legend(height) if use is not None else ''}</svg>"
    )


def _checked(utilization: npt.ArrayLike, links: int) -> npt.NDArray[np.float64]:
    try:
        use = np.asarray(utilization, dtype=np.float64)
    except (TypeError, ValueError):
        raise OptionError("utilization: expected numbers from 0 to 1, one for each link") from None
    if use.shape != (links,) or not ((use >= 0) & (use <= 1)).all():
        raise OptionError(f"utilization: expected numbers from 0 to 1, one for each of {links:,} links (found shape {use.shape})")
    return use


def layers(topology: Topology) -> list[Layer]:
    """From the nodes upwards. Switches of a custom topology are layered by their distance from the nodes."""
    roles = np.array(topology.roles)
    inner = ~np.isin(roles, ("host", "border", "external"))
    level = np.zeros(len(topology), dtype=np.int64)
    if topology.kind == "custom":
        level[inner] = _distances(topology)[inner]
    else:
        for role, above in (("aggregation", 2), ("spine", 2), ("core", 3)):
            level[roles == role] = above
        level[np.isin(roles, ("leaf", "rail", "router"))] = 1
    made = []
    for number in range(1, int(level.max(initial=0)) + 1):
        vertices = np.flatnonzero(level == number)
        if len(vertices):
            made.append(Layer(topology.roles[int(vertices[0])], _bundles(vertices)))
    hosts = Layer("host", _host_bundles(topology, made[0].boxes if made else ()))
    gateway = next(iter(topology.outside), -1)
    vertices = np.arange(len(topology))
    rows = [("border", roles == "border"), ("gateway", vertices == gateway), ("outside", (roles == "external") & (vertices != gateway))]
    return [hosts, *made, *(Layer(title, _bundles(np.flatnonzero(chosen))) for title, chosen in rows if chosen.any())]


def _distances(topology: Topology) -> npt.NDArray[np.int64]:
    far = len(topology) + 1
    distance = np.full(len(topology), far, dtype=np.int64)
    distance[topology.hosts] = 0
    for _ in range(MOST_BOXES):  # what is further away is drawn in the uppermost row
        before = distance.copy()
        for here, there in ((0, 1), (1, 0)):
            np.minimum.at(distance, topology.ends[:, here], before[topology.ends[:, there]] + 1)
    return np.minimum(distance, MOST_BOXES)


def _bundles(vertices: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], ...]:
    return tuple(np.array_split(vertices, min(len(vertices), MOST_BOXES)))


def _host_bundles(topology: Topology, above: tuple[npt.NDArray[np.int64], ...]) -> tuple[npt.NDArray[np.int64], ...]:
    """Nodes one by one if they are few, else together with those that hang from the same box."""
    hosts = topology.hosts.astype(np.int64)
    if len(hosts) <= MOST_BOXES or len(above) < 2:
        return _bundles(hosts)
    box = np.full(len(topology), len(above), dtype=np.int64)
    for i, vertices in enumerate(above):
        box[vertices] = i
    held = np.full(len(topology), len(above), dtype=np.int64)
    for here, there in ((0, 1), (1, 0)):
        np.minimum.at(held, topology.ends[:, here], box[topology.ends[:, there]])
    return tuple(found for i in range(len(above) + 1) if len(found := hosts[held[hosts] == i]))


def _box(topology: Topology, vertices: npt.NDArray[np.int64], place: tuple[float, float, float]) -> str:
    middle, top, width = place
    name = _called(topology, vertices)
    role = topology.roles[int(vertices[0])]
    room, name_shown = int(width / _CHARACTER), name
    if len(vertices) > 1 and len(name) > room:
        name_shown = printable(topology.names[int(vertices[0])]) + "…"
    lines = [_short(name_shown, room)] + ([f"×{len(vertices):,}"] if len(vertices) > 1 else [])
    first = top + (_BOX / 2 + 4 if len(lines) == 1 else 13)
    text = "".join(f'<text x="{middle:.1f}" y="{first + 12 * i:g}" class="b">{html.escape(line)}</text>' for i, line in enumerate(lines))
    shape = f'x="{middle - width / 2:.1f}" y="{top:g}" width="{width:.1f}" height="{_BOX:g}" rx="3"'
    return f'<g><title>{html.escape(name)}</title><rect {shape} fill="{_FILL.get(role, "#dde7f3")}" stroke="#8a99ad"/>{text}</g>'


def _called(topology: Topology, vertices: npt.NDArray[np.int64]) -> str:
    first, last = (printable(topology.names[int(vertices[i])]) for i in (0, -1))
    if first == last:
        return first
    one, other = _NUMBERED.fullmatch(first), _NUMBERED.fullmatch(last)
    together = one is not None and other is not None and one.group(1) == other.group(1)
    return f"{first}…{other.group(2)}" if together and other is not None else f"{first} … {last}"


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: max(1, length - 1)] + "…"


def _links(
    topology: Topology,
    where: npt.NDArray[np.int64],
    places: list[tuple[float, float, float]],
    use: npt.NDArray[np.float64] | None,
) -> list[str]:
    """A line for each pair of boxes that links join, as wide as these are together; within a row an arc."""
    pairs = np.sort(where[topology.ends], axis=1)
    between = pairs[:, 0] != pairs[:, 1]
    pairs, mbps = pairs[between], topology.mbps[between]
    if not len(pairs):
        return []
    pairs, index = np.unique(pairs, axis=0, return_inverse=True)
    index = index.reshape(-1)
    total, number = np.bincount(index, weights=mbps), np.bincount(index)
    mean = None if use is None else np.bincount(index, weights=mbps * use[between]) / total
    drawn = []
    widest = 4.4 * min(1.0, 32 / len(pairs))  # many lines side by side would be one area
    for i, (low, high) in enumerate(pairs.tolist()):
        (x0, y0, _), (x1, y1, _) = places[low], places[high]
        if y0 == y1:
            rise = min(46.0, 12 + abs(x1 - x0) / 14)
            path = f"M{x0:.1f} {y0:g}Q{(x0 + x1) / 2:.1f} {y0 - 2 * rise + 12:.1f} {x1:.1f} {y1:g}"
        else:
            path = f"M{x0:.1f} {y0:g}L{x1:.1f} {y1 + _BOX:g}"
        width = 0.6 + widest * float(np.sqrt(total[i] / total.max()))
        colour = _colour(0.0 if mean is None else float(mean[i]))
        links = "1 link" if number[i] == 1 else f"{number[i]:,} links"
        said = f"{links}, {format_mbps(float(total[i]))}" + ("" if mean is None else f", {mean[i]:.0%} used")
        drawn.append(f'<path d="{path}" stroke="{colour}" stroke-width="{width:.2f}"><title>{said}</title></path>')
    return drawn


def _colour(value: float) -> str:
    for (low, one), (high, other) in itertools.pairwise(_SCALE):
        if value <= high:
            part = (value - low) / (high - low)
            return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in zip(one, other, strict=True))
    return "#c81e1e"


def _legend(height: float) -> str:
    steps = [i / 10 for i in range(11)]
    bars = "".join(
        f'<rect x="{_MARGIN + 22 * i:g}" y="{height - 16:g}" width="22" height="7" fill="{_colour(step)}"/>' for i, step in enumerate(steps)
    )
    return f'{bars}<text x="4" y="{height - 9:g}" class="n">used, 0–100 %</text>'
