"""Options that cannot be used are named, with the closest known name first, before anything has run."""

from __future__ import annotations

from typing import Any

import pytest

from mlplat.errors import MlplatError, OptionError, UnknownNameError
from mlplat.hardware import ClusterSpec
from mlplat.infra.placement import BestFit, DotProduct, Fgd
from mlplat.runs.replay import replay

from .cases import cores

SPEC, TRACE = ClusterSpec.parse("3x4cpu"), cores([(0, 5, 3), (1, 5, 2)])


@pytest.mark.parametrize(
    ("option", "value", "closest"),
    [
        ("queue", "fifoo", "fifo"),
        ("queue", "best-effort", "best-effort-fifo"),
        ("queue", "EASY", None),
        ("queue", None, None),
        ("queue", ["fifo"], None),
        ("placement", "bestfit", "best-fit"),
        ("placement", "gpu-pack", "gpu-packing"),
        ("placement", "wurst-fit", "worst-fit"),
        ("placement", None, None),
        ("placement", 3, None),
        ("clock", "simp", "simpy"),
        ("clock", "wall", None),
    ],
)
def test_an_unknown_name_lists_the_known_ones_closest_first(option: str, value: Any, closest: str | None) -> None:
    with pytest.raises(UnknownNameError) as caught:
        replay(SPEC, TRACE, **{option: value})
    if closest is not None:
        assert caught.value.known[0] == closest
        assert f"did you mean {closest!r}?" in str(caught.value)
    assert str(caught.value).startswith(f"unknown {option}")
    assert len(caught.value.known) >= 2


@pytest.mark.parametrize(
    "options",
    [
        {"ties": "alphabetical"},
        {"ties": [0, 1]},
        {"ties": [0, 1, 1]},
        {"ties": [1, 2, 3]},
        {"ties": [0.0, 1.0, 2.0]},
        {"ties": ["a", "b", "c"]},
        {"ties": None},
        {"ties": [[0, 1, 2]]},
        {"seed": -1},
        {"seed": 1.5},
        {"seed": True},
        {"seed": "1"},
        {"seed": None},
        {"until": -1},
        {"until": "soon"},
        {"until": float("nan")},
        {"until": float("inf")},
        {"failures": "yes"},
    ],
    ids=str,
)
def test_a_value_that_cannot_be_used_is_named(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError) as caught:
        replay(SPEC, TRACE, **options)
    (name,) = options
    assert name in str(caught.value) or "duration" in str(caught.value)
    assert "expected" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: BestFit(dimensions=()),
        lambda: BestFit(dimensions=("cpu", "ram")),
        lambda: DotProduct(norm="largest"),  # type: ignore[arg-type]
        lambda: BestFit(levels=-1),
        lambda: BestFit(levels=1),
        lambda: Fgd(levels=10_000_000),
        lambda: Fgd(cover=0),
        lambda: Fgd(cover=1.5),
        lambda: Fgd(cover=float("nan")),
    ],
)
def test_parameters_of_a_policy_are_checked_when_it_is_made(make: Any) -> None:
    with pytest.raises(MlplatError):
        make()


def test_ranks_say_which_of_equal_nodes_is_first() -> None:
    assert replay(SPEC, TRACE, placement="first-fit", ties=[2, 0, 1]).attempts["node"].to_list() == [1, 2]
    assert replay(SPEC, TRACE, placement="first-fit", ties="node-order").attempts["node"].to_list() == [0, 1]


def test_a_horizon_is_given_as_people_write_it() -> None:
    assert replay(SPEC, TRACE, until="1.5h").end_s == 5400
    assert replay(SPEC, TRACE, until=90).end_s == 90


def test_labels_tell_parameters() -> None:
    assert replay(SPEC, TRACE, placement=BestFit(dimensions=("cpu", "gpu"), norm="cluster", levels=100)).placement == (
        "best-fit(cpu+gpu, norm=cluster, levels=100)"
    )
    assert Fgd(levels=0, cover=0.9).label() == "fgd(levels=0, cover=0.9)"
    assert replay(SPEC, TRACE, placement=BestFit()).placement == "best-fit"
