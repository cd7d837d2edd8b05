"""No component of the platform has a public name that anybody may use unasked."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Iterator
from typing import Any, ClassVar

import mlplat.platform
from mlplat.platform.component import Component, call_of_anybody


def components() -> list[type[Component]]:
    """Every subclass of Component in the package."""
    for module in pkgutil.walk_packages(mlplat.platform.__path__, "mlplat.platform."):
        importlib.import_module(module.name)
    found: list[type[Component]] = []
    todo = [Component]
    while todo:
        one = todo.pop()
        found.append(one)
        todo += one.__subclasses__()
    return sorted({one for one in found if one.__module__.startswith("mlplat.platform.")}, key=lambda one: (one.__module__, one.__name__))


def unchecked(component: type[Component]) -> Iterator[str]:
    """The public names of a class that carry no check and are not excused."""
    for name, value in vars(component).items():
        if name.startswith("_") or name in component.UNCHECKED or hasattr(value, "check"):
            continue
        if not ((name.isupper() and isinstance(value, (str, int, float, tuple, frozenset))) or name == "UNCHECKED"):
            yield f"{component.__module__}.{component.__name__}.{name}: carries no check"
    for name in _set_on_self(component):
        if not name.startswith("_") and name not in component.UNCHECKED:
            yield f"{component.__module__}.{component.__name__}.{name}: a public attribute"


def _set_on_self(component: type[Component]) -> set[str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(component)))
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }


def test_a10_1_every_public_name_of_every_component_carries_a_check() -> None:
    found = components()
    assert len(found) >= 6
    assert [problem for component in found for problem in unchecked(component)] == []


def test_every_exception_has_its_reason_and_is_there() -> None:
    for component in components():
        for name, reason in dict(component.UNCHECKED).items():
            assert isinstance(reason, str) and len(reason) > 10, f"{component.__name__}.{name}: why is it not checked?"
            assert hasattr(component, name) or name in _set_on_self(component)


def test_what_carries_no_check_is_found() -> None:
    class Leaking(Component):
        LIMIT: ClassVar[int] = 3
        items: ClassVar[list[int]] = []

        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self.rows: list[int] = []

        @property
        def count(self) -> int:
            return len(self.rows)

        def read(self) -> list[int]:
            return self.rows

        @call_of_anybody
        def search(self, *, actor: Any) -> tuple[int, ...]:
            return tuple(self.rows)

    assert [problem.rsplit(".", 1)[1].split(":")[0] for problem in unchecked(Leaking)] == ["items", "count", "read", "rows"]
