"""The examples of docs/planning/sweeps.md are true."""

from __future__ import annotations

import doctest
from pathlib import Path

from mlplat.planning.sweeps.backends.choosing import BACKENDS
from mlplat.planning.sweeps.designs import KINDS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "planning" / "sweeps.md"


def test_examples_of_the_page_are_true(tmp_path: Path) -> None:
    options = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL | doctest.NORMALIZE_WHITESPACE
    outcome = doctest.testfile(str(PAGE), module_relative=False, optionflags=options, globs={"folder": tmp_path / "sweep"})
    assert outcome.failed == 0 and outcome.attempted >= 8


def test_every_backend_and_design_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in text for name in BACKENDS)
    assert all(name in text for name in KINDS)
