"""Which tests there are in the files of a commit, without running any of it: functions `test_…` at the top of a file."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Mapping
from typing import NamedTuple

PREFIX = "test_"


class FoundTests(NamedTuple):
    """The tests of a file in the order in which they stand there; `wrong`: why it is no Python that can be read, empty otherwise."""

    path: str
    names: tuple[str, ...]
    wrong: str = ""


def find_tests(files: Mapping[str, bytes], paths: Iterable[str]) -> tuple[FoundTests, ...]:
    """The tests in these of the files.

    >>> find_tests({"test_a.py": b"def test_one(): pass\\ndef helper(): pass\\n"}, ["test_a.py"])
    (FoundTests(path='test_a.py', names=('test_one',), wrong=''),)
    """
    return tuple(_found(path, files[path]) for path in paths)


def _found(path: str, content: bytes) -> FoundTests:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(content, path)
    except SyntaxError as error:
        line = f", line {error.lineno}" if error.lineno else ""
        return FoundTests(path, (), f"SyntaxError: {error.msg} ({path}{line})")
    except (ValueError, RecursionError, MemoryError) as error:  # NUL bytes, another encoding, nested too deeply
        return FoundTests(path, (), f"{type(error).__name__}: {error} ({path})")
    functions = (each.name for each in tree.body if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)))
    return FoundTests(path, tuple(dict.fromkeys(name for name in functions if name.startswith(PREFIX))))
