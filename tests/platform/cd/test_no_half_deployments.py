"""S-77: whatever fails before or after an event, a deployment ends in the old state or in the new one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from mlplat.platform.automation.cd import BlueGreen, Canary, CanaryPolicy, Rolling
from mlplat.platform.storage import Store

from .served import Behaviour
from .worlds import World

REPO = "shop/state"
QUICK = Canary(policy=CanaryPolicy(bake="30s", requests=15, deadline="10m", metrics=("errors",)), keep="10m")
STRATEGIES = {"canary": QUICK, "rolling": Rolling(keep="10m"), "blue-green": BlueGreen(keep="10m")}
WATCHED = ("canary.*", "service.*", "alias.*", "incident.*", "commit.pushed")
BAD = {"shop/churn@2": Behaviour(errors=0.7)}


class Killed(BaseException):
    """The process has ended: nothing is written any more."""

    def __init__(self, patch: Any) -> None:
        patch.setattr(Store, "append", self.dead)

    def dead(self, *arguments: Any) -> None:
        raise self


class Broken(Exception):
    """What somebody raises who listens to events."""


def world_with_one(bad: bool) -> World:
    """Version 1 runs with three replicas, and the state of the project is tracked."""
    world = World(answers=BAD if bad else {}, rate=8.0)
    world.platform.scm.create_repository(REPO, actor=world.ada)
    world.cd.track("shop", REPO, actor=world.ada)
    world.deploy(1, replicas=3, strategy=BlueGreen(keep="30m"))
    return world


def begin(world: World, kind: str) -> Any:
    return world.cd.deploy("shop/api", "shop/churn@2", zone="shop-prod", strategy=STRATEGIES[kind], actor=world.ada)


@cache
def events_of(kind: str, bad: bool) -> int:
    """How many of the events there are in an undisturbed run."""
    world = world_with_one(bad)
    begun = len(world.sim.log)
    world.end(begin(world, kind))
    return len(world.told(*WATCHED, since=begun))


def at_event(world: World, number: int, act: Callable[[], None]) -> None:
    """Do something at the event of that number from now on, once."""
    seen = [0]

    def heard(event: Any) -> None:
        seen[0] += 1
        if seen[0] == number + 1:
            act()

    for pattern in WATCHED:
        world.sim.log.subscribe(pattern, heard)


def run(world: World, until: float) -> Iterator[BaseException]:
    """Let time pass; what listeners raise is given out, and it goes on."""
    while world.sim.now < until:
        try:
            world.sim.run(until=until)
        except Broken as error:
            yield error


def check(world: World, outcomes: set[str] | None = None) -> str:
    """That all of it is in one state, the old or the new. Returns the version."""
    status = world.cd.describe("shop/api", actor=world.admin)
    assert status.under_way == () and status.current is not None
    what = status.current.what
    assert what in ("shop/churn@1", "shop/churn@2")
    last = world.cd.history("shop/api", actor=world.admin)[-1]
    assert (last.outcome == "success") is (what == last.desired.what)
    assert outcomes is None or last.outcome in outcomes
    assert world.target.weights() == {what: 1.0}
    assert world.target.versions()[what].replicas == world.target.versions()[what].ready == 3
    assert world.alias() == int(what[-1])
    assert world.platform.metadata._state.deployed["deployment:shop/api"][1] == f"model:{what}"
    assert f"model: {what}\n".encode() in world.platform.scm.read(f"{REPO}@main", "deployments/api.yaml", actor=world.admin)
    return what


def disturbances(world: World) -> dict[str, Callable[[], None]]:
    target = world.target

    def failing_calls() -> None:
        until = world.sim.now + 12
        target.fail = lambda call: world.sim.now < until

    def broken() -> None:
        raise Broken

    def revoked() -> None:
        world.platform.models.set_rules("shop/churn", "@production", ["auc >= 0.9"], actor=world.admin)

    return {
        "failing calls": failing_calls,
        "a listener that raises": broken,
        "a rule that fails from now on": revoked,
        "a new replica lost": lambda: target.lose("shop/churn@2") if "shop/churn@2" in target.served else None,
        "an old replica lost": lambda: target.lose("shop/churn@1") if "shop/churn@1" in target.served else None,
        "all new replicas lost": lambda: target.lose("shop/churn@2", 3) if "shop/churn@2" in target.served else None,
    }


@pytest.mark.parametrize("what", list(disturbances(world_with_one(False))))
@pytest.mark.parametrize(("kind", "bad"), [("canary", False), ("canary", True), ("rolling", False), ("blue-green", False)])
def test_s77_a_failure_at_any_event_ends_in_the_old_state_or_the_new_one(kind: str, bad: bool, what: str) -> None:
    for number in range(events_of(kind, bad)):
        world = world_with_one(bad)
        at_event(world, number, disturbances(world)[what])
        try:
            begin(world, kind)
        except Broken:  # of the commit of the desired state: nothing was begun
            world.cd.sync("shop", actor=world.ada)
        world.target.least_ready = 9
        raised = list(run(world, world.sim.now + 1200))
        assert len(raised) <= 1
        found = check(world)
        assert not (bad and found == "shop/churn@2")
        if "lost" not in what:
            assert world.target.least_ready >= 3
        assert sum(world.target.sent.values()) == sum(world.target.outcomes.values())


def reopened(world: World) -> World:
    """Another process over the same store; the services run on as they are."""
    again = World(store=world.store, answers=world.shops.answers, rate=8.0, before=world)
    again.sim.run(until=again.sim.now)
    return again


@pytest.mark.parametrize(("kind", "bad"), [("canary", False), ("canary", True), ("rolling", False)])
def test_s77_a_process_that_ends_at_any_event_leaves_the_old_state_or_the_new_one(kind: str, bad: bool, monkeypatch: Any) -> None:
    ends = set()
    for number in range(events_of(kind, bad)):
        with monkeypatch.context() as patch:
            world = world_with_one(bad)

            def kill(patch: Any = patch) -> None:
                raise Killed(patch)

            at_event(world, number, kill)
            with pytest.raises(Killed):
                begin(world, kind)
                world.sim.run(until=world.sim.now + 1200)
        ends.add(check(settled(world)))
    assert ends == ({"shop/churn@1"} if bad else {"shop/churn@1", "shop/churn@2"} if kind == "canary" else {"shop/churn@2"})


@pytest.mark.parametrize("kind", ["canary", "rolling"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_s77_a_process_that_ends_at_any_record_leaves_the_old_state_or_the_new_one(kind: str, when: str, monkeypatch: Any) -> None:
    append = Store.append
    for number in range(100):
        with monkeypatch.context() as patch:
            world = world_with_one(False)
            left = [number]

            def killing(self: Store, journal: str, *given: Any, patch: Any = patch, left: list[int] = left) -> Any:
                left[0] -= 1
                if left[0] >= 0:
                    return append(self, journal, *given)
                if when == "after":
                    append(self, journal, *given)
                raise Killed(patch)

            patch.setattr(Store, "append", killing)
            try:
                begin(world, kind)
                world.sim.run(until=world.sim.now + 1200)
            except Killed:
                pass
        check(settled(world))
        if left[0] >= 0:
            break
    assert 8 < number < 99


def settled(world: World) -> World:
    """The next process, some time later."""
    again = reopened(world)
    if len(again.cd.history("shop/api", actor=again.ada)) == 1:
        again.cd.sync("shop", actor=again.ada)  # the commit may have been made, and the change not asked for
    again.sim.run(until=again.sim.now + 1200)
    return again


def test_a_platform_that_is_opened_again_has_the_same_state() -> None:
    world = world_with_one(False)
    world.end(begin(world, "canary"))
    world.cd.deliver("shop/api", "shop/churn@3", zone="shop-prod", actor=world.ada)
    world.cd.set_gate(zone="shop-prod", actor=world.ada)
    again = reopened(world)
    for name in ("services", "changes", "approvals", "gates", "accounts", "tracked"):
        assert getattr(again.cd._catalogue, name) == getattr(world.cd._catalogue, name), name
    again.cd.approve(1, actor=again.bob)
    again.sim.run(until=again.sim.now + 1200)
    assert again.cd.describe("shop/api", actor=again.ada).current.what == "shop/churn@3"


def test_what_was_on_its_way_has_gone_back_and_what_was_waiting_goes_on() -> None:
    world = world_with_one(False)
    begin(world, "canary")
    world.cd.deploy("shop/api", "shop/churn@3", zone="shop-prod", strategy=QUICK, actor=world.ada)
    world.sim.run(until=world.sim.now + 60)
    again = reopened(world)
    again.sim.run(until=again.sim.now + 1200)
    outcomes = [(change.outcome, change.reason) for change in again.cd.history("shop/api", actor=again.ada)]
    assert outcomes == [("success", ""), ("error", "INTERRUPTED"), ("success", "")]
    assert again.target.weights() == {"shop/churn@3": 1.0}


def test_an_open_approval_expires_in_the_next_process_too() -> None:
    world = World()
    world.cd.deliver("shop/api", "shop/churn@1", zone="shop-prod", actor=world.ada)
    again = reopened(world)
    again.sim.run(until="8d")
    assert again.cd.approvals(actor=again.ada)[0].decision == "expired"
