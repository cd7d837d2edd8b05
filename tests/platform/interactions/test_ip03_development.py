"""IP-3 on a platform with everything wired: what the time until an environment starts consists of."""

from __future__ import annotations

import mlplat as mp
from mlplat.infra.virtualization import Usage, UsageCurve

from .worlds import Shop


def test_a3_4_from_request_to_start_is_wait_and_pull_and_start_each_shown() -> None:
    shop = Shop()
    image = shop.platform.images.resolve("shop/python@3.11", actor=shop.ada).reference
    zones, ada = shop.platform.zones, shop.ada
    zones.environment("ada-dev", None, {"cpus": 16}, called="first", actor=ada)
    shop.wait("1m")
    asked = shop.sim.now
    handle = zones.environment("ada-dev", image, {"cpus": 8}, called="second", actor=ada)
    shop.wait("5m")
    assert handle.reason == "ZONE_LIMIT"
    zones.stop("ada-dev@first", actor=ada)
    shop.wait("5m")
    times = {each: shop.sim.log.select(subject="*:second*", predicate=each)[0].time for each in ("workload.submitted", "workload.bound")}
    started = shop.sim.log.select(subject="runtime:second/0", predicate="runtime.started")[0]
    waited = times["workload.bound"] - times["workload.submitted"]
    assert times["workload.submitted"] == asked and waited >= 300.0 and started.data["pull_s"] > 0
    assert started.time - asked == waited + started.data["pull_s"] + started.data["start_s"]


def test_ip3_t_out_of_memory_ends_that_environment_only() -> None:
    shop = Shop()
    zones, ada = shop.platform.zones, shop.ada
    calm = zones.environment("ada-dev", None, {"cpus": 1, "memory": "4GiB"}, called="calm", actor=ada)
    greedy = mp.Workload("greedy", {"cpus": 1, "memory": "4GiB"}, duration="1h", usage=Usage(memory=UsageCurve.ramp(0, 1024, per="1m")))
    handle = zones.submit("ada-dev", greedy, actor=ada)
    shop.wait("30m")
    assert (str(handle.status.value), handle.reason, calm.status.value) == ("failed", "OOM_KILLED", "running")
    shop.check()
