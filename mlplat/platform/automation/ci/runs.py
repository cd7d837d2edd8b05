"""What CI answers of a run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ....errors import printable
from ...work.outcomes import SENTENCE, Outcome
from ..listing import Listing


class CIReason(StrEnum):
    """How a run ends that is not told by how its work ended."""

    PASSED = "PASSED"
    TESTS_FAILED = "TESTS_FAILED"
    NO_TESTS = "NO_TESTS"
    BAD_DEFINITION = "BAD_DEFINITION"
    BUILD_FAILED = "BUILD_FAILED"
    BUILD_ERROR = "BUILD_ERROR"
    ACCESS_DENIED = "ACCESS_DENIED"
    REFUSED = "REFUSED"
    NO_ZONE = "NO_ZONE"
    SUPERSEDED = "SUPERSEDED"
    INTERRUPTED = "INTERRUPTED"


CI_SENTENCE: Final = MappingProxyType(
    {
        **{str(reason.value): sentence for reason, sentence in SENTENCE.items()},
        "": "it waits, or is at work",
        "PASSED": "no test failed",
        "TESTS_FAILED": "tests failed",
        "NO_TESTS": "the commit has no tests",
        "BAD_DEFINITION": "the definition cannot be followed",
        "BUILD_FAILED": "the image cannot be built",
        "BUILD_ERROR": "the infrastructure failed the build of the image",
        "ACCESS_DENIED": "who tests may not do what that takes",
        "REFUSED": "the zone does not take it",
        "NO_ZONE": "who pushed has no development zone",
        "SUPERSEDED": "the branch has moved on before it began",
        "INTERRUPTED": "the platform was closed meanwhile",
    }
)
"""A reason as people read it."""


@dataclass(frozen=True, slots=True)
class CIRun:
    """A run of the tests of a commit, as of the instant at which it was asked for.

    `repository`, `number`: which one. `branch`: on which the commit was pushed, empty for a merge that is prepared, or by hand. `image`:
    by digest, empty for none. `outcome`, `reason`: where it stands; `error`: in words. `passed`, `failed`, `skipped`: names of tests.
    `tries`: how often work on it began. `zone`: where it was charged. `creator`: who acted, `on_behalf_of`: for whom; ids. `results`: the
    digest of what each test said. `created_s`, `ended_s`: seconds, None before it has ended.
    """

    repository: str
    number: int
    commit: str
    branch: str
    creator: str
    on_behalf_of: str
    created_s: float
    zone: str = ""
    image: str = ""
    outcome: Outcome = Outcome.RUNNING
    reason: str = ""
    error: str = ""
    passed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    tries: int = 0
    results: str = ""
    ended_s: float | None = None

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.outcome is not Outcome.RUNNING

    @property
    def name(self) -> str:
        """What it is called in events, after its kind."""
        return f"{self.repository}/ci-{self.number}"

    @property
    def subject(self) -> str:
        """What it is called in events."""
        return f"pipelinerun:{self.name}"

    def __str__(self) -> str:
        said = (
            f"run {self.number} of {self.repository}@{self.commit[:7]}: {self.outcome.value}, {CI_SENTENCE.get(self.reason, self.reason)}"
        )
        if self.passed or self.failed or self.skipped:
            counts = ((len(self.passed), "passed"), (len(self.failed), "failed"), (len(self.skipped), "skipped"))
            said += f" ({', '.join(f'{count} {word}' for count, word in counts if count)})"
        return f"{said}: {printable(self.error)}" if self.error else said


class RunList(Listing[CIRun]):
    """Runs in order of their numbers."""

    __slots__ = ()
    HEADS = ("number", "commit", "branch", "outcome", "reason", "passed", "failed", "skipped", "tries", "error", "zone", "ended_s")
