"""Source of a pipeline that was given as an object of this process: one file that makes the same pipeline, or why there is none."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

from ...canonical import frozen
from ...errors import MlplatError
from .code_base import CodeBase
from .definition import Pipeline
from .loading import LoadedCode, is_installed
from .outcomes import Irreproducible, NotStorable
from .steps import Step

FILE = "pipeline.py"


def source_of(pipeline: Pipeline) -> str:
    """A Python file that has the pipeline and all that its functions name. Raises NotStorable, which says what is in the way.

    Functions, classes and steps of this process are taken by their source, constants that JSON can say by their values, what is installed
    by `import`. What comes of it is loaded once and compared: its graph has the same digest.
    """
    writer = _Writer()
    writer.function(pipeline.function, pipeline.name)
    text = "\n".join(["from __future__ import annotations\n", *sorted(writer.imports), *writer.constants, "", *writer.definitions])
    try:
        built = LoadedCode(CodeBase("source", {FILE: text.encode()}), FILE).built(pipeline.name)
    except MlplatError as error:
        raise NotStorable(Irreproducible.DIFFERS, pipeline.name) from error
    if built.dag.digest != pipeline.dag.digest:
        raise NotStorable(Irreproducible.DIFFERS, pipeline.name)
    return text


class _Writer:
    """Collects what a file needs, each after what it names."""

    def __init__(self) -> None:
        self.imports: set[str] = set()
        self.constants: list[str] = []
        self.definitions: list[str] = []
        self._known: dict[str, Any] = {}

    def function(self, function: FunctionType | Any, name: str) -> None:
        """A function of this process, with what it names."""
        if function.__code__.co_freevars:
            raise NotStorable(Irreproducible.CLOSURE, name)
        self._definition(function, name, function.__globals__)

    def _definition(self, made: Any, name: str, known: dict[str, Any]) -> None:
        try:
            text = textwrap.dedent(inspect.getsource(made))
            tree = ast.parse(text)
        except (OSError, TypeError, SyntaxError):
            raise NotStorable(Irreproducible.NO_SOURCE, name) from None
        if not (len(tree.body) == 1 and getattr(tree.body[0], "name", "") == made.__name__):
            raise NotStorable(Irreproducible.NO_SOURCE, name)
        for each in dict.fromkeys(_names(tree)):
            if each != name and each in known:
                self._value(each, known[each])
        self.definitions.append(f"\n{text.rstrip()}\n")

    def _value(self, name: str, value: Any) -> None:
        if name in self._known:
            if self._known[name] is not value:
                raise NotStorable(Irreproducible.GLOBAL, name)
            return
        self._known[name] = value
        if isinstance(value, ModuleType):
            self._module(name, value.__name__)
        elif isinstance(value, (Step, Pipeline)):
            if value.function.__name__ != name:
                raise NotStorable(Irreproducible.GLOBAL, name)
            self.function(value.function, name)
        elif not self._imported(name, value):
            self._own(name, value)

    def _module(self, name: str, module: str) -> None:
        if not is_installed(module.partition(".")[0]):
            raise NotStorable(Irreproducible.LOCAL_MODULE, module)
        self.imports.add(f"import {module}" if name == module else f"import {module} as {name}")

    def _imported(self, name: str, value: Any) -> bool:
        """Whether a value is one of a module that is installed, by its own name there."""
        module, called = getattr(value, "__module__", None), getattr(value, "__qualname__", None) or getattr(value, "_name", None)
        if not isinstance(module, str) or not isinstance(called, str) or "." in called or not is_installed(module.partition(".")[0]):
            return False
        if getattr(sys.modules.get(module), called, None) is not value:
            return False
        self.imports.add(f"from {module} import {called}" if name == called else f"from {module} import {called} as {name}")
        return True

    def _own(self, name: str, value: Any) -> None:
        """A function, class or constant of this process."""
        if isinstance(value, FunctionType) and value.__name__ == name:
            self.function(value, name)
        elif isinstance(value, type) and value.__name__ == name:
            module = sys.modules.get(value.__module__)
            self._definition(value, name, vars(module) if module is not None else {})
        else:
            try:
                frozen(value)
                text = repr(value)
                if ast.literal_eval(text) != value:
                    raise ValueError
            except (MlplatError, ValueError, SyntaxError):
                raise NotStorable(Irreproducible.GLOBAL, name) from None
            self.constants.append(f"{name} = {text}")


def _names(tree: ast.AST) -> Iterator[str]:
    """Names that code may take from its module: also those in annotations that are text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 500:
            try:
                inner = ast.parse(node.value, mode="eval")
            except (SyntaxError, ValueError):
                continue
            yield from (each.id for each in ast.walk(inner) if isinstance(each, ast.Name))
