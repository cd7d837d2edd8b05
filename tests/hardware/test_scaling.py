"""The scaling of a node group as data: what is read and written, and which descriptions are refused, with their place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlplat.errors import SpecError
from mlplat.hardware import ClusterSpec
from mlplat.hardware.scaling import Scaling, Spot

YAML = """
groups:
- name: base
  count: 2
  cpus: 8
- name: burst
  count: 10
  cpus: 8
  scaling: {min: 1, max: 10, boot: 3m, idle: 10m, spot: {mean_life: 6h, notice: 2m, discount: 0.7}}
"""


def burst(scaling: str) -> str:
    return YAML.replace(YAML[YAML.index("{min") :], scaling)


def test_scaling_is_read_and_written_as_people_write_it() -> None:
    spec = ClusterSpec.from_yaml(YAML)
    assert spec.groups[0].scaling is None
    assert spec.groups[1].scaling == Scaling(min=1, max=10, boot=180, idle=600, spot=Spot(mean_life=21600, notice=120, discount=0.7))
    assert ClusterSpec.from_yaml(spec.to_yaml()) == spec and ClusterSpec.from_json(spec.to_json()) == spec
    assert "mean_life: 6h" in spec.to_yaml()


def test_nodes_of_a_scaled_group_are_rows_like_any_other() -> None:
    assert len(ClusterSpec.from_yaml(YAML).nodes()) == 12


def test_most_may_be_left_out_and_the_first_nodes_are_the_least() -> None:
    scaling = ClusterSpec.from_yaml(burst("{min: 3}")).groups[1].scaling
    assert scaling is not None and (scaling.first, scaling.boot, scaling.idle, scaling.spot) == (3, 180.0, 600.0, None)
    assert Scaling(initial=4).first == 4 and Scaling().first == 0


@pytest.mark.parametrize(
    ("scaling", "where", "problem"),
    [
        ("{min: 5, max: 4}", "groups[1].scaling.min", "5 nodes at least, and 4 at most"),
        ("{min: 11}", "groups[1].scaling.min", "11 nodes are more than the group's count, 10"),
        ("{max: 12}", "groups[1].scaling.max", "12 is not the group's count, 10"),
        ("{max: 9}", "groups[1].scaling.max", "9 is not the group's count, 10"),
        ("{min: 2, initial: 1}", "groups[1].scaling.initial", "1 nodes are fewer than min, 2"),
        ("{initial: 11}", "groups[1].scaling.initial", "11 nodes are more than the group's count, 10"),
        ("{min: -1}", "groups[1].scaling.min", ""),
        ("{min: '1'}", "groups[1].scaling.min", "whole number"),
        ("{max: yes}", "groups[1].scaling.max", "whole number"),
        ("{initial: 1.5}", "groups[1].scaling.initial", ""),
        ("{boot: soon}", "groups[1].scaling.boot", "not a duration"),
        ("{idle: -3}", "groups[1].scaling.idle", ""),
        ("{idel: 3m}", "groups[1].scaling.idel", "did you mean 'idle'"),
        ("{spot: {notice: 2m}}", "groups[1].scaling.spot.mean_life", "required"),
        ("{spot: {mean_life: 0}}", "groups[1].scaling.spot.mean_life", ""),
        ("{spot: {mean_life: 6h, discount: 1}}", "groups[1].scaling.spot.discount", "less than 1"),
        ("{spot: yes}", "groups[1].scaling.spot", "expected a mapping"),
        ("3", "groups[1].scaling", "expected a mapping"),
    ],
)
def test_a_scaling_that_cannot_be_is_refused_with_its_place(scaling: str, where: str, problem: str) -> None:
    with pytest.raises(SpecError) as error:
        ClusterSpec.from_yaml(burst(scaling))
    assert error.value.where == where and problem in str(error.value)


@pytest.mark.parametrize("wrong", [{"min": 3, "max": 2}, {"boot": "x"}, {"spot": {"mean_life": -1}}])
def test_constructing_one_raises_the_same(wrong: dict[str, Any]) -> None:
    with pytest.raises(SpecError):
        Scaling(**wrong)


def test_what_is_given_as_none_is_the_default() -> None:
    assert Scaling(min=2, max=None, initial=None) == Scaling(min=2)
    assert ClusterSpec.from_yaml(burst("{min: 2, max: null, initial: ~}")).groups[1].scaling == Scaling(min=2)


def test_the_json_schema_describes_it() -> None:
    text = json.dumps(ClusterSpec.json_schema())
    assert '"mean_life"' in text and '"discount"' in text
