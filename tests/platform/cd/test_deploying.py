"""Continuous deployment of models: IP-6, S-73, S-75, S-76, and S-111 in a development zone."""

from __future__ import annotations

from typing import Any

import pytest

from mlplat.errors import AccessDenied, MlplatError, OptionError, UnknownNameError
from mlplat.platform.artifacts.referrers import ReferencedError
from mlplat.platform.automation.cd import BlueGreen, Canary, CanaryPolicy, DeploymentError, GateError, Rolling

from .served import Behaviour
from .worlds import FAST, World

BAD = {"shop/churn@2": Behaviour(errors=0.3)}
STEPS = ["canary.stepped", "canary.judged"] * 4
RULE = ("shop/churn", "@production", ["auc >= 0.99"])


def test_a_first_version_is_judged_against_its_baseline_and_then_the_alias_moves() -> None:
    world = World()
    change = world.deploy(1, replicas=3)
    assert (change.outcome, change.taken_over, change.old) == ("success", True, None)
    assert world.events() == ["canary.started", *STEPS[:2], "service.deployed", "alias.moved", "canary.finished"]
    assert world.alias() == 1 and world.target.versions()["shop/churn@1"].replicas == 3
    (judged,) = world.told("canary.judged")
    assert judged.data["versus"] == "baseline" and judged.data["verdict"] == "pass"


def test_ip6_a_better_version_goes_through_all_steps_and_every_event_has_its_cause() -> None:
    world = World()
    world.deploy(1)
    begun = len(world.sim.log)
    assert world.deploy(2).outcome == "success"
    assert world.events(since=begun) == ["canary.started", *STEPS, "service.upgraded", "alias.moved", "canary.finished"]
    upgraded = world.told("service.upgraded")[-1]
    assert upgraded.data["model"] == "model:shop/churn@2" and upgraded.data["from"] == "shop/churn@1"
    chain = [event.predicate for event in world.sim.log.causes(upgraded)]
    assert chain == [*reversed(STEPS), "canary.started"]
    moved = world.told("alias.moved")[-1]
    assert world.sim.log[moved.cause] == upgraded and world.alias() == 2
    assert world.platform.metadata._state.deployed["deployment:shop/api"][1] == "model:shop/churn@2"


def test_s76_a_worse_version_is_rolled_back_and_told_once() -> None:
    world = World(answers=BAD)
    world.deploy(1)
    begun = len(world.sim.log)
    change = world.deploy(2)
    assert (change.outcome, change.reason, change.taken_over) == ("failure", "WORSE", False)
    expected = ["canary.started", *STEPS[:2], "service.rolledback", "incident.detected", "canary.finished"]
    assert world.events(since=begun) == expected and world.alias() == 1
    back, incident = world.told("service.rolledback")[-1], world.told("incident.detected")[-1]
    judged = world.told("canary.judged")[-1]
    assert back.time - judged.time <= 30 and world.sim.log[back.cause] == judged
    assert back.data["model"] == "model:shop/churn@1" and incident.data["reason"] == "WORSE"
    assert world.told("canary.finished")[-1].data["outcome"] == "failure"
    assert set(world.target.versions()) == {"shop/churn@1"}
    assert world.platform.metadata._state.deployed["deployment:shop/api"][1] == "model:shop/churn@1"


def test_a_first_version_that_is_worse_than_its_baseline_leaves_nothing() -> None:
    world = World(answers={"shop/churn@1": Behaviour(errors=0.3)})
    assert world.deploy(1).reason == "WORSE"
    assert world.target.versions() == {} and world.cd.describe("shop/api", actor=world.ada).current is None
    assert world.alias() is None and world.deploy(2).outcome == "success"


def test_a_first_version_without_a_baseline_is_an_incident_and_still_judged() -> None:
    world = World()
    world.platform.models.register("shop/other", b"w", external=["data"], signature=None, actor=world.ada)
    with pytest.raises(GateError, match="no signature"):
        world.cd.deploy("shop/other", "shop/other@1", zone="shop-prod", actor=world.ada)
    from .worlds import SIGNATURE

    world.platform.models.register("shop/other", b"v", external=["data"], signature=SIGNATURE, actor=world.ada)
    policy = CanaryPolicy(bake="2m", requests=100, error_rate=0.02)
    change = world.cd.deploy("shop/other", "shop/other@2", zone="shop-prod", strategy=Canary(policy=policy), actor=world.ada)
    assert world.end(change).outcome == "success"
    assert [event.data["kind"] for event in world.told("incident.detected")] == ["baseline_missing"]


