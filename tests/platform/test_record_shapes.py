"""What the records of journals are made of, as it is declared."""

from __future__ import annotations

from typing import Any

import pytest

import mlplat as mp
from mlplat.platform.automation.cd import Mode
from mlplat.platform.record_shapes import (
    COUNT,
    DIGEST,
    FLAG,
    NUMBER,
    TEXT,
    RecordError,
    Shape,
    ShapeError,
    by_name,
    check_record,
    each,
    fields,
    maybe,
)
from mlplat.platform.record_shapes import row as row_of
from mlplat.platform.storage import JournalError, Store

from .writing_calls import CALLS, fill

GOOD: list[tuple[Shape, Any]] = [
    (TEXT, ""),
    (COUNT, 0),
    (NUMBER, -1.5),
    (NUMBER, 3),
    (FLAG, False),
    (DIGEST, "sha256:" + "a" * 64),
    (maybe(TEXT), None),
    (each(COUNT), (1, 2)),
    (by_name(TEXT), {"a": "b"}),
    (row_of(TEXT, COUNT), ["a", 1]),
    (fields({"a": TEXT}, {"b": COUNT}), {"a": "x", "c": None}),
]
BAD: list[tuple[Shape, Any]] = [
    (TEXT, None),
    (TEXT, b"x"),
    (COUNT, True),
    (COUNT, -1),
    (COUNT, 2**63),
    (COUNT, 1.0),
    (NUMBER, "1"),
    (NUMBER, True),
    (NUMBER, 10**400),
    (FLAG, 0),
    (DIGEST, "sha256:" + "A" * 64),
    (DIGEST, 3),
    (maybe(TEXT), 0),
    (each(COUNT), (1, "2")),
    (each(TEXT), "text"),
    (by_name(TEXT), {"a": 1}),
    (by_name(TEXT), ["a"]),
    (row_of(TEXT, COUNT), ["a"]),
    (row_of(TEXT, COUNT), "a1"),
    (fields({"a": TEXT}), {}),
    (fields({"a": TEXT}, {"b": COUNT}), {"a": "x", "b": "y"}),
]


@pytest.mark.parametrize(("shape", "value"), GOOD)
def test_a_value_has_its_shape(shape: Shape, value: Any) -> None:
    check_record({"what": "x", "it": value}, {"x": {"it": shape}})


@pytest.mark.parametrize(("shape", "value"), BAD)
def test_another_value_is_refused_with_what_was_expected(shape: Shape, value: Any) -> None:
    with pytest.raises(ShapeError, match=r"'it' is .*; expected "):
        check_record({"what": "x", "it": value}, {"x": {"it": shape}})


@pytest.mark.parametrize("record", [{}, {"what": None}, {"what": "y"}, {"what": ["x"]}, {"what": "x"}])
def test_a_record_of_another_kind_or_without_its_values_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(ShapeError, match="expected"):
        check_record(record, {"x": {"it": TEXT}})


def test_every_kind_of_record_that_components_write_is_declared_and_every_declared_one_is_written() -> None:
    """By the calls of `writing_calls`, made one after the other as far as they can be."""
    store = Store()
    fill(store)
    declared = {(source, what) for source, component in mp.Platform().components.items() for what in component._RECORDS}
    written = {(journal, record["what"]) for journal in store.journals() for record in store.records(journal)}
    for call in CALLS.values():
        other = Store()
        platform = fill(other)
        try:
            call(platform, platform.identity._authorization.directory.find("ada"), platform.admin, None)  # type: ignore[arg-type]
        except Exception:  # the one that takes a folder of git's
            continue
        written |= {(journal, record["what"]) for journal in other.journals() for record in other.records(journal)}
    by_itself = {("retraining", what) for what in ("bound", "deferred", "suppressed", "given_up", "offered")}  # which no call leads to
    by_itself.add(("cd", "dropped"))
    assert written - {("audit", "decisions")} | {("scm", "imported")} | by_itself == declared


def test_an_error_names_store_journal_and_record() -> None:
    store = Store()
    platform = fill(store)
    count = sum(1 for _ in store.records("models"))
    store.append("models", {"what": "tagged", "name": "shop/churn", "version": 99, "tags": {}, "time": 0.0, "actor": "user-2"})
    with pytest.raises(JournalError, match=rf"^record {count} of models: nothing known as 99$"):
        mp.Platform(store=store)
    assert platform.models


def _records(platform: mp.Platform) -> dict[str, int]:
    return {journal: len(list(platform.store.records(journal))) for journal in platform.store.journals()}


@pytest.mark.parametrize("source", [name for name, each in mp.Platform().components.items() if each._RECORDS])
def test_a_record_that_could_not_be_read_again_is_not_written(source: str) -> None:
    platform = mp.Platform()
    component = platform.components[source]
    write = platform.identity._write if source == "identity" else component._keep
    before = _records(platform)
    what, shapes = next(iter(component._RECORDS.items()))
    for bad in ({"what": "never"}, {"what": what}, {"what": what} | dict.fromkeys(shapes, ("no", -1))):
        with pytest.raises(RecordError):
            write(bad)
        assert _records(platform) == before


def test_a_bad_record_keeps_the_good_ones_beside_it_out() -> None:
    platform = mp.Platform()
    good = platform.cd._record("account", "user-1", project="shop", account="")
    before = _records(platform)
    with pytest.raises(RecordError, match="a record of cd that could not be read again: ended: 'outcome' is 'fine'"):
        platform.cd._keep(good, platform.cd._record("ended", "user-1", id=1, outcome="fine", reason=""))
    assert _records(platform) == before and platform.cd._catalogue.accounts == {}


def test_a_word_of_an_enumeration_is_its_text() -> None:
    platform = mp.Platform()
    platform.cd._keep(platform.cd._record("account", "user-1", project=Mode.DEPLOY, account=""))
    assert _records(platform)["cd"] == 1
