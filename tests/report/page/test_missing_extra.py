"""Without the extra `report` everything else works, and a page says what to install."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
sys.modules["{missing}"] = None
import mlplat as mp
try:
    {call}
except mp.MlplatError as error:
    print(type(error).__name__, error)
"""
COMPARISON = "mp.Comparison('t', 'exact', ('a/b', 'c/d'), 1, 0.95, 'holm', (), ({'policy': 'a/b'},)).to_html('x.html')"


@pytest.mark.parametrize(("missing", "call"), [("plotly", COMPARISON), ("jinja2", "mp.Platform().to_html('x.html')")])
def test_a_page_without_the_extra_says_what_to_install(missing: str, call: str, tmp_path: Path) -> None:
    program = PROGRAM.format(missing=missing, call=call)
    environment = {"PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    ran = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert ran.stdout.startswith("MissingExtraError") and "pip install 'mlplat[report]'" in ran.stdout, ran.stderr
    assert not list(tmp_path.iterdir())
