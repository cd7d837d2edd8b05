"""`Lesson` and `Question`: what is asked, and how an answer is verified."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import OptionError, UnknownNameError, printable

Verify = Callable[[Any], str | None]
"""Looks at an answer: None where it is right, else a hint. Computes what is right; never raises for a wrong kind of answer."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `name`: the keyword that its answer is given with; `text`; `verify`: None for a right answer, else a hint.

    >>> def verify(answer):
    ...     return None if answer == 8 else "count the devices of one node"
    >>> Question("gpus", "How many GPUs has a node?", verify).hint(4)
    'count the devices of one node'
    """

    name: str
    text: str
    verify: Verify

    def hint(self, answer: Any) -> str | None:
        """None where the answer is right, else a hint. What an answer that is a function raises when it is tried is a hint too."""
        try:
            return self.verify(answer)
        except Exception as error:
            return f"trying this answer raised {type(error).__name__}: {printable(' '.join(str(error).split()))[:300]}"


@dataclass(frozen=True, slots=True)
class Lesson:
    """One lesson. `name`: such as `lesson-05`; `title`; `questions`, in order. Raises OptionError for two of one name.

    >>> Lesson("lesson-99", "Nothing", (Question("nothing", "?", lambda answer: None),)).question("nothing").text
    '?'
    """

    name: str
    title: str
    questions: tuple[Question, ...]

    def __post_init__(self) -> None:
        names = [question.name for question in self.questions]
        if repeated := next((name for name in names if names.count(name) > 1), None):
            raise OptionError(f"{self.name}: two questions are called {repeated!r}")

    def question(self, name: str) -> Question:
        """The question of that name. Raises UnknownNameError."""
        for question in self.questions:
            if question.name == name:
                return question
        raise UnknownNameError(f"question of {self.name}", printable(name[:60]), [question.name for question in self.questions])
