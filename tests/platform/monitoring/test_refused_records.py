"""A store that refuses a record: what was collected is not lost, and is judged at the next chance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from mlplat.platform.storage import Store
from mlplat.platform.storage.store import StoreError

from .shop import SERVICE, Shop


class Refusing(Store):
    """Refuses the next record of some `what`."""

    refused = ""

    def append(self, journal: str, *records: Mapping[str, Any]) -> None:
        if any(record["what"] == self.refused for record in records):
            self.refused = ""
            raise StoreError("memory", "the disk is full")
        super().append(journal, *records)


@pytest.fixture
def shop() -> Shop:
    made = Shop(Refusing())
    made.capture()
    return made


def test_rows_of_a_window_whose_record_was_refused_are_in_the_next(shop: Shop) -> None:
    shop.watch()
    store = shop.platform.store
    store.refused = "window.closed"  # type: ignore[attr-defined]
    with pytest.raises(StoreError, match="full"):
        shop.serve(600, shift=1.0)
    assert shop.monitoring.windows(SERVICE, actor=shop.ada) == () and shop.open() == []
    assert shop.serve(1, shift=1.0).kept == 1
    (window,) = shop.monitoring.windows(SERVICE, actor=shop.ada)
    assert (window.rows, window.seen, window.outcome.value) == (601, 601, "drift") and shop.open() == ["drift"]
    rows = shop.data.read(window.dataset, actor=shop.ada)
    assert rows["request"].to_list() == [f"r{number}" for number in range(601)]


def test_a_window_that_is_closed_by_the_clock_is_closed_at_its_next_turn(shop: Shop) -> None:
    shop.watch(every="1h", rows=10_000)
    shop.serve(600)
    shop.platform.store.refused = "window.closed"  # type: ignore[attr-defined]
    with pytest.raises(StoreError):
        shop.sim.run(until="90m")
    shop.sim.run(until="150m")
    (window,) = shop.monitoring.windows(SERVICE, actor=shop.ada)
    assert window.rows == 600


def test_labels_whose_judgement_was_refused_are_judged_with_the_next(shop: Shop) -> None:
    shop.watch(labels=200)
    answers = shop.answers(500)
    shop.monitoring.collect(SERVICE, answers, actor=shop.server)
    shop.platform.store.refused = "state.changed"  # type: ignore[attr-defined]
    with pytest.raises(StoreError):
        shop.label(answers[:300], wrong=0.5)
    assert shop.open() == []
    verdict = shop.label(answers[300:301], wrong=0.5).verdicts["shop/churn@1"]
    assert verdict.labels == 301 and shop.open() == ["degradation"]
