"""Workers and drivers that are killed: every run is there in the end, none is made twice once it is kept, and the files are the same."""

from __future__ import annotations

import os
import random as plain_random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlplat.planning.sweeps import Sweep, SweepError, grid
from mlplat.planning.sweeps.backends.backend import Backend, Died
from mlplat.planning.sweeps.driving import Driver
from mlplat.planning.sweeps.pending import MOST_DEATHS, Pending
from mlplat.planning.sweeps.planned import Run
from mlplat.planning.sweeps.sweep_folder import SweepFolder

from .pretended import Pretended, Pretending, content, swept
from .test_folders import made

ROOT = Path(__file__).resolve().parents[3]
DESIGN = grid({"count": "1:10"})
DRIVER = """
import sys
from tests.planning.sweeps.pretended import Pretended, swept
from tests.planning.sweeps.test_killing import DESIGN
swept(sys.argv[1], DESIGN, Pretended(log=sys.argv[2], seconds=0.05), backend=sys.argv[3], workers=2)
"""


def joblib_is_there() -> None:
    pytest.importorskip("joblib", reason="joblib is not installed: pip install 'mlplat[sweep]'")


@pytest.mark.parametrize("times", [1, 2])
def test_a_run_whose_worker_is_killed_is_made_again(times: int, tmp_path: Path) -> None:
    joblib_is_there()
    base = Pretended(log=str(tmp_path / "log"), killing=f"3:{times},7:1")
    sweep = swept(tmp_path / "a", DESIGN, base, backend="joblib", workers=2, replications=1)
    assert sweep.complete and sweep.unkept == ()
    assert content(tmp_path / "a") == content(swept(tmp_path / "b", DESIGN, replications=1).folder)
    assert set(made(tmp_path / "log")) == {f"{count} fifo 1.0 0" for count in range(1, 11)}


def test_a_run_that_kills_every_worker_is_given_up_and_the_others_are_made(tmp_path: Path) -> None:
    joblib_is_there()
    base = Pretended(log=str(tmp_path / "log"), killing="3:99")
    sweep = swept(tmp_path / "a", grid({"count": "1:5"}), base, backend="joblib", workers=2, replications=1)
    assert (sweep.finished, sweep.total) == (4, 5)
    assert [one.run.fields for one in sweep.unkept] == [{"count": 3}] and "workers die of it" in sweep.unkept[0].problem
    assert made(tmp_path / "log").count("3 fifo 1.0 0") == MOST_DEATHS


def kill_at(instants: list[float], folder: Path, log: Path, backend: str, whole_group: bool) -> int:
    """Start a driver, kill it after so long, and start the next; the last one ends by itself. Returns how many were killed."""
    killed = 0
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    for instant in [*instants, None]:
        command = [sys.executable, "-c", DRIVER, str(folder), str(log), backend]
        with subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True, stderr=subprocess.PIPE) as driver:
            try:
                _, errors = driver.communicate(timeout=instant if instant is not None else 300)
                assert driver.returncode == 0, errors.decode()
            except subprocess.TimeoutExpired:
                killed += 1
                if whole_group:
                    os.killpg(driver.pid, signal.SIGKILL)
                else:
                    driver.kill()
    return killed


@pytest.mark.parametrize(("backend", "whole_group"), [("serial", False), ("joblib", False), ("joblib", True)])
def test_a_driver_that_is_killed_loses_nothing_and_repeats_nothing(backend: str, whole_group: bool, tmp_path: Path) -> None:
    if backend == "joblib":
        joblib_is_there()
    draw = plain_random.Random(f"{backend} {whole_group}")
    log = tmp_path / "log"
    kill_at([draw.uniform(1.0, 4.0) for _ in range(2)], tmp_path / "a", log, backend, whole_group)
    assert content(tmp_path / "a") == content(swept(tmp_path / "b", DESIGN).folder)
    # what was being made when the driver was killed is made again, by two workers at most each time; what was kept is not
    assert set(made(log)) == {f"{count} fifo 1.0 {r}" for count in range(1, 11) for r in (0, 1)}
    assert len(made(log)) <= 20 + 2 * 2


