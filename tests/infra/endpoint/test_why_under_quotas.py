"""Why a workload waits under its quota, on a live cluster: each reason with its numbers, and whom it has had stopped."""

from __future__ import annotations

import html
import warnings

import pytest

import mlplat as mp
from mlplat.infra.cluster import Cluster
from mlplat.infra.quotas.reasons import UnderQuota, WaitReason

from .clusters import cluster, state_digest, work


def quoted(*quotas: mp.Quota | mp.Cohort, nodes: str = "2x8xV100", **options: object) -> Cluster:
    return cluster(nodes, quotas=quotas, **options)


def why(of: Cluster, name: str) -> UnderQuota:
    """What is said of a workload; the question changes nothing, is put into the text, and is as safe as HTML."""
    before = state_digest(of)
    said = of.endpoint.explain(name)
    assert state_digest(of) == before
    assert said.quota is not None
    if said.quota.reason is not None:
        assert said.quota.waits_because in said.text
        assert html.escape(said.quota.waits_because) in said._repr_html_()
    return said.quota


def test_a_limit_is_told_with_the_numbers_of_each_dimension_that_is_short() -> None:
    of = quoted(mp.Quota("a", limit={"gpus": 10, "cpus": 9.5}))
    of.endpoint.submit(work("one", gpus=6, cpus=6, zone="a"))
    handle = of.endpoint.submit(work("two", gpus=8, cpus=4, zone="a"))
    of.sim.run(until="1s")
    found = why(of, "two")
    assert (found.quota, found.reason, found.entitled) == ("a", WaitReason.ZONE_LIMIT, False)
    assert [tuple(short) for short in found.short] == [("cpus", 4, 3.5, 6, 9.5), ("gpus", 8, 4, 6, 10)]
    assert "uses 6 of 9.5 cpus, 4 more are asked for" in str(found)
    assert (handle.status.value, handle.reason) == ("held", "ZONE_LIMIT")
    assert dict(of.endpoint.explain("two").counts) == {"InsufficientGPU": 1, "HeldByQuota": 1}


def test_what_others_are_promised_is_not_available() -> None:
    of = quoted(mp.Quota("a"), mp.Quota("b", guarantee={"gpus": 12}, lend={"gpus": 2}))
    for name, gpus in (("one", 2), ("wide", 6)):
        of.endpoint.submit(work(name, gpus=gpus, zone="a"))
    of.sim.run(until="1s")
    found = why(of, "wide")
    assert (found.reason, found.entitled) == (WaitReason.NO_CAPACITY, False)
    assert [tuple(short) for short in found.short] == [("gpus", 6, 4, 2, None)]
    assert dict(of.endpoint.explain("wide").counts) == {"HeldByQuota": 2}
    assert of.endpoint.describe("wide").status.value == "pending"


def test_what_a_quota_could_never_have_is_told_with_numbers() -> None:
    of = quoted(mp.Quota("a"), mp.Quota("b", guarantee={"gpus": 12}, lend={"gpus": 2}))
    handle = of.endpoint.submit(work("wide", gpus=8, zone="a"))
    of.sim.run(until="1s")
    assert (handle.status.value, handle.reason) == ("rejected", "QUOTA")
    assert [tuple(short) for short in why(of, "wide").short] == [("gpus", 8, 6, 0, None)]
    assert "more than its quota could ever have, 8 gpus of 6 (QUOTA)." in of.endpoint.explain("wide").text


def test_the_job_that_comes_first_in_the_lane_is_named() -> None:
    of = quoted(mp.Quota("a", guarantee={"gpus": 8}, reclaim="never"), mp.Quota("b", guarantee={"gpus": 4}))
    of.endpoint.submit(work("fill", gpus=8, replicas=2, zone="b"))
    of.sim.run(until="1s")
    for name in ("first", "second"):
        of.endpoint.submit(work(name, gpus=4, zone="a"))
    of.sim.run(until="2s")
    found = why(of, "second")
    assert (found.reason, found.behind, found.entitled) == (WaitReason.BEHIND, "first", True)
    assert why(of, "first").reason == WaitReason.NO_CAPACITY  # it may have nobody stopped
    assert why(of, "first").entitled
    assert (of.endpoint.explain("second").position, of.endpoint.explain("second").blocked_by) == (1, "first")


def test_a_suspended_quota_is_why() -> None:
    of = quoted(mp.Quota("a", guarantee={"gpus": 8}))
    of.endpoint.suspend_quota("a")
    of.endpoint.submit(work("one", gpus=8, zone="a"))
    of.sim.run(until="1s")
    assert why(of, "one").reason == WaitReason.SUSPENDED
    assert dict(of.endpoint.explain("one").counts) == {"HeldByQuota": 2}
    of.endpoint.suspend_quota("a", False)
    of.sim.run(until="2s")
    assert why(of, "one").reason is None


