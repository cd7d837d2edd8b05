"""The request engine in both clocks and the naive server agree bit for bit, on everything: requests, counts, replicas over time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.platform.serving import Concurrency, Crash, Replicas, Requests, Silence, Utilization, Version, Weights, serve
from mlplat.platform.serving.planning import _salt

from .naive_serving import NaiveServer

GRID = st.integers(0, 40).map(lambda n: n / 2)
"""Times on a grid, so that much happens at one instant."""
FREE = st.floats(0.0, 20.0, allow_subnormal=False).map(lambda t: t + 0.0)
TIMES = st.one_of(GRID, FREE)
LENGTHS = st.one_of(st.integers(0, 6).map(lambda n: n / 2), st.floats(0.0, 3.0, allow_subnormal=False).map(lambda t: t + 0.0))


def scalers() -> st.SearchStrategy[Any]:
    """Autoscalers with short windows."""
    some = st.sampled_from([0.5, 1.0, 1.3, 2.0])
    concurrency = st.builds(
        Concurrency,
        target=some,
        least=st.integers(0, 1),
        most=st.sampled_from([None, 1, 3]),
        period=st.sampled_from([0.5, 1.0, 1.7]),
        stable=st.sampled_from([2.0, 4.0, 5.0]),
        panic=st.sampled_from([0.5, 1.0]),
        panic_at=st.sampled_from([1.5, 2.0]),
        up_rate=st.sampled_from([1.5, 1000.0]),
        hold=st.sampled_from([0.0, 3.0]),
    )
    utilization = st.builds(
        Utilization,
        target=st.sampled_from([0.3, 0.6, 1.0]),
        most=st.sampled_from([None, 2, 3]),
        period=st.sampled_from([0.5, 1.0, 1.7]),
        tolerance=st.sampled_from([0.0, 0.1]),
        hold=st.sampled_from([0.0, 3.0]),
    )
    return st.one_of(st.none(), concurrency, utilization)


@st.composite
def versions(draw: st.DrawFn, name: str, weight: float) -> Version:
    """A small version with any of its options."""
    return Version(
        name,
        weight=weight,
        replicas=draw(st.integers(1, 3)),
        limit=draw(st.sampled_from([3, 4])),
        slots=draw(st.integers(1, 3)),
        queue=draw(st.sampled_from([None, None, 0, 1, 3])),
        timeout=draw(st.one_of(st.none(), st.sampled_from([0.5, 1.0, 2.5]))),
        batch=draw(st.sampled_from([1, 1, 2, 3])),
        batch_wait=draw(st.sampled_from([0.0, 0.5, 0.7])),
        base=draw(st.sampled_from([0.0, 0.25, 1.0])),
        each=draw(st.sampled_from([0.0, 0.5, 0.3])),
        error_rate=draw(st.sampled_from([0.0, 0.3])),
        start=draw(st.sampled_from([0.0, 0.5, 2.2])),
        pace=draw(st.sampled_from([1.0, 1.0, 1.5])),
        scale=draw(scalers()),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Version], Requests, dict[str, Any]]:
    """Versions, requests, and what else `serve` takes."""
    weights = draw(st.sampled_from([(1.0,), (1.0, 1.0), (3.0, 1.0, 1.0)]))
    made = [draw(versions(f"v{i}", weight)) for i, weight in enumerate(weights)]
    names = st.sampled_from([version.name for version in made])
    sent = sorted(draw(st.lists(TIMES, max_size=25)))
    requests = Requests.build(
        sent, draw(st.lists(LENGTHS, min_size=len(sent), max_size=len(sent))), draw(st.just([i % 7 for i in range(len(sent))]))
    )
    split = st.lists(st.sampled_from([0.0, 1.0, 4.0]), min_size=len(made), max_size=len(made)).filter(any)
    changes = draw(
        st.lists(
            st.one_of(
                st.builds(Crash, at=TIMES, version=names, replica=st.integers(0, 2)),
                st.builds(Silence, at=TIMES, version=names, replica=st.integers(0, 2), noticed_after=LENGTHS),
                st.builds(Weights, at=TIMES, weights=split.map(lambda given: dict(zip([v.name for v in made], given, strict=True)))),
                st.builds(Replicas, at=TIMES, version=names, replicas=st.integers(0, 4)),
            ),
            max_size=6,
        )
    )
    options = {
        "changes": changes,
        "until": draw(st.sampled_from([None, 12.5, 30.0])),
        "retries": draw(st.sampled_from([0, 0, 1, 3])),
        "backoff": draw(st.sampled_from([0.0, 0.5, 0.3])),
        "seed": draw(st.integers(0, 3)),
    }
    return made, requests, options


def naive(made: list[Version], requests: Requests, options: dict[str, Any]) -> NaiveServer:
    """The oracle after its run."""
    seed, until = options["seed"], options["until"]
    salts = _salt(seed, "serving/server/split"), _salt(seed, "serving/server/errors")
    server = NaiveServer(
        made,
        requests,
        options["changes"],
        retries=options["retries"],
        backoff=options["backoff"],
        salts=salts,
        always=until is not None,
    )
    server.run(math.inf if until is None else until)
    return server


@given(cases())
def test_both_clocks_and_the_oracle_agree(case: tuple[list[Version], Requests, dict[str, Any]]) -> None:
    made, requests, options = case
    result = serve(made, requests, **options)
    assert serve(made, requests, clock="simpy", **options).fingerprint == result.fingerprint
    expected = naive(made, requests, options)
    frame = result.requests
    names = [version.name for version in made]
    first = np.cumsum([0] + [version.places for version in made]).tolist()

    def known(value: float) -> float | None:
        return None if math.isnan(value) else value

    for request, row in zip(expected.requests, frame.iter_rows(named=True), strict=True):
        assert row["version"] == (names[request.version] if request.attempts else None)
        assert row["replica"] == (request.place - first[request.version] if request.place >= 0 else None)
        found = (row["attempts"], row["outcome"], row["start_s"], row["end_s"])
        assert found == (request.attempts, request.outcome, known(request.start), known(request.end))
    for version, row in zip(expected.versions, result.versions.iter_rows(named=True), strict=True):
        assert {name: row[name] for name in version.counts} == version.counts
    assert result.timeline.rows() == [(time, names[v], *rest) for time, v, *rest in expected.timeline]
    for row in result.versions.iter_rows(named=True):  # conservation, by version; the unfinished are counted one by one
        assert row["sent"] == sum(row[name] for name in ("answered", "timed_out", "rejected", "failed", "unfinished"))


@pytest.mark.parametrize("clock", ["replay", "simpy"])
def test_a_long_timeline_finds_room(clock: Any) -> None:
    requests = Requests.build(np.arange(2000) * 1.0, 0.5)
    changes = [Replicas(at, "v1", 1 + at % 2) for at in range(1500)]
    result = serve(Version("v1", limit=2), requests, changes=changes, clock=clock)
    assert len(result.timeline) >= 1499
    assert result.fingerprint == serve(Version("v1", limit=2), requests, changes=changes).fingerprint
