"""A10.1, S-96: the authorization matrix of the Image Builder, CI and inboxes."""

from __future__ import annotations

from functools import partial

import pytest

from .matrix import CALLERS, deviations
from .matrix_builds import TABLES_OF_BUILDS, BuildsWorld


@pytest.mark.parametrize("source", TABLES_OF_BUILDS)
def test_a10_1_s96_every_call_passes_for_those_whom_a_grant_allows_it_and_nobody_else(source: str) -> None:
    found, cells = deviations(partial(BuildsWorld, source), type(BuildsWorld(source).component), TABLES_OF_BUILDS[source])
    assert found == []
    assert cells == len(TABLES_OF_BUILDS[source]) * len(CALLERS)
