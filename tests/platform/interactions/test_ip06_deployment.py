"""IP-6 on a platform with everything wired: a canary on a live service, and what can go wrong under way."""

from __future__ import annotations

from typing import Any

import pytest

from mlplat.platform.automation.cd.judging import CanaryPolicy

from .worlds import API, CANARY, Shop, model_of, refused


def serving(**options: Any) -> Shop:
    """Version 1 is served and has traffic; version 2 is as good."""
    shop = Shop(**options)
    shop.push()
    shop.publish()
    for iterations in (20, 25):
        model = model_of(shop.train(parameters={"iterations": iterations}))
    assert model == "shop/churn@2"
    shop.serve("shop/churn@1", strategy="rolling")
    shop.traffic()
    shop.wait("5m")
    return shop


def test_ip6_a_version_as_good_takes_over_and_its_causes_are_whole() -> None:
    """A-6.3."""
    shop = serving()
    assert shop.serve("shop/churn@2", wait="30m").outcome == "success"
    assert shop.production()[1:] == ("shop/churn@2", 2)
    upgraded = shop.events("service.upgraded")[-1]
    assert "canary.judged" in [event.predicate for event in shop.sim.log.causes(upgraded)]
    shop.check()


def test_ip6_t_a_version_whose_requests_fail_is_rolled_back() -> None:
    shop = serving()
    shop.platform.models.set_tags("shop/churn@2", {"serving.error_rate": "0.3"}, actor=shop.ada)
    change = shop.serve("shop/churn@2", wait="40m")
    assert (change.outcome, str(change.reason)) == ("failure", "WORSE")
    assert shop.production()[1:] == ("shop/churn@1", 1)
    (told,) = shop.events("service.rolledback")
    judged = next(event for event in shop.events("canary.judged") if event.data["verdict"] == "fail")
    assert told.time - judged.time <= 30 and shop.events("incident.detected", told.id - 5)
    assert shop.platform.models.resolve("shop/churn@2", actor=shop.ada).digest
    shop.check()


@pytest.mark.parametrize("minute", [1, 3, 6])
def test_ip6_n_a_lost_replica_of_the_canary_is_replaced_and_is_no_fault_of_the_version(minute: int) -> None:
    """IP-6 N: too few requests are inconclusive, and never a failure."""
    shop = serving()
    handles = shop.platform.cd.deploy(API, "shop/churn@2", zone="shop-prod", replicas=2, strategy=CANARY, actor=shop.ada)
    shop.wait(f"{minute}m")
    node = shop.cluster.endpoint.describe("shop-api-v2").parts[0].node
    shop.cluster.hardware.crash(node)
    shop.wait("1h")
    change = shop.platform.cd.change(handles.id, actor=shop.ada)
    assert str(change.reason) != "WORSE" and change.outcome in ("success", "error")
    model = 2 if change.outcome == "success" else 1
    assert shop.production()[1:] == (f"shop/churn@{model}", model)
    assert shop.status().version(model).ready == 2
    shop.check()


def test_ip6_q_without_room_for_both_the_new_version_waits_and_the_old_one_serves() -> None:
    shop = serving(limit=4, guarantee=4)
    change = shop.serve("shop/churn@2", wait="5m")
    assert not change.over and shop.status().version(1).weight == 1.0
    shop.wait("2h")
    change = shop.platform.cd.change(change.id, actor=shop.ada)
    assert (change.outcome, str(change.reason)) == ("error", "TIMEOUT_PENDING")
    assert shop.production()[1:] == ("shop/churn@1", 1) and shop.status().version(1).ready == 2
    shop.check()


def test_ip6_p_who_may_not_deploy_is_refused_before_any_effect() -> None:
    shop = serving()
    told = refused(shop, lambda: shop.platform.cd.deploy(API, "shop/churn@2", zone="shop-prod", actor=shop.eve))
    assert told.actor == shop.eve.id and shop.production()[1:] == ("shop/churn@1", 1)


def test_s111_a_model_that_is_test_deployed_has_the_same_digest_and_is_not_counted_in_production() -> None:
    shop = serving()
    shop.platform.monitoring.watch(API, account=shop.robot, rows=500, actor=shop.ada)
    since = len(shop.sim.log)
    shop.platform.cd.deploy(API, "shop/churn@2", zone="ada-dev", strategy="rolling", options={"request": {"cpus": 1}}, actor=shop.ada)
    shop.wait("10m")
    (tested,) = shop.events("service.deployed", since)
    (real,) = [event for event in shop.events("service.deployed") if event.id < since]
    assert (tested.subject, tested.data["zone"], tested.data["test"]) == ("service:shop/api.ada-dev", "ada-dev", True)
    assert {*tested.data} - {"test"} == {*real.data} - {"on_behalf_of"}, "in production the account of the project acts"
    assert tested.data["digest"] == shop.platform.models.resolve("shop/churn@2", actor=shop.ada).digest
    sent = shop.platform.serving.send("shop/api.ada-dev", 1, actor=shop.ada)
    shop.sim.run(until=sent.wait())
    shop.wait("10m")
    windows = shop.platform.monitoring.windows(API, actor=shop.ada)
    assert windows and {window.version for window in windows} == {"shop/churn@1"}
    assert shop.production()[1:] == ("shop/churn@1", 1)


def test_a6_1_a_worse_model_is_rolled_back_and_an_equal_one_hardly_ever() -> None:
    """A-6.1: of 200 seeds; the benchmark has thousands and more kinds."""
    from benchmarks.canary import CASES, rolled_back

    assert CanaryPolicy().requests >= 500
    found = {
        case.name: sum(rolled_back(case, seed) > 0 for seed in range(200)) for case in CASES if case.name in ("equal", "errors 2 % to 6 %")
    }
    assert found["equal"] <= 18 and found["errors 2 % to 6 %"] >= 190, found
