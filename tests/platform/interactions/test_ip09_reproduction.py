"""IP-9 on a platform with everything wired: failures do not touch the verdict, and what failed fails alike."""

from __future__ import annotations

import mlplat as mp
from mlplat.platform.reproduction import Outcome

from .worlds import PIPELINE, Shop, model_of

JUDGED = PIPELINE.replace(
    "@pipeline(data",
    """@step(image="shop/churn@latest", validates="model", numerics="portable")
def judge(model: LogisticRegression, most: float) -> bool:
    return most > 1.0


@pipeline(data""",
).replace(
    """iterations: int = 20):
    return {"model": train(prepare(rows), iterations)}""",
    """iterations: int = 20, most: float = 0.0):
    model = train(prepare(rows), iterations)
    judge(model, most)
    return {"model": model}""",
)


def test_ip9_q_it_waits_for_room_and_the_verdict_is_the_same() -> None:
    shop = Shop()
    shop.push()
    model = model_of(shop.train(shop.publish()))
    shop.platform.zones.submit("ada-dev", mp.Workload("notebook", {"cpus": 15}, duration="3h"), actor=shop.ada)
    shop.wait("1m")
    began = shop.sim.now
    again = shop.platform.reproduction.start(model, actor=shop.ada)
    verdict = shop.sim.run(until=again.wait())
    assert verdict.outcome is Outcome.REPRODUCED and shop.sim.now - began >= 2.9 * 3600
    assert shop.events("workload.held")[-1].data["reason"] == "ZONE_LIMIT"
    shop.check()


def test_ip9_n_a_node_dies_and_the_verdict_is_the_same() -> None:
    shop = Shop()
    shop.push()
    model = model_of(shop.train(shop.publish()))
    again = shop.platform.reproduction.start(model, actor=shop.ada)
    shop.wait("5m")
    shop.cluster.hardware.crash(shop.events("workload.bound")[-1].data["nodes"][0])
    assert shop.sim.run(until=again.wait()).outcome is Outcome.REPRODUCED
    assert shop.events("workload.requeued")
    shop.check()


def test_ip9_t_a_validation_that_failed_then_fails_alike_now() -> None:
    shop = Shop()
    shop.push(pipeline_dot_py=JUDGED)
    run = shop.train(shop.publish())
    assert run.outcome == "failure"
    version = shop.platform.models.resolve("shop/churn@1", actor=shop.ada)
    assert version.stage.value == "failed" and shop.production()[1:] == (None, None)
    again = shop.platform.reproduction.start("shop/churn@1", actor=shop.ada)
    verdict = shop.sim.run(until=again.wait()) if again.verdict is None else again.verdict
    assert verdict.outcome is Outcome.REPRODUCED, str(verdict)
    second = shop.platform.orchestrator.runs(actor=shop.admin)[-1]
    assert (second.outcome, second.reason) == (run.outcome, run.reason)
    shop.check()
