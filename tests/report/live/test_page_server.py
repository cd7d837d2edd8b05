"""The page's server answers who has the token and comes by the right name, and nobody else."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

import mlplat as mp
from mlplat.report.live.pacing import Pace
from mlplat.report.live.server import PageServer
from mlplat.report.live.view import Looking

SPEC = 'groups: [{name: "n<i>", count: 3, cpus: 4, memory: 8GiB, racks: 2}]'


@pytest.fixture
def server() -> Iterator[PageServer]:
    with PageServer("a\x1b<b>", mp.ClusterSpec.from_yaml(SPEC).nodes()) as server:
        yield server


def ask(server: PageServer, path: str, method: str = "GET", body: str = "", **headers: str) -> tuple[int, bytes, dict[str, str]]:
    address = urlsplit(server.address)
    connection = http.client.HTTPConnection(address.hostname or "", address.port or 0, timeout=10)
    try:
        connection.request(method, path, body=body or None, headers={k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


def test_it_listens_on_the_loopback_interface_at_an_address_that_nobody_guesses(server: PageServer) -> None:
    address = urlsplit(server.address)
    assert address.hostname == "127.0.0.1" and len(address.path) > 30
    with PageServer("x", None) as other:
        assert urlsplit(other.address).path != address.path and urlsplit(other.address).port != address.port


def test_the_page_and_its_state_are_given_with_headers_that_let_nothing_else_in(server: PageServer) -> None:
    path = urlsplit(server.address).path
    status, page, headers = ask(server, path)
    assert status == 200 and b"<!doctype html>" in page and headers["content-security-policy"].startswith("default-src 'none'")
    assert (
        headers["x-content-type-options"] == "nosniff"
        and headers["referrer-policy"] == "no-referrer"
        and headers["server"].strip() == "mlplat"
    )
    assert json.loads(ask(server, path + "about")[1])["title"] == "a?<b>"
    assert json.loads(ask(server, path + "state")[1]) is None
    cluster = mp.Cluster(mp.Simulation(), mp.ClusterSpec.from_yaml(SPEC))
    cluster.endpoint.submit(mp.Workload("w", {"cpus": 2}, duration="1h"))
    cluster.sim.run(until=60)
    settling = cluster.scheduler.settling
    looking = Looking(lambda: cluster.scheduler.run, cluster.nodes, lambda job: cluster.record_of(job).name, lambda: settling.submitted)
    server.show(looking.view(60.0, 3600.0, (), 0), Pace(60.0, wall=lambda: 0.0), False)
    state = json.loads(ask(server, path + "state", Host=f"localhost:{urlsplit(server.address).port}")[1])
    assert (state["part"], state["counts"]["running"], state["running"][0]["name"]) == ([50, 0, 0], 1, "w")


def test_without_the_token_or_under_another_name_of_the_host_nothing_is_there(server: PageServer) -> None:
    path, port = urlsplit(server.address).path, urlsplit(server.address).port
    for tried, headers in (
        ("/", {}),
        ("/state", {}),
        (path[:-1], {}),
        ("/" + "A" * 32 + "/state", {}),
        (path + "../state", {}),
        (path + "server.py", {}),
        (path + "%2e%2e/server.py", {}),
        (path + "state?x=1", {}),
        (path + "state", {"Host": "evil.example"}),
        (path + "state", {"Host": f"evil.example:{port}"}),
        (path + "state", {"Host": "127.0.0.1"}),
        (path + "state", {"Host": f"127.0.0.1:{port}.evil.example"}),
    ):
        status, body, _ = ask(server, tried, **headers)
        assert (status, body) == (404, b""), tried


def test_what_is_asked_for_is_taken_up_from_the_page_only(server: PageServer) -> None:
    act, port = urlsplit(server.address).path + "act", urlsplit(server.address).port
    mine = {"Content_Type": "application/json"}
    good = '{"do": "pause"}'
    assert ask(server, act, "POST", good, **mine, Origin=f"http://127.0.0.1:{port}")[0] == 200
    assert ask(server, act, "POST", '{"do": "step"}', **mine)[0] == 200
    assert server.asked() == ["pause", "step"]
    for body, headers in (
        (good, {**mine, "Origin": "http://evil.example"}),
        (good, {**mine, "Origin": "null"}),
        (good, {**mine, "Host": "evil.example"}),
        (good, {"Content_Type": "text/plain"}),  # which other sites may send without being asked for leave
        (" " * 300 + good, mine),
        ('{"do": "explode"}', mine),
        ('{"do": ["pause"]}', mine),
        ("[" * 150, mine),
        ("[1]", mine),
    ):
        assert ask(server, act, "POST", body, **headers)[0] in (400, 404)
    assert ask(server, act)[0] == 404 and ask(server, act, "PUT", good, **mine)[0] == 501
    assert server.asked() == []
