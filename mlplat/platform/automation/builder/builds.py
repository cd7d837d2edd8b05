"""What the Image Builder answers of a build."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ....errors import printable
from ....units import format_seconds
from ...work.outcomes import SENTENCE, Outcome
from ..listing import Listing
from .package_lock import PackageChange


class BuildReason(StrEnum):
    """Why a build has ended that no work was done for, or that could not be kept."""

    BAD_MANIFEST = "BAD_MANIFEST"
    ACCESS_DENIED = "ACCESS_DENIED"
    REFUSED = "REFUSED"
    NO_ZONE = "NO_ZONE"
    INTERRUPTED = "INTERRUPTED"
    CACHED = "CACHED"


BUILD_SENTENCE: Final = MappingProxyType(
    {
        **{str(reason.value): sentence for reason, sentence in SENTENCE.items()},
        "": "it waits, or is at work",
        "COMPLETED": "it was built",
        "RAISED": "what came out was refused",
        "BAD_MANIFEST": "the manifest cannot be built",
        "ACCESS_DENIED": "who builds may not do what that takes",
        "REFUSED": "the zone does not take it",
        "NO_ZONE": "who pushed has no development zone",
        "INTERRUPTED": "the platform was closed meanwhile",
        "CACHED": "all layers were there",
    }
)
"""A reason as people read it."""


@dataclass(frozen=True, slots=True)
class Build:
    """A build as of the instant at which it was asked for.

    `repository`, `number`: which one. `commit`, `manifest`: from which file of which commit. `image`: `project/name`. `key`: the digest of
    manifest, lock and files. `lock`: the digest of the lock. `digest`: of the image, empty before it is there. `outcome`, `reason`: where
    it stands. `error`, `line`: what is wrong, and where in the manifest. `seconds`: how long building took, as modelled.
    `layers`: how many were built. `changes`: what the lock has otherwise than that of the build before. `zone`: where it was charged.
    `creator`: who acted, `on_behalf_of`: for whom; ids. `created_s`, `ended_s`: seconds, None before it has ended.
    """

    repository: str
    number: int
    commit: str
    manifest: str
    image: str
    creator: str
    on_behalf_of: str
    created_s: float
    zone: str = ""
    key: str = ""
    lock: str = ""
    changes: tuple[PackageChange, ...] = ()
    outcome: Outcome = Outcome.RUNNING
    reason: str = ""
    error: str = ""
    line: int | None = None
    digest: str = ""
    seconds: float = 0.0
    layers: int = 0
    ended_s: float | None = None

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.outcome is not Outcome.RUNNING

    @property
    def cached(self) -> bool:
        """Whether nothing had to be built."""
        return self.reason == BuildReason.CACHED

    @property
    def reference(self) -> str:
        """The image by digest, `shop/train@sha256:…`; empty before it is there."""
        return f"{self.image}@{self.digest}" if self.digest else ""

    @property
    def subject(self) -> str:
        """What it is called in events."""
        return f"build:{self.repository}/{self.number}"

    def __str__(self) -> str:
        said = f"build {self.number} of {self.repository}@{self.commit[:7]}: {self.outcome.value}"
        if self.outcome is Outcome.SUCCESS:
            how = "all layers were there" if self.cached else f"{self.layers} layers in {format_seconds(self.seconds)}"
            changed = f"; {', '.join(map(str, self.changes))}" if self.changes else ""
            return f"{said}, {self.image}, {how}{changed}"
        return f"{said}, {BUILD_SENTENCE.get(self.reason, self.reason)}{f': {printable(self.error)}' if self.error else ''}"


class BuildList(Listing[Build]):
    """Builds in order of their numbers."""

    __slots__ = ()
    HEADS = ("number", "commit", "outcome", "reason", "image", "digest", "seconds", "layers", "changes", "error", "zone", "ended_s")
