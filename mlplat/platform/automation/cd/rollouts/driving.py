"""`Drive`: carries a rollout out on a target, in simulated time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from .....errors import MlplatError, printable
from ....storage.store import StoreError
from ..judging import CanaryPolicy, Judgement, Observations, Reference, Versus, judge
from .advancing import SOON_S, advance
from .states import Action, AddVersion, Facts, Look, Reason, RemoveVersion, Rollout, Scale, SetWeights, Signal
from .strategies import BlueGreen, Canary

if TYPE_CHECKING:
    from .....clock import Call
    from .....context import Simulation
    from .target import Target

ROUNDS = 50
"""Of one instant: more would be a target that says yes and does nothing."""


class Drive:
    """One rollout on its way.

    `tell`: is given each signal, when it is so. `reference`: what a service without an old version is compared with. `hindered`: asked at
    each step forward; None, or the reason to go back. `done`: is called once, when it is over and all is told. `trouble`: the last error of
    the target, for people.
    """

    def __init__(
        self,
        sim: Simulation,
        target: Target,
        rollout: Rollout,
        tell: Callable[[Rollout, Signal], None],
        *,
        reference: Reference | None = None,
        hindered: Callable[[], Reason | None] = lambda: None,
        done: Callable[[], None] = lambda: None,
    ) -> None:
        self._sim, self._target, self._tell = sim, target, tell
        self._reference = Reference() if reference is None else reference
        self._hindered, self._done = hindered, done
        self.rollout = rollout
        self.trouble = ""
        self._stop: Reason | None = None
        self._failures = 0
        self._judgement: Judgement | None = None
        self._call: Call | None = None
        self._untold: list[Signal] = []

    def start(self) -> None:
        """Begin, or go on, in this instant, after what calls for it."""
        self._again(self._sim.now)

    def stop(self, reason: Reason) -> None:
        """Go back, in this instant; nothing where the rollout is over or goes back already."""
        self._stop = self._stop or reason
        self._again(self._sim.now)

    def leave(self) -> None:
        """Do nothing any more."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _again(self, time: float) -> None:
        self.leave()
        if not (self.rollout.over and not self._untold) and time < math.inf:
            self._call = self._sim.at(max(time, self._sim.now), self._tick, turn="settle")

    def _tick(self) -> None:
        """Advance until something has to be waited for. Whatever is raised on the way, it goes on a second later."""
        self._call = None
        again = self._sim.now + SOON_S
        try:
            for _ in range(ROUNDS):
                self._say()
                if self.rollout.over:
                    again = math.inf
                    break
                time = self._advance()
                if time > self._sim.now:
                    again = time
                    self._say()
                    break
        finally:
            self._again(again)
            if self.rollout.over and not self._untold:
                done, self._done = self._done, lambda: None
                done()

    def _advance(self) -> float:
        """One step. Returns when the next one is due."""
        now = self._sim.now
        try:
            versions = dict(self._target.versions())
        except Exception as error:
            self._failed(error)
            return now + SOON_S
        facts = Facts(now, versions, self._judgement, self._failures, self._stop or self._hindered())
        self._judgement = None
        advanced = advance(self.rollout, facts)
        self.rollout = advanced.rollout
        self._untold += advanced.signals
        self._say()
        changes = [action for action in advanced.actions if not isinstance(action, Look)]
        failed = False
        for action in advanced.actions:
            try:
                self._perform(action)
            except Exception as error:
                failed = True
                self._failed(error)
        if changes and not failed:
            self._failures = 0
        return max(advanced.again_s, now + SOON_S) if failed else advanced.again_s

    def _say(self) -> None:
        """Tell what is untold, each once; what could not be kept is told again."""
        while self._untold:
            signal = self._untold[0]
            try:
                self._tell(self.rollout, signal)
            except StoreError:
                raise
            except BaseException:
                self._untold.pop(0)
                raise
            self._untold.pop(0)

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        self.trouble = printable(str(error))[:300] if isinstance(error, MlplatError) else type(error).__name__

    def _perform(self, action: Action) -> None:
        target = self._target
        match action:
            case AddVersion(version, replicas):
                target.add_version(version, replicas)
            case Scale(version, replicas):
                target.scale(version, replicas)
            case SetWeights(weights):
                target.set_weights(weights)
            case RemoveVersion(version):
                target.remove_version(version)
            case Look(step, look):
                self._judgement = self._look(step, look)

    def _look(self, step: int, look: int) -> Judgement:
        rollout, now = self.rollout, self._sim.now
        assert isinstance(rollout.strategy, (Canary, BlueGreen)) and rollout.strategy.policy is not None
        policy: CanaryPolicy = rollout.strategy.policy
        seen = self._target.statistics(rollout.since_s, now)
        new = seen.get(rollout.new, Observations.of())
        if rollout.old is None:
            return judge(policy, step, new, self._reference, look=look)
        if policy.steps[step] < 1.0:
            return judge(policy, step, new, seen.get(rollout.old, Observations.of()), look=look)
        since, until = rollout.before or (rollout.begun_s - policy.bake, rollout.begun_s)
        old = self._target.statistics(max(0.0, since), until).get(rollout.old, Observations.of())
        return judge(policy, step, new, old, versus=Versus.STEP_BEFORE, look=look)
