"""A saved run opens as what it was; a folder that is none, or is damaged, is said to be so with the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

import mlplat as mp
from mlplat.errors import InputError
from mlplat.runs.replay import replay
from mlplat.runs.saved_run import SavedRun

from .cases import mixed

FRAMES = ("jobs", "attempts", "nodes", "timeline", "events", "zones")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    replay(*mixed(120), queue="easy").save(folder)
    return folder


@pytest.mark.parametrize("until", [None, 90.0])
def test_a_saved_run_has_the_frames_figures_and_cluster_of_the_result(tmp_path: Path, until: float | None) -> None:
    zones = [mp.Quota("vision", guarantee={"gpus": 4}), mp.Quota("speech"), mp.Quota("ads")]
    result = replay(*mixed(120), queue="fifo", zones=zones, until=until)
    result.save(tmp_path)
    run = SavedRun.open(tmp_path)
    for name in FRAMES:
        assert_frame_equal(getattr(run, name), getattr(result, name), check_exact=True)
    assert run.summary() == result.summary()
    assert run.measures == result.measures
    assert run.manifest == result.manifest
    assert run.spec == result.spec
    assert (run.end_s, run.queue, run.placement, run.fingerprint) == (result.end_s, result.queue, result.placement, result.fingerprint)


def test_explanations_are_saved_with_the_run_if_asked_for_and_are_those_of_the_result(tmp_path: Path) -> None:
    result = replay(*mixed(120), queue="fifo")
    result.save(tmp_path, explain=3)
    longest = result.jobs.sort("wait_s", descending=True, nulls_last=True, maintain_order=True)["job"][:3].to_list()
    assert SavedRun.open(tmp_path).explanations == {job: result.explain(job).text for job in longest}
    result.save(tmp_path)
    assert SavedRun.open(tmp_path).explanations == {}


def test_a_run_without_jobs_and_without_zones_opens_too(tmp_path: Path) -> None:
    trace = mp.JobTrace.build(submit=[], duration=[], request=[], requests=[mp.ResourceRequest(cpus=1)])
    replay(mp.ClusterSpec.parse("1x1cpu"), trace).save(tmp_path)
    run = SavedRun.open(tmp_path)
    assert (len(run.jobs), run.end_s, len(run.zones)) == (0, 0.0, 0)


def test_what_attempts_hold_adds_up_to_what_the_timeline_says(saved: Path) -> None:
    run = SavedRun.open(saved)
    for time, *totals in run.timeline.select("time_s", "cpu_milli", "memory_mib", "gpu_milli").rows():
        going_on = (run.attempts["start_s"] <= time) & (run.attempts["end_s"].fill_null(float("inf")) > time)
        held = run.attempts.filter(going_on)
        assert [held[name].sum() for name in ("cpu_milli", "memory_mib", "gpu_milli")] == totals


def test_a_folder_that_is_no_run_is_an_input_error_that_names_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for target, said in ((tmp_path / "nothing", "no such folder"), (tmp_path / "file", "is not a folder"), (tmp_path, "manifest.json")):
        with pytest.raises(InputError, match=said) as caught:
            SavedRun.open(target)
        assert str(target) in str(caught.value) and "mlplat replay --out" in str(caught.value)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("manifest.json", "{", "not JSON"),
        ("manifest.json", '["a"]', "expected an object"),
        ("manifest.json", "{}", "'version' is not there"),
        ("explanations.json", '{"a": 1}', "is damaged"),
        ("summary.json", '{"jobs": 1}', "'completed' is not there"),
        ("cluster.json", '{"groups": []}', "cluster.json"),
        ("cluster.json", None, "no such file"),
        ("jobs.parquet", "PAR1 no", "is damaged"),
        ("attempts.parquet", None, "no such file"),
        ("zones.parquet", "", "is damaged"),
    ],
)
def test_a_damaged_folder_is_an_input_error_that_names_the_file(
    saved: Path, tmp_path: Path, file: str, content: str | None, said: str
) -> None:
    for each in saved.iterdir():
        (tmp_path / each.name).write_bytes(each.read_bytes())
    if content is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_text(content)
    with pytest.raises(InputError, match=said) as caught:
        _ = SavedRun.open(tmp_path).explanations
    assert str(tmp_path / file) in str(caught.value)


def test_a_frame_of_another_version_and_a_truncated_one_are_input_errors(saved: Path, tmp_path: Path) -> None:
    for each in saved.iterdir():
        (tmp_path / each.name).write_bytes(each.read_bytes())
    run = SavedRun.open(saved)
    run.jobs.drop("wait_s").write_parquet(tmp_path / "jobs.parquet")
    with pytest.raises(InputError, match=r"jobs\.parquet, column 'wait_s': is not there"):
        SavedRun.open(tmp_path)
    whole = (saved / "jobs.parquet").read_bytes()
    (tmp_path / "jobs.parquet").write_bytes(whole[:8] + bytes(len(whole) // 2 - 8) + whole[len(whole) // 2 :])
    with pytest.raises(InputError, match=r"jobs\.parquet: is damaged"):
        _ = SavedRun.open(tmp_path).jobs
