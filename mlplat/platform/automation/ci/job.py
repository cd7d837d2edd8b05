"""A run under way: what it tests, where, and the work that it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...work.task import Body
from .definition import CIDefinition
from .discovery import FoundTests
from .runs import CIRun
from .testing import CaseResult, run_tests

if TYPE_CHECKING:
    from ....infra.endpoint import Work
    from ...artifacts.scm import File
    from ...identity.principals import Principal
    from ...work.outcomes import TaskReason
    from ..undertaking import Undertaken
    from .at_work import AtWork


@dataclass(slots=True, eq=False)
class Job:
    """A run that has begun.

    `acting` reads and reports for `behalf` (an id); `charged` has the work done in `zone`. `path`: of the definition. `files`: of the
    commit. `branch`: as it was pushed. `places`: branches and changes that wait for it; it is superseded when none does. `tries`: how often
    work on it began. `run`: that work. `ending`: the reason for which it was called off. `told`: the status reported last. `listeners`:
    called when it is over.
    """

    repository: str
    commit: str
    acting: Principal
    behalf: str
    charged: Principal | None
    zone: str
    path: str
    files: Mapping[str, File]
    branch: str = ""
    places: set[str] = field(default_factory=set)
    number: int = 0
    definition: CIDefinition = field(default_factory=CIDefinition)
    found: tuple[FoundTests, ...] = ()
    image: str = ""
    tries: int = 0
    run: Undertaken | None = None
    ending: str = ""
    over: bool = False
    told: str = ""
    listeners: list[Callable[[CIRun], Any]] = field(default_factory=list)

    @property
    def reference(self) -> str:
        """The commit, `shop/churn@…`."""
        return f"{self.repository}@{self.commit}"


class SuiteBody(Body):
    """The work of a run: its time passes, and at the end the tests are run for real."""

    def __init__(self, ci: AtWork, job: Job) -> None:
        self._ci, self._job = ci, job

    def start(self, work: Work) -> None:
        self._ci._started(self._job, work)

    def waiting(self, reason: TaskReason) -> None:
        self._ci._waiting(self._job, reason)

    def finish(self, work: Work) -> tuple[CaseResult, ...]:
        job = self._job
        contents = {path: file.content for path, file in job.files.items() if file.mode in ("100644", "100755")}
        return run_tests(contents, job.found, f"{job.repository}@{job.commit[:7]}")
