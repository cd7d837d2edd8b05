"""S-40 of the network: services, policies and ingresses are declared with the workloads, as idempotent and as atomic."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlplat as mp
from mlplat.errors import SpecError
from mlplat.infra.endpoint import AccessDenied, manifest_schema
from mlplat.infra.endpoint.manifest_writing import write_manifest
from mlplat.infra.endpoint.manifests import read_manifest
from mlplat.infra.network.ingress import Ingress, IngressPath
from mlplat.infra.network.policies import NetworkPolicy, Rule
from mlplat.infra.network.services import Service

from .clusters import cluster, network_digest, networked

MANIFEST = """\
apiVersion: mlplat/v1
kind: Service
metadata: {name: api, labels: {app: api}}
spec: {replicas: 2, resources: {cpus: 1}, zone: shop}
---
apiVersion: mlplat/v1
kind: NetworkService
metadata: {name: front}
spec: {zone: shop, selector: {app: api}, port: 80, target_port: 8080, balancing: least-connections}
---
apiVersion: mlplat/v1
kind: NetworkPolicy
metadata: {name: open}
spec:
  zone: shop
  selector: app=api
  ingress:
  - {zones: [lab], ports: [80, 8080]}
  - {cidr: 10.1.0.0/16}
---
apiVersion: mlplat/v1
kind: Ingress
metadata: {name: site}
spec:
  zone: shop
  host: shop.example.org
  paths:
  - {path: /, service: front}
  tls: true
