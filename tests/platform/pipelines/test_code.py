"""Code of pipelines: it is that of the commit, in a namespace of its own, and what a step is made of has a digest."""

from __future__ import annotations

import sys
import traceback
from types import ModuleType
from typing import Any

import pytest

from mlplat.platform.pipelines import CodeError, DefinitionError
from mlplat.platform.pipelines.code_base import CodeBase
from mlplat.platform.pipelines.loading import Built, LoadedCode, is_installed

HEAD = "from mlplat.platform.pipelines import StepContext, pipeline, step\n"
TWO = (
    HEAD
    + """
from helpers import doubled
LIMIT = 5

@step
def first(x: int) -> int:
    return doubled(x) + LIMIT

@step
def second(x: int) -> int:
    from pack.late import more
    return more(x)

@pipeline
def both(x: int = 1):
    second(first(x))
"""
)
FILES = {
    "pipeline.py": TWO,
    "helpers.py": "def doubled(x):\n    return 2 * x\n",
    "pack/late.py": "from . import deep\nfrom .deep import most\ndef more(x):\n    return most(x)\n",
    "pack/deep.py": "def most(x):\n    return x + 1\n",
    "unused.py": "raise SystemError\n",
    "README.md": "# x",
}


def load(files: dict[str, str], path: str = "pipeline.py") -> LoadedCode:
    return LoadedCode(CodeBase("shop/churn@1234567890", {name: text.encode() for name, text in files.items()}), path)


def built(files: dict[str, str], name: str = "") -> Built:
    return load(files).built(name)


def called(files: dict[str, str], step: str, *arguments: Any) -> Any:
    loaded = load(files)
    found = loaded.built()
    with loaded.active():
        return found.pipeline.steps[step].function(*arguments)


def test_s94_files_of_the_commit_import_each_other_and_what_is_installed() -> None:
    assert called(FILES, "first", 3) == 11
    assert called(FILES, "second", 3) == 4


def test_s94_nothing_of_this_process_can_be_imported(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "helpers.py").write_text("def doubled(x):\n    return 1000\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    notebook = ModuleType("helpers")
    notebook.doubled = lambda x: 2000  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "helpers", notebook)
    assert called(FILES, "first", 3) == 11
    is_installed.cache_clear()
    alone = {"pipeline.py": TWO}
    with pytest.raises(CodeError, match="No module named 'helpers' in shop/churn@1234567890, nor installed") as raised:
        load(alone)
    assert (raised.value.path, raised.value.line) == ("pipeline.py", 3)
    with pytest.raises(CodeError, match="No module named '__main__'"):
        load({"pipeline.py": "import __main__\n"})
    is_installed.cache_clear()


def test_what_no_import_statement_names_is_not_imported() -> None:
    for line in ("__import__('un' + 'used')", "import importlib\nimportlib.import_module('unused')"):
        with pytest.raises(CodeError, match="unused"):
            load({**FILES, "pipeline.py": line})


def test_each_time_it_is_loaded_everything_is_new() -> None:
    files = {"pipeline.py": HEAD + "import state\n@step\ndef count() -> int:\n    state.calls.append(1)\n    return len(state.calls)\n"}
    files |= {"state.py": "calls = []\n"}
    files["pipeline.py"] += "@pipeline\ndef main():\n    count()\n"
    base = CodeBase("c", {name: text.encode() for name, text in files.items()})
    for _ in range(2):
        loaded = LoadedCode(base, "pipeline.py")
        step = loaded.built().pipeline.steps["count"]
        with loaded.active():
            assert (step.function(), step.function()) == (1, 2)
    assert not [name for name in sys.modules if name.startswith("commit_")]


def test_libraries_that_look_for_the_module_of_a_class_find_it() -> None:
    text = HEAD + (
        "from __future__ import annotations\nfrom dataclasses import dataclass, field\nimport dataclasses\nfrom typing import ClassVar\n"
        "@dataclass\nclass Point:\n    x: int\n    kind: ClassVar[str] = 'p'\n"
        "@step\ndef make(x: int) -> dict:\n    return dataclasses.asdict(Point(x))\n@pipeline\ndef main(x: int):\n    make(x)\n"
    ).replace("from __future__ import annotations\n", "")
    assert called({"pipeline.py": "from __future__ import annotations\n" + text}, "make", 3) == {"x": 3}


def test_packages_submodules_and_relative_imports_work_as_they_do() -> None:
    files = {
        "pipeline.py": HEAD + "import a.b\nimport a.b as ab\nfrom a import b, c\nfrom a.c import *\n"
        "@step\ndef all_() -> list[int]:\n    return [a.b.x, ab.x, b.x, c.y, y, a.z]\n@pipeline\ndef main():\n    all_()\n",
        "a/__init__.py": "from .c import y as z\n",
        "a/b.py": "from ..top import t\nx = t + 1\n",
        "a/c.py": "y = 2\n",
        "top.py": "t = 0\n",
    }
    assert called(files, "all_") == [1, 1, 1, 2, 2, 2]


