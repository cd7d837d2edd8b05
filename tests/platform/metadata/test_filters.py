"""The filter language: what holds, and where a filter that cannot be read goes wrong."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.platform.artifacts.metadata import FilterError, parse_filter

FIELDS: dict[str, dict[str, Any]] = {
    "metrics": {"auc": 0.9, "val loss": 2.0, "f1.macro": 0.5},
    "parameters": {"model": "tree", "depth": 3, "deep": True, "or": "x"},
    "tags": {"team": "Growth"},
    "attributes": {"status": "success", "started": 10.0, "ended": None, "seed": 7, "name": "r1"},
}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "metrics.auc > 0.8 and params.model = 'tree'",
        'metrics.auc > .8 AND parameters.model == "tree"',
        "metrics.`val loss` = 2 and metrics.'val loss' <= 2e0 and metrics.f1.macro >= 0.5",
        "params.depth = 3 and params.depth != 4 and params.deep = true and params.deep != false",
        "metrics.auc < 0.1 or status = 'success'",
        "not (metrics.auc < 0.1 or status = 'failure')",
        "not not status = 'success'",
        "tags.team like 'Gr%' and tags.team ilike 'g_owth' and tags.team not like 'gr%'",
        "params.depth in (1, 2, 3) and params.model not in ('a', 'b')",
        "ended is null and started is not null and attributes.seed = 7",
        "metrics.none is null and not metrics.none > 0 and not metrics.none <= 0 and not params.none != 'x'",
        "params.model != 3 or params.model = 'tree'",
        "params.`or` = 'x'",
        "name = 'r\\1'",
        "metrics.auc > 0.1 and metrics.auc < 0.5 or metrics.auc > 0.8",
        "started = -1 or started = +10",
    ],
)
def test_a_filter_holds(text: str) -> None:
    assert parse_filter(text)(FIELDS)


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("metrics.auc >", 14, "number"),
        ("metrics.auc > 'x'", 15, "a number"),
        ("tags.team = 3", 13, "'text'"),
        ("metrics.auc ! 3", 13, "comparison"),
        ("metrics.auc = 3 and", 20, "a name"),
        ("metrics.auc = 3 params.x = 1", 17, "'and'"),
        ("colour = 3", 1, "status"),
        ("colours.x = 3", 1, "metrics"),
        ("attributes.colour = 3", 12, "status"),
        ("(metrics.auc = 3", 17, "')'"),
        ("metrics.auc in ()", 17, "a number"),
        ("metrics.auc in (1 2)", 19, "',' or ')'"),
        ("metrics.auc like 'x'", 13, "numbers"),
        ("params.x like 3", 15, "'text'"),
        ("params.x not = 3", 14, "'in'"),
        ("params.x < true", 10, "= or !="),
        ("metrics.auc is 3", 16, "'null'"),
        ("params.x = 'open", 12, "a name"),
        ("params.x = 1e999", 12, ""),
        ("params.x = 3x", 12, "a name"),
        ("and", 1, "a name"),
        ("; drop", 1, "a name"),
    ],
)
def test_a_filter_that_cannot_be_read_says_where(text: str, column: int, expected: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter(text)
    assert (caught.value.column, caught.value.text) == (column, text)
    assert expected in caught.value.expected
    assert str(caught.value).startswith(f"filter, column {column}: ")


def test_brackets_and_length_have_a_bound() -> None:
    assert parse_filter("(" * 50 + "seed = 7" + ")" * 50)(FIELDS)
    with pytest.raises(FilterError, match="levels of brackets"):
        parse_filter("(" * 51 + "seed = 7" + ")" * 51)
    with pytest.raises(FilterError, match="at most 10,000"):
        parse_filter("seed = 7 and " * 1000 + "seed = 7")


@given(st.text(max_size=60))
def test_any_text_is_a_filter_or_a_filter_error(text: str) -> None:
    try:
        assert parse_filter(text)(FIELDS) in (True, False)
    except FilterError as error:
        assert 1 <= error.column <= len(text) + 1


WORDS = st.sampled_from(
    ["metrics.auc", "params.model", "seed", "and", "or", "not", "(", ")", "=", ">", "in", "like", "is", "null", "3", "'x'", ",", "."]
)


@given(st.lists(WORDS, max_size=14))
def test_any_order_of_its_words_is_a_filter_or_a_filter_error(words: list[str]) -> None:
    try:
        assert parse_filter(" ".join(words))(FIELDS) in (True, False)
    except FilterError as error:
        assert error.column >= 1


ATOMS = st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), st.integers(-2, 2))
TREES = st.recursive(
    ATOMS, lambda inner: st.tuples(st.sampled_from(["and", "or"]), inner, inner) | st.tuples(st.just("not"), inner), max_leaves=8
)


def written(tree: Any) -> str:
    if tree[0] in ("and", "or"):
        return f"({written(tree[1])}) {tree[0]} ({written(tree[2])})"
    return f"not ({written(tree[1])})" if tree[0] == "not" else f"metrics.{tree[0]} {tree[1]} {tree[2]}"


def holds(tree: Any, values: dict[str, int]) -> bool:
    if tree[0] == "and":
        return holds(tree[1], values) and holds(tree[2], values)
    if tree[0] == "or":
        return holds(tree[1], values) or holds(tree[2], values)
    if tree[0] == "not":
        return not holds(tree[1], values)
    name, sign, number = tree
    a, b = values[name], number
    return {"=": a == b, "!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign]


@given(TREES, st.fixed_dictionaries({"a": st.integers(-2, 2), "b": st.integers(-2, 2)}))
def test_a_filter_holds_as_its_logic_says(tree: Any, values: dict[str, int]) -> None:
    assert parse_filter(written(tree))({"metrics": values}) == holds(tree, values)
