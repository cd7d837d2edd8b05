"""A trace under zones: what is refused, the frame of zones against a count by hand, and the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import mlplat as mp
from mlplat.errors import MlplatError, OptionError, SpecError
from mlplat.runs.columns import FRAMES, RESOURCES
from mlplat.runs.result import Result

SPEC = mp.ClusterSpec.parse("2x8xA100+2x4xV100")  # groups a100-40 and v100-16
ONE, EIGHT = mp.ResourceRequest(gpus=1, cpus=2, memory_gib=3), mp.ResourceRequest(gpus=8)


def jobs(*rows: tuple[float, float, int, str], priority: list[int] | None = None) -> mp.JobTrace:
    """(submit, duration, request, group) of each."""
    groups = ["a", "b", "c"]
    return mp.JobTrace.build(
        submit=[row[0] for row in rows],
        duration=[row[1] for row in rows],
        request=[row[2] for row in rows],
        requests=[ONE, EIGHT],
        group=[groups.index(row[3]) for row in rows],
        groups=groups,
        priority=priority,
    )


def busy_day(n: int = 300) -> mp.JobTrace:
    draw = np.random.default_rng(4)
    return mp.JobTrace.build(
        submit=np.sort(draw.uniform(0, 4000, n)),
        duration=draw.uniform(10, 400, n),
        request=draw.integers(0, 2, n),
        requests=[ONE, EIGHT],
        group=draw.integers(0, 3, n),
        groups=["a", "b", "c"],
        priority=draw.integers(0, 3, n),
    )


ZONES: list[Any] = [
    mp.Quota("a", guarantee={"gpus": 8}, cohort="r"),
    mp.Quota("b", guarantee={"gpus": 8}, lend={"gpus": 4}, limit={"gpus": 12}, reclaim_within="30s"),
    mp.Cohort("r", lend={"gpus": 8}),
]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"zones": [mp.Quota("x")]}, "zones[0].name: unknown group of the trace 'x'"),
        ({"zones": [{"name": "a", "guarantee": {"gpu": 1}}]}, "zones[0].guarantee.gpu: unknown resource 'gpu'"),
        ({"zones": [mp.Quota("a", guarantee={"gpus": 25}, lend={"gpus": 0})]}, "gpus 25 of 24"),
        ({"zones": [mp.Quota("a"), mp.Quota("b", groups=("a",))]}, "zones[1].groups[0]: the group 'a'"),
        ({"zones": [mp.Quota("a", flavors=("T4",))]}, "zones[0].flavors[0]: unknown flavor 'T4'"),
        ({"zones": 7}, "zones: expected a list of quotas"),
        ({"zones": [7]}, "zones[0]: expected a Quota"),
        ({"zones": "no such file.yaml"}, "no such file.yaml: cannot be read"),
        ({"zones": [mp.Quota("a")], "queue": "easy"}, "queue='easy': does not go with quotas"),
        ({"zones": [mp.Quota("a")], "limits": {"a": {"gpus": 1}}}, "limits= and zones= do not go together"),
        ({"zones": [mp.Quota("a", flavors=("a100-40",)), mp.Quota("b", flavors=("A100",))]}, "both have the node 'a100-40-0'"),
    ],
)
def test_zones_that_cannot_be_are_refused_before_anything_runs(options: dict[str, Any], said: str) -> None:
    with pytest.raises(MlplatError) as refused:
        mp.replay(SPEC, jobs((0, 1, 0, "a")), **options)
    assert said in str(refused.value)


def test_no_zones_are_as_none() -> None:
    trace = busy_day(30)
    plain, empty = mp.replay(SPEC, trace), mp.replay(SPEC, trace, zones=[])
    assert plain.fingerprint == empty.fingerprint
    assert "zones" not in plain.summary()
    assert "zones" not in plain.manifest["conditions"]
    assert plain.zones.columns == [column.name for column in FRAMES["zones"]]
    assert plain.zones.is_empty()


def test_a_file_gives_what_the_objects_give(tmp_path: Path) -> None:
    path = tmp_path / "zones.yaml"
    path.write_text(
        "cohorts: [{name: r, lend: {gpus: 8}}]\nquotas:\n- {name: a, guarantee: {gpus: 8}, cohort: r}\n"
        "- {name: b, guarantee: {gpus: 8}, lend: {gpus: 4}, limit: {gpus: 12}, reclaim_within: 30s}\n"
    )
    trace = busy_day(60)
    assert mp.replay(SPEC, trace, zones=path).fingerprint == mp.replay(SPEC, trace, zones=ZONES).fingerprint


def test_the_manifest_says_the_zones_from_which_the_result_can_be_made_again() -> None:
    trace = busy_day(60)
    result = mp.replay(SPEC, trace, zones=ZONES)
    said = json.loads(json.dumps(result.manifest["conditions"]["zones"]))
    assert mp.replay(SPEC, trace, zones=said).fingerprint == result.fingerprint


def counted(result: Result, group: str, guarantee: float) -> tuple[float, float, float]:
    """Mean, largest and mean borrowed use of devices, by adding up between all instants."""
    trace, attempts = result.trace, result.attempts
    of = [trace.groups[g] for g in trace.group]
    rows = [
        (row["start_s"], result.end_s if row["end_s"] is None else row["end_s"], trace.requests[trace.request[row["job"]]].gpus)
        for row in attempts.to_dicts()
        if of[row["job"]] == group
    ]
    instants = sorted({time for start, end, _ in rows for time in (start, end)})
    mean = most = borrowed = 0.0
    for now, then in zip(instants, [*instants[1:], instants[-1]], strict=True):
        use = sum(gpus for start, end, gpus in rows if start <= now < end)
        most = max(most, use)
        mean, borrowed = mean + use * (then - now), borrowed + max(0, use - guarantee) * (then - now)
    span = result.end_s - trace.submit[0]
    return mean / span, most, borrowed / span


@pytest.mark.parametrize("until", [None, 1500.0])
def test_use_is_what_adding_up_gives(until: float | None) -> None:
    result = mp.replay(SPEC, busy_day(), zones=ZONES, queue="best-effort-fifo", until=until)
    rows = {row["zone"]: row for row in result.zones.to_dicts()}
    assert list(rows) == ["a", "b", ""]
    for zone, group, guarantee in (("a", "a", 8), ("b", "b", 8), ("", "c", 0)):
        found = tuple(rows[zone][f"gpus_{kind}"] for kind in ("use_mean", "use_max", "borrowed_mean"))
        assert found == pytest.approx(counted(result, group, guarantee))
        assert rows[zone]["jobs"] == (result.jobs["group"] == group).sum()
        assert rows[zone]["completed"] == ((result.jobs["group"] == group) & (result.jobs["state"] == "completed")).sum()
        assert rows[zone]["cpus_borrowed_mean"] is None  # nobody is guaranteed any
    assert rows["b"]["gpus_use_max"] <= rows["b"]["gpus_limit"] == 12
    assert (rows["a"]["gpus_guarantee"], rows["a"]["gpus_limit"]) == (8, None)


def test_reclaims_are_counted_for_both_sides_and_timed() -> None:
    """c holds all; a asks for its guarantee, and gets it once the two jobs in its way have written their checkpoints."""
    trace = jobs(*[(float(i), 1000.0, 1, "c") for i in range(2)], *[(2.0, 1000.0, 0, "c")] * 8, (100.0, 50.0, 1, "a"))
    zones = [mp.Quota("a", guarantee={"gpus": 8}, reclaim_within="1m")]
    result = mp.replay(SPEC, trace, zones=zones, checkpoint="every 10m write 20s")
    row, others = result.zones.to_dicts()
    assert (row["claims"], row["reclaimed"], others["claims"], others["reclaimed"]) == (1, 0, 0, 1)
    assert row["reclaim_wait_max_s"] == result.jobs["start_s"][10] - 100.0 == 20.0
    assert others["reclaim_wait_max_s"] is None
    assert result.attempts.filter(pl.col("outcome") == "reclaimed")["job"].to_list() == [1]


def test_flavors_alone_are_summed_in_the_frame() -> None:
    zones = [mp.Quota("a", guarantee={"V100": {"gpus": 4}, "A100": {"gpus": 8}}, limit={"A100": {"gpus": 9}}), mp.Quota("b", groups=())]
    row, idle, _ = mp.replay(SPEC, jobs((0, 1, 0, "a"), (0, 1, 0, "c")), zones=zones).zones.to_dicts()
    assert (row["gpus_guarantee"], row["gpus_limit"]) == (12, 9)
    assert (idle["jobs"], idle["gpus_use_mean"], idle["gpus_borrowed_mean"]) == (0, 0, 0)


@pytest.mark.parametrize("clock", ["replay", "simpy"])
@pytest.mark.parametrize("queue", ["fifo", "best-effort-fifo", "drf"])
def test_a_job_that_no_part_open_to_its_zone_could_hold_is_rejected_and_blocks_nobody(queue: str, clock: Any) -> None:
    trace = jobs((0, 10, 0, "a"), (1, 10, 1, "a"), (2, 10, 0, "a"), (3, 10, 1, "b"))
    for zones in ([mp.Quota("a", flavors=("V100",))], [mp.Quota("b", reserve={"group": "a100-40", "nodes": 2})]):  # type: ignore[arg-type]
        found = mp.replay(SPEC, trace, zones=zones, queue=queue, clock=clock).jobs
        assert found["state"].to_list() == ["completed", "rejected", "completed", "completed"]
        assert found["reason"].to_list() == ["", "QUOTA", "", ""]
        assert found["start_s"].to_list() == [0, None, 2, 3]


def test_a_job_that_one_of_its_flavors_holds_is_not_rejected() -> None:
    result = mp.replay(SPEC, jobs((0, 10, 1, "a"), (0, 10, 0, "a")), zones=[mp.Quota("a", flavors=("V100", "A100"))])
    assert result.attempts["node"].to_list() == [0, 2]


def test_a_job_that_the_whole_cluster_cannot_hold_is_rejected_as_without_zones() -> None:
    trace = mp.JobTrace.build(submit=[0], duration=[1], request=[0], requests=[mp.ResourceRequest(gpus=1, models="H100")], groups=["a"])
    for zones in (None, [mp.Quota("a")], [mp.Quota("a", flavors=("V100",))]):
        assert mp.replay(SPEC, trace, zones=zones).jobs["reason"].to_list() == ["GPU_MODEL"]


def test_a_wide_job_is_refused_by_the_last_replica_of_its_flavor() -> None:
    """Fifteen devices are two replicas on nodes of eight; a zone with the small nodes only is asked with its own classes."""
    trace = mp.JobTrace.build(
        submit=[0, 1],
        duration=[5, 5],
        request=[0, 0],
        requests=[mp.ResourceRequest(gpus=15)],
        group=[0, 1],
        groups=["a", "b"],
        split="nodes",
    )
    found = mp.replay(SPEC, trace, zones=[mp.Quota("a", flavors=("V100",)), mp.Quota("b", flavors=("A100",))]).jobs
    assert found["state"].to_list() == ["rejected", "completed"]
    assert found["reason"].to_list() == ["QUOTA", ""]


def test_a_saved_result_has_the_frame_and_a_notebook_a_table(tmp_path: Path) -> None:
    trace = mp.JobTrace.build(submit=[0], duration=[1], request=[0], requests=[ONE], groups=["<b>"])
    result = mp.replay(SPEC, trace, zones=[mp.Quota("<b>", guarantee={"gpus": 1})])
    result.save(tmp_path)
    assert pl.read_parquet(tmp_path / "zones.parquet").equals(result.zones)
    assert json.loads((tmp_path / "summary.json").read_text())["zones"]["<b>"]["completed"] == 1
    assert "&lt;b&gt;" in result._repr_html_()
    assert "<td><b>" not in result._repr_html_()


def test_the_frame_is_equal_on_both_clocks() -> None:
    """A-11.5."""
    trace = busy_day(100)
    compiled, live = (mp.replay(SPEC, trace, zones=ZONES, queue="drf", clock=clock) for clock in ("replay", "simpy"))  # type: ignore[arg-type]
    assert compiled.zones.equals(live.zones)
    assert {f"{resource}_use_mean" for resource in RESOURCES} < set(compiled.zones.columns)


def test_explanations_count_the_nodes_of_the_flavor_and_wait_in_the_own_zone() -> None:
    trace = jobs((0, 100, 1, "a"), (1, 10, 0, "b"), (2, 10, 1, "b"), (3, 10, 1, "b"), (4, 10, 1, "c"))
    zones = [mp.Quota("a", flavors=("A100",)), mp.Quota("b", flavors=("V100", "A100"), limit={"gpus": 9})]
    result = mp.replay(SPEC, trace, zones=zones)
    assert "best of 2 feasible" in result.explain(0).text
    assert "best of 2 feasible" in result.explain(1).text
    assert "best of 1 feasible" in result.explain(2).text
    third = result.explain(3)
    assert (third.behind, third.overtook) == (None, 0)
    assert "for room within its quota" in third.text


def test_explanations_say_for_whom_a_job_was_reclaimed_and_why_one_was_rejected() -> None:
    trace = jobs((0, 100, 1, "c"), (0, 100, 1, "c"), (5, 100, 1, "a"), (6, 1, 1, "b"))
    result = mp.replay(SPEC, trace, zones=[mp.Quota("a", guarantee={"gpus": 8}), mp.Quota("b", limit={"gpus": 7})])
    assert "interrupted: 1 x reclaimed for job 2 of 'a'; 0 s of work lost" in result.explain(1).text
    assert "it asks for more than its quota could ever have, 8 gpus of 7" in result.explain(3).text


def test_the_kinds_of_errors_are_those_of_descriptions_and_options() -> None:
    with pytest.raises(SpecError):
        mp.replay(SPEC, jobs((0, 1, 0, "a")), zones=[mp.Quota("x")])
    with pytest.raises(OptionError):
        mp.replay(SPEC, jobs((0, 1, 0, "a")), zones=[mp.Quota("a")], queue="las")
