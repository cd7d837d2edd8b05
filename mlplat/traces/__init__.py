"""Traces: recorded and generated workloads as `JobTrace`. `read_trace` reads every format in `FORMATS`, `fetch` downloads `KNOWN_TRACES`.

Names are loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_names import lazy_names

if TYPE_CHECKING:
    from .description import Description, describe
    from .download import fetch
    from .generators import queueing, synthetic
    from .inflation import inflate
    from .mlplat_files import write_trace
    from .openb import read_openb_pods
    from .reading import FORMATS, read_trace
    from .registry import KNOWN_TRACES, KnownTrace, list_known
    from .trace_reader import TraceReader
    from .transformations import filter, reorder, sample, scale_load, shift, slice

__all__ = [
    "FORMATS",
    "KNOWN_TRACES",
    "Description",
    "KnownTrace",
    "TraceReader",
    "describe",
    "fetch",
    "filter",
    "inflate",
    "list_known",
    "queueing",
    "read_openb_pods",
    "read_trace",
    "reorder",
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
    "TraceReader": "trace_reader",
    "describe": "description",
    "fetch": "download",
    "filter": "transformations",
    "inflate": "inflation",
    "list_known": "registry",
    "queueing": "generators",
    "read_openb_pods": "openb",
    "read_trace": "reading",
    "reorder": "transformations",
    "sample": "transformations",
    "scale_load": "transformations",
    "shift": "transformations",
    "slice": "transformations",
    "synthetic": "generators",
    "write_trace": "mlplat_files",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
