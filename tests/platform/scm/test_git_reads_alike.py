"""Logs, merge bases, differences, blame: what git says of the same history."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mlplat.platform.artifacts.scm.blame import blame
from mlplat.platform.artifacts.scm.content_merge import merge_content
from mlplat.platform.artifacts.scm.history import by_date, is_ancestor, merge_bases, topological
from mlplat.platform.artifacts.scm.lines import changes, split_lines, unified
from mlplat.platform.artifacts.scm.objects import EXECUTABLE, SYMLINK, File
from mlplat.platform.artifacts.scm.trees import differences

from .git_program import Git, needs_git
from .histories import Maker, edited, examples, lines
from .worlds import REPO, World

Draw = Callable[[st.SearchStrategy[Any]], Any]
TEXTS = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "\n"]), max_size=12)


@st.composite
def graphs(draw: Draw) -> list[list[int]]:
    """Of each commit its parents among the commits before; the last has all ends as ancestors."""
    return [sorted(draw(st.sets(st.integers(0, number - 1), max_size=3))) if number else [] for number in range(draw(st.integers(2, 14)))]


def _made(graph: list[list[int]]) -> tuple[Maker, list[str]]:
    maker, made = Maker(), []
    for number, parents in enumerate(graph):
        made.append(maker.commit({"file": str(number)}, *(made[parent] for parent in parents)))
    return maker, made


@needs_git
def test_logs_and_merge_bases_are_gits(tmp_path: Path) -> None:
    git = Git(tmp_path / "git").init()
    for graph in examples(graphs(), 60):
        maker, made = _made(graph)
        git.write((number, maker.store.frame(number)) for number in maker.store)
        assert list(by_date(maker.store, [made[-1]])) == git("rev-list", made[-1]).decode().split()
        assert list(topological(maker.store, made[-1])) == git("rev-list", "--topo-order", made[-1]).decode().split()
        for other in made[-3:-1]:
            done = git.run("merge-base", "--all", made[-1], other)
            assert merge_bases(maker.store, made[-1], other) == done.stdout.decode().split()


@given(graphs())
def test_ancestors_and_merge_bases_are_those_of_the_plain_definition(graph: list[list[int]]) -> None:
    maker, made = _made(graph)
    ancestors: list[set[int]] = []
    for number, parents in enumerate(graph):
        ancestors.append({number}.union(*(ancestors[parent] for parent in parents)))
    for one in range(len(graph)):
        for two in range(len(graph)):
            assert is_ancestor(maker.store, made[one], made[two]) == (one in ancestors[two])
            common = ancestors[one] & ancestors[two]
            best = {found for found in common if not any(found != other and found in ancestors[other] for other in common)}
            assert {made.index(found) for found in merge_bases(maker.store, made[one], made[two])} == best


def _without_headings(text: str) -> str:
    """Unified text without what git writes behind `@@`, and without what comes before the first hunk."""
    text = re.sub(r"^(@@ .*? @@).*$", r"\1", text, flags=re.MULTILINE)
    return text[text.index("@@ ") :] if "@@ " in text else ""


@needs_git
def test_differences_of_lines_are_gits(tmp_path: Path) -> None:
    """By one process over many pairs: a commit each, with two texts as its parent's and its own."""
    maker, pairs = Maker(), examples(TEXTS.flatmap(_pair), 300)
    expected, commits = [], []
    for old, new in pairs:
        first = maker.commit({"file": "".join(old), "other": str(len(commits))})
        commits.append((first, maker.commit({"file": "".join(new)}, first)))
        expected.append(unified(split_lines("".join(old).encode()), split_lines("".join(new).encode())))
    git = Git(tmp_path / "git").init()
    git.write((number, maker.store.frame(number)) for number in maker.store)
    said = git("diff-tree", "--stdin", "-p", "--histogram", "--no-indent-heuristic", given="".join(f"{b}\n" for _, b in commits).encode())
    by_commit = dict(zip(*[iter(re.split(r"^([0-9a-f]{40})\n", said.decode(), flags=re.MULTILINE)[1:])] * 2, strict=True))
    assert len(by_commit) > 80
    for (_, commit), text in zip(commits, expected, strict=True):
        assert _without_headings(by_commit.get(commit, "")) == text


def _pair(old: list[str]) -> st.SearchStrategy[tuple[list[str], list[str]]]:
    """A text and what became of it; one in five does not end in a line feed."""
    return edited(old).map(lambda new: (old, [*new[:-1], "end"] if len(new) % 5 == 4 else new))


@given(st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n"]), max_size=30), st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n"]), max_size=30))
def test_changes_turn_the_old_text_into_the_new(old: list[bytes], new: list[bytes]) -> None:
    for times in (1, 60):  # the second time every line is too frequent to say where it belongs
        before, after = old * times, new * times
        made, at = [], 0
        for change in changes(before, after):
            assert at <= change.old and (change.old_count or change.new_count)
            made += before[at : change.old] + after[change.new : change.new + change.new_count]
            at = change.old + change.old_count
        assert made + before[at:] == after


@given(st.data())
def test_a_merge_with_what_did_not_change_or_changed_alike_is_the_change(data: st.DataObject) -> None:
    base = data.draw(lines("abcd", 10))
    ours = "".join(data.draw(edited(base))).encode()
    old = "".join(base).encode()
    assert merge_content(old, ours, old) == (ours, True)
    assert merge_content(old, old, ours) == (ours, True)
    assert merge_content(old, ours, ours) == (ours, True)


