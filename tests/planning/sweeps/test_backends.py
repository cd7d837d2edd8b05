"""The same runs whatever makes them: in this process, by processes, on Dask, on Ray, by one worker or two."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from mlplat.errors import MissingExtraError, OptionError, UnknownNameError
from mlplat.planning.sweeps import grid
from mlplat.planning.sweeps.backends.choosing import open_backend

from .pretended import Pretended, content, swept

ROOT = Path(__file__).resolve().parents[3]
DESIGN = grid({"count": "1:3", "policy": ["fifo", "easy", "broken"]})


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return swept(tmp_path_factory.mktemp("serial"), DESIGN).folder


def installed(name: str) -> None:
    pytest.importorskip(name, reason=f"{name} is not installed: pip install 'mlplat[{'dask' if name == 'distributed' else name}]'")


def test_a_sweep_in_one_process_has_every_run(serial: Path) -> None:
    sweep = swept(serial, DESIGN)
    assert (sweep.finished, sweep.total, sweep.complete, sweep.failed.height) == (18, 18, True, 6)
    row = sweep.frame.filter((pl.col("count") == 2) & (pl.col("policy") == "easy") & (pl.col("replication") == 1)).to_dicts()[0]
    assert row["mean_wait"] > 0 and row["p95_wait"] == 2 * row["mean_wait"] and row["goodput"] is None
    halves = sweep.frame.filter((pl.col("policy") == "fifo") & (pl.col("replication") == 0))["mean_wait"].to_list()
    assert halves[1] == pytest.approx(halves[0] / 2)


@pytest.mark.parametrize("workers", [1, 2])
def test_processes_make_the_same_files(serial: Path, tmp_path: Path, workers: int) -> None:
    installed("joblib")
    assert content(swept(tmp_path, DESIGN, backend="joblib", workers=workers).folder) == content(serial)


def elsewhere(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program in an interpreter of its own: what clusters leave behind in a process is not to trouble other tests."""
    start = "from tests.planning.sweeps.pretended import swept\nfrom tests.planning.sweeps.test_backends import DESIGN\n"
    start += f"folder = {str(folder)!r}\n"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])}
    command = [sys.executable, "-c", start + program]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=500)
    if "no Ray cluster" in ran.stderr and "timed out" in ran.stderr:
        pytest.skip("Ray did not start in its time: the machine is too busy")
    assert ran.returncode == 0, ran.stderr
    return ran


@pytest.mark.parametrize(("backend", "library"), [("dask", "distributed"), ("ray", "ray")])
def test_a_cluster_of_two_workers_makes_the_same_files(backend: str, library: str, serial: Path, tmp_path: Path) -> None:
    installed(library)
    elsewhere(f"swept(folder, DESIGN, backend={backend!r}, workers=2)", tmp_path / "a")
    assert content(tmp_path / "a") == content(serial)


def test_a_dask_cluster_that_is_there_is_used_and_left(serial: Path, tmp_path: Path) -> None:
    installed("distributed")
    program = """
import distributed
with distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster:
    with distributed.Client(cluster) as client:
        swept(folder, DESIGN, backend="dask")
        assert client.status == "running"
        print(len(client.run(lambda: 1)), "worker")
"""
    assert elsewhere(program, tmp_path / "a").stdout == "1 worker\n"
    assert content(tmp_path / "a") == content(serial)


@pytest.mark.parametrize(
    ("backend", "library", "extra"), [("joblib", "joblib", "sweep"), ("dask", "distributed", "dask"), ("ray", "ray", "ray")]
)
def test_a_backend_that_is_not_installed_names_its_extra(
    backend: str, library: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=rf"mlplat\[{extra}\]"):
        swept(tmp_path / "made", DESIGN, backend=backend)


@pytest.mark.parametrize(
    ("backend", "workers", "kind", "told"),
    [
        ("jobblib", None, UnknownNameError, "did you mean 'joblib'"),
        ("", None, UnknownNameError, "unknown backend"),
        (None, None, UnknownNameError, "unknown backend"),
        ("serial:5", None, OptionError, "no address"),
        ("joblib", 0, OptionError, "workers=0"),
        ("joblib", 1.5, OptionError, "workers=1.5"),
        ("joblib", True, OptionError, "workers=True"),
    ],
)
def test_a_backend_or_workers_that_cannot_be_are_refused(backend: str, workers: int, kind: type[Exception], told: str) -> None:
    with pytest.raises(kind) as raised:
        open_backend(backend, workers)
    assert told in str(raised.value)


def test_the_library_of_no_backend_is_loaded_by_another(tmp_path: Path) -> None:
    program = (
        "import sys; from tests.planning.sweeps.pretended import swept, Pretended; from mlplat.planning.sweeps import grid; "
        f"swept({str(tmp_path)!r}, grid({{'count': '1:2'}})); print(sorted({{'joblib', 'distributed', 'ray', 'numba'}} & set(sys.modules)))"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.returncode) == ("[]\n", 0), ran.stderr


def test_progress_is_told_of_runs_and_failures(tmp_path: Path) -> None:
    told: list[tuple[int, int, int]] = []
    swept(tmp_path, DESIGN, progress=lambda *counts: told.append(counts))
    assert told[0] == (0, 18, 0) and told[-1] == (18, 18, 6)
    assert told == sorted(told)
    told.clear()
    swept(tmp_path, DESIGN, progress=lambda *counts: told.append(counts))
    assert told == [(18, 18, 6)]


def test_a_bar_shows_how_far_it_is(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "xterm"), ("COLUMNS", "140")):
        monkeypatch.setenv(name, value)
    swept(tmp_path, DESIGN, Pretended(), progress=True)
    output = capfd.readouterr()
    assert output.out == "" and "18/18" in output.err and "6 failed" in output.err
