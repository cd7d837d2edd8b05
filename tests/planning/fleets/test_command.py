"""`mlplat fleet` as its users meet it."""

from __future__ import annotations

import json
import sys

import pytest

from mlplat import cli


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit status."""
    monkeypatch.setattr(sys, "argv", ["mlplat", "fleet", *arguments])
    with pytest.raises(SystemExit) as left:
        cli.main()
    return int(left.value.code or 0)


SMALL = ("--rate", "20", "--service", "100ms", "--requests", "5000")


def test_the_answer_is_in_words_and_in_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, *SMALL, "--p99", "800ms", "--price", "2") == 0
    words = capsys.readouterr().out
    assert run(monkeypatch, *SMALL, "--p99", "800ms", "--price", "2", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (
        found["met"] and words.startswith(f"{found['replicas']} replicas keep P99") and found["cost_per_month"] == found["replicas"] * 1460
    )


def test_an_objective_that_is_missed_ends_with_1_and_says_why(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, *SMALL, "--p99", "200ms") == 1
    assert "no fleet keeps P99 of the latency within 200 ms" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        SMALL,
        (*SMALL, "--p99", "1s", "--objective", "p95_wait=1s"),
        (*SMALL, "--objective", "p95_wait"),
        (*SMALL, "--objective", "p95_joy=1s"),
        (*SMALL, "--p99", "never"),
        (*SMALL, "--p99", "1s", "--batch", "0"),
    ],
)
def test_bad_input_ends_with_2_and_one_line(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, *arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.startswith("error: ") and shown.err.count("\n") == 1


def test_every_option_reaches_the_fleet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    options = (
        "--slots",
        "2",
        "--batch",
        "4",
        "--batch-wait",
        "5ms",
        "--base",
        "10ms",
        "--each",
        "1ms",
        "--timeout",
        "5s",
        "--queue",
        "500",
    )
    more = ("--autoscale", "3", "--least", "2", "--cold-start", "5s", "--until", "10m", "--swing", "0.2", "--distribution", "lognormal")
    rest = ("--scv", "0.5", "--objective", "p95_latency=2s", "--replications", "2", "--confidence", "0.9", "--most", "50", "--seed", "3")
    assert run(monkeypatch, *SMALL, *options, *more, *rest, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["objective"] == "p95_latency" and found["confidence"] == 0.9 and found["seed"] == 3 and found["by_formula"] is None