def test_a_reference_means_the_same_version_to_the_end() -> None:
    world = World()
    world.platform.models.set_alias("shop/churn@2", "candidate", actor=world.ada)
    change = world.cd.deploy("shop/api", "shop/churn@candidate", zone="shop-prod", strategy=FAST, actor=world.ada)
    world.platform.models.set_alias("shop/churn@3", "candidate", actor=world.ada)
    assert world.end(change).desired.what == "shop/churn@2" and set(world.target.versions()) == {"shop/churn@2"}
    digest = world.platform.models.resolve("shop/churn@4", actor=world.ada).digest
    assert world.end(world.cd.deploy("shop/api", f"shop/churn@{digest}", zone="shop-prod", actor=world.ada)).desired.what == "shop/churn@4"


def test_a6_4_a_second_deployment_waits_for_the_first() -> None:
    world = World()
    world.deploy(1)
    first = world.cd.deploy("shop/api", "shop/churn@2", zone="shop-prod", actor=world.ada)
    second = world.cd.deploy("shop/api", "shop/churn@3", zone="shop-prod", actor=world.ada)
    world.sim.run(until=world.sim.now + 300)
    assert [change.state for change in world.cd.describe("shop/api", actor=world.ada).under_way] == ["running", "waiting"]
    assert "shop/churn@3" not in world.target.versions()
    assert world.end(second).outcome == "success" and world.cd.change(first.id, actor=world.ada).outcome == "success"
    assert world.alias() == 3 and world.cd.change(second.id, actor=world.ada).old.what == "shop/churn@2"


def test_a6_4_a_rollback_can_itself_be_rolled_back() -> None:
    world = World()
    world.deploy(1)
    world.deploy(2)
    begun = len(world.sim.log)
    back = world.end(world.cd.rollback("shop/api", actor=world.ada))
    assert back.outcome == "success" and world.target.weights() == {"shop/churn@1": 1.0} and world.alias() == 1
    assert world.events(since=begun) == ["service.rolledback", "alias.moved"]
    again = world.end(world.cd.rollback("shop/api", actor=world.ada))
    assert again.desired.what == "shop/churn@2" and world.target.weights() == {"shop/churn@2": 1.0} and world.alias() == 2


def test_the_old_replicas_are_kept_for_the_rollback_time_so_that_going_back_takes_no_start() -> None:
    world = World(answers={f"shop/churn@{n}": Behaviour(starts_s=300) for n in (1, 2)})
    world.deploy(1, replicas=2)
    world.deploy(2)
    assert world.target.versions()["shop/churn@1"].ready == 2
    begun = world.sim.now
    world.sim.run(until=world.cd.ended(world.cd.rollback("shop/api", actor=world.ada).id, actor=world.ada))
    assert world.sim.now - begun < 5
    world.sim.run(until=world.sim.now + 31 * 60)
    assert set(world.target.versions()) == {"shop/churn@1"}


def test_a_change_under_way_is_rolled_back_at_once_with_those_that_wait() -> None:
    world = World()
    world.deploy(1)
    first = world.cd.deploy("shop/api", "shop/churn@2", zone="shop-prod", actor=world.ada)
    second = world.cd.deploy("shop/api", "shop/churn@3", zone="shop-prod", actor=world.ada)
    world.sim.run(until=world.sim.now + 200)
    assert world.cd.rollback("shop/api", actor=world.ada).id == first.id
    assert (world.end(first).outcome, world.end(second).outcome) == ("cancelled", "cancelled")
    assert world.target.weights() == {"shop/churn@1": 1.0}
    assert not world.told("incident.detected") and world.told("canary.finished")[-1].data["outcome"] == "cancelled"


