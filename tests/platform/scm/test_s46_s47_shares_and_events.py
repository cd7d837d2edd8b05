"""Shares of a repository and of one commit, and what is announced."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import AccessDenied, MlplatError, OptionError, UnknownNameError
from mlplat.events import Event
from mlplat.platform.artifacts.scm import MoveRefused
from mlplat.platform.artifacts.scm.object_store import ObjectStore, checked

from .worlds import REPO, World


def test_s46_a_share_of_a_commit_opens_its_closure_and_nothing_else() -> None:
    """S-46"""
    world = World()
    scm, ada, guest = world.scm, world.ada, world.outsider
    first, shared, later = world.commit({"a": b"1"}), world.commit({"a": b"2"}), world.commit({"secret": b"3"})
    world.identity.grant(guest, "read", f"repo:{REPO}@{shared}", actor=ada)
    reference = f"{REPO}@{shared}"
    assert scm.read(reference, "a", actor=guest) == b"2"
    assert scm.read(reference, "a", at=first, actor=guest) == b"1"
    assert [commit.id for commit in scm.log(reference, actor=guest)] == [shared, first]
    bundle = scm.objects(reference, actor=guest)
    assert list(checked(bundle.frames, ObjectStore())) == scm._repositories[REPO].objects.closure([shared])
    assert len(bundle.frames) == 6
    with pytest.raises(UnknownNameError):
        scm.read(reference, "secret", at=later, actor=guest)
    for other in (f"{REPO}@{later}", f"{REPO}@{first}", f"{REPO}@main", REPO):
        for ask in (
            lambda ref: scm.read(ref, "a", actor=guest),
            lambda ref: scm.log(ref, actor=guest),
            lambda ref: scm.objects(ref, actor=guest),
        ):
            with pytest.raises(AccessDenied):
                ask(other)
    for whole in (scm.branches, scm.tags, scm.changes):
        with pytest.raises(AccessDenied):
            whole(REPO, actor=guest)
    for both in (scm.diff, scm.diff_text, scm.merge_base):
        both(reference, reference, actor=guest)
        for pair in ((reference, f"{REPO}@{later}"), (f"{REPO}@{later}", reference), (reference, f"{REPO}@main")):
            with pytest.raises(AccessDenied):
                both(*pair, actor=guest)
    for single in (scm.blame, scm.read):
        single(reference, "a", actor=guest)
        with pytest.raises(AccessDenied):
            single(f"{REPO}@{later}", "a", actor=guest)
        with pytest.raises(UnknownNameError):
            single(reference, "a", at=later, actor=guest)
    with pytest.raises(AccessDenied):
        scm.set_status(reference, "success", actor=guest)
    assert scm.list(actor=guest) == (reference,)


def test_s46_a_share_of_a_repository_opens_all_of_it_until_it_is_revoked() -> None:
    """S-46"""
    world = World()
    world.commit({"a": b"1"})
    grant = world.identity.grant(world.bob, "read", f"repo:{REPO}", actor=world.ada)
    later = world.commit({"a": b"2"})
    assert world.scm.read(f"{REPO}@{later}", "a", actor=world.bob) == b"2"
    assert world.scm.list(actor=world.bob) == (REPO,)
    with pytest.raises(AccessDenied):
        world.scm.commit(REPO, "main", {"a": b"3"}, "x", actor=world.bob)
    world.identity.revoke(grant, actor=world.ada)
    with pytest.raises(AccessDenied):
        world.scm.read(REPO, "a", actor=world.bob)
    assert world.scm.list(actor=world.bob) == ()


def test_a10_3_unknown_and_forbidden_look_alike() -> None:
    """A-10.3"""
    world = World()
    head = world.commit({"a": b"1"})
    world.scm.tag(REPO, "v1", actor=world.ada)
    there = [REPO, f"{REPO}@main", f"{REPO}@v1", f"{REPO}@{head}", f"{REPO}@{head[:6]}"]
    absent = ["shop/other", f"{REPO}@maim", f"{REPO}@v2", f"{REPO}@{'0' * 40}", f"{REPO}@{'0' * 6}"]
    texts = []
    for reference in there + absent:
        with pytest.raises(AccessDenied) as denied:
            world.scm.read(reference, "a", actor=world.outsider)
        texts.append(str(denied.value).replace(reference, "…"))
        assert denied.value.resource == f"repo:{reference}"
    assert len(set(texts)) == 1
    assert world.scm.list(actor=world.outsider) == ()


def test_s47_each_new_head_is_announced_once_and_in_order() -> None:
    """S-47"""
    world = World()
    heard: list[Event] = []
    end = world.scm.subscribe(REPO, heard.append, actor=world.carl)
    world.scm.create_repository("shop/other", actor=world.ada)
    heads = [world.commit({"a": str(number)}) for number in range(5)]
    world.scm.commit("shop/other", "main", {"a": b"1"}, "elsewhere", actor=world.ada)
    world.scm.push(REPO, "main", heads[-1], actor=world.ada)
    with pytest.raises(MoveRefused):
        world.scm.push(REPO, "main", heads[0], actor=world.ada)
    told = [event for event in world.sim.log.select(predicate="commit.pushed") if REPO in event.subject]
    assert [event.data["commit"] for event in heard] == heads
    assert heard == told
    assert [(event.data["before"], event.data["branch"]) for event in heard] == [(before, "main") for before in ["", *heads[:-1]]]
    assert {event.actor for event in heard} == {world.ada.id} and heard[0].subject == f"repo:{REPO}@{heads[0]}"
    end()
    world.commit({"a": b"last"})
    assert len(heard) == 5


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["commit", "branch", "push", "force", "merge", "prepare", "change", "delete", "nothing"]),
        st.sampled_from(["main", "b", "c"]),
        st.sampled_from(["main", "b", "c"]),
    ),
    max_size=20,
)


@given(STEPS)
def test_s47_whatever_moves_a_branch_each_move_is_announced_once(steps: list[tuple[str, str, str]]) -> None:
    """S-47: the heads before and after each call, against what was told of it; a candidate of a merge is no head."""
    world = World()
    scm, ada = world.scm, world.ada
    heard: list[Event] = []
    scm.subscribe(REPO, heard.append, actor=world.carl)
    world.commit({"a": b"0"})
    for branch in ("b", "c"):
        scm.create_branch(REPO, branch, actor=ada)
        world.commit({branch: b"0"}, branch=branch)
    candidates: list[str] = []
    calls = {
        "commit": lambda branch, _: world.commit({branch: str(len(heard))}, branch=branch),
        "branch": lambda branch, other: scm.create_branch(REPO, branch, other, actor=ada),
        "push": lambda branch, other: scm.push(REPO, branch, other, actor=ada),
        "force": lambda branch, other: scm.push(REPO, branch, other, force=True, actor=ada),
        "merge": lambda branch, other: scm.merge(REPO, branch, other, actor=ada),
        "prepare": lambda branch, other: candidates.append(scm.prepare_merge(REPO, branch, other, actor=ada)),
        "change": lambda branch, other: scm.merge_change(REPO, scm.create_change(REPO, other, branch, "x", actor=ada).number, actor=ada),
        "delete": lambda branch, _: scm.delete_branch(REPO, branch, actor=ada),
        "nothing": lambda branch, _: scm.import_objects(REPO, scm.objects(f"{REPO}@{branch}", actor=ada), actor=ada),
    }
    for what, branch, other in steps:
        before, since = dict(scm.branches(REPO, actor=ada)), len(heard)
        world.sim.run(until=world.sim.now + 1)
        with suppress(MlplatError):
            calls[what](branch, other)
        after = dict(scm.branches(REPO, actor=ada))
        moved = {name: (before.get(name, ""), head) for name, head in after.items() if before.get(name) != head}
        told = [event for event in heard[since:] if event.data["branch"]]
        assert [(event.data["branch"], event.data["before"], event.data["commit"]) for event in told] == [
            (name, *heads) for name, heads in moved.items()
        ]
    made = [event.data["commit"] for event in heard if not event.data["branch"]]
    assert made == list(dict.fromkeys(candidates)) and all(event.data["candidate_for"] for event in heard if not event.data["branch"])
    assert heard == list(world.sim.log.select(predicate="commit.pushed"))


def test_s47_who_may_no_longer_read_hears_no_more() -> None:
    """S-47"""
    world = World()
    heard: list[Event] = []
    grant = world.identity.grant(world.bob, "read", f"repo:{REPO}", actor=world.ada)
    world.scm.subscribe(REPO, heard.append, actor=world.bob)
    world.commit({"a": b"1"})
    world.identity.revoke(grant, actor=world.ada)
    world.commit({"a": b"2"})
    assert len(heard) == 1
    with pytest.raises(AccessDenied):
        world.scm.subscribe(REPO, heard.append, actor=world.bob)


def test_a_refused_call_leaves_one_event_and_nothing_else() -> None:
    world = World()
    world.commit({"a": b"1"})
    before, records = len(world.sim.log), len(list(world.store.records("scm")))
    with pytest.raises(AccessDenied):
        world.scm.commit(REPO, "main", {"a": b"2"}, "x", actor=world.bob)
    with pytest.raises(AccessDenied):
        world.scm.commit(REPO, "main", {"a": b"2"}, "x", actor=None)
    assert [event.predicate for event in world.sim.log[before:]] == ["access.denied"] * 2
    assert len(list(world.store.records("scm"))) == records


def test_repositories_are_listed_by_project() -> None:
    world = World()
    admin = world.identity.admin
    world.identity.create_project("lab", owner=world.ada, actor=admin)
    world.scm.create_repository("lab/x", actor=world.ada)
    assert world.scm.list(actor=world.ada) == ("lab/x", REPO)
    assert world.scm.list("lab", actor=world.ada) == ("lab/x",) and world.scm.list("la", actor=world.ada) == ()
    with pytest.raises(OptionError):
        world.scm.list("Lab!", actor=world.ada)


def test_s46_the_list_of_repositories_is_looked_up_by_the_grants_of_the_caller_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """S-46: a token that is for less shows less, ended grants nothing, and the grants of others are not gone through."""
    world = World()
    first, second = world.commit({"a": b"1"}), world.commit({"a": b"2"})
    identity, guest = world.identity, world.outsider
    ended = identity.grant(guest, "read", f"repo:{REPO}@{first}", actor=world.ada)
    identity.grant(guest, "read", f"repo:{REPO}@{second}", until="1h", actor=world.ada)
    identity.grant(guest, "write", f"repo:{REPO}@{'0' * 40}", actor=world.ada)
    identity.set_password(guest, "correct horse battery", actor=world.admin)
    token = identity.authenticate("acme", "correct horse battery").token
    narrow = identity.create_token({f"repo:{REPO}@{first}": "read"}, actor=token).token
    monkeypatch.setattr(type(identity._authorization.grants), "__iter__", None)
    assert set(world.scm.list(actor=guest)) == {f"{REPO}@{first}", f"{REPO}@{second}"}
    assert world.scm.list(actor=narrow) == (f"{REPO}@{first}",)
    identity.revoke(ended, actor=world.ada)
    assert world.scm.list(actor=narrow) == ()
    world.sim.run(until="1h")
    assert world.scm.list(actor=guest) == ()
