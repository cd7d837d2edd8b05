"""`advance`: the next step of a rollout, from its state and what is so now. It changes nothing by itself."""

from __future__ import annotations

import math
from dataclasses import replace

from ..judging import CanaryPolicy, Verdict
from .replicas import GONE, by_ready, moves
from .states import (
    Action,
    Advance,
    Facts,
    Judged,
    Look,
    Phase,
    Promoted,
    Reason,
    RemoveVersion,
    RolledBack,
    Rollout,
    Scale,
    Signal,
    Started,
    Stepped,
)
from .strategies import Rolling, Strategy
from .wanted import (
    NEAR,
    between,
    first_strategy,
    fits,
    least_of,
    lost_of,
    most_of,
    of_all,
    policy_of,
    shares_of,
    shrinks,
    split,
    wanted_for,
    weigh,
)

SOON_S, WATCH_S = 1.0, 5.0
"""How often a rollout looks at what is being changed, and at a step that is watched (s)."""
TRIES = 5
"""So often in a row a change may fail before a rollout goes back."""


def begin(new: str, old: str | None, replicas: int, old_replicas: int, strategy: Strategy, now: float) -> Rollout:
    """A rollout that begins now. Raises OptionError for a strategy that cannot be followed with so many replicas."""
    if old is None:
        return Rollout(new, None, replicas, 0, first_strategy(strategy), begun_s=now, since_s=now)
    strategy.check(min(replicas, old_replicas))
    phase = Phase.ROLLING if isinstance(strategy, Rolling) else Phase.PREPARING
    return Rollout(new, old, replicas, old_replicas, strategy, phase, begun_s=now, since_s=now)


def advance(rollout: Rollout, facts: Facts) -> Advance:
    """What comes next. What was asked for and is not so yet is asked for again.

    >>> from .strategies import BlueGreen
    >>> from .target import VersionState
    >>> start = begin("v2", "v1", 1, 1, BlueGreen(), 0.0)
    >>> advance(start, Facts(0.0, {"v1": VersionState(1, 1, 1.0)})).actions
    (AddVersion(version='v2', replicas=1),)
    >>> both = {"v1": VersionState(1, 1, 1.0), "v2": VersionState(1, 1, 0.0)}
    >>> advance(start, Facts(60.0, both)).actions
    (SetWeights(weights={'v2': 1.0}),)
    >>> advance(start, Facts(60.0, both | {"v1": VersionState(1, 1, 0.0), "v2": VersionState(1, 1, 1.0)})).signals[-1]
    Promoted()
    """
    if rollout.over:
        return Advance(rollout, again_s=math.inf)
    if rollout.phase is not Phase.ROLLING_BACK:
        reason = facts.stop or (Reason.TARGET_ERROR if facts.failures >= TRIES else None)
        if reason is not None:
            return _back(rollout, facts, reason)
    return _PHASES[rollout.phase](rollout, facts)


# -- phases


def _preparing(rollout: Rollout, facts: Facts) -> Advance:
    share = shares_of(rollout)[rollout.step]
    new = facts.versions.get(rollout.new, GONE)
    wanted = wanted_for(rollout, share)
    asked: list[Action] = [*moves(facts.versions, of_all(facts.versions, wanted), most_of(rollout), least_of(rollout))]
    if fits(facts.versions, wanted) and new.ready >= wanted[rollout.new]:
        return _shifted(rollout, facts, share)
    if facts.now - rollout.begun_s >= rollout.strategy.pending:
        return _back(rollout, facts, Reason.TIMEOUT_PENDING)
    if rollout.old is not None and rollout.step and shrinks(rollout):  # the old replicas go, and with them the traffic
        asked = [*weigh(facts.versions, between(rollout, facts.versions)), *asked]
    return Advance(rollout, tuple(asked), again_s=facts.now + SOON_S)