def test_changes_that_all_wait_are_called_off_at_once() -> None:
    world = World()
    world.deploy(1)
    begun = len(world.sim.log)
    first = world.cd.deploy("shop/api", "shop/churn@2", zone="shop-prod", actor=world.ada)
    second = world.cd.deploy("shop/api", "shop/churn@3", zone="shop-prod", actor=world.ada)
    ends = [world.cd.ended(change.id, actor=world.ada) for change in (first, second)]
    answer = world.cd.rollback("shop/api", actor=world.ada)
    assert (answer.id, answer.outcome, answer.reason) == (first.id, "cancelled", "ASKED")
    world.sim.run(until=world.sim.now + 600)
    assert [end.value for end in ends] == ["cancelled", "cancelled"] and world.events(since=begun) == []
    assert world.target.weights() == {"shop/churn@1": 1.0} and world.cd.describe("shop/api", actor=world.ada).under_way == ()


def test_who_waits_for_a_change_that_waits_hears_that_it_is_called_off() -> None:
    world = World()
    world.deploy(1)
    world.cd.deploy("shop/api", "shop/churn@2", zone="shop-prod", actor=world.ada)
    second = world.cd.deploy("shop/api", "shop/churn@3", zone="shop-prod", actor=world.ada)
    world.sim.run(until=world.sim.now + 200)
    end = world.cd.ended(second.id, actor=world.ada)
    world.cd.rollback("shop/api", actor=world.ada)
    world.sim.run(until=world.sim.now + 60)
    assert end.triggered and end.value == "cancelled"


def test_a_rollback_that_comes_too_late_leaves_what_waits_alone() -> None:
    world = World()
    world.deploy(1)
    first = world.cd.deploy("shop/api", "shop/churn@2", zone="shop-prod", actor=world.ada)
    second = world.cd.deploy("shop/api", "shop/churn@3", zone="shop-prod", actor=world.ada)
    refused: list[str] = []

    def late(event: Any) -> None:
        if event.data["deployment"] == first.id:
            with pytest.raises(DeploymentError) as error:
                world.cd.rollback("shop/api", actor=world.ada)
            refused.append(str(error.value))

    world.sim.log.subscribe("service.upgraded", late)
    assert world.end(second).outcome == "success" and world.cd.change(first.id, actor=world.ada).outcome == "success"
    assert refused == ["shop/api: what is under way has taken over in this instant; ask again"]


def test_a_version_that_never_took_over_is_not_gone_back_to() -> None:
    world = World(answers=BAD)
    world.deploy(1)
    world.deploy(2)
    with pytest.raises(DeploymentError, match="no version before"):
        world.cd.rollback("shop/api", actor=world.ada)
    with pytest.raises(UnknownNameError, match="shop/churn@1"):
        world.cd.rollback("shop/api", "shop/churn@4", actor=world.ada)
    records = len(list(world.store.records("cd")))
    digest = world.platform.models.resolve("shop/churn@2", actor=world.ada).digest
    for to in ("shop/churn@2", f"shop/churn@{digest}"):
        with pytest.raises(DeploymentError, match=r"has never been all of it; expected shop/churn@1$"):
            world.cd.rollback("shop/api", to, actor=world.ada)
    assert len(list(world.store.records("cd"))) == records
    world.deploy(3)
    assert world.end(world.cd.rollback("shop/api", "shop/churn@1", actor=world.ada)).outcome == "success"


def test_a_version_that_was_taken_back_at_once_is_not_gone_back_to() -> None:
    world = World()
    world.deploy(1)
    world.sim.log.subscribe("service.upgraded", lambda _: world.platform.models.set_rules(*RULE, actor=world.ada))
    assert world.deploy(2).reason == "ALIAS_REFUSED" and world.target.weights() == {"shop/churn@1": 1.0}
    with pytest.raises(DeploymentError, match="no version before"):
        world.cd.rollback("shop/api", actor=world.ada)
    with pytest.raises(DeploymentError, match=r"never been all of it; expected shop/churn@1$"):
        world.cd.rollback("shop/api", "shop/churn@2", actor=world.ada)


def test_where_no_version_ever_was_there_is_none_to_go_back_to() -> None:
    world = World(answers={"shop/churn@1": Behaviour(errors=0.3)})
    world.deploy(1)
    with pytest.raises(DeploymentError, match="there is no version to go back to"):
        world.cd.rollback("shop/api", "shop/churn@1", actor=world.ada)


@pytest.mark.parametrize("strategy", [Rolling(), BlueGreen()])
def test_other_strategies_tell_of_no_canary(strategy: Any) -> None:
    world = World()
    world.deploy(1, strategy=strategy, replicas=3)
    world.deploy(2, strategy=strategy)
    assert world.events() == ["service.deployed", "alias.moved", "service.upgraded", "alias.moved"]


