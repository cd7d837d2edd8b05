"""What the Metadata Store answers about the whole graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Reach:
    """All upstream or downstream of a node, nearest first. `withheld`: one mark for each that the caller may not read."""

    root: str
    nodes: tuple[str, ...]
    withheld: tuple[str, ...] = ()

    def of(self, kind: str) -> tuple[str, ...]:
        """The nodes of a kind, such as `model`."""
        return tuple(name for name in self.nodes if name.startswith(f"{kind}:"))

    def __len__(self) -> int:
        return len(self.nodes) + len(self.withheld)

    def __contains__(self, name: object) -> bool:
        return name in self.nodes


class Deployed(NamedTuple):
    """A model version that is deployed, and the deployment that it is in."""

    model: str
    deployment: str


class Impact(NamedTuple):
    """What a node had a part in. `runs`, `models`: all downstream; `deployed`: what of it is deployed now. Sorted; names that the caller
    may not read are withheld.
    """

    node: str
    runs: tuple[str, ...]
    models: tuple[str, ...]
    deployed: tuple[Deployed, ...]

    def __str__(self) -> str:
        counts = [f"{len(names):,} {word}{'' if len(names) == 1 else 's'}" for names, word in ((self.runs, "run"), (self.models, "model"))]
        lines = [f"{self.node}: {', '.join(counts)}, {f'{len(self.deployed):,}' if self.deployed else 'none'} deployed"]
        return "\n".join([*lines, *(f"  {each.model} in {each.deployment}" for each in self.deployed)])
