"""What users give as rows and targets, checked once and turned into arrays of float64 in C order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...errors import OptionError, printable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MOST_ROWS = 2**31 - 1
_SHOWN = 60


def matrix(x: Any, features: int | None = None, name: str = "X") -> npt.NDArray[np.float64]:
    """Rows and features, finite. From a frame of numbers, an array or lists. Raises OptionError naming the place of what is wrong."""
    import numpy as np

    columns = getattr(x, "columns", None)
    values = _as_floats(x.to_numpy() if columns is not None and hasattr(x, "to_numpy") else x, name)
    if values.ndim != 2 or not values.shape[0] or not values.shape[1]:
        raise OptionError(f"{name}: shape {list(values.shape)}; expected at least one row and one feature, [rows, features]")
    if values.shape[0] > MOST_ROWS:
        raise OptionError(f"{name}: {values.shape[0]:,} rows; expected at most {MOST_ROWS:,}")
    if features is not None and values.shape[1] != features:
        raise OptionError(f"{name}: {values.shape[1]} features; expected {features}, as in training")
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = bad[0].tolist()
        called = repr(printable(str(columns[column])[:_SHOWN])) if columns is not None else str(column)
        raise OptionError(f"{name}: row {row}, feature {called} is {values[row, column]}; expected finite numbers")
    return values


def target(y: Any, rows: int, name: str = "y") -> npt.NDArray[np.float64]:
    """One finite number a row. Raises OptionError."""
    import numpy as np

    values = _as_floats(y.to_numpy() if hasattr(y, "to_numpy") else y, name)
    if values.shape != (rows,):
        raise OptionError(f"{name}: shape {list(values.shape)}; expected [{rows}], one value for each row")
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise OptionError(f"{name}: row {bad[0]} is {values[bad[0]]}; expected finite numbers")
    return values


def labels(y: Any, rows: int, name: str = "y") -> npt.NDArray[np.float64]:
    """0 or 1 a row. Raises OptionError."""
    import numpy as np

    values = target(y, rows, name)
    bad = np.flatnonzero((values != 0.0) & (values != 1.0))
    if len(bad):
        raise OptionError(f"{name}: row {bad[0]} is {values[bad[0]]}; expected 0 or 1")
    return values


def learnt(arrays: Mapping[str, Any], name: str, shape: tuple[int | None, ...], dtype: str = "<f8") -> npt.NDArray[Any]:
    """An array of a model's parts, the caller's own, finite and of this shape; None where any length will do.

    Raises OptionError for another one, and for none.
    """
    import numpy as np

    given = arrays.get(name)
    expected = f"{dtype}[{', '.join('*' if length is None else str(length) for length in shape)}]"
    if given is None:
        raise OptionError(f"parts without {name!r}; expected {expected}")
    fits = given.ndim == len(shape) and all(wanted in (None, length) for wanted, length in zip(shape, given.shape, strict=True))
    if given.dtype != np.dtype(dtype) or not fits or not np.isfinite(given).all():
        raise OptionError(f"part {name!r}: {given.dtype}{list(given.shape)}; expected {expected}, finite")
    return np.array(given, dtype=dtype, order="C")


def feature_names(x: Any) -> tuple[str, ...] | None:
    """The names of a frame's columns; None of an array."""
    columns = getattr(x, "columns", None)
    return None if columns is None else tuple(str(name) for name in columns)


def _as_floats(values: Any, name: str) -> npt.NDArray[np.float64]:
    import numpy as np

    try:
        array = np.asarray(values)
        if array.dtype.kind not in "fiub":
            raise OptionError(f"{name}: values of type {array.dtype}; expected numbers")
        floats = np.ascontiguousarray(array, dtype="<f8")
        return floats if floats.flags.writeable else floats.copy()  # kernels would be compiled anew for what cannot be written
    except (TypeError, ValueError):
        raise OptionError(f"{name}: a {type(values).__name__} that is no table of numbers; expected an array, a frame or lists") from None
