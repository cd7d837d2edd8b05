"""A small index to begin with: names and sizes like those of well-known packages, made up otherwise."""

from __future__ import annotations

from functools import cache
from typing import Final

from .package_index import Package, PackageIndex

_ROWS: Final = (
    ("numpy", "1.26.4", 65, ()),
    ("numpy", "2.0.2", 68, ()),
    ("numpy", "2.1.3", 70, ()),
    ("scipy", "1.13.1", 110, ("numpy>=1.26",)),
    ("scipy", "1.14.1", 115, ("numpy>=2",)),
    ("pandas", "2.2.3", 60, ("numpy>=1.26", "python-dateutil>=2.8")),
    ("python-dateutil", "2.9.0", 1, ("six>=1.5",)),
    ("six", "1.17.0", 1, ()),
    ("joblib", "1.4.2", 2, ()),
    ("threadpoolctl", "3.5.0", 1, ()),
    ("scikit-learn", "1.5.2", 45, ("numpy>=1.26", "scipy>=1.13", "joblib>=1.2", "threadpoolctl>=3.1")),
    ("scikit-learn", "1.6.1", 47, ("numpy>=2", "scipy>=1.13", "joblib>=1.2", "threadpoolctl>=3.1")),
    ("polars", "1.17.1", 90, ()),
    ("pyarrow", "18.1.0", 130, ("numpy>=1.26",)),
    ("torch", "2.4.1", 2300, ("numpy>=1.26", "sympy>=1.12")),
    ("torch", "2.5.1", 2400, ("numpy>=2", "sympy>=1.13")),
    ("sympy", "1.13.3", 35, ("mpmath>=1.3,<1.4",)),
    ("mpmath", "1.3.0", 3, ()),
    ("pytest", "8.3.4", 3, ("pluggy>=1.5",)),
    ("pluggy", "1.5.0", 1, ()),
)


@cache
def default_index() -> PackageIndex:
    """The index of a platform that was given none.

    >>> [package.version for package in default_index().of("numpy")]
    ['2.1.3', '2.0.2', '1.26.4']
    """
    return PackageIndex(tuple(Package(name, version, size, requires) for name, version, size, requires in _ROWS))
