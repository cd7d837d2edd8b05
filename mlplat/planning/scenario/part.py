"""The base of every part of a scenario, and what its fields have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema

from ...errors import MlplatError, SpecError
from ...hardware.spec_model import SpecModel


class Part(SpecModel):
    """A frozen part of a scenario. Texts under its fields are their descriptions in the JSON Schema."""

    model_config = ConfigDict(use_attribute_docstrings=True, arbitrary_types_allowed=True)


class Described:
    """Makes `schema` the JSON Schema of an annotated field that is read by a function of its own; with `also`, that or the usual one."""

    def __init__(self, schema: Mapping[str, Any], *, also: bool = False) -> None:
        self.schema, self.also = dict(schema), also

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [self.schema, handler(core)]} if self.also else dict(self.schema)


def folder_of(info: ValidationInfo) -> Path:
    """The folder that paths of a scenario which is being read are relative to."""
    context = info.context
    return Path(context.get("folder", ".")) if isinstance(context, Mapping) else Path()


@contextmanager
def placed_at(where: str) -> Iterator[None]:
    """What is raised inside is a SpecError of that place in the scenario. One that names a file already keeps its own place."""
    try:
        yield
    except SpecError as error:
        if error.source is not None:
            raise
        inside = error.where
        joined = where + (inside if inside.startswith("[") else f".{inside}") if inside else where
        raise SpecError(error.problem, where=joined) from None
    except MlplatError as error:
        raise SpecError(str(error), where=where) from None


def _no_boolean(value: object) -> object:
    if isinstance(value, (bool, str, bytes)):
        raise ValueError(f"expected a number (found {value!r:.60})")
    return value


Number = Annotated[float, BeforeValidator(_no_boolean)]
"""A finite number."""

Whole = Annotated[int, BeforeValidator(_no_boolean)]
"""A whole number."""
