"""The shop's model in use: it answers requests of customers as `shop/api`, and its pipeline is bound where models are made anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...platform.automation.cd import Canary, CanaryPolicy
from ...platform.automation.retraining import RetrainingPolicy
from ...platform.observing import request_id
from ...platform.serving import Requests
from ...units import Duration, seconds

if TYPE_CHECKING:
    import polars as pl

    from ...platform.serving.answers import Observed
    from .customers import Customers
    from .shop import Shop

OPTIONS = {"request": {"cpus": 4, "memory": "8GiB"}, "base": "20ms", "slots": 2, "timeout": "2s", "retries": 2, "flush": "120s"}
"""What a replica is, and how long it takes for an answer."""
LABELS_LATE_S = 3600.0
"""After so long it is known of a customer whether they left."""


def open_api(
    shop: Shop,
    *,
    model: str = "shop/churn@1",
    rate: float = 2.0,
    lasts: Duration = "1d",
    strategy: Any = None,
    customers: Customers | None = None,
    sample: float = 0.5,
) -> float:
    """Deploy a model as `shop/api` on three replicas, let customers come at `rate` a second for so long, and wait until it has all traffic.

    `strategy`: of this and later rollouts, a canary of ten minutes a step unless said. `customers`: who asks; without them requests say
    nothing. Time (s) when requests began to come. The first version is judged too, against its baseline.
    """
    strategy = strategy or Canary(policy=CanaryPolicy(bake=600.0, deadline=7200.0))
    options = {**OPTIONS, "sample": sample}
    shop.platform.cd.deploy("shop/api", model, zone="prod", replicas=3, strategy=strategy, options=options, actor=shop.ada)
    shop.sim.run(until=shop.sim.now + 60)
    began = shop.sim.now
    requests = Requests.poisson(rate, until=lasts, service="lognormal", mean="30ms", seed=shop.sim.seed + 11)
    shop.platform.serving.attach("shop/api", requests, inputs=None if customers is None else customers.inputs, actor=shop.ada)
    if customers is not None:
        customers.come(requests.sent, began)
    return began


def bind_pipeline(shop: Shop, *, triggers: Sequence[str], data: Mapping[str, str] | None = None, **policy: Any) -> None:
    """Deploy the newest pipeline as `shop/train`, to be run again on these triggers as far as the level of the platform allows.

    What it makes is compared with the model in production on `shop/held`. `policy`: of a RetrainingPolicy.
    """
    platform, ada = shop.platform, shop.ada
    version = platform.orchestrator.publish("shop/churn@main", actor=ada)
    platform.retraining.configure(
        "shop/train",
        shop.robot,
        policy=RetrainingPolicy(**policy),
        data=data or {"customers": "shop/customers", "held": "shop/held"},
        current="shop/churn@production",
        held_out="shop/held",
        target="churned",
        deploy="shop/api",
        actor=ada,
    )
    change = platform.cd.deploy("shop/train", f"pipeline:{version.reference}", zone="prod", triggers=list(triggers), actor=ada)
    shop.sim.run(until=platform.cd.ended(change.id, actor=ada))


class Answers:
    """What becomes of customers is known an hour later: `publish`, called now and then, tells the Monitoring System.

    Of three rows one goes to `shop/held`, of which the newest thousand are kept, two to `shop/customers`, of which the newest two thousand
    are.
    """

    def __init__(self, shop: Shop, customers: Customers) -> None:
        self._shop, self._customers = shop, customers
        self._seen: list[tuple[float, Any]] = []

    def observed(self, observed: Observed) -> None:
        """Remember who was asked about."""
        self._seen.append((self._shop.sim.now, observed.request[observed.sampled].copy()))

    def publish(self) -> None:
        """Publish what is known by now."""
        platform, late = self._shop.platform, self._shop.sim.now - LABELS_LATE_S
        due = [numbers for time, numbers in self._seen if time <= late]
        self._seen = [each for each in self._seen if each[0] > late]
        if not due:
            return
        numbers = np.sort(np.concatenate(due))
        truth = self._customers.rows(numbers)
        for name, mine, most in (("shop/held", numbers % 3 == 0, 1000), ("shop/customers", numbers % 3 != 0, 2000)):
            known = platform.data.read(name, actor=self._shop.records)
            platform.data.publish(name, known.vstack(truth.filter(mine))[-most:], actor=self._shop.records)
        labels = dict(zip((request_id("shop/api", number) for number in numbers.tolist()), truth["churned"].to_list(), strict=True))
        platform.monitoring.label("shop/api", labels, actor=self._shop.records)


def answers_of(shop: Shop, customers: Customers, every: Duration = "30m") -> Answers:
    """Collect what `shop/api` answers, and publish what became of the customers every so often."""
    answers = Answers(shop, customers)
    shop.platform.serving.collect("shop/api", answers.observed, actor=shop.records)
    shop.sim.every(seconds(every), answers.publish)
    return answers


def accuracy_by_window(shop: Shop) -> pl.DataFrame:
    """Of each judged window of `shop/api` when it was judged (`time_s`), the model `version`, its `accuracy` and that of its baseline."""
    import polars as pl

    events = [event for event in shop.sim.log.select(predicate="window.evaluated") if event.data.get("about") == "quality"]
    rows = [(event.time, event.data["version"], event.data.get("statistic"), event.data.get("captured")) for event in events]
    return pl.DataFrame(rows, schema=["time_s", "version", "accuracy", "captured"], orient="row")
