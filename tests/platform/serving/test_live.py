"""Services on a live cluster: zones, canaries, autoscaling, nodes that die, what is seen. S-109, S-110, S-36, A-6.3, A-12.3."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mlplat.errors import AccessDenied, MlplatError, OptionError, UnknownNameError
from mlplat.platform.artifacts.images import Layer, Manifest
from mlplat.platform.serving import Concurrency, Observed, Requests, ServingFor
from mlplat.platform.storage.store import StoreError

from .worlds import NETWORKED, ONE, OPTIONS, World

UNLIKE = ("answered", "timed_out", "rejected", "failed")


def accounted(status: Any) -> bool:
    """Whether sent = answered + timed out + rejected + failed + unfinished holds for each version."""
    return all(v.counts["sent"] == sum(v.counts[name] for name in UNLIKE) + v.unfinished for v in status.versions)


def steady(rate: float, until: float, seed: int = 1) -> Requests:
    return Requests.poisson(rate, until=until, seed=seed)


def test_s109_a_model_is_served_by_replicas_of_a_zone_behind_one_name() -> None:
    world = World()
    world.deploy()
    assert world.status().versions[0].ready == 0
    world.serving.attach("shop/api", steady(10.0, 600.0), actor=world.ada)
    world.sim.run(until="11m")
    (version,) = world.status().versions
    assert (version.model, version.ready, version.wanted, version.weight) == ("shop/churn@1", 3, 3, 1.0)
    assert accounted(world.status()) and version.counts["answered"] > 5500
    assert 0.1 <= version.latency_p95_s < 0.5
    (event,) = world.events("service.deployed")
    assert event.subject == "service:shop/api" and event.actor == world.ada.id
    assert dict(event.data) == {"kind": "model", "model": "shop/churn@1", "digest": version.digest, "zone": "prod", "replicas": 3}
    (workload,) = world.cluster.endpoint.list(zone="prod")
    assert workload.name == "shop-api-v1"
    assert len(world.sim.log) < 100  # no event a request


def test_requests_wait_for_the_cold_start_or_time_out() -> None:
    world = World()
    world.deploy(load="30s")
    sent = [world.serving.send("shop/api", key, actor=world.ada) for key in range(5)]
    world.sim.run(until="10m")
    assert [each.outcome for each in sent] == ["timed_out"] * 5
    later = world.serving.send("shop/api", 1, inputs=np.array([3.0]), actor=world.ada)
    world.sim.run(later.wait())
    assert (later.outcome, later.version) == ("answered", 1) and later.latency_s == pytest.approx(0.1)
    assert later.prediction.tolist() == [7.0]


def test_a_canary_gets_its_part_by_key_and_goes_without_losing_a_request() -> None:
    world = World()
    world.deploy()
    world.sim.run(until="1m")
    world.serving.attach("shop/api", steady(10.0, 1200.0), actor=world.ada)
    world.serving.add_version("shop/api", "shop/churn@2", replicas=2, actor=world.dan)
    world.sim.run(until="3m")
    assert world.status().version(2).counts["sent"] == 0 and world.status().version(2).ready == 2
    world.serving.set_weights("shop/api", {"shop/churn@1": 75, "shop/churn@2": 25}, actor=world.dan)
    world.sim.run(until="10m")
    sent = world.status().version(2).counts["sent"]
    assert abs(sent - 0.25 * 10 * 420) < 3.3 * (0.25 * 4200) ** 0.5
    world.serving.set_weights("shop/api", {"shop/churn@1": 1}, actor=world.dan)
    world.serving.remove_version("shop/api", "shop/churn@2", actor=world.dan)
    world.sim.run(until="15m")
    status = world.status()
    gone = status.version(2)
    assert gone.retired and gone.counts["sent"] == gone.counts["answered"] >= sent and accounted(status)
    assert [each.name for each in world.cluster.endpoint.list(zone="prod")] == ["shop-api-v1"]
    assert status.current == 1


def test_a12_3_a_node_dies_and_requests_fail_only_until_that_is_noticed() -> None:
    world = World()
    world.deploy(retries=3, backoff="100ms")
    world.sim.run(until="1m")
    world.serving.attach("shop/api", steady(5.0, 600.0), actor=world.ada)
    node = world.cluster.endpoint.describe("shop-api-v1").parts[0].node
    world.sim.at("3m", world.cluster.hardware.crash, node)
    world.sim.run(until="15m")
    status = world.status()
    seen = world.serving.observations("shop/api", actor=world.ada)
    assert set(seen["outcome"].cast(str)) == {"answered"} and accounted(status)  # clients tried again
    again = seen.filter(seen["attempts"] > 1)
    assert len(again) > 0 and again["sent_s"].min() >= 178.0 and again["sent_s"].max() <= 190.0
    counts = status.versions[0].counts
    assert counts["timed_out"] + counts["failed"] >= len(again)
    assert status.versions[0].ready == 3 and status.versions[0].lost == 1
    ready = [row[2] for row in world.serving._live["shop/api"].timeline if row[0] > 60.0]
    assert min(ready) == 2


def test_s36_with_a_network_a_replica_is_left_out_when_its_address_is_removed() -> None:
    world = World(NETWORKED)
    world.deploy(health="1h", timeout=None)
    world.sim.run(until="1m")
    assert len(world.cluster.endpoint.resolve("api", "prod")) == 3
    world.serving.attach("shop/api", steady(5.0, 600.0), actor=world.ada)
    node = world.cluster.endpoint.describe("shop-api-v1").parts[0].node
    world.sim.at("3m", world.cluster.hardware.crash, node)
    world.sim.run(until="20m")
    removed = [event.time for event in world.events("endpoint.removed")]
    seen = world.serving.observations("shop/api", actor=world.ada)
    failed = seen.filter(seen["outcome"] == "failed")
    assert len(failed) > 0 and set(failed["end_s"]) <= set(removed) and failed["sent_s"].max() <= min(removed)
    assert accounted(world.status())


def test_s110_replicas_follow_the_load_and_drain_before_they_go() -> None:
    world = World()
    world.deploy(1, scale=Concurrency(target=0.5, least=1, stable=20, panic=4), timeout="10s")
    world.sim.run(until="1m")
    world.serving.attach("shop/api", steady(15.0, 300.0), actor=world.ada)
    world.sim.run(until="4m")
    assert 3 <= world.status().versions[0].ready <= 4
    world.sim.run(until="20m")
    status = world.status()
    assert status.versions[0].ready == 1 == world.cluster.endpoint.describe("shop-api-v1").replicas
    assert status.versions[0].counts["failed"] == 0 and accounted(status)


def test_s110_scale_to_zero_and_back() -> None:
    world = World()
    world.deploy(1, scale=Concurrency(target=1, stable=20, panic=4), timeout="5m")
    world.sim.run(until="5m")
    assert world.status().versions[0].ready == 0 == world.cluster.endpoint.describe("shop-api-v1").replicas
    sent = world.serving.send("shop/api", actor=world.ada)
    world.sim.run(sent.wait())
    assert sent.outcome == "answered" and sent.latency_s > 5.0
    world.serving.attach("shop/api", Requests.build([600.0]), actor=world.ada)
    world.sim.run(until="40m")
    assert world.status().versions[0].counts["answered"] == 2


def test_s110_scaling_never_exceeds_the_limit_of_the_zone() -> None:
    world = World(limit=36)  # room for four replicas of 9 cores
    world.deploy(1, scale=Concurrency(target=0.2, least=1, stable=20, panic=4), limit=30)
    world.sim.run(until="1m")
    world.serving.attach("shop/api", steady(20.0, 300.0), actor=world.ada)
    for minute in range(2, 7):
        world.sim.run(until=60.0 * minute)
        assert world.platform.zones.list(actor=world.ada)[0].use["cpus"] <= 36
        assert world.status().versions[0].ready <= 4
    assert world.status().versions[0].wanted > 4


def test_samples_are_told_with_real_predictions_by_version() -> None:
    world = World()
    world.deploy(sample=0.2)
    told: list[Observed] = []
    world.serving.collect("shop/api", told.append, actor=world.vera)
    world.serving.add_version("shop/api", "shop/churn@4", replicas=3, actor=world.ada)
    world.sim.run(until="1m")
    world.serving.set_weights("shop/api", {"shop/churn@1": 0.5, "shop/churn@4": 0.5}, actor=world.ada)
    world.serving.attach("shop/api", steady(20.0, 300.0), inputs=lambda rows: rows.astype(float), actor=world.ada)
    world.sim.run(until="10m")
    requests = sum(len(each.request) for each in told)
    samples = sum(len(each.sampled) for each in told)
    assert requests == sum(v.counts["answered"] for v in world.status().versions)
    assert abs(samples - 0.2 * requests) < 3.3 * (0.2 * requests) ** 0.5
    for each in told:
        bias = {"shop/churn@1": 1.0, "shop/churn@4": 4.0}[each.model]
        assert each.predictions is None if not len(each.sampled) else (each.predictions == 2.0 * each.inputs + bias).all()
        assert each.end_s.max() - each.end_s.min() <= 20.0
    errors = {
        model: np.concatenate([each.outcome for each in told if each.model == model]) == 2 for model in ("shop/churn@1", "shop/churn@4")
    }
    assert errors["shop/churn@1"].sum() == 0 and abs(errors["shop/churn@4"].mean() - 0.3) < 0.05


def test_samples_on_a_lost_node_are_counted_as_lost() -> None:
    world = World()
    world.deploy(sample=1.0, flush="1m")
    told: list[Observed] = []
    world.serving.collect("shop/api", told.append, actor=world.ada)
    world.sim.run(until="1m")
    world.serving.attach("shop/api", steady(10.0, 300.0), inputs=lambda rows: rows.astype(float), actor=world.ada)
    node = world.cluster.endpoint.describe("shop-api-v1").parts[0].node
    world.sim.at("150s", world.cluster.hardware.crash, node)
    world.sim.run(until="10m")
    assert sum(each.lost for each in told) > 50
    assert sum(each.lost + len(each.sampled) for each in told) == world.status().versions[0].counts["answered"]


def test_who_may_no_longer_read_is_told_nothing_more() -> None:
    world = World()
    world.deploy()
    told: list[Observed] = []
    grant = world.identity.grant(world.eve, "read", "service:shop/api", actor=world.ada)
    world.serving.collect("shop/api", told.append, actor=world.eve)
    world.serving.attach("shop/api", steady(10.0, 300.0), actor=world.ada)
    world.sim.run(until="2m")
    before = len(told)
    world.identity.revoke(grant, actor=world.ada)
    world.sim.run(until="10m")
    assert 0 < before == len(told)
    assert [event.data["action"] for event in world.events("access.denied")] == ["serving.collect"]


def test_a_service_is_removed_with_its_workloads_and_its_name_and_nothing_is_lost_from_account() -> None:
    world = World(NETWORKED)
    world.deploy(host="api.shop.example")
    assert [each.host for each in world.cluster.endpoint.ingresses("prod")] == ["api.shop.example"]
    told: list[Observed] = []
    world.serving.collect("shop/api", told.append, actor=world.ada)
    stream = world.serving.attach("shop/api", steady(30.0, 300.0), actor=world.ada)
    world.sim.run(until="2m")
    sent = world.status().versions[0].counts["sent"]
    world.serving.remove("shop/api", actor=world.ada)
    world.sim.run(until="10m")
    assert sum(len(each.request) for each in told) == sent and stream == 0
    assert (
        not world.cluster.endpoint.list(zone="prod")
        and not world.cluster.endpoint.services("prod")
        and not world.cluster.endpoint.ingresses()
    )
    assert [event.subject for event in world.events("service.removed") if event.source == "serving"] == ["service:shop/api"]
    assert world.serving.list(actor=world.ada) == ()
    with pytest.raises(UnknownNameError):
        world.status()


def test_an_orderly_stop_of_a_replica_closes_its_connections_at_once() -> None:
    world = World()
    world.deploy(1, timeout=None)
    world.sim.run(until="1m")
    sent = world.serving.send("shop/api", service="100s", actor=world.ada)
    world.sim.run(until="70s")
    world.cluster.endpoint.delete("shop-api-v1")
    world.sim.run(until="80s")
    assert (sent.outcome, world.status().versions[0].counts["failed"]) == ("failed", 1)


def test_continuous_delivery_moves_a_service_as_its_target() -> None:
    world = World()
    give = ServingFor(world.serving, world.dan)
    target = give.target("shop/api", "prod", OPTIONS)
    assert target is give.target("shop/api", "prod", {}) and dict(target.versions()) == {}
    target.add_version("shop/churn@1", 2)
    target.set_weights({"shop/churn@1": 1.0})
    world.serving.attach("shop/api", steady(10.0, 600.0), actor=world.ada)
    world.sim.run(until="2m")
    target.add_version("shop/churn@4", 1)
    world.sim.run(until="3m")
    assert [tuple(state) for state in target.versions().values()] == [(2, 2, 1.0, 0), (1, 1, 0.0, 0)]
    target.set_weights({"shop/churn@1": 0.5, "shop/churn@4": 0.5})
    world.sim.run(until="6m")
    seen = target.statistics(180.0, 360.0)
    assert seen["shop/churn@1"].errors == 0 and abs(seen["shop/churn@4"].errors / seen["shop/churn@4"].requests - 0.3) < 0.06
    target.set_weights({"shop/churn@1": 1.0})
    target.scale("shop/churn@4", 0)
    target.remove_version("shop/churn@4")
    world.sim.run(until="8m")
    assert list(target.versions()) == ["shop/churn@1"] and accounted(world.status())


def test_a_platform_opened_again_takes_its_services_up_again() -> None:
    world = World()
    world.deploy(2)
    world.serving.add_version("shop/api", "shop/churn@2", actor=world.dan)
    world.serving.set_weights("shop/api", {"shop/churn@1": 3, "shop/churn@2": 1}, actor=world.ada)
    world.sim.run(until="5m")
    again = World(store=world.platform.store)
    again.ada = again.identity.find("ada", actor=again.admin) if hasattr(again.identity, "find") else world.ada
    again.sim.run(until="10m")
    status = again.serving.status("shop/api", actor=again.admin)
    assert [(v.number, v.model, v.weight, v.ready) for v in status.versions] == [(1, "shop/churn@1", 0.75, 2), (2, "shop/churn@2", 0.25, 1)]
    assert {each.name for each in again.cluster.endpoint.list(zone="prod")} == {"shop-api-v1", "shop-api-v2"}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"zone": "nowhere"}, MlplatError),
        ({"model": "shop/churn@9"}, UnknownNameError),
        ({"actor": "eve"}, AccessDenied),
        ({"actor": "vera"}, AccessDenied),
        ({"request": None}, OptionError),
        ({"request": {"cpu": 1}}, MlplatError),
        ({"replicas": 9}, OptionError),
        ({"speed": 3}, UnknownNameError),
        ({"scale": {"hpa": {"target": 1}}}, UnknownNameError),
        ({"scale": {"utilization": {}}}, OptionError),
        ({"slots": 65}, OptionError),
        ({"sample": 2}, OptionError),
        ({"host": "x.example"}, OptionError),
        ({"name": "api"}, OptionError),
        ({"name": "lab/api"}, AccessDenied),
    ],
)
def test_a_deployment_that_is_refused_has_done_nothing(change: dict[str, Any], error: type[MlplatError]) -> None:
    world = World()
    given: dict[str, Any] = {"name": "shop/api", "model": "shop/churn@1", "zone": "prod", "replicas": 1, **OPTIONS, **change}
    actor = getattr(world, given.pop("actor", "ada"))
    name, model = given.pop("name"), given.pop("model")
    with pytest.raises(error):
        world.serving.deploy(name, model, actor=actor, **given)
    world.sim.run(until="1m")
    assert world.serving.list(actor=world.ada) == () and not world.cluster.endpoint.list()
    assert not world.events("service.*")


def test_calls_about_versions_are_refused_whole() -> None:
    world = World()
    world.deploy()
    serving, ada = world.serving, world.ada
    for call, error in (
        (lambda: serving.add_version("shop/api", "shop/churn@1", actor=ada), OptionError),
        (lambda: serving.set_weights("shop/api", {"shop/churn@3": 1}, actor=ada), UnknownNameError),
        (lambda: serving.set_weights("shop/api", {"shop/churn@1": 0}, actor=ada), OptionError),
        (lambda: serving.scale("shop/api", "shop/churn@1", 5, actor=ada), OptionError),
        (lambda: serving.deploy("shop/api", "shop/churn@2", zone="prod", request=ONE, actor=ada), OptionError),
        (lambda: serving.set_weights("shop/api", {"shop/churn@1": 1}, actor=world.vera), AccessDenied),
        (lambda: serving.status("shop/api", actor=world.eve), AccessDenied),
        (lambda: serving.ensure("shop/api", zone="other", actor=ada), MlplatError),
    ):
        with pytest.raises(error):
            call()
    world.serving.add_version("shop/api", "shop/churn@2", actor=ada)
    world.serving.set_weights("shop/api", {"shop/churn@1": 1, "shop/churn@2": 1}, actor=ada)
    with pytest.raises(OptionError, match="has traffic"):
        world.serving.remove_version("shop/api", "shop/churn@2", actor=ada)
    assert len(world.status().versions) == 2


def test_the_same_seed_gives_the_same_run() -> None:
    def run(seed: int) -> Any:
        world = World(seed=seed)
        world.deploy(retries=1)
        world.serving.attach("shop/api", steady(30.0, 200.0), actor=world.ada)
        world.sim.at("100s", world.cluster.hardware.crash, "node-0")
        world.sim.run(until="5m")
        return world.serving.observations("shop/api", actor=world.ada).rows(), [repr(event) for event in world.sim.log]

    assert run(7) == run(7)


def test_a_store_that_fails_leaves_no_service_and_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(NETWORKED)

    def fail(*given: Any) -> None:
        raise StoreError("here", "full")

    with monkeypatch.context() as patched:
        patched.setattr(world.serving._store, "append", fail)
        with pytest.raises(StoreError):
            world.deploy()
    world.sim.run(until="1m")
    assert not world.cluster.endpoint.list() and not world.cluster.endpoint.services("prod") and not world.serving.list(actor=world.ada)
    world.deploy()
    with monkeypatch.context() as patched:
        patched.setattr(world.serving._store, "append", fail)
        with pytest.raises(StoreError):
            world.serving.add_version("shop/api", "shop/churn@2", actor=world.ada)
    world.sim.run(until="2m")
    assert [each.name for each in world.cluster.endpoint.list()] == ["shop-api-v1"] and len(world.status().versions) == 1
    world.serving.add_version("shop/api", "shop/churn@2", actor=world.ada)
    world.sim.run(until="3m")
    assert [version.ready for version in world.status().versions] == [3, 1]


def test_a_model_that_is_served_is_known_to_be() -> None:
    world = World()
    world.deploy()
    assert list(world.serving._serving_models("model:shop/churn@1")) == ["service:shop/api"]
    assert list(world.serving._serving_models("model:shop/churn@2")) == []


def test_a_service_without_cluster_is_refused_and_one_that_stands_can_be_looked_at() -> None:
    world = World(cluster=False)
    with pytest.raises(OptionError, match="without a cluster"):
        world.deploy()
    served = World()
    served.deploy()
    again = World(store=served.platform.store, cluster=False)
    assert again.serving.list(actor=again.admin) == ("shop/api",)
    assert again.serving.status("shop/api", actor=again.admin).versions == ()
    with pytest.raises(OptionError, match="not at work"):
        again.serving.send("shop/api", actor=again.admin)


def test_a_model_is_fetched_over_the_network_before_it_is_loaded() -> None:
    def ready_at(mib: float) -> float:
        world = World(NETWORKED)
        world.serving._port._models_at = "node-5"
        world.deploy(1, model_mib=mib)
        world.sim.run(until="10m")
        return next(row[0] for row in world.serving._live["shop/api"].timeline if row[2] == 1)

    assert ready_at(10_000) > ready_at(0) + 1.0


def test_p_a_right_that_is_taken_away_stops_the_next_scaling_and_nothing_else() -> None:
    world = World()
    world.identity.grant(world.dan, "write", "service:shop/api", actor=world.ada)
    world.deploy(1, actor=world.dan, scale=Concurrency(target=0.5, least=1, stable=20, panic=4), timeout="10s")
    world.sim.run(until="1m")
    world.identity.remove_member("shop", world.dan, actor=world.ada)
    world.serving.attach("shop/api", steady(15.0, 300.0), actor=world.ada)
    world.sim.run(until="5m")
    status = world.status()
    assert status.versions[0].ready == 1 and status.versions[0].counts["answered"] > 1000 and accounted(status)
    denied = world.events("access.denied")
    assert 0 < len(denied) <= 6 and {event.actor for event in denied} == {world.dan.id}  # one for each number that was wanted


def test_q_what_has_no_room_in_the_zone_waits_and_the_old_version_serves_on() -> None:
    world = World(limit=27)
    world.deploy(3)
    world.serving.attach("shop/api", steady(10.0, 900.0), actor=world.ada)
    world.sim.run(until="1m")
    world.serving.add_version("shop/api", "shop/churn@2", replicas=1, actor=world.ada)
    world.sim.run(until="5m")
    assert [version.ready for version in world.status().versions] == [3, 0]
    assert world.events("workload.held")[0].data["reason"] == "ZONE_LIMIT"
    world.serving.scale("shop/api", "shop/churn@1", 2, actor=world.ada)
    world.sim.run(until="10m")
    status = world.status()
    assert [version.ready for version in status.versions] == [2, 1]
    late = world.serving.observations("shop/api", since="1m", actor=world.ada)
    assert set(late["outcome"].cast(str)) == {"answered"} and accounted(status)


def test_a_cold_start_pulls_the_image_first() -> None:
    def ready_at(image: str | None) -> float:
        world = World(NETWORKED)
        layers = tuple(Layer.of(name, size) for name, size in (("python", 900), ("serve", 4000)))
        world.platform.images.publish("shop/serve", Manifest(layers, entry="serve.py"), tags=["v1"], actor=world.ada)
        world.deploy(1, image=image)
        world.sim.run(until="10m")
        return next(row[0] for row in world.serving._live["shop/api"].timeline if row[2] == 1)

    assert ready_at("shop/serve@v1") > ready_at(None) + 1.0


def test_a_service_on_a_node_that_is_cut_off_and_comes_back_unnoticed_goes_on() -> None:
    world = World()
    world.deploy(3, health="5m", timeout="1s", retries=5, backoff="100ms")
    world.sim.run(until="1m")
    world.serving.attach("shop/api", steady(10.0, 600.0), actor=world.ada)
    node = world.cluster.endpoint.describe("shop-api-v1").parts[0].node
    world.sim.at("2m", world.cluster.hardware.cut_off, node)
    world.sim.at("125s", world.cluster.hardware.restore, node)
    world.sim.run(until="12m")
    status = world.status()
    assert status.versions[0].ready == 3 and accounted(status) and status.versions[0].counts["timed_out"] > 0
    seen = world.serving.observations("shop/api", since="3m", actor=world.ada)
    assert (seen["attempts"] == 1).all()


def test_a_run_without_horizon_ends_when_all_is_answered() -> None:
    world = World()
    world.deploy(1, scale=Concurrency(target=1, least=1))
    world.serving.attach("shop/api", steady(5.0, 120.0), actor=world.ada)
    world.sim.run()
    assert 120.0 <= world.sim.now < 300.0
    (version,) = world.status().versions
    assert version.unfinished == 0 and version.counts["sent"] > 500


def test_a_model_that_raises_is_told_of_and_ends_nothing() -> None:
    world = World()
    world.deploy(sample=1.0)
    told: list[Observed] = []
    world.serving.collect("shop/api", told.append, actor=world.ada)
    world.sim.run(until="1m")
    world.serving.attach("shop/api", steady(5.0, 60.0), inputs=lambda rows: ["a"] * len(rows), actor=world.ada)
    sent = world.serving.send("shop/api", inputs=["b"], actor=world.ada)
    world.sim.run(until="5m")
    assert sent.outcome == "answered" and sent.prediction is None and sent.error
    assert all(each.predictions is None and each.error for each in told if len(each.sampled))


def test_inputs_of_single_requests_and_of_streams_are_told_together() -> None:
    world = World()
    world.deploy(sample=1.0)
    told: list[Observed] = []
    world.serving.collect("shop/api", told.append, actor=world.ada)
    world.sim.run(until="1m")
    world.serving.attach("shop/api", Requests.build([0.0, 1.0]), inputs=lambda rows: rows.astype(float), actor=world.ada)
    world.serving.send("shop/api", inputs=np.array([7.0]), actor=world.ada)
    world.serving.attach("shop/api", Requests.build([0.5]), actor=world.ada)
    world.sim.run(until="5m")
    assert sum(len(each.request) for each in told) == 4
    assert sorted(np.concatenate([each.inputs for each in told if each.inputs is not None]).tolist()) == [0.0, 1.0, 7.0]


def test_requests_are_rejected_and_told_of_while_no_version_has_traffic() -> None:
    world = World()
    world.serving.create("shop/api", zone="prod", actor=world.ada, **OPTIONS)
    told: list[Observed] = []
    world.serving.collect("shop/api", told.append, actor=world.ada)
    world.serving.attach("shop/api", Requests.build(np.arange(0.5, 300.5, 1.0)), actor=world.ada)
    world.sim.run(until="100s")
    assert world.status().unserved == 100
    world.serving.add_version("shop/api", "shop/churn@1", actor=world.ada)
    world.serving.set_weights("shop/api", {"shop/churn@1": 1}, actor=world.ada)
    world.sim.run(until="200s")
    world.serving.remove_version("shop/api", "shop/churn@1", actor=world.ada)
    sent = world.serving.send("shop/api", actor=world.ada)
    world.sim.run(until="10m")
    status = world.status()
    assert status.unserved == 201 and sent.outcome == "rejected" and sent.version == 0
    assert status.version(1).counts["sent"] == 100 and accounted(status)
    assert sum(len(each.request) for each in told) == 301
    assert {(each.version, each.model) for each in told} == {(0, ""), (1, "shop/churn@1")}


def test_in_a_development_zone_only_its_owner_starts_replicas_and_an_administrator_in_the_name_of_the_owner() -> None:
    world = World()
    world.platform.zones.create_development(world.ada, {"cpus": 18}, actor=world.admin)
    grant = world.identity.grant(world.dan, "deploy", "service:shop/mine", actor=world.ada)
    assert grant
    with pytest.raises(AccessDenied):
        world.serving.deploy("shop/mine", "shop/churn@1", zone="ada-dev", actor=world.dan, **OPTIONS)
    world.serving.deploy("shop/mine", "shop/churn@1", zone="ada-dev", actor=world.ada, **OPTIONS)
    world.serving.add_version("shop/mine", "shop/churn@2", actor=world.admin)
    world.sim.run(until="1m")
    assert [version.ready for version in world.serving.status("shop/mine", actor=world.ada).versions] == [1, 1]
    assert {event.actor for event in world.events("workload.submitted")} == {world.ada.id}
    again = World(store=world.platform.store)
    again.sim.run(until="5m")
    assert [version.ready for version in again.serving.status("shop/mine", actor=again.admin).versions] == [1, 1]
