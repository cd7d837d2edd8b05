"""Continuous integration: what is pushed is tested, its status stands on the commit, and members are told."""

from __future__ import annotations

import pytest

import mlplat as mp
from mlplat.errors import AccessDenied, OptionError, UnknownNameError
from mlplat.platform.artifacts.scm import MergeConflict, MoveRefused
from mlplat.platform.automation.ci import CIRun

from ..builder.worlds import REPO
from ..states import differing, plain
from .worlds import FILES, WRONG, World


def ended(world: World, until: str = "1h") -> CIRun:
    world.sim.run(until=world.sim.now + mp.units.seconds(until))
    return world.last()


def test_s71_a1_1_from_push_to_status_without_a_call_between() -> None:
    world = World()
    commit = world.commit(actor=world.bob)
    assert world.status(commit).outcome == "pending"
    run = ended(world)
    assert (run.outcome.value, run.reason, run.passed, run.failed) == ("success", "PASSED", ("test_prices.py::test_price",), ())
    status = world.status(commit)
    assert (status.outcome, status.reporter) == ("success", world.robot.id)
    assert (run.zone, run.on_behalf_of, run.creator, run.branch) == ("bob-dev", world.bob.id, world.robot.id, "main")
    told = [event.predicate for event in world.sim.log if event.source == "ci" and event.predicate != "metadata.recorded"]
    assert told == [
        "pipelinerun.queued",
        "pipelinerun.started",
        "testsuiterun.started",
        "testcaserun.finished",
        "testsuiterun.finished",
        "pipelinerun.finished",
    ]
    assert world.events("status.reported")[-1].id > world.events("pipelinerun.finished")[-1].id
    (pushed,) = world.events("commit.pushed")
    for event in world.sim.log:
        if event.source == "ci" and event.predicate != "metadata.recorded":
            assert event.actor == world.robot.id and event.data["on_behalf_of"] == world.bob.id
            assert pushed in world.sim.log.causes(event)
    (workload,) = world.events("workload.submitted")
    assert workload.actor == world.bob.id and world.sim.log.check() == []


def test_s68_the_image_is_that_of_the_commit_and_the_status_names_each_test() -> None:
    world = World()
    files = {**FILES, "test_more.py": "def test_a(): pass\ndef test_b():\n    print('hello')\n    assert 1 > 2, 'order'\n"}
    commit = world.commit(files)
    run = ended(world)
    base = world.images.resolve("shop/python@3.11", actor=world.ada)
    assert run.image == base.reference and (run.outcome.value, run.reason) == ("failure", "TESTS_FAILED")
    assert world.status(commit).description.splitlines() == [
        "1 of 3 tests failed",
        "test_more.py::test_b failed: AssertionError: order (test_more.py, line 4)",
        "test_more.py::test_a passed",
        "test_prices.py::test_price passed",
    ]
    assert [(each.name, each.output) for each in world.ci.results(REPO, run.number, actor=world.ada) if each.output] == [
        ("test_more.py::test_b", "hello\n")
    ]
    told = [(event.data["outcome"], event.subject) for event in world.events("testcaserun.finished")]
    assert [outcome for outcome, _ in told] == ["passed", "failed", "passed"]


def test_s68_each_commit_is_tested_with_its_own_code() -> None:
    world = World()
    good = world.commit()
    world.sim.run(until="5s")
    bad = world.commit(WRONG)
    world.sim.run(until="7s")
    right = world.commit({"prices.py": FILES["prices.py"]})
    world.sim.run(until="1h")
    assert [world.status(each).outcome for each in (good, bad, right)] == ["success", "failure", "success"]


def test_ip1_the_image_of_the_manifest_is_built_first_and_once() -> None:
    world = World()
    manifest = "base: shop/python@3.11\npackages: [numpy]\n"
    commit = world.commit({**FILES, "ci.yaml": "image: image.yaml\n", "image.yaml": manifest})
    run = ended(world)
    (build,) = world.builder.builds(REPO, actor=world.ada)
    assert run.outcome.value == "success" and run.image == build.reference and build.commit == commit
    assert (build.creator, build.on_behalf_of, build.zone) == (world.robot.id, world.ada.id, "ada-dev")
    order = [event.predicate for event in world.sim.log]
    assert (
        order.index("pipelinerun.queued") < order.index("build.queued") < order.index("build.finished") < order.index("pipelinerun.started")
    )
    world.commit({"README.md": "# more\n"})
    assert ended(world).outcome.value == "success"
    assert [each.cached for each in world.builder.builds(REPO, actor=world.ada)] == [False, True]


