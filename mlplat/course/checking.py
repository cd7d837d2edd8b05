"""`check`: answers to the questions of a lesson, verified."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

from ..errors import OptionError
from .finding import find_lesson
from .recording import record

_MARKS = {"passed": "✓", "hint": "✗", "unanswered": "–"}


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of one question. `state`: passed, hint or unanswered; `hint`: empty unless the answer is wrong."""

    name: str
    text: str
    state: str
    hint: str = ""

    @property
    def said(self) -> str:
        """What there is to say of it: the hint of a wrong answer, the question where there is no right one yet."""
        return {"passed": "", "hint": self.hint, "unanswered": self.text}[self.state]


@dataclass(frozen=True, slots=True, repr=False)
class Checked:
    """What came of the answers to a lesson: `questions` in their order, `seed` of the student's exercises."""

    lesson: str
    title: str
    questions: tuple[Answered, ...]
    seed: int = 0

    @property
    def passed(self) -> bool:
        """Whether every question is answered rightly."""
        return all(question.state == "passed" for question in self.questions)

    @property
    def right(self) -> int:
        """Questions that are answered rightly."""
        return sum(question.state == "passed" for question in self.questions)

    @property
    def score(self) -> float:
        """Rightly answered questions as a part of all, 0 to 1."""
        return self.right / len(self.questions) if self.questions else 1.0

    def __getitem__(self, name: str) -> Answered:
        """What came of one question. Raises UnknownNameError."""
        find_lesson(self.lesson).question(name)
        return next(question for question in self.questions if question.name == name)

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON has it."""
        states = {question.name: question.state for question in self.questions}
        hints = {question.name: question.hint for question in self.questions if question.hint}
        return {"lesson": self.lesson, "seed": self.seed, "passed": self.passed, "score": self.score, "questions": states, "hints": hints}

    def __str__(self) -> str:
        head = f"{self.lesson}, {self.title}: {self.right} of {len(self.questions)} right"
        lines = [f"  {_MARKS[q.state]} {q.name}{': ' + q.said if q.said else ''}" for q in self.questions]
        return "\n".join([head, *lines])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = f"<p><b>{html.escape(self.lesson)}, {html.escape(self.title)}: {self.right} of {len(self.questions)} right</b></p>"
        rows = "".join(
            f"<tr><td>{_MARKS[q.state]} {q.state}</td><td><code>{html.escape(q.name)}</code></td>"
            f'<td style="text-align: left">{html.escape(q.said)}</td></tr>'
            for q in self.questions
        )
        return f"<div>{head}<table><thead><tr><th></th><th>question</th><th></th></tr></thead><tbody>{rows}</tbody></table></div>"


def check(lesson: str, /, **answers: Any) -> Checked:
    """Verify answers to the questions of a lesson, each given by the name of its question; without any, show the questions.

    An answer of None, or `...`, counts as none. What is right is computed, so any right answer passes: a number within the question's
    tolerance, any run, policy or cluster that meets the goal. A wrong answer is never an error but a hint. Raises UnknownNameError for a
    lesson or a question that is not there.

    >>> import mlplat as mp
    >>> mp.check("lesson-05", weight="heavy")  # doctest: +ELLIPSIS
    lesson-05, Fairness and zones: 0 of 4 right
      – stopped: The shop is guaranteed 16 GPUs and lends them all. How many attempts of the lab are stopped?
      – zones: ...
      ✗ weight: expected a number, found a str
      – lab: ...
    """
    from .seeds import student_seed

    asked = find_lesson(lesson)
    for name in answers:
        asked.question(name)
    seed, found = student_seed(), []
    for question in asked.questions:
        answer = answers.get(question.name)
        if answer is None or answer is ...:
            found.append(Answered(question.name, question.text, "unanswered"))
            continue
        hint = question.hint(answer)
        if hint is not None and not isinstance(hint, str):
            raise OptionError(f"{asked.name}, question {question.name!r}: verify returned a {type(hint).__name__}; expected None or a hint")
        found.append(Answered(question.name, question.text, "passed" if hint is None else "hint", hint or ""))
    checked = Checked(asked.name, asked.title, tuple(found), seed)
    if answers:
        record(checked.to_dict())
    return checked
