"""The course: lessons whose answers are checked by computing them, and the grading of students' notebooks (docs/teaching.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_names import lazy_names

if TYPE_CHECKING:
    from .checking import Answered, Checked, check
    from .finding import find_lesson, lesson_names
    from .grading import Graded, grade
    from .lesson import Lesson, Question
    from .seeds import student_seed

__all__ = [
    "Answered",
    "Checked",
    "Graded",
    "Lesson",
    "Question",
    "check",
    "find_lesson",
    "grade",
    "lesson_names",
    "student_seed",
]

_HOME = {
    "Answered": "checking",
    "Checked": "checking",
    "Graded": "grading",
    "Lesson": "lesson",
    "Question": "lesson",
    "check": "checking",
    "find_lesson": "finding",
    "grade": "grading",
    "lesson_names": "finding",
    "student_seed": "seeds",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