def test_with_the_builder_at_pushes_too_there_is_one_build() -> None:
    world = World()
    world.builder.enable(REPO, world.robot, actor=world.ada)
    world.commit({**FILES, "ci.yaml": "image: image.yaml\n", "image.yaml": "packages: [numpy]\n"})
    assert ended(world).outcome.value == "success"
    assert len(world.builder.builds(REPO, actor=world.ada)) == 1


def test_t_an_image_that_cannot_be_built_is_a_failure_that_names_the_line() -> None:
    world = World()
    commit = world.commit({**FILES, "ci.yaml": "image: image.yaml\n", "image.yaml": "packages:\n- nunpy\n"})
    run = ended(world)
    assert (run.outcome.value, run.reason, run.tries) == ("failure", "BUILD_FAILED", 0)
    assert "image.yaml, line 2" in world.status(commit).description


@pytest.mark.parametrize(
    ("files", "reason", "said"),
    [
        ({"ci.yaml": "timeout: soon\n"}, "BAD_DEFINITION", "ci.yaml, line 1"),
        ({"ci.yaml": "tests: [nothing/*]\n"}, "NO_TESTS", "looked in nothing/*"),
        ({"ci.yaml": "image: shop/python@4\n"}, "BAD_DEFINITION", "shop/python@4"),
        ({"ci.yaml": "request: {gpus: 9}\n"}, "REJECTED", ""),
        ({"ci.yaml": "request: {cpus: 5}\n"}, "REJECTED", ""),
    ],
)
def test_t_what_is_wrong_with_the_definition_is_a_failure(files: dict[str, str], reason: str, said: str) -> None:
    world = World(limit={"cpus": 4, "gpus": 20})
    commit = world.commit({**FILES, **files})
    run = ended(world)
    assert (run.outcome.value, run.reason) == ("failure", reason) and said in world.status(commit).description
    assert world.events("testcaserun.finished") == []


def test_a_commit_without_a_definition_or_in_another_repository_is_not_tested() -> None:
    world = World()
    world.commit({"README.md": "# x\n"})
    world.scm.create_repository("shop/other", actor=world.ada)
    world.scm.commit("shop/other", "main", FILES, "x", actor=world.ada)
    world.ci.disable(REPO, actor=world.ada)
    world.commit()
    world.sim.run(until="1h")
    assert world.runs() == () and world.events("workload.submitted") == []
    with pytest.raises(UnknownNameError):
        world.ci.disable(REPO, actor=world.ada)


def test_s71_a_newer_push_supersedes_a_run_that_waits() -> None:
    world = World(limit={"cpus": 1})
    world.zones.submit("ada-dev", mp.Workload("busy", {"cpus": 1}, duration="10m"), actor=world.ada)
    old = world.commit()
    world.sim.run(until="1m")
    new = world.commit({"README.md": "# x\n"})
    world.sim.run(until="2m")
    first, second = world.runs()
    assert (first.outcome.value, first.reason, world.status(old).outcome) == ("cancelled", "SUPERSEDED", "cancelled")
    assert not second.over and world.status(new).outcome == "pending"
    world.sim.run(until="1h")
    assert world.status(new).outcome == "success"
    (finished,) = [event for event in world.events("pipelinerun.finished") if event.data["outcome"] == "cancelled"]
    assert world.sim.log.causes(finished)[-1].predicate == "commit.pushed"
    assert world.events("testcaserun.finished")[0].subject.startswith(f"testcaserun:{REPO}/ci-2/")


def test_a_run_that_is_at_work_is_not_superseded() -> None:
    world = World()
    old = world.commit()
    world.sim.run(until="5s")
    assert world.events("pipelinerun.started")
    new = world.commit({"README.md": "# x\n"})
    world.sim.run(until="1h")
    assert (world.status(old).outcome, world.status(new).outcome) == ("success", "success")


