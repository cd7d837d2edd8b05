"""A-10.1: every public call of the image registry by everybody: only granted cells pass, and what is refused changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import AccessDenied
from mlplat.platform.artifacts.images import ImageRegistry
from mlplat.platform.identity import Principal

from .shops import CODE, LIBS, Shop, image

WHOLE, VERSION, PROJECT, ANY = "the image", "the version v1", "the project", "anything"
CALLS: dict[str, tuple[str, str, tuple[Any, ...], dict[str, Any]]] = {
    "publish": ("write", WHOLE, ("shop/train", image(CODE)), {"tags": ["v3"]}),
    "register": ("write", WHOLE, ("shop/train", image(CODE)), {"external": ["commit"]}),
    "tag": ("write", WHOLE, ("shop/train@v1", "new"), {}),
    "untag": ("write", WHOLE, ("shop/train", "v1"), {}),
    "fix_tags": ("admin", WHOLE, ("shop/train", ["v*"]), {}),
    "resolve": ("read", VERSION, ("shop/train@v1",), {}),
    "manifest": ("read", VERSION, (f"shop/train@{image().digest}",), {}),
    "pull": ("read", VERSION, ("shop/train@v1",), {}),
    "list": ("", ANY, (), {}),
    "search": ("", ANY, ("train",), {}),
    "history": ("read", WHOLE, ("shop/train",), {}),
    "storage": ("", ANY, (), {}),
    "delete": ("admin", VERSION, ("shop/train@v1",), {}),
    "collect": ("admin", PROJECT, ("shop",), {"dry_run": False}),
    "serve": ("admin", "the platform", (), {}),
}
EVERY = ("read", "write", "deploy", "admin")
HOLDS: dict[str, dict[str, set[str]]] = {
    "owner": {level: set(EVERY) for level in (WHOLE, VERSION, PROJECT)},
    "administrator": {level: set(EVERY) for level in (WHOLE, VERSION, PROJECT, "the platform")},
    "reader": {WHOLE: {"read"}, VERSION: {"read"}},
    "writer": {WHOLE: {"read", "write"}, VERSION: {"read", "write"}},
    "deployer": {WHOLE: {"deploy"}, VERSION: {"deploy"}},
    "deployer of another zone": {},
    "third party with version v1": {VERSION: {"read"}},
    "revoked": {},
    "expired": {},
    "colleague without": {},
    "deleted": {},
    "anonymous": {},
    "token of another": {},
}


def everybody(shop: Shop) -> dict[str, Principal | str | None]:
    """The principals of the table, with what they hold."""
    identity, ada, path = shop.identity, shop.ada, "image:shop/train"
    made: dict[str, Any] = {name: identity.create_user(name.replace(" ", "-"), actor=shop.admin) for name in HOLDS}
    third = shop.acme
    for name, rights in (("reader", "read"), ("writer", ["read", "write"]), ("deployer", "deploy"), ("deleted", "owner")):
        identity.grant(made[name], rights, path, actor=ada)
    identity.grant(made["deployer of another zone"], "deploy", path, zone="stage", actor=ada)
    identity.grant(third, "read", f"{path}@{image().digest}", actor=ada)
    identity.revoke(identity.grant(made["revoked"], "owner", path, actor=ada), actor=ada)
    identity.grant(made["expired"], "owner", path, until="1h", actor=ada)
    identity.delete(made["deleted"], actor=shop.admin)
    shop.sim.run(until="1h")
    return made | {
        "owner": ada,
        "administrator": shop.admin,
        "third party with version v1": third,
        "anonymous": None,
        "token of another": "eyJ0eXAi",
    }


def test_the_table_has_every_public_call() -> None:
    assert set(CALLS) == {name for name in vars(ImageRegistry) if not name.startswith("_") and callable(getattr(ImageRegistry, name))}


@pytest.mark.parametrize("name", CALLS)
def test_a10_1_only_granted_cells_pass(name: str) -> None:
    right, level, arguments, options = CALLS[name]
    for who, holds in HOLDS.items():
        shop = Shop()
        for tag, manifest in (("v1", image()), ("v2", image(LIBS))):
            shop.images.publish("shop/train", manifest, tags=[tag], actor=shop.ada)
        if name == "serve":
            arguments = (mp.Cluster(shop.sim, mp.ClusterSpec.uniform(nodes=1, cpus=1), scrape_period=None).endpoint,)
        principal = everybody(shop)[who]
        before, told = list(shop.store.records("images")), len(shop.sim.log)
        known = who not in ("anonymous", "token of another", "deleted")
        try:
            getattr(shop.images, name)(*arguments, **options, actor=principal)
            passed = True
        except AccessDenied:
            passed = False
        assert passed == (known if level == ANY else right in holds.get(level, set())), (name, who)
        if not passed:
            assert list(shop.store.records("images")) == before and [event.predicate for event in shop.sim.log[told:]] == ["access.denied"]
