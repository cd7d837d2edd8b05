"""Moving replicas from one version to another without falling below a minimum."""

from __future__ import annotations

from collections.abc import Mapping

from .states import AddVersion, RemoveVersion, Scale
from .target import VersionState

GONE = VersionState(0, 0, 0.0)


def moves(
    versions: Mapping[str, VersionState], wanted: Mapping[str, int], most: int, least: int
) -> tuple[AddVersion | Scale | RemoveVersion, ...]:
    """What to ask for next so that versions come to have the replicas that are `wanted`; nothing where they have, or must be waited for.

    There are never more than `most` replicas, and what is taken away leaves `least` ready ones, of all versions together. Those that are
    not ready go first. A version of which none are wanted is removed last, when it has no traffic. Several rounds may be needed.

    >>> moves({"a": VersionState(3, 3, 1.0)}, {"a": 0, "b": 3}, most=4, least=3)
    (AddVersion(version='b', replicas=1),)
    >>> moves({"a": VersionState(3, 3, 0.75), "b": VersionState(1, 1, 0.25)}, {"a": 0, "b": 3}, most=4, least=3)
    (Scale(version='a', replicas=2),)
    """
    found: list[AddVersion | Scale | RemoveVersion] = []
    room = most - sum(state.replicas for state in versions.values())
    spare = sum(state.ready for state in versions.values()) - least
    for version, count in wanted.items():
        state = versions.get(version)
        have = 0 if state is None else state.replicas
        grow = min(count - have, room)
        if grow > 0:
            room -= grow
            found.append(AddVersion(version, have + grow) if state is None else Scale(version, have + grow))
    for version, count in wanted.items():
        state = versions.get(version, GONE)
        unready = max(0, state.replicas - state.ready)
        cut = min(state.replicas - count, unready + max(0, spare))
        if cut > 0:
            spare -= max(0, cut - unready)
            found.append(Scale(version, state.replicas - cut))
        elif version in versions and count == 0 and state.replicas == 0 and state.weight == 0.0:
            found.append(RemoveVersion(version))
    return tuple(found)


def by_ready(versions: Mapping[str, VersionState], of: tuple[str, ...]) -> dict[str, float]:
    """Shares by the ready replicas of some versions; empty where none are."""
    ready = {version: versions.get(version, GONE).ready for version in of}
    total = sum(ready.values())
    return {version: count / total for version, count in ready.items() if count} if total else {}
