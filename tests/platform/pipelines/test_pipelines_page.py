"""The tables of docs/platform/pipelines.md name what is there."""

from __future__ import annotations

import re
from pathlib import Path

from mlplat.platform.pipelines import Orchestrator, errors
from mlplat.platform.pipelines.options import StepOptions

from ..matrix import calls_of

PAGE = Path(__file__).resolve().parents[3] / "docs" / "platform" / "pipelines.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_has_every_call() -> None:
    rows = re.search(r"\| call \| right .*?\n\n", TEXT, re.DOTALL)
    assert rows is not None and set(re.findall(r"`(\w+)\(", rows[0])) == calls_of(Orchestrator)


def test_the_page_has_every_option_of_a_step() -> None:
    rows = re.search(r"\| option of `mp.step`.*?\n\n", TEXT, re.DOTALL)
    assert rows is not None
    named = re.findall(r"`(\w+)`", "\n".join(line.split("|")[1] for line in rows[0].splitlines()[2:] if line))
    assert set(named) == set(StepOptions.__dataclass_fields__)


def test_the_page_has_every_error() -> None:
    named = {name for name in vars(errors) if name.endswith("Error") and name not in ("MlplatError", "PipelineError")}
    assert all(f"`{name}`" in TEXT for name in named)
