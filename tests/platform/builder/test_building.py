"""Images are built as workloads, published, and the same for the same content."""

from __future__ import annotations

from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import AccessDenied, InputError, OptionError, UnknownNameError
from mlplat.events import Event
from mlplat.platform.artifacts.referrers import ReferencedError
from mlplat.platform.automation.builder import Build, ImageBuilder, Package, PackageIndex, PackageLock

from ..states import differing, plain
from .worlds import FILES, INDEX, MANIFEST, REPO, World

MOVED = INDEX.moved([Package("numpy", "2.2.0", 64)], gone=[("numpy", "2.1.0")])


def test_a_build_runs_as_a_workload_and_publishes_an_image() -> None:
    world = World()
    commit = world.commit()
    begun = world.builder.build(f"{REPO}@main", actor=world.ada)
    assert begun.outcome.value == "running" and not begun.digest
    world.sim.run(until="1m")
    (build,) = world.builder.builds(REPO, actor=world.ada)
    assert (build.outcome.value, build.reason, build.layers, build.zone) == ("success", "COMPLETED", 2, "ada-dev")
    assert build.seconds == pytest.approx(5 + 1 + 62 / 20 + 1 + 1 / 100)
    version = world.images.resolve(f"{REPO}@{commit}", actor=world.ada)
    assert version.digest == build.digest == world.tag() and version.tags == (commit, "latest")
    assert dict(version.manifest.packages) == {"numpy": "2.1.0", "pip": "24.0"}
    assert version.manifest.labels == {"lock": build.lock} and version.manifest.entry == "python train.py"
    (workload,) = world.events("workload.submitted")
    assert workload.actor == world.ada.id and world.sim.log[workload.cause].predicate == "build.queued"  # type: ignore[index]
    told = [event.predicate for event in world.sim.log if event.predicate.startswith("build.") or event.predicate == "artifact.published"]
    assert told[-4:] == ["build.queued", "build.started", "artifact.published", "build.finished"]
    assert world.sim.log.check() == []


def test_the_image_is_linked_with_commit_base_and_lock() -> None:
    world = World()
    commit = world.commit()
    build = world.built()
    upstream = world.metadata.upstream(f"image:{build.reference}", actor=world.ada)
    base = world.images.resolve("shop/python@3.11", actor=world.ada)
    assert set(upstream.nodes) == {f"repo:{REPO}@{commit}", base.resource}
    assert [event.data["role"] for event in world.events("metadata.recorded") if event.data["what"] == "link"] == ["code", "base"]
    lock = world.builder.lock(f"{REPO}@{commit}", actor=world.ada)
    assert lock.digest == build.lock and lock.versions == {"numpy": "2.1.0"} and lock.base == base.reference


def test_s89_a2_1_two_builds_at_different_times_nodes_and_principals_give_one_digest() -> None:
    world = World()
    world.commit()
    first = world.built()
    world.sim.run(until="2d")
    again = world.built(actor=world.bob)
    assert again.digest == first.digest and again.cached and again.seconds == 0.0 and again.ended_s == again.created_s
    other = World("1x64cpu", seed=99, epoch="2031-05-06T00:00:00Z")
    other.sim.run(until="5h")
    other.commit(actor=other.bob)
    there = other.built(actor=other.bob)
    assert there.digest == first.digest and there.commit != first.commit and not there.cached


def test_another_commit_with_the_same_content_has_the_same_image() -> None:
    world = World()
    world.commit()
    first = world.built()
    second = world.commit({"README.md": "# other\n"})
    build = world.built()
    assert build.digest == first.digest and build.cached and build.key == first.key
    assert world.images.resolve(f"{REPO}@{second}", actor=world.ada).digest == first.digest


def test_s88_a2_2_rebuilding_from_the_lock_is_equal_and_from_the_manifest_differs_and_says_which_package() -> None:
    world = World()
    commit = world.commit()
    first = world.built()
    lock = world.builder.lock(f"{REPO}@{commit}", actor=world.ada)
    world.builder.set_index(MOVED, actor=world.admin)
    assert world.built(lock=lock).digest == world.built(lock=lock.to_bytes()).digest == world.built().digest == first.digest
    anew = world.built(anew=True)
    assert anew.digest != first.digest and [tuple(change) for change in anew.changes] == [("numpy", "2.1.0", "2.2.0")]
    assert "numpy 2.1.0 -> 2.2.0" in str(anew)
    kept = world.commit({"image.lock": lock.to_bytes()})
    assert world.built(f"{REPO}@{kept}").digest == first.digest


