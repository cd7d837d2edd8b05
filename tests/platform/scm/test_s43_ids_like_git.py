"""Ids are git's: the golden ones, and those of random histories that git makes from the same files, authors and times."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import OptionError
from mlplat.platform.artifacts.scm import MergeConflict, ObjectError
from mlplat.platform.artifacts.scm.object_store import unpacked
from mlplat.platform.artifacts.scm.objects import (
    EXECUTABLE,
    FILE,
    SYMLINK,
    Commit,
    File,
    commit_frame,
    framed,
    object_id,
    parse_commit,
    parse_tag,
    parse_tree,
    person,
    unframed,
)

from .git_program import Git, needs_git
from .histories import examples
from .worlds import ADA, REPO, World

Draw = Callable[[st.SearchStrategy[Any]], Any]
GOLDEN_FILES = {
    "README.md": b"hello\n",
    "empty": b"",
    "a/x": b"x",
    "a.b": b"dot",
    "a0": b"zero",
    "run.sh": File(b"#!/bin/sh\necho hi\n", EXECUTABLE),
    "link": File(b"README.md", SYMLINK),
    "src/train.py": "print(1)\n",
    "größe.txt": "ü",
}


def test_s43_golden_ids_of_blobs_and_the_empty_tree() -> None:
    """S-43"""
    assert object_id(framed("blob", b"hello\n")) == "ce013625030ba8dba906f756967f9e9ca394464a"
    assert object_id(framed("blob", b"")) == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    assert object_id(framed("tree", b"")) == "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def test_s43_golden_ids_of_a_tree_and_of_commits_through_the_public_calls() -> None:
    """S-43 A-1.4"""
    world = World(epoch=1767225600)
    scm, ada = world.scm, world.ada
    first = scm.commit(REPO, "main", GOLDEN_FILES, "first\n", author=ADA, actor=ada)
    assert first.tree == "01e07465aaf96b624a9745138ce594d58c2b2f78"
    assert first.id == "368326d86a989788cf4658b610a3074d9b106eb6"
    scm.create_branch(REPO, "side", actor=ada)
    world.sim.run(until=3600.9)
    later = {"author": ADA, "timezone": "+0100", "actor": ada}
    second = scm.commit(REPO, "side", {}, "side", empty=True, **later)
    assert second.id == "c211c05f89a7c95b0651463896d5488af399daa6"
    merged = scm.merge(REPO, "main", "side", message="merge side\n\nbody ü\n", fast_forward=False, **later)
    assert merged == "5b4a52f0aa30968d2a37e5c99abcecb6f383f064"


NAMES = ("a", "a.b", "a0", "b", "größe", "日本", "A", "-x", "a b", 'q"uote', "new\nline", ".hidden", "gitx", "z" * 60)
PATHS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join)
CONTENTS = st.binary(max_size=12) | st.text(max_size=8)
FILES = (
    CONTENTS
    | st.builds(File, st.binary(max_size=8), st.sampled_from([FILE, EXECUTABLE]))
    | st.builds(File, st.text(alphabet="ab/.", min_size=1, max_size=5).map(str.encode), st.just(SYMLINK))
)
AUTHORS = st.sampled_from(["", ADA, "Jürgen Groß <j@example.org>", "x <>", "J. O'Neil <o+n@example.org>"])
TIMEZONES = st.sampled_from(["+0000", "+0100", "-0330", "+1345"])
MESSAGES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20).filter(str.strip)


@st.composite
def histories(draw: Draw) -> list[tuple[Any, ...]]:
    """Steps: commits on branches, new branches, merges."""
    steps: list[tuple[Any, ...]] = []
    for _ in range(draw(st.integers(1, 7))):
        kind = draw(st.sampled_from(["commit", "commit", "commit", "branch", "merge"]))
        common = draw(AUTHORS), draw(TIMEZONES), draw(MESSAGES), draw(st.sampled_from([0, 0.5, 1, 3600]))
        steps.append((kind, draw(st.integers(0, 2)), draw(st.dictionaries(PATHS, FILES | st.none(), max_size=4)), *common))
    return steps


def _play(world: World, repo: str, steps: list[tuple[Any, ...]]) -> None:
    """Do the steps that can be done through the public calls."""
    scm, ada = world.scm, world.ada
    scm.create_repository(repo, actor=ada)
    scm.commit(repo, "main", {"first": b"1"}, "first", actor=ada)
    for kind, which, files, author, timezone, message, wait in steps:
        world.sim.run(until=world.sim.now + wait)
        branches = list(scm.branches(repo, actor=ada))
        branch = branches[which % len(branches)]
        who = {"author": author, "timezone": timezone, "message": message, "actor": ada}
        try:
            if kind == "branch" and len(branches) < 3:
                scm.create_branch(repo, f"side-{len(branches)}", branch, actor=ada)
            elif kind == "merge":
                scm.merge(repo, branch, branches[(which + 1) % len(branches)], **who)
            else:
                there = scm.checkout(f"{repo}@{branch}", actor=ada)
                fitting = {path: content for path, content in files.items() if content is not None or path in there}
                scm.commit(repo, branch, _without_clashes(fitting, set(there)), empty=True, **who)
        except MergeConflict:
            continue


def _without_clashes(files: dict[str, Any], there: set[str]) -> dict[str, Any]:
    """Files of which none lies below another."""
    found: dict[str, Any] = {}
    for path, content in files.items():
        others = {*there, *found} - {path}
        if content is None or not any(other.startswith(path + "/") or path.startswith(other + "/") for other in others):
            found[path] = content
    return found


def _quoted(path: str) -> bytes:
    return b'"' + path.encode().replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n") + b'"'


def _import_stream(world: World, repo: str, number: int, marks: list[str]) -> bytes:
    """For `git fast-import`: every commit of a repository, each with all its files; `marks`: ids by mark, from 1."""
    scm, ada, parts = world.scm, world.ada, []
    own: dict[str, int] = {}
    commits: dict[str, Commit] = {}
    for branch in scm.branches(repo, actor=ada):
        commits.update({commit.id: commit for commit in scm.log(f"{repo}@{branch}", order="topological", actor=ada)[::-1]})
    for commit in commits.values():
        if commit.id in own:
            continue
        marks.append(commit.id)
        own[commit.id] = len(marks)
        head = f"commit refs/heads/h{number}/{len(marks)}\nmark :{len(marks)}\n"
        message = commit.message.encode()
        head += f"author {commit.author.line}\ncommitter {commit.committer.line}\ndata {len(message)}\n"
        parts.append(head.encode() + message + b"\n")
        for word, parent in zip(["from", "merge"], commit.parents, strict=False):
            parts.append(f"{word} :{own[parent]}\n".encode())
        parts.append(b"deleteall\n")
        for path, file in scm.checkout(f"{repo}@{commit.id}", actor=ada).items():
            parts.append(b"M %s inline %s\ndata %d\n%s\n" % (file.mode.encode(), _quoted(path), len(file.content), file.content))
    return b"".join(parts)


@needs_git
def test_s43_ids_of_500_random_histories_are_those_that_git_gives(tmp_path: Path) -> None:
    """S-43 A-1.4 git makes each commit anew from files, author, time and message; every id of a commit covers all below it."""
    made = examples(histories(), 500)
    world = World(log="none")
    stream, marks = [], []
    for number, steps in enumerate(made):
        repo = f"shop/h{number}"
        _play(world, repo, steps)
        stream.append(_import_stream(world, repo, number, marks))
    git = Git(tmp_path / "git").init()
    git("fast-import", "--quiet", "--force", "--export-marks=marks", given=b"".join(stream))
    given_by_git = dict(line.split() for line in (git.folder / "marks").read_text().splitlines())
    assert [given_by_git[f":{place}"] for place in range(1, len(marks) + 1)] == marks
    assert len(made) >= 500 and len(set(marks)) > 800
    ours = Git(tmp_path / "ours").init()
    written: dict[str, bytes] = {}
    for number in range(len(made)):
        objects = world.scm._repositories[f"shop/h{number}"].objects
        written.update((found, objects.frame(found)) for found in objects)
    ours.write(written.items())
    ours.check()


@needs_git
def test_s43_an_annotated_tag_has_gits_id(tmp_path: Path) -> None:
    """S-43"""
    world = World()
    commit = world.commit({"a": b"1"})
    world.scm.tag(REPO, "v1", message="erste Größe", author=ADA, timezone="-0500", actor=world.ada)
    repository = world.scm._repositories[REPO]
    number = repository.tags["v1"]
    git = Git(tmp_path / "git").init()
    git.write((found, repository.objects.frame(found)) for found in repository.objects)
    assert git("mktag", "--strict", given=repository.objects.content(number)).decode().strip() == number
    tag = parse_tag(repository.objects.content(number), number)
    assert (tag.target, tag.name, tag.message, str(tag.tagger and tag.tagger.timezone)) == (commit, "v1", "erste Größe\n", "-0500")
    git.check()


@given(st.binary(max_size=120) | st.builds(bytes.__add__, st.sampled_from([b"tree ", b"100644 a\0", b"blob 3\0"]), st.binary(max_size=60)))
def test_bytes_that_are_no_object_are_refused_with_an_error_of_their_own(content: bytes) -> None:
    for parse in (unframed, parse_tree, parse_commit, parse_tag, unpacked):
        try:
            parse(content)
        except ObjectError:
            continue


@given(st.data())
def test_a_damaged_object_is_refused_or_read_and_nothing_else(data: st.DataObject) -> None:
    who = person("Ada", "ada@example.org", 1)
    sound = {
        parse_commit: unframed(commit_frame("0" * 40, ["1" * 40], who, who, "text\n"))[1],
        parse_tree: b"100644 a\0" + b"1" * 20 + b"40000 b\0" + b"2" * 20,
        parse_tag: b"object " + b"0" * 40 + b"\ntype commit\ntag v1\ntagger Ada <a@b> 1 +0000\n\ntext\n",
    }
    for parse, content in sound.items():
        parse(content)
        place = data.draw(st.integers(0, len(content) - 1))
        damaged = content[:place] + data.draw(st.binary(max_size=3)) + content[place + 1 :]
        try:
            parse(damaged)
        except ObjectError as error:
            assert str(error)


@pytest.mark.parametrize(
    "content",
    [
        b"100644 ..\0" + b"1" * 20,
        b"100644 .git\0" + b"1" * 20,
        b"40000 .GIT\0" + b"1" * 20,
        b"40000 git~1\0" + b"1" * 20,
        b"100644 a/b\0" + b"1" * 20,
        b"100644 \0" + b"1" * 20,
        b"100664 a\0" + b"1" * 20,
        b"040000 a\0" + b"1" * 20,
        b"100644 \xff\0" + b"1" * 20,
        b"100644 b\0" + b"1" * 20 + b"100644 a\0" + b"1" * 20,
        b"100644 a\0" + b"1" * 20 + b"100644 a\0" + b"1" * 20,
        b"100644 a\0" + b"1" * 19,
    ],
)
def test_a_tree_that_git_would_not_write_or_that_is_a_trap_is_refused(content: bytes) -> None:
    with pytest.raises(ObjectError):
        parse_tree(content)


def test_headers_that_are_not_known_stay_and_texts_are_read_in_their_encoding() -> None:
    content = (
        b"tree " + b"0" * 40 + b"\nauthor J\xfcrgen <j@example.org> 5 +0200\ncommitter J\xfcrgen <j@example.org> 6 +0200\n"
        b"encoding ISO-8859-1\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n abc\n -----END PGP SIGNATURE-----\n\nGr\xf6\xdfe\n"
    )
    commit = parse_commit(content)
    assert (commit.author.name, commit.message, commit.committer.seconds) == ("Jürgen", "Größe\n", 6)


def test_a_time_before_1970_and_names_that_would_break_a_commit_are_refused() -> None:
    world = World(epoch="1969-12-31T00:00:00Z")
    with pytest.raises(OptionError, match="1970"):
        world.commit({"a": b"1"})
    world = World()
    for author in ("Ada", "Ada <a@b", "A\nB <a@b>", "<a@b>", "A <a<b>"):
        with pytest.raises(OptionError, match="author"):
            world.commit({"a": b"1"}, author=author)
    for timezone in ("Z", "+100", "+0190", "+9900"):
        with pytest.raises(OptionError, match="timezone"):
            world.commit({"a": b"1"}, timezone=timezone)
    assert world.scm.branches(REPO, actor=world.ada) == {}
