"""Failure rates in a description: what is read, written, refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import MlplatError, SpecError
from mlplat.hardware import LLAMA3, ClusterSpec, FailureRate, GroupReliability, Maintenance, Reliability
from mlplat.hardware.published_rates import LLAMA3_DAYS, LLAMA3_GPUS, LLAMA3_HOSTS, LLAMA3_INTERRUPTIONS

LAB = """\
groups:
- {name: a, count: 4, cpus: 8, racks: [r1, r2], zone: east}
- {name: b, count: 2, cpus: 8, gpus: 4, gpu_model: T4, reliability: {device: {mtbf: 300d, mttr: 90m}}}
reliability:
  node: {mtbf: 90d, mttr: 4h, distribution: weibull, shape: 0.7}
  rack: {mtbf: 5000d, mttr: 1h30m, repair: fixed}
  fabric: {mtbf: 1w, mttr: 250ms}
  maintenance:
  - {start: 30d, every: 90d, duration: 4h, racks: [r1], nodes: [b-1], notice: 1d, grace: 10m}
"""


def test_human_durations_are_read_as_seconds_and_written_as_people_write_them() -> None:
    spec = ClusterSpec.from_yaml(LAB)
    assert spec.reliability is not None and spec.reliability.node is not None and spec.reliability.fabric is not None
    assert (spec.reliability.node.mtbf, spec.reliability.node.shape, spec.reliability.fabric.mttr) == (90 * 86400.0, 0.7, 0.25)
    assert spec.groups[1].reliability is not None and spec.groups[1].reliability.device is not None
    assert spec.groups[1].reliability.device.mttr == 5400.0
    text = spec.to_yaml()
    for part in ("mtbf: 90d", "mttr: 4h", "mttr: 90m", "mttr: 0.25", "mtbf: 7d", "repair: fixed", "notice: 1d"):
        assert part in text, part
    assert ClusterSpec.from_yaml(text) == spec == ClusterSpec.from_json(spec.to_json())


rates = st.builds(
    FailureRate,
    mtbf=st.floats(0.001, 1e12),
    mttr=st.integers(1, 10**9) | st.floats(0.001, 1e6),
    distribution=st.just("weibull"),
    shape=st.floats(0.1, 100),
    repair=st.sampled_from(["exponential", "fixed"]),
)


@given(st.tuples(*[st.none() | rates] * 4))
def test_any_rates_come_back_equal_from_yaml_and_json(each: tuple[FailureRate | None, ...]) -> None:
    reliability = Reliability(**dict(zip(("node", "device", "rack", "fabric"), each, strict=True)))
    group = {"name": "a", "reliability": GroupReliability(node=each[0])}
    spec = ClusterSpec.model_validate({"groups": [group], "reliability": reliability})
    assert ClusterSpec.from_yaml(spec.to_yaml()) == spec == ClusterSpec.from_json(spec.to_json())


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["1d", "r1", "a", "weibull"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.data())
def test_any_value_in_any_place_is_a_reliability_or_a_clear_error(data: st.DataObject) -> None:
    document = json.loads(ClusterSpec.from_yaml(LAB).to_json())
    rates = document["reliability"]
    place: Any = data.draw(
        st.sampled_from([rates, rates["node"], rates["rack"], rates["maintenance"][0], document["groups"][1]["reliability"]])
    )
    keys = [*Reliability.model_fields, *FailureRate.model_fields, *Maintenance.model_fields]
    place[data.draw(st.sampled_from(keys))] = data.draw(anything)
    try:
        spec = ClusterSpec.model_validate(document)
    except MlplatError as error:
        assert str(error)
    else:
        assert ClusterSpec.from_yaml(spec.to_yaml()) == spec


GOOD: dict[str, Any] = {"mtbf": "1d", "mttr": "1h"}
WINDOW: dict[str, Any] = {"start": 0, "duration": "1h"}


@pytest.mark.parametrize(
    ("reliability", "where", "says"),
    [
        ({"node": {"mtbf": "1d"}}, "node.mttr", "required"),
        ({"node": GOOD | {"mtbf": "soon"}}, "node.mtbf", "not a duration"),
        ({"node": GOOD | {"mtbf": -1}}, "node.mtbf", "at least 0"),
        ({"node": GOOD | {"mtbf": 0}}, "node.mtbf", "0.001"),
        ({"node": GOOD | {"mtbf": True}}, "node.mtbf", "not a duration"),
        ({"node": GOOD | {"mttr": [1]}}, "node.mttr", "not a duration"),
        ({"node": GOOD | {"mtbf": "1e9d"}}, "node.mtbf", "less than or equal"),
        ({"disk": GOOD}, "disk", "unknown key"),
        ({"device": GOOD | {"mtfb": 1}}, "device.mtfb", "did you mean 'mtbf'"),
        ({"device": GOOD | {"shape": 2}}, "device.shape", "weibull"),
        ({"device": GOOD | {"distribution": "weibull", "shape": 0}}, "device.shape", "greater"),
        ({"device": GOOD | {"distribution": "normal"}}, "device.distribution", "'exponential' or 'weibull'"),
        ({"maintenance": [{"start": 0}]}, "maintenance[0].duration", "required"),
        ({"maintenance": [WINDOW | {"every": "30m"}]}, "maintenance[0].every", "shorter than the maintenance"),
        ({"maintenance": [WINDOW, WINDOW | {"racks": ["r1", "r9"]}]}, "maintenance[1].racks[1]", "no rack 'r9'"),
        ({"maintenance": [WINDOW | {"groups": ["c"]}]}, "maintenance[0].groups[0]", "no group 'c'"),
        ({"maintenance": [WINDOW | {"nodes": ["a-4"]}]}, "maintenance[0].nodes[0]", "no node 'a-4'"),
    ],
)
def test_bad_rates_are_refused_at_their_place(reliability: dict[str, Any], where: str, says: str) -> None:
    document = {"groups": [{"name": "a", "count": 4, "racks": ["r1"]}], "reliability": reliability}
    with pytest.raises(SpecError) as caught:
        ClusterSpec.model_validate(document)
    assert caught.value.where == f"reliability.{where}"
    assert says in caught.value.problem


def test_bad_rates_of_a_group_are_refused_at_their_place() -> None:
    with pytest.raises(SpecError) as caught:
        ClusterSpec.from_yaml("groups: [{name: a, reliability: {rack: {mtbf: 1d, mttr: 1h}}}]")
    assert caught.value.where == "groups[0].reliability.rack" and "Known: node, device" in caught.value.problem


def test_a_maintenance_of_what_another_cluster_has_is_refused_when_outages_are_drawn() -> None:
    reliability = Reliability(maintenance=[Maintenance(start=0, duration=1, racks=["r9"])])
    with pytest.raises(SpecError, match=r"maintenance\[0\]\.racks\[0\]: the cluster has no rack 'r9'"):
        reliability.outages(ClusterSpec.parse("1x1cpu"), until=1)


def test_the_published_causes_add_up_and_give_the_published_number_of_interruptions() -> None:
    assert sum(count for count, _ in LLAMA3_INTERRUPTIONS.values()) == 419
    assert LLAMA3.node is not None and LLAMA3.device is not None
    expected = 86400.0 * LLAMA3_DAYS * (LLAMA3_GPUS / LLAMA3.device.mtbf + LLAMA3_HOSTS / LLAMA3.node.mtbf)
    assert expected == pytest.approx(419, rel=1e-12)
    spec = ClusterSpec.uniform(nodes=LLAMA3_HOSTS, gpus=8, gpu_model="H100")
    drawn = [len(LLAMA3.outages(spec, seed=seed, until=f"{LLAMA3_DAYS}d")) for seed in range(20)]
    assert sum(drawn) / 20 == pytest.approx(419, abs=3 * (419 / 20) ** 0.5)


def test_the_json_schema_of_a_duration_takes_numbers_and_text() -> None:
    defined = ClusterSpec.json_schema()["$defs"]
    assert defined["FailureRate"]["properties"]["mtbf"]["type"] == ["number", "string"]
    assert defined["Maintenance"]["required"] == ["start", "duration"]
