"""The exports are what the tools of others read, and nobody's name becomes markup there."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import networkx as nx
import pytest

from mlplat.platform.artifacts.metadata import Lineage, Link, Node, NodeKind, Subgraph
from mlplat.platform.artifacts.metadata.exports import mermaid, openlineage_events, prov_json, prov_n, to_networkx

from .world import CODE, COMMIT, IMAGE, MODEL, PIPELINE, TRAINING, World, content


def lineage_of(world: World) -> Lineage:
    world.train("direct")
    return world.metadata.lineage(MODEL, actor=world.ada)


def schema_of(kind: type, attr: Any) -> dict[str, Any]:
    """The JSON schema of a class of OpenLineage's client: what must be there, and of which type; nested classes as objects."""
    types = {"str": "string", "int": "integer", "bool": "boolean"}
    fields = {each.name: each for each in attr.fields(kind)}
    properties = {name: {"type": types[each.type]} for name, each in fields.items() if each.type in types}
    required = [name for name, each in fields.items() if each.default is attr.NOTHING]
    return {"type": "object", "properties": properties, "required": required}


def test_openlineage_events_are_valid_and_the_same_each_time() -> None:
    pytest.importorskip("openlineage.client")
    from openlineage.client.event_v2 import RunEvent
    from openlineage.client.serde import Serde

    world = World()
    run = world.metadata.start_run(
        "shop/r1", code=CODE, data={"training": TRAINING}, parameters={"depth": [3, {"a": 1}]}, pipeline=PIPELINE, seed=7, actor=world.ada
    )
    world.sim.run(until=90)
    world.metadata.log_metrics("shop/r1", {"auc": 0.9}, actor=world.ada)
    done = world.metadata.finish_run("shop/r1", outputs={"model": MODEL}, actor=world.ada)
    (only,) = openlineage_events(run, epoch=world.sim.epoch)
    start, end = openlineage_events(done, epoch=world.sim.epoch)
    assert isinstance(start, RunEvent)
    assert [json.loads(Serde.to_json(event))["eventType"] for event in (only, start, end)] == ["START", "START", "COMPLETE"]
    event = json.loads(Serde.to_json(end))
    assert Serde.to_json(openlineage_events(done, epoch=world.sim.epoch)[1]) == Serde.to_json(end)
    assert event["eventTime"] == "2026-01-01T00:01:30Z" and uuid.UUID(event["run"]["runId"]).version == 5
    assert event["job"] == {"facets": {}, "name": "pipeline:shop/train", "namespace": "mlplat"}
    assert event["run"]["facets"]["mlplat_run"]["parameters"] == {"depth": [3, {"a": 1}]}
    assert event["run"]["facets"]["mlplat_run"]["metrics"] == {"auc": 0.9}
    assert {each["name"] for each in event["inputs"]} == {"dataset:shop/clicks", "repo:shop/churn", "pipeline:shop/train"}
    (made,) = event["outputs"]
    assert (made["name"], made["facets"]["version"]["datasetVersion"]) == ("model:shop/churn", "2")
    assert made["facets"]["mlplat_artifact"]["digest"] == content(MODEL)


def test_openlineage_events_meet_the_schema_of_the_client() -> None:
    pytest.importorskip("openlineage.client")
    attr, jsonschema = pytest.importorskip("attr"), pytest.importorskip("jsonschema")
    from openlineage.client import event_v2
    from openlineage.client.facet_v2 import RunFacet
    from openlineage.client.serde import Serde

    schema = schema_of(event_v2.RunEvent, attr)
    schema["properties"] |= {
        "eventType": {"enum": [state.value for state in event_v2.RunState]},
        "eventTime": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"},
        "run": schema_of(event_v2.Run, attr),
        "job": schema_of(event_v2.Job, attr),
        "inputs": {"type": "array", "items": schema_of(event_v2.InputDataset, attr)},
        "outputs": {"type": "array", "items": schema_of(event_v2.OutputDataset, attr)},
    }
    facet = {"type": "object", "required": ["_producer", "_schemaURL"], "properties": schema_of(RunFacet, attr)["properties"]}
    for part in ("run", "job"):
        schema["properties"][part]["properties"]["facets"] = {"type": "object", "additionalProperties": facet}
    for part in ("inputs", "outputs"):
        schema["properties"][part]["items"]["properties"]["facets"] = {"type": "object", "additionalProperties": facet}
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    world = World()
    world.train("both")
    world.metadata.start_run("shop/bad", actor=world.ada)
    world.metadata.finish_run("shop/bad", "failure", error="diverged", actor=world.ada)
    world.metadata.start_run("shop/off", actor=world.ada)
    world.metadata.finish_run("shop/off", "cancelled", actor=world.ada)
    seen = set()
    for run in world.metadata.search(actor=world.ada):
        for event in openlineage_events(run, epoch=world.sim.epoch):
            told = json.loads(Serde.to_json(event))
            validator.validate(told)
            seen.add(told["eventType"])
    assert seen == {"START", "COMPLETE", "FAIL", "ABORT"}
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({"eventType": "START"})