def test_other_replicas_of_the_same_version_need_no_rollout() -> None:
    world = World()
    world.deploy(1, replicas=2)
    begun = len(world.sim.log)
    assert world.deploy(1, replicas=5).outcome == "success"
    assert world.events(since=begun) == ["service.upgraded"] and world.target.versions()["shop/churn@1"].ready == 5
    assert world.deploy(1).reason == "UNCHANGED"


def test_drift_of_what_runs_is_corrected() -> None:
    world = World()
    world.deploy(1, replicas=3)
    target = world.target
    target.scale("shop/churn@1", 1)
    target.add_version("shop/churn@9", 2)
    target.set_weights({"shop/churn@1": 0.5, "shop/churn@9": 0.5})
    world.sim.run(until=world.sim.now + 240)
    assert {name: (state.replicas, state.weight) for name, state in target.versions().items()} == {"shop/churn@1": (3, 1.0)}
    assert "service.reconciled" in world.events("service.*")


def test_a_deployment_is_removed() -> None:
    world = World()
    world.deploy(1)
    world.cd.remove("shop/api", actor=world.ada)
    world.sim.run(until=world.sim.now + 60)
    assert world.target.versions() == {} and world.events("service.removed") == ["service.removed"]
    assert "deployment:shop/api" not in world.platform.metadata._state.deployed
    assert world.deploy(2).outcome == "success"


@pytest.mark.parametrize("removed", [True, False])
def test_where_nothing_runs_now_it_is_deployed_as_was_said_last(removed: bool) -> None:
    """As retraining deploys a candidate: it says the version alone."""
    world = World(answers={} if removed else {"shop/churn@1": Behaviour(errors=0.3)})
    strategy = FAST if not removed else Rolling(surge=0, unavailable=2)
    world.deploy(1, strategy=strategy, replicas=3)
    if removed:
        world.cd.remove("shop/api", actor=world.ada)
    assert world.cd.describe("shop/api", actor=world.ada).current is None
    change = world.cd.deploy("shop/api", "shop/churn@2", zone="shop-prod", actor=world.ada)
    assert (change.desired.strategy, change.desired.replicas, change.desired.options) == (strategy, 3, {})
    assert world.end(change).outcome == "success"


def test_a_version_that_a_deployment_needs_is_not_deleted() -> None:
    world = World()
    world.deploy(1, alias=None)
    world.platform.models.register("shop/churn", b"5", run="run:shop/r9", signature=None, actor=world.ada)
    world.cd.deploy("shop/api", "shop/churn@5", zone="shop-prod", alias=None, actor=world.ada)
    with pytest.raises(ReferencedError, match="deployment:shop/api"):
        world.platform.models.delete("shop/churn@5", actor=world.ada)


def test_an_alias_that_could_not_move_is_refused_before_anything_happens() -> None:
    world = World()
    world.platform.models.set_rules("shop/churn", "@production", ["auc >= 0.82"], actor=world.ada)
    with pytest.raises(GateError, match=r"auc is 0\.81"):
        world.deploy(1)
    assert world.events() == [] and world.shops.targets == {}
    assert world.deploy(1, alias=None).outcome == "success"


def test_a_rule_that_fails_on_the_way_takes_the_version_back() -> None:
    world = World()
    world.deploy(1)
    change = world.cd.deploy("shop/api", "shop/churn@2", zone="shop-prod", actor=world.ada)
    world.sim.run(until=world.sim.now + 200)
    world.platform.models.set_rules("shop/churn", "@production", ["auc >= 0.99"], actor=world.ada)
    assert world.end(change).reason == "ALIAS_REFUSED" and world.target.weights() == {"shop/churn@1": 1.0} and world.alias() == 1


def test_p_a_right_that_is_revoked_on_the_way_takes_the_version_back() -> None:
    world = World()
    world.deploy(1)
    change = world.cd.deploy("shop/api", "shop/churn@2", zone="shop-prod", actor=world.bob)
    world.sim.run(until=world.sim.now + 200)
    world.platform.identity.remove_member("shop", world.bob, actor=world.ada)
    found = world.end(change)
    assert (found.outcome, found.reason) == ("error", "DENIED") and world.target.weights() == {"shop/churn@1": 1.0}


