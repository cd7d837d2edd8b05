"""A real trace under every queue policy, with and without failing hardware: the compiled clock and SimPy's give the same result."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlplat.hardware import ClusterSpec, Reliability
from mlplat.infra.queueing import QUEUES
from mlplat.runs.replay import replay
from mlplat.traces import read_trace

NASA = "swf/NASA-iPSC-1993-3.1-cln.swf.zip"
FAILING = Reliability.model_validate({"node": {"mtbf": "60d", "mttr": "2h"}})


@pytest.mark.parametrize("queue", QUEUES)
def test_s30_nasa_on_both_clocks(shared_data: Path, queue: str) -> None:
    trace, spec = read_trace(shared_data / NASA, format="swf"), ClusterSpec.parse("pool:128cpu")
    compiled, live = (replay(spec, trace, queue=queue, clock=clock) for clock in ("replay", "simpy"))
    assert compiled.fingerprint == live.fingerprint
    assert compiled.events.equals(live.events)
    assert compiled.summary()["completed"] + compiled.summary()["rejected"] == len(trace) == 18_239


@pytest.mark.parametrize("queue", QUEUES)
def test_s30_nasa_with_failing_nodes_on_both_clocks(shared_data: Path, queue: str) -> None:
    trace, spec = read_trace(shared_data / NASA, format="swf"), ClusterSpec.parse("128x1cpu")
    runs = [replay(spec, trace, queue=queue, failures=FAILING, checkpoint="every 1h", seed=3, clock=clock) for clock in ("replay", "simpy")]
    assert runs[0].fingerprint == runs[1].fingerprint
    assert runs[0].attempts.equals(runs[1].attempts, null_equal=True)
    assert runs[0].summary()["restarts"] > 50
    assert runs[0].summary()["unfinished"] == 0
