"""Shared fixtures: the hypothesis profiles and the place of the real traces."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from mlplat.platform import record_shapes

_LAX = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
settings.register_profile("ci", max_examples=60, deadline=None, derandomize=True, suppress_health_check=_LAX, database=None)
settings.register_profile("nojit", parent=settings.get_profile("ci"), max_examples=5)
settings.register_profile("deep", max_examples=3000, deadline=None, suppress_health_check=_LAX, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

record_shapes.checks_writing = True


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real traces, `shared/data` beside the project; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("MLPLAT_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real traces are not here: {folder} is not a folder (set MLPLAT_DATA)")
    return folder
