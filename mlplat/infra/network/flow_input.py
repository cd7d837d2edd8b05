"""Numbers that callers give for links and flows, each read once, here."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from operator import index

import numpy as np
import numpy.typing as npt

from ...errors import OptionError

Floats = npt.NDArray[np.float64]


def read_capacity(capacity: npt.ArrayLike) -> Floats:
    """float[L]: Mbit/s of each link. Raises OptionError."""
    found = _floats(capacity)
    if found is None or found.ndim != 1 or not (found >= 0).all() or not np.isfinite(found).all():
        raise OptionError("capacity: expected Mbit/s of at least 0, one number a link")
    return found


def read_amounts(name: str, given: npt.ArrayLike, count: int) -> Floats:
    """float[F]: Mbit, or seconds, of each flow. Raises OptionError."""
    found = _floats(given)
    if found is None or found.shape != (count,) or not (found >= 0).all() or not np.isfinite(found).all():
        raise OptionError(f"{name}: expected {count} finite numbers of at least 0, one a flow")
    return found


def read_paths(paths: Sequence[Sequence[int]], links: int) -> list[list[int]]:
    """The links that each flow crosses. Raises OptionError."""
    if isinstance(paths, str) or not hasattr(paths, "__len__") or not hasattr(paths, "__getitem__") or isinstance(paths, dict):
        raise OptionError(f"paths={ascii(paths)[:60]}: expected a list of paths, one a flow")
    return [read_path(path, links) for path in paths]


def read_path(path: Sequence[int], links: int, field: str = "path") -> list[int]:
    """Numbers of different links, of which there are so many. Raises OptionError that names `field`.

    >>> read_path((2, 0), 3)
    [2, 0]
    """
    try:
        found = [index(link) for link in path]
    except TypeError:
        found = [-1]
    if len(set(found)) != len(found) or (found and not 0 <= min(found) <= max(found) < links):
        raise OptionError(f"{field} {ascii(path)[:80]}: expected numbers of different links from 0 to {links - 1}")
    return found


def read_mib(given: object, field: str = "mib", most: float = math.inf) -> float:
    """A size in MiB. Raises OptionError that names `field`."""
    if type(given) is float and 0 <= given <= most:  # the usual case
        return given
    fits = isinstance(given, (int, float)) and not isinstance(given, bool) and 0 <= given <= most
    if not fits or sys.float_info.max < given < math.inf:  # type: ignore[operator]
        raise OptionError(f"{field}={ascii(given)[:40]}: expected a {'' if most == math.inf else 'finite '}size of at least 0 MiB")
    return float(given)  # type: ignore[arg-type]


def is_number(given: object, least: float, below: float) -> bool:
    """Whether it is a number from `least` on and below `below`."""
    if type(given) is int or type(given) is float:  # the usual case
        return least <= given < below
    return isinstance(given, (int, float, np.integer, np.floating)) and not isinstance(given, bool) and bool(least <= given < below)


def _floats(given: npt.ArrayLike) -> Floats | None:
    try:
        return np.ascontiguousarray(given, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
