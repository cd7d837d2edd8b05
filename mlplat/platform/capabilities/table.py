"""`Capabilities`: the table of components and capabilities of one platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ...html_tables import text, view

CAPABILITIES: Final = MappingProxyType(
    {
        "CB-1": "Compute",
        "CB-2": "Accelerators",
        "CB-3": "Network and storage",
        "CB-4": "Resource management",
        "CB-5": "Encapsulated runtime environments, multi-tenancy",
        "CB-5+": "On-demand computation environments",
        "CB-6": "Continuous integration",
        "CB-7": "Continuous delivery",
        "CB-8": "Continuous deployment",
        "CB-9": "Continuous training",
        "CB-10": "Continuous monitoring",
        "CB-11": "Collaboration",
        "CB-12": "ML pipeline orchestration",
        "CB-13": "Feedback loop",
        "CB-14": "Automation",
        "CB-15": "Versioning",
        "CB-16": "Metadata capture",
        "CB-17": "Reproducibility",
    }
)
"""Each capability and its name."""


class Mark(StrEnum):
    """What a component does for a capability."""

    REALISES = "R"
    SUPPORTS = "s"


def marks(text: str) -> dict[str, Mark]:
    """Marks by capability, from their short form.

    >>> marks("R15 s6") == {"CB-15": Mark.REALISES, "CB-6": Mark.SUPPORTS}
    True
    """
    return {f"CB-{each[1:]}": Mark(each[0]) for each in text.split()}


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Of each component that is there, what it does for which capability. `rows`: marks by component and capability."""

    level: int
    rows: Mapping[str, Mapping[str, Mark]]

    def of(self, capability: str) -> Mapping[str, Mark]:
        """The components that realise or support a capability."""
        return {component: marks[capability] for component, marks in self.rows.items() if capability in marks}

    @property
    def realised(self) -> tuple[str, ...]:
        """The capabilities that some component realises."""
        return tuple(each for each in CAPABILITIES if Mark.REALISES in self.of(each).values())

    @property
    def missing(self) -> tuple[str, ...]:
        """The capabilities that none does."""
        return tuple(each for each in CAPABILITIES if each not in self.realised)

    def __str__(self) -> str:
        width = max((len(name) for name in self.rows), default=0)
        heads = [each.removeprefix("CB-") for each in CAPABILITIES]
        lines = [" ".join([f"{'CB-':>{width}}", *(f"{head:>2}" for head in heads)])]
        for name, marks in self.rows.items():
            lines.append(" ".join([f"{name:<{width}}", *(f"{marks.get(each, ''):>2}" for each in CAPABILITIES)]).rstrip())
        if self.missing:
            lines.append(f"not realised at level {self.level}: {', '.join(f'{each} ({CAPABILITIES[each]})' for each in self.missing)}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Capabilities(level {self.level}: {len(self.realised)} of {len(CAPABILITIES)} realised by {len(self.rows)} components)"

    def _repr_html_(self) -> str:
        heads = "".join(f'<th title="{text(name)}">{text(each.removeprefix("CB-"))}</th>' for each, name in CAPABILITIES.items())
        rows = "".join(
            f"<tr><th>{text(component)}</th>" + "".join(f"<td>{text(marks.get(each, ''))}</td>" for each in CAPABILITIES) + "</tr>"
            for component, marks in self.rows.items()
        )
        return view(f"<table><thead><tr><th>CB-</th>{heads}</tr></thead><tbody>{rows}</tbody></table>", title=repr(self))
