"""The tables of docs/platform/training.md name what is there."""

from __future__ import annotations

import re
from pathlib import Path

from mlplat.platform.training.kernels.chunks import CHUNK
from mlplat.platform.training.kinds import KINDS

from .test_elementary import CASES

PAGE = Path(__file__).resolve().parents[3] / "docs" / "platform" / "training.md"


def test_the_table_of_models_has_every_kind_and_its_parameters() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| `(\w+)\(([^)]*)\)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {kind: name for kind, name, _ in rows} == {kind: model.__name__ for kind, model in KINDS.items()}
    for kind, _, parameters in rows:
        assert {name for name in parameters.split(", ") if name != "…"} <= {*KINDS[kind].parameter_names()}


def test_the_errors_that_tests_hold_are_those_of_the_tests_and_above_those_found() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([0-9.]+) \| ([0-9.]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {name: float(limit) for name, _, limit in rows} == {name: limit for name, _, _, limit in CASES}
    assert all(float(found) < float(limit) for _, found, limit in rows)
    assert f"chunks of {CHUNK} rows" in PAGE.read_text(encoding="utf-8")
