"""Delivery: S-72, S-73, and the gate of IP-4 and IP-6."""

from __future__ import annotations

from typing import Any

import pytest

from mlplat.errors import AccessDenied, OptionError
from mlplat.platform.automation.cd import Approval, ApprovalError, Decision, GateError

from .worlds import FAST, World


def deliver(world: World, number: int = 1, **options: Any) -> Approval:
    said = {"zone": "shop-prod", "strategy": FAST, "actor": world.ada, **options}
    return world.cd.deliver("shop/api", f"shop/churn@{number}", **said)


def test_s72_nothing_runs_in_the_zone_before_a_holder_of_approve_opens_the_gate() -> None:
    world = World()
    approval = deliver(world)
    world.sim.run(until="1d")
    assert world.shops.targets == {} and world.events() == ["approval.created"]
    for who in (world.carl, world.eve, None):
        with pytest.raises(AccessDenied):
            world.cd.approve(approval.number, actor=who)
    granted = world.cd.approve(approval.number, comment="as tested", actor=world.bob)
    assert granted.decision is Decision.GRANTED and granted.decided_by == world.bob.id
    (change,) = world.cd.history("shop/api", actor=world.ada)
    assert world.end(change).outcome == "success" and world.alias() == 1
    (created,), (closed,) = world.told("approval.created"), world.told("approval.closed")
    assert closed.data["decision"] == "granted" and created.data["digest"] == granted.desired.digest
    assert world.sim.log.causes(world.told("service.deployed")[0])[-1] == closed


def test_s73_without_the_gate_the_events_are_the_same_but_for_approvals() -> None:
    gated, direct = World(), World()
    for number in (1, 2):
        world = gated
        world.cd.approve(deliver(world, number).number, actor=world.bob)
        world.end(world.cd.history("shop/api", actor=world.ada)[-1])
        direct.deploy(number)
    assert [name for name in gated.events() if not name.startswith("approval.")] == direct.events()
    assert gated.events("approval.*") == ["approval.created", "approval.closed"] * 2


def test_s72_denial_and_expiry_leave_production_as_it_is() -> None:
    world = World()
    world.deploy(1)
    world.cd.set_gate(zone="shop-prod", expires="10m", actor=world.ada)
    first, second = deliver(world, 2), deliver(world, 3)
    assert world.cd.deny(first.number, actor=world.bob).decision is Decision.DENIED
    world.sim.run(until=world.sim.now + 601)
    assert [each.decision for each in world.cd.approvals(actor=world.ada)] == ["denied", "expired"]
    assert [event.data["decision"] for event in world.told("approval.closed")] == ["denied", "expired"]
    for number in (first.number, second.number):
        with pytest.raises(ApprovalError, match="closed already"):
            world.cd.approve(number, actor=world.bob)
    assert world.target.weights() == {"shop/churn@1": 1.0} and len(world.cd.history("shop/api", actor=world.ada)) == 1


def test_an_approval_is_not_granted_in_the_instant_in_which_it_expires() -> None:
    world = World()
    approval = deliver(world)
    outcome: list[str] = []

    def late() -> None:
        with pytest.raises(ApprovalError):
            world.cd.approve(approval.number, actor=world.bob)
        outcome.append("refused")

    world.sim.at(approval.expires_s, late, turn="urgent")
    world.sim.run(until=approval.expires_s)
    assert outcome == ["refused"] and world.events("approval.closed") == ["approval.closed"]


def test_s72_authors_do_not_approve_their_own_where_four_eyes_are_wanted() -> None:
    world = World()
    for author in (world.ada, world.bob):  # ada has made the model, bob asks
        approval = deliver(world, actor=author)
        with pytest.raises(ApprovalError, match="asked for it, or made"):
            world.cd.approve(approval.number, actor=world.ada)
    with pytest.raises(ApprovalError):
        world.cd.approve(2, actor=world.bob)
    assert world.cd.deny(2, actor=world.bob).decision is Decision.DENIED
    world.cd.set_gate(zone="shop-prod", four_eyes=False, actor=world.ada)
    own = deliver(world)
    assert world.cd.approve(own.number, actor=world.ada).decision is Decision.GRANTED


