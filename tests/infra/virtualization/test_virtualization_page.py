"""The table of docs/virtualization.md is true."""

from __future__ import annotations

import re
from pathlib import Path

from mlplat.infra.virtualization.states import END_STATE, OUTCOME, Reason

PAGE = Path(__file__).parents[3] / "docs" / "virtualization.md"


def test_the_table_of_reasons_is_the_one_in_force() -> None:
    told = {}
    for row in re.findall(r"^\| (`[A-Z_`, ]+) \| (\w+) \| (\w+) \|$", PAGE.read_text(), re.MULTILINE):
        told |= {Reason(name): row[1:] for name in re.findall(r"[A-Z_]+", row[0])}
    assert told == {reason: (END_STATE[reason].value, OUTCOME[reason]) for reason in Reason}
