"""Types of columns as JSON says them: what is recorded of a frame's schema, whatever the version of polars calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ....errors import OptionError, printable

if TYPE_CHECKING:
    import polars as pl

NUMBERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64")
"""What is kept as numbers of fixed width."""
PLAIN = {
    **{name: name.capitalize().replace("Uint", "UInt") for name in NUMBERS},
    "int128": "Int128",
    "uint128": "UInt128",
    "boolean": "Boolean",
    "string": "String",
    "binary": "Binary",
    "date": "Date",
    "time": "Time",
    "null": "Null",
    "categorical": "Categorical",
}
"""Types without parameters, and what polars calls them."""


def describe(dtype: pl.DataType, where: str = "column") -> Any:
    """A type as text, or as a mapping of its kind to its parameters. Raises OptionError for types that no dataset can have.

    >>> import polars as pl
    >>> describe(pl.Int64()), describe(pl.Datetime("us", "UTC")), describe(pl.List(pl.String()))
    ('int64', {'datetime': ['us', 'UTC']}, {'list': 'string'})
    """
    import polars as pl

    match dtype:
        case pl.Datetime():
            return {"datetime": [dtype.time_unit, dtype.time_zone]}
        case pl.Duration():
            return {"duration": dtype.time_unit}
        case pl.Decimal():
            return {"decimal": [dtype.precision, dtype.scale]}
        case pl.Enum():
            return {"enum": dtype.categories.to_list()}
        case pl.List():
            return {"list": describe(_made(dtype.inner), where)}
        case pl.Array():
            return {"array": [describe(_made(dtype.inner), where), dtype.size]}
        case pl.Struct() if dtype.fields:
            return {"struct": [[field.name, describe(_made(field.dtype), f"{where}.{printable(field.name)}")] for field in dtype.fields]}
        case pl.Categorical() if not dtype.categories.is_global():
            raise OptionError(f"{where}: categories with a name of their own; expected pl.Categorical() or pl.Enum")
    name = type(dtype).__name__
    for plain, called in PLAIN.items():
        if called == name:
            return plain
    raise OptionError(f"{where}: values of type {name}; expected numbers, booleans, text, bytes, dates, times, lists or structs of these")


def dtype_of(described: Any) -> pl.DataType:
    """The type that was described."""
    import polars as pl

    if isinstance(described, str):
        made: pl.DataType = getattr(pl, PLAIN[described])()
        return made
    ((kind, of),) = described.items()
    match kind:
        case "datetime":
            return pl.Datetime(*of)
        case "duration":
            return pl.Duration(of)
        case "decimal":
            return pl.Decimal(*of)
        case "enum":
            return pl.Enum(list(of))
        case "list":
            return pl.List(dtype_of(of))
        case "array":
            return pl.Array(dtype_of(of[0]), of[1])
    return pl.Struct([pl.Field(name, dtype_of(inner)) for name, inner in of])


def type_text(described: Any) -> str:
    """A type in a word or a few.

    >>> type_text({"list": {"datetime": ["us", "UTC"]}}), type_text({"enum": ["a", "b"]})
    ('list[datetime[us, UTC]]', 'enum[2]')
    """
    if isinstance(described, str):
        return described
    ((kind, of),) = described.items()
    match kind:
        case "list":
            inside = type_text(of)
        case "array":
            inside = f"{type_text(of[0])}, {of[1]}"
        case "enum":
            inside = str(len(of))
        case "struct":
            inside = ", ".join(f"{printable(name)}: {type_text(inner)}" for name, inner in of)
        case "duration":
            inside = of
        case _:
            inside = ", ".join(str(part) for part in of if part is not None)
    return f"{kind}[{inside}]"


def _made(dtype: Any) -> pl.DataType:
    """An object where polars may have a class."""
    made: pl.DataType = dtype() if isinstance(dtype, type) else dtype
    return made
