"""What a rollout wants at a share of the traffic: replicas within its limits, and weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from ..judging import CanaryPolicy
from .replicas import GONE, by_ready
from .states import Rollout, SetWeights
from .strategies import BlueGreen, Canary, Strategy
from .target import VersionState

NEAR = 1e-6
"""Shares that differ by less are the same."""


def first_strategy(strategy: Strategy) -> Strategy:
    """How a service begins: with all of its traffic, judged against the baseline in one step where it would be judged."""
    policy = policy_of(strategy)
    if policy is None:
        return BlueGreen(unavailable=strategy.unavailable, pending=strategy.pending, keep=strategy.keep)
    return Canary(unavailable=strategy.unavailable, pending=strategy.pending, keep=strategy.keep, policy=replace(policy, steps=(1.0,)))


def policy_of(strategy: Strategy) -> CanaryPolicy | None:
    """How a strategy is judged; None for not at all."""
    return strategy.policy if isinstance(strategy, (Canary, BlueGreen)) else None


def shares_of(rollout: Rollout) -> tuple[float, ...]:
    """The shares of its steps."""
    policy = policy_of(rollout.strategy)
    return (1.0,) if policy is None else policy.steps


def most_of(rollout: Rollout) -> int:
    """The most replicas there may be, of both versions."""
    surge = rollout.strategy.surge
    larger = max(rollout.replicas, rollout.old_replicas)
    return rollout.replicas + rollout.old_replicas if surge is None else larger + surge


def least_of(rollout: Rollout) -> int:
    """Ready replicas below which a rollout takes none away."""
    if rollout.old is None:
        return 0
    return max(0, min(rollout.replicas, rollout.old_replicas) - rollout.strategy.unavailable)


def shrinks(rollout: Rollout) -> bool:
    """Whether replicas of the old version have to go so that the new one has room."""
    return most_of(rollout) < rollout.replicas + rollout.old_replicas


def wanted_for(rollout: Rollout, share: float) -> dict[str, int]:
    """Replicas for a share: of the new version so many as carry it, the old one keeps what there is room for, one at least."""
    if rollout.old is None:
        return {rollout.new: rollout.replicas}
    most = most_of(rollout)
    new = min(max(1, math.ceil(rollout.replicas * share - NEAR)), most - 1)
    return {rollout.new: new, rollout.old: min(rollout.old_replicas, most - new)}


def of_all(versions: Mapping[str, VersionState], wanted: Mapping[str, int]) -> dict[str, int]:
    """What is wanted of all versions that are there: of those that nobody asked for, nothing."""
    return {**{version: 0 for version in sorted(versions) if version not in wanted}, **wanted}


def fits(versions: Mapping[str, VersionState], wanted: Mapping[str, int]) -> bool:
    """Whether versions have the replicas that are wanted; of none the version is gone."""
    return all(
        (version not in versions) if count == 0 else versions.get(version, GONE).replicas == count for version, count in wanted.items()
    )


def split(rollout: Rollout, share: float) -> dict[str, float]:
    """The weights of a share of the new version."""
    if rollout.old is None or share == 1.0:
        return {rollout.new: 1.0}
    return {rollout.old: 1.0} if share == 0.0 else {rollout.old: 1.0 - share, rollout.new: share}


def between(rollout: Rollout, versions: Mapping[str, VersionState]) -> dict[str, float]:
    """Shares on the way to a step: by the ready replicas, and no less than in the step before."""
    assert rollout.old is not None
    shares = shares_of(rollout)
    now = by_ready(versions, (rollout.new, rollout.old)).get(rollout.new, 0.0)
    return split(rollout, min(max(now, shares[rollout.step - 1]), shares[rollout.step]))


def weigh(versions: Mapping[str, VersionState], wanted: Mapping[str, float]) -> list[SetWeights]:
    """Ask for shares, unless they are so; nothing where none can be given."""
    same = all(abs(versions.get(name, GONE).weight - wanted.get(name, 0.0)) <= NEAR for name in {**versions, **wanted})
    return [] if same or not wanted else [SetWeights(wanted)]


def lost_of(rollout: Rollout, versions: Mapping[str, VersionState]) -> int:
    """Replicas that both versions have lost so far."""
    names = [rollout.new] if rollout.old is None else [rollout.new, rollout.old]
    return sum(versions.get(name, GONE).lost for name in names)
