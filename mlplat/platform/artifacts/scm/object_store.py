"""`ObjectStore`: the objects of a repository by id, and what is read from them again and again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from .errors import ObjectError
from .objects import (
    FOLDER,
    SUBMODULE,
    Commit,
    Entry,
    Tree,
    content_of,
    framed,
    kind_of,
    object_id,
    parse_commit,
    parse_tag,
    parse_tree,
    tree_frame,
    unframed,
)
from .paths import DEEPEST

EMPTY_TREE = framed("tree", b"")
REMEMBERED = 8192
"""Trees that are kept parsed."""


class Link(NamedTuple):
    """Where a commit stands in the history. `generation`: 1 more than the highest of its parents'. `seconds`: when it was committed."""

    parents: tuple[str, ...]
    generation: int
    seconds: int
    tree: str


class ObjectStore:
    """Objects by id. Those added are complete: what they name is there too (`check_complete`).

    `below`: another store that is looked into as well, and never written to.
    """

    def __init__(self, below: ObjectStore | None = None) -> None:
        self._frames: dict[str, bytes] = {}
        self.links: dict[str, Link] = {}
        self._trees: dict[str, dict[str, Entry]] = {}
        self._below = below

    def __contains__(self, number: object) -> bool:
        return number in self._frames or (self._below is not None and number in self._below)

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[str]:
        return iter(self._frames)

    def frame(self, number: str) -> bytes:
        """A framed object. Raises ObjectError where it is not there."""
        found = self._frames.get(number)
        if found is None:
            if self._below is not None:
                return self._below.frame(number)
            raise ObjectError("not here", number)
        return found

    def kind(self, number: str) -> str:
        """The kind of an object."""
        return kind_of(self.frame(number))

    def content(self, number: str) -> bytes:
        """The content of an object."""
        return content_of(self.frame(number))

    def commit(self, number: str) -> Commit:
        """A commit."""
        return parse_commit(self.content(number), number)

    def tree(self, number: str) -> Tree:
        """The entries of a tree, not to be changed."""
        found = self._trees.get(number)
        if found is None:
            if number not in self._frames and self._below is not None and number in self._below:
                return self._below.tree(number)
            found = parse_tree(self.content(number), number)
            self.remember(number, found)
        return found

    def remember(self, number: str, entries: dict[str, Entry]) -> None:
        """Keep a tree parsed."""
        if len(self._trees) >= REMEMBERED:
            self._trees.clear()
        self._trees[number] = entries

    def link(self, number: str) -> Link:
        """Where a commit stands."""
        found = self.links.get(number)
        if found is None:
            assert self._below is not None
            return self._below.link(number)
        return found

    def put(self, kind: str, content: bytes) -> str:
        """Add a blob. Returns its id."""
        frame = framed(kind, content)
        number = object_id(frame)
        self._frames[number] = frame
        return number

    def put_tree(self, entries: dict[str, Entry]) -> str:
        """Add a tree, of entries in order. Returns its id."""
        frame = tree_frame(entries)
        number = object_id(frame)
        self._frames[number] = frame
        self.remember(number, entries)
        return number

    def add(self, frames: Mapping[str, bytes]) -> None:
        """Add objects that were checked."""
        self._frames.update(frames)
        self.link_commits([number for number, frame in frames.items() if frame.startswith(b"commit ")])

    def add_commit(self, commit: Commit, frames: Mapping[str, bytes]) -> None:
        """Add a commit and all that comes with it, its parents being here."""
        self._frames.update(frames)
        self._place(commit)

    def link_commits(self, numbers: Iterable[str]) -> None:
        """Find out where commits stand; parents may come after their children."""
        links = self.links
        for first in numbers:
            todo = [first]
            while todo:
                number = todo[-1]
                if number in links:
                    todo.pop()
                    continue
                commit = self.commit(number)
                missing = [parent for parent in commit.parents if parent not in links]
                if missing:
                    todo += missing
                    continue
                self._place(commit)
                todo.pop()

    def _place(self, commit: Commit) -> None:
        generation = 1 + max((self.links[parent].generation for parent in commit.parents), default=0)
        self.links[commit.id] = Link(commit.parents, generation, commit.committer.seconds, commit.tree)

    def closure(self, heads: Iterable[str], known: ObjectStore | None = None) -> list[str]:
        """Ids of all objects that these lead to, themselves included, in the order met; without what `known` has."""
        found: dict[str, None] = {}
        todo = list(heads)[::-1]
        while todo:
            number = todo.pop()
            if number in found or (known is not None and number in known):
                continue
            found[number] = None
            todo += self._named_by(number)[::-1]
        return list(found)

    def _named_by(self, number: str) -> list[str]:
        match self.kind(number):
            case "commit":
                commit = self.commit(number)
                return [commit.tree, *commit.parents]
            case "tree":
                return [entry.id for entry in self.tree(number).values() if entry.mode != SUBMODULE]
            case "tag":
                return [parse_tag(self.content(number), number).target]
            case _:
                return []


