"""Direct and chained linking: the same graph where both are whole, and exactly what is missing where one is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mlplat.errors import IntegrityError
from mlplat.platform.artifacts.metadata import Artifact, LockFile, MissingLink, MissingReason, Via
from mlplat.platform.storage import digest_of_json, digest_of_parts

from .world import CODE, COMMIT, IMAGE, MODEL, PARENT, TRAINING, VALIDATION, World, content, pair

RUN = "run:shop/r1"
LOCK = f"{CODE}:mlplat.lock"


def missing_of(world: World, linking: str = "both") -> tuple[MissingLink, ...]:
    lineage = world.metadata.lineage(MODEL, linking=linking, actor=world.ada)
    assert lineage.reproducible is not bool(lineage.missing)
    return lineage.missing


def test_s55_upstream_of_a_model_lists_what_its_record_names() -> None:
    world = World()
    world.train("direct")
    lineage = world.metadata.lineage("shop/churn@2", linking="direct", actor=world.ada)
    assert set(lineage.upstream()) == {RUN, COMMIT, IMAGE, TRAINING, VALIDATION, PARENT}
    assert {(link.role, link.upstream) for link in lineage.links if link.downstream == RUN} == {
        ("code", COMMIT),
        ("image", IMAGE),
        ("training", TRAINING),
        ("validation", VALIDATION),
        ("parent", PARENT),
    }
    assert lineage.missing == () and lineage.reproducible
    assert set(world.metadata.upstream(MODEL, actor=world.ada).nodes) == set(lineage.upstream())


def test_s56_a_5_2_the_chain_by_commit_gives_the_same_graph_link_for_link() -> None:
    found = {}
    for recorded in ("direct", "chained", "both"):
        world = World()
        world.train(recorded)
        for asked in {recorded, "both"} | ({"direct", "chained"} if recorded == "both" else set()):
            lineage = world.metadata.lineage(MODEL, linking=asked, actor=world.ada)
            found[recorded, asked] = (lineage.nodes, lineage.links, lineage.fingerprint, lineage.missing, lineage.run, lineage.reproducible)
        assert set(world.metadata.upstream(MODEL, actor=world.ada).nodes) == {RUN, COMMIT, IMAGE, TRAINING, VALIDATION, PARENT}
    assert len(found) == 7
    assert len(set(found.values())) == 1
    assert found["both", "direct"][3] == ()


def _withdraw(role: str) -> Callable[[World], object]:
    return lambda world: world.metadata.withdraw("shop/r1", role, actor=world.ada)


def _relock(**named: object) -> Callable[[World], object]:
    return lambda world: world.lock(**named)


RECORD, LOCKED, REGISTRY, KEPT = Via.RECORD, Via.LOCK_FILE, Via.REGISTRY, Via.STORE
NOT = MissingReason.NOT_RECORDED
BREAKS: dict[str, tuple[str, Callable[[World], object], MissingLink]] = {
    "direct code": ("direct", _withdraw("code"), MissingLink(RUN, "code", RECORD, NOT, COMMIT)),
    "direct image": ("direct", _withdraw("image"), MissingLink(RUN, "image", RECORD, NOT, IMAGE)),
    "direct data": ("direct", _withdraw("training"), MissingLink(RUN, "training", RECORD, NOT, TRAINING)),
    "direct parent": ("direct", _withdraw("parent"), MissingLink(RUN, "parent", RECORD, NOT, PARENT)),
    "direct model": ("direct", _withdraw("model"), MissingLink(MODEL, "model", RECORD, NOT, MODEL)),
    "chained code": ("chained", _withdraw("code"), MissingLink(RUN, "code", RECORD, NOT, COMMIT)),
    "chained image": ("chained", _relock(image=None), MissingLink(RUN, "image", LOCKED, NOT, IMAGE)),
    "chained data": ("chained", _relock(data={"training": pair(TRAINING)}), MissingLink(RUN, "validation", LOCKED, NOT, VALIDATION)),
    "chained parent": ("chained", _relock(parent=None), MissingLink(RUN, "parent", LOCKED, NOT, PARENT)),
    "chained model": ("chained", lambda world: world.commits.pop(MODEL), MissingLink(RUN, "model", REGISTRY, NOT, MODEL)),
    "lock file": ("chained", lambda world: world.files.pop(LOCK), MissingLink(COMMIT, "lock", LOCKED, MissingReason.NO_LOCK_FILE)),
    "bad lock file": (
        "chained",
        lambda world: world.files.update({LOCK: b'{"format": 2}'}),
        MissingLink(COMMIT, "lock", LOCKED, MissingReason.BAD_LOCK_FILE),
    ),
    "direct code of both": ("both", _withdraw("code"), MissingLink(RUN, "code", RECORD, NOT, COMMIT)),
    "direct image of both": ("both", _withdraw("image"), MissingLink(RUN, "image", RECORD, NOT, IMAGE)),
    "direct data of both": ("both", _withdraw("training"), MissingLink(RUN, "training", RECORD, NOT, TRAINING)),
    "direct model of both": ("both", _withdraw("model"), MissingLink(RUN, "model", RECORD, NOT, MODEL)),
    "chained image of both": ("both", _relock(image=None), MissingLink(RUN, "image", LOCKED, NOT, IMAGE)),
    "chained data of both": ("both", _relock(data={"training": pair(TRAINING)}), MissingLink(RUN, "validation", LOCKED, NOT, VALIDATION)),
    "chained model of both": ("both", lambda world: world.commits.pop(MODEL), MissingLink(RUN, "model", REGISTRY, NOT, MODEL)),
    "lock file of both": ("both", lambda world: world.files.pop(LOCK), MissingLink(COMMIT, "lock", LOCKED, MissingReason.NO_LOCK_FILE)),
    "another image in the lock": (
        "both",
        _relock(image=(IMAGE, content("other"))),
        MissingLink(RUN, "image", LOCKED, MissingReason.CONFLICT, IMAGE),
    ),
}
for _linking in ("direct", "chained", "both"):
    for _role, _resource in {"training": TRAINING, "image": IMAGE, "parent": PARENT, "model": MODEL, "code": COMMIT}.items():
        BREAKS[f"{_linking}: {_role} deleted"] = (
            _linking,
            lambda world, name=_resource: world.there.pop(name),  # type: ignore[misc]
            MissingLink(RUN, _role, KEPT, MissingReason.NOT_FOUND, _resource),
        )
    BREAKS[f"{_linking}: other content"] = (
        _linking,
        lambda world: world.there.update({TRAINING: content("other")}),
        MissingLink(RUN, "training", KEPT, MissingReason.DIGEST_DIFFERS, TRAINING),
    )


@pytest.mark.parametrize("name", BREAKS)
def test_s57_a_5_3_removing_one_link_gives_exactly_that_link_as_missing(name: str) -> None:
    linking, break_, expected = BREAKS[name]
    world = World()
    world.train(linking)
    assert missing_of(world) == ()
    break_(world)
    assert missing_of(world) == (expected,)


def test_a_model_that_nobody_recorded_has_no_links_and_says_so() -> None:
    world = World()
    lineage = world.metadata.lineage("shop/stranger@1", actor=world.ada)
    assert (lineage.links, lineage.run, lineage.reproducible) == ((), "", False)
    assert [str(each) for each in lineage.missing] == [
        "model of model:shop/stranger@1 (model:shop/stranger@1), by record: nobody recorded it"
    ]
    assert set(lineage.parts.values()) == {None}


def test_several_runs_of_a_commit_are_not_guessed_between() -> None:
    world = World()
    world.lock()
    for name in ("shop/r1", "shop/r2"):
        world.metadata.start_run(name, code=CODE, seed=1, actor=world.ada)
    world.register()
    lineage = world.metadata.lineage(MODEL, linking="chained", actor=world.ada)
    assert lineage.missing == (MissingLink(COMMIT, "code", RECORD, MissingReason.AMBIGUOUS),) and lineage.links == ()
    world.register(run="run:shop/r2")
    lineage = world.metadata.lineage(MODEL, linking="chained", actor=world.ada)
    assert lineage.missing == () and lineage.run == "run:shop/r2"


def test_a_run_that_the_registry_names_otherwise_is_a_conflict() -> None:
    world = World()
    world.train("both")
    world.metadata.start_run("shop/r2", code=CODE, seed=1, actor=world.ada)
    world.runs[MODEL] = "run:shop/r2"
    assert missing_of(world) == (MissingLink(RUN, "model", REGISTRY, MissingReason.CONFLICT, MODEL),)


def test_a_direct_record_has_no_chain_and_the_chain_is_reported_when_asked_for() -> None:
    world = World()
    world.train("direct")
    (missing,) = missing_of(world, "chained")
    assert (missing.role, missing.via) == ("model", Via.REGISTRY)


def test_the_fingerprint_is_of_ids_and_digests_alone() -> None:
    world = World()
    world.train("direct")
    lineage = world.metadata.lineage(MODEL, actor=world.ada)
    data = digest_of_parts({"training": content(TRAINING), "validation": content(VALIDATION), "parent": content(PARENT)})
    parts = {
        "code": "a1" * 20,
        "data": data,
        "image": content(IMAGE),
        "parameters": digest_of_json({"depth": 3}),
        "pipeline": None,
        "seed": 7,
    }
    assert dict(lineage.parts) == parts
    assert lineage.fingerprint == digest_of_json(parts)
    other = World()
    other.sim.run(until=100)
    other.identity.grant(other.bob, "owner", "project:shop", actor=other.ada)
    other.train("direct", "shop/another", other.bob)
    assert other.metadata.lineage(MODEL, actor=other.bob).fingerprint == lineage.fingerprint


def test_parents_are_followed_through_as_many_generations_as_asked_for() -> None:
    world = World()
    first = world.metadata.start_run("shop/r0", code=CODE, image=IMAGE, data={"training": TRAINING}, seed=1, actor=world.ada)
    world.metadata.finish_run(first.resource, outputs={"model": PARENT}, actor=world.ada)
    world.train("direct")
    one, two, nine = (world.metadata.lineage(MODEL, generations=number, actor=world.ada) for number in (1, 2, 9))
    assert "run:shop/r0" not in one.upstream() and "run:shop/r0" in two.upstream()
    assert two.links == nine.links and two.missing == nine.missing == ()


def test_a_digest_that_is_not_the_artifacts_is_refused_and_nothing_is_kept() -> None:
    world = World()
    with pytest.raises(IntegrityError, match="dataset:shop/clicks@3"):
        world.metadata.start_run("shop/r1", data={"training": Artifact(TRAINING, content("other"))}, actor=world.ada)
    assert world.metadata.count(actor=world.ada) == 0 and list(world.store.records("metadata")) == []


def test_a_lock_file_is_canonical_and_read_strictly() -> None:
    lock = LockFile.of(image=pair(IMAGE), data={"b": pair(TRAINING), "a": pair(VALIDATION)})
    assert LockFile.parse(lock.to_bytes()) == lock
    assert lock.to_bytes().index(b'"a"') < lock.to_bytes().index(b'"b"')
