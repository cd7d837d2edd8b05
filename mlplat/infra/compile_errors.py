"""What numba says of a user's function that it cannot compile, without the parts that speak of numba itself."""

from __future__ import annotations

_ABOUT_NUMBA = ("Failed in", "During:", "File ", "def ", "- ", "^")


def what_numba_says(error: Exception) -> str:
    """The first lines of an error that say something of the function, as one line of at most 300 characters.

    >>> what_numba_says(TypeError("Failed in nopython mode\\nUse of unsupported opcode\\nFile x.py, line 3"))
    'Use of unsupported opcode'
    """
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.startswith(_ABOUT_NUMBA)]
    return " ".join(told[:3])[:300]
