"""All answers to requirements, by trying every combination of versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from mlplat.platform.automation.builder import Package, PackageIndex, Requirement


def answers(requirements: Sequence[Requirement], index: PackageIndex) -> Iterator[dict[str, Package]]:
    """Choices of packages in which everything that is asked for is met, and nothing is there that nobody asked for."""
    names = index.names()
    for choice in product(*([None, *index.of(name)] for name in names)):
        chosen = {package.name: package for package in choice if package is not None}
        asked = [*requirements, *(Requirement.parse(text) for package in chosen.values() for text in package.requires)]
        met = all(each.name in chosen and each.allows(chosen[each.name].version) for each in asked)
        if met and chosen.keys() == _reached(requirements, chosen):
            yield chosen


def _reached(requirements: Sequence[Requirement], chosen: dict[str, Package]) -> set[str]:
    found: set[str] = set()
    open_ = [each.name for each in requirements]
    while open_:
        name = open_.pop()
        if name not in found:
            found.add(name)
            open_ += [Requirement.parse(text).name for text in chosen[name].requires]
    return found
