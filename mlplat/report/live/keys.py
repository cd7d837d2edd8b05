"""The keyboard of a terminal, key by key, while something is shown there."""

from __future__ import annotations

import contextlib
import importlib
import os
import select
import sys
import time
from collections.abc import Iterator

ACTIONS = {
    " ": "toggle",
    "p": "toggle",
    "+": "faster",
    "=": "faster",
    "f": "faster",
    "\x1b[A": "faster",
    "-": "slower",
    "s": "slower",
    "\x1b[B": "slower",
    ".": "step",
    "n": "step",
    "\x1b[C": "step",
    "q": "quit",
    "\x1b": "quit",
    "\x03": "quit",
}
HELP = "space play or pause · + faster · - slower · . step · q quit"


class Keys:
    """Keys that were pressed, as what they mean; none where there is no terminal."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def wait(self, seconds: float) -> list[str]:
        """What was asked for by keys within so many seconds of the wall clock; at once where a key was pressed already."""
        if self._descriptor is None:
            if seconds > 0:
                time.sleep(seconds)
            return []
        ready, _, _ = select.select([self._descriptor], [], [], max(0.0, seconds))
        if not ready:
            return []
        return actions(os.read(self._descriptor, 256).decode("utf-8", "ignore"))


def actions(pressed: str) -> list[str]:
    """What keys mean; others mean nothing.

    >>> actions(" +x.q")
    ['toggle', 'faster', 'step', 'quit']
    """
    found = []
    while pressed:
        length = 3 if pressed[:3] in ACTIONS else 1
        key, pressed = pressed[:length], pressed[length:]
        if key == "\x1b" and pressed.startswith(("[", "O")):  # another key that terminals send as several characters
            pressed = pressed[2:]
            continue
        if key in ACTIONS:
            found.append(ACTIONS[key])
    return found


@contextlib.contextmanager
def keyboard(wanted: bool) -> Iterator[Keys]:
    """The keyboard within the block: keys come one by one and are not shown. Afterwards the terminal is as it was."""
    try:
        termios, tty = importlib.import_module("termios"), importlib.import_module("tty")
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor) if wanted and os.isatty(descriptor) else None
    except (ImportError, OSError, ValueError, AttributeError):  # no terminal, or one that cannot be read key by key
        before = None
    if before is None:
        yield Keys(None)
        return
    try:
        tty.setcbreak(descriptor)
        yield Keys(descriptor)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
