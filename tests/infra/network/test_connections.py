"""Every connection is checked, counted and, if denied, written down: between zones, to the outside and from it. S-37, S-38."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from mlplat.context import Simulation
from mlplat.errors import OptionError
from mlplat.infra.network.connections import RULE_COLUMNS, ConnectionDeniedError, Connections
from mlplat.infra.network.ingress import Ingress, IngressTable, NoRouteToServiceError, Route
from mlplat.infra.network.outside import ExternalEndpoint, Gateway
from mlplat.infra.network.peers import REASONS, Peer, Reason
from mlplat.infra.network.policies import NetworkPolicy, Rule
from mlplat.infra.network.policy_set import PolicySet

TRAIN = Peer("train", "team-a", {"app": "train"}, "10.1.0.2")
STORE = Peer("store", "team-b", {"app": "store"}, "10.2.0.2")
WEB = Peer("web", "team-b", {"app": "web"}, "10.2.0.3")
BROWSER = Peer("browser", address="198.51.100.9", outside=True)
DATA = Peer("data.example.org", address="192.0.2.7", outside=True)


def connections(*policies: NetworkPolicy, allow: tuple[str, ...] = (), exposed: tuple[str, ...] = ()) -> Connections:
    """`exposed`: services of team-b, each at `<service>.example.org`."""
    live, table = PolicySet(), IngressTable("203.0.113.1")
    live.add(*policies)
    table.add(*(Ingress(name, "team-b", f"{name}.example.org", [{"path": "/", "service": name}]) for name in exposed))
    return Connections(Simulation(), live, Gateway(1000, allow=allow), table)


def denials(live: Connections) -> list[dict[str, Any]]:
    return [dict(event.data) for event in live._sim.log.select(predicate="connection.denied")]


def test_s38_a_call_between_zones_is_denied_until_a_rule_allows_it_and_again_after_its_removal() -> None:
    live = connections()
    cause = live._sim.emit("workload:train", "workload.bound", source="example")
    assert not live.check(TRAIN, STORE, 5432, cause=cause)
    event = live._sim.log[1]
    assert (event.predicate, event.subject, event.source, event.actor) == (
        "connection.denied", "connection:team-a/train", "network", "team-a/train",
    )  # fmt: skip
    assert event.cause == cause.id
    assert dict(event.data) == {
        "source": "team-a/train",
        "target": "team-b/store",
        "port": 5432,
        "rule": "default: deny between zones",
        "reason": "BETWEEN_ZONES",
    }
    live.policies.add(NetworkPolicy("allow-a", "team-b", {"app": "store"}, ingress=[Rule(zones=["team-a"], ports=[5432])]))
    decision = live.check(TRAIN, STORE, 5432)
    assert decision and decision.rule == "policy team-b/allow-a, ingress rule 1"
    assert not live.check(STORE, TRAIN, 5432) and not live.check(TRAIN, STORE, 80) and not live.check(TRAIN, WEB, 5432)
    assert len(denials(live)) == 4
    live.policies.remove("allow-a", "team-b")
    assert not live.check(TRAIN, STORE, 5432)
    assert [denial["reason"] for denial in denials(live)] == [
        "BETWEEN_ZONES",
        "BETWEEN_ZONES",
        "NO_INGRESS_RULE",
        "BETWEEN_ZONES",
        "BETWEEN_ZONES",
    ]


def test_s38_within_a_zone_all_is_allowed_and_no_event_tells_of_it() -> None:
    live = connections()
    assert live.check(WEB, STORE, 5432) and live.check(STORE, WEB, 80) and len(live._sim.log) == 0


def test_s38_require_raises_what_was_decided() -> None:
    live = connections()
    with pytest.raises(
        ConnectionDeniedError, match="team-a/train may not connect to team-b/store on port 80: default: deny between zones"
    ) as error:
        live.require(TRAIN, STORE, 80, actor="ann")
    assert error.value.decision.reason is Reason.BETWEEN_ZONES and (error.value.source, error.value.target) == (TRAIN, STORE)
    assert live._sim.log[0].actor == "ann" and len(live._sim.log) == 1
    assert live.require(WEB, STORE, 80).reason is Reason.WITHIN_ZONE


@pytest.mark.parametrize(
    ("exposed", "rules"), list(itertools.product([False, True], [None, [], [Rule()], [Rule(cidr="198.51.100.0/24")], [Rule(zones="*")]]))
)
def test_s37_from_outside_only_what_is_exposed_is_reached_and_only_if_its_policies_agree(exposed: bool, rules: list[Rule] | None) -> None:
    policies = [] if rules is None else [NetworkPolicy("p", "team-b", {"app": "web"}, ingress=rules)]
    live = connections(*policies, exposed=("web",) if exposed else ("store",))
    agree = rules is None or (rules != [] and rules[0].zones is None)
    if not exposed:
        with pytest.raises(NoRouteToServiceError):
            live.enter(BROWSER, "web.example.org", "/cart?card=1234")
        assert denials(live)[0]["target"] == "web.example.org/cart" and denials(live)[0]["reason"] == "NOT_EXPOSED"
        assert not live.check(BROWSER, WEB, 80)
    else:
        route = live.enter(BROWSER, "web.example.org")
        assert route == ("team-b", "web", 80) and denials(live) == []
        decision = live.check(BROWSER, WEB, 8080, route=route)
        assert bool(decision) is bool(live.check(BROWSER, WEB, 80)) is agree
        assert decision.rule == ("ingress team-b/web" if agree else "policy team-b/p, no ingress rule")


def test_s37_a_route_opens_the_service_it_leads_to_and_only_while_it_is_exposed() -> None:
    live = connections(exposed=("web",))
    route = live.enter(BROWSER, "web.example.org")
    replica = Peer("web-7", "team-b", {"app": "web"})
    assert not live.check(BROWSER, replica, 80) and live.check(BROWSER, replica, 80, route=route)
    assert not live.check(BROWSER, TRAIN, 80, route=route)
    assert not live.check(BROWSER, replica, 80, route=Route("team-b", "store", 80))
    assert live.ingress is not None
    live.ingress.add(Ingress("web", "team-a", "other.example.org", [{"path": "/", "service": "web"}]))
    assert not live.check(BROWSER, TRAIN, 80, route=route)  # exposed too, but this is the route to another zone
    live.ingress.remove("web", "team-b")
    assert not live.check(BROWSER, replica, 80, route=route)


@pytest.mark.parametrize(
    ("allowed", "rules"), list(itertools.product([False, True], [None, [], [Rule()], [Rule(cidr="192.0.2.0/24")], [Rule(zones="*")]]))
)
def test_s37_to_the_outside_goes_what_the_gateway_allows_and_only_if_policies_agree(allowed: bool, rules: list[Rule] | None) -> None:
    policies = [] if rules is None else [NetworkPolicy("p", "team-a", egress=rules)]
    live = connections(*policies, allow=("*.example.org",) if allowed else ("*.example.net",))
    agree = rules is None or (rules != [] and rules[0].zones is None)
    decision = live.check(TRAIN, DATA, 443)
    assert bool(decision) is (allowed and agree)
    if not agree:
        assert decision.rule == "policy team-a/p, no egress rule"
    else:
        assert decision.rule == ("gateway, allow '*.example.org'" if allowed else "default: deny to the outside")


def test_s37_without_gateway_and_ingress_nothing_passes() -> None:
    live = Connections(Simulation(), PolicySet())
    assert not live.check(TRAIN, DATA, 443) and not live.check(BROWSER, WEB, 80) and not live.check(BROWSER, DATA, 80)
    with pytest.raises(NoRouteToServiceError, match="no ingress"):
        live.enter(BROWSER, "web.example.org")
    assert [denial["reason"] for denial in denials(live)] == ["NOT_IN_ALLOW_LIST", "NOT_EXPOSED", "OUTSIDE_ONLY", "NOT_EXPOSED"]


def test_s37_an_external_endpoint_is_reached_by_its_name_or_its_address() -> None:
    data = ExternalEndpoint("imagenet", hosts=["data.example.org"], network="192.0.2.7")
    live = connections()
    live.gateway = Gateway(1000, allow=["imagenet"], external=[data])
    assert live.check(TRAIN, data.peer(), 443) and live.check(TRAIN, DATA, 443)
    assert live.check(TRAIN, Peer("a phone", address="192.0.2.7", outside=True), 443)
    assert not live.check(TRAIN, Peer("a phone", outside=True), 443) and not live.check(TRAIN, BROWSER, 443)


def test_connections_are_counted_by_rule() -> None:
    live = connections(exposed=("web",))
    for source, target in [(TRAIN, STORE), (WEB, STORE), (WEB, STORE), (BROWSER, WEB), (TRAIN, TRAIN)]:
        live.check(source, target, 80)
    live.decide(TRAIN, STORE, 80)  # a question, not a connection
    expected = {
        "default: allow to itself": (1, 0),
        "default: allow within a zone": (2, 0),
        "default: deny between zones": (0, 1),
        "ingress team-b/web": (1, 0),
    }
    assert live.counts() == expected and len(denials(live)) == 1
    frame = live.frame()
    assert frame.columns == [name for name, *_ in RULE_COLUMNS] and frame.rows() == [(rule, *both) for rule, both in expected.items()]
    assert connections().frame().is_empty()


@pytest.mark.parametrize("options", [{"actor": ""}, {"cause": 99}, {"actor": 7}])
def test_a_check_that_cannot_be_written_down_is_not_counted(options: dict[str, Any]) -> None:
    live = connections()
    with pytest.raises(OptionError):
        live.check(TRAIN, STORE, 80, **options)
    with pytest.raises(OptionError):
        live.enter(BROWSER, "web.example.org", **options)
    for port in (0, "80", None, 65536):
        with pytest.raises(OptionError):
            live.check(TRAIN, DATA, port)  # type: ignore[arg-type]
    assert live.counts() == {} and len(live._sim.log) == 0


def test_every_reason_has_its_meaning_and_says_whether_it_allows() -> None:
    assert set(REASONS) == set(Reason)
    live = connections(exposed=("web",), allow=("*.example.org",))
    for source, target in itertools.product((TRAIN, STORE, WEB, BROWSER, DATA), repeat=2):
        decision = live.decide(source, target, 80)
        assert REASONS[decision.reason][0] is decision.allowed