def test_a_gated_zone_takes_nothing_without_an_approval() -> None:
    world = World()
    world.cd.set_gate(zone="shop-prod", expires="1d", actor=world.ada)
    with pytest.raises(GateError, match="expected `deliver`"):
        world.deploy(1)
    assert world.cd.gate(zone="shop-prod", actor=world.carl).expires_s == 86400
    assert deliver(world).expires_s == 86400 and world.shops.targets == {}


def test_a_gate_that_wants_tests_takes_only_what_was_tested() -> None:
    world = World()
    world.platform.models.register("shop/churn", b"5", external=["code"], signature=_signature(), actor=world.ada)
    world.cd.set_gate(zone="shop-prod", tests=True, actor=world.ada)
    with pytest.raises(GateError, match="no test"):
        deliver(world, 5)
    approval = deliver(world, 5, tests=[{"name": "ci/7", "outcome": "success"}])
    assert approval.evidence[-1] == {"kind": "test", "name": "ci/7", "outcome": "success", "external": True}
    assert "ci/7: success (external)" in str(approval)


def test_t_a_version_whose_run_has_failed_never_comes_to_the_gate() -> None:
    world = World()
    world.platform.metadata.start_run("shop/r9", seed=9, actor=world.ada)
    world.platform.models.register("shop/churn", b"5", run="run:shop/r9", actor=world.ada)
    world.platform.metadata.finish_run("shop/r9", "failure", actor=world.ada)
    with pytest.raises(GateError, match="ended with failure"):
        deliver(world, 5)
    assert world.events("approval.*") == [] and world.cd.approvals(actor=world.ada) == ()


def test_the_gate_shows_what_differs_from_what_is_deployed() -> None:
    world = World()
    world.deploy(1)
    approval = deliver(world, 2, replicas=3)
    assert approval.difference == {"from": "shop/churn@1", "same_content": False, "replicas": (1, 3), "auc": (0.81, 0.82)}
    assert approval.evidence[0]["name"] == "run:shop/r2" and approval.desired.digest in str(approval)
    assert "<li>" in approval._repr_html_()


def test_approvals_are_shown_to_who_may_read_the_deployment() -> None:
    world = World()
    deliver(world)
    assert len(world.cd.approvals(open_only=True, actor=world.carl)) == 1
    assert world.cd.approvals(actor=world.eve) == world.cd.approvals("books", actor=world.ada) == ()
    with pytest.raises(AccessDenied):
        world.cd.approve(7, actor=world.bob)
    with pytest.raises(OptionError, match="comment"):
        world.cd.approve(1, comment="x" * 20_000, actor=world.bob)
    assert world.cd.approvals(actor=world.ada)[0].open


@pytest.mark.parametrize("options", [{"expires": 0}, {"expires": "never"}, {"required": 1}, {"four_eyes": "yes"}])
def test_a_rule_that_cannot_be_is_refused(options: dict[str, Any]) -> None:
    world = World()
    with pytest.raises(OptionError):
        world.cd.set_gate(zone="shop-prod", **options, actor=world.ada)
    with pytest.raises(AccessDenied):
        world.cd.set_gate(zone="shop-prod", actor=world.bob)


def test_p_who_has_lost_the_right_meanwhile_deploys_nothing_by_an_old_approval() -> None:
    world = World()
    approval = deliver(world, actor=world.bob)
    world.platform.identity.remove_member("shop", world.bob, actor=world.ada)
    world.cd.set_gate(zone="shop-prod", four_eyes=False, actor=world.ada)
    world.cd.approve(approval.number, actor=world.admin)
    (change,) = world.cd.history("shop/api", actor=world.ada)
    assert world.end(change).reason == "DENIED" and world.shops.targets == {}


def _signature() -> Any:
    from .worlds import SIGNATURE

    return SIGNATURE