def test_s88_elsewhere_the_lock_file_of_the_commit_gives_the_same_digest() -> None:
    world = World()
    world.commit()
    first = world.built()
    lock = world.builder.lock(f"{REPO}@main", actor=world.ada)
    other = World()
    other.builder.set_index(MOVED, actor=other.admin)
    other.commit({**FILES, "image.lock": lock.to_bytes()})
    assert other.built().digest == first.digest


def test_a2_3_changing_the_last_layer_rebuilds_only_it() -> None:
    world = World()
    world.commit()
    first = world.built()
    world.commit({"train.py": "print(2)\n"})
    second = world.built()
    assert (first.layers, second.layers) == (2, 1) and second.seconds == pytest.approx(5 + 1 + 0.01)
    ours, theirs = (world.images.resolve(each.reference, actor=world.ada).layers for each in (first, second))
    assert ours[:2] == theirs[:2] and ours[2] != theirs[2]


def test_a2_4_an_image_that_a_lineage_record_names_is_not_deleted() -> None:
    world = World()
    world.commit()
    build = world.built()
    world.metadata.record("shop/r1", image=f"image:{build.reference}", code=f"{REPO}@{build.commit}", actor=world.ada)
    with pytest.raises(ReferencedError, match="run:shop/r1"):
        world.images.delete(build.reference, actor=world.ada)


def test_an_image_that_nothing_was_run_in_can_be_deleted_and_is_built_again() -> None:
    world = World()
    world.commit()
    build = world.built()
    world.images.delete(build.reference, actor=world.ada)
    again = world.built()
    assert again.digest == build.digest and again.cached and world.tag() == build.digest


def test_s87_a_wrong_manifest_ends_in_failure_with_its_line_and_publishes_nothing() -> None:
    """IP-2 T."""
    world = World()
    world.commit()
    first = world.built()
    world.commit({"image.yaml": MANIFEST.replace("- numpy>=2", "- nunpy")})
    published = len(world.events("artifact.published", "alias.moved", "workload.submitted"))
    build = world.built()
    assert (build.outcome.value, build.reason, build.line, build.digest) == ("failure", "BAD_MANIFEST", 3, "")
    assert "image.yaml, line 3" in build.error and "did you mean 'numpy'" in build.error
    assert world.tag() == first.digest
    assert len(world.events("artifact.published", "alias.moved", "workload.submitted")) == published
    (finished,) = [event for event in world.events("build.finished") if event.data["outcome"] == "failure"]
    assert finished.data["line"] == 3 and finished.data["reason"] == "BAD_MANIFEST"


@pytest.mark.parametrize(
    ("manifest", "line"), [("base: shop/python@3.12\n", 1), ("entry: x\nbase: shop/nothing@1\n", 2), ("files: [x]\n", 1), ("3\n", 1)]
)
def test_a_base_or_file_that_is_not_there_is_named_with_the_line(manifest: str, line: int) -> None:
    world = World()
    world.commit({"image.yaml": manifest})
    build = world.built()
    assert (build.outcome.value, build.line) == ("failure", line)


def test_a_private_base_is_refused_by_its_name_before_anything_happens() -> None:
    world = World()
    world.images.publish("lab/private", world.images.manifest("shop/python@3.11", actor=world.admin), tags=["1"], actor=world.carl)
    world.commit({**FILES, "image.yaml": MANIFEST.replace("shop/python@3.11", "lab/private@1")})
    before = plain(world.builder._catalogue), len(world.sim.log)
    with pytest.raises(AccessDenied, match="image:lab/private@1"):
        world.builder.build(f"{REPO}@main", actor=world.ada)
    assert plain(world.builder._catalogue) == before[0]
    assert [event.predicate for event in world.sim.log[before[1] :]] == ["access.denied"]


@pytest.mark.parametrize(("who", "resource"), [("carl", "repo:shop/churn@main"), ("vera", "image:shop/churn")])
def test_who_may_not_read_the_code_or_write_the_image_builds_nothing(who: str, resource: str) -> None:
    world = World()
    world.vera = world._user("vera")  # type: ignore[attr-defined]
    world.identity.add_member("shop", world.vera, "viewer", actor=world.ada)  # type: ignore[attr-defined]
    world.commit()
    before = len(world.sim.log)
    with pytest.raises(AccessDenied, match=resource):
        world.builder.build(f"{REPO}@main", actor=getattr(world, who))
    assert [event.predicate for event in world.sim.log[before:]] == ["access.denied"]


