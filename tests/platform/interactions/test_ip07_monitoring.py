"""IP-7 on a platform with everything wired: what the monitor says when it loses samples, may not read, or has less to go by."""

from __future__ import annotations

from .worlds import API, OPTIONS, Shop, model_of


def watched(**options: object) -> Shop:
    """A model is served under traffic and watched."""
    shop = Shop("3x16cpu", limit=48)
    shop.push()
    model = model_of(shop.train(shop.publish()))
    shop.serve(model, strategy="rolling", replicas=3, options={**OPTIONS, "request": {"cpus": 9}, **options})
    shop.platform.monitoring.watch(API, account=shop.robot, rows=500, actor=shop.ada)
    shop.traffic()
    shop.wait("2m")
    return shop


def test_ip7_n_samples_on_a_node_that_dies_are_lost_and_the_window_says_how_many() -> None:
    shop = watched(flush="30s")
    shop.wait("17s")  # between two tellings
    shop.cluster.hardware.crash(shop.cluster.endpoint.describe("shop-api-v1").parts[0].node)
    shop.wait("30m")
    windows = shop.platform.monitoring.windows(API, actor=shop.ada)
    assert windows and all(window.rows >= 500 for window in windows)
    lost = sum(window.lost for window in windows)
    seen = sum(window.rows for window in windows)
    assert lost > 0 and seen + lost <= shop.status().versions[0].counts["sent"]
    shop.check()


def test_ip7_q_less_is_sampled_and_that_is_told() -> None:
    shop = watched()
    shop.platform.monitoring.set_sampling(API, 0.1, actor=shop.ada)
    assert shop.events("watch.set")[-1].data["sampling"] == 0.1
    before = len(shop.platform.monitoring.windows(API, actor=shop.ada))
    shop.wait("20m")
    assert len(shop.platform.monitoring.windows(API, actor=shop.ada)) - before <= 1
    shop.check()


def test_ip7_p_a_monitor_that_may_not_read_says_so_and_the_service_goes_on() -> None:
    shop = watched()
    before = shop.production()
    shop.platform.identity.remove_member("shop", shop.robot, actor=shop.ada)
    since = len(shop.sim.log)
    answered = shop.status().versions[0].counts["answered"]
    shop.wait("20m")
    assert [event for event in shop.events("access.denied", since) if event.actor == shop.robot.id]
    incidents = [event.data["kind"] for event in shop.events("incident.detected", since)]
    assert incidents == ["access"], "one, and not silence"
    assert shop.status().versions[0].counts["answered"] > answered and shop.production() == before
    shop.check()