def test_prov_reads_back_as_it_was_written() -> None:
    pytest.importorskip("prov")
    from prov.model import ProvDocument

    world = World()
    lineage = lineage_of(world)
    text = prov_json(lineage)
    assert text == prov_json(lineage)
    document = ProvDocument.deserialize(content=text)
    kinds = [type(record).__name__ for record in document.get_records()]
    assert kinds.count("ProvEntity") == 6 and kinds.count("ProvActivity") == 1
    assert kinds.count("ProvUsage") == 5 and kinds.count("ProvGeneration") == 1
    assert lineage.fingerprint in text
    told = json.loads(text)
    used = {(each["prov:activity"], each["prov:entity"], each["prov:role"]) for each in told["used"].values()}
    made = [(each["prov:entity"], each["prov:activity"], each["prov:role"]) for each in told["wasGeneratedBy"].values()]

    def named(resource: str) -> str:
        return f"mlplat:{resource.replace(':', '/')}"

    links = [link for link in lineage.links if link.downstream == "run:shop/r1"]
    assert used == {(named(link.downstream), named(link.upstream), link.role) for link in links}
    assert made == [(named(MODEL), named("run:shop/r1"), "model")]
    assert "used(" in prov_n(lineage) and "wasGeneratedBy(" in prov_n(lineage)


def test_prov_has_a_relation_for_every_pair_of_kinds() -> None:
    pytest.importorskip("prov")
    names = {
        "run:shop/r1": NodeKind.RUN,
        "run:shop/r2": NodeKind.RUN,
        "dataset:shop/a@1": NodeKind.DATASET,
        "dataset:shop/b@1": NodeKind.DATASET,
    }
    nodes = tuple(Node(name, kind) for name, kind in names.items())
    links = (Link("run:shop/r1", "run:shop/r2", "x"), Link("dataset:shop/a@1", "dataset:shop/b@1", "derived"))
    told = prov_n(Subgraph("run:shop/r2", nodes, links))
    assert "wasInformedBy(" in told and "wasDerivedFrom(" in told


def test_networkx_has_the_same_upstream() -> None:
    world = World()
    lineage = lineage_of(world)
    graph = to_networkx(lineage)
    assert nx.ancestors(graph, MODEL) == set(lineage.upstream())
    assert nx.is_directed_acyclic_graph(graph) and graph.graph["root"] == MODEL
    assert graph.edges[TRAINING, "run:shop/r1", "training"]["role"] == "training"
    assert graph.nodes[COMMIT]["kind"] == "commit" and graph.nodes[TRAINING]["digest"] == content(TRAINING)


def test_mermaid_shows_every_node_and_link() -> None:
    world = World()
    lineage = lineage_of(world)
    lines = mermaid(lineage, direction="TB").splitlines()
    assert lines[0] == "flowchart TB" and len(lines) == 1 + len(lineage.nodes) + len(lineage.links)
    assert f'["repo#58;shop/churn@{"a1" * 6}"]' in "\n".join(lines)
    assert any("image#58;shop/train@sha256#58;" in line for line in lines) and IMAGE not in "\n".join(lines)


EVIL = 'run:x/"]; click n0 "javascript:alert(1)" %%{init}%% <img src=x onerror=1>\n  n9-->n0|`end`'


def test_names_are_text_everywhere_and_never_markup() -> None:
    graph = Subgraph(EVIL, (Node(EVIL, NodeKind.RUN), Node("dataset:x/<b>@1", NodeKind.DATASET)), (Link("dataset:x/<b>@1", EVIL, '"|<i>'),))
    for line in mermaid(graph, direction='TB"').splitlines():
        assert re.fullmatch(
            r'flowchart LR|  n\d+(\(\["|\[\(")[\w\-./@ #;]*("\]\)|"\)\])|  n\d+ -->\|"[\w\-./@ #;]*"\| n\d+', line, re.ASCII
        ), line
    shown = graph._repr_html_()
    assert "<b>" not in shown and "<img" not in shown and "<i>" not in shown and shown.startswith("<pre>")
    assert "\n  n9" not in graph.tree()