def test_somebody_elses_zone_is_refused_and_who_has_none_is_asked_for_one() -> None:
    world = World()
    world.commit()
    with pytest.raises(AccessDenied, match="zone:bob-dev"):
        world.builder.build(f"{REPO}@main", zone="bob-dev", actor=world.ada)
    with pytest.raises(OptionError, match="no development zone; expected zone="):
        world.builder.build(f"{REPO}@main", actor=world.admin)
    world.zones.create_deployment("shop", "shop-prod", {"cpus": 1}, {"cpus": 4}, actor=world.admin)
    assert world.built(zone="shop-prod").zone == "shop-prod"


def test_a_right_that_is_lost_while_it_is_built_publishes_nothing() -> None:
    world = World()
    world.commit(actor=world.bob)
    build = world.builder.build(f"{REPO}@main", actor=world.bob)
    world.sim.run(until="3s")
    world.identity.remove_member("shop", world.bob, actor=world.ada)
    world.sim.run(until="1m")
    (build,) = world.builder.builds(REPO, actor=world.ada)
    assert (build.outcome.value, build.reason, build.digest) == ("failure", "ACCESS_DENIED", "")
    with pytest.raises(UnknownNameError):
        world.tag()


def test_a_lock_that_is_none_is_refused() -> None:
    world = World()
    world.commit()
    with pytest.raises(InputError, match=r"image\.lock"):
        world.builder.build(f"{REPO}@main", lock=b"{}", actor=world.ada)
    for wrong in ({"lock": 3}, {"lock": PackageLock(), "anew": True}):
        with pytest.raises(OptionError, match="lock: expected"):
            world.builder.build(f"{REPO}@main", actor=world.ada, **wrong)  # type: ignore[arg-type]
    assert world.built(lock=PackageLock()).line == 3


def test_plan_says_what_would_be_built_and_does_nothing() -> None:
    world = World()
    world.commit()
    before = len(world.sim.log)
    plan = world.builder.plan(f"{REPO}@main", actor=world.ada)
    assert len(world.sim.log) == before
    assert world.built().digest == plan.image.digest and plan.key
    world.commit({"image.yaml": "entyr: x"})
    with pytest.raises(InputError, match="line 1"):
        world.builder.plan(f"{REPO}@main", actor=world.ada)


def test_two_builds_of_the_same_at_once_are_one_work() -> None:
    world = World()
    world.commit()
    builds = [world.builder.build(f"{REPO}@main", actor=who) for who in (world.ada, world.bob)]
    assert [each.over for each in builds] == [False, False]
    world.sim.run(until="1m")
    one, two = world.builder.builds(REPO, actor=world.ada)
    assert one.digest == two.digest and (one.cached, two.cached) == (False, True) and one.ended_s == two.ended_s
    assert len(world.events("workload.submitted")) == 1


def test_a_tag_that_does_not_move_is_a_failure() -> None:
    world = World()
    world.commit()
    first = world.built()
    world.images.fix_tags(REPO, ["latest"], actor=world.ada)
    world.commit({"train.py": "print(2)\n"})
    build = world.built()
    assert (build.outcome.value, build.reason) == ("failure", "RAISED") and "does not move" in build.error
    assert world.tag() == first.digest and len(world.images.list("shop", actor=world.ada)) == 2


def test_n_a_node_that_dies_mid_way_lets_it_be_built_elsewhere_with_the_same_digest() -> None:
    """IP-2 N."""
    calm, world = World(), World()
    calm.commit(), world.commit()
    expected = calm.built().digest
    world.builder.build(f"{REPO}@main", actor=world.ada)
    world.sim.run(until="3s")
    (started,) = world.events("build.started")
    world.cluster.hardware.crash(started.data["nodes"][0])
    world.sim.run(until="10m")
    (build,) = world.builder.builds(REPO, actor=world.ada)
    assert (build.outcome.value, build.digest) == ("success", expected)
    assert [event.data["attempt"] for event in world.events("build.started")] == [1, 2]
    assert len([event for event in world.events("artifact.published") if event.data.get("digest") == expected]) == 1
    chain = [event.predicate for event in world.sim.log.causes(world.events("build.started")[1])]
    assert "node.unavailable" in chain and world.sim.log.check() == []


