"""What notebooks show of everything that people hold: users' names as text, and no more rows than fit."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

import mlplat as mp
from mlplat.hardware.accelerators import CATALOGUE, Accelerator
from mlplat.hardware.node_group import NodeGroup
from mlplat.hardware.outages import Outages
from mlplat.html_tables import MOST_ROWS, facts, table
from mlplat.infra.network.topology import Topology
from mlplat.infra.queueing import queue_policy
from mlplat.infra.virtualization.images import Image, Layer
from mlplat.platform.artifacts.metadata.lineage import Node, Subgraph
from mlplat.platform.artifacts.metadata.nodes import NodeKind
from mlplat.platform.automation.monitoring.drift.verdict import Finding, FindingKind, Outcome, WindowVerdict
from mlplat.platform.serving import Requests, Version, serve
from mlplat.traces.description import describe
from mlplat.traces.fitting import fit

EVIL = "<img src=x onerror='a()'>&\"<b>"
TAGS = re.compile(r"<\s*/?\s*([a-zA-Z!][\w-]*)[^>]*>")
KNOWN = {"div", "style", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "pre", "small", "span"}
DRAWN = {"svg", "title", "rect", "text", "path", "g", "circle", "line"}


@cache
def spec() -> mp.ClusterSpec:
    group = NodeGroup(name=EVIL, count=3, cpus=8, memory="64GiB", gpus=2, gpu_model=EVIL, racks=(EVIL,), labels={EVIL: EVIL})
    network = {"topology": "leaf-spine"}
    return mp.ClusterSpec.model_validate(
        {"name": EVIL, "groups": [group], "accelerators": [Accelerator(name=EVIL, vendor=EVIL)], "network": network}
    )


@cache
def trace() -> mp.JobTrace:
    made = mp.JobTrace.build(
        submit=np.arange(40) * 10.0,
        duration=np.full(40, 60.0),
        request=np.zeros(40, int),
        requests=[mp.ResourceRequest(gpus=1, models=EVIL)],
        job_id=[f"{EVIL}{i}" for i in range(40)],
        groups=[EVIL],
    )
    return dataclasses.replace(made, source=EVIL)


def objects() -> Iterator[tuple[str, Any]]:
    """Everything that people hold, with `EVIL` wherever a user may choose the name."""
    yield "spec", spec()
    yield "group", spec().groups[0]
    yield "accelerator", spec().accelerators[0]
    yield "topology", Topology.of(spec())
    yield "catalogue", CATALOGUE
    yield "placements", mp.PLACEMENTS
    yield "queues", mp.QUEUES
    yield "placement", mp.CompiledPlacement(lambda node, request: 0.0, title=EVIL)
    yield "queue", queue_policy("drf", weights={EVIL: 2.0})
    yield "request", mp.ResourceRequest(gpus=1, models=EVIL)
    yield "workload", mp.Workload("train", mp.ResourceRequest(gpus=1), zone=EVIL, image=EVIL, duration="1h")
    yield "image", Image(EVIL, (Layer.of(EVIL, 5),), entry=EVIL)
    yield "quota", mp.Quota(EVIL, guarantee={"gpus": 2}, cohort=EVIL)
    yield "cohort", mp.Cohort(EVIL, parent=EVIL)
    yield "checkpoint", mp.CheckpointPolicy("30m")
    yield "usage", mp.Usage()
    yield "restarts", mp.RestartPolicy("always")
    yield "outages", Outages.build(start=[1.0], end=[2.0], node=[0])
    yield "trace", trace()
    yield "description", describe(trace())
    run = mp.replay(spec(), trace(), zones=[mp.Quota(EVIL, guarantee={"gpus": 1})])
    yield "result", run
    yield "explanation", run.explain(0)
    yield (
        "scenario",
        mp.Scenario.from_yaml("cluster: 2x8xV100\nworkload: {synthetic: {jobs: 20, gpus: 16}}").model_copy(update={"name": EVIL}),
    )
    yield "comparison", mp.compare(spec(), trace(), policies=["fifo/best-fit", "easy/best-fit"], measures=["mean_wait"])
    yield "model", fit(dataclasses.replace(mp.traces.synthetic(days=7, gpus=16, users=3), source=EVIL))
    yield "service", serve([Version(EVIL, replicas=2)], Requests.poisson(rate=2.0, count=50, service="exponential", mean="1s", seed=1))
    yield "verdict", WindowVerdict(Outcome.DRIFT, 9, 1, 0.01, (Finding(EVIL, FindingKind.DISTRIBUTION, EVIL, alarm=True),))
    yield "lineage", Subgraph(EVIL, (Node(EVIL, NodeKind.RUN),), ())
    sim = mp.Simulation()
    cluster = mp.Cluster(sim, spec())
    yield "handle", cluster.endpoint.submit(mp.Workload("train", {"cpus": 1}, duration="1h"))
    sim.run(until=60)
    sim.emit(f"node:{EVIL}", "node.failed", source=EVIL, actor=EVIL, data={EVIL: EVIL})
    yield "simulation", sim
    yield "timeline", sim.timeline()
    yield "cluster", cluster
    yield "state", cluster.endpoint.state()
    yield "platform", mp.Platform(cluster)


def test_names_of_users_are_text_in_every_view() -> None:
    wrong = []
    for name, thing in objects():
        page = thing._repr_html_()
        drawn = DRAWN if name == "topology" else set()
        tags = {tag.lower() for tag in TAGS.findall(page)} - KNOWN - drawn
        if tags or EVIL in page or "onerror='" in page or len(page) > 60_000:
            wrong.append((name, tags, len(page)))
    assert not wrong


def test_a_table_says_how_many_rows_it_leaves_out() -> None:
    page = table(("a",), [(i,) for i in range(MOST_ROWS + 7)], more=3)
    assert page.count("<tr>") == MOST_ROWS + 1 and "… and 10 more" in page
    assert "… and 5 more" in facts([(str(i), i) for i in range(MOST_ROWS + 5)])


def test_columns_of_numbers_are_right_aligned_and_texts_are_not() -> None:
    page = table(("name", "wait", "jobs"), [("a", "2 s", 1200), ("b", "–", 3)])
    assert '<div class="mlplat n2 n3">' in page and "nth-child(2){text-align:right}" in page and "nth-child(1)" not in page


def test_a_long_text_is_cut_and_control_characters_are_gone() -> None:
    page = facts([("x" * 500, "a\x1b[2J\u202eb")])
    assert "x" * 300 not in page and "…" in page and page.isprintable()
