"""Merges through the public calls, protected branches, statuses and changes."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from mlplat.errors import AccessDenied, OptionError, UnknownNameError
from mlplat.platform.artifacts.scm import MergeConflict, MoveRefused, Refusal

from .worlds import REPO, World


def _two_branches(world: World, left: dict[str, object], right: dict[str, object]) -> tuple[str, str]:
    """`main` and `side`, each with a commit of its own. Returns their heads."""
    world.commit({"a": "1\n2\n3\n4\n5\n", "b": "b\n"})
    world.scm.create_branch(REPO, "side", actor=world.ada)
    return world.commit(left), world.commit(right, branch="side")


def test_s45_a_clean_merge_has_both_changes_and_both_parents() -> None:
    """S-45"""
    world = World()
    ours, theirs = _two_branches(world, {"a": "0\n2\n3\n4\n5\n"}, {"a": "1\n2\n3\n4\n6\n", "c": "c\n"})
    merged = world.scm.merge(REPO, "main", "side", actor=world.ada)
    assert world.scm.read(f"{REPO}@main", "a", actor=world.ada) == b"0\n2\n3\n4\n6\n"
    assert world.scm.show(f"{REPO}@{merged}", actor=world.ada).parents == (ours, theirs)
    assert world.scm.merge(REPO, "main", "side", actor=world.ada) == merged
    assert world.scm.merge(REPO, "side", "main", actor=world.ada) == merged, "by fast-forward"
    assert world.scm.merge_base(f"{REPO}@{ours}", f"{REPO}@side", actor=world.ada) == (ours,)


def test_s45_a_conflict_lists_its_paths_and_changes_nothing() -> None:
    """S-45"""
    world = World()
    _two_branches(world, {"a": "x\n", "b": None, "z/new": "1"}, {"a": "y\n", "b": "changed\n", "z/new": "2"})
    before = world.scm.branches(REPO, actor=world.ada), len(list(world.store.records("scm"))), len(list(world.store.digests()))
    with pytest.raises(MergeConflict) as conflict:
        world.scm.merge(REPO, "main", "side", actor=world.ada)
    assert conflict.value.paths == ("a", "b", "z/new")
    assert before == (world.scm.branches(REPO, actor=world.ada), len(list(world.store.records("scm"))), len(list(world.store.digests())))


def test_histories_without_a_common_ancestor_are_not_merged() -> None:
    world, other = World(), World(epoch="2025-01-01")
    world.commit({"a": b"1"})
    other.commit({"b": b"2"})
    world.scm.push(REPO, "side", other.scm.objects(REPO, actor=other.ada), actor=world.ada)
    with pytest.raises(MoveRefused, match="UNRELATED"):
        world.scm.merge(REPO, "main", "side", actor=world.ada)


def test_s45_a1_2_the_merge_commit_itself_must_be_green() -> None:
    """S-45 A-1.2 Two green branches whose merge is red, or not tested, cannot be merged."""
    world = World()
    scm, ada, robot = world.scm, world.ada, world.robot
    ours, theirs = _two_branches(world, {"b": "ours\n"}, {"c": "theirs\n"})
    scm.protect(REPO, "main", contexts=["ci"], actor=ada)
    for head in (ours, theirs):
        scm.set_status(f"{REPO}@{head}", "success", actor=robot)
    with pytest.raises(MoveRefused) as refused:
        scm.merge(REPO, "main", "side", actor=ada)
    assert refused.value.reason is Refusal.CANDIDATE_MISSING
    candidate = scm.prepare_merge(REPO, "main", "side", actor=ada)
    world.sim.run(until=60)  # another commit would have another time, and another id
    assert scm.prepare_merge(REPO, "main", "side", actor=ada) == candidate
    for outcome, reason in ((None, "STATUS_MISSING"), ("pending", "STATUS_MISSING"), ("failure", "STATUS_RED"), ("error", "STATUS_RED")):
        if outcome is not None:
            scm.set_status(f"{REPO}@{candidate}", outcome, actor=robot)
        with pytest.raises(MoveRefused, match=reason) as refused:
            scm.merge(REPO, "main", "side", actor=ada)
        assert (refused.value.commit, refused.value.missing) == (candidate, ("ci",))
    assert scm.resolve(REPO, actor=ada) == ours
    scm.set_status(f"{REPO}@{candidate}", "success", actor=robot)
    assert scm.merge(REPO, "main", "side", actor=ada) == candidate == scm.resolve(REPO, actor=ada)


def test_a1_2_a_candidate_of_heads_that_have_moved_on_is_worth_nothing() -> None:
    """A-1.2"""
    world = World()
    _two_branches(world, {"b": "ours\n"}, {"c": "theirs\n"})
    world.scm.protect(REPO, "main", actor=world.ada)
    world.scm.set_status(f"{REPO}@{world.scm.prepare_merge(REPO, 'main', 'side', actor=world.ada)}", "success", actor=world.robot)
    world.commit({"d": "more\n"}, branch="side")
    with pytest.raises(MoveRefused, match="CANDIDATE_MISSING"):
        world.scm.merge(REPO, "main", "side", actor=world.ada)


def test_a1_3_a_status_belongs_to_the_commit_whatever_branches_it_is_on() -> None:
    """A-1.3"""
    world = World()
    world.commit({"a": b"1"})
    world.scm.create_branch(REPO, "side", actor=world.ada)
    head = world.commit({"a": b"2"}, branch="side")
    world.scm.protect(REPO, "main", actor=world.ada)
    with pytest.raises(MoveRefused, match="STATUS_MISSING"):
        world.scm.push(REPO, "main", head, actor=world.ada)
    world.scm.set_status(f"{REPO}@side", "success", description="12 tests", actor=world.robot)
    assert world.scm.merge(REPO, "main", "side", actor=world.ada) == head
    (status,) = world.scm.statuses(f"{REPO}@main", actor=world.ada)
    assert (status.context, status.outcome, status.reporter) == ("ci", "success", world.robot.id)
    (told,) = world.sim.log.select(predicate="status.reported")
    assert told.subject == f"repo:{REPO}@{head}" and told.data["outcome"] == "success"


def test_a_protected_branch_takes_no_commit_by_hand_no_force_and_no_deletion() -> None:
    world = World()
    first, second = world.commit({"a": b"1"}), world.commit({"a": b"2"})
    world.scm.create_branch(REPO, "release", actor=world.ada)
    world.scm.protect(REPO, "release", actor=world.ada)
    for commit in (first, second):
        world.scm.set_status(f"{REPO}@{commit}", "success", actor=world.robot)
    for refused in (
        lambda: world.commit({"a": b"3"}, branch="release"),
        lambda: world.scm.push(REPO, "release", first, force=True, actor=world.ada),
        lambda: world.scm.delete_branch(REPO, "release", actor=world.ada),
    ):
        with pytest.raises(MoveRefused):
            refused()
    with pytest.raises(AccessDenied):
        world.scm.unprotect(REPO, "release", actor=world.carl)
    world.scm.unprotect(REPO, "release", actor=world.ada)
    world.scm.delete_branch(REPO, "release", actor=world.ada)


@pytest.mark.parametrize("outcome", [None, "pending", "failure", "error", "cancelled"])
def test_s45_by_whatever_call_a_protected_branch_takes_no_commit_that_is_not_green(outcome: str | None, tmp_path: Path) -> None:
    """S-45"""
    world = World()
    scm, ada = world.scm, world.ada
    first = world.commit({"a": b"1"})
    scm.create_branch(REPO, "side", actor=ada)
    head = world.commit({"a": b"2"}, branch="side")
    for branch in ("main", "release"):  # one that is there, and one that is yet to be made
        scm.protect(REPO, branch, contexts=["ci", "lint"], actor=ada)
    scm.set_status(f"{REPO}@{head}", "success", context="lint", actor=world.robot)
    if outcome is not None:
        scm.set_status(f"{REPO}@{head}", outcome, actor=world.robot)
    other = World()
    other.scm.push(REPO, "main", scm.objects(f"{REPO}@{head}", actor=ada), actor=other.ada)
    calls: list[Callable[[], object]] = [
        lambda: scm.push(REPO, "main", head, actor=ada),
        lambda: scm.push(REPO, "main", head, force=True, actor=ada),
        lambda: scm.push(REPO, "release", head, actor=ada),
        lambda: scm.push(REPO, "main", other.scm.objects(REPO, actor=other.ada), actor=ada),
        lambda: scm.create_branch(REPO, "release", head, actor=ada),
        lambda: scm.merge(REPO, "main", "side", actor=ada),
    ]
    if importlib.util.find_spec("dulwich"):
        other.scm.export_repository(REPO, tmp_path / "git", actor=other.ada)
        calls.append(lambda: scm.import_repository(REPO, tmp_path / "git", actor=ada))
    before = len(list(world.store.records("scm")))
    for take in calls:
        with pytest.raises(MoveRefused) as refused:
            take()
        assert refused.value.reason is (Refusal.STATUS_MISSING if outcome in (None, "pending") else Refusal.STATUS_RED)
        assert refused.value.missing == ("ci",)
    assert scm.branches(REPO, actor=ada) == {"main": first, "side": head} and len(list(world.store.records("scm"))) == before
    scm.set_status(f"{REPO}@{head}", "success", actor=world.robot)
    calls[-1]()
    calls[4]()
    assert scm.branches(REPO, actor=ada) == {"main": head, "release": head, "side": head}


def test_only_the_statuses_of_those_who_are_trusted_count() -> None:
    world = World()
    world.commit({"a": b"1"})
    world.scm.create_branch(REPO, "side", actor=world.ada)
    head = world.commit({"a": b"2"}, branch="side")
    world.scm.protect(REPO, "main", contexts=["ci", "lint"], reporters=[world.robot], actor=world.ada)
    world.scm.set_status(f"{REPO}@{head}", "success", actor=world.carl)
    world.scm.set_status(f"{REPO}@{head}", "success", context="lint", actor=world.robot)
    with pytest.raises(MoveRefused) as refused:
        world.scm.merge(REPO, "main", "side", actor=world.carl)
    assert refused.value.missing == ("ci",)
    world.scm.set_status(f"{REPO}@{head}", "success", actor=world.robot)
    assert world.scm.merge(REPO, "main", "side", actor=world.carl) == head


def _change(world: World) -> tuple[int, str]:
    """An open change of Ada's from `side` to the protected `main`, its merge commit being green. Returns its number and that commit."""
    _two_branches(world, {"b": "ours\n"}, {"c": "theirs\n"})
    world.scm.protect(REPO, "main", approvals=1, actor=world.ada)
    change = world.scm.create_change(REPO, "side", "main", "Add c", actor=world.ada)
    candidate = world.scm.prepare_merge(REPO, "main", "side", actor=world.ada)
    world.scm.set_status(f"{REPO}@{candidate}", "success", actor=world.robot)
    return change.number, candidate


