"""Errors that say what to do instead."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from mlplat.errors import AccessDenied, OptionError, UnknownNameError
from mlplat.platform.artifacts.metadata.filters import FilterError, field_of, parse_filter
from mlplat.platform.artifacts.scm.errors import MoveRefused
from mlplat.platform.storage import Store, StoreError

from .empty_shop import Shop


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_a_protected_branch_says_how_it_moves(shop: Shop) -> None:
    scm = shop.platform.scm
    scm.create_repository("shop/churn", actor=shop.ada)
    scm.commit("shop/churn", "main", {"a": "1"}, "first", actor=shop.ada)
    scm.protect("shop/churn", "main", approvals=1, actor=shop.ada)
    with pytest.raises(MoveRefused, match="moves by `push`, `merge` and `merge_change` only"):
        scm.commit("shop/churn", "main", {"a": "2"}, "second", actor=shop.ada)


def test_an_unknown_name_has_no_empty_list_of_known_ones() -> None:
    assert str(UnknownNameError("dataset", "shop/clicks", ())) == "unknown dataset 'shop/clicks'"
    assert str(UnknownNameError("part", "x", ["b", "a"])) == "unknown part 'x'. Known: a, b"


def test_a_store_that_this_process_left_open_is_not_blamed_on_another(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s"), pytest.raises(StoreError, match="in use: another process has it open, or this one has not closed it"):
        Store.open(tmp_path / "s")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (pl.LazyFrame({"a": [1]}), r"a LazyFrame; expected .*\(`collect\(\)` makes a DataFrame of it\)"),
        (type("DataFrame", (), {"__module__": "pandas.core.frame"})(), r"a pandas DataFrame; expected .*\(`pl.from_pandas` makes one\)"),
        ("clicks.csv", r"a str; expected .*\(`pl.read_csv` and others read a file\)"),
        (Path("clicks.csv"), r"expected .*\(`pl.read_csv` and others read a file\)"),
    ],
)
def test_content_of_another_kind_says_how_to_make_it_one(shop: Shop, content: object, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        shop.platform.data.publish("shop/clicks", content, actor=shop.ada)


def test_a_name_is_no_actor_and_the_refusal_says_what_is(shop: Shop) -> None:
    with pytest.raises(AccessDenied, match="who calls is neither a principal nor the text of a token of this platform"):
        shop.platform.data.publish("shop/clicks", b"1", actor="ada")


def test_a_filter_for_a_status_that_no_run_can_have_is_an_error() -> None:
    with pytest.raises(FilterError, match=r"column 10: no status 'FINISHED' .*expected running, success, failure, error, cancelled"):
        parse_filter("status = 'FINISHED'")
    with pytest.raises(FilterError, match="no status 'done'"):
        parse_filter("metrics.auc > 1 and attributes.status not in ('success', 'done')")
    assert parse_filter("status = 'success'")({"attributes": {"status": "success"}})
    assert parse_filter("tags.status = 'FINISHED'")({"tags": {"status": "FINISHED"}})
    assert parse_filter("status like 'FIN%'")({"attributes": {"status": "success"}}) is False


def test_an_order_that_is_no_text_says_so() -> None:
    with pytest.raises(FilterError, match=r"a list; expected text, such as 'metrics.auc desc'"):
        field_of(["metrics.auc desc"])  # type: ignore[arg-type]


def test_an_alias_with_or_without_its_sign_says_which_is_meant(shop: Shop) -> None:
    models = shop.platform.models
    models.register("shop/churn", b"one", external=["data"], actor=shop.ada)
    with pytest.raises(OptionError, match="alias '@champion': expected its name alone, 'champion'"):
        models.set_alias("shop/churn@1", "@champion", actor=shop.ada)
    with pytest.raises(UnknownNameError, match="unknown stage 'champion' \\(an alias is '@champion'\\)"):
        models.promote("shop/churn@1", "champion", actor=shop.ada)
