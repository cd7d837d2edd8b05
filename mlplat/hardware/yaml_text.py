"""YAML text to plain Python values, by the safe loader, after it has been seen to be of sane depth and size."""

from __future__ import annotations

import re
from typing import Any

import yaml

from ..errors import InputError

MAX_DEPTH = 50
MAX_VALUES = 12_000_000
_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


def _without_colons(tag: str, pattern: re.Pattern[str]) -> tuple[str, re.Pattern[str]]:
    return tag, re.compile(rf"(?!.*:)(?:{pattern.pattern})", pattern.flags) if tag in _NUMBERS else pattern


class Loader(_BASE):  # type: ignore[misc]
    """The safe loader, to which `8:16` is text as in YAML 1.2, and no number to the base of 60 (YAML 1.1)."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [_without_colons(*one) for one in known] for first, known in _BASE.yaml_implicit_resolvers.items()
    }


def load_yaml(text: str, *, path: object = None) -> Any:
    """The single document in `text`. Raises InputError with the line for bad syntax, tags, repeated keys, deep nesting and alias bombs.

    >>> load_yaml("a: [1, two]")
    {'a': [1, 'two']}
    """
    try:
        _check_events(text, path)
        loader = Loader(text)
        try:
            root = loader.get_single_node()
            if root is None:
                return None
            _check_graph(root, path)
            return loader.construct_document(root)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise InputError(f"not YAML: {error.problem or error}", path=path, line=mark.line + 1 if mark else None) from None
    except yaml.YAMLError as error:
        raise InputError(f"not YAML: {str(error).splitlines()[0]}", path=path) from None
    except ValueError as error:  # a scalar that looks like a date or number and is none
        raise InputError(f"not a YAML value: {error}", path=path, expected="quotes around text that looks like a date or number") from None


def _line(item: Any) -> int:
    return int(item.start_mark.line) + 1


def _check_events(text: str, path: object) -> None:
    """Depth is bounded before anything recursive sees the document; tags are refused, since a description needs none."""
    depth = 0
    events: Any = yaml.parse(text, Loader=Loader)
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise InputError(f"nested deeper than {MAX_DEPTH} levels", path=path, line=_line(event))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if getattr(event, "tag", None) not in (None, "!"):
            raise InputError("a YAML tag", path=path, line=_line(event), value=event.tag, expected="plain values")


def _check_graph(root: Any, path: object) -> None:
    """Values after expansion of aliases are counted, without expanding them; an alias inside its own anchor has no end."""
    sizes: dict[int, int] = {}

    def size(node: Any) -> int:
        known = sizes.get(id(node))
        if known is not None:
            if known == 0:
                raise InputError("an alias that contains itself", path=path, line=_line(node))
            return known
        sizes[id(node)] = 0
        total = 1
        if isinstance(node, yaml.SequenceNode):
            total += sum(size(child) for child in node.value)
        elif isinstance(node, yaml.MappingNode):
            keys: set[str] = set()
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                    if key.value in keys:
                        raise InputError("a key is given twice", path=path, line=_line(key), value=key.value)
                    keys.add(key.value)
                total += size(key) + size(value)
        if total > MAX_VALUES:
            raise InputError(f"more than {MAX_VALUES:,} values once its aliases are expanded", path=path, line=_line(node))
        sizes[id(node)] = total
        return total

    size(root)