def _shifted(rollout: Rollout, facts: Facts, share: float) -> Advance:
    """The replicas of a step are ready: it gets its share."""
    signals: list[Signal] = []
    if rollout.step == 0 and not rollout.told:
        signals.append(Started())
    rollout = replace(rollout, told=True, shifted=True)
    asked = weigh(facts.versions, split(rollout, share))
    if asked:
        return Advance(rollout, tuple(asked), tuple(signals), facts.now)
    policy = policy_of(rollout.strategy)
    if policy is None:
        signals.append(Promoted())
        return Advance(replace(rollout, phase=Phase.PROMOTED), (), tuple(signals), math.inf)
    again = rollout.since_s > rollout.begun_s
    look = rollout.look if again else 1  # the level of looks that were made is spent
    signals.append(Stepped(rollout.step, share, again))
    state = replace(
        rollout,
        phase=Phase.BAKING,
        begun_s=rollout.begun_s if again else facts.now,
        since_s=facts.now,
        look=look,
        look_s=facts.now + policy.bake * min(1.0, look / policy.looks),
        lost=lost_of(rollout, facts.versions),
    )
    return Advance(state, (), tuple(signals), min(facts.now + WATCH_S, state.look_s))


def _baking(rollout: Rollout, facts: Facts) -> Advance:
    policy = policy_of(rollout.strategy)
    assert policy is not None
    judgement = facts.judgement
    if judgement is not None:
        signals: tuple[Signal, ...] = (Judged(judgement),)
        if judgement.verdict is Verdict.FAIL:
            return _back(rollout, facts, Reason.WORSE, signals)
        if judgement.verdict is Verdict.PASS:
            return _passed(rollout, facts, signals)
        if facts.now >= rollout.begun_s + policy.deadline:
            return _back(rollout, facts, Reason.INCONCLUSIVE, signals)
        rollout = replace(rollout, look=_next_look(rollout, policy, judgement.enough), look_s=_next_time(rollout, policy, facts.now))
    share = shares_of(rollout)[rollout.step]
    if lost_of(rollout, facts.versions) != rollout.lost or facts.versions.get(rollout.new, GONE).ready == 0:
        return _restarted(rollout, facts, share, policy)
    asked: list[Action] = [*weigh(facts.versions, split(rollout, share))]
    asked += moves(facts.versions, of_all(facts.versions, wanted_for(rollout, share)), most_of(rollout), least_of(rollout))
    if facts.now >= rollout.look_s and judgement is None:
        asked.append(Look(rollout.step, rollout.look))
        return Advance(rollout, tuple(asked), (), facts.now)
    return Advance(rollout, tuple(asked), (), min(facts.now + WATCH_S, rollout.look_s))


def _restarted(rollout: Rollout, facts: Facts, share: float, policy: CanaryPolicy) -> Advance:
    """Replicas were lost: what was seen until now says something of nodes, not of versions, and does not count."""
    if facts.now >= rollout.begun_s + policy.deadline:
        return _back(rollout, facts, Reason.INCONCLUSIVE)
    state = replace(rollout, phase=Phase.PREPARING, since_s=max(facts.now, math.nextafter(rollout.begun_s, math.inf)))
    old_ready = rollout.old is not None and facts.versions.get(rollout.old, GONE).ready > 0
    away = weigh(facts.versions, split(rollout, 0.0)) if facts.versions.get(rollout.new, GONE).ready == 0 and old_ready else []
    return Advance(state, tuple(away), (), facts.now + SOON_S)


def _passed(rollout: Rollout, facts: Facts, signals: tuple[Signal, ...]) -> Advance:
    if rollout.step + 1 == len(shares_of(rollout)):
        return Advance(replace(rollout, phase=Phase.PROMOTED), (), (*signals, Promoted()), math.inf)
    before = (rollout.since_s, facts.now)
    state = replace(rollout, phase=Phase.PREPARING, step=rollout.step + 1, begun_s=facts.now, since_s=facts.now, before=before)
    return Advance(state, (), signals, facts.now)


def _rolling(rollout: Rollout, facts: Facts) -> Advance:
    assert rollout.old is not None
    return _replaced(rollout, facts, {rollout.new: rollout.replicas, rollout.old: 0}, rollout.new)


