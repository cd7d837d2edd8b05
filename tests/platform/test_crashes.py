"""A process that is killed at any instant while it works on a platform loses nothing that was acknowledged, and leaves nothing half."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork, and a new process for each kill takes too long")
def test_a10_3_whatever_a_platform_acknowledged_is_there_after_200_kills_at_random_instants(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.platform.kill_platforms", str(tmp_path), "200", "0"]
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "POLARS_MAX_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["kills"] == 200 and told["wrote"] >= 150, told
    assert len(told["acknowledged"]) == 12 and min(told["acknowledged"].values()) >= 20, told