"""
LABELS = ("NetworkService shop/front", "NetworkPolicy shop/open", "Ingress shop/site")
WORKLOAD, SERVICE, POLICY, INGRESS = MANIFEST.split("---\n")


def test_s40_what_is_declared_of_the_network_is_there() -> None:
    of = networked()
    diff = of.endpoint.apply(MANIFEST, actor="admin")
    assert diff.created == ("api", *LABELS)
    assert of.endpoint.services() == (Service("front", "shop", "app=api", 80, 8080, "least-connections"),)
    (policy,) = of.endpoint.policies()
    assert policy == NetworkPolicy("open", "shop", "app=api", ingress=[Rule(zones=["lab"], ports=[80, 8080]), Rule(cidr="10.1.0.0/16")])
    assert of.endpoint.ingresses() == (Ingress("site", "shop", "shop.example.org", [IngressPath("/", "front")], tls=True),)
    of.sim.run(until="1m")
    assert len(of.endpoint.resolve("front.shop")) == 2
    assert of.endpoint.can_reach("train/0/0", "front.shop", 8080)


def test_s40_applying_the_network_twice_emits_nothing_the_second_time() -> None:
    of = networked()
    of.endpoint.apply(MANIFEST)
    for until in (of.sim.now, "1m"):
        of.sim.run(until=until)
        before, events = network_digest(of), len(of.sim.log)
        diff = of.endpoint.apply(MANIFEST.replace("app=api", "{app: api}").replace("[80, 8080]", "[8080, 80]"))
        assert (diff.unchanged, diff.empty) == (("api", *LABELS), True)
        assert of.endpoint.apply(of.endpoint.to_manifest(), prune=True).empty
        assert (network_digest(of), len(of.sim.log)) == (before, events)


def test_s40_a_dry_run_of_the_network_only_says_what_would_be() -> None:
    of = networked()
    of.endpoint.apply(MANIFEST)
    before, events = network_digest(of), len(of.sim.log)
    other = MANIFEST.replace("port: 80,", "port: 81,").replace("name: open", "name: shut").replace("[lab]", "'*'")
    diff = of.endpoint.apply(other, dry_run=True, prune=True)
    assert diff.lines() == [
        "+ NetworkPolicy shop/shut",
        "~ NetworkService shop/front: port 80 -> 81",
        "- NetworkPolicy shop/open",
        "= api",
        "= Ingress shop/site",
    ]
    assert (network_digest(of), len(of.sim.log)) == (before, events)


def test_s40_changes_and_what_is_pruned_are_in_force_at_once() -> None:
    of = networked()
    of.endpoint.expose(Service("by-hand", "shop", "app=web"))
    of.endpoint.apply(MANIFEST)
    of.sim.run(until="1m")
    events = len(of.sim.log)
    diff = of.endpoint.apply(MANIFEST.replace("[80, 8080]", "[9]").replace("target_port: 8080", "target_port: 9"), actor="admin")
    assert {label: [change.field for change in changes] for label, changes in diff.changes.items()} == {
        "NetworkService shop/front": ["target_port"],
        "NetworkPolicy shop/open": ["ingress"],
    }
    assert [event.predicate for event in list(of.sim.log)[events:]] == ["service.changed", "policy.changed"]
    assert len(of.endpoint.resolve("front.shop")) == 2  # callers never miss it
    assert not of.endpoint.can_reach("train/0/0", "front.shop", 8080)
    assert of.endpoint.apply(WORKLOAD, prune=True).deleted == tuple(sorted(LABELS))
    assert [service.name for service in of.endpoint.services()] == ["by-hand"]
    assert of.endpoint.policies() == of.endpoint.ingresses() == ()


def test_s40_two_ingresses_exchange_their_hosts_in_one_manifest() -> None:
    of = networked()
    other = INGRESS.replace("name: site", "name: other").replace("shop.example.org", "other.example.org")
    of.endpoint.apply(INGRESS + "---\n" + other)
    swapped = INGRESS.replace("name: site", "name: other") + "---\n" + other.replace("name: other", "name: site")
    assert of.endpoint.apply(swapped).changed == ("Ingress shop/other", "Ingress shop/site")
    assert [(each.name, each.host) for each in of.endpoint.ingresses()] == [("other", "shop.example.org"), ("site", "other.example.org")]
    third = INGRESS.replace("name: site", "name: third")
    assert of.endpoint.apply(third, prune=True).created == ("Ingress shop/third",)  # what is pruned gives its host up


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            ("cpus: 1}, zone: shop", "cpus: 1}, zone: Shop"),
            "document 1: spec.zone: workload 'api': on a cluster with a network, zone='Shop'",
        ),
        (("selector: {app: api}, ", ""), "document 2: spec.selector: is required and missing"),
        (("selector: {app: api}", "selector: {}"), "document 2: spec.selector: expected at least one condition on labels"),
        (("selector: {app: api}", "selector: {app: 1}"), "document 2: spec.selector: labels: expected a mapping of text to text"),
        (("selector: {app: api}", "selector: null"), "document 2: spec.selector: expected a value (found none)"),
        (("port: 80,", "port: 0,"), "document 2: spec.port: port=0: expected"),
        (("target_port: 8080", "target_prt: 8080"), "document 2: spec.target_prt: unknown key; did you mean 'target_port'?"),
        (("least-connections", "fair"), "document 2: spec.balancing: unknown balancing 'fair'"),
        (("{zone: shop, selector: {app", "{zone: Shop, selector: {app"), "document 2: spec.zone: zone='Shop': expected a DNS label"),
        (("name: front", "name: Front"), "document 2: metadata.name: name='Front'"),
        (("name: front", "name: front, labels: {a: b}"), "document 2: metadata.labels: unknown key"),
        (("kind: NetworkService", "kind: NetworkServce"), "document 2: kind: unknown kind 'NetworkServce'; did you mean 'NetworkService'?"),
        (("selector: app=api", "selector: a=b=c"), "document 3: spec.selector: labels: 'a=b=c' is no condition"),
        (("selector: app=api", "selector: {app name: api}"), "document 3: spec.selector: labels: 'app name' is no key"),
        (("selector: app=api", "selector: {app: a b}"), "document 3: spec.selector: labels['app']='a b': expected at most 63"),
        (("{zones: [lab],", "{zones: [lab], selector: {a: b c},"), "document 3: spec.ingress[0].selector: labels['a']='b c'"),
        (("zones: [lab]", "zones: [Lab]"), "document 3: spec.ingress[0].zones: zone='Lab': expected a DNS label"),
        (("zones: [lab]", "zones: lab"), "document 3: spec.ingress[0].zones: zones='lab': expected a list"),
        (("zones: [lab]", "zones: "), "document 3: spec.ingress[0].zones: expected a value (found none)"),
        (("ports: [80, 8080]", "ports: []"), "document 3: spec.ingress[0].ports: ports=[]: expected a list of ports"),
        (("{cidr: 10.1.0.0/16}", "{cidr: 10.1.0.0/16, zones: [a]}"), "document 3: spec.ingress[1]: cidr="),
        (("{cidr: 10.1.0.0/16}", "{cidr: 10.1.0.300}"), "document 3: spec.ingress[1].cidr: "),
        (("  - {cidr: 10.1.0.0/16}", "  - "), "document 3: spec.ingress[1]: expected a mapping"),
        (("  ingress:\n  - {zones: [lab], ports: [80, 8080]}\n  - {cidr: 10.1.0.0/16}\n", ""), "document 3: spec: expected rules"),
        (
            ("  - {zones: [lab], ports: [80, 8080]}\n  - {cidr: 10.1.0.0/16}\n", ""),
            "document 3: spec.ingress: expected a list (found none)",
        ),
        (("host: shop.example.org", "host: 10.0.0.1"), "document 4: spec.host: host='10.0.0.1': expected a host name"),
        (("path: /,", "path: a,"), "document 4: spec.paths[0].path: path='a': expected"),
        (("service: front}", "service: front, prt: 1}"), "document 4: spec.paths[0].prt: unknown key; did you mean 'port'?"),
        (("paths:\n  - {path: /, service: front}\n", "paths: []\n"), "document 4: spec.paths: expected at least one entry"),
        (("tls: true", "tls: 1"), "document 4: spec.tls: expected true or false (found 1)"),
        (
            ("{path: /, service: front}", "{path: /, service: front}\n  - {path: /, service: api}"),
            "document 4: spec.paths: ingress shop/site",
        ),
    ],
)
def test_s40_one_bad_entry_of_the_network_applies_none_and_is_named(change: tuple[str, str], text: str) -> None:
    of = networked()
    before, events = network_digest(of), len(of.sim.log)
    assert change[0] in MANIFEST
    with pytest.raises(SpecError) as refused:
        of.endpoint.apply(MANIFEST.replace(*change, 1))
    assert str(refused.value).startswith(text)
    assert (network_digest(of), len(of.sim.log)) == (before, events + 1)
    assert of.sim.log[-1].predicate == "call.refused"


def test_s40_a_path_that_another_ingress_has_is_refused_with_its_document() -> None:
    of = networked()
    of.endpoint.publish(Ingress("old", "lab", "shop.example.org", [IngressPath("/", "train")]))
    before = network_digest(of)
    with pytest.raises(
        SpecError, match=r"document 4: spec\.paths: ingress lab/old and ingress shop/site both have host 'shop.example.org'"
    ):
        of.endpoint.apply(MANIFEST)
    assert network_digest(of) == before


def test_s40_the_same_of_a_zone_is_described_once() -> None:
    of = networked()
    with pytest.raises(SpecError, match=r"document 2: metadata\.name: 'NetworkService shop/front' is described in document 1 too"):
        of.endpoint.apply(SERVICE + "---\n" + SERVICE)
    elsewhere = SERVICE.replace("zone: shop", "zone: lab")
    assert len(of.endpoint.apply(SERVICE + "---\n" + elsewhere + "---\n" + POLICY.replace("name: open", "name: front")).created) == 3


def test_s40_a_cluster_without_a_network_takes_workloads_and_names_the_document_of_the_rest() -> None:
    of = cluster()
    with pytest.raises(SpecError, match=r"document 2: kind: cluster .* has no network"):
        of.endpoint.apply(MANIFEST)
    assert of.endpoint.list() == ()
    assert of.endpoint.apply(WORKLOAD).created == ("api",)


def test_s40_policies_and_ingresses_of_a_manifest_are_for_administrators() -> None:
    of = networked()
    assert of.endpoint.apply(WORKLOAD + "---\n" + SERVICE, actor="ann").created == ("api", LABELS[0])
    before = network_digest(of)
    for more, label in ((POLICY, LABELS[1]), (INGRESS, LABELS[2])):
        with pytest.raises(AccessDenied, match=f"'ann' may not apply {label}"):
            of.endpoint.apply(WORKLOAD.replace("replicas: 2", "replicas: 1") + "---\n" + more, actor="ann")
        assert network_digest(of) == before
        assert dict(of.sim.log[-1].data) == {"action": "apply", "resource": label}
    of.endpoint.apply(MANIFEST)
    assert of.endpoint.apply(MANIFEST, actor="ann").empty
    with pytest.raises(AccessDenied):
        of.endpoint.apply(WORKLOAD, actor="ann", prune=True)


ZONES = st.sampled_from(["", "default", "shop", "a-1"])
NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)
SELECTORS = st.sampled_from([{"app": "web"}, {"b": "true", "a": ""}, "app=web,tier!=test,team,!old", "a!="])
PORTS = st.integers(1, 65535)
RULES = st.lists(
    st.one_of(
        st.builds(Rule, ports=st.one_of(st.none(), st.lists(PORTS, min_size=1, max_size=3))),
        st.builds(Rule, st.sampled_from([None, "*", ["lab"], ["b", ""]]), st.one_of(st.none(), st.just(""), SELECTORS)),
        st.builds(Rule, cidr=st.sampled_from(["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"])),
    ),
    max_size=3,
)
POLICIES = st.builds(NetworkPolicy, NAMES, ZONES, st.one_of(st.none(), st.just({}), SELECTORS), RULES, st.one_of(st.none(), RULES))
PATHS = st.builds(IngressPath, st.sampled_from(["/", "/a/b", "/a%20~"]), NAMES, PORTS, st.sampled_from(["Prefix", "Exact"]))
OBJECTS: st.SearchStrategy[Any] = st.one_of(
    st.builds(Service, NAMES, ZONES, SELECTORS, PORTS, st.one_of(st.none(), PORTS), st.sampled_from(["round-robin", "random"])),
    POLICIES,
    st.builds(
        Ingress, NAMES, ZONES, st.sampled_from(["a.example.org", "*.example.org"]), st.lists(PATHS, min_size=1, max_size=3), st.booleans()
    ),
)


@given(st.lists(OBJECTS, max_size=4, unique_by=lambda thing: (type(thing), thing.zone, thing.name)))
def test_s40_what_is_written_of_the_network_reads_back_equal(things: list[Any]) -> None:
    assert [declared.thing for declared in read_manifest("# written\n" + write_manifest(things))[1]] == things


def test_s40_a_manifest_of_what_there_is_makes_the_same_elsewhere() -> None:
    of, other = networked(), networked()
    of.endpoint.apply(MANIFEST)
    other.endpoint.apply(of.endpoint.to_manifest("api", *LABELS))
    assert other.endpoint.apply(of.endpoint.to_manifest()).empty
    for kind in ("services", "policies", "ingresses"):
        assert getattr(of.endpoint, kind)() == getattr(other.endpoint, kind)() != ()
    with pytest.raises(mp.MlplatError, match="unknown workload 'NetworkPolicy shop/opn'"):
        of.endpoint.to_manifest("NetworkPolicy shop/opn")
    of.endpoint.allow(NetworkPolicy("odd", "shop", "a=b", ingress=[Rule(selector={"a": "x.y", "b": "z"})]))
    assert of.endpoint.apply(of.endpoint.to_manifest("NetworkPolicy shop/odd")).empty


def test_s40_the_schema_names_every_key_of_the_network() -> None:
    schema = manifest_schema()["$defs"]
    assert set(schema["NetworkServiceSpec"]["properties"]) == {"zone", "selector", "port", "target_port", "balancing"}
    assert set(schema["NetworkPolicySpec"]["properties"]) == {"zone", "selector", "ingress", "egress"}
    assert set(schema["RuleSpec"]["properties"]) == {"zones", "selector", "cidr", "ports"}
    assert set(schema["IngressSpec"]["properties"]) == {"zone", "host", "paths", "tls"}
    assert schema["NetworkServiceSpec"]["properties"]["port"]["maximum"] == 65535
