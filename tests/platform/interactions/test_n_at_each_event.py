"""A node dies at events of an interaction under which work is under way: it ends as documented, with nothing lost and nothing half done.

IP-1 and IP-5 are played in `tests/platform/ci` and `tests/platform/pipelines`, IP-13 in `test_ip13_loop_failures.py` beside this one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mlplat.platform.reproduction import Outcome

from .test_ip04_delivery import TRIGGER, delivered, newer
from .test_ip06_deployment import serving
from .test_ip08_retraining import changed, running
from .worlds import API, AUTHOR, CANARY, FILES, REPO, TRAIN, Shop, model_of

WORK = ("workload.*", "runtime.*", "taskrun.*", "build.*", "testsuiterun.*", "canary.*", "checkpoint.written", "artifact.published")
"""At these a node dies: something is under way, begins or ends."""
MOST = 6
"""Events of an interaction that are played: the first, the last, and some between, evenly."""


@dataclass
class Play:
    """`made`: what is there before. `begin`: begins it, and returns what `end` needs. `end`: asserts what there is then, and returns
    what must be the same in an undisturbed run."""

    made: Callable[[], Shop]
    begin: Callable[[Shop], Any]
    end: Callable[[Shop, Any], Any]
    lasts: str
    gate: str = ""
    """What stands among the causes of whatever is deployed."""
    keep: dict[str, Any] = field(default_factory=dict)


def push(shop: Shop) -> str:
    return shop.platform.scm.commit(REPO, "main", dict(FILES), "change", author=AUTHOR, actor=shop.ada).id


def built(shop: Shop, commit: str) -> Any:
    assert {build.outcome.value for build in shop.platform.builder.builds(REPO, actor=shop.ada)} == {"success"}
    (status,) = shop.platform.scm.statuses(f"{REPO}@{commit}", actor=shop.ada)
    assert status.outcome in ("success", "error"), "never the work's fault"
    return shop.platform.images.resolve(f"{REPO}@latest", actor=shop.ada).digest


def environment(shop: Shop) -> Any:
    image = shop.platform.images.resolve("shop/python@3.11", actor=shop.ada).reference
    return shop.platform.zones.environment("ada-dev", image, {"cpus": 8}, called="desk", actor=shop.ada)


def stands(shop: Shop, handle: Any) -> Any:
    assert (handle.status.value, handle.name) == ("running", "desk")
    return handle.status.value


def deliver(shop: Shop) -> str:
    version = newer(shop)
    change = shop.platform.cd.deliver(TRAIN, f"pipeline:{version}", zone="shop-prod", triggers=[TRIGGER], actor=shop.ada)
    shop.platform.cd.approve(change.number, actor=shop.bob)
    return version


def bound(shop: Shop, version: str) -> Any:
    assert shop.production()[0] == (version, (TRIGGER,)) and not shop.events("service.rolledback")
    return shop.production()[0]


def canary(shop: Shop) -> int:
    return shop.platform.cd.deploy(API, "shop/churn@2", zone="shop-prod", replicas=2, strategy=CANARY, actor=shop.ada).id


def judged(shop: Shop, number: int) -> None:
    change = shop.platform.cd.change(number, actor=shop.ada)
    assert change.outcome in ("success", "error") and str(change.reason) != "WORSE" and change.reason is not None
    model = 2 if change.outcome == "success" else 1
    assert shop.production()[1:] == (f"shop/churn@{model}", model)
    (there,) = [version for version in shop.status().versions if version.weight == 1.0]
    assert (there.model, there.ready) == (f"shop/churn@{model}", 2)


def retrained(shop: Shop, _: Any) -> Any:
    (done,) = shop.platform.retraining.history(TRAIN, actor=shop.ada)
    assert done.reason.value == "ACCEPTED"
    assert shop.production()[1] in ("shop/churn@1", "shop/churn@2") and shop.production()[1].endswith(f"@{shop.production()[2]}")
    return shop.platform.models.resolve("shop/churn@2", actor=shop.ada).digest


def trained() -> Shop:
    shop = Shop()
    shop.push()
    shop.train(shop.publish())
    return shop


def reproduced(shop: Shop, again: Any) -> Any:
    assert again.verdict is not None and again.verdict.outcome is Outcome.REPRODUCED, str(again.verdict)
    return again.verdict.found_digest


def recovering(shop: Shop) -> Any:
    """A node with a training has died; a second failure comes while it recovers."""
    run = shop.platform.orchestrator.run(TRAIN, {"iterations": 30}, actor=shop.ada)
    shop.wait("9m")
    shop.cluster.hardware.crash(shop.events("workload.bound")[-1].data["nodes"][0])
    return run


def finished(shop: Shop, run: Any) -> Any:
    return shop.platform.models.resolve(model_of(run), actor=shop.ada).digest


@cache
def capsule() -> Path:
    """Of a model that was made elsewhere."""
    import tempfile

    path = Path(tempfile.mkdtemp()) / "model.capsule"
    trained_there = trained()
    trained_there.platform.capsules.export("shop/churn@1", path, actor=trained_there.ada)
    return path


def strange() -> Shop:
    shop = Shop(level=0, artifacts=False, seed=99)
    shop.platform.identity.create_project("theirs", owner=shop.eve, actor=shop.admin)
    shop.platform.zones.create_development(shop.eve, {"cpus": 8}, actor=shop.admin)
    shop.platform.capsules.import_file(capsule(), project="theirs", actor=shop.eve)
    return shop


def imported(shop: Shop) -> Any:
    model = shop.platform.models.list(actor=shop.eve)[0]
    return shop.platform.reproduction.start(f"{model}@1", trust=True, zone="eve-dev", actor=shop.eve)


PLAYS = {
    "ip2": Play(Shop, push, built, "2h"),
    "ip3": Play(Shop, environment, stands, "1h"),
    "ip4": Play(delivered, deliver, bound, "2h", gate="approval.closed"),
    "ip6": Play(serving, canary, judged, "90m", gate="canary.judged"),
    "ip8": Play(running, changed, retrained, "6h", gate="canary.judged"),
    "ip9": Play(trained, lambda shop: shop.platform.reproduction.start("shop/churn@1", actor=shop.ada), reproduced, "2h"),
    "ip12": Play(trained, recovering, finished, "3h"),
    "ip14": Play(strange, imported, reproduced, "2h"),
}


def played(name: str, at: int | None) -> tuple[Shop, Any, int]:
    """Play it; at the event of that id the node dies to which a workload was bound last. Also: from which event on."""
    play = PLAYS[name]
    shop = play.made()
    since = len(shop.sim.log)

    def dies() -> None:
        nodes = [node for event in shop.events("workload.bound") for node in event.data["nodes"]]
        shop.cluster.hardware.crash(nodes[-1] if nodes else "node-0")

    if at is not None:
        for pattern in WORK:
            shop.sim.log.subscribe(pattern, lambda event: shop.sim.at(shop.sim.now, dies) if event.id == at else None)
    begun = play.begin(shop)
    shop.wait(play.lasts)
    return shop, begun, since


@cache
def undisturbed(name: str) -> tuple[Any, tuple[tuple[int, str], ...]]:
    """What it comes to, and at which events a node can die."""
    shop, begun, since = played(name, None)
    there = {event.id: event.predicate for pattern in WORK for event in shop.events(pattern, since)}
    return PLAYS[name].end(shop, begun), tuple(sorted(there.items()))


@pytest.mark.parametrize("which", range(MOST))
@pytest.mark.parametrize("name", PLAYS)
def test_n_a_node_that_dies_at_an_event_leaves_nothing_lost_and_nothing_half_done(name: str, which: int) -> None:
    calm, events = undisturbed(name)
    assert len(events) >= MOST
    number, predicate = events[which * (len(events) - 1) // (MOST - 1)]
    shop, begun, since = played(name, number)
    assert shop.sim.log[number].predicate == predicate and shop.events("node.failed", since)
    assert PLAYS[name].end(shop, begun) == calm
    for event in shop.events("*.finished", since):
        assert event.data.get("outcome", "success") != "failure", event
    published = [event for event in shop.events("artifact.published") if event.data["kind"] in ("model", "dataset", "image")]
    stores = {"model": shop.platform.models, "dataset": shop.platform.data, "image": shop.platform.images}
    for event in published:
        assert stores[event.data["kind"]].resolve(event.name, actor=shop.admin).digest  # type: ignore[attr-defined]
    if PLAYS[name].gate:
        for event in (*shop.events("service.deployed", since), *shop.events("service.upgraded", since)):
            assert PLAYS[name].gate in [cause.predicate for cause in shop.sim.log.causes(event)], event
    shop.check()
