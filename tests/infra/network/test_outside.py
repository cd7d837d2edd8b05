"""The way out and the way in: gateway and ingress. S-37."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import OptionError, UnknownNameError
from mlplat.infra.network.ingress import Ingress, IngressTable, NoRouteToServiceError
from mlplat.infra.network.outside import ExternalEndpoint, Gateway
from mlplat.infra.network.peers import Peer

from .naive_isolation import Entry, naive_route

TRAIN = Peer("train", "team-a")
HOSTS = st.sampled_from(["a.example.org", "b.example.org", "x.a.example.org", "example.org", "A.Example.org."])
PATTERNS = st.sampled_from(["a.example.org", "*.example.org", "*.a.example.org", "example.org"])
PATHS = st.lists(st.sampled_from(["a", "b", "ab", "A", ""]), max_size=4).map(lambda parts: "/" + "/".join(parts))
RULE_PATHS = st.tuples(st.lists(st.sampled_from(["a", "b", "ab"]), max_size=3), st.booleans()).map(
    lambda made: "/" + "/".join(made[0]) + ("/" if made[0] and made[1] else "")
)
ENTRIES = st.lists(st.tuples(PATTERNS, RULE_PATHS, st.sampled_from(["Prefix", "Exact"])), min_size=1, max_size=8)


def table_of(entries: list[Entry]) -> IngressTable:
    table = IngressTable("203.0.113.1")
    for number, (host, path, path_type, service) in enumerate(entries):
        table.add(Ingress(f"i-{number}", "z", host, [{"path": path, "path_type": path_type, "service": service}]))
    return table


def routed(table: IngressTable, host: Any, path: Any = "/") -> str | None:
    try:
        return table.route(host, path).service
    except NoRouteToServiceError:
        return None


# -- ingress


@given(ENTRIES, st.lists(st.tuples(HOSTS, PATHS), min_size=1, max_size=10))
def test_s37_requests_from_outside_go_where_the_table_says(drawn: list[tuple[str, str, str]], asked: list[tuple[str, str]]) -> None:
    alike = {(host, path.rstrip("/") if kind == "Prefix" else path, kind): (host, path, kind) for host, path, kind in drawn}
    entries = [(*entry, f"s-{number}") for number, entry in enumerate(alike.values())]
    table = table_of(entries)
    assert table_of(entries[::-1]).address == table.address
    for host, path in asked:
        assert routed(table, host, path) == naive_route(entries, host, path) == routed(table_of(entries[::-1]), host, path)


@pytest.mark.parametrize(
    ("rule", "path_type", "asked", "matches"),
    [  # the table of https://kubernetes.io/docs/concepts/services-networking/ingress/#examples
        ("/", "Prefix", "/any/thing", True),
        ("/foo", "Exact", "/foo", True),
        ("/foo", "Exact", "/bar", False),
        ("/foo", "Exact", "/foo/", False),
        ("/foo/", "Exact", "/foo", False),
        ("/foo", "Prefix", "/foo/", True),
        ("/foo/", "Prefix", "/foo", True),
        ("/foo/", "Prefix", "/foo/", True),
        ("/aaa/bb", "Prefix", "/aaa/bbb", False),
        ("/aaa/bbb", "Prefix", "/aaa/bbb", True),
        ("/aaa/bbb/", "Prefix", "/aaa/bbb", True),
        ("/aaa/bbb", "Prefix", "/aaa/bbb/", True),
        ("/aaa/bbb", "Prefix", "/aaa/bbb/ccc", True),
        ("/aaa/bbb", "Prefix", "/aaa/bbbxyz", False),
    ],
)
def test_s37_paths_match_as_in_kubernetes(rule: str, path_type: str, asked: str, matches: bool) -> None:
    assert (routed(table_of([("h.example.org", rule, path_type, "s")]), "h.example.org", asked) == "s") is matches


def test_s37_an_exact_host_comes_before_a_pattern_and_an_exact_path_before_a_prefix() -> None:
    entries = [
        ("*.example.org", "/api/v1", "Prefix", "pattern"),
        ("a.example.org", "/", "Prefix", "root"),
        ("a.example.org", "/api", "Prefix", "prefix"),
        ("a.example.org", "/api", "Exact", "exact"),
    ]
    table = table_of(entries)
    assert [routed(table, "A.example.ORG.", path) for path in ("/api", "/api/", "/api/v1", "/x", "", "/api?q=/x", "/api#f")] == [
        "exact", "prefix", "prefix", "root", "root", "exact", "exact",
    ]  # fmt: skip
    assert routed(table, "b.example.org", "/api/v1/x") == "pattern"
    assert routed(table, "x.b.example.org", "/api/v1") is None and routed(table, "example.org", "/api/v1") is None


def test_s37_a_pattern_serves_what_the_exact_host_has_no_path_for() -> None:
    table = table_of([("a.example.org", "/api", "Prefix", "exact"), ("*.example.org", "/", "Prefix", "rest")])
    assert [routed(table, "a.example.org", path) for path in ("/api/x", "/other")] == ["exact", "rest"]


def test_s37_two_rules_for_one_host_and_path_are_refused_with_both_names_and_nothing_is_exposed() -> None:
    table = table_of([("a.example.org", "/api", "Prefix", "one")])
    before = table.list()
    good = Ingress("good", "y", "good.example.org", [{"path": "/", "service": "s"}])
    with pytest.raises(OptionError, match=r"ingress z/i-0 and ingress y/second both have host 'a\.example\.org', path '/api/'"):
        table.add(good, Ingress("second", "y", "A.example.org", [{"path": "/api/", "service": "two"}]))
    with pytest.raises(OptionError, match="ingress y/twice and ingress y/twice both"):
        table.add(Ingress("twice", "y", "a.example.org", [{"path": "/x", "service": "s"}, {"path": "/x", "service": "t"}]))
    with pytest.raises(OptionError, match="ingress y/good exists already"):
        table.add(good, good)
    assert table.list() == before and routed(table, "good.example.org") is None


def test_s37_what_is_removed_is_exposed_no_longer() -> None:
    table = table_of([("a.example.org", "/", "Prefix", "s"), ("b.example.org", "/", "Prefix", "s")])
    assert str(table.exposes("z", "s")) == "ingress z/i-0" and table.exposes("z", "s", 81) is None and table.exposes("y", "s") is None
    assert table.remove("i-0", "z").name == "i-0"
    assert routed(table, "a.example.org") is None and str(table.exposes("z", "s", 80)) == "ingress z/i-1"
    table.remove("i-1", "z")
    assert table.exposes("z", "s") is None and len(table) == 0
    with pytest.raises(UnknownNameError):
        table.remove("i-1", "z")


def test_s37_the_port_at_the_public_address_is_that_of_the_ingress() -> None:
    table = IngressTable("203.0.113.1")
    table.add(Ingress("web", "z", "a.example.org", [{"path": "/", "service": "s", "port": 8080}], tls=True))
    assert table.route("a.example.org", "/", 443) == table.route("a.example.org") == ("z", "s", 8080)
    with pytest.raises(NoRouteToServiceError, match="ingress z/web is served on port 443"):
        table.route("a.example.org", "/", 80)


@pytest.mark.parametrize("path", ["/a/../b", "/a/%2e%2E/b", "/./a", "/.%2e", "a", "http://a.example.org/", "*", 7, None])
def test_s37_a_path_that_is_none_or_climbs_has_no_route(path: Any) -> None:
    assert routed(table_of([("a.example.org", "/", "Prefix", "s")]), "a.example.org", path) is None


@given(st.one_of(st.text(max_size=40), st.binary(max_size=5), st.none()), st.one_of(st.text(max_size=40), st.none()))
def test_s37_whatever_comes_from_outside_has_a_route_or_none(host: Any, path: Any) -> None:
    table = table_of([("*.example.org", "/a", "Prefix", "s"), ("a.example.org", "/a", "Exact", "s")])
    for asked in (host, f"{host}.example.org", "a.example.org"):
        try:
            table.route(asked, path)
        except NoRouteToServiceError as error:
            assert str(error).isprintable() and len(str(error)) < 500


def test_s37_long_hosts_and_paths_take_no_time() -> None:
    table = table_of([("*.example.org", "/a/a/a", "Prefix", "s")])
    gateway = Gateway(1, allow=["*.example.org"])
    started = time.perf_counter()
    for evil in ("a." * 500_000, "a" * 1_000_000, "-" * 1_000_000, "*." * 500_000):
        assert routed(table, evil) is None
        with pytest.raises(OptionError):
            gateway.decide(TRAIN, evil, 80)
    for evil in ("/a" * 500_000, "/" * 1_000_000, "/" + "a" * 1_000_000):
        assert routed(table, "x.example.org", evil) == ("s" if evil.startswith("/a/") else None)
    assert time.perf_counter() - started < 5


STEPS = st.lists(
    st.tuples(st.integers(0, 5), PATTERNS, RULE_PATHS, st.sampled_from(["Prefix", "Exact"]), st.sampled_from(["s", "t"])), max_size=20
)


@given(STEPS)
def test_s37_a_table_that_changes_is_the_table_of_what_is_in_it(steps: list[tuple[int, str, str, str, str]]) -> None:
    table, there = IngressTable("203.0.113.1"), {}
    for number, host, path, path_type, service in steps:
        name = f"i-{number}"
        if name in there:
            assert table.remove(name, "z") is there.pop(name)
        else:
            ingress = Ingress(name, "z", host, [{"path": path, "path_type": path_type, "service": service}])
            try:
                table.add(ingress)
            except OptionError:
                continue
            there[name] = ingress
        fresh = IngressTable("203.0.113.1")
        fresh.add(*there.values())
        assert table.list() == fresh.list() and len(table) == len(there)
        for asked in ("/", "/a", "/a/", "/a/b/ab", "/ab"):
            for at in ("a.example.org", "b.example.org", "x.a.example.org", "example.org"):
                assert routed(table, at, asked) == routed(fresh, at, asked)
        for each in ("s", "t"):
            assert table.exposes("z", each) == fresh.exposes("z", each) == fresh.exposes("z", each, 80)
            assert (table.exposes("z", each) is None) == all(one.paths[0].service != each for one in there.values())


# -- gateway


def test_s37_the_gateway_lets_out_what_its_list_says_and_names_the_entry() -> None:
    imagenet = ExternalEndpoint("imagenet", hosts=["data.imagenet.example", "mirror.imagenet.example"], network="198.51.100.0/28")
    hub = ExternalEndpoint("hub", hosts=["hub.example.com"], network="192.0.2.7")
    gateway = Gateway(1000, allow=["*.Example.org", "imagenet", "192.0.2.0/24", "2001:db8::1"], external=[imagenet, hub])
    decided = {
        "data.example.org": "gateway, allow '*.Example.org'",
        "DATA.example.org.": "gateway, allow '*.Example.org'",
        "imagenet": "gateway, allow 'imagenet'",
        "mirror.imagenet.example": "gateway, allow 'imagenet'",
        "198.51.100.3": "gateway, allow 'imagenet'",
        "hub": "gateway, allow '192.0.2.0/24'",
        "hub.example.com": "gateway, allow '192.0.2.0/24'",
        "::ffff:192.0.2.9": "gateway, allow '192.0.2.0/24'",
        "2001:db8::1": "gateway, allow '2001:db8::1'",
    }
    assert {host: gateway.decide(TRAIN, host, 443).rule for host in decided} == decided
    for host in ("example.org", "a.data.example.org", "other.imagenet.example", "198.51.100.16", "2001:db8::2", "unknown", "aexample.org"):
        decision = gateway.decide(TRAIN, host, 443)
        assert (bool(decision), decision.rule, decision.reason.value) == (False, "default: deny to the outside", "NOT_IN_ALLOW_LIST")
    assert gateway.decide(TRAIN, "elsewhere.example.net", 443, address="192.0.2.1")


def test_s37_an_endpoint_is_allowed_by_its_name_if_one_of_its_hosts_is() -> None:
    data = ExternalEndpoint("data", hosts=["a.example.org", "b.example.net"])
    gateway = Gateway(1, allow=["*.example.org"], external=[data])
    assert [bool(gateway.decide(TRAIN, host, 80)) for host in ("data", "a.example.org", "b.example.net")] == [True, True, False]


def test_s37_a_network_is_allowed_only_as_a_whole() -> None:
    data = ExternalEndpoint("data", network="192.0.2.0/24")
    assert not Gateway(1, allow=["192.0.2.0/25"], external=[data]).decide(TRAIN, "data", 80)
    assert Gateway(1, allow=["192.0.0.0/16"], external=[data]).decide(TRAIN, "data", 80)


def test_s37_the_default_can_be_to_allow() -> None:
    assert Gateway(1, default="allow").decide(TRAIN, "any.example.org", 80).rule == "default: allow to the outside"
    with pytest.raises(OptionError, match="has no effect"):
        Gateway(1, allow=["a.example.org"], default="allow")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Gateway(0), "bandwidth_mbps=0"),
        (lambda: Gateway(-1), "bandwidth_mbps=-1"),
        (lambda: Gateway(float("nan")), "bandwidth_mbps=nan"),
        (lambda: Gateway("fast"), "bandwidth_mbps='fast'"),  # type: ignore[arg-type]
        (lambda: Gateway(True), "bandwidth_mbps=True"),
        (lambda: Gateway(1, allow="a.example.org"), "allow='a.example.org'"),
        (lambda: Gateway(1, allow=["a.example.org", "*"]), r"allow\[1\]"),
        (lambda: Gateway(1, allow=["a*.example.org"]), "the whole first label"),
        (lambda: Gateway(1, allow=["*.*.example.org"]), "expected"),
        (lambda: Gateway(1, allow=["10.0.0.1/8"]), "expected '10.0.0.0/8'"),
        (lambda: Gateway(1, allow=["10.0.0.300"]), r"allow\[0\]='10.0.0.300'"),
        (lambda: Gateway(1, allow=["bücher.example.org"]), "ASCII form"),
        (lambda: Gateway(1, allow=[7]), r"allow\[0\]=7"),  # type: ignore[list-item]
        (lambda: Gateway(1, external=["a"]), "external"),  # type: ignore[list-item]
        (lambda: Gateway(1, external=[ExternalEndpoint("a"), ExternalEndpoint("a")]), "two endpoints are called 'a'"),
        (
            lambda: Gateway(1, external=[ExternalEndpoint("a", ["h.example.org"]), ExternalEndpoint("b", ["H.example.org"])]),
            "'a' and 'b' both answer to 'h.example.org'",
        ),
        (lambda: Gateway(1).decide("train", "a.example.org", 80), "peer='train'"),  # type: ignore[arg-type]
        (lambda: Gateway(1).decide(TRAIN, "a b", 80), "host='a b'"),
        (lambda: ExternalEndpoint("A B"), "name="),
        (lambda: ExternalEndpoint("a", hosts="h.example.org"), "hosts='h.example.org'"),
        (lambda: ExternalEndpoint("a", hosts=["*.example.org"]), "hosts="),
        (lambda: ExternalEndpoint("a", network="10.0.0.0/99"), "network="),
        (lambda: ExternalEndpoint("a", bandwidth_mbps=0), "bandwidth_mbps=0"),
        (lambda: ExternalEndpoint("a", latency=-1), "latency: not a duration"),
        (lambda: IngressTable("public"), "address='public'"),
        (lambda: IngressTable("203.0.113.1").add("web"), "expected an Ingress"),  # type: ignore[arg-type]
        (lambda: Ingress("web", "z", "10.0.0.1", [{"path": "/", "service": "s"}]), "host='10.0.0.1'"),
        (lambda: Ingress("web", "z", "h.example.org", []), "paths="),
        (lambda: Ingress("web", "z", "h.example.org", [{"path": "/"}]), r"paths\[0\].service: is required"),
        (lambda: Ingress("web", "z", "h.example.org", [{"path": "/", "service": "S"}]), r"paths\[0\].service: name='S'"),
        (lambda: Ingress("web", "z", "h.example.org", [{"path": "/", "service": "s", "port": 0}]), r"paths\[0\].port=0"),
        (lambda: Ingress("web", "z", "h.example.org", ["/"]), r"paths\[0\]='/'"),  # type: ignore[list-item]
        (lambda: Ingress("web", "z", "h.example.org", [{"path": "/", "service": "s"}], tls=1), "tls=1"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_name_of_the_field(make: Any, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        make()


@pytest.mark.parametrize("path", ["", "a", "//", "/a//b", "/..", "/a/%2e", "/a?b", "/a#b", "/a b", "/a\n", "/ü", "/" + "a" * 1000, 7, None])
def test_a_path_that_no_client_would_send_is_refused(path: Any) -> None:
    with pytest.raises(OptionError, match=r"paths\[0\]\.path="):
        Ingress("web", "z", "h.example.org", [{"path": path, "service": "s"}])


def test_unknown_words_are_told_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'imagenet'"):
        Gateway(1, allow=["imagnet"], external=[ExternalEndpoint("imagenet")])
    with pytest.raises(UnknownNameError, match=r"Known: deny, allow|Known: allow, deny"):
        Gateway(1, default="maybe")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="did you mean 'path_type'"):
        Ingress("web", "z", "h.example.org", [{"path": "/", "service": "s", "pathtype": "Exact"}])
    with pytest.raises(UnknownNameError, match="Prefix"):
        Ingress("web", "z", "h.example.org", [{"path": "/", "service": "s", "path_type": "Regex"}])
