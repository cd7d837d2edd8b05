"""The tables of docs/platform/monitoring.md name what is there."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from mlplat.platform.automation.monitoring import IncidentKind, Monitoring, Watch
from mlplat.platform.automation.monitoring.drift import DriftTest
from mlplat.platform.automation.monitoring.watches import TESTS

from ..matrix import calls_of

PAGE = Path(__file__).resolve().parents[3] / "docs" / "platform" / "monitoring.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_has_every_call_option_kind_and_test() -> None:
    assert set(re.findall(r"^\| `(\w+)\(", TEXT, re.MULTILINE)) == calls_of(Monitoring)
    options = re.search(r"\| option of a watch.*?\n\n", TEXT, re.DOTALL)
    assert options is not None
    named = {name for row in options.group().strip().splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert named | {"name", "account", "dataset"} == {each.name for each in fields(Watch)} - {"every_s"} | {"every"}
    assert {f"`{kind}`" for kind in IncidentKind} <= set(re.findall(r"^\| (`\w+`) \|", TEXT, re.MULTILINE))
    assert {f"`{test.__name__}`" for test in TESTS.values()} <= set(re.findall(r"^\| (`\w+`) \|", TEXT, re.MULTILINE))
    assert all(issubclass(test, DriftTest) for test in TESTS.values())
