"""History is immutable; branches move by fast-forward unless a right to force is held; refs, files and their checks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import AccessDenied, OptionError, UnknownNameError
from mlplat.platform.artifacts.referrers import ReferencedError
from mlplat.platform.artifacts.scm import SCM, Bundle, File, MoveRefused, ObjectError, PathError, Refusal
from mlplat.platform.artifacts.scm.objects import EXECUTABLE, SYMLINK, commit_frame, framed, object_id, person, tree_frame

from .worlds import REPO, World

NAMES = st.sampled_from(["a", "b", "d/a", "d/b", "d/e/c"])


@given(st.lists(st.dictionaries(NAMES, st.binary(max_size=4) | st.none(), max_size=3), max_size=8))
def test_s44_every_earlier_commit_checks_out_byte_for_byte(changes: list[dict[str, bytes | None]]) -> None:
    """S-44 Against a plain mapping of paths to contents."""
    world = World()
    files: dict[str, bytes] = {"start": b"0"}
    states = {world.commit(dict(files)): dict(files)}
    for number, change in enumerate(changes):
        fitting = {path: content for path, content in change.items() if content is not None or path in files}
        files = {path: content for path, content in {**files, **fitting}.items() if content is not None}
        states[world.commit(fitting, message=str(number), empty=True)] = dict(files)
    for commit, expected in states.items():
        found = world.scm.checkout(f"{REPO}@{commit}", actor=world.ada)
        assert {path: file.content for path, file in found.items()} == expected
        assert all(world.scm.read(f"{REPO}@{commit}", path, actor=world.ada) == content for path, content in expected.items())


def test_s44_a_push_that_is_no_fast_forward_is_refused_unless_a_right_to_force_is_held() -> None:
    """S-44"""
    world = World()
    first, second = world.commit({"a": b"1"}), world.commit({"a": b"2"})
    events = len(world.sim.log)
    with pytest.raises(MoveRefused) as refused:
        world.scm.push(REPO, "main", first, actor=world.ada)
    assert (refused.value.reason, refused.value.branch) == (Refusal.NOT_FAST_FORWARD, "main")
    assert [event.predicate for event in world.sim.log[events:]] == ["call.refused"]
    with pytest.raises(AccessDenied, match="force"):
        world.scm.push(REPO, "main", first, force=True, actor=world.carl)
    assert world.scm.branches(REPO, actor=world.ada) == {"main": second}
    assert world.scm.push(REPO, "main", first, force=True, actor=world.ada) == first
    assert world.scm.branches(REPO, actor=world.ada) == {"main": first}
    assert world.scm.read(f"{REPO}@{second}", "a", actor=world.ada) == b"2"
    world.scm.create_branch(REPO, "side", second, actor=world.ada)
    third = world.commit({"a": b"3"}, branch="side")
    world.scm.delete_branch(REPO, "side", actor=world.ada)
    assert world.scm.read(f"{REPO}@{third}", "a", actor=world.ada) == b"3", "commits stay where no branch leads to them"
    assert world.again().read(f"{REPO}@{third}", "a", actor=world.ada) == b"3"


def test_a_commit_on_a_head_that_has_moved_on_is_refused() -> None:
    world = World()
    first = world.commit({"a": b"1"})
    second = world.commit({"a": b"2"}, expected=first)
    with pytest.raises(MoveRefused, match="NOT_FAST_FORWARD"):
        world.commit({"a": b"3"}, expected=first)
    assert world.scm.resolve(REPO, actor=world.ada) == second


def test_objects_carried_elsewhere_have_the_same_ids_there() -> None:
    world, other = World(), World()
    world.commit({"a": b"1", "d/b": File(b"2", EXECUTABLE)})
    head = world.commit({"link": File(b"a", SYMLINK)})
    bundle = world.scm.objects(f"{REPO}@main", actor=world.ada)
    assert other.scm.push(REPO, "main", bundle, actor=other.ada) == head
    assert other.scm.checkout(REPO, actor=other.ada) == world.scm.checkout(REPO, actor=world.ada)
    assert other.scm.import_objects(REPO, bundle, actor=other.ada) == head
    third = World()
    assert third.scm.import_objects(REPO, bundle, actor=third.ada) == head
    assert third.scm.read(f"{REPO}@{head[:8]}", "a", actor=third.ada) == b"1" and not third.scm.branches(REPO, actor=third.ada)


def test_a_push_with_an_object_missing_wrong_or_of_another_kind_is_refused_and_changes_nothing() -> None:
    world = World()
    world.commit({"a": b"1"})
    who = person("Ada", "ada@example.org", 1)
    blob = framed("blob", b"x")
    lost = commit_frame("1" * 40, [], who, who, "lost\n")
    no_tree = commit_frame(object_id(blob), [], who, who, "no tree\n")
    trap = framed("tree", b"100644 .git\0" + bytes.fromhex(object_id(blob)))
    for frames in ([lost], [blob, no_tree], [blob, trap, commit_frame(object_id(trap), [], who, who, "x\n")], [b"junk"], ["text"]):
        head = object_id(frames[-1]) if isinstance(frames[-1], bytes) else ""
        with pytest.raises(ObjectError):
            world.scm.push(REPO, "side", Bundle(head, tuple(frames)), actor=world.ada)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="no commit in it"):
        world.scm.push(REPO, "side", Bundle(object_id(blob), (blob,)), actor=world.ada)
    assert list(world.scm.branches(REPO, actor=world.ada)) == ["main"]
    assert object_id(blob) not in world.scm._repositories[REPO].objects
    empty = commit_frame(object_id(tree_frame({})), [], who, who, "empty\n")
    assert world.scm.push(REPO, "side", Bundle(object_id(empty), (tree_frame({}), empty)), actor=world.ada) == object_id(empty)


def test_folders_nested_without_end_are_refused() -> None:
    world = World()
    deep = "/".join("d" * 200)
    world.commit({deep: b"1"})
    world.scm.create_branch(REPO, "side", actor=world.ada)
    world.commit({deep: b"2"})
    world.commit({"other": b"3"}, branch="side")
    merged = world.scm.merge(REPO, "main", "side", actor=world.ada)
    assert world.scm.read(f"{REPO}@{merged}", deep, actor=world.ada) == b"2"
    with pytest.raises(PathError, match="200 names"):
        world.commit({deep + "/d": b"1"})
    frames = [framed("tree", b"")]
    for _ in range(3000):
        frames.append(framed("tree", b"40000 d\0" + bytes.fromhex(object_id(frames[-1]))))
    who = person("Ada", "ada@example.org", 1)
    frames.append(commit_frame(object_id(frames[-1]), [], who, who, "deep\n"))
    for order in (frames, frames[::-1]):
        with pytest.raises(ObjectError, match="nested"):
            world.scm.push(REPO, "deep", Bundle(object_id(frames[-1]), tuple(order)), actor=world.ada)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "a/../b",
        ".git",
        "a/.git/config",
        ".GIT/x",
        "a\\b",
        "a\0b",
        "git~1",
        ".git ",
        ".g\u200cit",
        "\ud800",
        3,
    ],
    ids=ascii,
)
def test_a_path_that_could_lead_elsewhere_is_refused(path: Any) -> None:
    world = World()
    with pytest.raises(PathError):
        world.commit({path: b"1"})
    world.commit({"a": b"1"})
    if isinstance(path, str):
        with pytest.raises(PathError):
            world.scm.read(REPO, path, actor=world.ada)


def test_files_and_folders_do_not_take_each_others_place_unless_one_goes() -> None:
    world = World()
    world.commit({"a": b"1", "d/x": b"2", "d/y": b"3"})
    for files in ({"a/b": b"1"}, {"d": b"1"}, {"d": b"1", "d/x": None}, {"n": b"1", "n/m": b"2"}, {"n/m": b"2", "n": b"1"}):
        with pytest.raises(PathError):
            world.commit(files)
    with pytest.raises(UnknownNameError):
        world.commit({"nothing": None})
    with pytest.raises(OptionError, match="nothing changes"):
        world.commit({"a": b"1"})
    world.commit({"d/x": None, "d": b"file", "d/y": None, "a": None, "a/b/c": b"deep"})
    assert sorted(world.scm.checkout(REPO, actor=world.ada)) == ["a/b/c", "d"]
    world.commit({"whole": b"1"}, whole=True)
    assert sorted(world.scm.checkout(REPO, actor=world.ada)) == ["whole"]
    world.commit({"whole": None})
    assert world.scm.show(REPO, actor=world.ada).tree == "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def test_a_reference_is_a_branch_a_tag_an_id_or_its_beginning() -> None:
    world = World()
    scm, ada = world.scm, world.ada
    first, second = world.commit({"a": b"1"}), world.commit({"a": b"2"})
    assert scm.tag(REPO, "v1", first, actor=ada) == first
    assert scm.create_branch(REPO, "feature/x", "v1", actor=ada) == first
    for version, expected in (("main", second), ("v1", first), ("feature/x", first), (second, second), (first[:7], first)):
        assert scm.resolve(f"{REPO}@{version}", actor=ada) == expected
    assert scm.tags(REPO, actor=ada) == {"v1": first}
    for unknown in ("nothing", "f" * 40, "abcdef0"):
        with pytest.raises(UnknownNameError):
            scm.resolve(f"{REPO}@{unknown}", actor=ada)
    for name in ("v1", "main", "main/x", "feature", "a:b", "HEAD", "x.lock", "a/.b", first, "-x", "a..b", "a b", ""):
        with pytest.raises(OptionError):
            scm.create_branch(REPO, name, "main", actor=ada)
        with pytest.raises(OptionError):
            scm.tag(REPO, name, actor=ada)
    scm.delete_branch(REPO, "feature/x", actor=ada)
    scm.delete_tag(REPO, "v1", actor=ada)
    assert list(scm.branches(REPO, actor=ada)) == ["main"] and not scm.tags(REPO, actor=ada)
    with pytest.raises(MoveRefused):
        scm.delete_branch(REPO, "main", actor=ada)
    with pytest.raises(UnknownNameError, match="branch"):
        world.commit({"a": b"3"}, branch="mian")


def test_a_repository_that_somebody_names_is_not_deleted() -> None:
    world = World()
    commit = world.commit({"a": b"1"})
    named = {f"repo:{REPO}@{commit}": ["model:shop/churn@1"]}
    world.referrers.register(lambda resource: named.get(resource, []))
    with pytest.raises(ReferencedError, match="model:shop/churn@1"):
        world.scm.delete_repository(REPO, actor=world.ada)
    named.clear()
    world.scm.delete_repository(REPO, actor=world.ada)
    with pytest.raises(UnknownNameError):
        world.scm.read(REPO, "a", actor=world.ada)


def test_the_name_of_a_deleted_repository_is_not_given_again_since_grants_on_it_are_left() -> None:
    world = World()
    world.commit({"a": b"1"})
    world.identity.grant(world.outsider, "read", f"repo:{REPO}", actor=world.ada)
    world.scm.delete_repository(REPO, actor=world.ada)
    for scm in (world.scm, SCM(world.sim, world.identity, world.store)):
        with pytest.raises(OptionError, match="was deleted; its name is not given again"):
            scm.create_repository(REPO, actor=world.ada)


def test_a_repository_needs_a_project_and_a_name_of_its_own() -> None:
    world = World()
    with pytest.raises(UnknownNameError, match="project"):
        world.scm.create_repository("nowhere/churn", actor=world.admin)
    with pytest.raises(OptionError, match="already"):
        world.scm.create_repository(REPO, actor=world.ada)
    with pytest.raises(OptionError, match="without a version"):
        world.scm.branches(f"{REPO}@main", actor=world.ada)
