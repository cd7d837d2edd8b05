"""Answers as a terminal and a notebook show them."""

from __future__ import annotations

import polars as pl
import pytest

from .empty_shop import Shop


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_a_comparison_of_models_is_a_line_for_each_difference(shop: Shop) -> None:
    models = shop.platform.models
    models.register("shop/churn", b"one", external=["data"], metrics={"auc": 0.9, "f1": 0.5}, parameters={"depth": 3}, actor=shop.ada)
    models.register("shop/churn", b"two", external=["data"], metrics={"auc": 0.8, "f1": 0.5}, tags={"owner": "<b>"}, actor=shop.ada)
    compared = models.compare("shop/churn@1", "shop/churn@2", actor=shop.ada)
    assert str(compared).splitlines() == [
        "shop/churn@1 and shop/churn@2: other bytes, same signature",
        "  metric auc: 0.9 | 0.8",
        "  parameter depth: 3 | -",
        "  tag owner: - | <b>",
    ]
    assert "<td>tag owner</td><td>-</td><td>&lt;b&gt;</td>" in compared._repr_html_()


def test_impact_says_what_is_deployed_and_how_much_else(shop: Shop) -> None:
    metadata, data, models = shop.platform.metadata, shop.platform.data, shop.platform.models
    data.publish("shop/clicks", b"1,2", actor=shop.ada)
    metadata.start_run("shop/r1", data={"training": "shop/clicks@1"}, actor=shop.ada)
    model = models.register("shop/churn", b"w", run="run:shop/r1", actor=shop.ada)
    metadata.finish_run("shop/r1", outputs={"model": model.resource}, actor=shop.ada)
    assert str(metadata.impact("dataset:shop/clicks@1", actor=shop.ada)) == "dataset:shop/clicks@1: 1 run, 1 model, none deployed"
    metadata.record_deployment("shop/api", "shop/churn@1", actor=shop.ada)
    assert str(metadata.impact("dataset:shop/clicks@1", actor=shop.ada)).splitlines() == [
        "dataset:shop/clicks@1: 1 run, 1 model, 1 deployed",
        "  model:shop/churn@1 in deployment:shop/api@1",
    ]


def test_a_description_of_data_is_a_table_of_columns(shop: Shop) -> None:
    frame = pl.DataFrame({"user": [1, 2, 3], "price": [9.5, None, 2.0], "item": ["a", "b", "a"]})
    shop.platform.data.publish("shop/clicks", frame, actor=shop.ada)
    described = shop.platform.data.describe("shop/clicks", actor=shop.ada)
    table = described.to_polars()
    assert table.columns == ["name", "type", "count", "nulls", "nans", "minimum", "maximum", "mean", "std", "distinct"]
    assert table.row(1) == ("price", "float64", 3, 1, 0, "2.0", "9.5", 5.75, pytest.approx(5.303, abs=1e-3), 2)
    assert str(described).startswith("shop/clicks@1: 3 rows, 3 columns\nshape: (3, 10)")
    assert "<p>shop/clicks@1: 3 rows, 3 columns</p>" in described._repr_html_() and "<table" in described._repr_html_()
    shop.platform.data.publish("shop/blob", b"12", actor=shop.ada)
    assert str(shop.platform.data.describe("shop/blob", actor=shop.ada)) == "shop/blob@1: bytes, 18 bytes kept"


def test_grants_and_the_audit_log_are_sentences(shop: Shop) -> None:
    identity, bob = shop.platform.identity, shop.user("bob")
    assert (
        str(identity.add_member("shop", bob, "contributor", actor=shop.ada)) == "grant 3: user-3 may read, write project:shop (contributor)"
    )
    grant = identity.grant(bob, "read", "dataset:shop/clicks@3", until="7d", zone="eu", actor=shop.ada)
    assert str(grant) == "grant 4: user-3 may read dataset:shop/clicks@3 in zone eu until 604800 s"
    trail = identity.audit(principal=bob, actor=shop.platform.admin)
    shop.platform.data.list(actor=bob)
    trail = identity.audit(principal=bob, actor=shop.platform.admin)
    assert str(trail[-1]).startswith("0 s data.list: user-3 may read ")
    assert "data.list" in trail._repr_html_()


def test_commits_and_changes_are_lines(shop: Shop) -> None:
    scm = shop.platform.scm
    scm.create_repository("shop/churn", actor=shop.ada)
    first = scm.commit("shop/churn", "main", {"a": "1"}, "First\n\nand more", actor=shop.ada)
    assert str(first) == f"{first.id[:10]} First"
    scm.create_branch("shop/churn", "fix", "main", actor=shop.ada)
    scm.commit("shop/churn", "fix", {"b": "1"}, "\x1b[31mred", actor=shop.ada)
    assert "\x1b" not in str(scm.log("shop/churn@fix", actor=shop.ada)[0])
    change = scm.create_change("shop/churn", "fix", "main", "Fix it", actor=shop.ada)
    assert str(change) == "change 1: fix into main, open: Fix it"


def test_a_capture_says_which_run_it_is(shop: Shop) -> None:
    with shop.platform.metadata.capture("shop/r1", actor=shop.ada) as capture:
        assert repr(capture) == "Capture(run:shop/r1: running)"
    assert repr(capture) == "Capture(run:shop/r1: success)"
