"""From what a manifest asks for to one version of each package: the newest that fit together, the same for the same index.

Depth first, as pip and others do: packages in the order in which they are first asked for, of each the newest version that fits all that is
asked of it so far; where nothing fits, the latest choice that matters is taken back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ....errors import MlplatError, UnknownNameError
from .package_index import Package, PackageIndex
from .package_versions import Requirement

MOST_STEPS: Final = 100_000
"""Versions that are tried."""


class Asked(NamedTuple):
    """A requirement, by whom (empty: the manifest itself, else a package), and the number of the manifest's requirement it comes from."""

    requirement: Requirement
    by: str
    root: int


class ResolutionError(MlplatError):
    """Nothing fits. `root`: the number of the manifest's requirement that it comes from."""

    def __init__(self, problem: str, root: int) -> None:
        self.root = root
        super().__init__(problem)


@dataclass(slots=True)
class _Choice:
    """A package whose version is being chosen: the versions that are left, and how many had been asked and queued before it."""

    name: str
    left: Iterator[Package]
    asked: int
    queued: int


def resolve(requirements: Sequence[Requirement], index: PackageIndex) -> tuple[Package, ...]:
    """One version of each package that is asked for, and of what those need, by name. Raises ResolutionError.

    >>> index = PackageIndex([Package("a", "1", 1), Package("a", "2", 1), Package("b", "1", 1, ["a<2"])])
    >>> [str(package) for package in resolve([Requirement.parse("a"), Requirement.parse("b")], index)]
    ['a 1', 'b 1']
    """
    asked = [Asked(requirement, "", root) for root, requirement in enumerate(requirements)]
    for each in asked:
        try:
            index.of(each.requirement.name)
        except UnknownNameError as error:
            raise ResolutionError(str(error), each.root) from None
    queue = list(dict.fromkeys(each.requirement.name for each in asked))
    chosen: dict[str, Package] = {}
    path: list[_Choice] = []
    worst: tuple[int, ResolutionError] | None = None
    for _ in range(MOST_STEPS):
        if len(path) < len(queue) and (not path or path[-1].name in chosen):
            name = queue[len(path)]
            path.append(_Choice(name, iter(index.of(name)), len(asked), len(queue)))
        elif path and path[-1].name in chosen:
            return tuple(chosen[name] for name in sorted(chosen))
        if not path:
            return ()
        step = path[-1]
        package, conflict = _next(step, asked, chosen, index)
        if package is not None:
            chosen[step.name] = package
            root = next(each.root for each in asked if each.requirement.name == step.name)
            for text in package.requires:
                needed = Requirement.parse(text)
                asked.append(Asked(needed, str(package), root))
                if needed.name not in queue:
                    queue.append(needed.name)
            continue
        if worst is None or len(path) > worst[0]:
            worst = len(path), conflict
        path.pop()
        if not path:
            raise worst[1]
        back = path[-1]
        del chosen[back.name], asked[back.asked :], queue[back.queued :]
    raise ResolutionError(f"no answer after {MOST_STEPS:,} versions were tried; expected versions that are pinned more closely", 0)


def _next(step: _Choice, asked: Sequence[Asked], chosen: dict[str, Package], index: PackageIndex) -> tuple[Package | None, ResolutionError]:
    """The next version of a package that fits, else why none does."""
    wanted = [each for each in asked if each.requirement.name == step.name]
    error = _conflict(step.name, wanted, index)
    for package in step.left:
        if not all(each.requirement.allows(package.version) for each in wanted):
            continue
        wrong = _unmet(package, chosen, index, wanted[0].root)
        if wrong is None:
            return package, error
        error = wrong
    return None, error


def _unmet(package: Package, chosen: dict[str, Package], index: PackageIndex, root: int) -> ResolutionError | None:
    """Why a version cannot be taken: what it needs is not there, or was chosen otherwise."""
    for text in package.requires:
        needed = Requirement.parse(text)
        there = chosen.get(needed.name)
        if there is not None and not needed.allows(there.version):
            return ResolutionError(f"{package} needs {needed}, and {there} is what else fits", root)
        if there is None:
            try:
                index.of(needed.name)
            except UnknownNameError as error:
                return ResolutionError(f"{package} needs {needed}: {error}", root)
    return None


def _conflict(name: str, wanted: Sequence[Asked], index: PackageIndex) -> ResolutionError:
    said = " and ".join(dict.fromkeys(f"{each.requirement}{f' (by {each.by})' if each.by else ''}" for each in wanted))
    versions = [package.version for package in index.of(name)]
    there = ", ".join(versions[:8]) + (", …" if len(versions) > 8 else "")
    return ResolutionError(f"nothing fits {said}; there are {name} {there}", max(each.root for each in wanted))
