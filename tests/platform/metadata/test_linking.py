"""Direct and chained linking: the same graph where both are whole, and exactly what is missing where one is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import InputError, IntegrityError
from mlplat.platform.artifacts.metadata import Artifact, LockFile, MissingLink, MissingReason, Via
from mlplat.platform.storage import digest_of_json, digest_of_parts

from .world import CODE, COMMIT, IMAGE, MODEL, PARENT, PIPELINE, TRAINING, VALIDATION, World, content, pair

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
_LOCK_ROLES: dict[str, tuple[str, dict[str, object]]] = {
    "image": (IMAGE, {"image": None}),
    "training": (TRAINING, {"data": {"validation": pair(VALIDATION)}}),
    "validation": (VALIDATION, {"data": {"training": pair(TRAINING)}}),
    "parent": (PARENT, {"parent": None}),
}
for _linking in ("direct", "chained", "both"):  # every link that can be removed by itself, of either kind
    for _role, (_resource, _less) in _LOCK_ROLES.items():
        if _linking != "chained":
            BREAKS[f"{_linking}: {_role} of the record"] = (_linking, _withdraw(_role), MissingLink(RUN, _role, RECORD, NOT, _resource))
        if _linking != "direct":
            BREAKS[f"{_linking}: {_role} of the lock file"] = (_linking, _relock(**_less), MissingLink(RUN, _role, LOCKED, NOT, _resource))
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


ROLES = st.dictionaries(st.sampled_from(["training", "validation", "holdout", "features"]), st.integers(1, 9), min_size=1)


@given(ROLES, st.booleans(), st.booleans(), st.data())
def test_any_whole_record_is_the_same_either_way_and_any_role_less_is_named(
    roles: dict[str, int], parent: bool, piped: bool, data: st.DataObject
) -> None:
    named = {role: f"dataset:shop/{role}@{version}" for role, version in roles.items()}
    above = PARENT if parent else None
    found = set()
    for linking in ("direct", "chained", "both"):
        world = World()
        world.there |= {name: content(name) for name in named.values()}
        world.lock(data={role: pair(name) for role, name in named.items()}, parent=pair(above) if above else None)
        fields = {"code": CODE, "pipeline": PIPELINE if piped else None, "seed": 1, "linking": linking}
        if linking != "chained":
            fields |= {"image": IMAGE, "data": named, "parent": above}
        world.metadata.start_run("shop/r1", actor=world.ada, **fields)
        world.metadata.finish_run("shop/r1", outputs={} if linking == "chained" else {"model": MODEL}, actor=world.ada)
        if linking != "direct":
            world.register()
        lineage = world.metadata.lineage(MODEL, actor=world.ada)
        assert lineage.missing == () and lineage.reproducible
        found.add((lineage.nodes, lineage.links, lineage.fingerprint))
        role = data.draw(st.sampled_from(sorted(named)))
        if linking == "chained":
            left = {each: pair(name) for each, name in named.items() if each != role}
            world.lock(data=left, parent=pair(above) if above else None)
        else:
            world.metadata.withdraw("shop/r1", role, actor=world.ada)
        expected = MissingLink(RUN, role, LOCKED if linking == "chained" else RECORD, NOT, named[role])
        assert world.metadata.lineage(MODEL, actor=world.ada).missing == (expected,)
    assert len(found) == 1


@given(st.data())
def test_a_damaged_lock_file_is_read_or_an_input_error(data: st.DataObject) -> None:
    content_ = bytearray(LockFile.of(image=pair(IMAGE), data={"training": pair(TRAINING)}, parent=pair(PARENT)).to_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content_) - 1))
        content_[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        assert LockFile.parse(bytes(content_)).links() is not None
    except InputError as error:
        assert "mlplat.lock" in str(error)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '{"format": 1, "colour": 1}',
        '{"format": 1, "data": []}',
        '{"format": 1, "image": 3}',
        '{"format": 1, "image": {"name": "shop/x@1"}}',
        '{"format": 1, "image": {"name": "shop/x@1", "digest": ""}}',
        '{"format": 1, "data": {"image": {"name": "shop/x@1", "digest": "sha256:' + "0" * 64 + '"}}}',
        '{"format": 1, "data": {"training": null}}',
        '{"format": 1, "format": 1}',
        '{"format": 1, "data": ' + "[" * 5000 + "}",
        " " * (2**20 + 1),
    ],
)
def test_what_is_no_lock_file_is_an_input_error(text: str) -> None:
    with pytest.raises(InputError, match=r"mlplat\.lock"):
        LockFile.parse(text.encode())


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


def test_of_several_runs_that_name_a_model_the_last_to_start_made_it() -> None:
    world = World()
    world.train("direct", "shop/r2")
    world.sim.run(until=10)
    world.train("direct", "shop/r1")
    assert world.metadata.lineage(MODEL, actor=world.ada).run == RUN


def test_another_commit_in_the_registry_is_a_conflict() -> None:
    world = World()
    world.train("both")
    other = COMMIT[:-1] + "0"
    world.there[other] = ""
    world.files[f"{other.removeprefix('repo:')}:mlplat.lock"] = world.files[LOCK]
    world.commits[MODEL] = other
    assert missing_of(world) == (MissingLink(RUN, "code", REGISTRY, MissingReason.CONFLICT, other),)


def test_a_record_that_names_another_commit_is_of_that_one_alone() -> None:
    world = World()
    world.lock()
    other = CODE[:-1] + "0"
    world.metadata.start_run("shop/r1", code=other, seed=1, actor=world.ada)
    world.metadata.record("shop/r1", code=CODE, actor=world.ada)
    world.metadata.start_run("shop/r2", code=other, seed=1, actor=world.ada)
    world.there["repo:" + other] = ""
    world.files[f"{other}:mlplat.lock"] = world.files[LOCK]
    world.register(commit="repo:" + other)
    assert world.metadata.lineage(MODEL, linking="chained", actor=world.ada).run == "run:shop/r2"


def test_a_direct_record_takes_nothing_from_the_registry() -> None:
    world = World()
    world.metadata.start_run("shop/r1", code=CODE, image=IMAGE, data={"training": TRAINING}, seed=1, actor=world.ada)
    world.register()
    assert world.metadata.run("shop/r1", actor=world.ada).outputs == {}


def test_without_a_seed_nothing_is_missing_and_nothing_is_promised() -> None:
    world = World()
    world.metadata.start_run("shop/r1", code=CODE, image=IMAGE, data={"training": TRAINING}, actor=world.ada)
    world.metadata.finish_run("shop/r1", outputs={"model": MODEL}, actor=world.ada)
    lineage = world.metadata.lineage(MODEL, actor=world.ada)
    assert (lineage.missing, lineage.parts["seed"], lineage.reproducible) == ((), None, False)


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


def test_a_part_of_the_fingerprint_that_is_not_known_is_null() -> None:
    """Section 5: an unknown part enters as null."""
    world = World()
    world.metadata.start_run(
        "shop/r1", code=CODE, image=IMAGE, data={"training": TRAINING}, inputs={"more": "window:shop/w@1"}, seed=1, actor=world.ada
    )
    world.metadata.finish_run("shop/r1", outputs={"model": MODEL}, actor=world.ada)
    lineage = world.metadata.lineage(MODEL, actor=world.ada)
    parts = {"code": "a1" * 20, "data": None, "image": content(IMAGE), "parameters": digest_of_json({}), "pipeline": None, "seed": 1}
    assert dict(lineage.parts) == parts and lineage.fingerprint == digest_of_json(parts)
    assert (lineage.missing, lineage.reproducible) == ((), False)
    stranger = world.metadata.lineage("shop/stranger@1", actor=world.ada)
    assert stranger.fingerprint == digest_of_json(dict.fromkeys(parts))
    world.metadata.record("shop/r1", data={"more": VALIDATION}, actor=world.ada)
    known = world.metadata.lineage(MODEL, actor=world.ada)
    assert known.parts["data"] == digest_of_parts({"training": content(TRAINING), "more": content(VALIDATION)}) and known.reproducible


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