def test_another_branch_keeps_a_run_from_being_superseded() -> None:
    world = World(limit={"cpus": 1})
    world.zones.submit("ada-dev", mp.Workload("busy", {"cpus": 1}, duration="10m"), actor=world.ada)
    old = world.commit()
    world.scm.create_branch(REPO, "release", actor=world.ada)
    world.commit({"README.md": "# x\n"})
    world.sim.run(until="1h")
    assert world.status(old).outcome == "success" and len(world.runs()) == 2


def test_a_run_is_superseded_while_its_image_is_built() -> None:
    world = World()
    old = world.commit({**FILES, "ci.yaml": "image: image.yaml\n", "image.yaml": "packages: [numpy]\n"})
    world.sim.run(until="3s")
    new = world.commit({"README.md": "# x\n"})
    world.sim.run(until="1h")
    assert (world.status(old).outcome, world.status(new).outcome) == ("cancelled", "success")
    assert [run.tries for run in world.runs()] == [0, 1]


def test_a1_3_a_commit_that_appears_on_a_second_branch_is_not_tested_again() -> None:
    world = World()
    commit = world.commit()
    world.scm.create_branch(REPO, "meanwhile", actor=world.ada)
    world.sim.run(until="1h")
    world.scm.create_branch(REPO, "later", actor=world.bob)
    world.scm.push(REPO, "again", commit, actor=world.bob)
    world.sim.run(until="2h")
    assert len(world.runs()) == 1 and len(world.events("pipelinerun.queued")) == 1
    assert world.status(commit).outcome == "success"


def test_ip1_a_result_from_elsewhere_stands() -> None:
    """Enter at 5: with test results made elsewhere."""
    world = World(on=False)
    commit = world.commit()
    world.scm.set_status(f"{REPO}@{commit}", "success", description="on our own machine", actor=world.ada)
    world.ci.enable(REPO, world.robot, actor=world.ada)
    world.scm.create_branch(REPO, "later", actor=world.ada)
    world.sim.run(until="1h")
    assert world.runs() == () and world.status(commit).reporter == world.ada.id


def test_ip1_an_imported_commit_is_tested_by_hand() -> None:
    """Enter at 3: with an imported commit."""
    world, other = World(on=False), World(on=False)
    commit = other.commit()
    bundle = other.scm.objects(f"{REPO}@{commit}", actor=other.ada)
    world.scm.import_objects(REPO, bundle, actor=world.bob)
    run = world.ci.run(f"{REPO}@{commit}", actor=world.bob)
    assert world.sim.run(until=world.ci.wait(REPO, run.number, actor=world.bob)).outcome.value == "success"
    assert (world.status(commit).reporter, world.last().zone, world.last().branch) == (world.bob.id, "bob-dev", "")


def protected() -> World:
    world = World()
    world.commit()
    world.sim.run(until="1h")
    world.scm.protect(REPO, "main", contexts=["ci"], reporters=[world.robot], actor=world.ada)
    return world


def test_t_a_red_commit_cannot_be_merged_and_the_status_names_test_and_commit() -> None:
    """IP-1 T."""
    world = protected()
    world.scm.create_branch(REPO, "work", actor=world.bob)
    red = world.commit(WRONG, "work", world.bob)
    run = ended(world)
    assert run.outcome.value == "failure" and run.commit == red and run.failed == ("test_prices.py::test_price",)
    with pytest.raises(MoveRefused, match="STATUS_RED"):
        world.scm.merge(REPO, "main", "work", actor=world.ada)
    assert "test_prices.py::test_price failed" in world.status(red).description
    assert f"{REPO}@{red[:7]}" in world.inbox.messages(actor=world.ada)[-1].text


