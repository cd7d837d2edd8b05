"""Calls: what is refused says no more than who calls has said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import AccessDenied
from mlplat.platform.component import Component, call
from mlplat.platform.identity import IdentityProvider, Principal, Right
from mlplat.platform.references import Reference


class _Shelf(Component):
    KIND, SOURCE = "image", "shelf"

    def _resource_of(self, parameter: str, value: Any) -> str:
        found = Reference.parse(value)
        return f"image:{found.at('7')}" if found.version in ("", "newest") else f"image:{found}"

    def _named(self, parameter: str, value: Any, resource: str) -> str:
        return f"image:{Reference.parse(value)}"

    def _meant(self, parameter: str, given: Any, options: Mapping[str, Any]) -> Any:
        return Reference.parse(given).at(options["edition"]) if "edition" in options else given

    @call(Right.READ)
    def open(self, book: str, *, edition: int = 0, actor: Principal) -> str:
        return book


def _people() -> tuple[_Shelf, Principal, IdentityProvider]:
    sim = mp.Simulation()
    identity = IdentityProvider(sim)
    bob = identity.create_user("bob", actor=identity.admin)
    identity.create_project("lib", owner=identity.admin, actor=identity.admin)
    return _Shelf(sim, identity), bob, identity


@pytest.mark.parametrize("written", ["lib/emma", "lib/emma@newest", "lib/emma@9"])
def test_a_refusal_names_the_resource_as_it_was_written(written: str) -> None:
    shelf, bob, _ = _people()
    with pytest.raises(AccessDenied) as refused:
        shelf.open(written, actor=bob)
    assert refused.value.resource == f"image:{written}" and "@7" not in str(refused.value)


def test_a_keyword_may_say_which_version_is_meant() -> None:
    shelf, bob, identity = _people()
    identity.grant(bob, "read", "image:lib/emma@3", actor=identity.admin)
    assert shelf.open("lib/emma", edition=3, actor=bob) == "lib/emma"
    with pytest.raises(AccessDenied):
        shelf.open("lib/emma", edition=4, actor=bob)
