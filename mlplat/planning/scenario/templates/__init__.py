"""Worked scenarios that `mlplat scenario new` writes: YAML files beside this one, which begin with the question they ask."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import Final

TEMPLATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "buy-next-years-gpus": "How many nodes keep waits short when the load has grown?",
        "spot-or-reserved": "Is it cheaper to reserve machines, or to rent some that are taken back?",
        "bigger-nodes-or-more-nodes": "Nodes of eight devices, or twice as many of four?",
        "mig-or-whole-gpus": "Do small jobs go on MIG instances, or each on a device of its own?",
        "failure-rate-doubled": "What does it cost in goodput if hardware fails twice as often?",
        "zone-guarantees-for-a-new-team": "What guarantee does a new team need so as not to wait for the others?",
        "serving-fleet-for-a-launch": "How many servers hold the latency on the day of the launch?",
    }
)
"""Name -> what it asks."""


def template_text(name: str) -> str:
    """The text of a template.

    >>> template_text("spot-or-reserved").splitlines()[0]
    '# Is it cheaper to reserve machines, or to rent some that are taken back?'
    """
    return (resources.files(__package__) / f"{name}.yaml").read_text(encoding="utf-8")
