"""docs/planning/sweeps.md names every backend and design."""

from __future__ import annotations

from pathlib import Path

from mlplat.planning.sweeps.backends.choosing import BACKENDS
from mlplat.planning.sweeps.designs import KINDS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "planning" / "sweeps.md"


def test_every_backend_and_design_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in text for name in BACKENDS)
    assert all(name in text for name in KINDS)
