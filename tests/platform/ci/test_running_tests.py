"""The tests of a commit are run for real, in what the commit has and nothing else."""

from __future__ import annotations

import random
import sys
from types import ModuleType

import numpy as np
import pytest

from mlplat.platform.automation.ci.commit_imports import CommitImports
from mlplat.platform.automation.ci.discovery import find_tests
from mlplat.platform.automation.ci.testing import CaseResult, run_tests

NAME = "shop/churn@4c80e39"


def run(files: dict[str, str], *paths: str) -> dict[str, CaseResult]:
    contents = {path: text.encode() for path, text in files.items()}
    tests = paths or tuple(path for path in sorted(files) if path.rpartition("/")[2].startswith("test_"))
    return {each.name: each for each in run_tests(contents, find_tests(contents, tests), NAME)}


def said(files: dict[str, str], *paths: str) -> dict[str, str]:
    return {name: str(each).removeprefix(f"{name} ") for name, each in run(files, *paths).items()}


def test_tests_pass_fail_and_are_skipped_each_with_its_message() -> None:
    text = """\
import unittest
def add(a, b): return a + b
def test_right():
    assert add(1, 1) == 2
def test_wrong():
    assert add(1, 1) == 3
def test_said():
    assert add(1, 1) == 3, "sums are off"
def test_raises():
    {}["missing"]
def test_exits():
    raise SystemExit(3)
def test_later():
    raise unittest.SkipTest("not yet")
"""
    assert said({"test_a.py": text}) == {
        "test_a.py::test_right": "passed",
        "test_a.py::test_wrong": "failed: AssertionError: assert add(1, 1) == 3 (test_a.py, line 6)",
        "test_a.py::test_said": "failed: AssertionError: sums are off (test_a.py, line 8)",
        "test_a.py::test_raises": "failed: KeyError: 'missing' (test_a.py, line 10)",
        "test_a.py::test_exits": "failed: SystemExit: 3 (test_a.py, line 12)",
        "test_a.py::test_later": "skipped: not yet",
    }


def test_the_place_is_the_last_one_in_the_commit() -> None:
    files = {"shop/prices.py": "import json\ndef price(text):\n    return json.loads(text)\n"}
    files["tests/test_prices.py"] = "from shop.prices import price\ndef test_price():\n    price('x')\n"
    found = said(files)["tests/test_prices.py::test_price"]
    assert found.startswith("failed: JSONDecodeError: ") and found.endswith("(shop/prices.py, line 3)")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def test_a(:\n", "SyntaxError: invalid syntax (test_a.py, line 1)"),
        (
            "x = 1\nimport nothing_of_that_name\ndef test_a(): pass\n",
            "ModuleNotFoundError: No module named 'nothing_of_that_name' (test_a.py, line 2)",
        ),
        ("raise SystemExit\ndef test_a(): pass\n", "SystemExit (test_a.py, line 1)"),
        ("a\0b", "source code string cannot contain null bytes"),
    ],
)
def test_a_file_that_cannot_be_imported_is_one_failed_case(text: str, message: str) -> None:
    found = said({"test_a.py": text, "test_b.py": "def test_b(): pass"})
    assert list(found) == ["test_a.py", "test_b.py::test_b"]
    assert found["test_a.py"].startswith("failed: ") and message in found["test_a.py"]
    assert found["test_b.py::test_b"] == "passed"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def test_a(tmp_path): pass", "takes tmp_path"),
        ("async def test_a(): pass", "coroutine"),
        ("def test_a(): yield", "generator"),
        ("def test_a(): pass\ndel test_a", "no function any more"),
    ],
)
def test_what_cannot_be_called_does_not_pass(text: str, message: str) -> None:
    assert message in said({"test_a.py": text})["test_a.py::test_a"]
    assert said({"test_a.py": "def test_a(depth=3): assert depth == 3"}) == {"test_a.py::test_a": "passed"}


def test_s68_code_of_another_commit_is_never_used() -> None:
    test = "from shop.prices import TAX\ndef test_tax(): assert TAX == 19\n"
    assert said({"shop/prices.py": "TAX = 19", "test_tax.py": test}) == {"test_tax.py::test_tax": "passed"}
    assert "assert TAX == 19" in said({"shop/prices.py": "TAX = 7", "test_tax.py": test})["test_tax.py::test_tax"]
    gone = said({"shop/other.py": "", "test_tax.py": test})["test_tax.py"]
    assert "No module named 'shop.prices'" in gone
    assert "shop" not in sys.modules and "test_tax" not in sys.modules


