"""The lessons that there are: one a file in `lessons`, loaded when it is asked for."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from ..errors import UnknownNameError, printable
from . import lessons

if TYPE_CHECKING:
    from .lesson import Lesson


@cache
def _modules() -> dict[str, str]:
    """Of each lesson its module: `lesson-05` is in `lesson_05_fairness_and_zones`."""
    found = sorted(module.name for module in pkgutil.iter_modules(lessons.__path__) if module.name.startswith("lesson_"))
    return {"-".join(name.split("_")[:2]): name for name in found}


def lesson_names() -> list[str]:
    """The names of all lessons, in order.

    >>> "lesson-05" in lesson_names()
    True
    """
    return list(_modules())


def find_lesson(name: str) -> Lesson:
    """The lesson of that name. Raises UnknownNameError, which says the closest name.

    >>> find_lesson("lesson-05").title
    'Fairness and zones'
    """
    modules = _modules()
    if not isinstance(name, str) or name not in modules:
        raise UnknownNameError("lesson", printable(str(name)[:60]), modules)
    found: Lesson = importlib.import_module(f"{lessons.__name__}.{modules[name]}").LESSON
    return found
