"""What continuous delivery refuses."""

from __future__ import annotations

from collections.abc import Iterable

from ....errors import InputError, MlplatError, printable


class GateError(MlplatError):
    """A version does not pass the gate of a zone; nothing was changed. Attributes: `what`, a resource; `zone`."""

    def __init__(self, what: str, zone: str, problem: str) -> None:
        self.what, self.zone = what, zone
        super().__init__(f"{printable(what)} does not go into {printable(zone)}: {problem}")


class ApprovalError(MlplatError):
    """An approval is not open, or not for this principal to decide; nothing was changed. Attribute: `number`."""

    def __init__(self, number: int, problem: str) -> None:
        self.number = number
        super().__init__(f"approval {number}: {problem}")


class DeploymentError(MlplatError):
    """What was asked of a deployment cannot be. Attribute: `deployment`, its name."""

    def __init__(self, deployment: str, problem: str) -> None:
        self.deployment = deployment
        super().__init__(f"{printable(deployment)}: {problem}")


class DesiredStateError(InputError):
    """A commit holds a description of a deployment that cannot be read; none of it was applied. Attributes as of `InputError`, of the first
    problem, and `problems`: all of them, as errors.
    """

    problems: tuple[InputError, ...]

    @classmethod
    def of(cls, problems: Iterable[InputError]) -> DesiredStateError:
        """Of the problems of a commit, of which there is one at least."""
        found = tuple(problems)
        first = found[0]
        made = cls(first.problem, path=first.path, line=first.line, column=first.column, value=first.value, expected=first.expected)
        made.problems = found
        return made
