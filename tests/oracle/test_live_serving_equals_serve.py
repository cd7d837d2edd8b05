"""A server that is fed piece by piece, and looked at whenever somebody likes, gives what `serve` gives for the whole stream at once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mlplat.platform.serving import Concurrency, Crash, Requests, Silence, Version, Weights, serve
from mlplat.platform.serving.columns import OUTCOMES
from mlplat.platform.serving.live_server import LiveServer
from mlplat.platform.serving.planning import _salt

from .test_serving_equals_oracle import LENGTHS, TIMES

NEVER = "30d"
"""A cold start that outlasts the run: whoever is lost is not replaced."""
END = 60.0


def version(name: str, replicas: int, draw: Any) -> Version:
    return Version(
        name,
        replicas=replicas,
        limit=3,
        slots=draw(st.integers(1, 2)),
        queue=draw(st.sampled_from([None, 2])),
        timeout=draw(st.sampled_from([None, 1.0, 2.5])),
        batch=draw(st.sampled_from([1, 2])),
        batch_wait=draw(st.sampled_from([0.0, 0.7])),
        base=draw(st.sampled_from([0.0, 0.25])),
        error_rate=draw(st.sampled_from([0.0, 0.3])),
        start=NEVER,
    )


@given(st.data())
def test_pieces_and_the_whole_agree(data: st.DataObject) -> None:
    draw = data.draw
    made = [version(f"v{i}", 2, draw) for i in range(draw(st.integers(1, 3)))]
    split = draw(st.booleans())
    sent = sorted(draw(st.lists(TIMES, max_size=30)))
    whole = Requests.build(sent, draw(st.lists(LENGTHS, min_size=len(sent), max_size=len(sent))))
    retries = draw(st.sampled_from([0, 2]))
    names = st.sampled_from(made)
    changes: list[Any] = []
    for at in sorted(draw(st.lists(TIMES, max_size=5))):
        kind = draw(st.sampled_from(["crash", "silence", "weights"]))
        if kind == "weights":
            changes.append(Weights(at, {v.name: draw(st.sampled_from([1.0, 3.0])) for v in made}))
        else:
            of, replica = draw(names).name, draw(st.integers(0, 1))
            changes.append(Crash(at, of, replica) if kind == "crash" else Silence(at, of, replica, 100.0))
    result = serve(made, whole, changes=changes, until=END, retries=retries, backoff=0.5, seed=3)

    server = LiveServer((_salt(3, "serving/server/split"), _salt(3, "serving/server/errors")), retries=retries, backoff=0.5)
    rows = [server.add_version(Version(**(vars(v) | {"replicas": 0})), 0.0) for v in made]
    places = [[server.up(v, 0.0) for _ in range(2)] for v in rows]
    server.set_weights([1.0] * len(made), 0.0)
    if split:  # in two streams, each with every other request
        parts = [np.arange(len(sent)) % 2 == half for half in (0, 1)]
    else:
        parts = [np.ones(len(sent), dtype=bool)]
    for part in parts:
        server.attach(Requests(whole.sent[part], whole.key[part], whole.service[part]))
    pieces = []
    for at, change in sorted(
        [(change.at, change) for change in changes] + [(at, None) for at in draw(st.lists(TIMES, max_size=4))], key=lambda p: p[0]
    ):
        if change is None:
            pieces.append(server.advance(at))
        elif isinstance(change, Weights):
            server.set_weights([change.weights[v.name] for v in made], at)
        else:
            place = places[[v.name for v in made].index(change.version)][change.replica]
            (server.crash if isinstance(change, Crash) else server.silence)(place, at)
    pieces.append(server.advance(END))

    found = {}
    for piece in pieces:
        for stream, row, start, end, v, outcome, attempts in zip(
            piece.stream, piece.row, piece.start, piece.end, piece.version, piece.outcome, piece.attempts, strict=True
        ):
            index = int(np.flatnonzero(parts[stream])[row])
            assert index not in found
            found[index] = (OUTCOMES[outcome], made[v].name, None if math.isnan(start) else start, end, attempts)
    frame = result.requests.filter(result.requests["outcome"] != "unfinished")
    expected = {
        row["request"]: (row["outcome"], row["version"], row["start_s"], row["end_s"], row["attempts"])
        for row in frame.iter_rows(named=True)
    }
    if not split:
        assert found == expected
    else:  # of requests at one instant those of the first stream come first
        assert len(found) + server.unfinished == len(sent) == result.summary()["requests"]
    columns = {"sent": 27, "answered": 28, "errors": 29, "timed_out": 30, "rejected": 31, "failed": 32}
    if not split:
        for v, row in zip(rows, result.versions.iter_rows(named=True), strict=True):
            assert {name: server.number(v, column) for name, column in columns.items()} == {name: row[name] for name in columns}
            assert server.unfinished_of(v) == row["unfinished"]


def test_a_long_stream_in_strides_is_the_whole_and_keeps_a_small_window() -> None:
    requests = Requests.poisson(50.0, count=60_000, service="exponential", mean="150ms", seed=1)
    made = Version("v1", replicas=10, queue=50, timeout="2s", error_rate=0.1)
    result = serve(made, requests, until=2000.0)
    server = LiveServer((_salt(0, "serving/server/split"), _salt(0, "serving/server/errors")))
    v = server.add_version(Version("v1", replicas=0, limit=10, queue=50, timeout="2s", error_rate=0.1), 0.0)
    for _ in range(10):
        server.up(v, 0.0)
    server.attach(requests)
    outcome, end = np.zeros(len(requests), dtype=np.int8), np.zeros(len(requests))
    for now in [*np.arange(7.0, 2000.0, 7.0).tolist(), 2000.0]:
        done = server.advance(now)
        assert (done.number == done.row).all()
        outcome[done.row], end[done.row] = done.outcome, done.end
    assert (outcome == result._server.requests.outcome).all() and (end == result._server.requests.end).all()
    assert len(server._known_fates) < 10_000


def test_versions_come_and_go_and_rows_are_used_again() -> None:
    server = LiveServer((1, 2))
    first = server.add_version(Version("a", replicas=0, limit=2), 0.0)
    place = server.up(first, 0.0)
    server.attach(Requests.build(np.arange(0.0, 100.0, 1.0), 0.5))
    server.advance(10.0)
    second = server.add_version(Version("b", replicas=0, limit=2, slots=3, scale=Concurrency(1, most=2)), 10.0)
    server.up(second, 10.0)
    server.set_weights([0.0, 1.0], 20.0)
    server.drain(place, 20.0)
    done = server.advance(40.0)
    assert (done.version[done.sent < 20.0] == first).all() and (done.version[done.sent >= 20.0] == second).all()
    server.retire_version(first, 40.0)
    third = server.add_version(Version("c", replicas=0, limit=2, timeout="1s"), 50.0)
    assert third == first
    server.up(third, 50.0)
    server.set_weights([1.0, 0.0], 60.0)
    done = server.advance(200.0)
    assert len(done.number) == 100 - 40 and (done.version[done.sent >= 60.0] == third).all()
    assert [row[1] for row in server.timeline if row[0] == 20.0] == [first]


def test_requests_may_be_sent_at_once_after_time_was_played() -> None:
    server = LiveServer((1, 2))
    v = server.add_version(Version("a", replicas=0, limit=1), 0.0)
    server.up(v, 0.0)
    server.advance(5.0)
    for stream in range(3):
        assert server.attach(Requests.build([5.0], 1.0)) == stream
    assert server.next_event() == 5.0
    assert server.advance(5.0).number.tolist() == [] and server.unfinished == 3
    assert server.next_event() == 6.0
    assert server.advance(9.0).end.tolist() == [6.0, 7.0, 8.0]
