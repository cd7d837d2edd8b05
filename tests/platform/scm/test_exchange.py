"""Import from and export to real repositories, with dulwich and the git program on the other side."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from mlplat.errors import AccessDenied, InputError, IntegrityError, MissingExtraError, MlplatError, OptionError
from mlplat.platform.artifacts.scm import File, MoveRefused, ObjectError
from mlplat.platform.artifacts.scm.objects import EXECUTABLE, SYMLINK, framed, object_id
from mlplat.streams import stream

from .git_program import Git, needs_git
from .worlds import ADA, REPO, World

pytest.importorskip("dulwich")
SIGNED = (
    b"author J\xfcrgen <j@example.org> 1700000000 +0530\ncommitter J\xfcrgen <j@example.org> 1700000001 -0800\nencoding ISO-8859-1\n"
    b"gpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ==\n -----END PGP SIGNATURE-----\nx-custom kept\n\nGr\xf6\xdfe without line feed"
)


def _world() -> World:
    world = World()
    world.commit({"a": b"1\n", "run.sh": File(b"#!/bin/sh\n", EXECUTABLE), "link": File(b"a", SYMLINK), "größe/ü": "ü"}, author=ADA)
    world.scm.create_branch(REPO, "feature/x", actor=world.ada)
    world.commit({"a": b"2\n"}, branch="feature/x", message="größer\n\nbody")
    world.commit({"b": b"3\n"})
    world.scm.merge(REPO, "main", "feature/x", actor=world.ada)
    world.scm.tag(REPO, "light", actor=world.ada)
    world.scm.tag(REPO, "v1.0", message="first release", actor=world.ada)
    return world


@needs_git
def test_a14_5_git_reads_what_is_exported_and_shows_the_same_ids(tmp_path: Path) -> None:
    """A-14.5 A-1.4"""
    world = _world()
    count = world.scm.export_repository(REPO, tmp_path / "out", actor=world.ada)
    git = Git(tmp_path / "out")
    git.check()
    assert len(git("cat-file", "--batch-all-objects", "--batch-check").splitlines()) == count
    log = world.scm.log(f"{REPO}@main", order="topological", actor=world.ada)
    assert git("log", "--topo-order", "--format=%H", "main").decode().split() == [commit.id for commit in log]
    refs = dict(line.split()[::-1] for line in git("show-ref").decode().splitlines())
    heads = {f"refs/heads/{name}": number for name, number in world.scm.branches(REPO, actor=world.ada).items()}
    assert {name: number for name, number in refs.items() if name.startswith("refs/heads/")} == heads
    assert git("rev-parse", "v1.0^{commit}").decode().strip() == world.scm.tags(REPO, actor=world.ada)["v1.0"]
    assert git("show", "main:größe/ü").decode() == "ü" and git("symbolic-ref", "HEAD").decode().strip() == "refs/heads/main"
    assert [event.predicate for event in world.sim.log.select(predicate="artifact.downloaded")] == ["artifact.downloaded"]


@needs_git
def test_what_git_made_is_imported_with_its_ids_and_goes_out_byte_for_byte(tmp_path: Path) -> None:
    git = Git(tmp_path / "in").init()
    blob = git("hash-object", "-w", "--stdin", given=b"content\n").decode().strip()
    submodule = "1" * 40
    tree = git("mktree", "--missing", given=f"100644 blob {blob}\tfile\n160000 commit {submodule}\tvendor\n".encode()).decode().strip()
    first = git("hash-object", "-t", "commit", "-w", "--stdin", given=f"tree {tree}\n".encode() + SIGNED).decode().strip()
    git("update-ref", "refs/heads/main", first)
    git("update-ref", "refs/heads/dev", first)
    git("-c", "user.name=T", "-c", "user.email=t@example.org", "tag", "-a", "-m", "text", "v1", first)
    git("gc", "-q")
    world = World()
    assert set(world.scm.import_repository(REPO, git.folder, actor=world.ada)) == {"main", "dev", "v1"}
    assert world.scm.branches(REPO, actor=world.ada) == {"dev": first, "main": first}
    commit = world.scm.show(f"{REPO}@v1", actor=world.ada)
    assert (commit.id, commit.author.name, commit.message) == (first, "Jürgen", "Größe without line feed")
    assert world.scm.checkout(REPO, actor=world.ada) == {"file": File(b"content\n"), "vendor": File(b"", "160000")}
    assert world.scm.import_repository(REPO, git.folder, actor=world.ada) == ()
    world.scm.export_repository(REPO, tmp_path / "out", actor=world.ada)
    out = Git(tmp_path / "out")
    assert out("cat-file", "commit", first) == git("cat-file", "commit", first)
    assert out("show-ref", "-d") == git("show-ref", "-d")
    later = world.commit({"file": b"changed\n"})
    assert world.scm.show(f"{REPO}@{later}", actor=world.ada).parents == (first,)


def test_what_goes_out_comes_in_the_same(tmp_path: Path) -> None:
    world, other = _world(), World()
    world.scm.export_repository(REPO, tmp_path / "out", actor=world.ada)
    other.scm.import_repository(REPO, tmp_path / "out", actor=other.ada)
    assert other.scm.branches(REPO, actor=other.ada) == world.scm.branches(REPO, actor=world.ada)
    assert other.scm.tags(REPO, actor=other.ada) == world.scm.tags(REPO, actor=world.ada)
    assert other.scm.checkout(REPO, actor=other.ada) == world.scm.checkout(REPO, actor=world.ada)
    again = other.again()
    assert again.branches(REPO, actor=other.ada) == other.scm.branches(REPO, actor=other.ada)
    assert again.tags(REPO, actor=other.ada) == other.scm.tags(REPO, actor=other.ada)
    assert again.checkout(REPO, actor=other.ada) == other.scm.checkout(REPO, actor=other.ada)
    announced = [event.data["branch"] for event in other.sim.log.select(predicate="commit.pushed")]
    assert announced == ["feature/x", "main"]
    assert {number: other.scm._repositories[REPO].objects.frame(number) for number in other.scm._repositories[REPO].objects} == {
        number: world.scm._repositories[REPO].objects.frame(number) for number in world.scm._repositories[REPO].objects
    }


def test_an_import_moves_branches_by_fast_forward_only(tmp_path: Path) -> None:
    world, other = _world(), World()
    world.scm.export_repository(REPO, tmp_path / "out", actor=world.ada)
    other.commit({"mine": b"1"})
    records = len(list(other.store.records("scm")))
    with pytest.raises(MoveRefused, match="NOT_FAST_FORWARD"):
        other.scm.import_repository(REPO, tmp_path / "out", actor=other.ada)
    assert list(other.scm.branches(REPO, actor=other.ada)) == ["main"] and len(list(other.store.records("scm"))) == records
    with pytest.raises(AccessDenied):
        other.scm.import_repository(REPO, tmp_path / "out", actor=other.bob)
    with pytest.raises(AccessDenied):
        world.scm.export_repository(REPO, tmp_path / "more", actor=world.bob)
    assert not (tmp_path / "more").exists()


def _bare(folder: Path) -> Any:
    from dulwich.repo import Repo

    folder.mkdir()
    return Repo.init_bare(os.fspath(folder))


def _loose(folder: Path, frame: bytes, number: str = "") -> str:
    """Write an object as a loose one, under another id where one is given."""
    import zlib

    number = number or object_id(frame)
    (folder / "objects" / number[:2]).mkdir(exist_ok=True)
    (folder / "objects" / number[:2] / number[2:]).write_bytes(zlib.compress(frame))
    return number


@pytest.mark.parametrize("name", [b"..", b".git", b".GIT", b"a/b", b"a\\b", b"git~1", b"\xff", b""], ids=ascii)
def test_a_repository_with_a_trap_in_a_tree_is_refused(tmp_path: Path, name: bytes) -> None:
    folder = tmp_path / "in"
    _bare(folder).close()
    blob = _loose(folder, framed("blob", b"x"))
    tree = _loose(folder, framed("tree", b"100644 " + name + b"\0" + bytes.fromhex(blob)))
    commit = _loose(folder, framed("commit", f"tree {tree}\nauthor a <a@b> 1 +0000\ncommitter a <a@b> 1 +0000\n\nx\n".encode()))
    (folder / "refs" / "heads" / "main").write_text(commit + "\n")
    world = World()
    with pytest.raises(ObjectError):
        world.scm.import_repository(REPO, folder, actor=world.ada)
    assert not world.scm.branches(REPO, actor=world.ada) and not len(world.scm._repositories[REPO].objects)


def test_damaged_borrowed_and_odd_repositories_are_refused(tmp_path: Path) -> None:
    world = World()
    world.commit({"a": b"1"})
    with pytest.raises(InputError):
        world.scm.import_repository(REPO, tmp_path / "nothing", actor=world.ada)
    for number, damage in enumerate(("alternates", "shallow", "name", "wrong", "missing", "blob")):
        folder = tmp_path / f"in-{number}"
        world.scm.export_repository(REPO, folder, actor=world.ada)
        head = world.scm.resolve(REPO, actor=world.ada)
        ref, branch = folder / "refs" / "heads", "main"
        match damage:
            case "alternates":
                (folder / "objects" / "info").mkdir(exist_ok=True)
                (folder / "objects" / "info" / "alternates").write_text("/etc\n")
            case "shallow":
                (folder / "shallow").write_text(head + "\n")
            case "name":
                branch = "größe"
            case "wrong":
                head = _loose(folder, framed("commit", b"tree " + b"0" * 40), "1" * 40)
            case "missing":
                head = "2" * 40
            case "blob":
                head = _loose(folder, framed("blob", b"x"))
        (ref / branch).write_text(head + "\n")
        other = World()
        with pytest.raises((InputError, ObjectError, OptionError, IntegrityError)):
            other.scm.import_repository(REPO, folder, actor=other.ada)
        assert not other.scm.branches(REPO, actor=other.ada)


def test_repositories_damaged_at_random_are_refused_or_read_and_nothing_else(tmp_path: Path) -> None:
    world = _world()
    world.scm.export_repository(REPO, tmp_path / "out", actor=world.ada)
    files = sorted(path for path in (tmp_path / "out").rglob("*") if path.is_file())
    draws, refused = stream(5, "damage"), 0
    gc.freeze()  # each refusal collects, and would look through all that other tests have left
    for _ in range(150):
        place = files[int(draws.integers(len(files)))]
        sound = place.read_bytes()
        if not sound:
            continue
        damaged = bytearray(sound)
        damaged[int(draws.integers(len(sound)))] ^= 1 << int(draws.integers(8))
        place.chmod(0o644)
        place.write_bytes(damaged)
        other = World()
        try:
            other.scm.import_repository(REPO, tmp_path / "out", actor=other.ada)
            other.scm.checkout(REPO, actor=other.ada)
        except MlplatError:
            refused += 1
        place.write_bytes(sound)
    gc.unfreeze()
    assert refused > 20


def test_a_folder_in_use_is_not_written_to(tmp_path: Path) -> None:
    world = _world()
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("used", "used/file", "link", "used/file/below", "nul\0"):
        with pytest.raises(OptionError, match=r"in use|cannot be written"):
            world.scm.export_repository(REPO, tmp_path / name, actor=world.ada)
    with pytest.raises(InputError):
        world.scm.import_repository(REPO, tmp_path / "nul\0", actor=world.ada)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "used"]
    (tmp_path / "empty").mkdir()
    world.scm.export_repository(REPO, tmp_path / "empty", actor=world.ada)
    assert (tmp_path / "empty" / "HEAD").is_file()


def test_without_dulwich_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "dulwich"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "dulwich", None)
    world = World()
    world.commit({"a": b"1"})
    with pytest.raises(MissingExtraError, match=r"mlplat\[git\]"):
        world.scm.export_repository(REPO, tmp_path / "out", actor=world.ada)
