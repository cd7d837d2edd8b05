"""Policies within the cluster: the decision is that of the table in docs/network/isolation.md, and names what decided. S-38."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import OptionError, UnknownNameError
from mlplat.infra.endpoint.selectors import LabelRule
from mlplat.infra.network.peers import Peer
from mlplat.infra.network.policies import NetworkPolicy, Rule
from mlplat.infra.network.policy_set import PolicySet

from .naive_isolation import Policy, naive_decision

ZONES = ("a", "b", "default")
LABELS = st.dictionaries(st.sampled_from(["app", "tier"]), st.sampled_from(["x", "y"]), max_size=2)
ADDRESSES = st.sampled_from(["10.0.0.1", "10.0.0.2", "10.1.0.1", "192.0.2.1", "2001:db8::1"])
CIDRS = st.sampled_from(["10.0.0.0/16", "10.0.0.1/32", "0.0.0.0/0", "2001:db8::/32"])
PORTS = st.sampled_from([80, 443, 5432])
PORT_LISTS = st.lists(PORTS, min_size=1, max_size=2)
RULES = st.one_of(
    st.fixed_dictionaries(
        {},
        optional={
            "zones": st.one_of(st.just("*"), st.lists(st.sampled_from(ZONES), min_size=1, max_size=2)),
            "selector": LABELS,
            "ports": PORT_LISTS,
        },
    ),
    st.fixed_dictionaries({"cidr": CIDRS}, optional={"ports": PORT_LISTS}),
)
RULE_LISTS = st.one_of(st.none(), st.lists(RULES, max_size=3))
POLICIES = st.builds(
    lambda name, zone, selector, ingress, egress: {
        "name": name,
        "zone": zone,
        "selector": selector,
        "ingress": [] if ingress is None and egress is None else ingress,
        "egress": egress,
    },
    st.sampled_from(["p", "q", "r"]),
    st.sampled_from(ZONES),
    LABELS,
    RULE_LISTS,
    RULE_LISTS,
)
POLICY_LISTS = st.lists(POLICIES, max_size=5, unique_by=lambda policy: (policy["zone"], policy["name"]))
PEERS = st.builds(Peer, st.sampled_from(["m", "n"]), st.sampled_from(["", *ZONES]), LABELS, st.one_of(st.none(), ADDRESSES))


def policy(given: Policy) -> NetworkPolicy:
    def rules(direction: str) -> list[Rule] | None:
        return None if given[direction] is None else [Rule(**rule) for rule in given[direction]]

    return NetworkPolicy(given["name"], given["zone"], given["selector"], ingress=rules("ingress"), egress=rules("egress"))


@given(POLICY_LISTS, st.lists(st.tuples(PEERS, PEERS, PORTS), min_size=1, max_size=8))
def test_s38_every_decision_is_that_of_the_table(policies: list[Policy], calls: list[tuple[Peer, Peer, int]]) -> None:
    live = PolicySet()
    live.add(*map(policy, policies))
    for source, target, port in [*calls, *calls]:  # the second time from memory
        decision = live.decide(source, target, port)
        expected = (True, "ITSELF") if source == target else naive_decision(policies, source, target, port)
        assert (decision.allowed, decision.reason.value) == expected
        assert bool(decision) is decision.allowed


@given(POLICY_LISTS, st.randoms(use_true_random=False), PEERS, PEERS, PORTS)
def test_s38_nothing_depends_on_the_order_in_which_policies_came(policies: list[Policy], random: Any, a: Peer, b: Peer, port: int) -> None:
    first, second = PolicySet(), PolicySet()
    first.add(*map(policy, policies))
    other = list(policies)
    random.shuffle(other)
    for each in other:
        second.add(policy(each))
    assert first.decide(a, b, port) == second.decide(a, b, port)
    assert first.list() == second.list()


@given(st.lists(st.tuples(POLICIES, PEERS, PEERS, PORTS), max_size=12))
def test_s38_a_change_is_in_force_at_the_next_decision(steps: list[tuple[Policy, Peer, Peer, int]]) -> None:
    live, there = PolicySet(), {}
    for change, source, target, port in steps:
        key = (change["zone"], change["name"])
        if key in there:
            del there[key]
            live.remove(change["name"], change["zone"])
        else:
            there[key] = change
            live.add(policy(change))
        if source != target:
            assert live.decide(source, target, port).allowed == naive_decision(list(there.values()), source, target, port)[0]
        assert len(live) == len(there) == len(live.list())


def test_the_rule_that_decided_is_named() -> None:
    live = PolicySet()
    web, store, other = Peer("web", "a", {"app": "web"}), Peer("store", "b"), Peer("other", "a")
    live.add(NetworkPolicy("two", "b", ingress=[Rule(zones=["c"]), Rule(zones=["a"], selector="app=web", ports=[80])]))
    assert live.decide(web, store, 80).rule == "policy b/two, ingress rule 2"
    assert live.decide(web, store, 81).rule == "policy b/two, no ingress rule"
    live.add(NetworkPolicy("all", "b", ingress=[]))
    assert live.decide(other, store, 80).rule == "policy b/all and 1 more, no ingress rule"
    live.add(NetworkPolicy("out", "a", {"app": "web"}, egress=[Rule(zones=["a"])]))
    assert live.decide(web, other, 80).rule == "policy a/out, egress rule 1"
    assert live.decide(web, store, 80).rule == "policy a/out, no egress rule"
    assert live.decide(other, web, 80).rule == "default: allow within a zone"


def test_no_zone_and_the_zone_default_are_one() -> None:
    live = PolicySet()
    assert live.decide(Peer("a"), Peer("b", "default"), 80)
    live.add(NetworkPolicy("in", "", ingress=[Rule(zones=[""])]))
    assert live.decide(Peer("a", "default"), Peer("b"), 80).rule == "policy default/in, ingress rule 1"


def test_policies_alone_open_neither_way_to_the_outside() -> None:
    live = PolicySet()
    live.add(NetworkPolicy("open", "a", ingress=[Rule()], egress=[Rule()]))
    inside, outside = Peer("m", "a"), Peer("browser", outside=True)
    assert [live.decide(*ends, 80).reason.value for ends in ((outside, inside), (inside, outside), (outside, outside))] == [
        "NOT_EXPOSED",
        "NOT_IN_ALLOW_LIST",
        "OUTSIDE_ONLY",
    ]


def test_an_address_of_ipv4_cannot_pass_as_one_of_ipv6() -> None:
    live = PolicySet()
    live.add(NetworkPolicy("in", "a", ingress=[Rule(cidr="::/0")]), NetworkPolicy("four", "b", ingress=[Rule(cidr="10.0.0.0/8")]))
    mapped = Peer("m", "c", address="::ffff:10.0.0.1")
    assert not live.decide(mapped, Peer("n", "a"), 80) and live.decide(mapped, Peer("n", "b"), 80)


def test_add_is_all_or_nothing() -> None:
    live = PolicySet()
    first, second = NetworkPolicy("p", "a", ingress=[]), NetworkPolicy("q", "a", ingress=[])
    live.add(first)
    for bad in ((second, first), (second, second), (second, "p")):
        with pytest.raises(OptionError):
            live.add(*bad)  # type: ignore[arg-type]
        assert live.list() == (first,)
    with pytest.raises(UnknownNameError, match=r"did you mean 'p'|Known: p"):
        live.remove("pp", "a")
    with pytest.raises(UnknownNameError):
        live.remove("p", "b")
    assert live.remove("p", "a") is first and live.list() == () == live.list("a")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Rule(zones="team-a"), "zones='team-a': expected a list"),
        (lambda: Rule(zones=[]), "zones=\\[\\]"),
        (lambda: Rule(zones=[7]), "zones: zone=7"),  # type: ignore[list-item]
        (lambda: Rule(selector="a==b==c"), "selector: labels"),
        (lambda: Rule(selector={"a": 1}), "selector: labels"),  # type: ignore[dict-item]
        (lambda: Rule(cidr="10.0.0.1/8"), "bits set beyond its prefix; expected '10.0.0.0/8'"),
        (lambda: Rule(cidr="10.0.0.0/33"), "cidr="),
        (lambda: Rule(cidr=10), "cidr=10"),  # type: ignore[arg-type]
        (lambda: Rule(cidr="10.0.0.0/8", zones=["a"]), "stands alone"),
        (lambda: Rule(ports=[0]), "ports=0"),
        (lambda: Rule(ports=[True]), "ports=True"),
        (lambda: Rule(ports=[65536]), "ports=65536"),
        (lambda: Rule(ports=[]), "ports="),
        (lambda: Rule(ports=80), "ports=80"),  # type: ignore[arg-type]
        (lambda: NetworkPolicy("Bad_Name", ingress=[]), "name='Bad_Name'"),
        (lambda: NetworkPolicy("p", "a\nb", ingress=[]), "zone="),
        (lambda: NetworkPolicy("p", "Team A", ingress=[]), "zone='Team A': expected a DNS label"),
        (lambda: Rule(zones=["Team A"]), "zones: zone='Team A': expected a DNS label"),
        (lambda: Rule(selector={"a b": "c"}), "selector: labels: 'a b' is no key"),
        (lambda: Rule(selector={"a": "c d"}), r"selector: labels\['a'\]='c d'"),
        (lambda: Rule(selector=(LabelRule("a", "c,d", True),)), r"selector: labels\['a'\]='c,d'"),
        (lambda: NetworkPolicy("p", "a", {"": "c"}, ingress=[]), "selector: labels: '' is no key"),
        (lambda: NetworkPolicy("p", "a", "-a=c", ingress=[]), "selector: labels: '-a' is no key"),
        (lambda: NetworkPolicy("p", "a"), "expected rules for ingress, egress or both"),
        (lambda: NetworkPolicy("p", "a", ingress=Rule()), "ingress="),  # type: ignore[arg-type]
        (lambda: NetworkPolicy("p", "a", egress=[Rule(), {}]), "egress, rule 2"),  # type: ignore[list-item]
        (lambda: NetworkPolicy("p", "a", "!", ingress=[]), "selector: labels"),
        (lambda: Peer(""), "name=''"),
        (lambda: Peer("a\x1b[2J"), "name="),
        (lambda: Peer("m", address="10.0.0.256"), "address="),
        (lambda: Peer("m", labels={"a b": "c"}), "labels"),
        (lambda: Peer("m", "a", outside=True), "neither zone nor labels"),
        (lambda: PolicySet().decide(Peer("m"), Peer("n"), 0), "port=0"),
        (lambda: PolicySet().decide(Peer("m"), Peer("n"), "80"), "port='80'"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_name_of_the_field(make: Any, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        make()


def test_a_policy_of_another_zone_costs_a_decision_nothing() -> None:
    live = PolicySet()
    looked = []

    class Counting(NetworkPolicy):
        def selects(self, peer: Peer) -> bool:
            looked.append(self.zone)
            return super().selects(peer)

    live.add(*(Counting("p", f"zone-{i}", ingress=[Rule()]) for i in range(500)))
    live.decide(Peer("m", "zone-3"), Peer("n", "zone-4"), 80)
    assert looked == ["zone-4"]
    live.decide(Peer("k", "zone-3"), Peer("l", "zone-4"), 80)
    assert looked == ["zone-4"]  # remembered: nothing that a policy asks for differs


def test_s38_a_remembered_decision_is_of_the_addresses_too() -> None:
    live = PolicySet()
    live.add(NetworkPolicy("out", "a", egress=[Rule(cidr="10.0.0.1")]), NetworkPolicy("in", "b", ingress=[Rule(cidr="10.0.0.1")]))
    near, far = "10.0.0.1", "10.0.0.2"
    for _ in range(2):
        assert [bool(live.decide(Peer("m", "a"), Peer("n", "a", address=to), 80)) for to in (near, far)] == [True, False]
        assert [bool(live.decide(Peer("m", "b", address=of), Peer("n", "b"), 80)) for of in (near, far)] == [True, False]
