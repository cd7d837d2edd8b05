"""The page of a platform: what it is now, where everything on it came from, and everything that happened."""

from __future__ import annotations

import os
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from ...timeline_view import clock_text
from ..page import Section, data_download, details, document, key_figures, paragraph, table_html, text, write_page
from .events import events_frame
from .graph_picture import graph_svg
from .lineage import Drawn, lineage_of
from .state import capabilities, incidents, services, zones

if TYPE_CHECKING:
    import polars as pl

    from ...platform.facade import Platform

ASSETS = Path(__file__).with_name("assets")


def platform_page(platform: Platform) -> str:
    """The text of the page. It has everything that is on the platform, as its administrator may see it. Raises MissingExtraError.

    >>> import mlplat as mp
    >>> page = platform_page(mp.Platform())
    >>> "Capabilities" in page, "There are no zones." in page
    (True, True)
    """
    return platform_document("A platform", platform)


def write_platform_page(platform: Platform, path: str | os.PathLike[str]) -> Path:
    """Write the page to a file and return where. Raises InputError, MissingExtraError."""
    return write_page(path, platform_page(platform))


def platform_document(title: str, platform: Platform, before: Sequence[Section] = ()) -> str:
    """The page with sections of its own before the others, as the page of the demonstration has."""
    log = platform.sim.log
    drawn = lineage_of(platform)
    events, left_out = events_frame(log)
    sections = [
        *before,
        Section("now", "As it stands", _now(platform, drawn)),
        Section("lineage", "What was made of what", _lineage(drawn)),
        Section("events", "Everything that happened", _events(events, left_out)),
        Section("zones", "Zones and quotas", zones(platform)),
        Section("services", "Services", services(platform)),
        Section("incidents", "Incidents", incidents(platform)),
        Section("capabilities", "Capabilities", capabilities(platform)),
    ]
    numbers = {name: number for number, name in enumerate(drawn.nodes)}
    lineage = {
        "nodes": [
            {
                "name": name,
                "kind": node.kind.word,
                "digest": node.digest,
                "origin": node.origin,
                "record": dict(drawn.records.get(name, {})),
            }
            for name, node in drawn.nodes.items()
        ],
        "links": [[numbers[link.upstream], numbers[link.downstream], link.role] for link in drawn.links],
    }
    facts = [("seed", platform.sim.seed), ("events", f"{len(log):,}"), ("fingerprint", log.digest()[:16])]
    assets = [(ASSETS / name).read_text("utf-8") for name in ("lineage.js", "events.js", "platform_page.css")]
    return document(title, sections, facts=facts, data={"lineage": lineage, "events": events}, scripts=assets[:2], styles=assets[2:])


def _now(platform: Platform, drawn: Drawn) -> str:
    admin = platform.admin
    kinds = [node.kind.word for node in drawn.nodes.values()]
    found = platform.zones.list(actor=admin)
    return key_figures(
        [
            ("simulated time", clock_text(platform.sim.now)),
            ("events", f"{len(platform.sim.log):,}"),
            (
                "zones",
                f"{len(found):,}",
                f"{sum(zone.running for zone in found):,} workloads run, {sum(zone.waiting for zone in found):,} wait",
            ),
            ("model versions", f"{kinds.count('model'):,}", f"made by {kinds.count('run'):,} runs"),
            ("services", f"{len(platform.serving.list(actor=admin)):,}"),
            ("capabilities", f"{len(platform.capabilities().realised)}", "realised"),
        ]
    )


_running, _waiting = attrgetter("running"), attrgetter("waiting")


def _lineage(drawn: Drawn) -> str:
    if not drawn.nodes:
        return paragraph("No run and no model is recorded yet.")
    kinds = dict.fromkeys(node.kind.word for node in drawn.nodes.values())
    legend = "".join(f'<li class="kind-{kind}"><span aria-hidden="true"></span>{text(kind)}</li>' for kind in sorted(kinds))
    rest = (
        paragraph("There is more than a page can hold: these are the latest runs and models, and what they were made of.")
        if drawn.left_out
        else ""
    )
    picture = f'<div class="graph" tabindex="0" role="region" aria-label="Picture of the lineage">{graph_svg(drawn)}</div>'
    record = '<div class="record" id="lineage-record" aria-live="polite"><p>Choose a node to see its record.</p></div>'
    rows = [{"this": link.upstream, "as": link.role, "went into": link.downstream} for link in drawn.links]
    table = table_html(rows, columns=("this", "as", "went into"), caption="Links", filter=True, download="lineage.csv")
    return (
        paragraph("What stands to the left of an arrow went into what stands to its right.")
        + rest
        + f'<ul class="kinds" aria-label="Kinds of nodes">{legend}</ul>{picture}{record}'
        + details("The links as a table", table)
    )


def _events(frame: pl.DataFrame, left_out: list[str]) -> str:
    rest = paragraph(f"Left out, since there are so many of them: {', '.join(left_out)}.") if left_out else ""
    families = sorted({predicate.partition(".")[0] for predicate in frame["predicate"].to_list()})
    options = "".join(f'<option value="{text(family)}">{text(family)}</option>' for family in families)
    controls = (
        '<div class="event-controls"><label>With the words <input type="search" id="event-words"></label> '
        f'<label>about <select id="event-family"><option value="">anything</option>{options}</select></label> '
        '<label><input type="checkbox" id="event-outside"> only what came from outside</label> '
        '<output id="event-count"></output></div>'
    )
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("time", "event", "what it happened to", "source", "because of"))
    table = (
        '<div class="table" tabindex="0" role="region" aria-label="Events"><table id="event-table"><caption>Events, in order</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody></tbody></table></div>"
        '<button type="button" id="event-more">Show more</button>'
        '<div class="record" id="event-record" aria-live="polite"><p>Choose an event to see what led to it and what it led to.</p></div>'
    )
    return rest + controls + table + data_download("All events (CSV)", "events", "events.csv")
