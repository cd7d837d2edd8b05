"""Attacks by what outlives a call: subscriptions, captures and answers that are still in hand when the right is gone."""

from __future__ import annotations

from typing import Any

import pytest

from mlplat.errors import AccessDenied

from .matrix_world import AUTHOR, REPO, PlatformWorld


def _commit(world: PlatformWorld, text: str) -> str:
    return world.platform.scm.commit(REPO, "main", {"n": text}, text, author=AUTHOR, actor=world.owner).id


def test_a_subscriber_that_fails_keeps_nobody_from_committing_and_others_from_hearing() -> None:
    world = PlatformWorld()
    heard: list[str] = []

    def fails(event: Any) -> None:
        raise RuntimeError("of the subscriber's own")

    world.platform.scm.subscribe(REPO, fails, actor=world.bob)
    world.platform.scm.subscribe(REPO, lambda event: heard.append(event.data["commit"]), actor=world.owner)
    made = [_commit(world, "one"), _commit(world, "two")]
    assert heard == made
    (told,) = world.sim.log.select(predicate="call.refused")
    assert (told.subject, told.actor, told.data["error"]) == ("call:scm.subscribe", world.bob.id, "RuntimeError")
    assert world.platform.scm.resolve(f"{REPO}@main", actor=world.owner) == made[-1]


def test_a_subscription_hears_nothing_once_the_right_is_revoked_or_the_token_has_ended() -> None:
    world = PlatformWorld()
    eve = world.identity.create_third_party("eve", actor=world.identity.admin)
    grant = world.identity.grant(eve, "read", f"repo:{REPO}", actor=world.owner)
    token = world.identity.create_token(actor=eve)
    heard: list[tuple[str, str]] = []
    world.platform.scm.subscribe(REPO, lambda event: heard.append(("grant", event.data["commit"])), actor=eve)
    world.platform.scm.subscribe(REPO, lambda event: heard.append(("token", event.data["commit"])), actor=token.token)
    first = _commit(world, "one")
    world.identity.revoke_token(token.id, actor=eve)
    second = _commit(world, "two")
    world.identity.revoke(grant, actor=world.owner)
    _commit(world, "three")
    assert heard == [("grant", first), ("token", first), ("grant", second)]


def test_a_capture_that_is_still_open_states_nothing_once_the_right_is_revoked() -> None:
    world = PlatformWorld()
    eve = world.identity.create_user("eve", actor=world.identity.admin)
    grant = world.identity.grant(eve, ["read", "write"], "run:shop/eves", actor=world.owner)
    with pytest.raises(AccessDenied), world.platform.metadata.capture("shop/eves", actor=eve) as captured:
        captured.metrics({"auc": 0.5})
        world.identity.revoke(grant, actor=world.owner)
        before = len(world.platform.metadata.history("shop/eves", actor=world.owner))
        captured.metrics({"auc": 0.9})
    history = world.platform.metadata.history("shop/eves", actor=world.owner)
    assert "0.9" not in repr(history) and len(history) == before
