"""The rows of the authorization matrix for services, which are in a zone of a platform on a cluster."""

from __future__ import annotations

from typing import Any

from mlplat.platform.identity import Right

from .matrix import Row
from .matrix_rows import DEPLOY, READ, WRITE, given
from .matrix_world import MODEL
from .serving.filled import REQUEST, STREAM

ZONE, FRONT = "shop-prod", "service:shop/front"
NEW, NEW_SERVICE = {"zone": ZONE, "request": REQUEST}, (DEPLOY, "service:shop/new")
IN_ZONE = (DEPLOY, f"zone:shop/{ZONE}")


def _front(right: Right, *names: Any, more: tuple[tuple[Right, str], ...] = (), **options: Any) -> Row:
    return Row(given("shop/front", *names, **options), ((right, FRONT), *more), zone=ZONE)


SERVING = {
    "deploy": Row(given("shop/new", f"{MODEL}@1", **NEW), (NEW_SERVICE, (DEPLOY, f"model:{MODEL}@1"), IN_ZONE), zone=ZONE),
    "create": Row(given("shop/new", **NEW), (NEW_SERVICE, IN_ZONE), zone=ZONE),
    "ensure": Row(given("shop/new", **NEW), (NEW_SERVICE, IN_ZONE), zone=ZONE),
    "ensure, of one that is there": _front(DEPLOY, zone=ZONE, retries=1),
    "remove": _front(DEPLOY),
    "add_version": _front(DEPLOY, f"{MODEL}@3", more=((DEPLOY, f"model:{MODEL}@3"), IN_ZONE)),
    "scale": _front(DEPLOY, f"{MODEL}@1", 2),
    "set_weights": _front(DEPLOY, {f"{MODEL}@1": 3, f"{MODEL}@2": 1}),
    "remove_version": _front(DEPLOY, f"{MODEL}@2"),
    "status": _front(READ),
    "list": Row(given()),
    "attach": _front(WRITE, STREAM),
    "detach": _front(WRITE, 0),
    "send": _front(READ),
    "observations": _front(READ),
    "observations, of a version": _front(READ, f"{MODEL}@1"),
    "collect": _front(READ, print),
}
