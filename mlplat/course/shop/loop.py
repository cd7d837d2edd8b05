"""The closed loop of lesson 11: a shop that serves, watches its model, and trains anew."""

from __future__ import annotations

from collections.abc import Callable

from .customers import Customers
from .serving import answers_of, bind_pipeline, open_api
from .shop import Shop

CHANGE_S, LASTS_S = 3 * 3600.0, 10 * 3600.0


def closed_loop(level: int = 2, *, delay: str = "2h", prepare: Callable[[Shop, float], object] | None = None) -> tuple[Shop, float]:
    """A shop whose customers change after three of ten hours, and when the first of them came (s).

    Half of two requests a second are watched, in windows of 1,000. Drift is to lead to a run of the pipeline, `delay` later, and at level 2
    to a canary. `prepare(shop, began_s)`: called before time passes, to take something away.
    """
    shop = Shop(level)
    shop.train()
    customers = Customers(change_s=CHANGE_S)
    began = open_api(shop, rate=2.0, lasts=LASTS_S, customers=customers)
    answers_of(shop, customers)
    shop.platform.monitoring.watch("shop/api", account=shop.robot, rows=1000, actor=shop.ada)
    bind_pipeline(shop, triggers=["drift:shop/api"], on=("drift",), cooldown="6h", delay=delay, accept="better")
    if prepare is not None:
        prepare(shop, began)
    shop.sim.run(until=began + LASTS_S)
    return shop, began
