"""Fields of a scenario replaced by their path."""

from __future__ import annotations

import numpy as np
import pytest

from mlplat.errors import SpecError
from mlplat.planning.scenario.scenario import Scenario

from .texts import small

TWO = {
    "groups": [
        {"name": "pool", "count": 8, "cpus": 8, "memory": "32GiB", "racks": 4},
        {"name": "spare", "count": 2, "cpus": 8, "memory": "32GiB"},
    ]
}


def two(**fields: object) -> Scenario:
    return small(cluster=TWO, **fields)


def test_fields_are_found_by_number_and_by_name() -> None:
    assert two().with_fields({"cluster.groups[1].count": 5}).cluster.groups[1].count == 5
    assert two().with_fields({"cluster.groups.spare.count": np.int64(5)}).cluster.groups[1].count == 5
    changed = two().with_fields({"policies.queue": "easy", "workload.synthetic.load": 1.1, "objectives.p95_wait": "5m", "horizon": "1d"})
    assert (changed.policies.queue, changed.workload.synthetic.load, changed.horizon) == ("easy", 1.1, 86400.0)  # type: ignore[union-attr]
    assert changed.objectives["p95_wait"].bound == 300.0


def test_steps_and_zones_are_found_by_name() -> None:
    scenario = two(
        workload={"synthetic": {"jobs": 9}, "transformations": [{"sample": 0.5}, {"scale_load": 2.0}]},
        zones=[{"name": "a", "guarantee": {"cpus": 4}}, {"name": "b"}],
    )
    changed = scenario.with_fields({"workload.transformations.scale_load": 3.0, "zones.quotas.a.guarantee.cpus": 8})
    assert changed.workload.transformations[1].scale_load == 3.0 and changed.zones[0].guarantee["cpus"] == 8  # type: ignore[union-attr]


def test_another_spelling_takes_the_place_of_the_one_that_is_there() -> None:
    assert two().with_fields({"cluster.groups.pool.memory_mib": 1024}).cluster.groups[0].memory_mib == 1024
    assert two().with_fields({"cluster.groups.pool.memory_gib": 2}).cluster.groups[0].memory_mib == 2048


def test_racks_follow_the_count_unless_they_are_given() -> None:
    assert two().with_fields({"cluster.groups.pool.count": 12}).cluster.groups[0].racks == 6
    assert two().with_fields({"cluster.groups.pool.count": 3}).cluster.groups[0].racks == 2
    assert two().with_fields({"cluster.groups.pool.count": 3, "cluster.groups.pool.racks": 3}).cluster.groups[0].racks == 3


def test_a_group_without_nodes_is_left_out_with_what_is_said_of_it() -> None:
    scenario = two(search={"groups": {"spare": {"least": 0, "most": 4}}}, costs={"groups": {"spare": {"factor": 0.5}}})
    left = scenario.with_fields({"cluster.groups.spare.count": 0})
    assert [group.name for group in left.cluster.groups] == ["pool"] and not left.search.groups and not left.costs.groups
    with pytest.raises(SpecError, match="no nodes"):
        scenario.with_fields({"cluster.groups.spare.count": 0, "cluster.groups.pool.count": 0})


def test_another_queue_drops_options_it_does_not_have() -> None:
    scenario = two(policies={"queue": "las", "queue_options": {"threshold": "2h", "grace": 5}})
    assert scenario.with_fields({"policies.queue": "srtf"}).policies.queue_options == {"grace": 5}


@pytest.mark.parametrize(
    ("path", "where", "words"),
    [
        ("cluster.groups.pol.count", "cluster.groups", "There: pool, spare"),
        ("cluster.groups[2].count", "cluster.groups", "has 2 entries"),
        ("cluster.groups.pool.cont", "cluster.groups[0].cont", "'count'"),
        ("cluster[0]", "cluster", "There: groups"),
        ("policies.queues", "policies.queues", "'queue'"),
        ("name.first", "name", "has no parts"),
        ("workload.transformations.scale_load", "workload.transformations", "list"),
        ("", "", "no path"),
        ("a..b", "a..b", "no path"),
        ("[0]", "[0]", "no path"),
    ],
)
def test_a_path_that_is_not_there_is_named_with_what_is(path: str, where: str, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        two().with_fields({path: 1})
    assert caught.value.where == where and words in str(caught.value)


def test_a_bad_value_is_refused_and_the_scenario_stays_as_it_is() -> None:
    scenario = two()
    before = scenario.to_dict()
    with pytest.raises(SpecError) as caught:
        scenario.with_fields({"policies.queue": "easy", "cluster.groups.pool.count": "many"})
    assert caught.value.where == "cluster.groups[0].count"
    assert scenario.to_dict() == before
