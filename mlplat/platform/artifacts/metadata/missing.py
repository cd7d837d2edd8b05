"""Links that are not there, or lead to what is not there any more: by name, and why."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from ....errors import printable


class Via(StrEnum):
    """Who names a link."""

    RECORD = "record"
    LOCK_FILE = "lock file"
    REGISTRY = "registry"
    STORE = "store"
    """The store in which the artifact itself is."""


class MissingReason(StrEnum):
    """Why a link is missing."""

    NOT_RECORDED = "NOT_RECORDED"
    NO_LOCK_FILE = "NO_LOCK_FILE"
    BAD_LOCK_FILE = "BAD_LOCK_FILE"
    NOT_FOUND = "NOT_FOUND"
    DIGEST_DIFFERS = "DIGEST_DIFFERS"
    CONFLICT = "CONFLICT"
    AMBIGUOUS = "AMBIGUOUS"


SENTENCES = {
    MissingReason.NOT_RECORDED: "nobody recorded it",
    MissingReason.NO_LOCK_FILE: "the commit has no lock file",
    MissingReason.BAD_LOCK_FILE: "the lock file cannot be read",
    MissingReason.NOT_FOUND: "it is not there any more",
    MissingReason.DIGEST_DIFFERS: "its content is not what was recorded",
    MissingReason.CONFLICT: "another artifact is named elsewhere",
    MissingReason.AMBIGUOUS: "several runs of the commit may have made it",
}


class MissingLink(NamedTuple):
    """A link of `of` in a role that is missing or broken. `resource`: what it names or should name, where that is known, else empty."""

    of: str
    role: str
    via: Via
    reason: MissingReason
    resource: str = ""

    def __str__(self) -> str:
        named = f" ({printable(self.resource)})" if self.resource else ""
        return f"{self.role} of {printable(self.of)}{named}, by {self.via}: {SENTENCES[self.reason]}"
