"""The graph of commits: its order, ancestors, and where two lines parted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from heapq import heappop, heappush
from itertools import count

from .object_store import ObjectStore
from .objects import parse_commit, unframed


def by_date(store: ObjectStore, heads: Iterable[str]) -> Iterator[str]:
    """A commit and its ancestors, the latest first, as `git log` shows them."""
    number, seen = count(), set()
    waiting: list[tuple[int, int, str]] = []
    for head in heads:
        if head not in seen:
            seen.add(head)
            heappush(waiting, (-store.link(head).seconds, next(number), head))
    while waiting:
        _, _, commit = heappop(waiting)
        yield commit
        for parent in store.link(commit).parents:
            if parent not in seen:
                seen.add(parent)
                heappush(waiting, (-store.link(parent).seconds, next(number), parent))


def topological(store: ObjectStore, head: str) -> Iterator[str]:
    """A commit and its ancestors, none before all its children, lines of history one after the other, as `git log --topo-order`."""
    children: dict[str, int] = {head: 0}
    for commit in by_date(store, [head]):
        for parent in dict.fromkeys(store.link(commit).parents):
            children[parent] = children.get(parent, 0) + 1
    ready = [head]
    while ready:
        commit = ready.pop()
        yield commit
        for parent in dict.fromkeys(store.link(commit).parents):
            children[parent] -= 1
            if not children[parent]:
                ready.append(parent)


def is_ancestor(store: ObjectStore, old: str, new: str) -> bool:
    """Whether `old` is `new` or one of its ancestors."""
    if old == new:
        return True
    lowest = store.link(old).generation
    seen, todo = {new}, [new]
    while todo:
        for parent in store.link(todo.pop()).parents:
            if parent == old:
                return True
            if parent not in seen and store.link(parent).generation > lowest:
                seen.add(parent)
                todo.append(parent)
    return False


def leads_to(store: ObjectStore, old: str, new: str, frames: Mapping[str, bytes]) -> bool:
    """As `is_ancestor`, where `new` and commits before it may be among `frames`, which are not in the store yet."""
    seen, todo = {new}, [new]
    while todo:
        found = todo.pop()
        if found == old:
            return True
        frame = frames.get(found)
        if frame is None:
            if is_ancestor(store, old, found):
                return True
            continue
        for parent in parse_commit(unframed(frame)[1], found).parents:
            if parent not in seen:
                seen.add(parent)
                todo.append(parent)
    return False


def merge_bases(store: ObjectStore, ours: str, theirs: str) -> list[str]:
    """The best common ancestors of two commits: those that are ancestors of no other. The latest comes first."""
    left, right, stale = 1, 2, 4
    marks = {ours: left}
    marks[theirs] = marks.get(theirs, 0) | right
    waiting: list[tuple[int, str]] = []
    for commit in marks:
        heappush(waiting, (-store.link(commit).generation, commit))
    found = []
    open_ = len(waiting)  # those waiting that are not known to be below a common ancestor
    while open_:
        _, commit = heappop(waiting)
        mark = marks[commit]
        open_ -= not mark & stale
        if mark & stale == 0 and mark & 3 == 3:
            found.append(commit)
            mark |= stale
        for parent in store.link(commit).parents:
            before = marks.get(parent)
            after = (before or 0) | mark
            if before is None:
                heappush(waiting, (-store.link(parent).generation, parent))
                open_ += not after & stale
            elif not before & stale and after & stale:
                open_ -= 1
            marks[parent] = after
    return sorted(found, key=lambda commit: (-store.link(commit).seconds, commit))