def test_n_after_the_last_try_it_is_an_error_and_never_a_failure() -> None:
    world = World("1x8cpu")
    world.commit()
    crash_at_each_start(world)
    build = world.built()
    assert (build.outcome.value, build.reason, build.digest) == ("error", "NODE_LOST", "")
    assert len(world.events("build.started")) == 4
    assert [event.data["outcome"] for event in world.events("build.finished")] == ["error"]
    assert [event for event in world.events("artifact.published") if event.subject.startswith(f"image:{REPO}")] == []


def crash_at_each_start(world: World) -> None:
    """Whatever node a build starts on dies a second later, and comes back."""

    def crash(event: Event) -> None:
        (node,) = event.data["nodes"]
        world.sim.after("1s", world.cluster.hardware.crash, node)
        world.sim.after("2m", world.cluster.hardware.restore, node)

    world.sim.log.subscribe("build.started", crash)


def test_q_it_waits_while_the_zone_is_full() -> None:
    """IP-2 Q."""
    world = World(limit={"cpus": 1})
    world.commit()
    world.zones.submit("ada-dev", mp.Workload("busy", {"cpus": 1}, duration="10m"), actor=world.ada)
    world.builder.build(f"{REPO}@main", actor=world.ada)
    world.sim.run(until="9m")
    assert not world.builder.builds(REPO, actor=world.ada)[0].over
    world.sim.run(until="11m")
    build = world.builder.builds(REPO, actor=world.ada)[0]
    assert build.outcome.value == "success" and build.ended_s == pytest.approx(600 + build.seconds, abs=5)


def enabled(**options: Any) -> World:
    world = World(**options)
    world.builder.enable(REPO, world.robot, actor=world.ada)
    return world


def test_s87_a_pushed_manifest_leads_to_a_published_image_without_a_person() -> None:
    world = enabled()
    commit = world.commit(actor=world.bob)
    world.sim.run(until="1m")
    version = world.images.resolve(f"{REPO}@{commit}", actor=world.ada)
    assert version.creator == world.robot.id and commit in version.tags
    (build,) = world.builder.builds(REPO, actor=world.ada)
    assert (build.creator, build.on_behalf_of, build.zone) == (world.robot.id, world.bob.id, "bob-dev")
    (workload,) = world.events("workload.submitted")
    assert workload.actor == world.bob.id
    chain = [event.predicate for event in world.sim.log.causes(world.events("build.finished")[0])]
    assert chain[-1] == "commit.pushed" and "build.queued" in chain
    assert world.events("build.queued")[0].data["on_behalf_of"] == world.bob.id


def test_a_commit_is_built_once_whatever_branches_it_is_on() -> None:
    world = enabled()
    world.commit()
    world.scm.create_branch(REPO, "side", actor=world.ada)
    world.sim.run(until="1m")
    world.scm.create_branch(REPO, "later", actor=world.ada)
    world.sim.run(until="2m")
    assert len(world.builder.builds(REPO, actor=world.ada)) == 1


def test_a_push_without_a_manifest_or_after_it_was_switched_off_builds_nothing() -> None:
    world = enabled()
    world.commit({"README.md": "# x\n"})
    world.builder.disable(REPO, actor=world.ada)
    world.commit()
    world.sim.run(until="1m")
    assert world.builder.builds(REPO, actor=world.ada) == ()
    with pytest.raises(UnknownNameError):
        world.builder.disable(REPO, actor=world.ada)


def test_a_push_by_somebody_without_a_zone_ends_in_error() -> None:
    world = enabled()
    world.commit(actor=world.admin)
    world.sim.run(until="1m")
    (build,) = world.builder.builds(REPO, actor=world.ada)
    assert (build.outcome.value, build.reason) == ("error", "NO_ZONE")


def test_pushes_are_charged_to_the_zone_that_is_said() -> None:
    world = World()
    world.zones.create_deployment("shop", "shop-ci", {"cpus": 1}, {"cpus": 4}, actor=world.admin)
    world.identity.grant(world.robot, "deploy", "zone:shop/shop-ci", actor=world.ada)
    world.builder.enable(REPO, world.robot, zone="shop-ci", actor=world.ada)
    world.commit(actor=world.admin)
    world.sim.run(until="1m")
    (build,) = world.builder.builds(REPO, actor=world.ada)
    assert (build.outcome.value, build.zone) == ("success", "shop-ci")


