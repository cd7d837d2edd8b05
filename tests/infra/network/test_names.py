"""Names of services and replicas: in full and short, and what is none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import MlplatError, OptionError
from mlplat.infra.network.names import ParsedName, UnknownServiceError, parse_name, replica_name, service_name

LABELS = st.from_regex(r"\A[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\Z")


@given(name=LABELS, zone=LABELS, replica=st.none() | st.integers(0, 9_999_999), caller=LABELS)
def test_a_full_name_is_read_back_wherever_the_caller_is(name: str, zone: str, replica: int | None, caller: str) -> None:
    full = service_name(name, zone) if replica is None else replica_name(name, replica, zone)
    for text in (full, full + ".", full.upper()):
        parsed = parse_name(text, caller)
        assert parsed == ParsedName(replica, name, zone)
        assert parsed.full == full


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("web", (None, "web", "team")),
        ("web.prod", (None, "web", "prod")),
        ("0.web", (0, "web", "team")),
        ("12.web.prod", (12, "web", "prod")),
        ("00.web", (None, "00", "web")),
        ("7", (None, "7", "team")),
        ("7.web.svc.cluster", (None, "7", "web")),
        ("svc.cluster", (None, "svc", "cluster")),
        ("WEB", (None, "web", "team")),
    ],
)
def test_short_names_are_of_the_callers_zone(text: str, meant: tuple[Any, ...]) -> None:
    assert parse_name(text, "team") == meant


def test_no_zone_is_the_zone_default() -> None:
    assert service_name("web") == parse_name("web").full == parse_name("web", "default").full == "web.default.svc.cluster"


@pytest.mark.parametrize(
    "text",
    ["", ".", "web.", "a.b.c", "web..prod", "web.svc.cluster", "a.0.web.prod.svc.cluster", "-web", "web_1", "x" * 64, "web prod", "ẅeb",
     "web.\u212aube", "a" * 255, "web\n", "0.web.prod.svc.cluster..", None, 7, b"web", "\x1b[2J"],
)  # fmt: skip
def test_what_is_no_name_is_refused_with_the_forms_there_are(text: Any) -> None:
    with pytest.raises(OptionError, match=r"expected 'web', 'web\.zone' or 'web\.zone\.svc\.cluster'") as caught:
        parse_name(text)
    assert str(caught.value).isprintable() and len(str(caught.value)) < 250


@given(text=st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parsed = parse_name(text)
    except MlplatError:
        return
    assert parse_name(parsed.full) == parsed


@pytest.mark.parametrize("wrong", ["", "Web", "a.b", "x" * 64, "-a", None])
def test_parts_of_names_are_labels(wrong: Any) -> None:
    with pytest.raises(OptionError, match=r"name=.*expected a DNS label"):
        service_name(wrong)
    if wrong:
        with pytest.raises(OptionError, match=r"zone=.*expected a DNS label"):
            service_name("web", wrong)
    for replica in (-1, 10_000_000, True, "0", None):
        with pytest.raises(OptionError, match="replica="):
            replica_name("web", replica)  # type: ignore[arg-type]


def test_an_unknown_name_lists_the_closest_ten_and_how_many_more() -> None:
    error = UnknownServiceError("wbe.team", [f"s{i}.team" for i in range(30)] + ["web.team"], 4000)
    assert str(error).startswith("unknown service 'wbe.team'; did you mean 'web.team'? Known: web.team, ")
    assert str(error).endswith(" and 3,990 more")
    assert len(error.known) == 10
    assert str(UnknownServiceError("web", [], 0)) == "unknown service 'web'; there is none yet"