@pytest.mark.parametrize("who", ["carl", "eve", None])
def test_p_who_may_not_is_refused_before_any_effect(who: str | None) -> None:
    world = World()
    begun = len(world.sim.log)
    with pytest.raises(AccessDenied):
        world.deploy(1, actor=None if who is None else getattr(world, who))
    assert world.events("*", since=begun) == ["access.denied"] and world.shops.targets == {}
    assert len(list(world.store.records("cd"))) == 0


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"zone": "nowhere"}, UnknownNameError),
        ({"zone": "books-prod"}, (GateError, AccessDenied)),
        ({"replicas": 0}, OptionError),
        ({"replicas": True}, OptionError),
        ({"strategy": "blue"}, UnknownNameError),
        ({"alias": "@@"}, MlplatError),
        ({"options": {"x": object()}}, OptionError),
        ({"tests": [{"name": "ci"}]}, OptionError),
        ({"tests": [{"name": "ci", "outcome": "failure"}]}, GateError),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(options: dict[str, Any], error: Any) -> None:
    world = World()
    with pytest.raises(error):
        world.deploy(1, **options)
    with pytest.raises((OptionError, UnknownNameError)):
        world.deploy(99)
    assert world.shops.targets == {} and len(list(world.store.records("cd"))) == 0


def test_a_deployment_is_of_one_zone_and_one_kind() -> None:
    world = World()
    world.deploy(1)
    world.platform.zones.create_deployment("shop", "shop-test", {"gpus": 1}, actor=world.admin)
    with pytest.raises(DeploymentError, match="is in zone shop-prod"):
        world.deploy(1, zone="shop-test")
    world.places.publish(1)
    with pytest.raises(DeploymentError, match="of a model"):
        world.cd.deploy("shop/api", "pipeline:shop/train@head", zone="shop-prod", actor=world.ada)


def test_versions_in_the_stages_failed_and_archived_are_not_deployed() -> None:
    world = World()
    world.platform.models.set_stage("shop/churn@1", "failed", actor=world.ada)
    with pytest.raises(GateError, match="stage failed"):
        world.deploy(1)


def test_options_that_serving_refuses_end_as_an_error_and_change_nothing() -> None:
    world = World()
    world.deploy(1)
    change = world.deploy(2, options={"refused": True})
    assert (change.outcome, change.reason, change.shifted) == ("error", "TARGET_ERROR", False)
    assert world.target.weights() == {"shop/churn@1": 1.0}


def test_s111_a_developer_test_deploys_by_the_same_path() -> None:
    world = World(answers=BAD)
    production = World()
    for number in (1, 3):
        production.deploy(number)
        change = world.cd.deploy("shop/api", f"shop/churn@{number}", zone="carl-dev", strategy=FAST, actor=world.carl)
        assert world.end(change).outcome == "success"
    assert world.events() == production.events()
    for mine, theirs in zip(world.told("service.*"), production.told("service.*"), strict=True):
        assert mine.data["digest"] == theirs.data["digest"] and mine.data["zone"] == "carl-dev"
        assert mine.subject == "service:shop/api.carl-dev" and mine.data["test"] is True and "test" not in theirs.data
    assert world.alias() is None and world.alias("carl-dev") == 3
    assert set(world.platform.metadata._state.deployed) == {"deployment:shop/api.carl-dev"}
    with pytest.raises(AccessDenied):
        world.cd.deploy("shop/api", "shop/churn@1", zone="carl-dev", actor=world.ada)
    back = world.cd.rollback("shop/api.carl-dev", actor=world.carl)
    assert world.end(back).desired.what == "shop/churn@1"
    assert world.cd.list(actor=world.carl).names() == ("shop/api.carl-dev",) and world.cd.list(actor=world.ada).names() == ()


def test_a_deployment_that_is_there_knows_its_zone() -> None:
    world = World()
    with pytest.raises(OptionError, match="zone: expected one"):
        world.cd.deploy("shop/api", "shop/churn@1", actor=world.ada)
    world.deploy(1)
    assert world.end(world.cd.deploy("shop/api", "shop/churn@2", actor=world.ada)).desired.zone == "shop-prod"


