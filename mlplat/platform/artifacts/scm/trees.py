"""Trees as files by path: made, changed, read and compared. A change rewrites the folders on its path and no other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ....errors import OptionError, UnknownNameError, printable
from ...storage.digests import plain_bytes
from .errors import PathError
from .object_store import EMPTY_TREE, ObjectStore
from .objects import EXECUTABLE, FILE, FOLDER, SUBMODULE, SYMLINK, Entry, File, Tree, entry, framed, in_order, object_id, tree_frame
from .paths import check_path

Content = bytes | str | File | None
"""A file in a change: its content, text (UTF-8), a `File` with its mode, None for no file there."""

_EMPTY = object_id(EMPTY_TREE)


class _Folder(dict[str, "_Folder | Entry | None"]):
    """Changes below a folder: by name a folder's, a new entry, or None for a removal. `file`: what takes its place once it is empty."""

    file: Entry | None = None


def changed(store: ObjectStore, tree: str, files: Mapping[str, Content]) -> tuple[str, dict[str, bytes], dict[str, dict[str, Entry]]]:
    """The id of a tree with files changed, the new framed objects that it needs, and its new folders parsed.

    `tree`: an id, empty for an empty tree. A file over a folder, or below a file, is refused unless the other is removed in the same
    change; a folder without files is no more. Raises PathError, OptionError, UnknownNameError for the removal of what is not there.
    """
    if not isinstance(files, Mapping):
        raise OptionError(f"files: a {type(files).__name__}; expected a mapping of paths to contents")
    frames: dict[str, bytes] = {}
    top = _Folder()
    for path, content in files.items():
        folders = check_path(path).split("/")
        name, at = folders.pop(), top
        for folder in folders:
            below = at.get(folder)
            if not isinstance(below, _Folder):
                file, below = below, _Folder()
                below.file = file
                at[folder] = below
            at = below
        change = None if content is None else _file_entry(name, content, path, frames)
        below = at.get(name)
        if not isinstance(below, _Folder):
            at[name] = change
        elif change is not None:
            below.file = change
    parsed: dict[str, dict[str, Entry]] = {}
    removed = frozenset(path for path, content in files.items() if content is None)
    return _write(store, tree, top, "", removed, frames, parsed) or _put_empty(frames), frames, parsed


def _put_empty(frames: dict[str, bytes]) -> str:
    frames[_EMPTY] = EMPTY_TREE
    return _EMPTY


def _file_entry(name: str, content: bytes | str | File, path: str, frames: dict[str, bytes]) -> Entry:
    mode = FILE
    if type(content) is File:
        content, mode = content
        if mode not in (FILE, EXECUTABLE, SYMLINK):
            raise OptionError(f"{printable(path)}: mode {printable(str(mode)[:20])!r}; expected {FILE}, {EXECUTABLE} or {SYMLINK}")
    if isinstance(content, str):
        content = content.encode()
    if not isinstance(content, bytes):
        raise OptionError(f"{printable(path)}: a {type(content).__name__} as content; expected bytes, text, a File or None")
    content = plain_bytes(content)
    if mode == SYMLINK and (not content or b"\0" in content):
        raise OptionError(f"{printable(path)}: a symbolic link without a target")
    frame = framed("blob", content)
    number = object_id(frame)
    frames[number] = frame
    return entry(name, mode, number)


