"""Signatures: what a model takes and gives, by name, type and shape; and whether data fits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ....errors import MlplatError, OptionError, printable

if TYPE_CHECKING:
    import polars as pl

MOST_FIELDS = 10_000
SHOWN = 5


class MismatchKind(StrEnum):
    """In what data differs from a signature."""

    MISSING = "MISSING"
    UNEXPECTED = "UNEXPECTED"
    DTYPE = "DTYPE"
    SHAPE = "SHAPE"


class Mismatch(NamedTuple):
    """Where data does not fit: `name` of the field, what was `expected` and `found`, in words."""

    kind: MismatchKind
    name: str
    expected: str
    found: str

    def __str__(self) -> str:
        name = printable(self.name[:60])
        match self.kind:
            case MismatchKind.MISSING:
                return f"{name!r} is missing"
            case MismatchKind.UNEXPECTED:
                return f"{name!r} is not expected"
        return f"{name!r} is {self.found}; expected {self.expected}"


class SignatureError(MlplatError):
    """Data does not fit a signature. Attributes: `side` ("inputs" or "outputs"), `mismatches`."""

    def __init__(self, side: str, mismatches: tuple[Mismatch, ...]) -> None:
        self.side, self.mismatches = side, mismatches
        more = f"; and {len(mismatches) - SHOWN} more" if len(mismatches) > SHOWN else ""
        super().__init__(f"{side}: " + "; ".join(map(str, mismatches[:SHOWN])) + more)


class Field(NamedTuple):
    """An array or a column: `dtype` as numpy names it (`float64`), or `string`, `date`, `datetime`; `shape` with None where it is free."""

    name: str
    dtype: str
    shape: tuple[int | None, ...] = (None,)

    def __str__(self) -> str:
        return f"{printable(self.name)}: {_type(self.dtype, self.shape)}"


@dataclass(frozen=True, slots=True)
class Signature:
    """What a model takes and gives; a side without fields takes or gives nothing.

    >>> import numpy as np
    >>> signature = Signature.of({"x": np.zeros((10, 4))}, {"score": np.zeros(10)})
    >>> print(signature)
    (x: float64[*, 4]) -> (score: float64[*])
    >>> signature.check({"x": np.zeros((3, 5))})
    Traceback (most recent call last):
    ...
    mlplat.platform.artifacts.models.signatures.SignatureError: inputs: 'x' is float64[3, 5]; expected float64[*, 4]
    """

    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]

    def __post_init__(self) -> None:
        for side in ("inputs", "outputs"):
            object.__setattr__(self, side, _checked(side, getattr(self, side)))

    @classmethod
    def of(cls, inputs: Any, outputs: Any) -> Signature:
        """That of an example: frames, arrays by name, or single arrays, which are then called `input` and `output`.

        The first dimension counts examples and is free; the others are as they are. Raises OptionError.
        """
        return cls(
            *(
                tuple(Field(name, dtype, (None, *shape[1:]) if shape else ()) for name, (dtype, shape) in _described(data, alone).items())
                for data, alone in ((inputs, "input"), (outputs, "output"))
            )
        )

    def check(self, data: Any, side: Literal["inputs", "outputs"] = "inputs") -> None:
        """Raises SignatureError with everything in which a frame, arrays by name, or a single array differ; OptionError for other data.

        Order does not matter; what is not in the signature is not expected.
        """
        if side not in ("inputs", "outputs"):
            raise OptionError(f"side={printable(str(side)[:40])!r}: expected 'inputs' or 'outputs'")
        fields: tuple[Field, ...] = getattr(self, side)
        found = _described(data, fields[0].name if len(fields) == 1 else side[:-1])
        wrong = []
        for name, dtype, shape in fields:
            if name not in found:
                wrong.append(Mismatch(MismatchKind.MISSING, name, _type(dtype, shape), ""))
                continue
            other, size = found[name]
            if other != dtype:
                wrong.append(Mismatch(MismatchKind.DTYPE, name, dtype, other))
            elif len(size) != len(shape) or any(want is not None and have != want for want, have in zip(shape, size, strict=True)):
                wrong.append(Mismatch(MismatchKind.SHAPE, name, _type(dtype, shape), _type(other, size)))
        known = {field.name for field in fields}
        wrong += [Mismatch(MismatchKind.UNEXPECTED, name, "", _type(*found[name])) for name in sorted(found) if name not in known]
        if wrong:
            raise SignatureError(side, tuple(wrong))

    def to_json(self) -> dict[str, Any]:
        """What `from_json` makes the same from."""
        return {side: [[name, dtype, list(shape)] for name, dtype, shape in getattr(self, side)] for side in ("inputs", "outputs")}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Signature:
        """From `to_json`. Raises OptionError."""
        try:
            sides = [tuple(Field(name, dtype, tuple(shape)) for name, dtype, shape in value[side]) for side in ("inputs", "outputs")]
        except (TypeError, ValueError, KeyError):
            raise OptionError("signature: expected {inputs, outputs}, lists of [name, dtype, shape]") from None
        return cls(*sides)

    def __str__(self) -> str:
        return " -> ".join(f"({', '.join(map(str, side))})" for side in (self.inputs, self.outputs))


def _checked(side: str, fields: Iterable[Field]) -> tuple[Field, ...]:
    kept = tuple(fields)
    names: set[str] = set()
    if len(kept) > MOST_FIELDS:
        raise OptionError(f"{side}: {len(kept)} fields; expected at most {MOST_FIELDS}")
    for field in kept:
        if not isinstance(field, Field):
            raise OptionError(f"{side}: a {type(field).__name__}; expected fields")
        name, dtype, shape = field
        if not isinstance(name, str) or not name or len(name) > 200 or name in names or not _is_text(name):
            raise OptionError(f"{side}: name {printable(ascii(name)[:60])}: expected text, each name once")
        if not isinstance(dtype, str) or not dtype or len(dtype) > 60 or not (dtype.isascii() and dtype.isprintable()):
            raise OptionError(f"{side}, {printable(name[:60])}: dtype {ascii(dtype)[:60]}: expected the name of a type, such as float64")
        sizes = shape if isinstance(shape, tuple) else (-1,)
        if any(size is not None and (isinstance(size, bool) or not isinstance(size, int) or not 0 <= size < 2**62) for size in sizes):
            raise OptionError(f"{side}, {printable(name[:60])}: shape {ascii(shape)[:60]}: expected sizes, None where one is free")
        names.add(name)
    return kept


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _described(data: Any, alone: str) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Type and shape of each part of data, by name; `alone`: the name of a single array."""
    import polars as pl

    if isinstance(data, pl.LazyFrame):
        raise OptionError("a lazy frame: expected one that is collected")
    if isinstance(data, pl.DataFrame):
        return {name: (_column_type(dtype), (data.height,)) for name, dtype in data.schema.items()}
    if isinstance(data, Mapping):
        found = {}
        for name, part in data.items():
            if not isinstance(name, str):
                raise OptionError(f"the name {ascii(name)[:60]} of an array is not text")
            found[name] = _array(part, name)
        return found
    return {} if data is None else {alone: _array(data, alone)}


def _array(part: Any, name: str) -> tuple[str, tuple[int, ...]]:
    import numpy as np
    import polars as pl

    if isinstance(part, pl.Series):
        return _column_type(part.dtype), (part.len(),)
    if not isinstance(part, (np.ndarray, np.generic)):
        raise OptionError(f"{printable(name[:60])!r}: a {type(part).__name__}; expected an array, or a frame for all")
    if part.dtype.hasobject:
        raise OptionError(f"{printable(name[:60])!r}: an array of objects; expected numbers, booleans, dates or text")
    return "string" if part.dtype.kind == "U" else part.dtype.name, part.shape


def _column_type(dtype: pl.DataType) -> str:
    """The name that a column's type has in signatures: numpy's for numbers, so that columns and arrays of one type agree."""
    base = str(dtype.base_type()).lower()
    if dtype.is_numeric() or base == "boolean":
        return {"boolean": "bool"}.get(base, base)
    return {"utf8": "string", "categorical": "string", "enum": "string"}.get(base, base)


def _type(dtype: str, shape: tuple[int | None, ...]) -> str:
    return f"{dtype}[{', '.join('*' if size is None else str(size) for size in shape)}]"
