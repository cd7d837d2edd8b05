"""A-10.1 Every public call of the SCM by everybody: only what is granted passes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlplat.errors import AccessDenied, MlplatError
from mlplat.platform.artifacts.scm import SCM
from mlplat.platform.identity import Principal, Right

from .worlds import REPO, World

CALLS: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "abandon_change": ((REPO, 1), {}),
    "blame": ((f"{REPO}@main", "a"), {}),
    "branches": ((REPO,), {}),
    "changes": ((REPO,), {}),
    "checkout": ((f"{REPO}@main",), {}),
    "commit": ((REPO, "main", {"a": b"new"}, "new"), {}),
    "create_branch": ((REPO, "new"), {}),
    "create_change": ((REPO, "side", "main", "title"), {}),
    "create_repository": (("shop/new",), {}),
    "delete_branch": ((REPO, "side"), {}),
    "delete_repository": ((REPO,), {}),
    "delete_tag": ((REPO, "v1"), {}),
    "diff": ((f"{REPO}@main", f"{REPO}@main"), {}),
    "diff_text": ((f"{REPO}@main", f"{REPO}@main"), {}),
    "export_repository": ((REPO, Path("/dev/null/nowhere")), {}),
    "import_objects": ((REPO, None), {}),
    "import_repository": ((REPO, Path("/dev/null/nowhere")), {}),
    "log": ((f"{REPO}@main",), {}),
    "merge": ((REPO, "main", "side"), {}),
    "merge_base": ((f"{REPO}@main", f"{REPO}@main"), {}),
    "merge_change": ((REPO, 1), {}),
    "objects": ((f"{REPO}@main",), {}),
    "prepare_merge": ((REPO, "main", "side"), {}),
    "protect": ((REPO, "main"), {}),
    "push": ((REPO, "new", "main"), {}),
    "read": ((f"{REPO}@main", "a"), {}),
    "list": ((), {}),
    "resolve": ((f"{REPO}@main",), {}),
    "review": ((REPO, 1, "request_changes"), {}),
    "set_status": ((f"{REPO}@main", "success"), {}),
    "show": ((f"{REPO}@main",), {}),
    "statuses": ((f"{REPO}@main",), {}),
    "subscribe": ((REPO, print), {}),
    "tag": ((REPO, "v2"), {}),
    "tags": ((REPO,), {}),
    "unprotect": ((REPO, "main"), {}),
}
OF_A_COMMIT = {"blame", "checkout", "diff", "diff_text", "log", "merge_base", "objects", "read", "resolve", "show", "statuses"}
"""What a right to read one commit is enough for."""


def _public() -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, method in inspect.getmembers(SCM, callable):
        if not name.startswith("_"):
            yield name, method


def _people(world: World) -> dict[str, tuple[Principal | None, frozenset[Right], bool]]:
    """By name who calls, the rights they hold on the repository, and whether they may read the head of `main` alone."""
    head = world.scm.resolve(REPO, actor=world.ada)
    identity, ada = world.identity, world.ada
    reader, ended, revoked = (identity.create_user(name, actor=world.admin) for name in ("reader", "ended", "revoked"))
    identity.grant(reader, "read", f"repo:{REPO}", actor=ada)
    identity.grant(world.outsider, "read", f"repo:{REPO}@{head}", actor=ada)
    identity.grant(ended, "owner", f"repo:{REPO}", until=10, actor=ada)
    identity.revoke(identity.grant(revoked, "owner", f"repo:{REPO}", actor=ada), actor=ada)
    world.sim.run(until=20)
    maintainer = frozenset({Right.READ, Right.WRITE, Right.SHARE, Right.DEPLOY, Right.APPROVE})
    return {
        "owner": (ada, frozenset(Right), False),
        "maintainer": (world.carl, maintainer, False),
        "contributor": (world.robot, frozenset({Right.READ, Right.WRITE}), False),
        "reader": (reader, frozenset({Right.READ}), False),
        "third party with a commit": (world.outsider, frozenset(), True),
        "colleague without": (world.bob, frozenset(), False),
        "expired": (ended, frozenset(), False),
        "revoked": (revoked, frozenset(), False),
        "nobody": (None, frozenset(), False),
    }


def test_every_public_call_is_checked_and_is_in_this_table() -> None:
    assert {name for name, _ in _public()} == set(CALLS)
    assert all(hasattr(method, "check") for _, method in _public())


@pytest.mark.parametrize("name", sorted(CALLS))
def test_a10_1_only_who_holds_the_right_may(name: str) -> None:
    """A-10.1"""
    for who in _people(_world()):
        world = _world()
        actor, rights, one_commit = _people(world)[who]
        check = getattr(SCM, name).check
        of_new = name == "create_repository" and who not in ("owner", "maintainer", "contributor")
        expected = actor is not None and (
            check.right is None or (check.right in rights and not of_new) or (one_commit and name in OF_A_COMMIT)
        )
        arguments, options = CALLS[name]
        before = len(list(world.store.records("scm"))), len(list(world.store.digests()))
        try:
            getattr(world.scm, name)(*arguments, **options, actor=actor)
            allowed = True
        except AccessDenied:
            allowed = False
        except MlplatError:
            allowed = True  # it was let in, and then something else was wrong
        assert allowed == expected, (name, who)
        if not allowed:
            assert before == (len(list(world.store.records("scm"))), len(list(world.store.digests())))


def _world() -> World:
    world = World()
    world.commit({"a": b"1"})
    world.scm.create_branch(REPO, "side", actor=world.ada)
    world.commit({"b": b"2"}, branch="side")
    world.scm.tag(REPO, "v1", actor=world.ada)
    world.scm.create_change(REPO, "side", "main", "change", actor=world.ada)
    return world
