"""IP-12 on a platform with everything wired: a node with a member of a training and of a service dies."""

from __future__ import annotations

from .worlds import API, Shop, model_of


def both() -> Shop:
    """A model is served on three nodes, and another is being trained."""
    shop = Shop("3x16cpu", limit=48)
    shop.push()
    shop.serve(model_of(shop.train(shop.publish())), replicas=3, strategy="rolling", options={**OPTIONS, "request": {"cpus": 9}})
    shop.traffic(until="3h")
    return shop


OPTIONS = {"base": "40ms", "slots": 4, "timeout": "2s", "sample": 1.0, "retries": 2, "health": "10s"}


def test_ip12_p_rights_are_checked_at_submission_and_moving_elsewhere_asks_for_none() -> None:
    """IP-12 P, A-12.3."""
    shop = both()
    shop.platform.identity.remove_member("shop", shop.robot, actor=shop.ada)
    since = len(shop.sim.log)
    node = shop.cluster.endpoint.describe("shop-api-v1").parts[0].node
    shop.cluster.hardware.crash(node)
    shop.wait("1h")
    shop.cluster.hardware.restore(node)
    shop.wait("10m")
    (version,) = shop.status().versions
    assert version.ready == 3 and version.lost == 1
    assert min(row[2] for row in shop.platform.serving._live[API].timeline if row[0] > shop.sim.now - 4000) >= 2
    assert not shop.events("access.denied", since) and shop.events("workload.requeued", since)
    shop.check()


def test_ip12_q_a12_1_without_room_the_training_waits_with_a_reason_and_makes_the_same_bytes() -> None:
    calm = Shop("1x16cpu")
    calm.push()
    model = model_of(calm.train(calm.publish()))
    shop = Shop("1x16cpu")
    shop.push()
    shop.publish()
    run = shop.platform.orchestrator.run("shop/train", actor=shop.ada)
    shop.wait("9m")
    shop.cluster.hardware.crash("node-0")
    shop.wait("30m")
    assert run.outcome == "running"
    waiting = [each for each in shop.cluster.endpoint.list() if each.status.value in ("pending", "held")]
    assert waiting and waiting[0].reason
    shop.cluster.hardware.restore("node-0")
    shop.sim.run(until=run.wait())
    assert run.outcome == "success"
    assert shop.platform.models.resolve(model_of(run), actor=shop.ada).digest == calm.platform.models.resolve(model, actor=calm.ada).digest
    causes = [event.predicate for event in shop.sim.log.causes(shop.events("workload.requeued")[-1])]
    assert causes[-1] == "node.failed"
    shop.check()
