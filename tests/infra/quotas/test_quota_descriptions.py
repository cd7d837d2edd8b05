"""`Quota` and `Cohort`: what they take, what they refuse and where, and amounts that are whole inside."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlplat as mp
from mlplat.errors import SpecError
from mlplat.infra.quotas import Cohort, Quota, ReservedNodes, with_the_rest
from mlplat.infra.quotas.amounts import Amounts, column_of, dimension_names, spoken_amounts


@pytest.mark.parametrize(
    ("key", "value", "column", "units"),
    [
        ("cpus", 1.5, 0, 1500),
        ("memory_gib", 0.5, 1, 512),
        ("disk_gib", 2, 2, 2048),
        ("gpus", 0.57, 3, 570),
        ("gpu_milli", 250, 3, 250),
        ("environments", 3, 4, 3),
    ],
)
def test_amounts_are_whole_inside_and_read_back_as_they_were_given(key: str, value: float, column: int, units: int) -> None:
    amounts = Amounts({key: value})
    assert amounts.units == {column: units}
    assert amounts[key] == value


def test_numbers_of_numpy_are_numbers() -> None:
    assert Amounts({"gpus": np.int64(8)}) == {"gpus": 8}
    assert Amounts({"cpus": np.float32(0.5)}) == {"cpus": 0.5}


def test_milli_of_devices_and_devices_are_the_same_amount() -> None:
    assert Amounts({"gpu_milli": 500}) == Amounts({"gpus": 0.5}) == {"gpus": 0.5}
    assert hash(Amounts({"gpu_milli": 500})) == hash(Amounts({"gpus": 0.5}))


@given(st.dictionaries(st.sampled_from(["cpus", "gpus", "memory_gib"]), st.integers(0, 10**6), min_size=1))
def test_plain_values_give_equal_amounts(plain: dict[str, int]) -> None:
    amounts = Amounts({**plain, "A100": plain})
    assert amounts.to_dict() == {**plain, "A100": plain}
    assert Amounts({"A100": {}}) == Amounts()
    assert Amounts(amounts.to_dict()) == amounts == pickle.loads(pickle.dumps(amounts))


def test_columns_of_flavors_follow_those_of_the_cluster() -> None:
    assert [dimension_names(["T4"])[column_of("T4", dimension, ["T4"])] for dimension in range(4)] == dimension_names(["T4"])[5:]
    row = list(range(0, 13_000, 1000))
    spoken = spoken_amounts(row, ["T4", "A100"])
    assert spoken["gpus"] == 3
    assert spoken["A100"]["gpus"] == 12


def test_a_quota_does_not_change() -> None:
    quota = Quota("a", guarantee={"gpus": 8})
    with pytest.raises(AttributeError):
        quota.guarantee.units = {}  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        quota.guarantee["gpus"] = 9  # type: ignore[index]
    assert quota == pickle.loads(pickle.dumps(quota))
    assert hash(quota) == hash(Quota("a", guarantee={"gpu_milli": 8000}))


def test_plain_values_of_a_description_give_an_equal_one() -> None:
    quota = Quota(
        "a",
        guarantee={"A100": {"gpus": 4}},
        limit={"environments": 3},
        groups=["x", ""],  # type: ignore[arg-type]
        reserve={"group": "A100", "nodes": 2},  # type: ignore[arg-type]
        reclaim_within="2m",
        within="lower-or-newer",
    )
    assert quota.reserve == ReservedNodes(2, "A100")
    assert quota.flavors == ()
    assert Quota(**quota.to_dict()) == quota
    cohort = Cohort("r", parent="all", lend={"cpus": 2})
    assert Cohort(**cohort.to_dict()) == cohort


def test_a_quota_is_for_the_group_of_its_name_unless_it_lists_others() -> None:
    assert Quota("a").listed == ("a",)
    assert Quota("a", groups=()).listed == ()
    assert Quota("").listed == ()


def test_the_quota_of_the_rest_is_added_once() -> None:
    rest = Quota("", limit={"gpus": 1})
    assert with_the_rest([Quota("a")]) == [Quota("a"), Quota("")]
    assert with_the_rest([rest, Quota("a")]) == [rest, Quota("a")]


@pytest.mark.parametrize(
    ("given", "where", "said"),
    [
        ({"guarantee": {"gpu": 8}}, "guarantee.gpu", "did you mean 'gpus'"),
        ({"guarantee": {"gpus": 8}, "limit": {"gpus": 4}}, "limit.gpus", "below what is guaranteed, 8"),
        ({"guarantee": {"A": {"cpus": 8}}, "limit": {"A": {"cpus": 4}}}, "limit.A.cpus", "below what is guaranteed, 8"),
        ({"guarantee": {"gpus": 2}, "lend": {"gpus": 4}}, "lend.gpus", "above what is guaranteed, 2"),
        ({"lend": {"memory_gib": 1}}, "lend.memory_gib", "above what is guaranteed, 0"),
        ({"guarantee": {"environments": 1}}, "guarantee.environments", "unknown resource"),
        ({"limit": {"T4": {"environments": 1}}}, "limit.T4.environments", "unknown resource"),
        ({"limit": {"T4": {"V100": {"gpus": 1}}}}, "limit.T4.V100", "unknown resource"),
        ({"limit": {"gpus": -1}}, "limit.gpus", "from 0"),
        ({"limit": {"gpus": True}}, "limit.gpus", "expected a number"),
        ({"limit": {"gpus": float("nan")}}, "limit.gpus", "expected a number"),
        ({"limit": {"gpus": 1e300}}, "limit.gpus", "from 0 to"),
        ({"limit": {"gpus": "8"}}, "limit.gpus", "expected a number"),
        ({"limit": {"environments": 1.5}}, "limit.environments", "a whole number"),
        ({"limit": {"gpu_milli": 1, "gpus": 1}}, "limit.gpus", "given twice"),
        ({"limit": [8]}, "limit", "expected a mapping"),
        ({"limit": {3: 8}}, "limit.3", "unknown resource"),
        ({"cohort": ""}, "cohort", "printable text"),
        ({"cohort": 7}, "cohort", "printable text"),
        ({"groups": "vc1"}, "groups", "a list of names"),
        ({"groups": ["vc1", "vc1"]}, "groups[1]", "given twice"),
        ({"priority": 1.5}, "priority", "a whole number"),
        ({"weight": -1}, "weight", "a number from 0"),
        ({"weight": float("inf")}, "weight", "a number from 0"),
        ({"reclaim": "all"}, "reclaim", "unknown reclaim 'all'"),
        ({"within": "any"}, "within", "unknown within 'any'"),
        ({"borrow_within": ["never"]}, "borrow_within", "unknown borrow_within"),
        ({"borrow_within_threshold": 3}, "borrow_within_threshold", "lower-priority"),
        ({"reclaim_within": "soon"}, "reclaim_within", "not a duration"),
        ({"reclaim_within": 1e13}, "reclaim_within", "at most"),
        ({"flavors": ["A"], "limit": {"B": {"gpus": 1}}}, "flavors", "'B'"),
        ({"when_can_borrow": "preempt"}, "when_can_borrow", "unknown"),
        ({"when_can_preempt": "borrow"}, "when_can_preempt", "unknown"),
        ({"reserve": 2}, "reserve", "a list of nodes"),
        ({"reserve": {"nodes": 0}}, "reserve.nodes", "at least 1"),
        ({"reserve": {"count": 2}}, "reserve", "unknown key 'count'"),
        ({"reserve": {"nodes": 2, "group": ""}}, "reserve.group", "printable text"),
        ({"suspended": 1}, "suspended", "true or false"),
        ({"name": "a\nb"}, "name", "printable text"),
        ({"name": "x" * 251}, "name", "1 to 250"),
        ({"name": None}, "name", "printable text"),
    ],
)
def test_what_is_no_quota_is_refused_with_its_place(given: dict[str, Any], where: str, said: str) -> None:
    with pytest.raises(SpecError) as refused:
        mp.Quota(**{"name": "team-a"} | given)
    assert refused.value.where == where
    assert said in str(refused.value)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("given", "where"),
    [({"name": ""}, "name"), ({"parent": ""}, "parent"), ({"guarantee": {"gpus": 2}, "limit": {"gpus": 1}}, "limit.gpus")],
)
def test_what_is_no_cohort_is_refused_with_its_place(given: dict[str, Any], where: str) -> None:
    with pytest.raises(SpecError) as refused:
        mp.Cohort(**{"name": "research"} | given)
    assert refused.value.where == where


def test_a_cohort_may_lend_what_is_guaranteed_to_its_quotas() -> None:
    assert Cohort("r", lend={"gpus": 8}).lend == {"gpus": 8}
