"""Desired state in a repository: what the branch says is deployed, and what is deployed is written there."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from mlplat.errors import AccessDenied, InputError, MlplatError, OptionError
from mlplat.platform.automation.cd import DesiredStateError
from mlplat.platform.automation.cd.documents import read, to_yaml
from mlplat.platform.automation.cd.specs import Desired

from .served import Behaviour
from .worlds import FAST, World

REPO, FILE = "shop/state", "deployments/api.yaml"
GOOD = """deployment: shop/api
zone: shop-prod
model: shop/churn@1
replicas: 2
alias: production
strategy:
  kind: canary
  policy: {bake: 2m, requests: 100, metrics: [errors], error_rate: 0.03}
"""


def tracked(**options: Any) -> World:
    world = World(**options)
    world.platform.scm.create_repository(REPO, actor=world.ada)
    world.platform.scm.commit(REPO, "main", {"README.md": "State\n"}, "first", actor=world.ada)
    world.cd.track("shop", REPO, actor=world.ada)
    return world


def push(world: World, text: str | None, path: str = FILE, actor: Any = None) -> None:
    world.platform.scm.commit(REPO, "main", {path: text}, "change", actor=actor or world.ada)


def said(world: World, path: str = FILE) -> Any:
    return yaml.safe_load(world.platform.scm.read(f"{REPO}@main", path, actor=world.ada))


def last(world: World) -> Any:
    return world.end(world.cd.history("shop/api", actor=world.ada)[-1])


def test_what_is_pushed_is_deployed_and_its_cause_is_the_push() -> None:
    world = tracked()
    push(world, GOOD)
    assert last(world).outcome == "success" and world.target.versions()["shop/churn@1"].replicas == 2
    chain = world.sim.log.causes(world.told("service.deployed")[0])
    assert chain[-1].predicate == "commit.pushed"
    push(world, GOOD.replace("churn@1", "churn@3"))
    assert last(world).desired.what == "shop/churn@3" and world.alias() == 3
    assert len(world.cd.history("shop/api", actor=world.ada)) == 2


def test_what_is_deployed_by_a_call_is_written_there_and_not_deployed_twice() -> None:
    world = tracked()
    change = world.deploy(1, replicas=3)
    assert said(world)["model"] == "shop/churn@1" and said(world)["replicas"] == 3 and said(world)["digest"] == change.desired.digest
    assert change.commit == world.platform.scm.resolve(f"{REPO}@main", actor=world.ada)
    assert world.cd.sync("shop", actor=world.ada) == () and len(world.cd.history("shop/api", actor=world.ada)) == 1
    world.cd.approve(world.cd.deliver("shop/api", "shop/churn@2", zone="shop-prod", actor=world.ada).number, actor=world.bob)
    last(world)
    assert said(world)["model"] == "shop/churn@2"
    world.end(world.cd.rollback("shop/api", actor=world.ada))
    assert said(world)["model"] == "shop/churn@1"


@pytest.mark.parametrize("by_push", [True, False])
def test_a_rollback_is_written_and_what_has_failed_is_not_tried_again(by_push: bool) -> None:
    world = tracked(answers={"shop/churn@2": Behaviour(errors=0.3)})
    push(world, GOOD)
    last(world)
    if by_push:
        push(world, GOOD.replace("churn@1", "churn@2"))
        assert last(world).outcome == "failure"
    else:
        assert world.deploy(2).outcome == "failure"
    assert said(world)["model"] == "shop/churn@1"
    world.sim.run(until=world.sim.now + 600)
    assert len(world.cd.history("shop/api", actor=world.ada)) == 2 and world.target.weights() == {"shop/churn@1": 1.0}
    assert "Roll back shop/api from shop/churn@2: WORSE" in world.platform.scm.show(f"{REPO}@main", actor=world.ada).message


@pytest.mark.parametrize("running", [True, False])
def test_what_is_called_off_before_its_turn_is_taken_back_in_the_branch(running: bool) -> None:
    world = tracked()
    world.deploy(1)
    for number in (2, 3):
        world.cd.deploy("shop/api", f"shop/churn@{number}", zone="shop-prod", actor=world.ada)
    world.sim.run(until=world.sim.now + (200 if running else 0))
    world.cd.rollback("shop/api", actor=world.ada)
    world.sim.run(until=world.sim.now + 600)
    assert said(world)["model"] == "shop/churn@1" and world.target.weights() == {"shop/churn@1": 1.0}
    assert world.cd.sync("shop", actor=world.ada) == ()


def test_a_branch_that_cannot_be_written_back_is_not_deployed_in_a_loop() -> None:
    world = tracked(answers={"shop/churn@2": Behaviour(errors=0.3)})
    push(world, GOOD)
    last(world)
    push(world, GOOD.replace("churn@1", "churn@2"))
    world.platform.scm.protect(REPO, "main", contexts=["ci"], actor=world.ada)
    assert last(world).outcome == "failure" and said(world)["model"] == "shop/churn@2"
    assert world.cd.sync("shop", actor=world.ada) == () and world.target.weights() == {"shop/churn@1": 1.0}
    assert len(world.cd.sync("shop", retry=True, actor=world.ada)) == 1


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (GOOD.replace("replicas: 2", "replicas: two"), 4, "replicas"),
        (GOOD.replace("replicas: 2", "replica: 2"), 4, "did you mean 'replicas'"),
        (GOOD.replace("replicas: 2", "replicas: 2\nreplicas: 3"), 5, "twice"),
        (GOOD.replace("zone: shop-prod", "zone: 3"), 2, "not text"),
        (GOOD.replace("churn@1", "churn@production"), 3, "moves"),
        (GOOD.replace("model:", "pipeline: shop/x@1\nmodel:"), 1, "no version, or two"),
        (GOOD.replace("zone: shop-prod\n", ""), 1, "no zone"),
        (GOOD.replace("kind: canary", "kind: canaries"), 6, "canaries"),
        (GOOD.replace("shop/api", "shop/other"), 1, "not what the file is called"),
        (GOOD.replace("shop/api", "books/api"), 1, "another project"),
        (GOOD + "options: [1, 2\n", 10, "not YAML"),
        (GOOD + "options: !!python/object:os.system {}\n", 9, "tag"),
        ("[]", 1, "no deployment"),
        ("", 1, "no deployment"),
        (GOOD + "options: " + "[" * 5000, 9, "nest"),
    ],
)
def test_a_bad_file_names_path_and_line_and_changes_nothing(text: str, line: int, problem: str) -> None:
    world = tracked()
    push(world, GOOD)
    last(world)
    begun, before = len(world.sim.log), world.target.versions()
    other = GOOD.replace("shop/api", "shop/second")
    files = {FILE: text, "deployments/second.yaml": other}
    world.platform.scm.commit(REPO, "main", files, "two", actor=world.ada)
    with pytest.raises(DesiredStateError, match=problem) as caught:
        world.cd.sync("shop", actor=world.ada)
    assert caught.value.path is not None and caught.value.path.startswith(f"{REPO}@") and caught.value.path.endswith(FILE)
    assert caught.value.line == line
    world.sim.run(until=world.sim.now + 300)
    assert world.target.versions() == before and world.cd.list(actor=world.ada).names() == ("shop/api",)
    refused = world.told("call.refused", since=begun)[0]
    assert refused.data["error"] == "DesiredStateError" and FILE in refused.data["reason"]
    assert world.events("canary.*", "service.*", since=begun) == []


def test_all_bad_files_are_named() -> None:
    world = tracked()
    files = {"deployments/one.yaml": "[]", "deployments/two.yaml": "x: 1", "other/three.yaml": "x: 1", "deployments/notes.txt": "x"}
    world.platform.scm.commit(REPO, "main", files, "bad", actor=world.ada)
    with pytest.raises(DesiredStateError) as caught:
        world.cd.sync("shop", actor=world.ada)
    assert [str(each.path).rpartition("/")[2] for each in caught.value.problems] == ["one.yaml", "two.yaml"]


def test_a_digest_that_is_not_the_versions_is_refused() -> None:
    world = tracked()
    push(world, GOOD + "digest: sha256:" + "0" * 64 + "\n")
    assert world.events("call.refused") == ["call.refused"] and world.cd.list(actor=world.ada) == ()


def test_p_who_pushes_without_the_right_to_deploy_deploys_nothing() -> None:
    world = tracked()
    push(world, GOOD, actor=world.carl)
    assert "access.denied" in world.events("access.*") and world.cd.list(actor=world.ada) == ()
    assert len(world.cd.sync("shop", actor=world.ada)) == 1
    with pytest.raises(AccessDenied):
        world.cd.sync("shop", actor=world.eve)


def test_a_gated_zone_asks_for_an_approval_of_what_is_pushed() -> None:
    world = tracked()
    world.cd.set_gate(zone="shop-prod", actor=world.ada)
    push(world, GOOD)
    push(world, "more\n", "README.md")
    (approval,) = world.cd.approvals(actor=world.ada)
    assert world.shops.targets == {}
    world.cd.approve(approval.number, actor=world.bob)
    assert last(world).outcome == "success" and len(world.cd.approvals(actor=world.ada)) == 1


def test_a_file_that_goes_removes_the_deployment() -> None:
    world = tracked()
    push(world, GOOD)
    last(world)
    push(world, None)
    world.sim.run(until=world.sim.now + 10)
    assert world.events("service.removed") == ["service.removed"] and world.target.versions() == {}
    world.deploy(2)
    world.cd.remove("shop/api", actor=world.ada)
    assert FILE not in world.platform.scm.checkout(f"{REPO}@main", actor=world.ada)


def test_what_is_deployed_already_is_written_when_tracking_begins() -> None:
    world = World()
    world.deploy(1)
    world.cd.deploy("shop/api", "shop/churn@1", zone="carl-dev", strategy=FAST, actor=world.carl)
    world.platform.scm.create_repository(REPO, actor=world.ada)
    world.cd.track("shop", REPO, folder="", actor=world.ada)
    assert said(world, "api.yaml")["zone"] == "shop-prod"
    assert set(world.platform.scm.checkout(f"{REPO}@main", actor=world.ada)) == {"api.yaml"}
    world.cd.untrack("shop", actor=world.ada)
    world.deploy(2)
    assert said(world, "api.yaml")["model"] == "shop/churn@1"


def test_tracking_what_cannot_be_is_refused() -> None:
    world = tracked()
    for arguments in (("shop", "shop/none"), ("nothing", REPO)):
        with pytest.raises(MlplatError):
            world.cd.track(*arguments, actor=world.admin)
    with pytest.raises(AccessDenied):
        world.cd.track("shop", REPO, actor=world.bob)
    with pytest.raises(MlplatError):
        world.cd.track("shop", REPO, folder="../x", actor=world.ada)
    with pytest.raises(OptionError):
        world.cd.track("shop", 3, actor=world.ada)  # type: ignore[arg-type]


def test_a_pipeline_is_described_too_and_what_is_written_is_read_back() -> None:
    world = tracked()
    digest = world.places.publish(1).digest
    push(
        world,
        f"deployment: shop/retrain\nzone: shop-prod\npipeline: shop/train@{digest}\ntriggers: ['schedule:1d']\n",
        "deployments/retrain.yaml",
    )
    world.end(world.cd.history("shop/retrain", actor=world.ada)[-1])
    assert world.place.current is not None and world.place.current.triggers == ("schedule:86400",)
    desired = Desired("shop/api", "prod", "model", "shop/churn@1", "sha256:" + "1" * 64, 3, FAST, "", {"a": [1, {"b": None}]})
    found = read(to_yaml(desired), "shop/state@1:deployments/api.yaml")
    assert found.options["strategy"] == FAST and found.options["alias"] is None and found.options["options"] == {"a": (1, {"b": None})}


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a: " + b"x" * 300_000, b"a: 2026-99-99", b"{", b"a: b: c", b"\x00"])
def test_any_bytes_are_refused_with_the_path(content: bytes) -> None:
    with pytest.raises(InputError, match=r"api\.yaml"):
        read(content, "deployments/api.yaml")
