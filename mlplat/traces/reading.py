"""`read_trace`: a trace file of any known format into a `JobTrace`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType

from ..errors import InputError, OptionError, UnknownNameError
from ..workload import JobTrace
from .bad_rows import Errors, check_errors
from .installed_readers import installed_names, installed_reader
from .kubernetes import KubernetesReader
from .mlplat_files import CsvReader, ParquetReader
from .openb import OpenbReader
from .philly import PhillyReader
from .slurm import SlurmReader
from .source_bytes import Source, read_source
from .swf import SwfReader
from .trace_reader import TraceReader

_READERS = (OpenbReader(), PhillyReader(), KubernetesReader(), SlurmReader(), CsvReader(), ParquetReader(), SwfReader())

FORMATS: Mapping[str, TraceReader] = MappingProxyType({reader.name: reader for reader in _READERS})
"""The formats that `read_trace` knows, by name."""


def read_trace(path: str | os.PathLike[str], format: str | TraceReader | None = None, *, errors: Errors = "raise") -> JobTrace:
    """The jobs of a file. `format`: a name in `FORMATS` or of a reader that an installed package brings along (entry points of the group
    `mlplat.trace_readers`), a reader of your own, or None to tell one of `FORMATS` from the file's name and first line.

    The file may be compressed (`.gz`, or `.zip` with one member). `errors="skip"` leaves bad rows out and lists them in `trace.skipped`;
    rows that the format itself marks as unknown are left out and counted in `trace.dropped`.

    Raises InputError (file, line, column, value, what was expected), UnknownNameError for an unknown format, OptionError for `errors` and
    for what is no reader.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "jobs.csv")
    >>> _ = path.write_text("submit,duration,gpus\\n0,600,1\\n30,1200,8\\n")
    >>> read_trace(path).duration.tolist()
    [600.0, 1200.0]
    """
    check_errors(errors)
    reader = None if format is None else _reader(format)
    source = read_source(path)
    trace = (reader or _guessed(source)).read(source, errors)
    if not isinstance(trace, JobTrace):
        raise OptionError(f"{type(reader).__name__}.read returned a {type(trace).__name__}; expected a JobTrace")
    return trace


def _reader(format: str | TraceReader) -> TraceReader:
    if isinstance(format, TraceReader):
        return format
    if isinstance(format, type) and issubclass(format, TraceReader):
        raise OptionError(f"format={format.__name__}: expected an instance, {format.__name__}()")
    if not isinstance(format, str):
        raise UnknownNameError("trace format", format, FORMATS)
    found = FORMATS.get(format) or installed_reader(format)
    if found is None:
        raise UnknownNameError("trace format", format, [*FORMATS, *installed_names()])
    return found


def _guessed(source: Source) -> TraceReader:
    first_line = source.first_line
    for reader in FORMATS.values():
        if reader.recognizes(source.name, first_line):
            return reader
    raise InputError(
        "the format cannot be told from the name or the first line",
        path=source.path,
        line=1,
        value=first_line[:80],
        expected=f"format= one of {', '.join(sorted(FORMATS))}",
    )
