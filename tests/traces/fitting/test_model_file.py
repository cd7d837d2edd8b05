"""Models as JSON: what is written is read back equal, and what is bad is named with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import InputError, MlplatError, SpecError
from mlplat.traces import synthetic
from mlplat.traces.fitting import FittedWorkload, fit

from .models import model


def test_a_model_is_read_back_equal(tmp_path: Path) -> None:
    for made in (model(), fit(synthetic(5000, users=300, zipf=0.5, estimates="walltime"))):
        made.to_json(tmp_path / "model.json")
        again = FittedWorkload.from_json(tmp_path / "model.json")
        assert again == made and (again.generate(100, seed=1).duration == made.generate(100, seed=1).duration).all()
    assert [path.name for path in tmp_path.iterdir()] == ["model.json"]


def change(place: list[Any], value: Any) -> str:
    """The JSON of a model with one value changed; Ellipsis takes it away."""
    content = json.loads(model().to_text())
    inner = content
    for key in place[:-1]:
        inner = inner[key]
    if value is ...:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return json.dumps(content)


@pytest.mark.parametrize(
    ("place", "value", "where"),
    [
        (["schema_version"], 2, "schema_version: is 2; expected 1"),
        (["schema_version"], ..., "schema_version: is missing; expected 1"),
        (["jobs"], "many", "jobs: "),
        (["colour"], "red", "colour: "),
        (["arrivals"], ..., "arrivals: "),
        (["arrivals", "per_hour"], -1, "arrivals.per_hour: "),
        (["arrivals", "hours"], [1.0] * 167, "arrivals.hours: "),
        (["arrivals", "hours"], [2.0] * 168, "arrivals: the mean of hours is 2; expected 1"),
        (["kinds", 1, "sigma"], -0.5, r"kinds\[1\].sigma: "),
        (["kinds", 1, "form"], "weibull", r"kinds\[1\].form: "),
        (["kinds", 1, "job_class"], 7, r"kinds\[1\].job_class: 7; expected an index into 2 classes"),
        (["kinds", 1, "ratios"], [1.0, 2.0], r"kinds\[1\].ratios: expected 33 quantiles"),
        (["groups", 0, "kinds"], [1.0], r"groups\[0\].kinds: 1 weights for 3 kinds"),
        (["groups", 1, "kinds"], [0, 0, 0], r"groups\[1\].kinds: all are 0"),
        (["groups", 1, "table"], 3, r"groups\[1\].table: 3; expected an index into 1 bursts.tables"),
        (["groups"], [], "groups: none has a weight"),
        (["classes", 0, "shapes", 0, "request"], 2, r"classes\[0\].shapes\[0\].request: 2; expected an index into 2 requests"),
        (["requests", 0, "gpu_milli"], 200, r"requests\[0\]: a request takes whole devices"),
        (["bursts", "tables", 0, "sizes"], [0], r"bursts.tables\[0\].sizes\[0\]: "),
        (["bursts", "tables", 0, "sizes"], [2], "bursts.gaps_s: none, though there are bursts of several jobs"),
        (["bursts", "stay"], 1.5, "bursts.stay: "),
        (["limits_s"], [60, 30], "limits_s: expected limits in order"),
    ],
)
def test_a_bad_model_is_named_with_its_place(place: list[Any], value: Any, where: str, tmp_path: Path) -> None:
    file = tmp_path / "model.json"
    file.write_text(change(place, value))
    with pytest.raises(SpecError, match=where) as caught:
        FittedWorkload.from_json(file)
    assert str(caught.value).startswith(f"{file}: ") and "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", "[" * 100_000, '{"schema_version": 1}', '{"schema_version": NaN}', "\x00"])
def test_what_is_no_model_is_an_error_of_ours(text: str, tmp_path: Path) -> None:
    file = tmp_path / "model.json"
    file.write_text(text)
    with pytest.raises((InputError, SpecError), match=r"model\.json"):
        FittedWorkload.from_json(file)


def test_files_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        FittedWorkload.from_json(tmp_path / "none.json")
    with pytest.raises(InputError, match="cannot be written"):
        model().to_json(tmp_path / "nowhere" / "model.json")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not text"):
        FittedWorkload.from_json(tmp_path / "bytes.json")


@given(at=st.integers(0, 5000), put=st.binary(min_size=1, max_size=3))
def test_a_damaged_file_is_an_error_of_ours_or_another_model(at: int, put: bytes) -> None:
    content = model().to_text().encode()
    at %= len(content)
    damaged = (content[:at] + put + content[at + len(put) :]).decode(errors="replace")
    try:
        assert FittedWorkload.from_text(damaged).jobs >= 1
    except MlplatError as error:
        assert str(error)


def test_what_is_shown_is_escaped() -> None:
    made = model(source="<b>\x1b[31m")
    assert "<b>" not in made._repr_html_() and "\x1b" not in str(made) and "\x1b" not in repr(made)