def test_s68_code_of_the_process_is_never_used(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = ModuleType("prices_of_the_notebook")
    mine.TAX = 19  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "prices_of_the_notebook", mine)
    monkeypatch.setattr(sys.modules["__main__"], "TAX", 19, raising=False)
    texts = (
        "from prices_of_the_notebook import TAX",
        "from __main__ import TAX",
        "from tests.platform.ci import test_running_tests",
        "import benchmarks.replay",
    )
    for text in texts:
        found = said({"test_a.py": f"{text}\ndef test_a(): pass"})["test_a.py"]
        assert "ModuleNotFoundError" in found or "ImportError" in found
    assert sys.modules["prices_of_the_notebook"] is mine


def test_a_module_of_the_commit_stands_in_for_one_of_the_process_and_is_gone_afterwards() -> None:
    import hypothesis

    import mlplat

    files = {"hypothesis.py": "OURS = True", "json.py": "OURS = True", "mlplat/__init__.py": "OURS = True"}
    files["test_a.py"] = """\
import hypothesis, json, mlplat
def test_installed(): assert hypothesis.OURS
def test_standard(): assert json.loads("1") == 1
def test_own(): assert mlplat.Simulation().now == 0
"""
    assert set(said(files).values()) == {"passed"}
    assert sys.modules["hypothesis"] is hypothesis and sys.modules["mlplat"] is mlplat


def test_what_is_installed_and_met_the_commits_modules_is_imported_anew() -> None:
    sys.modules.pop("colorsys", None)
    before = set(sys.modules)
    with CommitImports({"six.py": b"OURS = True", "pytest.py": b"x = 1"}, NAME):
        import colorsys

        import six

        assert six.OURS
    assert sys.modules["colorsys"] is colorsys
    assert {name for name in sys.modules if name not in before and not name.startswith("colorsys")} == set()


def test_packages_namespaces_and_relative_imports() -> None:
    files = {
        "shop/__init__.py": "from .prices import TAX",
        "shop/prices.py": "TAX = 19",
        "lib/deep/more.py": "X = 1",
        "src/core/__init__.py": "Y = 2",
        "tests/helper.py": "Z = 3",
        "tests/test_all.py": """\
from shop import TAX
from lib.deep.more import X
import core
from .helper import Z
from tests.helper import Z as again
def test_all(): assert (TAX, X, core.Y, Z, again) == (19, 1, 2, 3, 3)
""",
        "tests/test-odd name.py": "from shop import TAX\ndef test_odd(): assert TAX == 19\n",
    }
    assert said(files, "tests/test_all.py", "tests/test-odd name.py") == {
        "tests/test_all.py::test_all": "passed",
        "tests/test-odd name.py::test_odd": "passed",
    }


def test_files_of_the_commit_can_be_read_as_data() -> None:
    text = "import pkgutil\ndef test_a():\n    assert pkgutil.get_data('shop', 'prices.csv') == b'1,2'\n"
    assert said({"shop/__init__.py": "", "shop/prices.csv": "1,2", "test_a.py": text}) == {"test_a.py::test_a": "passed"}


def test_nothing_is_printed_and_what_was_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    text = "import sys\nprint('hello')\ndef test_a():\n    print('from', 'a')\n    print('oh', file=sys.stderr)\n"
    found = run({"test_a.py": text})["test_a.py::test_a"]
    assert found.output == "from a\noh\n"
    assert capsys.readouterr() == ("", "")


def test_the_process_is_as_it_was() -> None:
    import os

    def state() -> object:
        numpy = np.random.get_state()  # noqa: NPY002
        return (
            random.getstate(),
            numpy[1].tolist(),
            sys.path[:],
            sys.meta_path[:],
            dict(os.environ),
            sys.getrecursionlimit(),
            set(sys.modules),
        )

    text = """\
import os, random, sys, warnings
import numpy as np
FIRST = random.random(), np.random.rand()
def test_a():
    sys.path.append("/nowhere"); sys.meta_path.clear(); os.environ["MINE"] = "1"; sys.setrecursionlimit(5000)
    warnings.warn("mind", UserWarning)
def test_draws():
    assert False, FIRST
"""
    before = state()
    one, two = run({"test_a.py": text}), run({"test_a.py": text})
    assert one == two and state() == before
    assert one["test_a.py::test_a"].message == "" and "UserWarning: mind" in one["test_a.py::test_a"].output


def test_an_address_of_the_process_is_in_no_message() -> None:
    found = said({"test_a.py": "def test_a():\n    raise ValueError(object())\n"})["test_a.py::test_a"]
    assert found == "failed: ValueError: <object object at 0x…> (test_a.py, line 2)"


def test_an_error_that_cannot_be_told_is_an_error_all_the_same() -> None:
    text = "class E(Exception):\n    def __str__(self): raise ValueError\ndef test_a(): raise E\n"
    assert said({"test_a.py": text})["test_a.py::test_a"].startswith("failed: E: an error that cannot be told")


def test_what_a_person_interrupts_stops() -> None:
    with pytest.raises(KeyboardInterrupt):
        run({"test_a.py": "def test_a(): raise KeyboardInterrupt"})
    assert "test_a" not in sys.modules and sys.modules["__main__"].__dict__
