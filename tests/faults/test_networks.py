"""Live cases with a network are drawn, and what is wrong with one is found."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import fault_live, faults
from benchmarks.fault_live import LiveCase
from mlplat.infra.network.address_plan import AddressPlan
from mlplat.infra.network.service_registry import ServiceRegistry


def joined(count: int) -> list[LiveCase]:
    cases = (fault_live.make_case(5, index) for index in range(faults.LIVE_SHARE - 1, 10_000, faults.LIVE_SHARE))
    found = (case for case in cases if case.network)
    return [next(found) for _ in range(count)]


def first_violation(rule: str, count: int = 40) -> str:
    for case in joined(count):
        violation = faults.run_case(case).violation
        if violation is not None:
            assert violation.rule == rule, violation
            return violation.detail
    return ""


def test_every_kind_of_network_is_drawn_with_links_that_fail_and_gangs_that_wait() -> None:
    cases = joined(60)
    assert {case.network for case in cases} == {"beside", "gateway", "narrow", "slow"}
    assert any(call.verb == "fail_link" for case in cases for call in case.calls)
    assert any("sync" in work.options for case in cases for work in case.works)
    assert cases[0] == joined(1)[0]


def test_an_address_that_is_not_given_back_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AddressPlan, "release", lambda self, address, now: None)
    assert "are in use" in first_violation("network")


def test_a_name_that_leads_nowhere_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgets(self: Any, name: str, ready: bool, **more: Any) -> None:
        pass

    monkeypatch.setattr(ServiceRegistry, "set_ready", forgets)
    assert "leads to" in first_violation("log")