def test_workers_end_when_their_driver_is_killed(tmp_path: Path) -> None:
    joblib_is_there()
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", DRIVER.replace("0.05", "0.5"), str(tmp_path / "a"), str(tmp_path / "log"), "joblib"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True, stderr=subprocess.DEVNULL) as driver:
        deadline = time.monotonic() + 120
        while not made(tmp_path / "log") and time.monotonic() < deadline:
            time.sleep(0.05)
        driver.kill()
    workers = {int(line.split()[0]) for line in (tmp_path / "log").read_text().splitlines()}
    while any(Path(f"/proc/{worker}").exists() and not ended(worker) for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert workers and all(not Path(f"/proc/{worker}").exists() or ended(worker) for worker in workers)


def ended(process: int) -> bool:
    """Whether a process has ended, and only its parent has not noticed."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


class Dying(Backend):
    """Every worker dies as it starts."""

    name = "dying"
    workers = 2

    def __init__(self) -> None:
        self.tasks: list[object] = []

    def submit(self, task: object) -> None:
        self.tasks.append(task)

    def wait(self) -> list[object]:  # type: ignore[override]
        return [(self.tasks.pop(0), Died("no such luck"))]

    def close(self, at_once: bool = False) -> None:
        pass


def test_a_sweep_whose_workers_die_before_they_begin_ends_with_an_error(tmp_path: Path) -> None:
    manifest = {"format": 1, "version": "1", "scenario": "s", "design": {}, "replications": 1, "name": "n", "runs": []}
    runs = [Run("a" * 64, 0, 0, {"count": 1}), Run("b" * 64, 0, 1, {"count": 2})]
    with SweepFolder(tmp_path, manifest) as folder:
        driver = Driver(folder, Pretending(), Pretended(), runs, lambda *_: None)
        with pytest.raises(SweepError, match="workers die before they begin: no such luck"):
            driver.drive(driver.find(), Dying())


def test_tasks_grow_to_a_second_and_shrink_towards_the_end() -> None:
    pending = Pending([Run(f"{i:064}", 0, i, {}) for i in range(1000)], workers=2)
    assert len(pending.take(0)) == 1
    pending.took(1, 0.2)
    sizes = []
    while pending:
        sizes.append(len(pending.take(0)))
        pending.took(sizes[-1], 0.2 * sizes[-1])
    assert sum(sizes) == 999 and sizes[-4:] == [1, 1, 1, 1]
    assert set(sizes[:150]) <= {5, 6} and max(sizes[-20:]) <= 5


def test_runs_that_share_a_trace_are_handed_out_together() -> None:
    runs = [Run(f"{i:064}", 0, i, {}, trace="ab"[i % 2]) for i in range(10)]
    pending, order = Pending(runs, workers=1, most=1), ""
    while pending:
        order += pending.take(0)[0].trace or ""
    assert order == "aaaaabbbbb"


def test_a_run_of_which_workers_die_is_made_while_nothing_else_is() -> None:
    run, other = Run("a" * 64, 0, 0, {}), Run("b" * 64, 0, 1, {})
    pending = Pending([run], workers=2)
    for _ in range(MOST_DEATHS // 2):
        assert pending.take(1) == (run,)
        assert pending.give_back([run], [run]) == []
    assert pending.give_back([other], []) == [] and pending.take(1) == (other,)
    assert pending.take(1) == () and pending.take(0) == (run,)
    assert pending.give_back([run], [run]) == []
    assert pending.take(0) == (run,)
    assert pending.give_back([run], [run]) == [run]
    assert not pending


def test_what_is_there_of_a_sweep_can_be_seen_while_it_runs(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    def look(*_: int) -> None:
        sweep = Sweep.open(tmp_path)
        seen.append((sweep.finished, sweep.frame.height))

    swept(tmp_path, grid({"count": "1:3"}), progress=look, replications=1)
    assert seen == [(0, 0), (1, 1), (2, 2), (3, 3)]
