"""The Data Store against a naive one: a dictionary of lists of rows, under random calls."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import AccessDenied, MlplatError, UnknownNameError
from mlplat.platform.artifacts.data import DataStore, content

from .stores import Shop

NAMES = ("shop/a", "shop/b")
ROWS = st.lists(st.tuples(st.integers(0, 1), st.sampled_from(["x", "y", None])), max_size=6)
CALLS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.sampled_from(NAMES), ROWS),
        st.tuples(st.just("append"), st.sampled_from(NAMES), ROWS),
        st.tuples(st.just("delete"), st.sampled_from(NAMES), st.integers(1, 5)),
        st.tuples(st.just("share"), st.sampled_from(NAMES), st.integers(1, 5)),
        st.tuples(st.just("revoke"), st.integers(0, 3)),
        st.tuples(st.just("reopen")),
    ),
    max_size=20,
)


class Naive:
    """Versions as lists of rows; shares as a list of (name, number)."""

    def __init__(self) -> None:
        self.versions: dict[str, dict[int, list[Any]]] = {name: {} for name in NAMES}
        self.last = dict.fromkeys(NAMES, 0)
        self.shares: list[tuple[str, int]] = []
        self.events = 0

    def head(self, name: str) -> list[Any] | None:
        there = self.versions[name]
        return there[max(there)] if there else None

    def publish(self, name: str, rows: list[Any]) -> int:
        if self.head(name) != rows:
            self.last[name] += 1
            self.versions[name][self.last[name]] = rows
            self.events += 1
        return max(self.versions[name])

    def delete(self, name: str, number: int) -> None:
        before = self.head(name)
        del self.versions[name][number]
        self.events += self.head(name) != before


def table(rows: list[Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"i": pl.Int64, "t": pl.String}, orient="row")


@given(CALLS)
def test_it_does_what_a_naive_one_does(calls: list[Any]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(content, "BLOCK", 4)
        patch.setattr(content, "TIERS", 2)
        shop, naive, grants = Shop(), Naive(), []
        for what, *given_ in calls:
            match what:
                case "publish":
                    name, rows = given_
                    assert shop.data.publish(name, table(rows), actor=shop.ada).version == naive.publish(name, rows)
                case "append":
                    name, rows = given_
                    head = naive.head(name)
                    if head is None:
                        with pytest.raises(UnknownNameError):
                            shop.data.append(name, table(rows), actor=shop.ada)
                    else:
                        assert shop.data.append(name, table(rows), actor=shop.ada).version == naive.publish(name, head + rows)
                case "delete":
                    name, number = given_
                    if number in naive.versions[name]:
                        naive.delete(name, number)
                        shop.data.delete(f"{name}@{number}", actor=shop.ada)
                    else:
                        with pytest.raises(MlplatError, match="unknown"):
                            shop.data.delete(f"{name}@{number}", actor=shop.ada)
                case "share":
                    name, number = given_
                    grants.append(shop.identity.grant(shop.eve, "read", f"dataset:{name}@{number}", actor=shop.ada))
                    naive.shares.append((name, number))
                case "revoke" if given_[0] < len(grants):
                    shop.identity.revoke(grants.pop(given_[0]), actor=shop.ada)
                    naive.shares.pop(given_[0])
                case "reopen":
                    shop.data = DataStore(shop.sim, shop.identity, shop.store)
        check(shop, naive)


def check(shop: Shop, naive: Naive) -> None:
    seen: dict[str, str] = {}
    for name, versions in naive.versions.items():
        for number, rows in versions.items():
            assert shop.data.read(f"{name}@{number}", actor=shop.ada).rows() == rows
            digest = shop.data.describe(f"{name}@{number}", actor=shop.ada).version.digest
            assert seen.setdefault(repr(rows), digest) == digest
            if (name, number) in naive.shares:
                assert shop.data.read(f"{name}@{number}", actor=shop.eve).rows() == rows
            else:
                with pytest.raises(AccessDenied):
                    shop.data.read(f"{name}@{number}", actor=shop.eve)
    assert len(set(seen.values())) == len(seen)
    readable = sorted({(name, number) for name, number in naive.shares if number in naive.versions[name]})
    assert [(each.name, each.version) for each in shop.data.search(actor=shop.eve)] == readable
    assert len(shop.told("dataset.changed")) == naive.events
    if not any(naive.versions.values()):
        assert shop.bytes_kept() == 0