@pytest.mark.parametrize(
    ("text", "line", "match"),
    [
        ("x = (", 1, "was never closed"),
        ("\n\n1 / 0\n", 3, "ZeroDivisionError"),
        ("from helpers import tripled\n", 1, "cannot import name 'tripled'"),
        ("from . import nothing_there\n", 1, "cannot import name"),
        ("from ... import x\n", 1, "above the root"),
        ("import sys\nsys.exit(3)\n", 2, "SystemExit"),
        ("def f(:\n    pass\n", 1, "invalid syntax"),
        ("x = 1\x00", 0, "null bytes"),
    ],
)
def test_code_that_cannot_be_loaded_names_file_and_line(text: str, line: int, match: str) -> None:
    with pytest.raises(CodeError, match=match) as raised:
        load({"pipeline.py": text, "helpers.py": FILES["helpers.py"]})
    assert (raised.value.path, raised.value.line) == ("pipeline.py", line)


def test_an_error_in_a_file_that_is_imported_names_that() -> None:
    with pytest.raises(CodeError, match=r"helpers.py, line 2: NameError") as raised:
        load({"pipeline.py": "import helpers\n", "helpers.py": "\nnobody\n"})
    assert raised.value.path == "helpers.py"
    with pytest.raises(CodeError, match="no such Python file"):
        load(FILES, "train.py")
    with pytest.raises(CodeError, match="not the name of a module"):
        load({"my-pipeline.py": "x = 1"}, "my-pipeline.py")
    with pytest.raises(CodeError, match="not UTF-8"):
        LoadedCode(CodeBase("c", {"pipeline.py": b"\xff"}), "pipeline.py")


def test_an_error_inside_a_step_shows_the_line_of_the_commit() -> None:
    files = {"pipeline.py": HEAD + "@step\ndef bad(x: int) -> int:\n    return x / nobody\n@pipeline\ndef main(x: int):\n    bad(x)\n"}
    with pytest.raises(NameError) as raised:
        called(files, "bad", 3)
    text = "".join(traceback.format_exception(raised.value))
    assert 'File "shop/churn@1234567890/pipeline.py", line 4' in text and "return x / nobody" in text


def test_a_pipeline_is_found_by_its_name_or_as_the_only_one() -> None:
    more = {**FILES, "pipeline.py": TWO + "\n@pipeline\ndef other(x: int):\n    first(x)\n"}
    assert load(FILES).pipeline().name == "both" and load(more).pipeline("other").name == "other"
    for files, name, match in ((more, "", "2 pipelines; expected its name, one of both, other"), (FILES, "bot", "no pipeline 'bot'")):
        with pytest.raises(CodeError, match=match):
            load(files).pipeline(name)
    with pytest.raises(CodeError, match="0 pipelines; expected one of none"):
        load({"pipeline.py": ""}).pipeline()


CHANGES: dict[str, tuple[str, str, str, set[str]]] = {
    "the body of one step": ("pipeline.py", "+ LIMIT", "- LIMIT", {"first"}),
    "a constant of the file": ("pipeline.py", "LIMIT = 5", "LIMIT = 6", {"first", "second"}),
    "the pipeline's function": ("pipeline.py", "x: int = 1", "x: int = 2", set()),
    "what one step imports": ("helpers.py", "2 *", "3 *", {"first", "second"}),
    "what is imported inside of a step": ("pack/deep.py", "x + 1", "x + 2", {"first", "second"}),
    "a file that nobody imports": ("unused.py", "SystemError", "OSError", set()),
    "what is no Python": ("README.md", "x", "y", set()),
}


@pytest.mark.parametrize("name", CHANGES)
def test_s92_a_step_has_another_digest_if_what_it_can_reach_has_changed(name: str) -> None:
    path, old, new, expected = CHANGES[name]
    assert old in FILES[path]
    before, after = built(FILES).codes, built({**FILES, path: FILES[path].replace(old, new)}).codes
    assert {step for step in before if before[step] != after[step]} == expected


def test_s92_a_step_that_another_names_belongs_to_that() -> None:
    text = HEAD + (
        "@step\ndef a(x: int) -> int:\n    return x\n@step\ndef b(x: int) -> int:\n    return a.function(x)\n"
        "@step\ndef c(x: int) -> int:\n    return 1\n@pipeline\ndef main(x: int):\n    a(x)\n    b(x)\n    c(x)\n"
    )
    before, after = (built({"pipeline.py": each}).codes for each in (text, text.replace("return x\n", "return -x\n")))
    assert {step for step in before if before[step] != after[step]} == {"a", "b"}


def test_steps_of_other_files_of_the_commit_have_digests_of_those() -> None:
    files = {
        "pipeline.py": HEAD + "from steps import a, b\n@pipeline\ndef main(x: int):\n    a(b(x))\n",
        "steps.py": HEAD + "@step\ndef a(x: int) -> int:\n    return x\n@step\ndef b(x: int) -> int:\n    return x\n",
    }
    before = built(files).codes
    edits = {**files, "pipeline.py": files["pipeline.py"] + "\n# more\n"}
    assert built(edits).codes == before
    edits = {**files, "steps.py": files["steps.py"].replace("def b(x: int) -> int:\n    return x", "def b(x: int) -> int:\n    return 2")}
    assert built(edits).codes["a"] == before["a"] and built(edits).codes["b"] != before["b"]


def test_a_step_of_no_file_of_the_commit_is_refused() -> None:
    files = {
        "pipeline.py": HEAD + "ns = {'step': step, '__name__': 'x'}\nexec('@step\\ndef a() -> int:\\n    return 1', ns)\na = ns['a']\n"
    }
    files["pipeline.py"] += "@pipeline\ndef main():\n    a()\n"
    with pytest.raises(DefinitionError, match="of no file of the commit"):
        built(files)
