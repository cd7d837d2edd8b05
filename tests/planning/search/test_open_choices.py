"""What is open in a space of counts, against plain sets."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import OptionError
from mlplat.planning.search.open_choices import OpenChoices
from mlplat.planning.search.space import Space


@st.composite
def spaces(draw: st.DrawFn) -> Space:
    groups = draw(st.integers(1, 3))
    least = tuple(draw(st.integers(0, 3)) for _ in range(groups))
    most = tuple(a + draw(st.integers(0, 4)) for a in least)
    prices = tuple(draw(st.sampled_from([0.0, 1.0, 1.1, 2.5, 7.0])) for _ in range(groups))
    return Space(("a", "b", "c")[:groups], least, most, prices)


def choices_of(space: Space) -> list[tuple[int, ...]]:
    return list(itertools.product(*(range(a, b + 1) for a, b in zip(space.least, space.most, strict=True))))


@given(spaces(), st.data())
def test_closing_is_that_of_plain_sets(space: Space, data: st.DataObject) -> None:
    choices, left = OpenChoices(space), set(choices_of(space))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.sampled_from(choices_of(space)))
        spare = data.draw(st.integers(0, 2))
        kind = data.draw(st.sampled_from(["below", "above", "from", "one", "dearer"]))
        apart = {c: sum(abs(x - y) for x, y in zip(c, at, strict=True)) for c in left}
        if kind == "below":
            gone = {c for c in left if all(x <= y for x, y in zip(c, at, strict=True)) and not 0 < apart[c] <= spare}
            told = choices.close_below(at, spare=spare)
        elif kind == "above":
            gone = {c for c in left if all(x >= y for x, y in zip(c, at, strict=True)) and not 0 < apart[c] <= spare}
            told = choices.close_above(at, spare=spare)
        elif kind == "from":
            gone = {c for c in left if space.rank(c) >= space.rank(at)}
            told = choices.close_from(at)
        elif kind == "one":
            gone, told = left & {at}, choices.close(at)
        else:
            gone = {c for c in left if space.cost(c) > space.cost(at)}
            told = choices.close_dearer(space.cost(at))
        left -= gone
        assert told == len(gone)
        assert len(choices) == len(left)
        assert {c for c in choices_of(space) if choices.is_open(c)} == left


@given(spaces())
def test_the_next_choice_closes_the_most_in_the_worse_case(space: Space) -> None:
    choices = OpenChoices(space)

    def worse(at: tuple[int, ...]) -> int:
        below = sum(all(x <= y for x, y in zip(c, at, strict=True)) for c in choices_of(space))
        return min(below, sum(space.rank(c) >= space.rank(at) for c in choices_of(space)))

    taken = choices.next()
    assert taken is not None
    assert worse(taken) == max(map(worse, choices_of(space)))


def test_with_one_group_it_is_the_middle() -> None:
    choices = OpenChoices(Space(("node",), (1,), (15,), (3.0,)))
    assert choices.next() == (8,)
    choices.close_below((8,))
    assert choices.next() == (12,)
    choices.close_from((9,))
    assert choices.next() is None


def test_a_box_that_nobody_thought_about_is_refused() -> None:
    with pytest.raises(OptionError, match=r"narrow the ranges under search\.groups"):
        OpenChoices(Space(("a", "b"), (0, 0), (9_999, 9_999), (1.0, 1.0)))


def test_what_is_affordable_is_what_the_budget_allows_of_each_group_alone() -> None:
    space = Space(("a", "b"), (1, 0), (50, 50), (100.0, 30.0), fixed=500.0)
    assert space.affordable(1000.0) == (5, 13)
    assert space.affordable(10.0) == (1, 0)


@pytest.mark.parametrize(
    ("least", "most", "prices"), [((2,), (1,), (1.0,)), ((0,), (1,), (-1.0,)), ((0,), (1,), (float("nan"),)), ((), (), ())]
)
def test_ranges_and_prices_that_are_none_are_refused(least: tuple[int, ...], most: tuple[int, ...], prices: tuple[float, ...]) -> None:
    with pytest.raises(OptionError, match="expected"):
        Space(("a",)[: len(least)], least, most, prices)