def test_a1_2_two_green_branches_whose_merge_is_red_cannot_be_merged() -> None:
    world = protected()
    for branch in ("callers", "callee"):
        world.scm.create_branch(REPO, branch, "main", actor=world.ada)
    world.commit(
        {"shop.py": "from prices import price\n", "test_shop.py": "import shop\ndef test_shop(): assert shop.price(1)\n"}, "callers"
    )
    test = "from prices import gross\ndef test_price():\n    assert gross(10) == 12\n"
    world.commit({"prices.py": "def gross(net):\n    return net + 2\n", "test_prices.py": test}, "callee")
    world.sim.run(until="2h")
    heads = world.scm.branches(REPO, actor=world.ada)
    assert {world.status(heads[branch]).outcome for branch in ("callers", "callee")} == {"success"}
    assert world.scm.merge(REPO, "main", "callers", actor=world.ada) == heads["callers"]
    with pytest.raises(MoveRefused, match="CANDIDATE_MISSING"):
        world.scm.merge(REPO, "main", "callee", actor=world.ada)
    candidate = world.scm.prepare_merge(REPO, "main", "callee", actor=world.ada)
    with pytest.raises(MoveRefused, match="STATUS_MISSING"):
        world.scm.merge(REPO, "main", "callee", actor=world.ada)
    world.sim.run(until="3h")
    assert world.status(candidate).outcome == "failure"
    with pytest.raises(MoveRefused, match="STATUS_RED"):
        world.scm.merge(REPO, "main", "callee", actor=world.ada)
    assert world.scm.branches(REPO, actor=world.ada)["main"] == heads["callers"]


def test_a_change_has_its_merge_tested_for_who_proposed_it() -> None:
    world = protected()
    world.scm.create_branch(REPO, "work", actor=world.bob)
    world.commit({"README.md": "# x\n"}, "work", world.bob)
    world.sim.run(until="2h")
    change = world.scm.create_change(REPO, "work", "main", "Say more", actor=world.bob)
    run = ended(world)
    assert (run.outcome.value, run.zone, run.branch, run.on_behalf_of) == ("success", "bob-dev", "", world.bob.id)
    merged = world.scm.merge_change(REPO, change.number, actor=world.ada)
    assert merged.merged == run.commit


def test_a_change_is_tested_again_when_either_branch_moves() -> None:
    world = protected()
    world.scm.unprotect(REPO, "main", actor=world.ada)
    world.scm.create_branch(REPO, "work", actor=world.bob)
    world.commit({"README.md": "# x\n"}, "work", world.bob)
    world.scm.create_change(REPO, "work", "main", "Say more", actor=world.bob)
    world.sim.run(until="2h")
    candidates = [run for run in world.runs() if not run.branch]
    world.commit({"prices.py": "def price(net):\n    return 2 + net\n"}, "main")
    world.commit({"README.md": "# y\n"}, "work", world.bob)
    world.sim.run(until="3h")
    after = [run for run in world.runs() if not run.branch]
    assert len(candidates) == 1 and len(after) == 3 and {run.on_behalf_of for run in after} == {world.bob.id}
    assert [run.outcome.value for run in after] == ["success", "cancelled", "success"]  # both branches moved in one instant


def test_what_a_change_was_before_is_not_tested_any_more_when_it_moves_on() -> None:
    world = World(limit={"cpus": 1})
    world.commit()
    world.scm.create_branch(REPO, "work", actor=world.bob)
    world.sim.run(until="1m")
    world.zones.submit("bob-dev", mp.Workload("busy", {"cpus": 1}, duration="10m"), actor=world.bob)
    world.commit({"README.md": "# x\n"}, "work", world.bob)
    world.scm.create_change(REPO, "work", "main", "Say more", actor=world.bob)
    world.sim.run(until="2m")
    world.commit({"README.md": "# y\n"}, "work", world.bob)
    world.sim.run(until="1h")
    ends = [(run.branch, run.outcome.value) for run in world.runs()[1:]]
    assert ends == [("work", "cancelled"), ("", "cancelled"), ("work", "success"), ("", "success")]


def test_names_that_a_terminal_would_obey_are_told_without_it() -> None:
    world = World()
    name = "test_\x1b[2J.py"
    commit = world.commit({"ci.yaml": "", name: "def test_a(): assert False, '\\x1b[2J'\n"})
    run = ended(world)
    assert run.failed == ("test_?[2J.py::test_a",) and world.status(commit).description.splitlines()[1].isprintable()
    assert all(
        text.isprintable() for event in world.sim.log if event.source == "ci" for text in (event.subject, *map(str, event.data.values()))
    )
    assert world.ci.results(REPO, run.number, actor=world.ada)[0].name == f"{name}::test_a"


