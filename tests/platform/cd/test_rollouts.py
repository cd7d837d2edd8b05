"""Rollouts on a simulated service: shares, verdicts, rollbacks, and replicas that are never too few."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlplat as mp
from mlplat.errors import OptionError, UnknownNameError
from mlplat.platform.automation.cd.judging import CanaryPolicy, Reference
from mlplat.platform.automation.cd.rollouts import BlueGreen, Canary, Phase, Reason, Rolling, Strategy
from mlplat.platform.automation.cd.rollouts.advancing import begin
from mlplat.platform.automation.cd.rollouts.driving import Drive
from mlplat.platform.automation.cd.rollouts.states import Judged, RolledBack, Rollout, Signal, Stepped
from mlplat.platform.automation.cd.rollouts.strategies import strategy_of

from .served import Behaviour, ServedTarget

FAST = CanaryPolicy(bake="2m", requests=100, metrics=("errors",))


class World:
    """A service that runs v1, and a rollout of v2."""

    def __init__(self, strategy: Strategy, replicas: int = 4, *, first: bool = False, wanted: int | None = None, **options: Any) -> None:
        self.sim = mp.Simulation()
        self.target = ServedTarget(self.sim, **options)
        if not first:
            self.target.start("v1", replicas)
        self.told: list[tuple[float, Signal]] = []
        rollout = begin("v2", None if first else "v1", wanted or replicas, replicas, strategy, 0.0)
        self.drive = Drive(self.sim, self.target, rollout, self.tell, reference=Reference(error_rate=0.02, latency_s=0.05))
        self.drive.start()

    def tell(self, rollout: Rollout, signal: Signal) -> None:
        self.told.append((self.sim.now, signal))

    def run(self, until: float = 4 * 3600.0) -> Rollout:
        while not self.drive.rollout.over and self.sim.now < until:
            self.sim.run(until=self.sim.now + 30)
        return self.drive.rollout

    def names(self) -> list[str]:
        return [type(signal).__name__ for _, signal in self.told]

    def when(self, kind: type) -> float:
        return next(time for time, signal in self.told if isinstance(signal, kind))


def test_a_good_version_goes_through_all_steps_and_the_old_one_stays_beside_it() -> None:
    world = World(Canary(policy=FAST))
    assert world.run().phase is Phase.PROMOTED
    assert world.names() == ["Started", *["Stepped", "Judged"] * 4, "Promoted"]
    assert world.target.weights() == {"v2": 1.0}
    assert {name: state.replicas for name, state in world.target.versions().items()} == {"v1": 4, "v2": 4}
    assert world.target.least_ready >= 4


def test_no_request_goes_to_a_version_before_it_is_ready() -> None:
    world = World(Canary(policy=FAST), answers={"v2": Behaviour(starts_s=300)})
    world.run()
    assert world.target.outcomes["v2", "timed out"] == 0 and world.told[0][0] >= 300


def test_s75_the_share_of_each_step_is_within_the_binomial_interval() -> None:
    from scipy.stats import binom

    world = World(Canary(policy=FAST))
    world.run()
    for (begun, signal), (ended, _) in zip(world.told[1::2], world.told[2::2], strict=False):
        assert isinstance(signal, Stepped)
        seen = world.target.statistics(begun, ended)
        mine, total = seen["v2"].requests, seen["v1"].requests + seen["v2"].requests
        assert binom.ppf(0.005, total, signal.share) <= mine <= binom.ppf(0.995, total, signal.share)


def test_s76_a_failing_version_is_off_all_traffic_within_30_s_of_the_verdict_and_nothing_is_lost() -> None:
    world = World(Canary(policy=FAST), answers={"v2": Behaviour(errors=0.3)})
    rollout = world.run()
    assert (rollout.phase, rollout.reason) == (Phase.ROLLED_BACK, Reason.WORSE)
    assert world.names().count("RolledBack") == 1 and world.when(RolledBack) - world.when(Judged) <= 30
    assert world.target.weights() == {"v1": 1.0} and set(world.target.versions()) == {"v1"}
    assert sum(world.target.sent.values()) == sum(world.target.outcomes.values())
    assert world.target.outcomes["v1", "timed out"] == world.target.outcomes["v2", "timed out"] == 0
    assert world.target.least_ready >= 4


@pytest.mark.parametrize("failing", [3, 14])
def test_a6_2_a_service_that_does_not_answer_for_a_while_is_back_within_30_s_all_the_same(failing: int) -> None:
    world = World(Canary(policy=FAST), answers={"v2": Behaviour(errors=0.3)})
    world.target.fail = lambda call: (
        call != "statistics" and any(isinstance(signal, Judged) and world.sim.now < time + failing for time, signal in world.told)
    )
    world.run()
    assert world.when(RolledBack) - world.when(Judged) <= 30 and world.target.weights() == {"v1": 1.0}


def test_a_version_whose_share_cannot_be_taken_is_removed() -> None:
    world = World(Canary(policy=FAST), answers={"v2": Behaviour(errors=0.3)})
    world.target.fail = lambda call: call == "set_weights" and "Judged" in world.names()
    world.run()
    assert world.when(RolledBack) - world.when(Judged) <= 30 and set(world.target.versions()) == {"v1"}


def test_too_few_requests_are_waited_for_until_the_deadline_and_then_rolled_back() -> None:
    policy = CanaryPolicy(bake="2m", deadline="20m", requests=500)
    world = World(Canary(policy=policy), rate=2.0)
    rollout = world.run()
    assert rollout.reason is Reason.INCONCLUSIVE and world.names() == ["Started", "Stepped", "Judged", "RolledBack"]
    assert 20 * 60 <= world.when(Judged) - world.when(Stepped) <= 20 * 60 + 5


def test_a_step_lasts_until_there_are_enough_requests() -> None:
    world = World(Canary(policy=CanaryPolicy(bake="1m", requests=500, metrics=("errors",))), rate=20.0)
    assert world.run().phase is Phase.PROMOTED
    assert all(signal.judgement.requests >= 500 for _, signal in world.told if isinstance(signal, Judged))
    assert world.when(Judged) - world.when(Stepped) > 400


def test_replicas_that_never_become_ready_leave_the_old_version_as_it_was() -> None:
    world = World(Canary(policy=FAST, pending="10m"), answers={"v2": Behaviour(starts_s=1e9)})
    rollout = world.run()
    assert (rollout.phase, rollout.reason, rollout.shifted) == (Phase.ROLLED_BACK, Reason.TIMEOUT_PENDING, False)
    assert world.target.sent["v2"] == 0 and world.target.weights() == {"v1": 1.0}


def test_no_room_for_both_versions_is_waited_for() -> None:
    world = World(Canary(policy=FAST), room=4)
    world.sim.run(until="10m")
    assert world.drive.rollout.phase is Phase.PREPARING and world.names() == []


@pytest.mark.parametrize("replicas", [2, 3, 4, 7])
@pytest.mark.parametrize("errors", [0.02, 0.4])
def test_without_room_replicas_are_replaced_one_by_one_above_the_minimum(replicas: int, errors: float) -> None:
    strategy = Canary(policy=FAST, surge=0, unavailable=1)
    world = World(strategy, replicas, room=replicas, answers={"v2": Behaviour(errors=errors)})
    rollout = world.run()
    assert rollout.phase is (Phase.PROMOTED if errors < 0.1 else Phase.ROLLED_BACK)
    assert world.target.least_ready >= replicas - 1
    assert max(sum(len(v.ready_s) for v in world.target.served.values()), 0) <= replicas
    if errors > 0.1:
        assert world.target.versions()["v1"].replicas == replicas and world.when(RolledBack) - world.when(Judged) <= 30


def test_a_lost_canary_replica_begins_the_step_again_and_is_no_failure_of_the_version() -> None:
    world = World(Canary(policy=FAST), 2)
    while not any(isinstance(signal, Stepped) for _, signal in world.told):
        world.sim.run(until=world.sim.now + 1)
    world.sim.run(until=world.sim.now + 60)
    world.target.lose("v2", back_s=50)
    rollout = world.run()
    steps = [signal for _, signal in world.told if isinstance(signal, Stepped)]
    assert rollout.phase is Phase.PROMOTED and [step.again for step in steps] == [False, True, False, False, False]
    assert world.target.outcomes["v2", "timed out"] < 20


def test_a_canary_whose_replicas_are_lost_again_and_again_is_inconclusive() -> None:
    world = World(Canary(policy=CanaryPolicy(bake="2m", deadline="15m", requests=100, metrics=("errors",))), 2)
    world.sim.every("90s", lambda: world.target.lose("v2") if "v2" in world.target.served else None, start="100s")
    assert world.run().reason is Reason.INCONCLUSIVE


def test_an_old_version_without_any_replica_gets_no_traffic_back_before_it_has_one() -> None:
    world = World(Canary(policy=FAST), 2)
    while not any(isinstance(signal, Stepped) for _, signal in world.told):
        world.sim.run(until=world.sim.now + 1)
    world.target.lose("v1", 2, back_s=40)
    world.drive.stop(Reason.ASKED)
    world.sim.run(until=world.sim.now + 20)
    assert world.target.weights() != {"v1": 1.0}
    assert world.run().reason is Reason.ASKED and world.target.weights() == {"v1": 1.0}


@pytest.mark.parametrize(("surge", "unavailable"), [(1, 0), (0, 1), (3, 2)])
def test_a_rolling_rollout_keeps_to_surge_and_unavailable(surge: int, unavailable: int) -> None:
    world = World(Rolling(surge=surge, unavailable=unavailable), 5, room=5 + surge)
    assert world.run().phase is Phase.PROMOTED and world.names() == ["Started", "Promoted"]
    assert world.target.least_ready >= 5 - unavailable
    assert set(world.target.versions()) == {"v2"} and world.target.outcomes["v2", "timed out"] == 0


def test_a_rolling_rollout_that_is_stuck_goes_back() -> None:
    world = World(Rolling(pending="5m"), 5, answers={"v2": Behaviour(starts_s=1e9)})
    rollout = world.run()
    assert rollout.reason is Reason.TIMEOUT_PENDING and world.target.least_ready >= 5
    assert set(world.target.versions()) == {"v1"} and world.target.versions()["v1"].replicas == 5


def test_blue_green_switches_at_once_and_goes_back_when_it_is_judged_worse() -> None:
    world = World(BlueGreen())
    assert world.run().phase is Phase.PROMOTED and world.names() == ["Started", "Promoted"]
    judged = CanaryPolicy(steps=(1.0,), bake="2m", requests=100, metrics=("errors",))
    world = World(BlueGreen(policy=judged), answers={"v2": Behaviour(errors=0.3)})
    world.sim.run(until="3m")
    world = World(BlueGreen(policy=judged), answers={"v2": Behaviour(errors=0.3, starts_s=300)})
    assert world.run().reason is Reason.WORSE and world.target.weights() == {"v1": 1.0}


@pytest.mark.parametrize(("errors", "phase"), [(0.02, Phase.PROMOTED), (0.3, Phase.ROLLED_BACK)])
def test_a6_5_a_first_version_gets_all_traffic_and_is_judged_against_its_baseline(errors: float, phase: Phase) -> None:
    world = World(Canary(policy=FAST), first=True, answers={"v2": Behaviour(errors=errors)})
    assert world.run().phase is phase
    (judged,) = [signal.judgement for _, signal in world.told if isinstance(signal, Judged)]
    assert judged.versus == "baseline" and (set(world.target.versions()) == {"v2"}) is (phase is Phase.PROMOTED)


def test_a_first_version_without_a_judgement_is_there_when_it_is_ready() -> None:
    world = World(Rolling(), first=True)
    assert world.run().phase is Phase.PROMOTED and world.target.weights() == {"v2": 1.0}


def test_shares_that_somebody_else_changes_are_set_again() -> None:
    world = World(Canary(policy=FAST))
    world.sim.run(until="1m")
    world.target.set_weights({"v1": 0.5, "v2": 0.5})
    world.sim.run(until="70s")
    assert world.target.weights() == {"v1": 0.95, "v2": 0.05}


def test_early_looks_find_a_very_bad_version_early() -> None:
    policy = CanaryPolicy(bake="1h", deadline="2h", requests=100, looks=12, metrics=("errors",))
    world = World(Canary(policy=policy), answers={"v2": Behaviour(errors=0.5)})
    assert world.run().reason is Reason.WORSE and world.when(Judged) < 600


@given(
    strategy=st.sampled_from(
        [Canary(policy=FAST), Canary(policy=FAST, surge=0, unavailable=1), Canary(policy=FAST, surge=2), Rolling(), BlueGreen()]
    ),
    errors=st.sampled_from([0.02, 0.5]),
    faults=st.lists(st.tuples(st.integers(0, 600), st.integers(1, 40), st.sampled_from(["calls", "v1", "v2"])), max_size=4),
    wanted=st.integers(2, 5),
)
def test_s77_whatever_happens_on_the_way_it_ends_old_or_new(
    strategy: Strategy, errors: float, faults: list[tuple[int, int, str]], wanted: int
) -> None:
    world = World(strategy, 3, wanted=wanted, room=8, answers={"v2": Behaviour(errors=errors)}, rate=40.0)
    target, sim = world.target, world.sim
    down: list[tuple[float, float]] = []
    for begin_s, length, what in faults:
        if what == "calls":
            down.append((begin_s, begin_s + length))
        else:
            sim.at(begin_s, lambda what=what, length=length: target.lose(what, back_s=length) if target.served.get(what) else None)
    target.fail = lambda call: any(begin_s <= sim.now < end for begin_s, end in down)
    rollout = world.run()
    sim.run(until=sim.now + 60)
    assert rollout.over and sum(target.sent.values()) == sum(target.outcomes.values())
    kept = ("v2", wanted) if rollout.phase is Phase.PROMOTED else ("v1", 3)
    assert target.weights() == {kept[0]: 1.0}
    if rollout.phase is Phase.ROLLED_BACK:
        assert set(target.versions()) == {"v1"} and target.versions()["v1"].replicas == 3
    if not any(what != "calls" for *_, what in faults):
        assert target.least_ready >= min(3, wanted) - strategy.unavailable
    assert world.names().count("RolledBack") <= 1 and world.names().count("Promoted") <= 1


@pytest.mark.parametrize(
    "options",
    [
        {"surge": 0},
        {"surge": -1},
        {"unavailable": True},
        {"pending": "soon"},
        {"kind": "blue-green", "surge": 1},
        {"kind": "blue-green", "policy": {"steps": [0.5, 1.0]}},
        {"kind": "canary", "policy": 3},
    ],
)
def test_a_strategy_that_cannot_be_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=r"expected|not a duration"):
        strategy_of(options)


def test_a_canary_without_room_needs_two_replicas() -> None:
    with pytest.raises(OptionError, match="2 replicas or more"):
        begin("v2", "v1", 1, 1, Canary(surge=0, unavailable=1), 0.0)


@pytest.mark.parametrize("given", ["blue", {"kind": "x"}, {"kind": "rolling", "steps": 3}])
def test_unknown_strategies_and_options_are_refused(given: Any) -> None:
    with pytest.raises(UnknownNameError):
        strategy_of(given)


@pytest.mark.parametrize("strategy", [Rolling(surge=2), BlueGreen(), BlueGreen(policy=CanaryPolicy(steps=(1.0,))), Canary(policy=FAST)])
def test_a_strategy_is_told_as_plain_values_and_read_back(strategy: Strategy) -> None:
    assert strategy_of(strategy.to_dict()) == strategy
