"""The shell of every page as text: what is refused, and what can stand in it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mlplat.errors import InputError, OptionError
from mlplat.report.page import Section, document, table_html, write_page
from mlplat.report.page.embedding import data_element, json_text


def test_sections_have_ids_of_their_own() -> None:
    with pytest.raises(OptionError, match="stands twice"):
        document("A", [Section("a", "A", ""), Section("a", "B", "")])
    with pytest.raises(OptionError, match="expected small letters"):
        document("A", [Section("A b", "A", "")])


def test_a_script_that_would_end_its_element_is_refused() -> None:
    with pytest.raises(OptionError, match="must not contain"):
        document("A", [], scripts=["let a = '</script>'"])


@pytest.mark.parametrize("value", ["</script>", "<!--<script>", "a&b\u2028\ud800"])
def test_any_text_can_be_data(value: str) -> None:
    held = json_text({"name": value})
    assert not set("<>&\u2028\ud800") & set(held)
    assert json.loads(held) == {"name": value}


def test_what_cannot_be_held_is_refused() -> None:
    with pytest.raises(OptionError, match="found object"):
        data_element("a", {"b": object()})
    with pytest.raises(OptionError, match="one-dimensional"):
        data_element("a", np.zeros((2, 2)))


def test_a_long_table_says_how_much_is_left_out() -> None:
    table = table_html([{"n": i} for i in range(30)], caption="Numbers", most_rows=10)
    assert table.count("<tr>") == 11 and "20 more rows" in table


def test_a_page_without_figures_is_small_and_the_same_each_time() -> None:
    page = document("A", [Section("a", "A", "<p>a</p>")], data={"n": np.arange(1000)})
    assert page == document("A", [Section("a", "A", "<p>a</p>")], data={"n": np.arange(1000)})
    assert len(page) < 40_000


def test_a_page_that_cannot_be_written_names_the_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="it is a folder"):
        write_page(tmp_path, "")
    with pytest.raises(InputError, match="file"):
        write_page(tmp_path / "file" / "page.html", "")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
