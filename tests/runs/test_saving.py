"""A result written to a folder reads back as it was; what cannot be written is said; manifest and fingerprint say how a result was made."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import mlplat as mp
from mlplat.errors import InputError
from mlplat.runs.replay import replay

from .cases import mixed

FRAMES = ("jobs", "attempts", "nodes", "timeline", "events")


def test_frames_and_figures_read_back_as_they_were(tmp_path: Path) -> None:
    result = replay(*mixed(), queue="easy")
    target = tmp_path / "a" / "run"
    result.save(target)
    assert {path.name for path in target.iterdir()} == {f"{name}.parquet" for name in FRAMES} | {
        "summary.json", "measures.json", "manifest.json", "cluster.json",
    }  # fmt: skip
    for name in FRAMES:
        assert_frame_equal(pl.read_parquet(target / f"{name}.parquet"), getattr(result, name), check_exact=True)
    assert json.loads((target / "summary.json").read_text("utf-8")) == result.summary()
    assert json.loads((target / "manifest.json").read_text("utf-8")) == result.manifest


def test_saving_again_replaces(tmp_path: Path) -> None:
    spec, trace = mixed()
    replay(spec, trace, queue="fifo", zones=[mp.Quota("vision")]).save(tmp_path)
    second = replay(spec, trace, queue="sjf")
    second.save(tmp_path)
    assert json.loads((tmp_path / "summary.json").read_text("utf-8"))["queue"] == "sjf"
    assert_frame_equal(pl.read_parquet(tmp_path / "jobs.parquet"), second.jobs)
    assert not (tmp_path / "zones.parquet").exists()


def test_a_folder_that_cannot_be_made_is_an_input_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for target in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/nowhere")):
        with pytest.raises(InputError, match="cannot be written") as caught:
            replay(*mixed(20)).save(target)
        assert str(target) in str(caught.value)
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_frame_that_cannot_be_written_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "nodes.parquet").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        replay(*mixed(20)).save(tmp_path)


def test_the_manifest_tells_all_that_a_result_depends_on() -> None:
    spec, trace = mixed()
    made = replay(spec, trace, queue="easy", placement="fgd", seed=11, until="10m").manifest
    assert {name: made[name] for name in ("seed", "queue", "placement", "clock", "until_s", "version")} == {
        "seed": 11, "queue": "easy", "placement": "fgd", "clock": "replay", "until_s": 600.0, "version": mp.__version__,
    }  # fmt: skip
    assert made["cluster"]["name"] == "mixed" and made["trace"]["jobs"] == 400
    assert set(made["dependencies"]) >= {"numba", "numpy", "polars", "simpy"}
    assert json.loads(json.dumps(made)) == made
    assert replay(spec, trace).manifest["until_s"] is None


def test_the_manifest_tells_inputs_apart() -> None:
    spec, trace = mixed(50)
    made = replay(spec, trace).manifest
    assert made["trace"]["sha256"] == replay(spec, trace).manifest["trace"]["sha256"]
    changed = [
        trace.with_columns(duration=trace.duration + 1),
        trace.with_columns(priority=trace.priority + 1),
        trace.with_columns(groups=("vision", "speech", "other")),
        trace.take(range(49)),
    ]
    digests = {replay(spec, other).manifest["trace"]["sha256"] for other in changed}
    assert len(digests | {made["trace"]["sha256"]}) == 5
    other_spec = mp.ClusterSpec.from_yaml(spec.to_yaml().replace("count: 3", "count: 4"))
    assert replay(other_spec, trace).manifest["cluster"]["sha256"] != made["cluster"]["sha256"]


def test_a_fingerprint_is_equal_on_both_clocks_and_in_another_process() -> None:
    spec, trace = mixed()
    options = {"queue": "easy", "placement": "random", "seed": 4}
    here, live = (replay(spec, trace, clock=clock, **options).fingerprint for clock in ("replay", "simpy"))  # type: ignore[arg-type]
    program = "from tests.runs.cases import mixed; from mlplat import replay; "
    program += f"print(replay(*mixed(), **{options!r}).fingerprint)"
    ran = subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    assert here == live == ran.stdout.strip()


def test_a_fingerprint_depends_on_what_happened_only() -> None:
    spec, trace = mixed()
    plain = replay(spec, trace, placement="best-fit", seed=1)
    assert plain.fingerprint == replay(spec, trace, placement="best-fit", seed=2).fingerprint  # nothing is drawn
    assert plain.fingerprint == replay(spec, trace, placement="best-fit", progress=True).fingerprint
    others = [
        replay(spec, trace, placement="worst-fit"),
        replay(spec, trace, queue="sjf"),
        replay(spec, trace, until=100),
        replay(spec, trace, placement="random", seed=1),
        replay(spec, trace, placement="random", seed=2),
        replay(spec, trace, ties="random", seed=1),
    ]
    assert len({plain.fingerprint, *(other.fingerprint for other in others)}) == 7
