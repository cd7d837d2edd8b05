"""Who sees and does what; what a caller may not read appears as a digest and never by name."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import AccessDenied
from mlplat.platform.artifacts.metadata.exports import mermaid, to_networkx
from mlplat.platform.identity import Right

from .world import CODE, COMMIT, IMAGE, MODEL, PARENT, TRAINING, VALIDATION, World, content

HIDDEN = (TRAINING, VALIDATION, PARENT, COMMIT, IMAGE, "clicks", "holdout", "shop/r1", "repo:")


@pytest.mark.parametrize("linking", ["direct", "chained", "both"])
def test_a_10_3_what_may_not_be_read_is_a_digest_marked_withheld(linking: str) -> None:
    world = World()
    world.train(linking)
    world.identity.grant(world.bob, "read", MODEL, actor=world.ada)
    full = world.metadata.lineage(MODEL, actor=world.ada)
    seen = world.metadata.lineage(MODEL, actor=world.bob)
    assert (seen.fingerprint, seen.reproducible, len(seen.nodes), len(seen.links)) == (
        full.fingerprint,
        True,
        len(full.nodes),
        len(full.links),
    )
    marks = {node.name for node in seen.nodes if node.withheld}
    assert len(marks) == len(full.nodes) - 1 and {f"withheld:{content(TRAINING)}", f"withheld:{content(IMAGE)}"} <= marks
    assert all(re.fullmatch("withheld:(sha256:[0-9a-f]{64}|sha1:[0-9a-f]{40})", mark) for mark in marks)
    assert set(seen.parts.values()) == {"withheld:", None}
    reach = world.metadata.upstream(MODEL, actor=world.bob)
    assert reach.nodes == () and set(reach.withheld) == marks
    shown = [
        seen,
        str(seen),
        seen._repr_html_(),
        reach,
        world.metadata.graph(MODEL, actor=world.bob),
        mermaid(seen),
        to_networkx(seen).edges,
    ]
    for hidden in HIDDEN:
        assert not any(hidden in repr(each) for each in shown), hidden
    world.there.pop(TRAINING)
    (missing,) = world.metadata.lineage(MODEL, actor=world.bob).missing
    assert missing.resource == f"withheld:{content(TRAINING)}" and missing.of.startswith("withheld:")


def test_ip_10_2_what_is_withheld_says_who_may_be_asked_for_it() -> None:
    """IP-10, 2: links to what a colleague may not read show id and owner, so that they can ask."""
    world = World()
    world.train("direct")
    identity, ada, eve = world.identity, world.ada, world.eve
    identity.grant(world.bob, "read", MODEL, actor=ada)
    for ask in (world.metadata.lineage, world.metadata.graph):
        nodes = ask(MODEL, actor=world.bob).nodes
        assert {node.owners for node in nodes if node.withheld} == {(ada.id,)}
        assert [node.owners for node in nodes if not node.withheld] == [()]
        assert all(node.owners == () for node in ask(MODEL, actor=ada).nodes)
    identity.add_member("shop", eve, "maintainer", actor=ada)
    identity.grant(identity.create_user("fay", actor=world.admin), "contributor", "project:shop", actor=ada)
    (owners,) = {node.owners for node in world.metadata.lineage(MODEL, actor=world.bob).nodes if node.withheld}
    assert owners == (ada.id, eve.id)
    identity.delete(ada, actor=world.admin)
    identity.grant(world.bob, "read", MODEL, actor=eve)
    (owners,) = {node.owners for node in world.metadata.lineage(MODEL, actor=world.bob).nodes if node.withheld}
    assert owners == (eve.id,)


def test_a_10_2_what_was_shared_is_shown_by_name_and_its_neighbours_are_not() -> None:
    world = World()
    world.train("direct")
    for resource in (MODEL, TRAINING, "run:shop/r1"):
        world.identity.grant(world.bob, "read", resource, actor=world.ada)
    reach = world.metadata.upstream(MODEL, actor=world.bob)
    assert set(reach.nodes) == {TRAINING, "run:shop/r1"} and len(reach.withheld) == 4
    run = world.metadata.run("shop/r1", actor=world.bob)
    assert run.inputs["training"].resource == TRAINING and run.inputs["parent"].resource == f"withheld:{content(PARENT)}"
    history = world.metadata.history("shop/r1", actor=world.bob)
    assert TRAINING in repr(history) and PARENT not in repr(history) and IMAGE not in repr(history)
    (found,) = world.metadata.search(actor=world.bob)
    assert found == run
    with pytest.raises(AccessDenied):
        world.metadata.lineage("shop/churn@3", actor=world.bob)
    impact = world.metadata.impact(TRAINING, actor=world.bob)
    assert impact.models == (MODEL,) and impact.runs == ("run:shop/r1",)


GRANTS = (
    "project:shop",
    "dataset:shop/*",
    "dataset:shop/clicks",
    TRAINING,
    "run:shop/r1",
    "run:shop/*",
    "image:shop/train",
    COMMIT,
    PARENT,
)


@given(st.sets(st.sampled_from(GRANTS)))
def test_what_is_shown_of_a_walk_is_what_may_be_read_one_by_one(grants: set[str]) -> None:
    world = World()
    world.train("direct")
    for resource in (MODEL, *sorted(grants)):
        world.identity.grant(world.bob, "read", resource, actor=world.ada)
    every = world.metadata.upstream(MODEL, actor=world.ada).nodes
    may = world.identity._authorization.may
    reach = world.metadata.upstream(MODEL, actor=world.bob)
    assert reach.nodes == tuple(name for name in every if may(world.bob, Right.READ, name))
    assert len(reach) == len(every) and set(reach.withheld).isdisjoint(every)


def test_unknown_and_forbidden_look_alike_to_an_outsider() -> None:
    world = World()
    world.train("direct")
    told = []
    for name in ("shop/r1", "shop/r9", "nowhere/r1"):
        with pytest.raises(AccessDenied) as caught:
            world.metadata.run(name, actor=world.eve)
        told.append(str(caught.value).replace(name, "X"))
    assert len(set(told)) == 1


def test_nobody_names_what_they_may_not_read_or_claims_what_they_may_not_write() -> None:
    world = World()
    world.identity.grant(world.bob, "write", "run:shop/*", actor=world.ada)
    with pytest.raises(AccessDenied, match="read dataset:shop/clicks@3"):
        world.metadata.start_run("shop/r1", data={"training": TRAINING}, actor=world.bob)
    world.metadata.start_run("shop/r1", actor=world.bob)
    with pytest.raises(AccessDenied, match="write model:shop/churn@2"):
        world.metadata.finish_run("shop/r1", outputs={"model": MODEL}, actor=world.bob)
    world.identity.grant(world.bob, "write", "dataset:shop/x@1", actor=world.ada)
    with pytest.raises(AccessDenied, match="read dataset:shop/clicks@3"):
        world.metadata.link(TRAINING, "dataset:shop/x@1", "derived", actor=world.bob)
    assert len(list(world.store.records("metadata"))) == 1


def test_the_commit_of_a_record_is_resolved_before_the_decision() -> None:
    world = World()
    world.identity.grant(world.bob, ["read"], COMMIT, actor=world.ada)
    world.identity.grant(world.bob, ["write"], "run:shop/r1", actor=world.ada)
    run = world.metadata.start_run("shop/r1", code=CODE, actor=world.bob)
    assert run.inputs["code"].resource == COMMIT
