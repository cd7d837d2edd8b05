"""The base of every description in this package: frozen, no unknown keys, and errors that name the place instead of a traceback."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, ValidationError
from pydantic_core import CoreSchema

from ..errors import SpecError
from ..html_tables import fields_of
from ..resources import UNLIMITED

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)  # it has no public name

# Pydantic speaks of Python's types where the user wrote YAML.
_WORDS = {
    "tuple_type": "expected a list",
    "too_short": "expected at least one entry",
    "model_type": "expected a mapping",
    "mapping_type": "expected a mapping",
    "string_type": "expected text",
    "string_too_short": "expected text of at least one character",
}
_SHOWN = reprlib.Repr()
_SHOWN.maxstring = _SHOWN.maxother = 60


class PlacedError(ValueError):
    """A rule that a whole description breaks, with the key at fault. It becomes a `SpecError` at the edge."""

    def __init__(self, problem: str, key: str = "") -> None:
        self.key = key
        super().__init__(problem)


class _Translating(ModelMetaclass):
    """Constructing a description raises `SpecError`. Pydantic builds nested ones without this call, so their place is kept whole."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().__call__(*args, **kwargs)
        except ValidationError as error:
            raise spec_error(error, cls) from None


class SpecModel(BaseModel, metaclass=_Translating):
    """A frozen description. Raises SpecError for unknown keys and bad values, at construction and in `model_validate`."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    spellings: ClassVar[Mapping[str, tuple[str, dict[str, Any]]]] = {}
    """Other keys that are read: spelling -> (the field it fills, its JSON Schema)."""

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        try:
            return super().model_validate(obj, **options)
        except ValidationError as error:
            raise spec_error(error, cls) from None

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with some fields replaced, checked again. Raises SpecError."""
        return type(self).model_validate({field: getattr(self, field) for field in type(self).model_fields} | dict(update or {}))

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        made = handler(core_schema)
        schema = handler.resolve_ref_schema(made)
        filled = {field for field, _ in cls.spellings.values()}
        schema.setdefault("properties", {}).update({key: described for key, (_, described) in cls.spellings.items()})
        if "required" in schema:
            schema["required"] = [field for field in schema["required"] if field not in filled]
        return made

    def _repr_html_(self) -> str:
        return fields_of(self)


def place(location: Iterable[object]) -> str:
    """A path inside a document as people write it.

    >>> place(("groups", 2, "gpus"))
    'groups[2].gpus'
    """
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def spec_error(error: ValidationError, model: Any) -> SpecError:
    """The first problem of a pydantic error, in this library's words."""
    return _translated(error.errors(include_url=False)[0], model)


def spec_errors(error: ValidationError, model: Any) -> list[SpecError]:
    """All problems of a pydantic error, in this library's words."""
    return [_translated(each, model) for each in error.errors(include_url=False)]


def _translated(first: Any, model: Any) -> SpecError:
    location = list(first["loc"])
    kind, found = first["type"], first.get("input")
    if kind == "extra_forbidden":
        known = known_keys(model, location[:-1])
        close = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.5)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        return SpecError(
            f"unknown key{hint} Known: {', '.join(known)}" if hint else f"unknown key. Known: {', '.join(known)}", where=place(location)
        )
    if kind == "missing":
        return SpecError("is required and missing", where=place(location))
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, ValueError):
        if isinstance(cause, PlacedError) and cause.key:
            location.append(cause.key)
        return SpecError(str(cause), where=place(location))
    message = _WORDS.get(kind) or first["msg"].removeprefix("Input ")
    return SpecError(f"{message} (found {_SHOWN.repr(found)})", where=place(location))


def known_keys(model: type[BaseModel], location: Sequence[object]) -> list[str]:
    """The keys that the description at `location` inside `model` accepts, its human spellings included."""
    for part in location:
        if isinstance(part, str) and part in model.model_fields:
            inner = _model_in(model.model_fields[part].annotation)
            if inner is None:
                break
            model = inner
    spellings: Mapping[str, object] = getattr(model, "spellings", {})
    return [*model.model_fields, *spellings]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        if (found := _model_in(argument)) is not None:
            return found
    return None


def _whole(value: object) -> object:
    if isinstance(value, (bool, str, bytes)):
        raise ValueError(f"expected a whole number (found {_SHOWN.repr(value)})")
    return value


def _real(value: object) -> object:
    if isinstance(value, (bool, str, bytes)):
        raise ValueError(f"expected a number (found {_SHOWN.repr(value)})")
    return value


def _readable(value: str) -> str:
    if not value.isprintable():
        raise ValueError(f"has characters that cannot be printed (found {_SHOWN.repr(value)})")
    return value


Amount = Annotated[int, BeforeValidator(_whole), Field(ge=0, le=UNLIMITED)]
"""A whole amount from 0 to `UNLIMITED`."""

Rate = Annotated[float, BeforeValidator(_real), Field(ge=0, le=1e15)]
"""A finite number of at least 0."""

Text = Annotated[str, Field(max_length=1000), AfterValidator(_readable)]
"""Printable text, possibly empty."""

Name = Annotated[str, Field(min_length=1, max_length=250), AfterValidator(_readable)]
"""Printable text of at least one character."""
