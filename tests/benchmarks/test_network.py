"""The benchmark of the network runs, on a small one."""

from __future__ import annotations

import json

import pytest

from benchmarks import network


def test_a_small_part_of_it_runs_and_finds_rates_fair(capsys: pytest.CaptureFixture[str]) -> None:
    assert network.main(["--smoke", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["hosts"] == 16 and shown["missed"] == []
    assert all(rates["best_per_second"] > 0 for rates in shown["active"].values())


def test_rates_that_are_not_fair_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    capacity, paths, _ = network.flows_of(4, 20, seed=0)
    right = network.max_min_rates
    assert network.unfair(capacity, paths) == ""
    monkeypatch.setattr(network, "max_min_rates", lambda *given: right(*given) * 0.5)
    assert "no bottleneck" in network.unfair(capacity, paths)
    monkeypatch.setattr(network, "max_min_rates", lambda *given: right(*given) * 2)
    assert "above its capacity" in network.unfair(capacity, paths)