def _replaced(rollout: Rollout, facts: Facts, wanted: dict[str, int], to: str) -> Advance:
    """Replicas go over to a version a few at a time, and traffic with them."""
    assert rollout.old is not None
    state = facts.versions.get(to, GONE)
    done = fits(facts.versions, wanted) and state.ready >= wanted[to]
    asked = moves(facts.versions, of_all(facts.versions, wanted), most_of(rollout), least_of(rollout))
    planned = dict(facts.versions)
    for move in asked:
        if isinstance(move, Scale):
            planned[move.version] = planned[move.version]._replace(ready=min(planned[move.version].ready, move.replicas))
    weights = weigh(facts.versions, by_ready(planned, (rollout.new, rollout.old)))
    back = rollout.phase is Phase.ROLLING_BACK
    signals: tuple[Signal, ...] = ()
    if not back and not rollout.told and facts.versions.get(rollout.new, GONE).ready:
        rollout, signals = replace(rollout, told=True, shifted=True), (Started(),)
    if done and not weights and not asked:
        if not back:
            return Advance(replace(rollout, phase=Phase.PROMOTED), (), (*signals, Promoted()), math.inf)
        assert rollout.reason is not None
        return Advance(replace(rollout, phase=Phase.ROLLED_BACK, told=True), (), (RolledBack(rollout.reason),), math.inf)
    if not back and facts.now - rollout.begun_s >= rollout.strategy.pending:
        return _back(rollout, facts, Reason.TIMEOUT_PENDING)
    return Advance(rollout, (*weights, *asked), signals, facts.now + SOON_S)


def _rolling_back(rollout: Rollout, facts: Facts) -> Advance:
    """All traffic goes back at once, then the replicas."""
    assert rollout.reason is not None
    if rollout.old is None:
        if rollout.new not in facts.versions:
            return Advance(replace(rollout, phase=Phase.ROLLED_BACK, told=True), (), (RolledBack(rollout.reason),), math.inf)
        return Advance(rollout, (RemoveVersion(rollout.new),), (), facts.now if not facts.failures else facts.now + SOON_S)
    if isinstance(rollout.strategy, Rolling):
        return _replaced(rollout, facts, {rollout.old: rollout.old_replicas, rollout.new: 0}, rollout.old)
    signals: tuple[Signal, ...] = ()
    asked: list[Action]
    wanted = {rollout.old: rollout.old_replicas, rollout.new: 0}
    old, new = facts.versions.get(rollout.old, GONE), facts.versions.get(rollout.new, GONE)
    if old.weight < 1.0 - NEAR or new.weight > 0.0:
        to = {rollout.old: 1.0} if old.ready else {}
        asked = [*weigh(facts.versions, to)]
        if facts.failures >= TRIES and facts.failures % 2 and rollout.new in facts.versions and old.ready >= least_of(rollout):
            asked = [RemoveVersion(rollout.new)]  # shares cannot be set: then by the only version that is left
        if not old.ready:
            asked += [*moves(facts.versions, of_all(facts.versions, {**wanted, rollout.new: new.replicas}), most_of(rollout), 0)]
        return Advance(rollout, tuple(asked), (), facts.now if to and not facts.failures else facts.now + SOON_S)
    if not rollout.told:
        signals = (RolledBack(rollout.reason),)
        rollout = replace(rollout, told=True)
    asked = [*moves(facts.versions, of_all(facts.versions, wanted), most_of(rollout), least_of(rollout))]
    if not asked and fits(facts.versions, wanted):
        return Advance(replace(rollout, phase=Phase.ROLLED_BACK), (), signals, math.inf)
    return Advance(rollout, tuple(asked), signals, facts.now + SOON_S)


_PHASES = {
    Phase.PREPARING: _preparing,
    Phase.BAKING: _baking,
    Phase.ROLLING: _rolling,
    Phase.ROLLING_BACK: _rolling_back,
}


def _back(rollout: Rollout, facts: Facts, reason: Reason, signals: tuple[Signal, ...] = ()) -> Advance:
    state = replace(rollout, phase=Phase.ROLLING_BACK, reason=reason, begun_s=facts.now, told=False)
    first = _rolling_back(state, facts._replace(failures=0, judgement=None))
    return first._replace(signals=(*signals, *first.signals))


def _next_look(rollout: Rollout, policy: CanaryPolicy, enough: bool) -> int:
    """The look after one that has not decided. One with too few requests has tested nothing, and is made again."""
    return rollout.look + 1 if enough else max(rollout.look, min(rollout.look + 1, policy.looks))


def _next_time(rollout: Rollout, policy: CanaryPolicy, now: float) -> float:
    planned = rollout.since_s + policy.bake * (rollout.look + 1) / policy.looks
    if rollout.look < policy.looks:
        return max(planned, now)
    return min(now + max(SOON_S, policy.bake / 20), max(now + SOON_S, rollout.begun_s + policy.deadline))
