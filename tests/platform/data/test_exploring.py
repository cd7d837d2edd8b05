"""Exploring: search, descriptions, statistics, splits; and comparison against a naive one."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import MlplatError, OptionError, UnknownNameError
from mlplat.platform.artifacts.data.splitting import assign, exact_sizes, row_hashes

from .stores import CLICKS, FRAME, Shop, frame

# -- search and descriptions


def test_s49_versions_are_found_by_name_tag_column_and_time() -> None:
    shop = Shop()
    shop.publish(FRAME, tags=["raw"], note="From the Web")
    shop.sim.run(until=100)
    shop.data.publish("shop/orders", frame(5), tags=["raw", "good"], actor=shop.ada)
    shop.data.publish("shop/images", {"pixels": np.zeros((2, 3)), "labels": FRAME.select("item")}, actor=shop.ada)

    def found(*text: str, **options: Any) -> list[str]:
        return [each.reference for each in shop.data.search(*text, actor=shop.ada, **options)]

    assert found() == ["shop/clicks@1", "shop/images@1", "shop/orders@1"]
    assert found("web") == found("CLICK") == found(column="price") == found(until=100) == ["shop/clicks@1"]
    assert found(tag="raw") == ["shop/clicks@1", "shop/orders@1"]
    assert found("good") == found(column="flag") == ["shop/orders@1"]
    assert found(column="item") == ["shop/clicks@1", "shop/images@1"]
    assert found(column="labels/item") == found(column="pixels") == ["shop/images@1"]
    assert found(since="100s") == ["shop/images@1", "shop/orders@1"] == found(since=50, until="1h", project="shop")
    assert found(project="sho") == found("none") == found(tag="ra") == []


def test_s49_a_version_shows_schema_rows_statistics_and_its_first_rows() -> None:
    shop = Shop()
    shop.publish(FRAME, splits={"seed": 3})
    shop.data.snapshot(CLICKS, "frozen", actor=shop.ada)
    found = shop.data.describe(CLICKS, actor=shop.ada)
    assert found.version.rows == 4 and found.snapshots == ("frozen",) and found.splits[0].seed == 3
    assert shop.data.schema(CLICKS, actor=shop.ada) == (("user", "int64"), ("item", "string"), ("price", "float64"))
    assert shop.data.preview(CLICKS, 2, actor=shop.ada).rows() == [(1, "a", 1.5), (2, "b", None)]
    price, item = found.column("price"), found.column("item")
    assert (price.count, price.nulls, price.nans, price.minimum, price.maximum, price.mean) == (4, 1, 1, 1.5, 2.0, 1.75)
    assert (item.distinct, item.top, item.minimum, item.maximum) == (2, (("a", 2),), "a", "b")
    with pytest.raises(UnknownNameError, match="unknown column"):
        found.column("none")
    shop.data.publish("shop/raw", b"abc", actor=shop.ada)
    assert shop.data.preview("shop/raw", 2, actor=shop.ada) == b"ab"


@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6), st.just(float("nan")), st.just(float("inf"))), max_size=30))
def test_statistics_are_those_of_a_naive_count(values: list[float | None]) -> None:
    shop = Shop()
    shop.publish(pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)}))
    found = shop.data.describe(CLICKS, actor=shop.ada).column("x")
    known = sorted(value for value in values if value is not None and value == value)
    finite = [value for value in known if value != float("inf")]
    assert (found.count, found.nulls) == (len(values), values.count(None))
    assert found.nans == len(values) - values.count(None) - len(known)
    assert (found.minimum, found.maximum) == ((known[0], known[-1]) if known else (None, None))
    assert found.distinct == len(set(known))
    counts = Counter(known)
    top = sorted(((value, count) for value, count in counts.items() if count > 1), key=lambda pair: (-pair[1], pair[0]))[:10]
    assert found.top == tuple(top)
    if finite:
        assert found.mean == pytest.approx(np.mean(finite), abs=1e-6)
        assert sum(found.bins) == len(finite) and found.edges[0] == finite[0] and found.edges[-1] == finite[-1]
        for q, value in found.quantiles:
            assert value == pytest.approx(np.quantile(finite, q), abs=1e-6)


# -- splits


def test_a_split_is_drawn_once_and_its_parts_are_read() -> None:
    shop = Shop()
    shop.publish(frame(1000))
    split = shop.data.split(CLICKS, seed=1, actor=shop.ada)
    assert split.parts == (("train", 800), ("valid", 100), ("test", 100))
    parts = [shop.data.read(CLICKS, split=name, actor=shop.ada) for name in ("train", "valid", "test")]
    assert sorted(pl.concat(parts)["id"].to_list()) == list(range(1000))
    assert all(part["id"].is_sorted() for part in parts)
    assert shop.data.split(CLICKS, seed=1, actor=shop.ada) == split
    with pytest.raises(OptionError, match="and another"):
        shop.data.split(CLICKS, seed=2, actor=shop.ada)
    other = shop.data.split("shop/clicks@1", {"a": 0.5, "b": 0.5}, seed=2, name="half", actor=shop.ada)
    assert shop.data.read(CLICKS, split="half/b", columns=["flag"], actor=shop.ada).shape == (500, 1) and other.name == "half"
    for wrong, match in (("none", "part of split 'default'"), ("third/a", "split of shop/clicks@1 'third'")):
        with pytest.raises(UnknownNameError, match=match):
            shop.data.read(CLICKS, split=wrong, actor=shop.ada)


def test_a_split_by_content_leaves_each_row_where_it_was() -> None:
    old, new = frame(2000), pl.concat([frame(500, seed=9).with_columns(pl.col("id") + 9000), frame(2000)])
    fractions = {"train": 0.8, "test": 0.2}
    before, after = (assign(each, len(each), fractions, 0, "content", ["id"]) for each in (old, new))
    assert (after[500:] == before).all()
    assert 0.77 < (before == 0).mean() < 0.83
    twice = pl.concat([old, old])
    both = assign(twice, 4000, fractions, 0, "content")
    assert (both[:2000] == both[2000:]).all()
    assert (assign(old, 2000, fractions, 1, "content", ["id"]) != before).any()


def test_a_stratified_split_parts_every_value_alike() -> None:
    data = pl.DataFrame({"label": ["a"] * 90 + ["b"] * 10 + [None] * 20, "id": range(120)})
    for method in ("stream", "content"):
        assigned = assign(data, 120, {"train": 0.8, "test": 0.2}, 5, method, stratify="label")
        counts = data.with_columns(part=pl.Series(assigned)).group_by("label").agg((pl.col("part") == 1).sum())
        assert dict(counts.iter_rows()) == {"a": 18, "b": 2, None: 4}


def test_golden_assignments_never_change() -> None:
    data = pl.DataFrame(
        {"i": [1, None, -3], "f": [0.5, float("nan"), -0.0], "t": ["a", None, "ü"], "l": [[1], [], None], "b": [True, None, False]}
    )
    assert row_hashes(data).tolist() == [8407553552069404896, 3822618375814426928, 4193793747107682238]
    assert assign(data, 3, {"a": 0.5, "b": 0.5}, 7).tolist() == [0, 0, 1]
    assert assign(frame(20), 20, {"a": 0.5, "b": 0.5}, 7, "content", ["id"]).tolist() == [
        1,
        0,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        0,
        0,
        1,
        0,
        0,
        0,
        1,
        0,
        1,
    ]


def test_arrays_and_mappings_of_one_length_are_split_too() -> None:
    shop = Shop()
    shop.publish(
        {"x": np.arange(20.0).reshape(10, 2), "y": np.arange(10), "names": b"raw"}, splits={"fractions": {"train": 0.7, "test": 0.3}}
    )
    train = shop.data.read(CLICKS, split="train", actor=shop.ada)
    assert train["x"].shape == (7, 2) and (train["x"][:, 0] == 2 * train["y"]).all() and train["names"] == b"raw"
    shop.publish(np.arange(10), splits={"method": "content"})
    assert sum(rows for _, rows in shop.data.describe(CLICKS, actor=shop.ada).splits[0].parts) == 10
    for content in (b"abc", {"x": np.arange(3), "y": np.arange(4)}):
        with pytest.raises(OptionError, match="content without rows"):
            shop.publish(content, splits={})


@pytest.mark.parametrize(
    "options",
    [
        {"fractions": {"a": 0.5, "b": 0.6}},
        {"fractions": {"a": -0.5, "b": 1.5}},
        {"fractions": {"a": float("nan")}},
        {"fractions": {}},
        {"fractions": {"a/b": 1.0}},
        {"fractions": {"a": True}},
        {"method": "random"},
        {"by": ["user"]},
        {"method": "content", "by": ["none"]},
        {"stratify": "none"},
        {"seed": -1},
    ],
)
def test_a_split_that_cannot_be_meant_is_refused(options: dict[str, Any]) -> None:
    shop = Shop()
    shop.publish(FRAME)
    with pytest.raises(MlplatError, match=r"expected|unknown|sum"):
        shop.data.split(CLICKS, actor=shop.ada, **options)
    assert shop.data.describe(CLICKS, actor=shop.ada).splits == ()


@given(st.integers(0, 1000), st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_sizes_are_whole_and_as_near_as_can_be(rows: int, weights: list[int]) -> None:
    fractions = [weight / sum(weights) for weight in weights]
    sizes = exact_sizes(rows, fractions)
    assert sum(sizes) == rows
    assert all(abs(size - rows * fraction) < 1 for size, fraction in zip(sizes, fractions, strict=True))


# -- comparison


def test_s49_a_comparison_lists_rows_and_columns_exactly() -> None:
    shop = Shop()
    old = pl.DataFrame({"id": [1, 2, 3], "a": ["x", "y", "z"], "b": [1.0, 2.0, float("nan")], "gone": [1, 1, 1], "n": [1, 2, 3]})
    new = pl.DataFrame({"id": [3, 2, 4], "a": ["z", "Y", "w"], "b": [float("nan"), -2.0, None], "n": ["1", "2", "3"], "more": [0, 0, 0]})
    shop.publish(old, keys=["id"])
    shop.publish(new, keys=["id"])
    found = shop.data.compare("shop/clicks@1", "shop/clicks@2", actor=shop.ada)
    assert (found.columns_added, found.columns_removed) == (("more",), ("gone",))
    assert found.columns_retyped == (("n", "int64", "string"),)
    assert found.keys == ("id",) and found.rows_added["id"].to_list() == [4] and found.rows_removed["id"].to_list() == [1]
    assert found.changed_before.rows() == [(2, "y", 2.0, 1, 2)] and found.changed_after.rows() == [(2, "Y", -2.0, "2", 0)]
    assert found.columns_changed == (("a", 1), ("b", 1)) and not found.same
    sides = {name: (before is not None, after is not None) for name, before, after in found.statistics}
    assert sides == {
        "id": (True, True),
        "a": (True, True),
        "b": (True, True),
        "gone": (True, False),
        "n": (True, True),
        "more": (False, True),
    }
    with pytest.raises(OptionError, match="two rows before have the same"):
        shop.publish(old.with_columns(id=pl.lit(1, dtype=pl.Int64)))
        shop.data.compare("shop/clicks@3", "shop/clicks@1", keys=["id"], actor=shop.ada)
    with pytest.raises(UnknownNameError, match="column of both versions"):
        shop.data.compare("shop/clicks@1", "shop/clicks@2", keys=["gone"], actor=shop.ada)


def test_s52_any_two_versions_are_served_side_by_side_while_the_head_moves() -> None:
    shop = Shop()
    shop.publish(frame(100), tags=["baseline"])
    shop.publish(frame(100, seed=1), tags=["window"])
    one = shop.data.compare("shop/clicks@baseline", "shop/clicks@window", actor=shop.ada)
    shop.publish(frame(100, seed=2), tags=["window"])
    again = shop.data.compare("shop/clicks@1", "shop/clicks@2", actor=shop.ada)
    assert one == again and one.rows_added.equals(again.rows_added)
    other = shop.data.compare("shop/clicks@baseline", "shop/clicks@window", actor=shop.ada)
    assert other.after.version == 3 and other.statistics != one.statistics


def test_arrays_files_and_mappings_are_compared_too() -> None:
    shop = Shop()
    shop.publish(
        np.array([[1, 2], [3, 4], [3, 4]]), np.array([[3, 4], [5, 6], [1, 2]]), b"abc", {"x": b"a", "y": b"b"}, {"y": b"c", "z": FRAME}
    )

    def compare(a: int, b: int) -> Any:
        return shop.data.compare(f"shop/clicks@{a}", f"shop/clicks@{b}", actor=shop.ada)

    assert compare(1, 2).rows_added.tolist() == [[5, 6]] and compare(1, 2).rows_removed.tolist() == [[3, 4]]
    assert compare(3, 3).same and compare(1, 3).rows_added is None
    one, other, wide, files, more = (
        shop.data.publish("shop/x", content, actor=shop.ada).version
        for content in (
            np.zeros((2, 2)),
            np.zeros((2, 2), "f4"),
            np.zeros((2, 3)),
            {"x": b"a", "y": b"b"},
            {"x": b"a", "y": b"c", "z": b"b"},
        )
    )
    for a, b in ((one, other), (one, wide), (other, wide)):
        found = shop.data.compare(f"shop/x@{a}", f"shop/x@{b}", actor=shop.ada)
        assert found.rows_added is None and found.rows_removed is None and not found.same
        assert [name for name, *_ in found.columns_retyped] == ["values"]
    assert shop.data.compare(f"shop/x@{files}", f"shop/x@{more}", actor=shop.ada).parts_changed == ("y", "z")
    assert compare(4, 5).parts_changed == ("x", "y", "z") and compare(4, 5).columns_added == ("z/user", "z/item", "z/price")
    assert str(compare(1, 3)) == "shop/clicks@1 to shop/clicks@3: rows +? -? ~?, columns +0 -1 ~0"


def test_s49_what_only_looks_different_is_the_same_and_what_only_looks_the_same_is_not() -> None:
    """S-49: NaNs with other bits, categories in another order, and the sign of zero, alone and inside of lists."""
    shop = Shop()

    def compare(before: pl.Series, after: pl.Series) -> tuple[bool, list[Any], list[Any]]:
        for name, column in (("shop/a", before), ("shop/b", after)):
            shop.data.publish(name, pl.DataFrame({"x": column}), actor=shop.ada)
        found = shop.data.compare("shop/a", "shop/b", actor=shop.ada)
        return found.same, found.rows_added["x"].to_list(), found.rows_removed["x"].to_list()

    odd = np.array([0x7FF8000000000001, 0xFFF8000000000000], "u8").view("f8")
    assert compare(pl.Series(odd), pl.Series([float("nan")] * 2)) == (True, [], [])
    assert compare(pl.Series(["b", "a"], dtype=pl.Categorical), pl.Series(["a", "b", "a"], dtype=pl.Categorical)) == (False, ["a"], [])
    words = pl.List(pl.Categorical)
    assert compare(pl.Series([["q"], ["b"]], dtype=words), pl.Series([["a"], ["q"]], dtype=words)) == (False, [["a"]], [["b"]])
    assert str(compare(pl.Series([0.0, 1.0]), pl.Series([1.0, -0.0]))) == "(False, [-0.0], [0.0])"
    assert str(compare(pl.Series([[0.0]]), pl.Series([[-0.0]]))) == "(False, [[-0.0]], [[0.0]])"
    assert compare(pl.Series([None, None], dtype=pl.Null), pl.Series([None], dtype=pl.Null)) == (False, [], [None])
    days = pl.Series([0, 1]).cast(pl.Datetime("us", "UTC"))
    assert compare(days, days.reverse()) == (False, [], [])


CELLS = st.one_of(st.none(), st.sampled_from([0.0, -0.0, float("nan"), 1.0]))
ROWS = st.lists(
    st.tuples(st.integers(0, 2), CELLS, st.sampled_from(["a", "b", None]), st.sampled_from([None, [], [1.0], [float("nan")]])), max_size=8
)


def table(rows: list[Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"i": pl.Int64, "f": pl.Float64, "t": pl.String, "l": pl.List(pl.Float64)}, orient="row")


def spelt(rows: Any) -> list[str]:
    return [repr(tuple(row)) for row in rows]


@given(ROWS, ROWS)
def test_rows_are_compared_as_multisets_like_a_naive_count(left: list[Any], right: list[Any]) -> None:
    shop = Shop()
    shop.data.publish("shop/a", table(left), actor=shop.ada)
    shop.data.publish("shop/b", table(right), actor=shop.ada)
    found = shop.data.compare("shop/a", "shop/b", actor=shop.ada)
    before, after = Counter(spelt(left)), Counter(spelt(right))
    assert Counter(spelt(found.rows_added.rows())) == after - before
    assert Counter(spelt(found.rows_removed.rows())) == before - after
    assert found.same == (spelt(left) == spelt(right))


@given(ROWS, ROWS)
def test_rows_with_keys_are_compared_like_naive_mappings(left: list[Any], right: list[Any]) -> None:
    old, new = ({f"{row[0]}-{row[2]}": row for row in rows} for rows in (left, right))
    shop = Shop()
    shop.data.publish("shop/a", table(list(old.values())), keys=["i", "t"], actor=shop.ada)
    shop.data.publish("shop/b", table(list(new.values())), keys=["i", "t"], actor=shop.ada)
    found = shop.data.compare("shop/a", "shop/b", actor=shop.ada)
    assert spelt(found.rows_added.rows()) == spelt(new[key] for key in new if key not in old)
    assert spelt(found.rows_removed.rows()) == spelt(old[key] for key in old if key not in new)
    changed = [key for key in old if key in new and repr(old[key]) != repr(new[key])]
    assert spelt(found.changed_before.rows()) == spelt(old[key] for key in changed)
    assert spelt(found.changed_after.rows()) == spelt(new[key] for key in changed)
    assert dict(found.columns_changed) == {
        name: count
        for place, name in ((1, "f"), (3, "l"))
        if (count := sum(repr(old[key][place]) != repr(new[key][place]) for key in changed))
    }
