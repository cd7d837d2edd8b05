"""What can go wrong with source code: objects that are none, moves of a branch that are refused, merges in conflict."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from ....errors import MlplatError, printable


class ObjectError(MlplatError):
    """Bytes are no object of git's, or one that is not taken. Attribute: `id`, of the object, empty where it has none."""

    def __init__(self, problem: str, number: str = "") -> None:
        self.id = number
        super().__init__(f"object {number}: {problem}" if number else problem)


class PathError(MlplatError):
    """A path that cannot stand in a tree. Attribute: `path`."""

    def __init__(self, path: object, expected: str) -> None:
        self.path = path
        super().__init__(f"path {printable(str(path)[:120])!r}: expected {expected}")


class Refusal(StrEnum):
    """Why a branch does not move."""

    NOT_FAST_FORWARD = "NOT_FAST_FORWARD"
    PROTECTED = "PROTECTED"
    STATUS_MISSING = "STATUS_MISSING"
    STATUS_RED = "STATUS_RED"
    APPROVALS_MISSING = "APPROVALS_MISSING"
    CHANGES_REQUESTED = "CHANGES_REQUESTED"
    CANDIDATE_MISSING = "CANDIDATE_MISSING"
    UNRELATED = "UNRELATED"


SENTENCES = {
    Refusal.NOT_FAST_FORWARD: "its head is not among the ancestors of the new one",
    Refusal.PROTECTED: "a protected branch moves by `push`, `merge` and `merge_change` only; neither it nor the default branch is deleted",
    Refusal.STATUS_MISSING: "a required status is missing or pending on the commit",
    Refusal.STATUS_RED: "a required status of the commit is not success",
    Refusal.APPROVALS_MISSING: "it takes only approved changes, and approvals are missing",
    Refusal.CHANGES_REQUESTED: "a reviewer asks for changes",
    Refusal.CANDIDATE_MISSING: "the merge commit is yet to be made (`prepare_merge`) and tested",
    Refusal.UNRELATED: "the two have no ancestor in common",
}


class MoveRefused(MlplatError):
    """A branch does not move; nothing was changed. Attributes: `branch`, `reason`, `commit` (that it was to move to), `missing`."""

    def __init__(self, branch: str, reason: Refusal, commit: str = "", missing: Sequence[str] = ()) -> None:
        self.branch, self.reason, self.commit, self.missing = branch, reason, commit, tuple(missing)
        which = f" ({', '.join(self.missing)})" if self.missing else ""
        where = f" to {commit}" if commit else ""
        super().__init__(f"branch {branch} does not move{where}: {reason.value}: {SENTENCES[reason]}{which}")


class MergeConflict(MlplatError):
    """Two commits change the same; nothing was changed. Attribute: `paths`, sorted."""

    def __init__(self, ours: str, theirs: str, paths: Sequence[str]) -> None:
        self.paths = tuple(sorted(paths))
        shown = ", ".join(printable(path) for path in self.paths[:10]) + (", …" if len(self.paths) > 10 else "")
        super().__init__(f"{theirs} conflicts with {ours} in {shown}")
