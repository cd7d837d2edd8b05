"""The folder of a sweep: nothing is made twice, nothing is lost, and nobody else's is touched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import mlplat
from mlplat.errors import SpecError
from mlplat.planning.sweeps import OtherSweepError, Sweep, SweepError, SweepInUseError, grid, random
from mlplat.planning.sweeps.folder_lock import FolderLock
from mlplat.planning.sweeps.run_index import INDEX, read_index

from .pretended import Pretended, Pretending, content, swept

DESIGN = grid({"count": "1:4", "load": [0.5, 1.0]})


def made(log: Path) -> list[str]:
    """The runs that were made, in order."""
    return [line.split(" ", 1)[1] for line in log.read_text().splitlines()] if log.exists() else []


def test_the_same_sweep_again_makes_nothing_again(tmp_path: Path) -> None:
    base = Pretended(log=str(tmp_path / "log"))
    first = swept(tmp_path / "a", DESIGN, base)
    before = content(tmp_path / "a")
    again = swept(tmp_path / "a", DESIGN, base)
    assert len(made(tmp_path / "log")) == 16 == len(set(made(tmp_path / "log")))
    assert content(tmp_path / "a") == before
    assert again.fingerprint == first.fingerprint and again.frame.equals(first.frame)


def test_each_run_is_on_disk_as_soon_as_it_is_done(tmp_path: Path) -> None:
    seen: list[int] = []
    swept(tmp_path, DESIGN, progress=lambda finished, *_: seen.append(len(list((tmp_path / "runs").iterdir())) - finished))
    assert seen == [0] * 17


@pytest.mark.parametrize("after", [0, 1, 7, 15])
def test_a_sweep_that_was_stopped_goes_on_and_ends_with_the_same_files(after: int, tmp_path: Path) -> None:
    whole = swept(tmp_path / "whole", DESIGN)
    base = Pretended(log=str(tmp_path / "log"))

    def stop(finished: int, *_: int) -> None:
        if finished == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        swept(tmp_path / "parts", DESIGN, base, progress=stop)
    part = Sweep.open(tmp_path / "parts")
    assert (part.finished, part.complete) == (after, False)
    assert part.frame.height == after
    swept(tmp_path / "parts", DESIGN, base)
    assert content(tmp_path / "parts") == content(tmp_path / "whole")
    assert len(made(tmp_path / "log")) == len(set(made(tmp_path / "log"))) == 16
    assert Sweep.open(tmp_path / "parts").fingerprint == whole.fingerprint


def test_a_run_that_nobody_entered_in_the_index_is_found(tmp_path: Path) -> None:
    whole = swept(tmp_path / "a", DESIGN).folder
    before = content(whole)
    (whole / INDEX).unlink()
    base = Pretended(log=str(tmp_path / "log"))
    swept(whole, DESIGN, base)
    assert made(tmp_path / "log") == [] and content(whole) == before


@pytest.mark.parametrize("damage", [b"", b"no database at all, and longer than its header", None])
def test_a_damaged_index_is_made_again_from_the_runs(damage: bytes | None, tmp_path: Path) -> None:
    whole = swept(tmp_path / "a", DESIGN).folder
    before = content(whole)
    index = (whole / INDEX).read_bytes()
    (whole / INDEX).write_bytes(index[:5000] + bytes(3000) + index[8000:] if damage is None else damage)
    base = Pretended(log=str(tmp_path / "log"))
    swept(whole, DESIGN, base)
    assert made(tmp_path / "log") == [] and content(whole) == before


def test_runs_that_are_lost_or_damaged_are_made_again(tmp_path: Path) -> None:
    whole = swept(tmp_path / "a", DESIGN).folder
    before = content(whole)
    files = sorted((whole / "runs").iterdir())
    files[0].unlink()
    files[1].write_bytes(files[1].read_bytes()[:-7])
    files[2].write_bytes(files[3].read_bytes())
    base = Pretended(log=str(tmp_path / "log"))
    swept(whole, DESIGN, base)
    assert len(made(tmp_path / "log")) == 3 and content(whole) == before


def test_a_file_of_another_run_is_not_taken_for_one_that_is_missing_from_the_index(tmp_path: Path) -> None:
    whole = swept(tmp_path / "a", DESIGN).folder
    before = content(whole)
    files = sorted((whole / "runs").iterdir())
    (whole / INDEX).unlink()
    files[2].write_bytes(files[3].read_bytes())
    swept(whole, DESIGN)
    assert content(whole) == before


def test_damaged_traces_are_made_again(tmp_path: Path) -> None:
    whole = swept(tmp_path / "a", DESIGN).folder
    before = content(whole)
    places = sorted((whole / "traces").iterdir())
    assert len(places) == 4  # two loads, two replications
    (places[0] / "submit.npy").write_bytes(b"nothing")
    (places[1] / "trace.json").unlink()
    for path in (whole / "runs").iterdir():
        path.unlink()
    swept(whole, DESIGN)
    assert content(whole) == before


def test_more_replications_keep_those_that_are_there(tmp_path: Path) -> None:
    base = Pretended(log=str(tmp_path / "log"))
    swept(tmp_path / "a", DESIGN, base, replications=2)
    swept(tmp_path / "a", DESIGN, base, replications=3)
    swept(tmp_path / "b", DESIGN, replications=3)
    assert len(made(tmp_path / "log")) == 24
    assert content(tmp_path / "a") == content(tmp_path / "b")
    with pytest.raises(OtherSweepError, match="3 replications, and this is one of 2"):
        swept(tmp_path / "a", DESIGN, replications=2)


def test_one_run_is_made_where_nothing_is_random(tmp_path: Path) -> None:
    sweep = swept(tmp_path, DESIGN, simulator=Pretending(random=False), replications=5)
    assert sweep.total == 8 and sweep.frame["replication"].to_list() == [0] * 8


def test_points_that_are_the_same_scenario_are_run_once(tmp_path: Path) -> None:
    sweep = swept(tmp_path, grid({"load": [1, 1.0], "count": [4]}), replications=1)
    assert sweep.total == 1 and sweep.frame["load"].to_list() == [1]


def test_the_folder_of_another_sweep_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    swept(tmp_path / "a", DESIGN)
    before = content(tmp_path / "a")
    for design, base, told in (
        (DESIGN, Pretended(jobs=60), "the scenario there is"),
        (grid({"count": "1:5", "load": [0.5, 1.0]}), None, "the design there is"),
        (random({"count": "1:4", "load": [0.5, 1.0]}, 8), None, "the design there is"),
    ):
        with pytest.raises(OtherSweepError, match=told):
            swept(tmp_path / "a", design, base)
    assert content(tmp_path / "a") == before


def test_the_folder_of_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    swept(tmp_path / "a", DESIGN)
    monkeypatch.setattr("mlplat.planning.sweeps.sweeping.VERSION", "99.0")
    with pytest.raises(OtherSweepError, match=rf"version of mlplat there is {mlplat.__version__}, here 99.0"):
        swept(tmp_path / "a", DESIGN)


def test_a_folder_with_other_things_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_text("mine")
    with pytest.raises(OtherSweepError, match=r"photo\.jpg"):
        swept(tmp_path, DESIGN)
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]
    with pytest.raises(OtherSweepError, match="is a file"):
        swept(tmp_path / "photo.jpg", DESIGN)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": 1}', '{"design": 5, "runs": 7}'])
def test_a_description_that_cannot_be_read_is_refused(text: str, tmp_path: Path) -> None:
    swept(tmp_path / "a", DESIGN)
    (tmp_path / "a" / "sweep.json").write_text(text)
    with pytest.raises(OtherSweepError):
        swept(tmp_path / "a", DESIGN)
    with pytest.raises(mlplat.MlplatError):
        Sweep.open(tmp_path / "a")


def test_a_folder_without_a_sweep_cannot_be_shown(tmp_path: Path) -> None:
    with pytest.raises(OtherSweepError, match="holds no sweep"):
        Sweep.open(tmp_path)


def test_two_drivers_at_once_are_refused(tmp_path: Path) -> None:
    swept(tmp_path / "a", DESIGN)
    before = content(tmp_path / "a")
    lock = FolderLock(tmp_path / "a")
    with pytest.raises(SweepInUseError, match="another sweep runs"):
        swept(tmp_path / "a", DESIGN)
    program = (
        f"from mlplat.planning.sweeps.folder_lock import FolderLock; from pathlib import Path; FolderLock(Path({str(tmp_path / 'a')!r}))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=dict(os.environ))
    assert "SweepInUseError" in ran.stderr
    lock.release()
    swept(tmp_path / "a", DESIGN)
    assert content(tmp_path / "a") == before


def test_a_driver_gives_the_folder_back_when_it_fails(tmp_path: Path) -> None:
    def fail(*_: int) -> None:
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        swept(tmp_path, DESIGN, progress=fail)
    assert swept(tmp_path, DESIGN).complete


def test_what_a_killed_worker_had_not_finished_is_cleared_away(tmp_path: Path) -> None:
    whole = swept(tmp_path / "a", DESIGN).folder
    before = content(whole)
    (whole / "unfinished").mkdir(exist_ok=True)
    (whole / "unfinished" / "half.parquet.0123").write_text("half")
    swept(whole, DESIGN)
    assert content(whole) == before


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="for the superuser every folder can be written")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(SweepError, match="cannot be used"):
        swept(tmp_path / "a", DESIGN)
    tmp_path.chmod(0o700)


def test_failed_runs_are_kept_with_their_error_and_the_others_go_on(tmp_path: Path) -> None:
    design = grid({"policy": ["fifo", "broken"], "count": [0, 1, 2]})
    base = Pretended(log=str(tmp_path / "log"))
    sweep = swept(tmp_path / "a", design, base)
    failed = sweep.failed.select("policy", "count", "replication", "error_kind", "error").rows()
    assert failed == [
        ("fifo", 0, 0, "SpecError", "count: 0: expected at least 1"),
        ("broken", 0, 0, "SpecError", "count: 0: expected at least 1"),
        *(("broken", count, r, "OptionError", f"{count} servers cannot do this") for count in (1, 2) for r in (0, 1)),
    ]
    assert sweep.complete and sweep.frame.filter(pl.col("error_kind").is_null()).height == 4
    count = len(made(tmp_path / "log"))
    again = swept(tmp_path / "a", design, base)
    assert len(made(tmp_path / "log")) == count and again.fingerprint == sweep.fingerprint


def test_a_run_without_room_is_tried_again_when_the_sweep_goes_on(tmp_path: Path) -> None:
    base = Pretended(log=str(tmp_path / "log"))
    design = grid({"policy": ["fifo", "hungry"]})
    sweep = swept(tmp_path / "a", design, base, replications=1)
    assert (sweep.finished, sweep.total, sweep.complete) == (1, 2, False)
    assert "MemoryError: no more room" in sweep.unkept[0].problem and "no more room" in str(sweep)
    swept(tmp_path / "a", design, base, replications=1)
    assert [line.split()[1] for line in made(tmp_path / "log")] == ["fifo", "hungry", "hungry"]


def test_a_misspelt_name_is_refused_before_anything_is_run(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="'esay'"):
        swept(tmp_path / "a", grid({"policy": ["fifo", "esay"], "count": [1, 2]}))
    with pytest.raises(SpecError, match="there is no 'cuont'"):
        swept(tmp_path / "a", grid({"cuont": [1, 2]}))
    assert not (tmp_path / "a").exists()


def test_a_folder_can_be_moved(tmp_path: Path) -> None:
    first = swept(tmp_path / "a", DESIGN)
    shutil.move(tmp_path / "a", tmp_path / "b")
    assert Sweep.open(tmp_path / "b").fingerprint == first.fingerprint
    assert swept(tmp_path / "b", DESIGN).complete


def test_the_files_say_nothing_of_time_or_place(tmp_path: Path) -> None:
    swept(tmp_path / "a", DESIGN)
    swept(tmp_path / "elsewhere", DESIGN)
    assert content(tmp_path / "a") == content(tmp_path / "elsewhere")
    for path in (tmp_path / "a").rglob("*"):
        if path.is_file():
            assert str(tmp_path).encode() not in path.read_bytes()
    assert json.loads((tmp_path / "a" / "sweep.json").read_text())["replications"] == 2
    rows = read_index(tmp_path / "a")
    assert [row.key for row in rows] == sorted(row.key for row in rows) and len(rows) == 16