def test_a_change_in_conflict_is_nobodys_run() -> None:
    world = protected()
    world.scm.unprotect(REPO, "main", actor=world.ada)
    world.scm.create_branch(REPO, "work", actor=world.bob)
    world.commit({"prices.py": "def price(net): return 2 + net\n"}, "work", world.bob)
    world.commit({"prices.py": "def price(net): return net + 1 + 1\n"}, "main")
    world.sim.run(until="2h")
    before = len(world.runs())
    world.scm.create_change(REPO, "work", "main", "Conflict", actor=world.bob)
    world.sim.run(until="3h")
    assert len(world.runs()) == before
    with pytest.raises(MergeConflict):
        world.scm.prepare_merge(REPO, "main", "work", actor=world.ada)


def test_s70_each_member_is_told_once_and_outsiders_are_not() -> None:
    world = World()
    team = world.identity.create_group("team", [world.bob, world._user("dora")], actor=world.admin)
    world.identity.add_member("shop", team, "viewer", actor=world.ada)
    dora = next(each for each in world.identity.principals(actor=world.admin) if each.name == "dora")
    commit = world.commit()
    run = ended(world)
    for who in (world.ada, world.bob, dora):
        (message,) = world.inbox.messages(actor=who)
        assert (message.project, message.about, message.time, message.sender) == ("shop", run.subject, run.ended_s, world.robot.id)
        assert "success" in message.text and commit[:7] in message.text and "test_prices.py::test_price passed" in message.text
    for who in (world.carl, world.admin, world.robot):
        assert world.inbox.messages(actor=who) == ()


def test_s69_n_a_node_lost_during_tests_leads_to_another_try() -> None:
    world = World()
    commit = world.commit()
    world.sim.run(until="5s")
    (started,) = world.events("pipelinerun.started")
    world.cluster.hardware.crash(started.data["nodes"][0])
    run = ended(world)
    assert (run.outcome.value, run.tries, world.status(commit).outcome) == ("success", 2, "success")
    assert [event.data["attempt"] for event in world.events("testsuiterun.started")] == [1, 2]
    assert len(world.events("testcaserun.finished")) == len(world.events("pipelinerun.started")) == 1
    chain = [event.predicate for event in world.sim.log.causes(world.events("testsuiterun.started")[1])]
    assert "node.unavailable" in chain and "node.failed" in chain


def test_s69_n_after_the_last_try_it_is_an_error_and_the_merge_is_refused() -> None:
    world = protected()
    world.scm.create_branch(REPO, "work", actor=world.bob)

    def crash(event: mp.events.Event) -> None:
        world.sim.after("1s", world.cluster.hardware.crash, "node-0")
        world.sim.after("1s", world.cluster.hardware.crash, "node-1")
        world.sim.after("2m", world.cluster.hardware.restore, "node-0")
        world.sim.after("2m", world.cluster.hardware.restore, "node-1")

    world.sim.log.subscribe("testsuiterun.started", crash)
    commit = world.commit(WRONG, "work", world.bob)
    run = ended(world)
    assert (run.outcome.value, run.reason, run.tries) == ("error", "NODE_LOST", 3)
    status = world.status(commit)
    assert status.outcome == "error" and status.description.startswith("NODE_LOST: its node was lost")
    with pytest.raises(MoveRefused, match="STATUS_RED"):
        world.scm.merge(REPO, "main", "work", actor=world.ada)
    assert not [event for event in world.events("status.reported") if event.data["outcome"] == "failure"]
    world.scm.create_branch(REPO, "retry", "work", actor=world.bob)
    assert len(world.runs()) == 3  # an error says nothing of the commit: it is tested again


