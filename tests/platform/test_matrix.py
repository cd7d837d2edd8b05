"""The authorization matrix of the Identity Provider itself, and of the harness."""

from __future__ import annotations

from functools import partial
from typing import Any

import mlplat as mp
from mlplat.platform.component import Component, call
from mlplat.platform.identity import IdentityProvider, Principal, Right
from mlplat.platform.storage import Store

from .matrix import CALLERS, PASSWORD, PLATFORM, Row, covers, deviations

DATA = "dataset:shop/clicks"


class IdentityWorld:
    """The provider, with a project, two people and a group."""

    def __init__(self) -> None:
        self.sim = mp.Simulation()
        self.store = Store()
        self.identity = IdentityProvider(self.sim, self.store, password_cost=2)
        admin = self.identity.admin
        self.owner = self.identity.create_user("owner", actor=admin)
        self.identity.create_project("shop", owner=self.owner, actor=admin)
        self.identity.create_project("elsewhere", owner=admin, actor=admin)
        self.bob, self.carl = (self.identity.create_user(name, actor=admin) for name in ("bob", "carl"))
        self.team = self.identity.create_group("team", [self.bob], actor=admin)
        self.identity.add_member("shop", self.bob, actor=admin)
        self.share = self.identity.grant(self.carl, "read", DATA, actor=self.owner)

    @property
    def component(self) -> Component:
        return self.identity

    @property
    def stores(self) -> tuple[Store, ...]:
        return (self.store,)


def _with(*names: str, **options: Any) -> Any:
    """Arguments of which those that begin with `.` are attributes of the world."""

    def arguments(world: Any, caller: Principal | None) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return tuple(getattr(world, name[1:]) if name.startswith(".") else name for name in names), options

    return arguments


def _own_token(world: IdentityWorld, caller: Principal | None) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return (world.identity.create_token(actor=caller or world.bob).id,), {}


_platform = partial(Row, needs=((Right.ADMIN, PLATFORM),))
_project = partial(Row, needs=((Right.ADMIN, "project:shop"),))

TABLE = {
    "create_user": _platform(_with("dora")),
    "create_third_party": _platform(_with("dora", origin="other/user-3")),
    "create_service_account": _project(_with("shop", "robot")),
    "create_group": _platform(_with("others")),
    "add_to_group": _platform(_with("team", ".carl")),
    "remove_from_group": _platform(_with("team", ".bob")),
    "delete": _platform(_with(".bob")),
    "principals": Row(_with()),
    "whoami": Row(_with()),
    "create_role": _platform(_with("reviewer", "read")),
    "roles": Row(_with()),
    "create_project": _platform(_with("books", ".bob")),
    "add_member": _project(_with("shop", ".carl", "viewer")),
    "remove_member": _project(_with("shop", ".bob")),
    "members": Row(_with("shop"), ((Right.READ, "project:shop"),)),
    "grant": Row(_with(".bob", "read", DATA, zone="prod"), ((Right.SHARE, DATA), (Right.READ, DATA)), zone="prod"),
    "revoke": Row(_with(".share"), ((Right.SHARE, DATA),)),
    "decide": Row(_with("read", DATA)),
    "grants_on": Row(_with(DATA), ((Right.SHARE, DATA),)),
    "grants_of": Row(_with()),
    "audit": Row(_with(), whole=True),
    "set_password": _platform(_with(".bob", "another password")),
    "change_password": Row(_with(PASSWORD, "another password"), whole=True),
    "create_token": Row(_with(), whole=True),
    "tokens": Row(_with(), whole=True),
    "revoke_token": Row(_own_token, whole=True),
    "revoke_tokens": Row(_with(), whole=True),
}


def test_a10_1_s96_every_call_of_the_identity_provider_passes_for_those_whom_a_grant_allows_it_and_nobody_else() -> None:
    found, cells = deviations(IdentityWorld, IdentityProvider, TABLE)
    assert found == []
    assert cells == len(TABLE) * len(CALLERS)


class _Careless(Component):
    """What the harness must find."""

    KIND, SOURCE = "dataset", "careless"

    def _apply(self, record: Any) -> None:
        pass

    @call(Right.READ)
    def read(self, name: str, *, actor: Any) -> None:
        self._keep({"what": "read"})

    @call(Right.READ)
    def count(self, name: str, *, actor: Any) -> None:
        """Takes less than the table says."""

    @call(Right.READ)
    def forgotten(self, name: str, *, actor: Any) -> None:
        """Is in no table."""


class _CarelessWorld(IdentityWorld):
    @property
    def component(self) -> Component:
        return _Careless(self.sim, self.identity, self.store)


def test_the_matrix_finds_a_call_that_is_in_no_table_and_one_that_passes_for_others() -> None:
    table = {"read": Row(_with("shop/clicks"), ((Right.READ, DATA),)), "count": Row(_with("shop/clicks"), ((Right.WRITE, DATA),))}
    found, _ = deviations(_CarelessWorld, _Careless, table)
    assert found[0] == "_Careless.forgotten: not in the table"
    assert any("count, colleague with grant: refused" in problem for problem in found)
    assert not any("read" in problem.split(",")[0] for problem in found)


def test_the_rule_of_the_matrix_is_that_of_the_words() -> None:
    assert covers("dataset:shop/*", "dataset:shop/clicks@3") and covers("dataset:shop/clicks", "dataset:shop/clicks@3")
    assert not covers("dataset:shop/clicks@3", "dataset:shop/clicks") and not covers("dataset:shop/*", "model:shop/churn")
    assert (
        covers("project:shop", "project:shop") and not covers("project:shop", "project:shopping") and not covers("project:shop", PLATFORM)
    )
