"""Versions: published, appended, registered, named, and kept once."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from mlplat.canonical import canonical_json
from mlplat.errors import IntegrityError, OptionError, UnknownNameError
from mlplat.platform.storage import digest_of, digest_of_array

from .stores import CLICKS, FRAME, Shop, equal, frame

CONTENTS = {
    "frame": FRAME,
    "array": np.arange(12.0).reshape(3, 2, 2),
    "text": np.array(["a", "bcd"]),
    "scalar": np.array(3),
    "empty": np.zeros((0, 3), dtype="f4"),
    "bytes": b"\x00\x01",
    "nothing": b"",
    "mapping": {"x": np.arange(3), "table": FRAME, "raw": b"abc"},
}


# -- content


@pytest.mark.parametrize("name", CONTENTS)
def test_s48_any_version_reads_back_bit_for_bit(name: str) -> None:
    shop = Shop()
    version = shop.publish(CONTENTS[name], FRAME.reverse(), CONTENTS[name])
    assert version.version == 3
    for ref in ("shop/clicks@1", "shop/clicks@3", "shop/clicks", "shop/clicks@head", f"shop/clicks@{version.digest}"):
        equal(shop.data.read(ref, actor=shop.ada), CONTENTS[name])


def test_s48_identical_content_is_kept_once_and_has_one_digest() -> None:
    shop = Shop()
    first = shop.publish(frame(1000))
    kept = shop.bytes_kept()
    again = shop.data.publish("shop/other", frame(1000), actor=shop.ada)
    assert again.digest == first.digest and shop.bytes_kept() == kept
    shop.publish(FRAME)
    kept = shop.bytes_kept()
    back = shop.publish(frame(1000))
    assert (back.version, back.digest, shop.bytes_kept()) == (3, first.digest, kept)


def test_s48_digests_are_those_of_the_identity_of_content() -> None:
    shop = Shop()
    array = np.array([[0, 1, 2], [3, 4, 5]], dtype="<f8")
    assert shop.publish(array).digest == digest_of_array(array)
    assert shop.publish(b"abc").digest == digest_of(b"abc")


def test_columns_that_versions_share_are_kept_once() -> None:
    shop = Shop()
    shop.publish(frame(50_000))
    kept = shop.bytes_kept()
    shop.publish(frame(50_000).with_columns(twice=pl.col("id") * 2).rename({"value": "worth"}))
    assert shop.bytes_kept() - kept < 50_000 * 8 + 10_000


@pytest.mark.parametrize("wide", [1, 100_000])
def test_an_append_keeps_the_new_rows_only(wide: int) -> None:
    shop = Shop()
    old, new = frame(70_000), frame(100, seed=1)
    shop.publish(old)
    kept = shop.bytes_kept()
    version = shop.data.append(CLICKS, new, actor=shop.ada)
    assert shop.bytes_kept() - kept < 20_000
    whole = pl.concat([old, new])
    assert (version.version, version.rows, version.how) == (2, 70_100, "append")
    equal(shop.data.read(CLICKS, actor=shop.ada), whole)
    kept = shop.bytes_kept()
    assert shop.publish(whole).version == 2  # the same content as a whole
    assert shop.data.publish("shop/other", whole, actor=shop.ada).digest == version.digest
    assert shop.bytes_kept() == kept
    shop.publish(whole.with_columns(more=pl.lit(1, dtype=pl.Int8)))
    assert shop.bytes_kept() - kept < 150_000


def test_many_short_appends_stay_few_pieces_and_keep_each_row_a_few_times() -> None:
    shop = Shop()
    shop.data.publish("shop/array", np.zeros((1, 100)), actor=shop.ada)
    whole = frame(1500)
    shop.publish(whole[:1])
    grown = []
    for row in range(1, 300):
        before = set(shop.store.digests())
        shop.data.append(CLICKS, whole[row : row + 1], actor=shop.ada)
        grown.append(sum(shop.store.size(digest) for digest in shop.store.digests() if digest not in before))
        shop.data.append("shop/array", np.full((1, 100), float(row)), actor=shop.ada)
    for name in (CLICKS, "shop/array"):
        chunks = shop.data._manifest(shop.data._find(name, shop.ada)).chunks
        assert len(chunks) < 4 * 48
    assert max(grown) < 40_000
    equal(shop.data.read(CLICKS, actor=shop.ada), whole[:300])
    array = shop.data.read("shop/array", actor=shop.ada)
    assert (array == np.arange(300.0)[:, None]).all() and array.shape == (300, 100)


def test_a_name_resolves_to_the_version_that_it_means_now() -> None:
    shop = Shop()
    first, second = shop.publish(FRAME), shop.publish(FRAME[:2])
    assert shop.data.resolve(CLICKS, actor=shop.ada) == second and shop.data.resolve("shop/clicks@1", actor=shop.ada) == first
    assert shop.data.resolve(first.reference, actor=shop.ada) == first == shop.data.resolve(f"{CLICKS}@{first.digest}", actor=shop.ada)
    with pytest.raises(UnknownNameError):
        shop.data.resolve("shop/clicks@9", actor=shop.ada)


def test_an_array_is_appended_to_along_its_first_axis() -> None:
    shop = Shop()
    shop.publish(np.arange(6.0).reshape(3, 2))
    version = shop.data.append(CLICKS, np.ones((2, 2)), actor=shop.ada)
    whole = np.concatenate([np.arange(6.0).reshape(3, 2), np.ones((2, 2))])
    assert version.digest == digest_of_array(whole)
    equal(shop.data.read(CLICKS, actor=shop.ada), whole)
    with pytest.raises(OptionError, match=r"expected <f8\[\*, 2\]"):
        shop.data.append(CLICKS, np.ones((2, 3)), actor=shop.ada)


def test_rows_of_another_schema_are_not_appended() -> None:
    shop = Shop()
    shop.publish(FRAME)
    for rows, match in (
        (FRAME.with_columns(pl.col("user").cast(pl.Int32)), "'user' int32 for 'user' int64 at 0"),
        (FRAME.select("item", "user", "price"), "'item' string for 'user' int64 at 0"),
        (FRAME.drop("price"), "2 for 3"),
        (np.ones(3), "after a version of kind frame"),
        (b"abc", "expected a frame or an array"),
    ):
        with pytest.raises(OptionError, match=match):
            shop.data.append(CLICKS, rows, actor=shop.ada)
    with pytest.raises(UnknownNameError, match="unknown dataset 'shop/none'"):
        shop.data.append("shop/none", FRAME, actor=shop.ada)
    assert shop.data.append(CLICKS, FRAME.clear(), actor=shop.ada).version == 1


def test_what_is_read_is_the_callers_own() -> None:
    shop = Shop()
    array = np.arange(3.0)
    shop.publish(array)
    array[0] = 9
    mine = shop.data.read(CLICKS, actor=shop.ada)
    mine[1] = 9
    equal(shop.data.read(CLICKS, actor=shop.ada), np.arange(3.0))


def test_columns_are_read_by_name() -> None:
    shop = Shop()
    shop.publish(FRAME)
    equal(shop.data.read(CLICKS, columns=["price", "user"], actor=shop.ada), FRAME.select("price", "user"))
    with pytest.raises(UnknownNameError, match="did you mean 'price'"):
        shop.data.read(CLICKS, columns=["prise"], actor=shop.ada)
    for columns in ([], ["user", "user"], "user"):
        with pytest.raises(OptionError, match="expected"):
            shop.data.read(CLICKS, columns=columns, actor=shop.ada)


def test_content_that_cannot_be_kept_is_refused_and_nothing_is() -> None:
    shop = Shop()
    wrong: list[Any] = [
        [1, 2],
        None,
        FRAME.lazy(),
        FRAME["user"],
        pl.DataFrame(),
        {},
        {"a/b": FRAME},
        {"x": [1]},
        np.array([{}], dtype=object),
        np.zeros(2, dtype=[("a", "i4")]),
        np.ma.masked_array([1, 2]),
        np.zeros(2, dtype=np.longdouble),
    ]
    for content in wrong:
        with pytest.raises(OptionError, match="expected"):
            shop.publish(content)
    assert shop.bytes_kept() == 0 and shop.told() == [("call:data.publish", "call.refused")] * len(wrong)


def test_what_is_said_of_a_version_is_checked_first() -> None:
    shop = Shop()
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"tags": ["3"]}, "taken for a version"),
        ({"tags": ["head"]}, "taken for a version"),
        ({"tags": "nightly"}, "expected a list"),
        ({"note": 3}, "expected printable text"),
        ({"code": "x" * 300}, "expected printable text"),
        ({"keys": ["item"]}, "two rows have the same"),
        ({"keys": ["none"]}, "unknown column"),
        ({"parents": "shop/raw@1"}, "expected a list"),
        ({"parents": ["shop/raw@1"]}, "unknown dataset"),
        ({"splits": {"fractions": {"train": 0.5}}}, "sum to 0.5"),
        ({"splits": {"fraction": {}}}, "unknown option of a split"),
    ]
    from mlplat.errors import MlplatError

    for options, match in wrong:
        with pytest.raises(MlplatError, match=match):
            shop.publish(pl.DataFrame({"item": ["a", "a"]}), **options)
    with pytest.raises(UnknownNameError, match="unknown project 'none'"):
        shop.data.publish("none/clicks", FRAME, actor=shop.identity.admin)
    with pytest.raises(OptionError, match="expected a name without a version"):
        shop.data.publish("shop/clicks@3", FRAME, actor=shop.ada)
    assert shop.bytes_kept() == 0


# -- events


def test_s51_the_head_moves_with_an_event_and_identical_content_emits_nothing() -> None:
    shop = Shop()
    first = shop.publish(FRAME)
    assert shop.told() == [("dataset:shop/clicks@1", "artifact.published"), ("dataset:shop/clicks", "dataset.changed")]
    since = len(shop.sim.log)
    assert shop.publish(FRAME) == first
    assert shop.data.append(CLICKS, FRAME.clear(), actor=shop.ada) == first
    assert shop.told(since=since) == []
    second = shop.publish(FRAME[:2])
    assert shop.data.append(CLICKS, FRAME[:0], note="nothing", actor=shop.ada) == second
    assert shop.data.derive(CLICKS, lambda rows: rows, parents=["shop/clicks@2"], code="c", actor=shop.ada) == second
    assert shop.data.register(CLICKS, FRAME[:2], source="lab", actor=shop.ada) == second
    published, changed = shop.sim.log[since:]
    assert dict(published.data) == {"kind": "dataset", "digest": second.digest, "version": 2}
    assert dict(changed.data) == {"old": first.digest, "new": second.digest, "version": 2}
    assert (changed.actor, changed.cause) == (shop.ada.id, published.id)


def test_s51_bytes_that_spell_an_array_are_other_content_than_the_array() -> None:
    shop = Shop()
    array = np.arange(3, dtype="<i8")
    spelt = canonical_json({"dtype": "<i8", "shape": [3]}) + b"\n" + array.tobytes()
    versions = [shop.publish(content) for content in (array, spelt, spelt)]
    assert [(version.version, version.kind) for version in versions] == [(1, "array"), (2, "bytes"), (2, "bytes")]
    assert len({version.digest for version in versions}) == 1 and shop.data.read(CLICKS, actor=shop.ada) == spelt


# -- names


def test_a_version_has_many_names() -> None:
    shop = Shop()
    shop.publish(FRAME[:1], tags=["nightly"])
    shop.sim.run(until=100)
    shop.publish(FRAME[:2], tags=["nightly", "good"])
    shop.sim.run(until=200)
    shop.publish(FRAME[:3])
    shop.data.snapshot("shop/clicks@1", "nightly-1", actor=shop.ada)
    shop.data.tag("shop/clicks@1", "good-1", "old", actor=shop.ada)

    def rows(version: str, **options: Any) -> int:
        return len(shop.data.read(f"shop/clicks{version}", actor=shop.ada, **options))

    assert [rows(name) for name in ("", "@head", "@2", "@nightly", "@good", "@nightly-1", "@old")] == [3, 3, 2, 2, 2, 1, 1]
    assert [rows("", as_of=time) for time in (0, "99s", 100, 199.5, "1h")] == [1, 1, 2, 2, 3]
    assert rows("@time:150") == 2
    for version in ("@4", "@03", "@0", "@none", "@time:soon", f"@sha256:{'0' * 64}", "@99999999999999999999"):
        with pytest.raises(UnknownNameError, match=r"version of shop/clicks .*Known: .*3"):
            rows(version)
    with pytest.raises(OptionError, match="expected a dataset without a version"):
        rows("@2", as_of=5)
    with pytest.raises(OptionError, match="is there already: version 1"):
        shop.data.snapshot(CLICKS, "nightly-1", actor=shop.ada)


def test_time_travel_before_the_first_version_leads_nowhere() -> None:
    shop = Shop()
    shop.sim.run(until=50)
    shop.publish(FRAME)
    with pytest.raises(UnknownNameError, match="version of shop/clicks"):
        shop.data.read(CLICKS, as_of=49, actor=shop.ada)


def test_foreign_content_is_registered_with_its_origin_and_checked_against_its_digest() -> None:
    shop = Shop()
    version = shop.data.register(CLICKS, b"abc", source="https://example.org/x", digest=digest_of(b"abc"), actor=shop.ada)
    assert (version.origin, version.source, version.how) == ("external", "https://example.org/x", "register")
    with pytest.raises(IntegrityError, match="shop/clicks: expected content with digest"):
        shop.data.register(CLICKS, b"abd", digest=digest_of(b"abc"), actor=shop.ada)
    assert len(shop.data.versions(CLICKS, actor=shop.ada)) == 1