def test_q_the_status_says_that_it_waits_for_the_limit_of_the_zone() -> None:
    """IP-1 Q."""
    world = World(limit={"cpus": 1})
    world.zones.submit("ada-dev", mp.Workload("busy", {"cpus": 1}, duration="10m"), actor=world.ada)
    commit = world.commit()
    other = world.commit({"README.md": "# x\n"}, "main", world.bob)
    world.sim.run(until="5m")
    assert (world.status(commit).outcome, world.status(commit).description.partition(":")[0]) == ("cancelled", "SUPERSEDED")
    assert world.status(other).outcome == "success"
    world = World(limit={"cpus": 1})
    world.zones.submit("ada-dev", mp.Workload("busy", {"cpus": 1}, duration="10m"), actor=world.ada)
    commit = world.commit()
    world.sim.run(until="5m")
    assert world.status(commit).outcome == "pending"
    assert world.status(commit).description == "ZONE_LIMIT: the limit of its zone is used up"
    world.sim.run(until="11m")
    assert world.status(commit).outcome == "success"


def test_q_a_full_cluster_is_told_apart_from_a_full_zone_and_has_a_deadline() -> None:
    world = World("1x2cpu")
    world.zones.submit("bob-dev", mp.Workload("busy", {"cpus": 2}, duration="3h"), actor=world.bob)
    world.sim.run(until="10s")
    commit = world.commit({**FILES, "ci.yaml": "pending_timeout: 1h\n"})
    world.sim.run(until="30m")
    assert world.status(commit).description == "NO_CAPACITY: the cluster has no room for it now"
    run = ended(world)
    assert (run.outcome.value, run.reason, world.status(commit).outcome) == ("error", "TIMEOUT_PENDING", "error")


def test_tests_that_take_too_long_are_a_failure() -> None:
    world = World()
    commit = world.commit({**FILES, "ci.yaml": "timeout: 20s\nsetup: 10m\n"})
    run = ended(world)
    assert (run.outcome.value, run.reason, world.status(commit).outcome) == ("failure", "TIMEOUT", "failure")


def test_p_a_push_that_is_refused_moves_no_ref_and_is_not_tested() -> None:
    """IP-1 P."""
    world = World()
    world.commit()
    world.sim.run(until="1h")
    heads, runs, events = world.scm.branches(REPO, actor=world.ada), len(world.runs()), len(world.sim.log)
    with pytest.raises(AccessDenied):
        world.commit(WRONG, actor=world.carl)
    world.sim.run(until="2h")
    assert world.scm.branches(REPO, actor=world.ada) == heads and len(world.runs()) == runs
    assert [event.predicate for event in world.sim.log[events:] if event.predicate.split(".")[0] != "node"] == ["access.denied"]


def test_p_an_account_that_may_not_report_any_more_ends_the_run_in_error() -> None:
    world = World()
    world.commit()
    world.sim.run(until="5s")
    world.identity.add_member("shop", world.robot, "viewer", actor=world.ada)
    run = ended(world)
    assert run.outcome.value == "success" and world.events("access.denied")[-1].data["action"] == "scm.set_status"
    world.commit({"README.md": "# x\n"})
    run = ended(world)
    assert (run.outcome.value, run.reason, run.tries) == ("error", "ACCESS_DENIED", 0)
    assert "ACCESS_DENIED" in world.inbox.messages(actor=world.ada)[-1].text
    world.identity.remove_member("shop", world.robot, actor=world.ada)
    world.commit({"README.md": "# y\n"})
    assert len(world.runs()) == 2


def test_a1_3_what_was_found_out_and_could_not_be_reported_is_reported_later_and_not_tested_again() -> None:
    world = World()
    commit = world.commit(WRONG | {"ci.yaml": "", "test_prices.py": FILES["test_prices.py"]})
    world.sim.run(until="5s")
    world.identity.add_member("shop", world.robot, "viewer", actor=world.ada)
    assert ended(world).reason == "TESTS_FAILED" and world.status(commit).outcome == "pending"
    world.scm.create_branch(REPO, "still", actor=world.ada)
    assert world.status(commit).outcome == "pending"
    world.identity.add_member("shop", world.robot, "contributor", actor=world.ada)
    world.scm.create_branch(REPO, "again", actor=world.ada)
    assert world.status(commit).outcome == "failure" and "test_prices.py::test_price failed" in world.status(commit).description
    assert len(world.runs()) == 1


