"""Three-way merge of trees and of commits, with the outcome of `git merge` without the search for renames (`merge.renames=false`).

Where two commits have several best common ancestors, as after a criss-cross merge, these are merged first, the oldest two, then the next,
and the outcome, conflicts and all, is the base: git's recursive strategy, as its `ort` has it.
"""

from __future__ import annotations

from typing import NamedTuple

from .content_merge import merge_content
from .history import merge_bases
from .lines import is_binary
from .object_store import EMPTY_TREE, Link, ObjectStore
from .objects import EXECUTABLE, FILE, FOLDER, SYMLINK, Entry, Tree, content_of, entry, in_order

_BESIDE = ("Temporary merge branch 1", "Temporary merge branch 2")
_PLAIN = (FILE, EXECUTABLE)


class MergedTree(NamedTuple):
    """The outcome of a merge. `tree`: its id in `objects`, which holds what is new. `conflicts`: paths, sorted."""

    tree: str
    conflicts: tuple[str, ...]
    objects: ObjectStore


def merge_commits(store: ObjectStore, ours: str, theirs: str) -> MergedTree | None:
    """Merge two commits; None where they have no common ancestor. Nothing is added to `store`."""
    objects = ObjectStore(store)
    if not merge_bases(objects, ours, theirs):
        return None
    tree, conflicts = _merge_commits(objects, ours, theirs, 0)
    return MergedTree(tree, tuple(sorted(conflicts)), objects)


def _merge_commits(objects: ObjectStore, ours: str, theirs: str, depth: int) -> tuple[str, list[str]]:
    bases = merge_bases(objects, ours, theirs)[::-1]
    if not bases:
        base_tree = ""
    else:
        base = bases[0]
        for other in bases[1:]:
            tree, _ = _merge_commits(objects, base, other, depth + 1)
            generation = 1 + max(objects.link(base).generation, objects.link(other).generation)
            virtual = f"merge of {base} and {other}"
            objects.links[virtual] = Link((base, other), generation, 0, tree)
            base = virtual
        base_tree = objects.link(base).tree
    merge = _TreeMerge(objects, depth)
    merged = merge.folders(base_tree, objects.link(ours).tree, objects.link(theirs).tree, "")
    return merged or objects.put("tree", content_of(EMPTY_TREE)), merge.conflicts


class _TreeMerge:
    """One merge of three trees. `depth`: 0 for the commits asked for, more for merges of common ancestors, whose conflicts are kept."""

    def __init__(self, objects: ObjectStore, depth: int) -> None:
        self.objects, self.depth = objects, depth
        self.conflicts: list[str] = []

    def folders(self, base: str, ours: str, theirs: str, path: str) -> str:
        """Merge folders (ids, empty for none). Returns the id of the outcome, empty where nothing is in it."""
        old, left, right = (self._entries(tree) for tree in (base, ours, theirs))
        merged: dict[str, Entry] = {}
        for name in sorted({*old, *left, *right}):
            o, a, b = (_known(tree.get(name)) for tree in (old, left, right))
            if a == b or o == b:
                chosen = left.get(name)
            elif o == a:
                chosen = right.get(name)
            else:
                self._entry(name, path, old.get(name), left.get(name), right.get(name), merged)
                continue
            if chosen is not None:
                merged[name] = chosen
        return self.objects.put_tree(in_order(merged)) if merged else ""

    def _entry(self, name: str, path: str, o: Entry | None, a: Entry | None, b: Entry | None, merged: dict[str, Entry]) -> None:
        where = path + name
        below = ""
        if any(one is not None and one.mode == FOLDER for one in (a, b)):
            below = self.folders(_folder(o), _folder(a), _folder(b), where + "/")
        if below:
            merged[name] = entry(name, FOLDER, below)
        found = self._file(where, _file(o), _file(a), _file(b))
        if found is None:
            return
        mode, number, side = found
        if below:
            self._conflict(where)
            name = self._free(f"{name}~{_BESIDE[side]}", merged)
        merged[name] = entry(name, mode, number)

    def _file(self, where: str, o: Entry | None, a: Entry | None, b: Entry | None) -> tuple[str, str, int] | None:
        """Mode and id of the merged file, and the side it comes from; None for no file."""
        if _known(a) == _known(b) or _known(o) == _known(b):
            return None if a is None else (a.mode, a.id, 0)
        if _known(o) == _known(a):
            return None if b is None else (b.mode, b.id, 1)
        if a is None or b is None:
            here, side = (b, 1) if a is None else (a, 0)
            assert here is not None
            if o is not None:
                self._conflict(where)
                here = o if self.depth else here
            return here.mode, here.id, side
        if a.mode[:2] != b.mode[:2]:
            self._conflict(where)
            if self.depth:
                return None if o is None else (o.mode, o.id, 0)
            return a.mode, a.id, 0
        mode, clean = a.mode, True
        if a.mode == b.mode or (o is not None and a.mode == o.mode):
            mode = b.mode
        else:
            clean = o is not None and b.mode == o.mode
        number, merged = self._contents(o, a, b)
        if not (clean and merged):
            self._conflict(where)
        if not merged and self.depth and (a.mode == SYMLINK or (a.mode not in _PLAIN and (o is None or o.mode != a.mode))):
            return None if o is None else (o.mode, o.id, 0)  # links that differ are as they were before
        return mode, number, 0

    def _contents(self, o: Entry | None, a: Entry, b: Entry) -> tuple[str, bool]:
        """Id of the merged content, and whether it is without conflict."""
        if a.id == b.id or (o is not None and o.id == b.id):
            return a.id, True
        if o is not None and o.id == a.id:
            return b.id, True
        if a.mode not in _PLAIN:
            return a.id, False
        read = self.objects.content
        base = read(o.id) if o is not None and o.mode in _PLAIN else b""
        contents = base, read(a.id), read(b.id)
        if any(map(is_binary, contents)):
            return (self.objects.put("blob", base), True) if self.depth else (a.id, False)
        merged = merge_content(*contents, labels=_BESIDE, mark=7 + 2 * self.depth)
        return self.objects.put("blob", merged.content), merged.clean

    def _conflict(self, where: str) -> None:
        if where not in self.conflicts:
            self.conflicts.append(where)

    @staticmethod
    def _free(name: str, taken: dict[str, Entry]) -> str:
        number = 0
        free = name
        while free in taken:
            free, number = f"{name}_{number}", number + 1
        return free

    def _entries(self, tree: str) -> Tree:
        return self.objects.tree(tree) if tree else {}


def _known(found: Entry | None) -> tuple[str, str] | None:
    return None if found is None else (found.mode, found.id)


def _folder(found: Entry | None) -> str:
    return found.id if found is not None and found.mode == FOLDER else ""


def _file(found: Entry | None) -> Entry | None:
    return None if found is None or found.mode == FOLDER else found
