"""Source code management: repositories whose objects have git's ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....lazy_names import lazy_names

if TYPE_CHECKING:
    from .blame import BlamedLine
    from .errors import MergeConflict, MoveRefused, ObjectError, PathError, Refusal
    from .objects import Commit, File, Person
    from .repository import Bundle, ChangeRequest, Protection, Review, Status
    from .scm import SCM
    from .trees import Difference

__all__ = [
    "SCM",
    "BlamedLine",
    "Bundle",
    "ChangeRequest",
    "Commit",
    "Difference",
    "File",
    "MergeConflict",
    "MoveRefused",
    "ObjectError",
    "PathError",
    "Person",
    "Protection",
    "Refusal",
    "Review",
    "Status",
]

_HOME = {
    "SCM": "scm",
    "BlamedLine": "blame",
    "Bundle": "repository",
    "ChangeRequest": "repository",
    "Commit": "objects",
    "Difference": "trees",
    "File": "objects",
    "MergeConflict": "errors",
    "MoveRefused": "errors",
    "ObjectError": "errors",
    "PathError": "errors",
    "Person": "objects",
    "Protection": "repository",
    "Refusal": "errors",
    "Review": "repository",
    "Status": "repository",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
