"""What the page of a run carries, against the run itself and against slow recomputations from its frames."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

import mlplat as mp
from mlplat.report.run_page.choice import choose
from mlplat.report.run_page.contents import contents
from mlplat.report.run_page.device_sets import device_sets
from mlplat.report.run_page.held_grid import held_grid
from mlplat.report.run_page.queue_of_jobs import made_room, waiting_before
from mlplat.report.run_page.series import MOST_PARTS, series
from mlplat.runs.result import Result
from tests.runs.cases import mixed

SPEC = (
    "{name: c, groups: [{name: v, count: 6, cpus: 64, memory: 512GiB, gpus: 8, gpu_model: V100, racks: 2}, {name: c, count: 2, cpus: 8}]}"
)


def crowded(until: float | None, seed: int = 0) -> Result:
    """Jobs on one to eight devices and on shares, of which gangs, and some on cores."""
    draws = np.random.default_rng(seed)
    count = 300
    requests = [mp.ResourceRequest(cpus=1, gpus=gpus) for gpus in (1, 2, 3, 5, 8)]
    requests += [mp.ResourceRequest(cpus=1, gpu_milli=milli) for milli in (250, 500)] + [mp.ResourceRequest(cpus=2)]
    trace = mp.JobTrace.build(
        submit=np.cumsum(draws.integers(0, 5, count)),
        duration=draws.integers(0, 90, count).astype(float),
        request=draws.integers(0, len(requests), count),
        replicas=np.where(draws.random(count) < 0.2, 2, 1),
        requests=requests,
    )
    placement = ("best-fit", "worst-fit", "random")[seed % 3]
    return mp.replay(mp.ClusterSpec.from_yaml(SPEC), trace, queue=("easy", "fifo")[seed % 2], placement=placement, seed=seed, until=until)


@pytest.mark.parametrize("seed", range(12))
def test_the_devices_of_a_record_are_those_that_its_job_owns_on_the_node(seed: int) -> None:
    result = crowded(120.0 + 31 * seed, seed)
    frame = result.attempts
    found = device_sets(frame, result.spec.nodes().gpus, result.end_s)
    world = result._run.world
    owners = np.empty_like(world.nodes.owner)
    owners[world.cluster.row_of] = world.nodes.owner  # from the tie order to the order of the spec
    whole = frame.with_row_index("place").filter(pl.col("end_s").is_null() & (pl.col("gpu_milli") >= 1000))
    assert len(whole) > 3
    for place, job, node in whole.select("place", "job", "node").rows():
        own = frame.with_columns(devices=found).filter((pl.col("job") == job) & (pl.col("node") == node))["devices"].to_list()
        union = 0
        for mask in own:
            union |= mask
        assert union == sum(1 << device for device in np.flatnonzero(owners[node] == job).tolist())
        assert found[place].bit_count() == frame["gpu_milli"][place] // 1000


def test_shares_and_instances_are_on_the_device_that_the_frame_says_and_records_on_cores_on_none() -> None:
    result = mp.replay(*mixed(), queue="easy")
    frame = result.attempts
    found = device_sets(frame, result.spec.nodes().gpus, result.end_s)
    small = (frame["gpu_milli"] <= 1000).to_numpy()
    expected = [0 if device < 0 else 1 << device for device in frame["device"].to_list()]
    assert found[small].tolist() == np.array(expected)[small].tolist()


def test_the_grid_has_what_nodes_hold_at_each_of_its_instants() -> None:
    result = crowded(None)
    table = result.spec.nodes()
    instants = np.array([0.0, 13.0, 100.0, 333.0, result.end_s])
    grid = held_grid(result, instants)
    for k, time in enumerate(instants):
        now = result.attempts.filter((pl.col("start_s") <= time) & (pl.col("end_s").fill_null(math.inf) > time))
        for node in range(len(table)):
            here = now.filter(pl.col("node") == node)
            part = (
                here["gpu_milli"].sum() / (1000 * table.gpus[node]) if table.gpus[node] else here["cpu_milli"].sum() / table.cpu_milli[node]
            )
            assert grid[k, node] == round(100 * part)
    pool = mp.replay(
        mp.ClusterSpec.parse("pool:8gpu"), mp.JobTrace.build(submit=[0], duration=[9], request=[0], requests=[mp.ResourceRequest(cpus=1)])
    )
    assert held_grid(pool, np.array([0.0])).tolist() == [[0]]


def test_who_waited_when_a_job_came_and_who_left_the_node_it_started_on() -> None:
    spec = mp.ClusterSpec.parse("1x8xV100")
    trace = mp.JobTrace.build(submit=[0, 1, 2, 3], duration=[10, 5, 5, 0], request=[0] * 4, requests=[mp.ResourceRequest(gpus=8)])
    result = mp.replay(spec, trace)
    rows = np.arange(4, dtype=np.uint32)
    assert waiting_before(result, rows).tolist() == [0, 0, 1, 2]
    by, when = made_room(result, rows)
    assert by.tolist() == [-1, 0, 1, 2]
    assert when[1:].tolist() == [10.0, 15.0, 20.0] and math.isnan(when[0])


def test_a_small_run_is_carried_whole_and_of_a_large_one_those_that_are_asked_about_first() -> None:
    result = mp.replay(*mixed(), queue="fifo", until=900)
    assert choose(result).exact and choose(result).rows.tolist() == list(range(400))
    some = choose(result, most=100, sample=60)
    assert not some.exact and some.rows.tolist() == sorted(set(some.rows.tolist())) and len(some.rows) < 110
    assert choose(result, most=100, sample=60).rows.tolist() == some.rows.tolist()
    longest = result.jobs.sort("wait_s", descending=True, nulls_last=True, maintain_order=True)["job"][:2].to_list()
    assert set(longest) <= set(some.rows.tolist())
    assert f"{len(some.rows):,} jobs" in some.text and "waited longest" in some.text
    carried = contents(result, some, {})
    jobs, attempts = carried["jobs"], carried["attempts"]
    assert isinstance(jobs, pl.DataFrame) and isinstance(attempts, pl.DataFrame)
    assert jobs.select(result.jobs.columns).equals(result.jobs[some.rows.tolist()])
    assert set(attempts["job"]) == set(result.attempts.filter(pl.col("job").is_in(some.rows.tolist()))["job"])


def test_the_series_keeps_the_longest_queue_and_every_row_of_it_is_one_of_the_timeline() -> None:
    result = mp.replay(mp.ClusterSpec.parse("4x8xV100"), mp.traces.synthetic(3000, gpus=32, load=1.1, seed=2))
    found = series(result)
    assert 100 < len(found) <= 3 * MOST_PARTS < len(result.timeline)
    assert found["waiting"].max() == result.timeline["waiting"].max()
    assert found["gpu_part"].max() == result.timeline["gpu_milli"].max() / 32_000  # type: ignore[operator]
    rows = found.join(result.timeline, on=["time_s", "waiting", "running"])
    assert len(rows) == len(found)
    assert (rows["gpu_part"] - rows["gpu_milli"] / 32_000).abs().max() == 0
