"""What becomes of requests, case by case (docs/platform/serving.md).

S-109, and the parts of S-36, A-6.3 and A-12.3 that the engine holds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mlplat.errors import MlplatError
from mlplat.platform.serving import Concurrency, Crash, Replicas, Requests, ServingResult, Silence, Utilization, Version, Weights, serve


def outcomes(result: ServingResult) -> list[tuple[str, float | None]]:
    """What became of each request, and when."""
    return result.requests.select("outcome", "end_s").rows()


def test_a_request_answered_at_its_deadline_is_answered_and_one_that_waits_then_is_not() -> None:
    result = serve(Version("v1", timeout=2.0), Requests.build([0.0, 0.0], 2.0))
    assert outcomes(result) == [("answered", 2.0), ("timed_out", 2.0)]


def test_a_server_works_on_for_a_client_that_has_gone() -> None:
    result = serve(Version("v1", timeout=2.0), Requests.build([0.0, 1.5], [3.0, 0.4]))
    assert outcomes(result) == [("timed_out", 2.0), ("answered", 3.4)]
    assert result.requests["start_s"].to_list() == [0.0, 3.0]


def test_the_queue_counts_only_those_that_wait() -> None:
    result = serve(Version("v1", queue=1), Requests.build([0.0, 0.0, 0.0], 1.0))
    assert outcomes(result) == [("answered", 1.0), ("answered", 2.0), ("rejected", 0.0)]


def test_a_batch_starts_full_or_when_its_oldest_has_waited() -> None:
    version = Version("v1", batch=3, batch_wait="1s", base="2s", each="100ms", replicas=2)
    result = serve(version, Requests.build([0.0, 0.5, 0.6, 3.0]))
    assert result.requests["start_s"].to_list() == [0.6, 0.6, 0.6, 4.0]
    assert result.requests["end_s"].to_list() == [0.6 + (2.0 + 0.1 * 3)] * 3 + [4.0 + (2.0 + 0.1)]


def test_the_replica_with_the_fewest_busy_slots_is_next_the_lowest_of_equals() -> None:
    result = serve(Version("v1", replicas=3, slots=2), Requests.build(np.arange(6) / 10, [9, 1, 9, 9, 9, 9]))
    assert result.requests["replica"].to_list() == [0, 1, 2, 0, 1, 2]


def test_a_crash_fails_its_requests_at_once_and_the_replica_is_replaced_after_a_cold_start() -> None:
    result = serve(Version("v1", start="5s"), Requests.build([0.0, 2.0], 3.0), changes=[Crash(1.0, "v1")])
    assert outcomes(result) == [("failed", 1.0), ("answered", 9.0)]
    assert result.timeline.select("time_s", "ready", "starting").rows() == [(0.0, 1, 0), (1.0, 0, 1), (6.0, 1, 0)]


def test_a12_3_requests_fail_only_between_death_and_removal_and_are_retried_on_other_replicas() -> None:
    requests = Requests.poisson(20.0, until="300s", service="exponential", mean="100ms", seed=2)
    version = Version("v1", replicas=3, slots=4, timeout="2s", start="30s")
    result = serve(version, requests, changes=[Silence(100.0, "v1", 1, noticed_after=40.0)], retries=3, backoff="100ms")
    frame, totals = result.requests, result.summary()
    assert totals["timed_out"] > 0 and totals["requests"] == totals["answered"]  # the client sees none of it
    assert result.timeline["ready"].min() == 2
    first_loss = serve(version, requests, changes=[Silence(100.0, "v1", 1, noticed_after=40.0)]).requests
    lost = first_loss.filter(first_loss["outcome"].is_in(["timed_out", "failed"]))
    assert len(lost) > 0 and lost["replica"].to_list() == [1] * len(lost)
    assert lost["end_s"].min() >= 100.0 and lost["end_s"].max() <= 140.0
    assert (frame["attempts"] > 1).sum() > 0


def test_s36_no_request_goes_to_a_replica_known_to_be_unready() -> None:
    requests = Requests.poisson(50.0, until="60s", service="exponential", mean="50ms", seed=3)
    result = serve(
        Version("v1", replicas=4, slots=2, timeout="1s", start="1000s"),
        requests,
        changes=[Crash(20.0, "v1", 2), Silence(30.0, "v1", 0, noticed_after=5.0)],
    )
    frame = result.requests
    assert frame.filter(frame["replica"] == 2)["start_s"].max() < 20.0
    assert 30.0 <= frame.filter(frame["replica"] == 0)["start_s"].max() < 35.0


def test_a_silent_replica_holds_only_as_many_as_it_has_slots_until_their_deadline() -> None:
    result = serve(
        Version("v1", replicas=2, slots=1), Requests.build([1.0, 2.0, 3.0, 4.0], 1.0), changes=[Silence(0.0, "v1", 0, noticed_after=10.0)]
    )
    assert outcomes(result) == [("failed", 10.0), ("answered", 3.0), ("answered", 4.0), ("answered", 5.0)]


def test_a_key_stays_on_its_version_while_weights_stand_and_moves_only_to_the_one_that_gets_more() -> None:
    requests = Requests.build(np.arange(3000) / 10, 0.01, key=np.arange(3000) % 100)
    made = [Version("old", weight=95), Version("new", weight=5)]
    result = serve(made, requests, changes=[Weights(100.0, {"old": 75, "new": 25}), Weights(200.0, {"new": 1})])
    of = [set(result.requests["request"].filter(part & (result.requests["version"] == "new")).to_numpy() % 100) for part in _thirds(result)]
    stayed = [
        set(result.requests["request"].filter(part & (result.requests["version"] == "old")).to_numpy() % 100) for part in _thirds(result)
    ]
    assert all(not there & gone for there, gone in zip(of, stayed, strict=True))
    assert of[0] <= of[1] <= of[2] == set(range(100)) and len(of[1]) > len(of[0])


def _thirds(result: ServingResult) -> list[Any]:
    return [(result.requests["sent_s"] // 100) == third for third in range(3)]


@pytest.mark.parametrize("retries", [0, 2])
def test_a6_3_sent_is_answered_and_timed_out_and_rejected_by_version(retries: int) -> None:
    requests = Requests.poisson(40.0, count=20_000, service="exponential", mean="200ms", seed=4)
    made = [Version("old", weight=90, replicas=7, queue=5, timeout="1s"), Version("new", weight=10, queue=5, timeout="1s")]
    rows = serve(made, requests, retries=retries, backoff="50ms").versions.iter_rows(named=True)
    for row in rows:
        assert row["sent"] == row["answered"] + row["timed_out"] + row["rejected"]
        assert row["timed_out"] > 0 < row["rejected"] and row["unfinished"] == row["failed"] == 0


def test_errors_under_two_rates_have_common_random_numbers() -> None:
    requests = Requests.poisson(10.0, count=5000, service="exponential", mean="10ms", seed=5)
    few, many = (
        set(np.flatnonzero(serve(Version("v1", error_rate=rate), requests).requests["outcome"] == "error")) for rate in (0.02, 0.06)
    )
    assert few < many
    assert few != set(np.flatnonzero(serve(Version("v1", error_rate=0.02), requests, seed=1).requests["outcome"] == "error"))


def test_backoff_doubles() -> None:
    result = serve(Version("v1", replicas=0), Requests.build([0.0], 1.0), until="1h", retries=3, backoff=1.0)
    assert outcomes(result) == [("unfinished", None)]
    full = serve(Version("v1", queue=0, replicas=0), Requests.build([0.0]), retries=3, backoff=1.0)
    assert outcomes(full) == [("rejected", 7.0)] and full.requests["attempts"].to_list() == [4]


def test_what_is_sent_after_the_horizon_was_not_sent() -> None:
    result = serve(Version("v1"), Requests.build([0.0, 5.0], 3.0), until=2.0)
    assert result.summary()["requests"] == 1 == result.summary()["unfinished"] and result.end_s == 2.0
    assert result.requests["version"].to_list() == ["v1", None]


def test_one_fingerprint_for_one_run_and_another_for_another() -> None:
    requests = Requests.poisson(5.0, count=500, service="exponential", mean="100ms", seed=6)
    one = serve(Version("v1"), requests).fingerprint
    assert one == serve(Version("v1"), requests).fingerprint == serve(Version("v1"), requests, clock="simpy").fingerprint
    assert len({one, serve(Version("v2"), requests).fingerprint, serve(Version("v1", replicas=2), requests).fingerprint}) == 3


def test_a_result_is_shown_with_names_escaped() -> None:
    result = serve(Version("<b>v1</b>"), Requests.build([0.0], 1.0))
    assert "1 answered" in repr(result) and "<b>v1" not in result._repr_html_()
    assert "no answer" in repr(serve(Version("v1"), Requests.build([])))


def test_figures_of_a_version_are_those_of_its_requests() -> None:
    result = serve(Version("v1", replicas=2), Requests.build([0.0, 0.0, 0.0], [1.0, 1.0, 2.0]))
    row = result.versions.row(0, named=True)
    assert row["utilization"] == 4.0 / 6.0 and row["ready_mean"] == 2.0 and row["wait_mean_s"] == 1 / 3
    assert row["latency_p50_s"] == 1.0 and result.summary()["latency_mean_s"] == 5 / 3


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Version(""), "name"),
        (lambda: Version("a\nb"), "printable"),
        (lambda: Version("v", weight=-1), "weight"),
        (lambda: Version("v", replicas=3, limit=2), "3 replicas within 2 places"),
        (lambda: Version("v", slots=0), "slots"),
        (lambda: Version("v", timeout=0), "timeout"),
        (lambda: Version("v", error_rate=1.5), "error_rate"),
        (lambda: Version("v", pace=0), "pace"),
        (lambda: Version("v", base="soon"), "base"),
        (lambda: Version("v", scale="hpa"), "scale"),  # type: ignore[arg-type]
        (lambda: Version("v", limit=1, scale=Concurrency(1, least=2)), "at least 2 replicas within a limit of 1"),
        (lambda: Version("v", replicas=True), "replicas"),
        (lambda: Concurrency(0), "target"),
        (lambda: Concurrency(1, least=5, most=3), "most"),
        (lambda: Concurrency(1, period=0), "period"),
        (lambda: Concurrency(1, up_rate=1), "up_rate"),
        (lambda: Concurrency(1, period="1ms", stable="1d"), "periods"),
        (lambda: Utilization(1.5), "target"),
        (lambda: Utilization(0.5, least=0), "least"),
        (lambda: Silence(0, "v", noticed_after=-1), "noticed_after"),
        (lambda: Crash(0, "v", -1), "replica"),
        (lambda: Weights(0, [1]), "weights"),  # type: ignore[arg-type]
        (lambda: serve([], Requests.build([])), "at least one"),
        (lambda: serve(["v"], Requests.build([])), "Version"),  # type: ignore[list-item]
        (lambda: serve([Version("v"), Version("v")], Requests.build([])), "two are called 'v'"),
        (lambda: serve(Version("v", weight=0), Requests.build([])), "all are 0"),
        (lambda: serve(Version("v"), [0.0]), "requests"),  # type: ignore[arg-type]
        (lambda: serve(Version("v"), Requests.build([]), clock="wall"), "replay"),  # type: ignore[arg-type]
        (lambda: serve(Version("v"), Requests.build([]), changes=[Crash(0, "w")]), "unknown version 'w'"),
        (lambda: serve(Version("v"), Requests.build([]), changes=[Crash(0, "v", 1)]), "places 0 to 0"),
        (lambda: serve(Version("v"), Requests.build([]), changes=["crash"]), "changes[0]"),  # type: ignore[list-item]
        (lambda: serve(Version("v"), Requests.build([]), changes=[Weights(0, {"v": 0})]), "all are 0"),
        (lambda: serve(Version("v"), Requests.build([]), retries=-1), "retries"),
        (lambda: serve(Version("v", limit=2**17, slots=2**10), Requests.build([])), "slots; expected at most"),
        (lambda: serve(Version("v"), Requests.build([]), seed=-1), "seed"),
        (lambda: Replicas(0, "v", -1), "replicas"),
    ],
)
def test_what_cannot_be_served_is_refused_by_name(make: Any, said: str) -> None:
    with pytest.raises(MlplatError) as refused:
        make()
    assert said in str(refused.value)
