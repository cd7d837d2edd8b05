"""S-16, S-41: labels, taints and selectors at random, while nodes come and go, against a naive model of who may be where."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import mlplat as mp
from mlplat.infra.cluster import Cluster
from mlplat.infra.workload_records import WorkloadStatus

NODES = 4
CORES = 4
KEYS, VALUES, EFFECTS = ("a", "b"), ("x", "y"), ("NoSchedule", "NoExecute", "PreferNoSchedule")
WAITS, HOLDS = (WorkloadStatus.PENDING,), (WorkloadStatus.STARTING, WorkloadStatus.RUNNING)

nodes = st.integers(0, NODES - 1)
labels = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=2)
taints = st.tuples(st.sampled_from(KEYS), st.sampled_from(("", *VALUES)), st.sampled_from(EFFECTS))
selectors = st.one_of(labels, st.builds(lambda node: {"node": f"n-{node}"}, nodes), st.just({"group": "n"}), st.just({}))
tolerations = st.one_of(
    st.builds(
        lambda key, value, effect: {"key": key, "value": value, "effect": effect}, *map(st.sampled_from, (KEYS, VALUES, ("", *EFFECTS)))
    ),
    st.builds(
        lambda key, effect: {"key": key, "operator": "Exists", "effect": effect}, *map(st.sampled_from, (("", *KEYS), ("", *EFFECTS)))
    ),
)
steps = st.one_of(
    st.tuples(st.just("submit"), st.tuples(selectors, st.lists(tolerations, max_size=2), st.integers(1, CORES), st.integers(1, 6))),
    st.tuples(st.just("submit"), st.tuples(selectors, st.lists(tolerations, max_size=2), st.integers(1, CORES), st.integers(1, 6))),
    st.tuples(st.just("label"), st.tuples(nodes, st.dictionaries(st.sampled_from(KEYS), st.sampled_from((None, *VALUES)), max_size=2))),
    st.tuples(st.just("taint"), st.tuples(nodes, taints)),
    st.tuples(st.just("untaint"), st.tuples(nodes, st.sampled_from(KEYS))),
    st.tuples(st.just("remove"), nodes),
    st.tuples(st.just("add"), nodes),
    st.tuples(st.just("wait"), st.integers(0, 3)),
)


class Model:
    """Labels and taints of each node as plain dictionaries, and which nodes are there."""

    def __init__(self, stated: list[tuple[dict[str, str], dict[tuple[str, str], str]]]) -> None:
        self.labels = [dict(labels) for labels, _ in stated]
        self.taints = [dict(taints) for _, taints in stated]
        self.there = [True] * NODES
        self.seen: set[tuple[str, str, int]] = set()

    def minds(self, work: mp.Workload, node: int, effects: tuple[str, ...]) -> bool:
        """Whether a workload minds any taint of these effects."""
        return any(
            effect in effects
            and not any(
                t.effect in ("", effect)
                and ((t.operator == "Exists" and t.key in ("", key)) or (t.operator, t.key, t.value) == ("Equal", key, value))
                for t in work.tolerations
            )
            for (key, effect), value in self.taints[node].items()
        )

    def may_come(self, work: mp.Workload, node: int) -> bool:
        """Whether a workload may be placed on a node, if there is room."""
        has = {"node": f"n-{node}", "group": "n"} | self.labels[node]
        selected = all(has.get(key) == value for key, value in work.node_selector.items())
        return selected and not self.minds(work, node, ("NoSchedule", "NoExecute"))


def do(of: Cluster, model: Model, what: str, how: Any, number: int) -> None:
    """One step, on both."""
    endpoint = of.endpoint
    if what == "submit":
        selector, tolerated, cores, minutes = how
        work = mp.Workload(f"w-{number}", {"cpus": cores}, duration=60.0 * minutes, node_selector=selector, tolerations=tolerated)
        endpoint.submit(work)
    elif what == "label":
        node, changes = how
        endpoint.label(f"n-{node}", changes)
        model.labels[node] = {k: v for k, v in (model.labels[node] | changes).items() if v is not None}
    elif what == "taint":
        node, (key, value, effect) = how
        endpoint.taint(f"n-{node}", key, value, effect=effect)
        model.taints[node][key, effect] = value
    elif what == "untaint":
        node, key = how
        endpoint.untaint(f"n-{node}", key)
        model.taints[node] = {pair: value for pair, value in model.taints[node].items() if pair[0] != key}
    elif what == "remove" and model.there[how]:
        endpoint.remove_node(f"n-{how}")
        model.there[how] = False
    elif what == "add" and not model.there[how]:
        assert endpoint.add_node(f"g-{how}") == f"n-{how}"
        model.there[how] = True
    of.sim.run(until=of.sim.now + (30.0 * how if what == "wait" else 0.0))


def check(of: Cluster, model: Model) -> None:
    """Nothing has come where it may not, is where it may not stay, or waits though it could run."""
    free = [CORES if there else 0 for there in model.there]
    for record in of.workloads.values():
        if record.status in HOLDS:
            node = record.environments[0].node
            assert model.there[node]
            assert not model.minds(record.workload, node, ("NoExecute",))
            free[node] -= record.workload.request.cpu_milli // 1000
    assert min(free) >= 0
    for record in of.workloads.values():
        cores = record.workload.request.cpu_milli // 1000
        possible = [node for node in range(NODES) if model.may_come(record.workload, node)]
        if record.status in WAITS:
            assert not any(free[node] >= cores for node in possible), record.name
        now = (record.name, record.status.value, record.attempts)
        if now not in model.seen and record.status is WorkloadStatus.REJECTED:
            assert not possible
        if now not in model.seen and record.status in HOLDS:
            assert record.environments[0].node in possible
        model.seen.add(now)


@given(
    stated=st.lists(st.tuples(labels, st.lists(taints, max_size=1, unique_by=lambda t: (t[0], t[2]))), min_size=NODES, max_size=NODES),
    todo=st.lists(steps, min_size=1, max_size=25),
    placement=st.sampled_from(("best-fit", "worst-fit", "random", "topology")),
)
def test_s16_nothing_runs_where_it_must_not_and_everything_that_could_run_does(stated: list[Any], todo: list[Any], placement: str) -> None:
    groups = [
        {"name": f"g-{i}", "count": 1, "cpus": CORES, "memory_gib": 8, "node_names": [f"n-{i}"], "labels": {"group": "n"} | kept}
        | {"taints": [{"key": key, "value": value, "effect": effect} for key, value, effect in marks]}
        for i, (kept, marks) in enumerate(stated)
    ]
    of = mp.Cluster(
        mp.Simulation(seed=1),
        mp.ClusterSpec.model_validate({"groups": groups}),
        queue="best-effort-fifo",
        placement=placement,
        scrape_period=None,
    )
    model = Model([(kept, {(key, effect): value for key, value, effect in marks}) for kept, marks in stated])
    for number, (what, how) in enumerate(todo):
        do(of, model, what, how, number)
        check(of, model)
    of.sim.run()
    check(of, model)
    assert of.sim.log.check() == []
