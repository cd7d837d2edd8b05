"""S-96, A-10.1 for the orchestrator: every call passes for those whom a grant allows it and nobody else."""

from __future__ import annotations

from mlplat.platform.pipelines import Orchestrator

from ..matrix import CALLERS, deviations
from .matrix_rows import ORCHESTRATOR, PipelineWorld


def test_a10_1_s96_every_call_passes_for_those_whom_a_grant_allows_it_and_nobody_else() -> None:
    found, cells = deviations(PipelineWorld, Orchestrator, ORCHESTRATOR)
    assert found == []
    assert cells == len(ORCHESTRATOR) * len(CALLERS)
