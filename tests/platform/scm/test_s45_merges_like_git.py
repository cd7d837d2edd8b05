"""Merges have the outcome of `git merge`: the same tree, or the same paths in conflict.

In these histories files come and go, change their kind and make room for folders, but none is half like another that went: git finds no
rename. With renames, which git looks for and the SCM does not, the outcome may differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import strategies as st

from mlplat.platform.artifacts.scm.history import merge_bases
from mlplat.platform.artifacts.scm.merging import merge_commits
from mlplat.platform.artifacts.scm.objects import FILE, SYMLINK, File
from mlplat.platform.artifacts.scm.trees import walk

from .git_program import Git, needs_git
from .histories import MODES, Maker, as_file, edited, examples, lines

NAMES = ("a", "a.b", "b", "d/x", "d/y", "e/f/z")
BESIDE = ("a", "a/x", "d", "d/x", "d/x/deep", "e/f")
"""Paths of which some cannot be there together."""
Draw = Callable[[st.SearchStrategy[Any]], Any]
State = dict[str, tuple[list[str], str]]


class Case(NamedTuple):
    """What is merged into what, and how."""

    maker: Maker
    ours: str
    theirs: str


def _changed(draw: Draw, state: State, removes: bool, added: tuple[str, ...] = NAMES) -> State:
    """Some files edited, with other modes, added or removed."""
    after = dict(state)
    for path in sorted(after):
        match draw(st.sampled_from(["keep", "edit", "edit", "mode", "remove"])):
            case "edit":
                after[path] = draw(edited(after[path][0])), after[path][1]
            case "mode":
                after[path] = after[path][0], draw(MODES)
            case "remove" if removes:
                del after[path]
    for path in draw(st.lists(st.sampled_from(added), max_size=2)):
        if path not in after and not any(other.startswith(path + "/") or path.startswith(other + "/") for other in after):
            after[path] = draw(lines("abc", 4)), draw(MODES)
    return after or {"kept": (["k\n"], FILE)}


def _commit(maker: Maker, state: State, *parents: str) -> str:
    old = dict(walk(maker.store, maker.store.links[parents[0]].tree)) if parents else {}
    files: dict[str, File | None] = {path: None for path in old if path not in state}
    files.update({path: as_file(path, *content) for path, content in state.items()})
    return maker.commit(files, *parents)


@st.composite
def two_lines(draw: Draw, removes: bool) -> Case:
    """Two branches of one commit, each with one or two commits."""
    maker = Maker()
    state: State = {path: (draw(lines("abcdefgh", 9)), FILE) for path in draw(st.sets(st.sampled_from(NAMES), min_size=1))}
    base = _commit(maker, dict(sorted(state.items())))
    heads = []
    for _ in range(2):
        head, now = base, dict(sorted(state.items()))
        for _ in range(draw(st.integers(1, 2))):
            now = _changed(draw, now, removes, NAMES + BESIDE if removes else NAMES)
            head = _commit(maker, now, head)
        heads.append(head)
    return Case(maker, *heads)


@st.composite
def criss_cross(draw: Draw, removes: bool) -> Case:
    """Two branches, each merged into the other, resolved differently, once or twice over; then each goes on.

    Without files in the way of folders: git puts these aside in the common ancestor, and then finds that they were renamed.
    """
    maker = Maker()
    state: State = {path: (draw(lines("abcdefgh", 9)), FILE) for path in sorted(draw(st.sets(st.sampled_from(NAMES), min_size=1)))}
    base = _commit(maker, state)
    left, right = _changed(draw, state, removes), _changed(draw, state, removes)
    ours, theirs = _commit(maker, left, base), _commit(maker, right, base)
    for _ in range(draw(st.integers(1, 2))):
        both = [{**left, **right} if _fits(left, right) else left, {**right, **left} if _fits(left, right) else right]
        left, right = (_changed(draw, draw(st.sampled_from([*both, state])), removes) for _ in range(2))
        ours, theirs = _commit(maker, left, ours, theirs), _commit(maker, right, theirs, ours)
    return Case(maker, _commit(maker, _changed(draw, left, removes), ours), _commit(maker, _changed(draw, right, removes), theirs))


def _fits(left: State, right: State) -> bool:
    paths = {*left, *right}
    return not any(other.startswith(path + "/") for path in paths for other in paths)


def _git_merge(git: Git, case: Case) -> tuple[str, set[str]]:
    done = git.run("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", case.ours, case.theirs)
    assert done.returncode in (0, 1), done.stderr.decode()
    tree, *paths = done.stdout.decode().rstrip("\0").split("\0")
    return (tree if done.returncode == 0 else ""), {re.sub(r"~[0-9a-f]{40}(_\d+)?(?=/|$)", "", path) for path in paths}


def _compare(folder: Path, cases: list[Case]) -> tuple[int, int, int]:
    """Compare all. Returns how many are clean, in conflict, and have several bases."""
    git = Git(folder).init()
    clean = several = 0
    for case in cases:
        store = case.maker.store
        git.write((number, store.frame(number)) for number in store.closure([case.ours, case.theirs]))
        tree, paths = _git_merge(git, case)
        merged = merge_commits(store, case.ours, case.theirs)
        assert merged is not None
        files = {commit: dict(walk(store, store.links[commit].tree)) for commit in store.links}
        assert set(merged.conflicts) == paths, (case.ours, case.theirs, files)
        if tree:
            assert merged.tree == tree, (case.ours, case.theirs, files)
        clean += bool(tree)
        several += len(merge_bases(store, case.ours, case.theirs)) > 1
    return clean, len(cases) - clean, several


@needs_git
@pytest.mark.parametrize("removes", [False, True], ids=["nothing-removed", "all-changes"])
def test_s45_merges_of_two_lines_equal_gits(tmp_path: Path, removes: bool) -> None:
    """S-45"""
    clean, conflicts, _ = _compare(tmp_path / "git", examples(two_lines(removes), 600))  # some draws conflict seldom
    assert clean >= 15 and conflicts >= 15


@needs_git
@pytest.mark.parametrize("removes", [False, True], ids=["nothing-removed", "all-changes"])
def test_s45_criss_cross_merges_equal_gits(tmp_path: Path, removes: bool) -> None:
    """S-45"""
    clean, conflicts, several = _compare(tmp_path / "git", examples(criss_cross(removes), 150))
    assert clean >= 15 and conflicts >= 15 and several >= 100


@needs_git
def test_links_that_differ_in_the_common_ancestors_are_as_before_them(tmp_path: Path) -> None:
    """Found at random: both sides add a link, and each keeps its own in a criss-cross merge."""
    maker = Maker()
    base = maker.commit({"kept": b"k"})
    left, right = (maker.commit({"link": File(target, SYMLINK)}, base) for target in (b"one", b"two"))
    ours, theirs = maker.commit({"x": b"1"}, left, right), maker.commit({"y": b"1"}, right, left)
    assert _compare(tmp_path / "git", [Case(maker, ours, theirs)]) == (0, 1, 1)
