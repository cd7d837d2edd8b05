"""Running the tests of a commit for real: each function in modules that are new, with nothing printed and nothing left behind."""

from __future__ import annotations

import contextlib
import inspect
import io
import linecache
import os
import random
import re
import sys
import traceback
import unittest
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import ModuleType
from typing import Final

from ....errors import printable
from .commit_imports import CommitImports
from .discovery import FoundTests

LONGEST: Final = 500
"""Characters of a message that are kept."""
OUTPUT: Final = 10_000
"""Characters of what a test prints that are kept, the last ones."""


_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")


class CaseOutcome(StrEnum):
    """What has become of a test."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    """It raised `unittest.SkipTest`."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What has become of a test. `name`: `path::function`, or the path of a file that could not be read. `message`: why it failed, with
    the place in the commit. `output`: the end of what it printed.
    """

    name: str
    outcome: CaseOutcome
    message: str = ""
    output: str = ""

    def __str__(self) -> str:
        return f"{printable(self.name)} {self.outcome.value}{f': {printable(self.message)}' if self.message else ''}"


def run_tests(files: Mapping[str, bytes], found: Sequence[FoundTests], commit: str) -> tuple[CaseResult, ...]:
    """Run tests in the order in which they were found, and say what has become of each.

    A test passes unless it raises; whatever it raises is its own affair and comes no further, but for what a person interrupts by hand. The
    process sees nothing of it: modules, import path, warnings, environment
    variables, and the state of `random` and of numpy's own generator are as they were.
    `commit`: its name in tracebacks, such as `shop/churn@4c80e39`.

    >>> files = {"test_a.py": b"def test_sum(): assert 1 + 1 == 3"}
    >>> from mlplat.platform.automation.ci.discovery import find_tests
    >>> print(*run_tests(files, find_tests(files, files), "shop/churn@4c80e39"))
    test_a.py::test_sum failed: AssertionError: assert 1 + 1 == 3 (test_a.py, line 1)
    """
    results: list[CaseResult] = []
    with CommitImports(files, commit) as imports, _untouched(commit):
        for each in found:
            if each.wrong:
                results.append(CaseResult(each.path, CaseOutcome.FAILED, each.wrong))
                continue
            module, result = _imported(imports, each.path, files, commit)
            if module is None:
                results.append(result)
                continue
            results += [_run(module, each.path, name, files, commit) for name in each.names]
    return tuple(results)


def _imported(imports: CommitImports, path: str, files: Mapping[str, bytes], commit: str) -> tuple[ModuleType | None, CaseResult]:
    output = io.StringIO()
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            return imports.import_file(path), CaseResult(path, CaseOutcome.PASSED)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return None, _result(path, error, output, files, commit)


def _run(module: ModuleType, path: str, name: str, files: Mapping[str, bytes], commit: str) -> CaseResult:
    output, case = io.StringIO(), f"{path}::{name}"
    function = getattr(module, name, None)
    if not callable(function):
        return CaseResult(case, CaseOutcome.FAILED, f"no function any more once {path} is imported")
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        return CaseResult(case, CaseOutcome.FAILED, "a coroutine or generator; expected a plain function")
    needed = _needed(function)
    if needed:
        return CaseResult(case, CaseOutcome.FAILED, f"takes {', '.join(needed)}; expected a function without arguments")
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            function()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return _result(case, error, output, files, commit)
    return CaseResult(case, CaseOutcome.PASSED, "", output.getvalue()[-OUTPUT:])


def _needed(function: Callable[..., object]) -> list[str]:
    """The arguments that a function cannot be called without."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [each.name for each in parameters if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]


def _result(name: str, error: BaseException, output: io.StringIO, files: Mapping[str, bytes], commit: str) -> CaseResult:
    skipped = isinstance(error, unittest.SkipTest)
    message = _text_of(error) if skipped else _message(error, files, commit)
    return CaseResult(name, CaseOutcome.SKIPPED if skipped else CaseOutcome.FAILED, message[:LONGEST], output.getvalue()[-OUTPUT:])


def _message(error: BaseException, files: Mapping[str, bytes], commit: str) -> str:
    """What was raised, and the last place in the commit on the way there; an assertion that says nothing is told by its line."""
    said = _text_of(error)
    place = ""
    if isinstance(error, SyntaxError) and error.filename and error.filename.startswith(f"{commit}/"):
        said, place = error.msg, f"{error.filename.removeprefix(f'{commit}/')}, line {error.lineno}"
    for frame, line in traceback.walk_tb(error.__traceback__) if not place else ():
        path = frame.f_code.co_filename.removeprefix(f"{commit}/")
        if path != frame.f_code.co_filename and path in files:
            place = f"{path}, line {line}"
            if isinstance(error, AssertionError) and not _text_of(error):
                lines = files[path].decode(errors="replace").splitlines()
                said = lines[line - 1].strip().partition("): ")[2] or lines[line - 1].strip() if line <= len(lines) else ""
    return f"{type(error).__name__}{f': {said}' if said else ''}{f' ({place})' if place else ''}"


def _text_of(error: BaseException) -> str:
    """What an error says, without the addresses of objects, which are others each time."""
    try:
        return _ADDRESS.sub("0x…", str(error))
    except Exception:
        return "an error that cannot be told"


def _print_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: object = None, line: object = None
) -> None:
    print(f"{filename}:{lineno}: {category.__name__}: {message}", file=sys.stderr)


@contextlib.contextmanager
def _untouched(commit: str) -> Iterator[None]:
    """Random numbers as the commit's name seeds them, and afterwards all as it was."""
    numpy = sys.modules.get("numpy")
    before = random.getstate(), None if numpy is None else numpy.random.get_state(), sys.getrecursionlimit(), dict(os.environ)
    random.seed(commit)
    if numpy is not None:
        numpy.random.seed(list(commit.encode()))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            warnings.showwarning = _print_warning
            yield
    finally:
        random.setstate(before[0])
        if numpy is not None:
            numpy.random.set_state(before[1])
        sys.setrecursionlimit(before[2])
        if dict(os.environ) != before[3]:
            os.environ.clear()
            os.environ.update(before[3])
        linecache.checkcache()
