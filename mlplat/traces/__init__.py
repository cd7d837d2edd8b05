"""Traces: recorded and generated workloads as `JobTrace`. `read_trace` reads every format in `FORMATS`, `fetch` downloads `KNOWN_TRACES`.

Names are loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .description import Description, describe
    from .download import fetch
    from .generators import queueing, synthetic
    from .inflation import inflate
    from .mlplat_files import write_trace
    from .openb import read_openb_pods
    from .reading import FORMATS, read_trace
    from .registry import KNOWN_TRACES, KnownTrace, list_known
    from .table_reader import TableReader
    from .trace_reader import TraceReader
    from .transformations import filter, merge, reorder, replace_shares, resample, sample, scale_load, shift, slice

__all__ = [
    "FORMATS",
    "KNOWN_TRACES",
    "Description",
    "KnownTrace",
    "TableReader",
    "TraceReader",
    "describe",
    "fetch",
    "filter",
    "inflate",
    "list_known",
    "merge",
    "queueing",
    "read_openb_pods",
    "read_trace",
    "reorder",
    "replace_shares",
    "resample",
    "sample",
    "scale_load",
    "shift",
    "slice",
    "synthetic",
    "write_trace",
]

_HOME = {
    "FORMATS": "reading",
    "KNOWN_TRACES": "registry",
    "Description": "description",
    "KnownTrace": "registry",
    "TableReader": "table_reader",
    "TraceReader": "trace_reader",
    "describe": "description",
    "fetch": "download",
    "filter": "transformations",
    "inflate": "inflation",
    "list_known": "registry",
    "merge": "transformations",
    "queueing": "generators",
    "read_openb_pods": "openb",
    "read_trace": "reading",
    "reorder": "transformations",
    "replace_shares": "transformations",
    "resample": "transformations",
    "sample": "transformations",
    "scale_load": "transformations",
    "shift": "transformations",
    "slice": "transformations",
    "synthetic": "generators",
    "write_trace": "mlplat_files",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