def test_deployments_go_on_in_the_name_of_the_service_account() -> None:
    world = World()
    robot = next(each for each in world.platform.identity.principals(actor=world.admin) if each.name == "robot")
    world.cd.act_as("shop", robot.id, actor=world.ada)
    world.platform.identity.grant(robot, ["read", "write", "deploy"], "project:shop", actor=world.ada)
    world.deploy(1)
    (deployed,) = world.told("service.deployed")
    assert deployed.actor == robot.id and deployed.data["on_behalf_of"] == world.ada.id
    with pytest.raises(OptionError, match="service account"):
        world.cd.act_as("shop", world.bob.id, actor=world.ada)


def test_what_is_deployed_can_be_read() -> None:
    world = World()
    world.deploy(1)
    world.deploy(2)
    status = world.cd.describe("shop/api", actor=world.carl)
    assert str(status).startswith("shop/api in shop-prod: shop/churn@2, shop/churn@1 kept")
    assert world.cd.list(actor=world.ada).names() == ("shop/api",) and world.cd.list(actor=world.eve).names() == ()
    assert "<td>shop/churn@2</td>" in world.cd.list("shop", actor=world.ada)._repr_html_()
    assert [str(change).partition(":")[0] for change in world.cd.history("shop/api", actor=world.ada)] == [
        "deploy 1 of shop/churn@1 to shop/api in shop-prod",
        "deploy 2 of shop/churn@2 to shop/api in shop-prod",
    ]
    with pytest.raises(AccessDenied):
        world.cd.describe("shop/api", actor=world.eve)
    with pytest.raises(UnknownNameError, match="shop/api"):
        world.cd.describe("shop/none", actor=world.ada)


def _refusals() -> dict[str, Any]:
    def nothing(world: World) -> None:
        pass

    def gated(world: World) -> None:
        world.cd.set_gate(zone="shop-prod", actor=world.ada)

    def ruled(world: World) -> None:
        world.platform.models.set_rules(*RULE, actor=world.ada)

    def failed(world: World) -> None:
        world.platform.models.set_stage("shop/churn@1", "failed", actor=world.ada)

    tests = [{"name": "ci", "outcome": "failure"}]
    return {
        "an approval": (gated, {}),
        "a rule": (ruled, {}),
        "a stage": (failed, {}),
        "a test": (nothing, {"tests": tests}),
        "a stage, in a development zone": (failed, {"zone": "carl-dev"}),
    }


@pytest.mark.parametrize(
    ("call", "why"),
    [
        *(("deploy", why) for why in _refusals()),
        *(("deliver", why) for why in _refusals() if why != "an approval"),
        ("sync", "a rule"),
        ("sync", "a stage"),
    ],
)
def test_what_a_gate_refuses_is_not_downloaded(call: str, why: str) -> None:
    world, (prepare, options) = World(), _refusals()[why]
    prepare(world)
    said = {"zone": "shop-prod", "actor": world.carl if options.get("zone") else world.ada, **options}
    if call == "sync":
        file = b"deployment: shop/api\nzone: shop-prod\nmodel: shop/churn@1\n"
        world.platform.scm.create_repository("shop/state", actor=world.ada)
        world.platform.scm.commit("shop/state", "main", {"deployments/api.yaml": file}, "first", actor=world.ada)
        world.cd.track("shop", "shop/state", actor=world.ada)
    begun, records = len(world.sim.log), len(list(world.store.records("cd")))
    with pytest.raises(GateError):
        if call == "sync":
            world.cd.sync("shop", actor=world.ada)
        else:
            getattr(world.cd, call)("shop/api", "shop/churn@1", **said)
    assert world.events("*", since=begun) == ["call.refused"] and len(list(world.store.records("cd"))) == records


def test_what_passes_its_gate_is_downloaded_once() -> None:
    world = World()
    begun = len(world.sim.log)
    world.cd.deploy("shop/api", "shop/churn@1", zone="shop-prod", actor=world.ada)
    world.cd.deploy("shop/api", "shop/churn@2", zone="carl-dev", actor=world.carl)
    world.cd.deliver("shop/api", "shop/churn@3", zone="shop-prod", actor=world.ada)
    read = world.told("artifact.downloaded", since=begun)
    assert [(each.subject, each.data.get("zone")) for each in read] == [
        ("model:shop/churn@1", "shop-prod"),
        ("model:shop/churn@2", None),
        ("model:shop/churn@3", "shop-prod"),
    ]
