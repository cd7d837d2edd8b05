"""Which commit last changed each line of a file; along the file's path, without a search for renames."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import NamedTuple

from .lines import changes, split_lines
from .object_store import ObjectStore
from .objects import FOLDER
from .trees import find


class BlamedLine(NamedTuple):
    """A line (text, without its line feed) and the id of the commit that made it so."""

    commit: str
    text: str


def blame(store: ObjectStore, head: str, path: str) -> list[BlamedLine]:
    """The lines of a file at a commit. A line that a parent has is that parent's; the first parent comes first."""
    blob = _blob(store, head, path)
    lines = split_lines(store.content(blob))
    makers = [""] * len(lines)
    open_: dict[str, dict[int, int]] = {head: {place: place for place in range(len(lines))}}
    """Of each commit to look at: lines of its file that are not accounted for, and where they are at `head`."""
    waiting = [(-store.link(head).generation, head)]
    while waiting:
        _, commit = heappop(waiting)
        places = open_.pop(commit)
        blob = _blob(store, commit, path)
        for parent in store.link(commit).parents:
            above = _blob(store, parent, path)
            if not above or not places:
                continue
            passed = _passed(store, above, blob, places)
            if not passed:
                continue
            if parent not in open_:
                heappush(waiting, (-store.link(parent).generation, parent))
            open_.setdefault(parent, {}).update(passed)
            gone = set(passed.values())
            places = {place: origin for place, origin in places.items() if origin not in gone}
        for origin in places.values():
            makers[origin] = commit
    return [BlamedLine(maker, line.removesuffix(b"\n").decode("utf-8", "replace")) for maker, line in zip(makers, lines, strict=True)]


def _passed(store: ObjectStore, above: str, blob: str, places: dict[int, int]) -> dict[int, int]:
    """The lines that the file of a parent has too, by their place there."""
    if above == blob:
        return places
    passed, old, new = {}, 0, 0
    found = changes(split_lines(store.content(above)), split_lines(store.content(blob)))
    last = max(places) + 1
    for start, count, other, other_count in [*((c.old, c.old_count, c.new, c.new_count) for c in found), (-1, 0, last, 0)]:
        for place in range(new, other):
            if place in places:
                passed[old + place - new] = places[place]
        old, new = start + count, other + other_count
    return passed


def _blob(store: ObjectStore, commit: str, path: str) -> str:
    found = find(store, store.link(commit).tree, path)
    return "" if found is None or found.mode == FOLDER else found.id
