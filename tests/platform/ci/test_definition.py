"""What `ci.yaml` of a commit says, and where it is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import InputError
from mlplat.platform.automation.ci.definition import CIDefinition
from mlplat.platform.automation.file_patterns import check_pattern, matching

TEXT = """\
image: images/test.yaml
tests:
  - tests/test_*.py
  - checks/**
request: {cpus: 2, memory: 4GiB}
setup: 30s
per_test: 500ms
timeout: 10m
pending_timeout: 2h
retries: 3
"""


def test_all_that_it_can_say() -> None:
    found = CIDefinition.parse(TEXT.encode())
    assert (found.image, found.manifest, found.tests) == ("", "images/test.yaml", ("tests/test_*.py", "checks/**"))
    assert dict(found.request) == {"cpus": 2, "memory": "4GiB"}
    assert (found.setup_s, found.per_test_s, found.timeout_s, found.pending_timeout_s, found.retries) == (30.0, 0.5, 600.0, 7200.0, 3)
    assert found.duration_s(4) == 32.0
    assert found.files(["tests/test_b.py", "tests/test_a.py", "checks/x/y.py", "checks/data.csv", "tests/helper.py"]) == (
        "checks/x/y.py",
        "tests/test_a.py",
        "tests/test_b.py",
    )


def test_an_empty_file_is_the_default() -> None:
    assert CIDefinition.parse(b"") == CIDefinition()
    assert CIDefinition.parse(b"image: shop/test@v1\n").image == "shop/test@v1"
    assert CIDefinition().files(["test_a.py", "x/y/test_b.py", "tests.py"]) == ("test_a.py", "x/y/test_b.py")


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ("timeout: 10m", "timeuot: 10m", 8, "did you mean 'timeout'"),
        ("timeout: 10m", "timeout: soon", 8, "not a duration"),
        ("timeout: 10m", "timeout: [1]", 8, "not a duration"),
        ("retries: 3", "retries: -1", 10, "not a number that can be used"),
        ("retries: 3", "retries: yes", 10, "not a number that can be used"),
        ("{cpus: 2, memory: 4GiB}", "{cpu: 2}", 5, "cpu"),
        ("{cpus: 2, memory: 4GiB}", "much", 5, "no request"),
        ("images/test.yaml", "shop/test", 1, "no tag or digest"),
        ("images/test.yaml", "../test.yaml", 1, "expected no name in it"),
        ("  - checks/**", "  - 3", 4, "not text"),
        ("  - checks/**", "  - /checks", 4, "relative to the top"),
    ],
)
def test_an_error_names_file_and_line(old: str, new: str, line: int, problem: str) -> None:
    assert old in TEXT
    with pytest.raises(InputError, match=problem) as caught:
        CIDefinition.parse(
            TEXT.replace(old, new, 1).encode() if old != "timeout: 10m" else TEXT.replace("\ntimeout: 10m", f"\n{new}").encode()
        )
    assert (caught.value.path, caught.value.line) == ("ci.yaml", line)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_whatever_stands_there_is_read_or_refused(content: bytes) -> None:
    try:
        assert CIDefinition.parse(content).path == "ci.yaml"
    except InputError as error:
        assert str(error).startswith("ci.yaml")


names = st.text(st.sampled_from("ab"), min_size=1, max_size=3)
paths = st.lists(names, min_size=1, max_size=3).map("/".join)


@given(st.lists(st.sampled_from(["a", "b", "*", "**", "?", "a*"]), min_size=1, max_size=3).map("/".join), paths)
def test_patterns_match_as_written_part_by_part(pattern: str, path: str) -> None:
    assert bool(matching(check_pattern(pattern), [path])) == _fits(pattern.split("/"), path.split("/"))


def _fits(pattern: list[str], path: list[str]) -> bool:
    if not pattern:
        return True  # all that is in a folder
    if not path:
        return False
    first, *rest = pattern
    if first == "**":
        return not rest or any(_fits(rest, path[start:]) for start in range(len(path)))
    one = {"*": True, "?": len(path[0]) == 1, "a*": path[0].startswith("a")}.get(first, path[0] == first)
    return one and _fits(rest, path[1:])
