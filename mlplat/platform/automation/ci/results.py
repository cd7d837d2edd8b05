"""The results of a run: as content of the store, and in words for a status."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from ....canonical import canonical_json
from ....errors import printable
from .testing import CaseOutcome, CaseResult

LONGEST: Final = 9_000
"""Characters of the description of a status."""


def to_bytes(cases: Sequence[CaseResult]) -> bytes:
    """As content.

    >>> of_bytes(to_bytes([CaseResult("test_a.py::test_one", CaseOutcome.PASSED)]))
    (CaseResult(name='test_a.py::test_one', outcome=<CaseOutcome.PASSED: 'passed'>, message='', output=''),)
    """
    return canonical_json([[_unicode(each.name), each.outcome.value, _unicode(each.message), _unicode(each.output)] for each in cases])


def of_bytes(content: bytes) -> tuple[CaseResult, ...]:
    """From their content."""
    return tuple(CaseResult(name, CaseOutcome(outcome), message, output) for name, outcome, message, output in json.loads(content))


def described(cases: Sequence[CaseResult]) -> str:
    """Each test by its name, those that failed first, as far as there is room for it.

    >>> print(described([CaseResult("a", CaseOutcome.PASSED), CaseResult("b", CaseOutcome.FAILED, "KeyError: 3")]))
    1 of 2 tests failed
    b failed: KeyError: 3
    a passed
    """
    failed = sum(each.outcome is CaseOutcome.FAILED for each in cases)
    lines = [f"{failed} of {len(cases)} tests failed"]
    left = LONGEST
    ordered = sorted(cases, key=lambda each: each.outcome is not CaseOutcome.FAILED)
    for place, each in enumerate(ordered):
        line = printable(_unicode(str(each)))
        left -= len(line) + 1
        if left < 0:
            lines.append(f"and {len(ordered) - place:,} more")
            break
        lines.append(line)
    return "\n".join(lines)


def _unicode(text: str) -> str:
    """Text that UTF-8 can say: of half a surrogate pair a question mark."""
    return text.encode("utf-8", "replace").decode()
