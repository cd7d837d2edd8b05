"""Random histories: files in folders, edits, branches, merges. Made by hypothesis, many at a time."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha512
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mlplat.platform.artifacts.scm.object_store import ObjectStore
from mlplat.platform.artifacts.scm.objects import EXECUTABLE, FILE, SYMLINK, Commit, File, commit_frame, object_id, person
from mlplat.platform.artifacts.scm.trees import changed

T = TypeVar("T")
WHO = ("Ada Lovelace", "ada@example.org")


def examples(strategy: st.SearchStrategy[T], count: int) -> list[T]:
    """So many values: the same each time, as far as the same modules are loaded (hypothesis takes constants from them too)."""
    found: list[T] = []

    @settings(max_examples=count, derandomize=True, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(strategy)
    def collect(value: T) -> None:
        found.append(value)

    collect()
    return found


class Maker:
    """Commits made object by object, a minute apart."""

    def __init__(self) -> None:
        self.store, self.minute = ObjectStore(), 0

    def commit(self, files: dict[str, Any], *parents: str, onto: str = "") -> str:
        """A commit with these changes to `onto`, the first parent unless said. Returns its id."""
        base = onto or (parents[0] if parents else "")
        tree, frames, _ = changed(self.store, self.store.links[base].tree if base else "", files)
        return self.commit_tree(tree, parents, frames)

    def commit_tree(self, tree: str, parents: tuple[str, ...], frames: dict[str, bytes]) -> str:
        """A commit of a tree."""
        self.minute += 1
        who = person(*WHO, 1767225600 + 60 * self.minute)
        frame = commit_frame(tree, parents, who, who, f"{self.minute}\n")
        commit = Commit(object_id(frame), tree, parents, who, who, f"{self.minute}\n")
        self.store.add_commit(commit, {**frames, commit.id: frame})
        return commit.id


def lines(letters: str, most: int) -> st.SearchStrategy[list[str]]:
    """Lines of a text, some alike."""
    return st.lists(st.sampled_from([f"{letter}\n" for letter in letters]), max_size=most)


@st.composite
def edited(draw: Callable[[st.SearchStrategy[Any]], Any], before: list[str]) -> list[str]:
    """A text with a few lines inserted, removed or replaced."""
    after = list(before)
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(after)))
        match draw(st.sampled_from(["insert", "remove", "replace"])):
            case "insert":
                after[place:place] = draw(lines("pqrs", 3))
            case "remove":
                del after[place : place + draw(st.integers(1, 2))]
            case _:
                after[place : place + 1] = draw(lines("abxy", 2))
    return after


MODES = st.sampled_from([FILE, FILE, FILE, FILE, EXECUTABLE, SYMLINK])


def as_file(path: str, text: list[str], mode: str) -> File:
    """A file of these lines, below a line of the path's own, so long that no file is half like one of another path: a rename."""
    own = sha512(path.encode()).hexdigest() * 2
    return File(f"{own}\n{''.join(text)}".encode() if mode != SYMLINK else f"{own}-{len(text)}".encode(), mode)
