"""What a platform is now: zones and their quotas, services, deployments, incidents, capabilities; as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import printable
from ...timeline_view import clock_text
from ..page import badge, paragraph, table_html
from ..page.elements import Html

if TYPE_CHECKING:
    from ...platform.facade import Platform


def zones(platform: Platform) -> str:
    """A row for each zone and resource, with a bar of what is used of what may be."""
    found = platform.zones.list(actor=platform.admin)
    rows = [
        {
            "zone": zone.name,
            "kind": zone.kind,
            "of": zone.bound_to,
            "state": badge(zone.state, "good" if zone.state == "active" else "bad"),
            "resource": resource,
            "used": used,
            "guaranteed": guarantee,
            "at most": most,
            "of its quota": _bar(used, guarantee, most),
            "running": zone.running,
            "waiting": zone.waiting,
        }
        for zone in found
        for resource, used, guarantee, most in zone.rows() or [("–", 0, None, None)]
    ]
    return (
        table_html(rows, caption="Zones, and what of their quota is in use", download="zones.csv")
        if rows
        else paragraph("There are no zones.")
    )


def _bar(used: float, guarantee: float | None, most: float | None) -> Html | None:
    whole = most if most is not None else guarantee
    if not whole:
        return None
    part = 100 * used / whole
    mark = "" if guarantee is None or most is None else f'<i style="left:{min(100.0, 100 * guarantee / most):.1f}%"></i>'
    return Html(f'<span class="quota"><b style="width:{min(100.0, part):.1f}%"></b>{mark}</span> {part:.0f} %')


def services(platform: Platform) -> str:
    """A row for each version of each service, and what is deployed."""
    admin = platform.admin
    rows: list[dict[str, Any]] = []
    for name in platform.serving.list(actor=admin):
        status = platform.serving.status(name, actor=admin)
        for version in status.versions:
            now = "current" if version.number == status.current else "candidate"
            state = "retired" if version.retired else "retiring" if version.retiring else now
            rows.append(
                {
                    "service": status.name,
                    "zone": status.zone,
                    "version": version.number,
                    "model": version.model,
                    "state": badge(state, "good" if state == "current" else "neutral"),
                    "traffic": f"{version.weight:.0%}",
                    "ready": f"{version.ready} of {version.wanted}",
                    "answered": version.counts["answered"],
                    "not answered": sum(version.counts[kind] for kind in ("timed_out", "rejected", "failed")),
                    "P95 latency": None if version.latency_p95_s is None else f"{1000 * version.latency_p95_s:.3g} ms",
                }
            )
    deployed = [
        {
            "deployment": each.name,
            "zone": each.zone,
            "is": None if each.current is None else each.current.what,
            "under way": len(each.under_way),
        }
        for each in platform.cd.list(actor=admin)
    ]
    told = table_html(rows, caption="Versions of services", download="services.csv") if rows else paragraph("Nothing is served.")
    return told + (table_html(deployed, caption="What is deployed by continuous delivery") if deployed else "")


def incidents(platform: Platform) -> str:
    """A row for each incident that the Monitoring System opened, and for each node that was given up."""
    admin = platform.admin
    rows = [
        {
            "opened": clock_text(incident.opened_s),
            "what": str(incident.kind),
            "of": incident.version,
            "watch": incident.watch,
            "features": ", ".join(printable(str(name)) for name in incident.data.get("features", ()) if name),
            "state": badge("open", "bad") if incident.resolved_s is None else badge(f"over at {clock_text(incident.resolved_s)}", "good"),
        }
        for watch in platform.monitoring.watches(actor=admin)
        for incident in platform.monitoring.incidents(watch.name, actor=admin)
    ]
    rows += [
        {
            "opened": clock_text(event.time),
            "what": "node lost",
            "of": event.name,
            "watch": event.source,
            "features": "",
            "state": badge("given up"),
        }
        for event in platform.sim.log.select(predicate="node.unavailable")
    ]
    return table_html(rows, caption="Incidents", download="incidents.csv") if rows else paragraph("There was no incident.")


def capabilities(platform: Platform) -> str:
    """Which component realises or supports which capability."""
    from ...platform.capabilities.table import CAPABILITIES

    table = platform.capabilities()
    rows = [
        {
            "no.": number,
            "capability": name,
            "realised by": ", ".join(c for c, mark in table.of(number).items() if mark == "R") or None,
            "supported by": ", ".join(c for c, mark in table.of(number).items() if mark != "R") or None,
            "state": badge("realised", "good") if number in table.realised else badge("missing", "bad"),
        }
        for number, name in CAPABILITIES.items()
    ]
    told = f"At level {table.level} of maturity {len(table.realised)} of {len(CAPABILITIES)} capabilities are realised."
    return paragraph(told) + table_html(rows, caption="Capabilities and components")
