"""Names of artifacts and resources."""

from __future__ import annotations

from typing import Any

import pytest

from mlplat.errors import OptionError
from mlplat.platform.references import Reference, check_name, check_project, covering

GOOD = ["shop/clicks", "shop/clicks@3", "shop/churn@feature/x", f"a/b@sha256:{'0' * 64}", "shop/data.v2_final@champion", "shop/img@1.0+cpu"]
BAD = [
    "",
    "clicks",
    "/clicks",
    "shop/",
    "Shop/clicks",
    "shop/clicks@",
    "shop/a/b",
    "shop/../etc",
    "shop/.hidden",
    "shop/clicks@../../x",
    "shop/clicks@a//b",
    "shop/clicks@-3",
    "shop/clicks@3\n",
    "shop/cl icks",
    "shöp/clicks",
    "shop/" + "x" * 129,
    "x" * 64 + "/clicks",
    3,
    None,
    b"shop/clicks",
]


@pytest.mark.parametrize("text", GOOD)
def test_a_reference_is_its_text(text: str) -> None:
    reference = Reference.parse(text)
    assert str(reference) == text
    assert Reference.parse(reference) == reference


@pytest.mark.parametrize("text", BAD, ids=ascii)
def test_what_is_no_reference_is_refused(text: Any) -> None:
    with pytest.raises(OptionError, match="expected 'project/name'"):
        Reference.parse(text)


def test_names_of_projects_and_artifacts_are_checked() -> None:
    assert check_project("shop-2") == "shop-2"
    assert check_name("Clicks_2.csv") == "Clicks_2.csv"
    with pytest.raises(OptionError, match="lower-case"):
        check_project("Shop")
    with pytest.raises(OptionError, match="alias 'a b'"):
        check_name("a b", "alias")


def test_a_version_is_covered_by_what_holds_it_and_by_nothing_else() -> None:
    assert covering("model:shop/churn@2") == ("model:shop/churn@2", "model:shop/churn", "model:shop/*", "project:shop", "platform")
    assert covering("model:shop/*") == ("model:shop/*", "project:shop", "platform")
    assert covering("project:shop") == ("project:shop", "platform")
    assert covering("platform") == ("platform",)
