"""Attacks by asking after people: a third party sees itself and its groups, whatever it asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mlplat.errors import MlplatError

from .matrix_world import DATA, PlatformWorld


def test_a10_3_a_third_party_does_not_learn_who_else_is_there() -> None:
    world = PlatformWorld()
    identity, admin = world.identity, world.identity.admin
    eve = identity.create_third_party("eve", actor=admin)
    identity.create_service_account("shop", "robot", actor=admin)
    identity.grant(eve, ["read", "share"], f"dataset:{DATA}@1", actor=world.owner)
    asks: tuple[Callable[[str], Any], ...] = (
        lambda name: identity.grants_of(name, actor=eve),
        lambda name: identity.tokens(name, actor=eve),
        lambda name: identity.revoke_tokens(name, actor=eve),
        lambda name: identity.create_token(principal=name, actor=eve),
        lambda name: identity.audit(principal=name, actor=eve),
        lambda name: identity.members(name, actor=eve),
        lambda name: identity.authenticate(name, "a wrong password"),
    )
    for number, ask in enumerate(asks):
        said = set()
        for name in ("bob", "owner", "team", "robot", "user-2", "nobody-7", "user-99", "shop", "lab"):
            with pytest.raises(MlplatError) as refused:
                ask(name)
            said.add((type(refused.value), str(refused.value).replace(name, "NAME")))
        assert len(said) == 1, (number, said)
    assert [each.id for each in identity.principals(actor=eve)] == [eve.id]
    log = len(world.sim.log)
    for token in (1, 2, 10**9, -1, "x", None, True):
        for ask_token in (identity.revoke_token, identity.revoke):
            with pytest.raises(MlplatError):
                ask_token(token, actor=eve)  # type: ignore[arg-type]
    assert {event.predicate for event in world.sim.log[log:]} == {"access.denied"}