def test_a_change_is_merged_after_its_approval() -> None:
    world = World()
    number, candidate = _change(world)
    with pytest.raises(MoveRefused, match="APPROVALS_MISSING"):
        world.scm.merge_change(REPO, number, actor=world.ada)
    with pytest.raises(MoveRefused, match="APPROVALS_MISSING"):
        world.scm.merge(REPO, "main", "side", actor=world.ada)
    with pytest.raises(OptionError, match="cannot approve"):
        world.scm.review(REPO, number, "approve", actor=world.ada)
    with pytest.raises(AccessDenied, match="approve"):
        world.scm.review(REPO, number, "approve", actor=world.robot)
    world.scm.review(REPO, number, "request_changes", comment="why?", actor=world.carl)
    with pytest.raises(MoveRefused, match="CHANGES_REQUESTED"):
        world.scm.merge_change(REPO, number, actor=world.ada)
    world.scm.review(REPO, number, "approve", actor=world.carl)
    merged = world.scm.merge_change(REPO, number, actor=world.ada)
    assert (merged.state, merged.merged) == ("merged", candidate) and world.scm.resolve(REPO, actor=world.ada) == candidate
    told = [event.predicate for event in world.sim.log.select(predicate="change.*")]
    assert told == ["change.created", "change.reviewed", "change.reviewed", "change.merged"]
    with pytest.raises(OptionError, match="merged already"):
        world.scm.abandon_change(REPO, number, actor=world.ada)


