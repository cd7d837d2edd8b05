"""The rows of the Monitoring System in the authorization matrix."""

from __future__ import annotations

from typing import Any

from mlplat.platform.automation.monitoring import Prediction
from mlplat.platform.identity import Principal, Right

from ..matrix import Row

WINDOW = "window:shop/churn"


def _row(right: Right, *names: Any) -> Row:
    return Row(lambda world, caller: (("shop/churn", *names), {}), ((right, WINDOW),))


def _watched(world: Any, caller: Principal | None) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return ("shop/churn",), {"account": world.monitor}


MONITORING = {
    "watch": Row(_watched, ((Right.ADMIN, WINDOW), (Right.ADMIN, "project:shop"))),
    "set_sampling": _row(Right.ADMIN, 0.5),
    "unwatch": _row(Right.ADMIN),
    "watches": Row(lambda world, caller: ((), {})),
    "collect": _row(Right.WRITE, [Prediction("r1", "shop/churn@1", {"x": 1.0}, 1)]),
    "lost": _row(Right.WRITE, "shop/churn@1", 3),
    "label": _row(Right.WRITE, {"r0": 1}),
    "close_window": _row(Right.ADMIN, "shop/churn@1"),
    "windows": _row(Right.READ),
    "incidents": _row(Right.READ),
}


def watched(world: Any, monitoring: Any) -> None:
    """What the rows are about: a watch of the owner's, with an answer."""
    world.monitor = world.identity.create_service_account("shop", "monitor", actor=world.owner)
    monitoring.watch("shop/churn", account=world.monitor, actor=world.owner)
    monitoring.collect("shop/churn", [Prediction("r0", "shop/churn@1", {"x": 1.0}, 1)], actor=world.owner)
