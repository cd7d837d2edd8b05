"""The runs of a platform as OpenLineage events, an event a line, as Marquez and others take them in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import MissingExtraError
from .destination import Target, text_file

if TYPE_CHECKING:
    from ...platform.facade import Platform

MOST_RUNS = 10**9


def openlineage(platform: Platform, path: Target, *, namespace: str = "mlplat") -> dict[str, Any]:
    """Write the events of every run, in order of time, packed by gzip where the name ends in `.gz`. As the first administrator sees it.

    See `openlineage_events` of the Metadata Store for what an event says. Returns `runs` and `events`. Needs the extra `lineage`; raises
    MissingExtraError, InputError.

    >>> import tempfile, mlplat as mp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     openlineage(mp.Platform(), f"{folder}/events.ndjson")
    {'runs': 0, 'events': 0}
    """
    from ...platform.artifacts.metadata.exports.openlineage import openlineage_events

    try:
        from openlineage.client.serde import Serde
    except ImportError:
        raise MissingExtraError("OpenLineage", "lineage") from None
    runs = platform.metadata.search(order_by="started asc", limit=MOST_RUNS, actor=platform.admin)
    made = []
    for number, run in enumerate(runs):
        events = openlineage_events(run, epoch=platform.sim.epoch, namespace=namespace)
        times = (run.started, run.ended if run.ended is not None else run.started)
        made += [(time, number, Serde.to_json(event)) for time, event in zip(times, events, strict=False)]
    made.sort(key=lambda each: each[:2])
    with text_file(path) as stream:
        stream.writelines(f"{text}\n" for _, _, text in made)
    return {"runs": len(runs), "events": len(made)}