def test_p_an_account_that_loses_its_right_while_the_image_is_built_lets_nothing_wait() -> None:
    world = World(limit={"cpus": 1})
    world.commit({**FILES, "ci.yaml": "image: image.yaml\n", "image.yaml": "packages: [numpy]\n"})
    world.sim.run(until="2s")
    world.zones.submit("ada-dev", mp.Workload("busy", {"cpus": 1}, duration="10m"), actor=world.ada)
    world.identity.grant(world.robot, "write", f"image:{REPO}", actor=world.ada)
    world.identity.add_member("shop", world.robot, "viewer", actor=world.ada)
    world.sim.run(until="1m")
    (run,) = world.runs()
    assert (run.outcome.value, run.reason, run.tries) == ("error", "ACCESS_DENIED", 0)
    world.sim.run(until="1h")
    assert world.builder.builds(REPO, actor=world.ada)[0].outcome.value == "success"
    assert world.platform.tasks.running == () and world.events("testsuiterun.started") == [] and world.sim.log.check() == []


def test_p_a_private_image_is_an_error_and_not_a_failure_of_tests() -> None:
    world = World()
    world.images.publish("lab/private", world.images.resolve("shop/python@3.11", actor=world.admin).manifest, tags=["1"], actor=world.carl)
    commit = world.commit({**FILES, "ci.yaml": "image: lab/private@1\n"})
    run = ended(world)
    assert (run.outcome.value, run.reason, world.status(commit).outcome) == ("error", "ACCESS_DENIED", "error")
    assert "image:lab/private@1" in run.error


def test_a_pusher_without_a_zone_is_an_error() -> None:
    world = World()
    commit = world.commit(actor=world.admin)
    run = ended(world)
    assert (run.outcome.value, run.reason) == ("error", "NO_ZONE")
    assert world.status(commit).description == "NO_ZONE: who pushed has no development zone"


def test_pushes_are_charged_to_the_zone_that_is_said() -> None:
    world = World(on=False)
    world.zones.create_deployment("shop", "shop-ci", {"cpus": 1}, {"cpus": 4}, actor=world.admin)
    world.identity.grant(world.robot, "deploy", "zone:shop/shop-ci", actor=world.ada)
    world.ci.enable(REPO, world.robot, zone="shop-ci", actor=world.ada)
    world.commit(actor=world.admin)
    assert (ended(world).outcome.value, world.last().zone) == ("success", "shop-ci")


def test_by_hand_it_takes_write_and_a_zone_of_ones_own() -> None:
    world = World(on=False)
    world.commit()
    for who, zone in ((world.carl, ""), (world.ada, "bob-dev")):
        with pytest.raises(AccessDenied):
            world.ci.run(f"{REPO}@main", zone=zone, actor=who)
    with pytest.raises(OptionError, match="no development zone"):
        world.ci.run(f"{REPO}@main", actor=world.admin)
    with pytest.raises(UnknownNameError, match=r"did you mean 'ci\.yaml'"):
        world.ci.run(f"{REPO}@main", definition="ci.yml", actor=world.ada)
    assert world.runs() == ()
    run = world.ci.run(f"{REPO}@main", actor=world.ada)
    world.ci.cancel(REPO, run.number, actor=world.bob)
    assert ended(world).outcome.value == "cancelled"
    world.ci.cancel(REPO, run.number, actor=world.bob)
    for number in (0, 2, "1"):
        with pytest.raises(UnknownNameError):
            world.ci.wait(REPO, number, actor=world.ada)  # type: ignore[arg-type]
    assert world.ci.wait(REPO, 1, actor=world.ada).value.outcome.value == "cancelled"


def test_only_who_administers_the_repository_switches_it_on_and_only_for_an_account_of_the_project() -> None:
    world = World(on=False)
    with pytest.raises(AccessDenied):
        world.ci.enable(REPO, world.robot, actor=world.bob)
    for account in (world.bob, world.identity.create_service_account("lab", "robot2", actor=world.carl)):
        with pytest.raises(OptionError, match="service account of project shop"):
            world.ci.enable(REPO, account, actor=world.ada)


