"""Perfetto and Chrome traces of runs and of simulations, for ui.perfetto.dev and chrome://tracing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ...errors import OptionError
from .destination import Target, text_file
from .trace_events import TraceEvents

if TYPE_CHECKING:
    from ...context import Simulation
    from ...events import EventLog
    from ...runs.run_frames import RunFrames

MOST_SLICES = 200_000
"""Slices of a trace: about 65 MB, a ninth of that as `.gz`. Perfetto opens it in seconds."""


def perfetto(source: RunFrames | Simulation | EventLog, path: Target, *, most: int | None = MOST_SLICES) -> dict[str, Any]:
    """Write a trace: JSON in the Trace Event Format, packed by gzip where the name ends in `.gz`.

    Of a run (a `Result` or a saved one): a process for each node, a thread for each device, a slice for each attempt with what is known of
    it, arrows between the attempts of a job, counters of queue and allocation, instants for failures. Of a simulation or its log: a process
    for each kind of subject, a slice from each event to the next of its subject, arrows from causes to effects.

    `most`: slices; of a run the longest, of a log the first; None for all. Simulated seconds are seconds of the trace.
    Returns what the trace says of itself in `otherData`, what was left out among it. Raises InputError where it cannot be written,
    OptionError.

    >>> import tempfile, json, mlplat as mp
    >>> sim = mp.Simulation()
    >>> event = sim.emit("node:n1", "node.failed", source="hardware")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     perfetto(sim, f"{folder}/sim.json")["events"]
    1
    """
    limit = 2**62 if most is None else most
    if isinstance(most, bool) or not isinstance(limit, int) or limit < 1:
        raise OptionError(f"most={most!r:.40}: expected a number of slices of at least 1, or None for all")
    log = getattr(source, "log", source)
    with text_file(path) as stream:
        trace = TraceEvents(stream)
        if hasattr(source, "attempts"):
            from .perfetto_run import write_run

            about = write_run(cast("RunFrames", source), trace, limit)
        elif hasattr(log, "causes"):
            from .perfetto_log import write_log

            about = write_log(cast("EventLog", log), trace, limit)
        else:
            raise OptionError(f"a {type(source).__name__} has no trace; expected a run or a simulation")
        trace.close(about)
    return about