def _write(
    store: ObjectStore,
    tree: str,
    changes: _Folder,
    path: str,
    removed: frozenset[str],
    frames: dict[str, bytes],
    parsed: dict[str, dict[str, Entry]],
) -> str:
    """Write a folder. Returns its id, empty where nothing is left in it."""
    entries = dict(store.tree(tree)) if tree else {}
    fresh = False
    for name, change in changes.items():
        before = entries.get(name)
        where = f"{path}{name}"
        if change is None:
            if before is None or before.mode == FOLDER:
                raise UnknownNameError("file", where, _nearby(store, tree, path))
            del entries[name]
            continue
        if isinstance(change, _Folder):
            if before is not None and before.mode != FOLDER and where not in removed:
                raise PathError(where, "a folder; there is a file of that name, which is to be removed first")
            old = before.id if before is not None and before.mode == FOLDER else ""
            below = _write(store, old, change, f"{where}/", removed, frames, parsed)
            if below and change.file is not None:
                raise PathError(where, "a file or a folder, not both; the files in the folder are to be removed first")
            if not below and change.file is None:
                entries.pop(name, None)
                continue
            change = change.file if not below else entry(name, FOLDER, below)
            assert change is not None
        elif before is not None and before.mode == FOLDER:
            raise PathError(where, "a file; there is a folder of that name, whose files are to be removed first")
        fresh = fresh or before is None or before.mode != change.mode
        entries[name] = change
    if not entries:
        return ""
    if fresh:
        entries = in_order(entries)
    frame = tree_frame(entries)
    number = object_id(frame)
    frames[number] = frame
    parsed[number] = entries
    return number


def _nearby(store: ObjectStore, tree: str, path: str) -> list[str]:
    return [f"{path}{name}" for name in (store.tree(tree) if tree else ())][:20]


def walk(store: ObjectStore, tree: str, path: str = "") -> Iterator[tuple[str, Entry]]:
    """Every file of a tree with its path, in git's order."""
    stack: list[Iterator[tuple[str, Entry]]] = [iter(store.tree(tree).items())]
    prefixes = [path]
    while stack:
        for name, found in stack[-1]:
            if found.mode == FOLDER:
                prefixes.append(f"{prefixes[-1]}{name}/")
                stack.append(iter(store.tree(found.id).items()))
                break
            yield prefixes[-1] + name, found
        else:
            stack.pop()
            prefixes.pop()


def find(store: ObjectStore, tree: str, path: str) -> Entry | None:
    """What is at a path."""
    found: Entry | None = Entry(FOLDER, tree, b"")
    for name in path.split("/"):
        if found is None or found.mode != FOLDER:
            return None
        found = store.tree(found.id).get(name)
    return found


def file_of(store: ObjectStore, found: Entry) -> File:
    """The file of an entry."""
    return File(b"" if found.mode == SUBMODULE else store.content(found.id), found.mode)


class Difference(NamedTuple):
    """A file that differs between two trees. `kind`: `added`, `removed`, `modified`, `mode` (its content does not differ), `type` (a file
    became a link, or the like). `old`, `new`: ids of the contents, empty for none, and the modes."""

    path: str
    kind: str
    old: str
    new: str
    old_mode: str
    new_mode: str


def differences(store: ObjectStore, old: str, new: str) -> list[Difference]:
    """Files that differ between two trees (ids, empty for an empty tree), by path."""
    found: list[Difference] = []
    _differ(store, old, new, "", found)
    found.sort()
    return found


def _differ(store: ObjectStore, old: str, new: str, path: str, found: list[Difference]) -> None:
    if old == new:
        return
    before: Tree = store.tree(old) if old else {}
    after: Tree = store.tree(new) if new else {}
    for name in sorted({*before, *after}):
        first, second = before.get(name), after.get(name)
        if first is not None and second is not None and first[:2] == second[:2]:
            continue
        left, right = _folder(first), _folder(second)
        if left or right:
            _differ(store, left, right, f"{path}{name}/", found)
        a, b = (None if one is None or one.mode == FOLDER else one for one in (first, second))
        if a is not None and b is not None:
            kind = "type" if a.mode[:2] != b.mode[:2] else "modified" if a.id != b.id else "mode"
            found.append(Difference(path + name, kind, a.id, b.id, a.mode, b.mode))
        elif a is not None:
            found.append(Difference(path + name, "removed", a.id, "", a.mode, ""))
        elif b is not None:
            found.append(Difference(path + name, "added", "", b.id, "", b.mode))


def _folder(found: Entry | None) -> str:
    return found.id if found is not None and found.mode == FOLDER else ""
