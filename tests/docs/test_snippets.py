"""Every piece of code that the README and the pages show does what they say.

Sessions (`>>>`) are doctests; Python without prompts runs, a page from top to bottom in one namespace; commands run as printed, a page from
top to bottom in one folder. What cannot run here is marked on the line before its fence, and listed here:

    <!-- command: demo -->   a command that installs: .ci/run takes it from the page and runs it in a fresh environment
    <!-- not run: why -->    a sketch, or something that needs what a test must not
"""

from __future__ import annotations

import doctest
import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from .pages import PAGES, ROOT, Block, blocks, name
from .sample_class import write_class
from .sample_traces import write_all

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too long without compilation")

OPTIONS = doctest.ELLIPSIS
INSTALLING = ("pip install", "-m venv", "curl ", "kubectl ")
NOT_RUN = {
    ("README.md", "command: demo"),
    ("README.md", "command: test"),
    ("docs/watching.md", "not run: it is for somebody who looks on"),
    ("README.md", "command: install"),
    ("docs/tutorials/quick-start.md", "not run: .ci/run runs the same line of the README"),
    ("README.md", "not run: a sketch, of which files, ada and robot are left out"),
    ("docs/teaching.md", "not run: it installs"),
    ("docs/teaching.md", "not run: it starts JupyterLab"),
}
"""Every block that is not run: its page and its mark."""


def runnable(page: Path, *languages: str) -> list[Block]:
    return [block for block in blocks(page) if block.language in languages and (name(page), block.mark) not in NOT_RUN]


def sketches(page: Path) -> list[Block]:
    return [block for block in runnable(page, "python") if ">>> " not in block.text]


def having(found: object) -> list[Path]:
    return [page for page in PAGES if found(page)]  # type: ignore[operator]


SESSIONS = having(lambda page: any(">>> " in block.text for block in blocks(page)))
SCRIPTS = having(sketches)
COMMANDS = having(lambda page: runnable(page, "sh"))


def test_the_quick_start_installs_as_the_readme_does() -> None:
    readme = next(block.text for block in blocks(ROOT / "README.md") if block.mark == "command: install")
    page = ROOT / "docs" / "tutorials" / "quick-start.md"
    assert readme == next(block.text for block in blocks(page) if "same line of the README" in block.mark)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for a page, with the files that pages read in it."""
    write_all(tmp_path)
    write_class(tmp_path, ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", SESSIONS, ids=name)
def test_sessions_give_what_they_say(page: Path, folder: Path) -> None:
    outcome = doctest.testfile(str(page), module_relative=False, optionflags=OPTIONS, encoding="utf-8", globs={"folder": folder / "made"})
    assert outcome.failed == 0 and outcome.attempted > 0


@pytest.mark.parametrize("page", SCRIPTS, ids=name)
def test_python_without_prompts_runs(page: Path, folder: Path) -> None:
    names: dict[str, object] = {"__name__": "__main__"}
    for block in sketches(page):
        exec(compile("\n" * (block.line - 1) + block.text, str(page), "exec"), names)


@pytest.mark.parametrize("page", COMMANDS, ids=name)
def test_commands_run_as_printed(page: Path, folder: Path) -> None:
    command = folder / "bin" / "mlplat"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mlplat "$@"\n')
    command.chmod(0o755)
    path = os.pathsep.join([str(command.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "140"}
    for block in runnable(page, "sh"):
        assert not any(word in block.text for word in INSTALLING), f"{name(page)}, line {block.line}: mark what is not run"
        ran = subprocess.run(
            ["sh", "-e", "-c", block.text], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert ran.returncode == 0, f"{name(page)}, line {block.line}:\n{ran.stdout[-2000:]}\n{ran.stderr[-2000:]}"


def test_what_is_not_run_is_listed_and_there() -> None:
    marked = {(name(page), block.mark) for page in PAGES for block in blocks(page) if block.mark.startswith(("not run:", "command:"))}
    assert marked == NOT_RUN


def test_every_block_of_code_says_its_language() -> None:
    known = {"python", "sh", "yaml", "json", "text", "csv", "toml"}
    assert [(name(page), block.line) for page in PAGES for block in blocks(page) if block.language and block.language not in known] == []