def test_a_conflict_is_marked_as_git_marks_it() -> None:
    merged = merge_content(b"a\nb\nc\n", b"a\nx\nc\n", b"a\ny\nc", labels=("main", "side"))
    assert merged == (b"a\n<<<<<<< main\nx\nc\n=======\ny\nc\n>>>>>>> side\n", False)
    assert merge_content(b"\0", b"\0a", b"\0b") == (b"\0a", False)
    assert merge_content(b"", b"", b"b\n") == (b"b\n", True)


KINDS = st.sampled_from([File(b"x"), File(b"y"), File(b"x", EXECUTABLE), File(b"x", SYMLINK), File(b"y", SYMLINK)])
TREES = st.dictionaries(st.sampled_from(["a", "b", "d/a", "d/b", "e/f/g"]), KINDS, max_size=5)


@needs_git
def test_files_that_differ_are_gits(tmp_path: Path) -> None:
    git = Git(tmp_path / "git").init()
    letters = {"added": "A", "removed": "D", "modified": "M", "mode": "M", "type": "T"}
    maker, commits = Maker(), []
    for old, new in examples(st.tuples(TREES, TREES), 200):
        first = maker.commit(old)
        commits.append((first, maker.commit({**dict.fromkeys(old), **new}, first)))
    git.write((number, maker.store.frame(number)) for number in maker.store)
    said = git("diff-tree", "--stdin", "-r", "--no-renames", "--name-status", given="".join(f"{b}\n" for _, b in commits).encode()).decode()
    by_commit = dict(zip(*[iter(re.split(r"^([0-9a-f]{40})\n", said, flags=re.MULTILINE)[1:])] * 2, strict=True))
    assert len(by_commit) > 60
    for first, second in commits:
        found = differences(maker.store, maker.store.links[first].tree, maker.store.links[second].tree)
        told = "".join(f"{letters[difference.kind]}\t{difference.path}\n" for difference in found)
        assert told == by_commit.get(second, "")


@needs_git
def test_a_whole_difference_is_applied_by_git(tmp_path: Path) -> None:
    """`git apply` makes of the old files and the text the new files."""
    world = World()
    world.commit({"a": "1\n2\n3\n", "gone": "x\n", "run": "r\n", "d/e": "no end"})
    world.commit({"a": "1\n3\n4", "gone": None, "run": File(b"r\n", EXECUTABLE), "d/e": "no end\n", "new/f": "n\n"})
    old, new = (world.scm.checkout(f"{REPO}@{commit.id}", actor=world.ada) for commit in world.scm.log(REPO, actor=world.ada)[::-1])
    first, second = (commit.id for commit in world.scm.log(REPO, actor=world.ada)[::-1])
    text = world.scm.diff_text(f"{REPO}@{first}", f"{REPO}@{second}", actor=world.ada)
    folder = tmp_path / "files"
    for path, file in old.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(file.content)
    Git(folder)("apply", "-", given=text.encode())
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert found == {path: file.content for path, file in new.items()}
    assert (folder / "run").stat().st_mode & 0o100
    kinds = [(found.path, found.kind) for found in world.scm.diff(f"{REPO}@{first}", f"{REPO}@{second}", actor=world.ada)]
    assert kinds == [("a", "modified"), ("d/e", "modified"), ("gone", "removed"), ("new/f", "added"), ("run", "mode")]


@needs_git
def test_blame_is_gits_where_lines_are_told_apart(tmp_path: Path) -> None:
    git = Git(tmp_path / "git").init()
    edits = st.lists(st.tuples(st.sampled_from(["insert", "remove"]), st.integers(0, 30), st.booleans()), min_size=1, max_size=8)
    for number, steps in enumerate(examples(edits, 25)):
        maker, text = Maker(), [f"{number}:{line}\n" for line in range(4)]
        heads = [maker.commit({"file": "".join(text)})]
        for step, (kind, place, _) in enumerate(steps):
            if kind == "insert":
                text.insert(place % (len(text) + 1), f"{number}+{step}\n")
            elif len(text) > 1:
                del text[place % len(text)]
            heads.append(maker.commit({"file": "".join(text), "step": str(step)}, heads[-1]))
        git.write((found, maker.store.frame(found)) for found in maker.store)
        said = [line.split()[0].lstrip("^") for line in git("blame", "-s", "-l", "--root", heads[-1], "--", "file").decode().splitlines()]
        found = blame(maker.store, heads[-1], "file")
        assert [line.commit for line in found] == said
        assert [line.text + "\n" for line in found] == text


def test_blame_finds_the_side_of_a_merge_a_line_came_from() -> None:
    world = World()
    first = world.commit({"a": "1\n2\n3\n"})
    world.scm.create_branch(REPO, "side", actor=world.ada)
    ours, theirs = world.commit({"a": "0\n2\n3\n"}), world.commit({"a": "1\n2\n4\n"}, branch="side")
    world.scm.merge(REPO, "main", "side", actor=world.ada)
    found = world.scm.blame(REPO, "a", actor=world.ada)
    assert [(line.commit, line.text) for line in found] == [(ours, "0"), (first, "2"), (theirs, "4")]