def test_a_claim_names_those_who_leave_and_says_until_when() -> None:
    of = quoted(mp.Quota("a", guarantee={"gpus": 8}, reclaim_within="45s"), mp.Quota("b"))
    for name in ("one", "two"):
        of.endpoint.submit(work(name, gpus=8, zone="b", checkpoint="every 10m write 30s"))
    of.sim.run(until="100s")
    of.endpoint.submit(work("mine", gpus=8, zone="a"))
    of.sim.run(until="110s")
    found = why(of, "mine")
    assert (found.reason, found.entitled, found.leaving, found.until_s) == (WaitReason.CLAIMS, True, ("two",), 130.0)
    assert (found.stopped, found.stopped_for) == (("two",), ())
    assert "room is kept for it that job two will leave within 20 s; entitled" in str(found)
    assert dict(of.endpoint.explain("mine").counts) == {"InsufficientGPU": 1, "Earmarked": 1}
    assert why(of, "two").stopped_for == ("mine",)
    of.sim.run(until="3m")
    mine, two = why(of, "mine"), why(of, "two")
    assert (mine.reason, mine.stopped) == (None, ("two",))
    assert (two.reason, two.stopped_for) == (WaitReason.NO_CAPACITY, ("mine",))
    assert "had job two stopped" in of.endpoint.explain("mine").text
    assert "was stopped for job mine" in of.endpoint.explain("two").text


def test_an_entitled_gang_that_fits_on_no_nodes_is_told_that_they_are_fragmented() -> None:
    of = quoted(mp.Quota("a", guarantee={"gpus": 8}), mp.Quota("b", guarantee={"gpus": 8}), placement="worst-fit")
    for i in range(2):
        of.endpoint.submit(work(f"b-{i}", gpus=4, zone="b"))
    of.sim.run(until="1s")
    of.endpoint.submit(work("mine", gpus=8, zone="a"))
    of.sim.run(until="2s")
    found = why(of, "mine")
    assert (found.reason, found.entitled, found.stopped, found.short) == (WaitReason.FRAGMENTED, True, (), ())
    assert dict(of.endpoint.explain("mine").counts) == {"InsufficientGPU": 2}


def test_borrowers_whose_leaving_would_not_help_leave_it_fragmented() -> None:
    of = quoted(mp.Quota("a", guarantee={"gpus": 8}), mp.Quota("b", guarantee={"gpus": 8}), mp.Quota("c"), placement="worst-fit")
    for i, zone in enumerate("bbcc"):
        of.endpoint.submit(work(f"w-{i}", gpus=4, zone=zone))
    of.sim.run(until="1s")
    of.endpoint.submit(work("mine", gpus=8, zone="a"))
    of.sim.run(until="2s")
    assert why(of, "mine").reason == WaitReason.FRAGMENTED
    assert all(of.endpoint.describe(f"w-{i}").status.value == "running" for i in range(4))


def test_without_a_guarantee_full_nodes_are_no_room() -> None:
    of = quoted(mp.Quota("a"), mp.Quota("b"), placement="worst-fit")
    for i in range(2):
        of.endpoint.submit(work(f"b-{i}", gpus=4, zone="b"))
    of.endpoint.submit(work("mine", gpus=8, zone="a"))
    of.sim.run(until="2s")
    found = why(of, "mine")
    assert (found.reason, found.entitled) == (WaitReason.NO_ROOM, False)


def test_flavors_are_told_apart() -> None:
    spec = mp.ClusterSpec.from_yaml("""
groups:
- {name: old, count: 1, cpus: 64, memory: 64GiB, gpus: 8, gpu_model: V100}
- {name: new, count: 1, cpus: 64, memory: 64GiB, gpus: 8, gpu_model: A100-40}
""")
    quota = mp.Quota("a", limit={"old": {"gpus": 4}, "new": {"gpus": 6}})
    of = mp.Cluster(mp.Simulation(seed=1), spec, quotas=[quota], scrape_period=None)
    for name in ("one", "two"):
        of.endpoint.submit(work(name, gpus=4, zone="a"))
    of.sim.run(until="1s")
    of.endpoint.submit(work("three", gpus=4, zone="a"))
    of.sim.run(until="2s")
    found = why(of, "three")
    assert found.reason == WaitReason.ZONE_LIMIT
    assert [tuple(short) for short in found.short] == [("old.gpus", 4, 0, 4, 4), ("new.gpus", 4, 2, 4, 6)]


def test_what_does_not_wait_has_no_reason() -> None:
    of = quoted(mp.Quota("a", guarantee={"gpus": 8}))
    of.endpoint.submit(work("one", gpus=8, zone="a"))
    assert why(of, "one").reason is None  # it has not arrived
    of.sim.run(until="1s")
    assert why(of, "one") == UnderQuota("a", 1.0, None, True)
    plain = cluster()
    plain.endpoint.submit(work("one", gpus=8))
    plain.sim.run(until="1s")
    assert plain.endpoint.explain("one").quota is None


def test_names_are_printed_so_that_they_harm_nothing() -> None:
    evil = "<b>\u202e&'zone"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        of = quoted(mp.Quota("<b>&'zone", limit={"gpus": 8}))
    for name in ("one", "two"):
        of.endpoint.submit(work(name, gpus=8, zone="<b>&'zone"))
    of.sim.run(until="1s")
    shown = of.endpoint.explain("two")._repr_html_()
    assert "<b>" not in shown and "&lt;b&gt;" in shown
    with pytest.raises(mp.errors.SpecError):
        mp.Quota(evil)


def test_every_reason_has_a_sentence() -> None:
    assert len({reason.sentence for reason in WaitReason}) == len(WaitReason)
    assert all(reason == reason.value for reason in WaitReason)
