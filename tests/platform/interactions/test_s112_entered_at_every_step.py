"""IP-3 to IP-5, IP-9 and IP-14 entered at their steps: artifacts registered as external lead to the same digests (S-112)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlplat.platform.reproduction import Outcome
from mlplat.platform.training import LogisticRegression

from .test_ip01_integration import objects_of
from .worlds import REPO, Shop, model_of


@pytest.fixture(scope="module")
def full() -> tuple[Shop, dict[str, str]]:
    """From a push to a model in production, all of it here."""
    shop = Shop()
    return shop, shop.chain()


def data(shop: Shop, here: Shop) -> None:
    """The data of another platform, by its digest."""
    for name in ("shop/customers", "shop/held"):
        rows, digest = here.platform.data.read(f"{name}@1", actor=here.ada), here.platform.data.resolve(f"{name}@1", actor=here.ada).digest
        shop.platform.data.register(name, rows, source="elsewhere", digest=digest, actor=shop.ada)


def images(shop: Shop, here: Shop, *refs: str) -> None:
    """Images of another platform."""
    for name, tag in (ref.split("@") for ref in refs):
        manifest = here.platform.images.manifest(f"{name}@{tag}", actor=here.ada)
        shop.platform.images.register(name, manifest, external=["manifest"], tags=[tag], actor=shop.ada)


def from_commit(shop: Shop, here: Shop, commit: str) -> str:
    """The commit is imported; its image is built and its tests are run here."""
    images(shop, here, "shop/python@3.11")
    shop.platform.scm.import_objects(REPO, objects_of(here, commit), actor=shop.ada)
    shop.platform.ci.run(f"{REPO}@{commit}", actor=shop.ada)
    shop.wait("20m")
    shop.platform.images.tag(f"{REPO}@{commit}", "latest", actor=shop.ada)
    return shop.publish(f"{REPO}@{commit}")


def from_image(shop: Shop, here: Shop, commit: str) -> str:
    """The image comes from elsewhere, too."""
    images(shop, here, f"{REPO}@latest")
    shop.platform.scm.import_objects(REPO, objects_of(here, commit), actor=shop.ada)
    return shop.publish(f"{REPO}@{commit}")


def test_s112_ip3_ip4_ip9_entered_with_commit_image_data_and_test_result_from_elsewhere(full: Any) -> None:
    """An environment starts from the image, the pipeline passes the gate by the result, and its model is reproduced."""
    here, made = full
    there = Shop(artifacts=False)
    data(there, here)
    version = from_image(there, here, made["commit"])
    image = there.platform.images.resolve(f"{REPO}@latest", actor=there.ada)
    desk = there.platform.zones.environment("ada-dev", image.reference, {"cpus": 2}, called="desk", actor=there.ada)
    there.platform.scm.set_status(f"{REPO}@{made['commit']}", "success", description="tested elsewhere", actor=there.ada)
    there.bind(version, "dataset:shop/customers")
    assert desk.status.value == "running" and image.digest == made["image"]
    assert there.production()[0] == (version, ("dataset:shop/customers",)) and version.partition("@")[2] == made["pipeline"]
    run = there.train()
    verdict = there.sim.run(until=there.platform.reproduction.start(model_of(run), actor=there.ada).wait())
    assert (verdict.outcome, verdict.found_digest) == (Outcome.REPRODUCED, made["model"]), str(verdict)
    assert not there.events("build.queued") and not there.events("testsuiterun.started")
    there.check()


@pytest.mark.parametrize("enter", [from_commit, from_image])
def test_s112_ip5_entered_with_commit_image_and_data_from_elsewhere_all_digests_are_the_same(full: Any, enter: Any) -> None:
    here, made = full
    there = Shop(artifacts=False)
    data(there, here)
    version = enter(there, here, made["commit"])
    run = there.train(version)
    there.serve(model_of(run), strategy="rolling")
    assert there.made(made["commit"], version, run) == made
    lineage = [shop.platform.metadata.lineage("shop/churn@1", actor=shop.ada) for shop in (here, there)]
    assert lineage[0].fingerprint == lineage[1].fingerprint and lineage[1].missing == lineage[0].missing
    assert there.platform.data.resolve("shop/customers@1", actor=there.ada).origin == "external"
    assert there.production()[1:] == here.production()[1:]
    there.check()


def test_s112_ip6_ip7_a_model_trained_elsewhere_is_registered_deployed_and_monitored(full: Any) -> None:
    here, made = full
    there = Shop(artifacts=False)
    version = here.platform.models.resolve("shop/churn@1", actor=here.ada)
    parts = here.platform.models.load("shop/churn@1", actor=here.ada)
    taken = there.platform.models.register("shop/churn", parts, external=["code", "data"], signature=version.signature, actor=there.ada)
    assert taken.digest == made["model"]
    assert there.serve("shop/churn@1", strategy="rolling").outcome == "success"
    there.platform.monitoring.watch("shop/api", account=there.robot, rows=500, actor=there.ada)
    there.traffic()
    there.wait("30m")
    lineage = there.platform.metadata.lineage("shop/churn@1", actor=there.ada)
    assert not lineage.reproducible and lineage.missing
    kinds = {event.data["kind"] for event in there.events("incident.detected") if event.source == "monitoring"}
    assert kinds == {"baseline_missing"} and there.platform.monitoring.windows("shop/api", actor=there.ada)
    there.check()


def test_s112_ip8_entered_with_a_candidate_trained_elsewhere_it_is_judged_and_deployed(full: Any) -> None:
    here, made = full
    there = Shop(artifacts=False)
    data(there, here)
    version = from_image(there, here, made["commit"])
    there.platform.scm.set_status(f"{REPO}@{made['commit']}", "success", description="tested elsewhere", actor=there.ada)
    there.bind(version, "dataset:shop/customers")
    signature = here.platform.models.resolve("shop/churn@1", actor=here.ada).signature
    first = LogisticRegression(max_iter=1).fit(there.rows.drop("churned")[:60].to_numpy(), there.rows["churned"][:60].to_numpy())
    for parts in (first.to_parts(), here.platform.models.load("shop/churn@1", actor=here.ada)):
        there.platform.models.register("shop/churn", parts, external=["code", "data"], signature=signature, actor=there.ada)
    there.serve("shop/churn@1", strategy="rolling")
    there.traffic(until="8h")
    judged = there.platform.retraining.offer("shop/train", "shop/churn@2", actor=there.ada)
    there.wait("2h")
    assert judged.accepted and there.platform.models.resolve("shop/churn@2", actor=there.ada).digest == made["model"]
    assert there.production()[1] == "shop/churn@2" and not there.events("retraining.requested")
    causes = [event.predicate for event in there.sim.log.causes(there.events("service.upgraded")[-1])]
    assert causes == ["metadata.recorded"]
    there.check()


def test_a14_1_s112_ip14_a_capsule_is_reproduced_on_two_nodes_without_the_stores_of_its_origin(full: Any, tmp_path: Path) -> None:
    """IP-14 N, IP-14 Q: under way a node dies, and there is no room for a while."""
    import mlplat as mp

    here, made = full
    here.platform.capsules.export("shop/churn@1", tmp_path / "model.capsule", actor=here.ada)
    there = Shop("2x16cpu", level=0, artifacts=False, seed=99)
    there.platform.identity.create_project("theirs", owner=there.eve, actor=there.admin)
    zone = there.platform.zones.create_development(there.eve, {"cpus": 8}, actor=there.admin).name
    taken = there.platform.capsules.import_file(tmp_path / "model.capsule", project="theirs", actor=there.eve)
    there.platform.zones.submit(zone, mp.Workload("other", {"cpus": 7}, duration="1h"), actor=there.eve)
    again = there.platform.reproduction.start(taken.model, trust=True, zone=zone, actor=there.eve)
    there.wait("30m")
    assert again.verdict is None and there.events("workload.held")[-1].data["reason"] == "ZONE_LIMIT"
    there.wait("35m")
    there.cluster.hardware.crash(there.events("workload.bound")[-1].data["nodes"][0])
    verdict = there.sim.run(until=again.wait())
    assert (verdict.outcome, verdict.found_digest) == (Outcome.REPRODUCED, made["model"]), str(verdict)
    there.check()
