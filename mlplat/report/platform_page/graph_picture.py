"""The lineage as a picture (SVG): a shape and a colour for each kind, names in the shapes, links to the right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import printable
from ..page.elements import attribute, text
from .layers import layered

if TYPE_CHECKING:
    from ...platform.artifacts.metadata.lineage import Node
    from .lineage import Drawn

WIDE, HIGH = 152, 42
ACROSS, DOWN = 200, 58
MARGIN = 14
LONGEST = 20


def graph_svg(drawn: Drawn) -> str:
    """The picture. Each node is a button with the full name; what it is of the node is its place among `drawn.nodes`.

    >>> from mlplat.platform.artifacts.metadata import Link, Node, NodeKind
    >>> from mlplat.report.platform_page.lineage import Drawn
    >>> nodes = {name: Node(name, NodeKind.RUN) for name in ("run:a/<b>", "run:a/c")}
    >>> picture = graph_svg(Drawn(nodes, (Link("run:a/<b>", "run:a/c", "x"),)))
    >>> "a/&lt;b&gt;" in picture, "<b>" in picture
    (True, False)
    """
    layers = layered(list(drawn.nodes), [(link.upstream, link.downstream) for link in drawn.links])
    tallest = max(map(len, layers), default=1)
    height = 2 * MARGIN + tallest * DOWN - (DOWN - HIGH)
    width = 2 * MARGIN + len(layers) * ACROSS - (ACROSS - WIDE)
    places: dict[str, tuple[float, float]] = {}
    for column, layer in enumerate(layers):
        top = MARGIN + (tallest - len(layer)) * DOWN / 2
        for row, name in enumerate(layer):
            places[name] = (MARGIN + column * ACROSS, top + row * DOWN)
    numbers = {name: number for number, name in enumerate(drawn.nodes)}
    edges = "".join(_edge(numbers, places, link.upstream, link.downstream, link.role) for link in drawn.links)
    shapes = "".join(_node(numbers[name], node, *places[name]) for name, node in drawn.nodes.items())
    arrow = 'id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto"'
    marker = f'<marker {arrow}><path d="M0 0L8 4L0 8z"/></marker>'
    return (
        f'<svg class="lineage" role="group" aria-label="What was made of what" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}"><defs>{marker}</defs>{edges}{shapes}</svg>'
    )


def _edge(numbers: dict[str, int], places: dict[str, tuple[float, float]], one: str, other: str, role: str) -> str:
    x0, y0 = places[one][0] + WIDE, places[one][1] + HIGH / 2
    x1, y1 = places[other][0], places[other][1] + HIGH / 2
    bend = (x1 - x0) / 2
    path = f"M{x0:g} {y0:g}C{x0 + bend:g} {y0:g} {x1 - bend:g} {y1:g} {x1:g} {y1:g}"
    ends = f'data-from="{numbers[one]}" data-to="{numbers[other]}"'
    return f'<path class="edge" {ends} d="{path}" marker-end="url(#arrow)"><title>{text(role)}</title></path>'


def _node(number: int, node: Node, x: float, y: float) -> str:
    kind = "withheld" if node.withheld else node.kind.word
    name, version = short(node.name)
    said = f"{kind} {printable(node.name.partition(':')[2])}"
    return (
        f'<g class="node kind-{kind}" role="button" tabindex="0" data-node="{number}" aria-label="{attribute(said)}" '
        f'transform="translate({x:g} {y:g})"><title>{text(node.name)}</title>{_SHAPES.get(kind, _BOX)}'
        f'<text x="{WIDE / 2:g}" y="20">{text(name)}</text><text class="small" x="{WIDE / 2:g}" y="34">{kind}{text(version)}</text></g>'
    )


def short(resource: str) -> tuple[str, str]:
    """The name of a node and its version, short enough for its shape.

    >>> short("image:shop/churn@sha256:5bda27653583d07b1b1b89bc1d6c807f5f01a738886aec229f572759336a78ed")
    ('shop/churn', ' 5bda2765')
    """
    name, at, version = resource.partition(":")[2].partition("@")
    name = name if len(name) <= LONGEST else f"{name[: LONGEST // 2]}…{name[-LONGEST // 2 + 1 :]}"
    return name, f" {version.removeprefix('sha256:')[:8]}" if at else ""


_BOX = f'<rect width="{WIDE}" height="{HIGH}" rx="3"/>'
_CYLINDER = f'<path d="M0 3v{HIGH - 6}c0 5 {WIDE} 5 {WIDE} 0v-{HIGH - 6}c0 -5 -{WIDE} -5 -{WIDE} 0c0 5 {WIDE} 5 {WIDE} 0"/>'
_SHAPES = {
    "run": f'<rect width="{WIDE}" height="{HIGH}" rx="{HIGH / 2:g}"/>',
    "model": f'<path d="M14 0H{WIDE - 14}L{WIDE} {HIGH / 2:g}L{WIDE - 14} {HIGH}H14L0 {HIGH / 2:g}z"/>',
    "dataset": _CYLINDER,
    "window": _CYLINDER,
    "pipeline": f'<path d="M12 0H{WIDE}L{WIDE - 12} {HIGH}H0z"/>',
    "commit": f'<path d="M0 0H{WIDE - 14}L{WIDE} {HIGH / 2:g}L{WIDE - 14} {HIGH}H0z"/>',
    "image": f'<path d="M0 0H{WIDE}V{HIGH}H0zM5 0V{HIGH}M{WIDE - 5} 0V{HIGH}"/>',
    "deployment": f'<path d="M10 0H{WIDE - 10}L{WIDE} 10V{HIGH - 10}L{WIDE - 10} {HIGH}H10L0 {HIGH - 10}V10z"/>',
}
