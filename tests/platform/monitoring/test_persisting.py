"""An incident that goes on is told again in a rhythm, as the same incident (A-8.5)."""

from __future__ import annotations

import pytest

from mlplat.errors import OptionError
from mlplat.platform.storage import Store

from ..states import differing, plain
from .shop import SERVICE, Shop


def test_a8_5_an_incident_that_goes_on_is_told_again_after_so_many_further_windows() -> None:
    shop = Shop()
    shop.capture()
    shop.watch(again=3, normal=2)
    for shift in (1.0, 1.0, 0.0, 1.0, 1.5, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0):
        shop.serve(shift=shift)
    detected, windows = shop.events("incident.detected"), shop.events("window.evaluated")
    assert [(event.subject, event.time, event.data.get("further", 0)) for event in detected] == [
        ("incident:shop/churn/1", 1.0, 0),
        ("incident:shop/churn/1", 5.0, 3),
        ("incident:shop/churn/1", 8.0, 6),
        ("incident:shop/churn/2", 11.0, 0),
    ]
    assert [event.cause for event in detected] == [windows[at].id for at in (0, 4, 7, 10)]
    assert detected[1].data["window"] == windows[4].subject and detected[1].data["effect"] > detected[0].data["effect"]
    first, second = shop.monitoring.incidents(SERVICE, actor=shop.bob)
    assert (first.further, first.opened_s, first.resolved_s, second.further) == (6, 1.0, 10.0, 0)
    texts = [message.text for message in shop.platform.inbox.messages(actor=shop.bob)]
    assert [text.rpartition(", ")[2] for text in texts[1:3]] == ["still after 3 further windows", "still after 6 further windows"]


def test_the_rhythm_goes_on_when_the_platform_is_opened_again() -> None:
    shop = Shop(Store())
    shop.capture()
    shop.watch(again=2)
    shop.serve(shift=1.0)
    shop.serve(shift=1.0)
    again = shop.monitor()
    assert differing(plain(shop.monitoring._state), plain(again._state)) == ""
    again.collect(SERVICE, shop.answers(500, shift=1.0), actor=shop.server)
    assert [event.data.get("further") for event in shop.events("incident.detected")] == [None, 2]


@pytest.mark.parametrize("again", [0, -1, True, 1.5])
def test_a_rhythm_is_a_whole_number_of_windows(again: object) -> None:
    with pytest.raises(OptionError, match="again"):
        Shop().watch(again=again)