def checked(frames: Iterable[bytes], there: ObjectStore) -> dict[str, bytes]:
    """Framed objects by id: each well formed, and each naming objects of the right kind that are among them or in `there`.

    Those that are there already are left out. Raises ObjectError.
    """
    fresh: dict[str, bytes] = {}
    for frame in frames:
        if type(frame) is not bytes:  # of another class it may show something else than it is
            raise ObjectError(f"a {type(frame).__name__}; expected the bytes of an object")
        unframed(frame)
        number = object_id(frame)
        if number not in there:
            fresh[number] = frame
    for number, frame in fresh.items():
        kind, content = unframed(frame)
        for other, expected in _references(kind, content, number):
            found = fresh.get(other) or (there.frame(other) if other in there else None)
            if found is None:
                raise ObjectError(f"names {expected} {other}, which is not here", number)
            if kind_of(found) != expected:
                raise ObjectError(f"names {other} as a {expected}, and it is a {kind_of(found)}", number)
    _check_depth(fresh, there)
    return fresh


def _check_depth(fresh: Mapping[str, bytes], there: ObjectStore) -> None:
    """That no folders are nested deeper than paths may be. Raises ObjectError."""
    depths: dict[str, int] = {}
    for first in (number for number, frame in fresh.items() if frame.startswith(b"tree ")):
        todo = [first]
        while todo:
            number = todo[-1]
            frame = fresh.get(number)
            entries = there.tree(number) if frame is None else parse_tree(content_of(frame), number)
            below = [entry.id for entry in entries.values() if entry.mode == FOLDER]
            missing = [folder for folder in below if folder not in depths]
            if missing and len(todo) <= DEEPEST:
                todo.append(missing[0])
                continue
            depths[todo.pop()] = depth = 1 + max((depths.get(folder, DEEPEST) for folder in below), default=0)
            if depth > DEEPEST:
                raise ObjectError(f"folders nested deeper than {DEEPEST}", number)


def _references(kind: str, content: bytes, number: str) -> list[tuple[str, str]]:
    match kind:
        case "commit":
            commit = parse_commit(content, number)
            return [(commit.tree, "tree"), *((parent, "commit") for parent in commit.parents)]
        case "tree":
            entries = parse_tree(content, number).values()
            return [(entry.id, "tree" if entry.mode == FOLDER else "blob") for entry in entries if entry.mode != SUBMODULE]
        case "tag":
            tag = parse_tag(content, number)
            return [(tag.target, tag.kind)]
        case _:
            return []


def packed(frames: Iterable[bytes]) -> bytes:
    """Framed objects as one content: one after the other, each saying how long it is."""
    return b"".join(frames)


def unpacked(content: bytes) -> dict[str, bytes]:
    """The framed objects of a pack, by id. Raises ObjectError."""
    frames: dict[str, bytes] = {}
    start = 0
    while start < len(content):
        nul = content.find(b"\0", start, start + 40)
        length = content[start : max(nul, start)].rpartition(b" ")[2]
        if nul < 0 or not length.isdigit() or nul + 1 + int(length) > len(content):
            raise ObjectError(f"a pack that breaks off at byte {start}")
        frame = content[start : nul + 1 + int(length)]
        unframed(frame)
        frames[object_id(frame)] = frame
        start += len(frame)
    return frames
