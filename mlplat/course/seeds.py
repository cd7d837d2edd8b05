"""The student's seed: exercises are drawn from it, so that each student of a class can have exercises of her own."""

from __future__ import annotations

import os

from ..errors import OptionError, printable

VARIABLE = "MLPLAT_COURSE_SEED"


def student_seed() -> int:
    """The seed of the student's exercises: the environment variable `MLPLAT_COURSE_SEED`, 0 where it is not set.

    Raises OptionError for a value that is no seed.

    >>> student_seed()
    0
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise OptionError(f"{VARIABLE}={printable(text[:40])}: expected a whole number from 0 to 999999999")
    return int(text)