def test_what_was_switched_on_and_all_runs_are_there_when_it_is_opened_again() -> None:
    world = World()
    world.commit()
    world.sim.run(until="1h")
    world.commit(WRONG)
    world.sim.run(until="2h")
    sim = mp.Simulation()
    sim.run(until=world.sim.now)
    platform = mp.Platform(sim, store=world.platform.store)
    ci = platform.ci
    assert differing(plain(ci._catalogue), plain(world.ci._catalogue)) == ""
    assert ci.results(REPO, 2, actor=world.ada) == world.ci.results(REPO, 2, actor=world.ada)
    before = len(world.runs())
    platform.scm.commit(REPO, "main", {"ci.yaml": "", "prices.py": FILES["prices.py"]}, "right again", actor=world.ada)
    sim.run()
    after = ci.runs(REPO, actor=world.ada)
    assert len(after) == before + 1 and after[-1].outcome.value == "success"


def test_what_was_under_way_when_it_was_closed_ends_in_error_and_the_commit_says_so() -> None:
    world = World()
    commit = world.commit()
    world.sim.run(until="5s")
    sim = mp.Simulation()
    sim.run(until=world.sim.now)
    platform = mp.Platform(sim, store=world.platform.store)
    ci = platform.ci
    sim.run(until=sim.now)
    (run,) = ci.runs(REPO, actor=world.ada)
    assert (run.outcome.value, run.reason) == ("error", "INTERRUPTED")
    (status,) = platform.scm.statuses(f"{REPO}@{commit}", actor=world.ada)
    assert status.outcome == "error" and status.description.startswith("INTERRUPTED")


def test_what_was_under_way_ends_in_error_although_the_account_that_tested_is_no_more() -> None:
    platform = mp.Platform()
    ada = platform.identity.create_user("ada", actor=platform.admin)
    platform.identity.create_project("shop", owner=ada, actor=platform.admin)
    robot = platform.identity.create_service_account("shop", "robot", actor=ada)
    platform.identity.grant(robot, ["read", "write"], "project:shop", actor=ada)
    platform.scm.create_repository("shop/churn", actor=ada)
    platform.ci.enable("shop/churn", robot, actor=ada)
    platform.scm.commit("shop/churn", "main", {"ci.yaml": "", "test_x.py": "def test_x():\n    pass\n"}, "first", actor=ada)
    (run,) = platform.ci.runs("shop/churn", actor=ada)
    assert not run.over and run.creator == robot.id
    platform.identity.delete(robot, actor=platform.admin)
    for turn in range(2):
        opened = mp.Platform(mp.Simulation(), store=platform.store)
        opened.sim.run(until=opened.sim.now)
        (run,) = opened.ci.runs("shop/churn", actor=ada)
        assert (run.outcome.value, run.reason, run.error) == ("error", "INTERRUPTED", f"{robot.id}, who tested, is no more")
        assert opened.ci.wait("shop/churn", run.number, actor=ada).value == run
        told = opened.sim.log.select(predicate="pipelinerun.finished")
        assert [(event.actor, event.data["reason"]) for event in told] == [(robot.id, "INTERRUPTED")] * (not turn)


def test_ip1_n_at_each_event_of_a_run_that_succeeds_ends_it_as_documented() -> None:
    def scenario() -> World:
        world = World()
        world.commit({**FILES, "ci.yaml": "image: image.yaml\n", "image.yaml": "base: shop/python@3.11\npackages: [numpy]\n"})
        return world

    calm = scenario()
    calm.sim.run(until="1h")
    assert calm.last().outcome.value == "success"
    digest = calm.builder.builds(REPO, actor=calm.ada)[0].digest
    times = sorted({event.time for event in calm.sim.log})
    seen = set()
    for time in times:
        for node in ("node-0", "node-1"):
            world = scenario()
            world.sim.at(time, world.cluster.hardware.crash, node)
            world.sim.run(until="2h")
            (run,) = world.runs()
            assert run.outcome.value == "success" and world.builder.builds(REPO, actor=world.ada)[0].digest == digest
            assert len(world.events("testcaserun.finished")) == 1 and len(world.events("pipelinerun.finished")) == 1
            assert len(world.inbox.messages(actor=world.bob)) == 1
            assert world.sim.log.check() == [] and world.platform.tasks.running == ()
            seen.add(run.tries)
    assert seen == {1, 2}
