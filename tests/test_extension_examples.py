"""The scripts in examples/ are short, can be imported, and run as they are."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numba
import pytest

import mlplat as mp

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted((ROOT / "examples").glob("my_*.py"))
LOG = """user,start,hours,gpus
ann,2025-03-01 10:00:00,0.5,8
bob,2025-03-01 09:00:00,2,1
"""


def imported(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_example_of_an_extension_has_at_most_fifteen_lines() -> None:
    assert [path.stem for path in SCRIPTS] == ["my_policy", "my_queue", "my_reader"]
    assert all(len(path.read_text(encoding="utf-8").splitlines()) <= 15 for path in SCRIPTS)


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too long without compilation")
def test_each_example_of_an_extension_runs_as_a_script(tmp_path: Path) -> None:
    (tmp_path / "jobs.csv").write_text(LOG)
    said = {}
    for path in SCRIPTS:
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, str(path)], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        said[path.stem] = done.stdout
    assert said["my_policy"].startswith("busiest waits on average ")
    assert [line.split(":")[0] for line in said["my_queue"].splitlines()] == ["fifo", "ageing", "ageing(blocks=False)"]
    assert "jobs                2" in said["my_reader"]


def test_the_example_of_a_placement_packs_devices() -> None:
    spec, trace = mp.ClusterSpec.parse("2x4xT4"), mp.traces.synthetic(30, gpus=8, load=0.5, seed=1)
    busiest = imported("my_policy").busiest

    class InPython(mp.PlacementPolicy):
        def score(self, node: Any, request: Any) -> float:
            return busiest(node, request)  # type: ignore[no-any-return]

    result = mp.replay(spec, trace, placement=InPython())
    assert result.summary()["completed"] + result.summary()["rejected"] == 30
    one = [mp.ResourceRequest(gpus=1)]
    two = mp.JobTrace.build(submit=[0, 1], duration=[9, 9], request=[0, 0], requests=one)
    assert mp.replay(spec, two, placement=InPython()).attempts["node"].to_list() == [0, 0]


def test_the_example_of_a_queue_lets_who_has_waited_long_come_forward() -> None:
    ageing = imported("my_queue").ageing

    class InPython(mp.QueuePolicy):
        def key(self, job: Any) -> float:
            return ageing(job)  # type: ignore[no-any-return]

    one = [mp.ResourceRequest(cpus=1)]
    trace = mp.JobTrace.build(submit=[0, 1, 2, 900], duration=[1000, 4000, 100, 100], request=[0] * 4, requests=one)
    assert mp.replay(mp.ClusterSpec.parse("1x1cpu"), trace, queue=InPython()).jobs["start_s"].to_list() == [0, 1200, 1000, 1100]


def test_the_example_of_a_reader_reads_its_table(tmp_path: Path) -> None:
    (tmp_path / "jobs.csv").write_text(LOG)
    trace = mp.read_trace(tmp_path / "jobs.csv", format=imported("my_reader").LabReader())
    assert trace.submit.tolist() == [0, 3600] and trace.duration.tolist() == [7200, 1800]
    assert [trace.groups[code] for code in trace.group] == ["bob", "ann"]
    assert trace.width("gpus").tolist() == [1, 8]
    assert trace.origin == 1740819600
