"""Each documented scenario of Kueue, on both clocks: who runs, who waits and who is stopped (docs/quotas_and_kueue.md)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from . import borrowing, fair_preemption, fair_turns, flavors, hierarchies, lending, ordering, reclaiming, stopping_to_borrow, within_queues
from .replaying import began_as_they_came, expected, replayed, seen
from .scenario import Scenario

TABLES = (borrowing, lending, within_queues, reclaiming, stopping_to_borrow, hierarchies, fair_turns, fair_preemption, flavors, ordering)
ROWS = [row for table in TABLES for row in table.ROWS]


def test_rows_have_names_of_their_own_and_sources() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS) > 60
    assert all(row.source for row in ROWS)


@pytest.mark.parametrize("row", [row for row in ROWS if row.kueue is not None], ids=lambda row: row.name)
def test_where_an_outcome_is_another_than_in_kueue_the_row_says_why(row: Scenario) -> None:
    assert row.kueue is not None
    assert row.why
    assert expected(row, row.kueue) != expected(row, row.outcome)


@pytest.mark.parametrize(("row", "queue"), [(row, queue) for row in ROWS for queue in row.under], ids=lambda one: getattr(one, "name", one))
def test_outcomes_are_those_of_kueue(row: Scenario, queue: str) -> None:
    compiled = replayed(row, queue, "replay")
    assert not began_as_they_came(row, compiled)
    found = seen(row, compiled)
    wanted = expected(row, row.outcome)
    assert replace(found, on={name: flavor for name, flavor in found.on.items() if name in wanted.on}) == wanted
    live = replayed(row, queue, "simpy")
    assert live.fingerprint == compiled.fingerprint
    assert live.attempts.equals(compiled.attempts, null_equal=True)