def test_an_approval_ends_when_the_branch_moves_and_whoever_pushed_does_not_approve() -> None:
    world = World()
    number, _ = _change(world)
    world.scm.review(REPO, number, "approve", actor=world.carl)
    world.scm.commit(REPO, "side", {"d": "more\n"}, "more", actor=world.carl)
    candidate = world.scm.prepare_merge(REPO, "main", "side", actor=world.ada)
    world.scm.set_status(f"{REPO}@{candidate}", "success", actor=world.robot)
    with pytest.raises(MoveRefused, match="APPROVALS_MISSING"):
        world.scm.merge_change(REPO, number, actor=world.ada)
    with pytest.raises(OptionError, match="cannot approve"):
        world.scm.review(REPO, number, "approve", actor=world.carl)
    world.scm.abandon_change(REPO, number, actor=world.ada)
    assert world.scm.changes(REPO, state="open", actor=world.ada) == ()
    assert world.scm.changes(REPO, actor=world.ada)[0].state == "abandoned"


def test_a_change_on_a_free_branch_is_merged_by_a_merge_commit() -> None:
    world = World()
    world.commit({"a": b"1"})
    world.scm.create_branch(REPO, "side", actor=world.ada)
    world.commit({"a": b"2"}, branch="side")
    change = world.scm.create_change(REPO, "side", "main", "Two", actor=world.ada)
    merged = world.scm.merge_change(REPO, change.number, actor=world.ada).merged
    commit = world.scm.show(f"{REPO}@{merged}", actor=world.ada)
    assert len(commit.parents) == 2 and commit.title == "Merge change 1: Two"
    for wrong in (2, 0, -1, "1", True):
        with pytest.raises(UnknownNameError):
            world.scm.abandon_change(REPO, wrong, actor=world.ada)  # type: ignore[arg-type]
