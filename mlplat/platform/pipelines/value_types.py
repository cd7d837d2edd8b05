"""Types of what steps pass to each other, read off the annotations of their functions."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal, Union, get_args, get_origin

from ...canonical import frozen
from ...errors import OptionError, printable
from .errors import DefinitionError, TypeMismatchError


class Form(StrEnum):
    """In which form a value is kept."""

    FRAME = "frame"
    """A polars DataFrame."""
    ARRAY = "array"
    """A numpy array."""
    ARRAYS = "arrays"
    """Numpy arrays by name."""
    BYTES = "bytes"
    JSON = "json"
    MODEL = "model"
    """An object with `to_parts()`, whose class makes it again with `from_parts(parts)`."""


_PLAIN: Final[Mapping[Any, str]] = {bool: "bool", int: "int", float: "float", str: "str", list: "list", dict: "dict", type(None): "null"}
_LISTS: Final = (list, tuple, Sequence, Iterable)
_MAPPINGS: Final = (dict, Mapping)


@dataclass(frozen=True, slots=True)
class ValueType:
    """The type of an input, output or parameter.

    `of`: of JSON which values (`int`, `float`, `str`, `bool`, `list`, `dict`; empty for all), of a model the name of its class (empty for
    any). `many`: it is a list of such values, each kept for itself. `maker`: the class of a model, where it is known.
    """

    form: Form
    of: str = ""
    many: bool = False
    maker: Any = field(default=None, compare=False, repr=False)

    def accepts(self, other: ValueType) -> bool:
        """Whether values of another type can be of this. JSON of any kind may be; what it is, is looked at when it is there.

        >>> whole, number, anything = (ValueType(Form.JSON, of) for of in ("int", "float", ""))
        >>> number.accepts(whole), whole.accepts(number), whole.accepts(anything)
        (True, False, True)
        """
        if self.form is Form.JSON and other.form is Form.JSON and other.many and not self.many:
            return self.of in ("", "list")
        if (self.form, self.many) != (other.form, other.many):
            return False
        if self.form is Form.MODEL and self.maker is not None and other.maker is not None:
            return self.maker is other.maker or (isinstance(other.maker, type) and issubclass(other.maker, self.maker))
        if self.form is Form.JSON and not other.of:
            return True
        return self.of in ("", other.of) or (self.of, other.of) == ("float", "int")

    @property
    def each(self) -> ValueType:
        """Of a list the type of what is in it; of a JSON list any JSON."""
        return ValueType(self.form, self.of, False, self.maker) if self.many else ValueType(self.form)

    @property
    def listed(self) -> ValueType:
        """A list of these."""
        return ValueType(self.form, self.of, True, self.maker)

    def __str__(self) -> str:
        name = f"{self.form}:{self.of}" if self.of else self.form.value
        return f"list[{name}]" if self.many else name


def read_type(text: str) -> ValueType:
    """The type that a text says, without the class of a model. Raises OptionError.

    >>> read_type("list[json:int]")
    ValueType(form=<Form.JSON: 'json'>, of='int', many=True)
    """
    many = text.startswith("list[") and text.endswith("]")
    form, _, of = (text[5:-1] if many else text).partition(":")
    if form not in list(Form):
        raise OptionError(f"type {printable(text[:60])!r}: expected one of {', '.join(Form)}")
    return ValueType(Form(form), of, many)


def type_of(annotation: Any, *, step: str = "", input: str = "") -> ValueType:
    """The type that an annotation says. Raises DefinitionError for one that no value can be passed by.

    >>> str(type_of(list[int])), str(type_of(dict[str, float])), str(type_of(bytes))
    ('json:list', 'json:dict', 'bytes')
    """
    found = _read(annotation)
    if found is None:
        shown = getattr(annotation, "__name__", None) or str(annotation)
        raise DefinitionError(
            f"annotation {printable(shown)[:80]!r}; expected a polars DataFrame, numpy arrays, bytes, JSON values, or a class with "
            "to_parts and from_parts",
            step=step,
            input=input,
        )
    return found


def _read(annotation: Any) -> ValueType | None:
    if annotation is Any or annotation is object:
        return ValueType(Form.JSON)
    if annotation in (bytes, bytearray):
        return ValueType(Form.BYTES)
    origin = get_origin(annotation)
    if origin is typing.Annotated:
        return _read(get_args(annotation)[0])
    if origin is Literal:
        kinds = {type(value) for value in get_args(annotation)}
        return ValueType(Form.JSON, _PLAIN.get(kinds.pop(), "") if len(kinds) == 1 else "")
    if origin in (Union, types.UnionType):
        parts = [_read(part) for part in get_args(annotation)]
        return ValueType(Form.JSON) if all(part is not None and part.form is Form.JSON and not part.many for part in parts) else None
    if annotation is None or annotation in _PLAIN:
        return ValueType(Form.JSON, _PLAIN[type(None) if annotation is None else annotation])
    plain = origin or annotation
    if _is_of(plain, "polars", "DataFrame"):
        return ValueType(Form.FRAME)
    if _is_of(plain, "numpy", "ndarray"):
        return ValueType(Form.ARRAY)
    if plain in _LISTS:
        return _list(get_args(annotation))
    if plain in _MAPPINGS:
        return _mapping(get_args(annotation))
    if callable(getattr(plain, "to_parts", None)) and callable(getattr(plain, "from_parts", None)):
        protocol = getattr(plain, "_is_protocol", False)
        return ValueType(Form.MODEL, "" if protocol else plain.__qualname__, False, None if protocol else plain)
    return None


def _list(arguments: tuple[Any, ...]) -> ValueType | None:
    inner = [part for part in arguments if part is not Ellipsis]
    if not inner:
        return ValueType(Form.JSON, "list")
    parts = [_read(part) for part in inner]
    if any(part is None or part.many for part in parts):
        return None
    if all(part is not None and part.form is Form.JSON for part in parts):
        return ValueType(Form.JSON, "list")
    return parts[0].listed if len(parts) == 1 and parts[0] is not None else None


def _mapping(arguments: tuple[Any, ...]) -> ValueType | None:
    if not arguments:
        return ValueType(Form.JSON, "dict")
    value = _read(arguments[1])
    if arguments[0] is not str or value is None or value.many:
        return None
    if value.form is Form.ARRAY:
        return ValueType(Form.ARRAYS)
    return ValueType(Form.JSON, "dict") if value.form is Form.JSON else None


def _is_of(kind: Any, package: str, name: str) -> bool:
    """Whether a class is one of a package that need not be imported to know."""
    return getattr(kind, "__name__", "") == name and str(getattr(kind, "__module__", "")).partition(".")[0] == package


def checked_json(value: Any, kind: ValueType, *, step: str = "", input: str = "") -> Any:
    """A JSON value as it is kept, where it is of a type. Raises TypeMismatchError.

    >>> checked_json(1, ValueType(Form.JSON, "float")), checked_json((1, 2), ValueType(Form.JSON, "list"))
    (1.0, (1, 2))
    """
    try:
        found = frozen(value)
    except OptionError as error:
        raise TypeMismatchError(kind, str(error), step=step, input=input) from None
    name = "dict" if isinstance(found, Mapping) else "list" if isinstance(found, tuple) else _PLAIN[type(found)]
    if kind.of == "float" and name == "int":
        try:
            return float(found)
        except OverflowError:
            raise TypeMismatchError(kind, "an integer beyond all bounds", step=step, input=input) from None
    if kind.of not in ("", name):
        raise TypeMismatchError(kind, f"json:{name}", step=step, input=input)
    return found


def type_in_words(value: Any) -> str:
    """What a value is, for errors: as the type it would have, or by the name of its class."""
    kind = type(value)
    found = _read(kind) if kind not in _MAPPINGS else None
    return str(found) if found is not None else f"a {printable(kind.__name__)}"
