"""`Lineage`: how one model version came to be, as far as the caller may see it; and `Subgraph`, a part of the whole graph."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ....canonical import canonical_json
from ....errors import printable
from ....plotting import Plots
from ...storage.digests import digest_of, digest_of_parts
from ..withholding import WITHHELD
from .missing import MissingLink
from .nodes import Artifact, Link, NodeKind, node_kind
from .run_state import RunState
from .runs import Linking, Numerics

PARTS = ("code", "data", "image", "parameters", "pipeline", "seed")


class Node(NamedTuple):
    """A node as the caller sees it. `name`: the resource, or `withheld:` and a digest for what they may not read.

    `owners`: of what is withheld the ids of those who can share it, since it is their project's; to be asked.
    """

    name: str
    kind: NodeKind
    digest: str = ""
    origin: str = "platform"
    owners: tuple[str, ...] = ()

    @property
    def withheld(self) -> bool:
        """Whether the caller may not read it."""
        return self.name.startswith(WITHHELD)


@dataclass(frozen=True, slots=True)
class Subgraph:
    """Nodes around one of them, and the links between them; sorted, so that equal graphs are equal."""

    root: str
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]

    def upstream(self, name: str | None = None) -> tuple[str, ...]:
        """All that a node (the root) was made of, sorted."""
        above: dict[str, list[str]] = {}
        for link in self.links:
            above.setdefault(link.downstream, []).append(link.upstream)
        start = self.root if name is None else name
        found = {start}
        waiting = [start]
        while waiting:
            fresh = [each for each in above.get(waiting.pop(), ()) if each not in found]
            found.update(fresh)
            waiting += fresh
        return tuple(sorted(found - {start}))

    @property
    def plot(self) -> Plots:
        """The graph as a figure: `plot()` (docs/notebooks_and_plots.md)."""
        return Plots(self, "lineage")

    def tree(self) -> str:
        """The root, and indented under each node what it was made of. What was shown above already is marked and not shown again."""
        return "\n".join("  " * depth + text for depth, text in self._lines())

    def _lines(self) -> list[tuple[int, str]]:
        above: dict[str, list[tuple[str, str]]] = {}
        for link in self.links:
            above.setdefault(link.downstream, []).append((link.role, link.upstream))
        lines: list[tuple[int, str]] = []
        met: set[str] = set()
        waiting = [(0, "", self.root)]
        while waiting:
            depth, role, name = waiting.pop()
            again = name in met and name in above
            lines.append((depth, (f"{role}: " if role else "") + printable(name) + (" (see above)" if again else "")))
            if not again:
                met.add(name)
                waiting += [(depth + 1, *each) for each in sorted(above.get(name, ()), reverse=True)]
        return lines

    def __str__(self) -> str:
        return self.tree()

    def _repr_html_(self) -> str:
        text = "\n".join("  " * min(depth, 100) + html.escape(text) for depth, text in self._lines())
        return f"<pre>{text}</pre>"


@dataclass(frozen=True, slots=True)
class Lineage(Subgraph):
    """How a model version came to be.

    `run`: what made it; empty where that is unknown. `missing`: links that are not there or broken. `parts`: what the `fingerprint` is
    of, null where unknown and `withheld:` where the caller may not read it. `reproducible`: whether nothing is missing and everything
    but the pipeline is known. `numerics`: whether the run promised equal bytes on every machine.
    """

    run: str
    linking: Linking
    missing: tuple[MissingLink, ...]
    fingerprint: str
    parts: Mapping[str, str | int | None] = field(hash=False)
    reproducible: bool
    numerics: Numerics

    def to_dict(self) -> dict[str, Any]:
        """Values that JSON can say."""
        return {
            "model": self.root,
            "run": self.run,
            "linking": self.linking.value,
            "nodes": [{**node._asdict(), "kind": node.kind.word} for node in self.nodes],
            "links": [link._asdict() for link in self.links],
            "missing": [str(each) for each in self.missing],
            "reproducible": self.reproducible,
            "numerics": self.numerics.value,
            "fingerprint": self.fingerprint,
            "parts": dict(self.parts),
        }

    def _repr_html_(self) -> str:
        base = Subgraph._repr_html_(self)
        if not self.missing:
            return base
        return base + "<p>missing:</p><ul>" + "".join(f"<li>{html.escape(str(each))}</li>" for each in self.missing) + "</ul>"


def lineage_parts(run: RunState | None, links: Mapping[Link, Artifact]) -> dict[str, str | int | None]:
    """What a lineage fingerprint is of: ids and digests of what the run used, no times, people or places; None where it is not known.

    `data` is the digest of the canonical {role: digest} of all data, and of the parent model where there is one.
    """
    parts: dict[str, str | int | None] = dict.fromkeys(PARTS)
    if run is None:
        return parts
    named = {link.role: one for link, one in links.items() if link.downstream == run.resource}
    for role, one in named.items():
        if role == "code":
            parts["code"] = one.resource.partition("@")[2]
        elif role in ("image", "pipeline"):
            parts[role] = one.digest or _digest_in(one.resource)
    data = {role: one.digest for role, one in named.items() if role not in ("code", "image", "pipeline")}
    if data and all(data.values()):
        parts["data"] = digest_of_parts(data)
    parts["parameters"] = digest_of(canonical_json(run.merged["parameters"]))
    parts["seed"] = run.seed
    return parts


def fingerprint_of(parts: Mapping[str, str | int | None]) -> str:
    """SHA-256 of the canonical `{code, data, image, parameters, pipeline, seed}`."""
    return digest_of(canonical_json({name: parts[name] for name in PARTS}))


def _digest_in(resource: str) -> str | None:
    version = resource.partition("@")[2]
    return version if version.startswith("sha256:") else None


def node_of(name: str, resource: str, digest: str, origin: str = "platform", owners: tuple[str, ...] = ()) -> Node:
    """A node; `name` is what the caller sees of the resource, `owners` who can share it."""
    return Node(name, node_kind(resource), digest, origin, owners if name.startswith(WITHHELD) else ())
