"""Repositories in folders, as git keeps them: read from and written to, with `dulwich`. No path or name in them is trusted."""

from __future__ import annotations

import gc
import os
import tempfile
import warnings
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ....errors import InputError, IntegrityError, MissingExtraError, MlplatError, OptionError, printable, shown
from .errors import ObjectError
from .objects import SUBMODULE, content_of, framed, kind_of, object_id, parse_commit, parse_tag, parse_tree
from .refs import check_ref

if TYPE_CHECKING:
    from .repository import Repository

_KIND_BY_NUMBER = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}
_NUMBER_BY_KIND = {kind: number for number, kind in _KIND_BY_NUMBER.items()}
MOST_BYTES = 1 << 32
"""Of all objects of a repository that is read."""


class Found(NamedTuple):
    """A repository as it was read: framed objects, heads of the branches, of the tags what they name and the commits that they lead to,
    and the branch that HEAD means (empty for none)."""

    frames: tuple[bytes, ...]
    branches: dict[str, str]
    tags: dict[str, tuple[str, str]]
    head: str


def _dulwich() -> Any:
    try:
        import dulwich.objects
        import dulwich.repo
    except ImportError:
        raise MissingExtraError("reading and writing git's repositories", "git") from None
    return dulwich


def read_repository(path: str | PathLike[str]) -> Found:
    """Branches and tags of a repository and all that they lead to, byte for byte. See `SCM.import_repository`."""
    library = _dulwich()
    folder = Path(path)
    try:
        home = folder / ".git" if (folder / ".git").exists() else folder
        whole = (home / "objects").is_dir()
        borrowed = [name for name in ("objects/info/alternates", "commondir", "shallow") if (home / name).exists()]
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {printable(str(error)[:200])}", path=shown(folder)) from None
    if not whole:
        raise InputError("no repository of git's in this folder", path=shown(folder), expected="a folder with objects, or with .git")
    if borrowed:
        raise InputError(f"a repository that is not whole: it has {borrowed[0]}", path=shown(folder), expected="a full clone")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            with library.repo.Repo(os.fspath(home)) as repository:
                return _read(repository, folder)
        except MlplatError:
            raise
        except Exception as error:  # of a library that meets a damaged repository
            problem = f"cannot be read as a repository: {type(error).__name__}: {printable(str(error)[:200])}"
        gc.collect()  # closes the files that the library then leaves open
    raise InputError(problem, path=shown(folder))


def _read(repository: Any, folder: Path) -> Found:
    branches: dict[str, str] = {}
    tagged: dict[str, str] = {}
    for ref, value in sorted(repository.refs.as_dict().items()):
        for prefix, names, what in ((b"refs/heads/", branches, "branch"), (b"refs/tags/", tagged, "tag")):
            if ref.startswith(prefix):
                names[check_ref(ref[len(prefix) :].decode("utf-8", "replace"), what)] = value.decode("ascii")
    frames = _objects(repository, [*branches.values(), *tagged.values()], folder)
    for branch, number in branches.items():
        if kind_of(frames[number]) != "commit":
            raise ObjectError(f"branch {branch} leads to a {kind_of(frames[number])}; expected a commit", number)
    tags = {}
    for tag, number in tagged.items():
        commit = number
        while kind_of(frames[commit]) == "tag":
            commit = parse_tag(content_of(frames[commit]), commit).target
        if kind_of(frames[commit]) != "commit":
            raise ObjectError(f"tag {tag} leads to a {kind_of(frames[commit])}; expected a commit", number)
        tags[tag] = number, commit
    chain, _ = repository.refs.follow(b"HEAD")
    head = chain[-1].removeprefix(b"refs/heads/").decode("utf-8", "replace") if chain else ""
    return Found(tuple(frames.values()), branches, tags, head if head in branches else "")


def _objects(repository: Any, heads: list[str], folder: Path) -> dict[str, bytes]:
    """Framed objects that these lead to, by id, each what its id says."""
    frames: dict[str, bytes] = {}
    total, todo = 0, heads[::-1]
    while todo:
        number = todo.pop()
        if number in frames:
            continue
        kind_number, content = repository.object_store.get_raw(number.encode())
        kind = _KIND_BY_NUMBER[kind_number]
        frames[number] = frame = framed(kind, bytes(content))
        if object_id(frame) != number:
            raise IntegrityError(number, object_id(frame), shown(folder))
        total += len(frame)
        if total > MOST_BYTES:
            raise InputError(f"more than {MOST_BYTES:,} bytes of objects", path=shown(folder))
        if kind == "commit":
            commit = parse_commit(content_of(frame), number)
            todo += [*commit.parents, commit.tree]
        elif kind == "tree":
            todo += [found.id for found in parse_tree(content_of(frame), number).values() if found.mode != SUBMODULE]
        elif kind == "tag":
            todo.append(parse_tag(content_of(frame), number).target)
    return frames


def write_repository(path: str | PathLike[str], repository: Repository) -> int:
    """Write branches and tags and all that they lead to into a new bare repository; all of it or nothing. See `SCM.export_repository`."""
    library = _dulwich()
    folder = Path(path)
    try:
        if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
            raise OptionError(f"{shown(folder)} is in use; expected a folder that is empty or not there")
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".mlplat-") as outer:
            place = Path(outer) / "repository"
            place.mkdir()
            count = _write(library, place, repository)
            place.rename(folder)
    except (OSError, ValueError) as error:
        raise OptionError(f"{shown(folder)} cannot be written: {type(error).__name__}: {printable(str(error)[:200])}") from None
    return count


def _write(library: Any, place: Path, repository: Repository) -> int:
    objects = repository.objects
    wanted = objects.closure([*repository.branches.values(), *repository.tags.values()])
    with library.repo.Repo.init_bare(os.fspath(place)) as made:
        make = library.objects.ShaFile.from_raw_string
        frames = ((number, objects.frame(number)) for number in wanted)
        pairs = [(make(_NUMBER_BY_KIND[kind_of(frame)], content_of(frame), number.encode()), None) for number, frame in frames]
        if pairs:
            made.object_store.add_objects(pairs)
        for prefix, names in ((b"refs/heads/", repository.branches), (b"refs/tags/", repository.tags)):
            for name, number in names.items():
                made.refs[prefix + name.encode()] = number.encode()
        made.refs.set_symbolic_ref(b"HEAD", b"refs/heads/" + repository.default_branch.encode())
    return len(wanted)
