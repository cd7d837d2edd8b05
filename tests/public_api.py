"""The public names of mlplat with their signatures, one a line; `python -m tests.public_api` writes them to `public_api.txt` beside it.

Public is what docs/reference/versioning.md says. Annotations stand as they are written in the sources.
"""

from __future__ import annotations

import enum
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, ForwardRef

import pydantic
import typer.main

import mlplat

FILE = Path(__file__).with_suffix(".txt")
MODULES = ("mlplat.errors", "mlplat.infra.placement", "mlplat.infra.queueing")
"""Public besides the packages that have `__all__`."""
NOT_PUBLIC = ("mlplat.demonstration", "mlplat.platform.training.kernels")


def described() -> str:
    """The whole list as text."""
    return "\n".join([*names(), *commands(), *columns()]) + "\n"


def packages() -> list[ModuleType]:
    """Every package with `__all__`, and `MODULES`."""
    found = [mlplat.__name__]
    found += [one.name for one in pkgutil.walk_packages(mlplat.__path__, "mlplat.") if one.ispkg or one.name in MODULES]
    modules = [importlib.import_module(name) for name in sorted(found) if not name.startswith(NOT_PUBLIC)]
    return [module for module in modules if hasattr(module, "__all__") or module.__name__ in MODULES]


def names() -> Iterator[str]:
    """Every name with its signature. A class is listed once, under the first of its places."""
    seen: dict[str, str] = {}
    for module in packages():
        own = [name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__ and name[0] != "_"]
        for name in sorted(getattr(module, "__all__", own)):
            yield from _lines(f"{module.__name__}.{name}", getattr(module, name), seen)


def _lines(place: str, value: Any, seen: dict[str, str]) -> Iterator[str]:
    home = getattr(value, "__module__", None) or ""
    full = f"{home}.{getattr(value, '__qualname__', '')}"
    if inspect.isclass(value) and home.startswith("mlplat"):
        if full in seen:
            yield f"{place} = {seen[full]}"
            return
        seen[full] = place
        yield f"{place}{_of_class(value)}"
        for member in sorted(_members(value)):
            yield from _member(f"{place}.{member}", inspect.getattr_static(value, member))
    elif callable(value) and home.startswith("mlplat"):
        yield f"{place}{_signature(value)}"
    else:
        yield f"{place}: {type(value).__name__}"


def _of_class(value: type) -> str:
    if issubclass(value, enum.Enum):
        return f"[{', '.join(value.__members__)}]"
    if issubclass(value, pydantic.BaseModel):
        return f"({', '.join(name if field.is_required() else f'{name}=' for name, field in value.model_fields.items())})"
    return _signature(value)


def _members(value: type) -> set[str]:
    """What it has of mlplat's own classes, without what is private."""
    own = [vars(kind) for kind in value.__mro__ if kind.__module__.startswith("mlplat")]
    taken = set(getattr(value, "__members__", ()))
    fields = set(getattr(value, "_fields", ())) | set(getattr(value, "model_fields", ())) | set(getattr(value, "__dataclass_fields__", ()))
    listed = {name for attributes in own for name in attributes if not name.startswith(("_", "model_"))}
    return {name for name in listed - taken - fields if not name.isupper()}


def _member(place: str, value: Any) -> Iterator[str]:
    if isinstance(value, (classmethod, staticmethod)):
        value = value.__func__
    if inspect.isfunction(value):
        yield f"{place}{_signature(value)}"
    elif isinstance(value, property) or not callable(value):
        yield place


def _signature(value: Any) -> str:
    try:
        found = inspect.signature(value)
    except (TypeError, ValueError):
        return "(...)"
    parameters = [one.replace(annotation=_annotation(one.annotation)) for one in found.parameters.values()]
    text = str(found.replace(parameters=parameters, return_annotation=_annotation(found.return_annotation)))
    return re.sub(r" at 0x[0-9a-f]+", "", text)


class _Written:
    """An annotation that is shown as it is written."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def _annotation(annotation: Any) -> Any:
    if annotation is inspect.Signature.empty:
        return annotation
    if isinstance(annotation, ForwardRef):
        annotation = annotation.__forward_arg__
    return _Written(annotation if isinstance(annotation, str) else inspect.formatannotation(annotation).replace("typing.", ""))


def commands() -> Iterator[str]:
    """The command line: commands with their arguments and options."""
    from mlplat.cli import app

    yield from _commands(typer.main.get_command(app), "$ mlplat")


def _commands(command: Any, words: str) -> Iterator[str]:
    if hasattr(command, "commands"):
        for name in sorted(command.commands):
            yield from _commands(command.commands[name], f"{words} {name}")
    else:
        parameters = sorted("/".join((*one.opts, *one.secondary_opts)) for one in command.params)
        yield f"{words} {' '.join(parameters)}"


def columns() -> Iterator[str]:
    """The frames of results."""
    from mlplat.runs.columns import FRAMES

    for frame, listed in FRAMES.items():
        yield f"frame {frame}: {', '.join(column.name for column in listed)}"


if __name__ == "__main__":
    FILE.write_text(described(), encoding="utf-8")
