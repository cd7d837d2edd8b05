"""The campaign of zones finds nothing wrong with the library, and finds what is made wrong on purpose."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchmarks import zone_schedules
from benchmarks.zone_cases import ZoneCase
from mlplat.infra.kernels.quota_state import CLAIMS, Quotas, Reclaiming
from mlplat.infra.kernels.state import RUNNING, World

SCHEDULES, PARTS = 2_000, 4
COMPILED = zone_schedules.run_interruptible


@pytest.mark.parametrize("part", range(PARTS))
def test_two_thousand_schedules_under_zones_break_no_promise(part: int) -> None:
    """A-11.3, S-99, S-104, S-106: limits, guarantees, starts in time, no victim in vain."""
    each = SCHEDULES // PARTS
    figures = zone_schedules.CAMPAIGN.figures(each, seed=0, first=part * each)
    assert not figures["violations"], "\n".join(map(zone_schedules.CAMPAIGN.report, figures["violations"]))
    assert figures["instants"] > 5 * each and figures["attempts"] > 2 * each and figures["live"] == each // 10


# -- what is made wrong, in the arrays that the kernels read


def without_limits(quotas: Quotas) -> None:
    """Nobody has a limit."""
    quotas.limit[:] = 2**50


def with_all_lent(quotas: Quotas) -> None:
    """Nobody keeps anything."""
    quotas.brought[0] += quotas.kept[1:].sum(axis=0)
    quotas.kept[:] = 0


def without_reclaim(quotas: Quotas) -> None:
    """Nobody gets back what others have borrowed."""
    quotas.reclaim[:] = Reclaiming.NEVER


def with_everybody_over(quotas: Quotas) -> None:
    """All are taken for borrowers."""
    quotas.brought[1:] = np.minimum(quotas.brought[1:], 0)


def with_long_grace(quotas: Quotas) -> None:
    """Those who are stopped have as long as they like."""
    quotas.grace[:] = 1e6


@pytest.mark.parametrize(
    ("spoil", "rules"),
    [
        (without_limits, ("limits", "starts")),
        (with_all_lent, ("limits", "starts", "charges")),
        (without_reclaim, ("entitled",)),
        (with_everybody_over, ("victims",)),
        (with_long_grace, ("bounds",)),
    ],
)
def test_a_broken_promise_is_found_and_shrunk(
    monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Quotas], None], rules: tuple[str, ...]
) -> None:
    make = ZoneCase.run

    def spoiled(self: ZoneCase, *arguments: Any) -> Any:
        run = make(self, *arguments)
        spoil(run.world.quotas)
        return run

    monkeypatch.setattr(ZoneCase, "run", spoiled)
    case, violation = first_violation(rules)
    small, found = zone_schedules.CAMPAIGN.shrink(case, violation)
    assert found.rule == violation.rule and len(small.jobs) <= min(8, len(case.jobs)) and not small.faults


def forget_a_charge(world: World) -> None:
    """A unit is not charged."""
    if world.count[RUNNING] > 1:
        world.quotas.use[1:, 0] -= world.quotas.use[1:, 0] > 0


def forget_earmarks(world: World) -> None:
    """Nodes are no longer kept for a claim."""
    if world.quotas.number[CLAIMS] > 0:
        world.quotas.planned_on[:] = 0


def forget_a_job(world: World) -> None:
    """A lane loses the job that stands first."""
    world.quotas.top[:] = -1


@pytest.mark.parametrize(
    ("spoil", "rules"), [(forget_a_charge, ("charges",)), (forget_earmarks, ("earmarks",)), (forget_a_job, ("lanes",))]
)
def test_books_that_are_wrong_are_found(monkeypatch: pytest.MonkeyPatch, spoil: Callable[[World], None], rules: tuple[str, ...]) -> None:
    runs: dict[int, World] = {}
    make = ZoneCase.run

    def remembering(self: ZoneCase, *arguments: Any) -> Any:
        run = make(self, *arguments)
        runs[0] = run.world
        return run

    def advance(address: int, until: float, instants: int) -> int:
        status = COMPILED(address, until, instants)
        spoil(runs[0])
        return status

    monkeypatch.setattr(ZoneCase, "run", remembering)
    monkeypatch.setattr(zone_schedules, "run_interruptible", advance)
    assert first_violation(rules)[1].rule in rules


def first_violation(rules: tuple[str, ...]) -> tuple[Any, Any]:
    """The first case that breaks a rule."""
    for index in (i for i in range(600) if i % zone_schedules.LIVE != zone_schedules.LIVE - 1):
        case = zone_schedules.make_case(1, index)
        found = zone_schedules.run_case(case, both=False, whole=False).violation
        if found is not None and found.rule in rules:
            return case, found
    raise AssertionError(f"no case breaks any of {rules}")


def test_a_case_without_a_violation_ends_with_status_zero(capsys: pytest.CaptureFixture[str]) -> None:
    assert zone_schedules.CAMPAIGN.command(["--seed", "2", "--case", "0", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["schedules"] == 1 and figures["violations"] == [] and figures["instants"] > 0
