"""A-10.1: every public call of the model registry by everybody: only granted cells pass, and what is refused changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from mlplat.errors import AccessDenied
from mlplat.platform.artifacts.models import ModelRegistry
from mlplat.platform.identity import Principal

from .shops import Shop

WHOLE, VERSION, ANY = "the model", "version 1", "anything"
CALLS: dict[str, tuple[str, str, tuple[Any, ...], dict[str, Any]]] = {
    "register": ("write", WHOLE, ("shop/churn", b"new"), {"run": "r"}),
    "set_tags": ("write", VERSION, ("shop/churn@1", {"a": "b"}), {}),
    "describe": ("write", VERSION, ("shop/churn@1", "text"), {}),
    "resolve": ("read", VERSION, ("shop/churn@1",), {}),
    "load": ("read", VERSION, ("shop/churn@champion",), {}),
    "deployable": ("deploy", VERSION, ("shop/churn@1",), {"zone": "prod"}),
    "list": ("", ANY, (), {}),
    "versions": ("", ANY, ("shop/churn",), {}),
    "search": ("", ANY, (), {}),
    "compare": ("read", VERSION, ("shop/churn@1", "shop/churn@champion"), {}),
    "aliases": ("read", WHOLE, ("shop/churn",), {}),
    "history": ("read", WHOLE, ("shop/churn",), {}),
    "stage_history": ("read", WHOLE, ("shop/churn",), {}),
    "rules": ("read", WHOLE, ("shop/churn",), {}),
    "set_rules": ("admin", WHOLE, ("shop/churn", "@champion", ["run"]), {}),
    "promote": ("write", WHOLE, ("shop/churn@1", "staging"), {}),
    "set_alias": ("write", WHOLE, ("shop/churn@1", "new"), {}),
    "set_stage": ("write", WHOLE, ("shop/churn@1", "staging"), {}),
    "remove_alias": ("write", WHOLE, ("shop/churn", "champion"), {}),
    "protect": ("deploy", VERSION, ("shop/churn@1", "other"), {"zone": "prod"}),
    "unprotect": ("deploy", VERSION, ("shop/churn@1", "it"), {"zone": "prod"}),
    "delete": ("admin", VERSION, ("shop/churn@2",), {}),
}
HOLDS: dict[str, dict[str, set[str]]] = {
    "owner": {WHOLE: {"read", "write", "deploy", "admin"}, VERSION: {"read", "write", "deploy", "admin"}},
    "administrator": {WHOLE: {"read", "write", "deploy", "admin"}, VERSION: {"read", "write", "deploy", "admin"}},
    "reader": {WHOLE: {"read"}, VERSION: {"read"}},
    "writer": {WHOLE: {"read", "write"}, VERSION: {"read", "write"}},
    "deployer": {WHOLE: {"deploy"}, VERSION: {"deploy"}},
    "deployer of another zone": {},
    "third party with version 1": {VERSION: {"read"}},
    "revoked": {},
    "expired": {},
    "colleague without": {},
    "deleted": {},
    "anonymous": {},
    "token of another": {},
}


def everybody(shop: Shop) -> dict[str, Principal | str | None]:
    """The principals of the table, with what they hold."""
    identity, ada, model = shop.identity, shop.ada, "model:shop/churn"
    made: dict[str, Any] = {name: identity.create_user(name.replace(" ", "-"), actor=shop.admin) for name in HOLDS}
    third = identity.create_third_party("acme", actor=shop.admin)
    for name, rights in (("reader", "read"), ("writer", ["read", "write"]), ("deployer", "deploy"), ("deleted", "owner")):
        identity.grant(made[name], rights, model, actor=ada)
    identity.grant(made["deployer of another zone"], "deploy", model, zone="stage", actor=ada)
    identity.grant(third, "read", f"{model}@1", actor=ada)
    identity.revoke(identity.grant(made["revoked"], "owner", model, actor=ada), actor=ada)
    identity.grant(made["expired"], "owner", model, until="1h", actor=ada)
    identity.delete(made["deleted"], actor=shop.admin)
    shop.sim.run(until="1h")
    return made | {
        "owner": ada,
        "administrator": shop.admin,
        "third party with version 1": third,
        "anonymous": None,
        "token of another": "eyJ0eXAi",
    }


def test_the_table_has_every_public_call() -> None:
    assert set(CALLS) == {name for name in vars(ModelRegistry) if not name.startswith("_") and callable(getattr(ModelRegistry, name))}


@pytest.mark.parametrize("name", CALLS)
def test_a10_1_only_granted_cells_pass(name: str) -> None:
    right, level, arguments, options = CALLS[name]
    for who, holds in HOLDS.items():
        shop = Shop()
        shop.add(b"1", external=["data"])
        shop.add(b"2")
        shop.models.set_alias("shop/churn@1", "champion", actor=shop.ada)
        shop.models.protect("shop/churn@1", "it", actor=shop.ada)
        principal = everybody(shop)[who]
        before, told = shop.records(), len(shop.sim.log)
        known = who not in ("anonymous", "token of another", "deleted")
        try:
            getattr(shop.models, name)(*arguments, **options, actor=principal)
            passed = True
        except AccessDenied:
            passed = False
        assert passed == (known if level == ANY else right in holds.get(level, set())), (name, who)
        if not passed:
            assert shop.records() == before and [event.predicate for event in shop.sim.log[told:]] == ["access.denied"]
