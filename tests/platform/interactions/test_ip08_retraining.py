"""IP-8 on a platform with everything wired: new data leads to a new model in production, or to people who are told why not."""

from __future__ import annotations

import polars as pl
import pytest

import mlplat as mp

from .worlds import Shop, model_of

TRIGGER = "dataset:shop/customers"


def running(**options: int) -> Shop:
    """The pipeline is bound to its data, and its first model is served under traffic."""
    shop = Shop(**options)
    shop.push()
    version = shop.publish()
    shop.bind(version, TRIGGER)  # its smoke run is the first; the next takes what that has made
    shop.serve(model_of(shop.train()), wait="1m")
    shop.traffic(until="8h")
    shop.wait("30m")
    assert shop.production()[1:] == ("shop/churn@1", 1)
    return shop


def changed(shop: Shop, rows: pl.DataFrame | None = None) -> None:
    """New customers."""
    shop.platform.data.publish("shop/customers", shop.rows[100:] if rows is None else rows, actor=shop.ada)


@pytest.fixture(scope="module")
def calm() -> Shop:
    """Nothing goes wrong."""
    shop = running()
    changed(shop)
    shop.wait("4h")
    return shop


def test_s84_a8_4_new_data_leads_to_a_new_model_in_production_by_the_pipeline_that_is_deployed(calm: Shop) -> None:
    (done,) = calm.platform.retraining.history("shop/train", actor=calm.ada)
    run = calm.platform.orchestrator.get(done.run, actor=calm.ada)
    assert (done.reason, run.pipeline, run.zone) == ("ACCEPTED", calm.production()[0][0], "shop-prod")
    assert run.inputs == {"rows": "dataset:shop/customers@2"} and calm.production()[1:] == ("shop/churn@2", 2)
    causes = [event.predicate for event in calm.sim.log.causes(calm.events("service.upgraded")[-1])]
    assert {"canary.judged", "artifact.published", "pipelinerun.queued", "retraining.requested", "dataset.changed"} <= set(causes)
    assert "dataset:shop/customers@2" in calm.platform.metadata.upstream("model:shop/churn@2", actor=calm.ada).nodes
    calm.check()


def test_a5_4_a_model_that_is_published_of_what_a_smoke_run_made_has_baseline_and_signature(calm: Shop) -> None:
    """A-5.4."""
    smoke, first, *_ = calm.platform.orchestrator.runs(pipeline="shop/train", actor=calm.ada)
    assert smoke.outputs == {} and [task.cached for task in first.tasks.values()] == [True, True] and first.ended_s == first.queued_s
    assert smoke.digests == first.digests
    versions = calm.platform.models.versions("shop/churn", actor=calm.ada)
    assert [version.signature == versions[1].signature != None for version in versions] == [True, True]  # noqa: E711
    baseline = calm.platform.metadata.baseline("shop/churn@1", actor=calm.ada)
    assert baseline.features and baseline.predictions
    assert not [event for event in calm.events("incident.detected") if event.data["kind"] == "baseline_missing"]


@pytest.mark.parametrize("minute", [0, 5, 12])
def test_ip8_n_a_node_that_dies_while_it_trains_changes_no_bit_of_the_candidate(calm: Shop, minute: int) -> None:
    shop = running()
    changed(shop)
    shop.wait(f"{minute}m" if minute else "1s")
    shop.cluster.hardware.crash(shop.events("workload.bound")[-1].data["nodes"][0])
    shop.wait("6h")
    digests = [each.platform.models.resolve("shop/churn@2", actor=each.ada).digest for each in (calm, shop)]
    assert digests[0] == digests[1]
    assert [each.reason for each in shop.platform.retraining.history("shop/train", actor=shop.ada)] == ["ACCEPTED"]
    shop.check()


def test_ip8_q_it_waits_for_room_in_its_zone_and_then_goes_on() -> None:
    shop = running(limit=16)
    shop.platform.zones.submit("shop-prod", mp.Workload("night", {"cpus": 12}, duration="2h"), actor=shop.ada)
    changed(shop)
    shop.wait("30m")
    assert shop.events("workload.held")[-1].data["reason"] == "ZONE_LIMIT" and shop.production()[1:] == ("shop/churn@1", 1)
    shop.wait("5h")
    assert [each.reason for each in shop.platform.retraining.history("shop/train", actor=shop.ada)] == ["ACCEPTED"]
    assert shop.platform.models.resolve("shop/churn@2", actor=shop.ada).stage.value != "failed"
    shop.check()


def test_ip8_p_a_robot_that_may_not_read_any_more_is_refused_and_people_are_told() -> None:
    shop = running()
    before = shop.production()
    shop.platform.identity.remove_member("shop", shop.robot, actor=shop.ada)
    changed(shop)
    shop.wait("2h")
    assert [each.reason for each in shop.platform.retraining.history("shop/train", actor=shop.ada)] == ["REFUSED"]
    assert shop.events("access.denied")[-1].actor == shop.robot.id
    (incident,) = [event for event in shop.events("incident.detected") if event.subject == "deployment:shop/train"]
    assert incident.data["kind"] == "access" and shop.production() == before
    assert any("was not trained again" in message.text for message in shop.platform.inbox.messages(actor=shop.ada))
    shop.check()


def test_ip8_t_a_candidate_that_is_worse_is_kept_as_failed_and_production_stays() -> None:
    shop = running()
    before = shop.production()
    changed(shop, shop.rows[:350].with_columns(churned=1.0 - pl.col("churned")))
    shop.wait("4h")
    assert [each.reason for each in shop.platform.retraining.history("shop/train", actor=shop.ada)] == ["WORSE"]
    assert shop.platform.models.resolve("shop/churn@2", actor=shop.ada).stage.value == "failed" and shop.production() == before
    assert len(shop.events("retraining.requested")) == 1
    assert any("is not taken" in message.text for message in shop.platform.inbox.messages(actor=shop.bob))
    shop.check()