def test_p_an_account_that_lost_its_right_builds_nothing_and_says_so() -> None:
    world = enabled()
    world.identity.add_member("shop", world.robot, "viewer", actor=world.ada)
    world.commit()
    world.sim.run(until="1m")
    (build,) = world.builder.builds(REPO, actor=world.ada)
    assert (build.outcome.value, build.reason) == ("failure", "ACCESS_DENIED")
    assert world.events("access.denied")[-1].data["resource"] == "image:shop/churn"
    world.identity.remove_member("shop", world.robot, actor=world.ada)
    world.commit({"train.py": "print(5)\n"})
    world.identity.delete(world.robot, actor=world.admin)
    world.commit({"train.py": "print(6)\n"})
    assert len(world.builder.builds(REPO, actor=world.ada)) == 1


def test_only_a_service_account_of_the_project_is_taken() -> None:
    world = World()
    stranger = world.identity.create_service_account("lab", "robot2", actor=world.carl)
    for account in (world.bob, stranger):
        with pytest.raises(OptionError, match="service account of project shop"):
            world.builder.enable(REPO, account, actor=world.ada)
    with pytest.raises(AccessDenied):
        world.builder.enable(REPO, world.robot, actor=world.bob)
    with pytest.raises(UnknownNameError):
        world.builder.enable("shop/other", world.robot, actor=world.ada)


def again(world: World) -> ImageBuilder:
    """A builder over what was written down of all this, as on another day."""
    store = world.platform.store
    sim = mp.Simulation()
    sim.run(until=world.sim.now)
    return mp.Platform(sim, store=store).builder


def test_a_builder_that_is_opened_again_stands_where_it_stood() -> None:
    world = enabled()
    world.commit()
    world.sim.run(until="1m")
    world.commit({"image.yaml": "3"})
    found = again(world)
    assert differing(plain(found._catalogue), plain(world.builder._catalogue)) == ""
    assert found.index(actor=world.admin) == INDEX
    build = found.build(f"{REPO}@{world.builder.builds(REPO, actor=world.ada)[0].commit}", actor=world.ada)
    assert build.cached


def test_what_was_under_way_when_it_was_closed_has_ended_in_error() -> None:
    world = World()
    world.commit()
    world.builder.build(f"{REPO}@main", actor=world.ada)
    (build,) = again(world).builds(REPO, actor=world.ada)
    assert (build.outcome.value, build.reason) == ("error", "INTERRUPTED")
    assert "the platform was closed meanwhile" in str(build)


def test_without_a_cluster_a_build_takes_its_time_and_no_more() -> None:
    platform = mp.Platform()
    ada = platform.identity.create_user("ada", actor=platform.admin)
    platform.identity.create_project("shop", owner=ada, actor=platform.admin)
    platform.scm.create_repository(REPO, actor=ada)
    platform.scm.commit(REPO, "main", {"image.yaml": "packages: [numpy]\n"}, "first", actor=ada)
    builder = platform.builder
    build: Build = builder.build(f"{REPO}@main", actor=ada)
    build = platform.sim.run(until=builder.wait(REPO, build.number, actor=ada))
    assert build.outcome.value == "success" and platform.sim.now == build.seconds == pytest.approx(5 + 1 + 70 / 20)


def test_the_index_is_moved_by_administrators_only() -> None:
    world = World()
    assert world.builder.index(actor=world.carl) == INDEX
    with pytest.raises(AccessDenied):
        world.builder.set_index(PackageIndex(), actor=world.ada)
    with pytest.raises(OptionError):
        world.builder.set_index([], actor=world.admin)  # type: ignore[arg-type]
    assert world.events("scenario.changed")[-1].data["kind"] == "package_index"


def test_unknown_builds_and_locks_are_told() -> None:
    world = World()
    world.commit()
    for number in (0, 1, -1, "1", True):
        with pytest.raises(UnknownNameError):
            world.builder.wait(REPO, number, actor=world.ada)  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="lock of a build"):
        world.builder.lock(f"{REPO}@main", actor=world.ada)
