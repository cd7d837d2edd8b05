"""A lineage as text, in one of its forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ....facade import Platform
    from ..lineage import Lineage


def written(platform: Platform, lineage: Lineage, form: str) -> str:
    """`tree` for people, with what is missing; `mermaid`; `prov` (PROV-JSON); `openlineage`: the events of the run, one a line.

    The last two need the extra `lineage`. Raises MissingExtraError, UnknownRunError.
    """
    if form == "mermaid":
        from .mermaid_graph import mermaid

        return mermaid(lineage).rstrip("\n") + "\n"
    if form == "prov":
        from .prov import prov_json

        return prov_json(lineage).rstrip("\n") + "\n"
    if form == "openlineage":
        from .openlineage import openlineage_events

        if not lineage.run:
            return ""
        run = platform.metadata.run(lineage.run, actor=platform.admin)
        events = openlineage_events(run, epoch=platform.sim.epoch)
        from openlineage.client.serde import Serde

        return "".join(f"{Serde.to_json(event)}\n" for event in events)
    lines = [str(lineage), *(f"missing: {each}" for each in lineage.missing), f"fingerprint {lineage.fingerprint}"]
    return "\n".join(lines) + "\n"
