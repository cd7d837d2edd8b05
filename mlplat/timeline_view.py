"""The event log for people: a line for each event, with a human time, indented under its cause; as text and as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .canonical import encode
from .errors import printable
from .html_tables import text, view

if TYPE_CHECKING:
    from .events import Event, EventLog

MOST_LINES = 100
DEEPEST_INDENT = 12
LONGEST_DATA = 72


@dataclass(frozen=True, slots=True)
class TimelineLine:
    """What is shown of one event, fit for a terminal. `depth`: events shown above it that led to it."""

    time: str
    depth: int
    what: str
    source: str
    data: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Some events of a log, ready to be printed. `left_out`: how many more there were."""

    lines: tuple[TimelineLine, ...]
    left_out: int = 0

    def __str__(self) -> str:
        rows = [(line.time, "  " * min(line.depth, DEEPEST_INDENT) + line.what, line.source, line.data) for line in self.lines]
        if not rows:
            return "no events"
        time, what, source = (max(len(row[i]) for row in rows) for i in range(3))
        text = [f"{row[0]:>{time}}  {row[1]:<{what}}  {row[2]:<{source}}  {row[3]}".rstrip() for row in rows]
        return "\n".join(text + ([self._rest()] if self.left_out else []))

    def _rest(self) -> str:
        return f"… {self.left_out:,} more"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td style='text-align:right'>{text(line.time)}</td>"
            f"<td style='padding-left:{1 + 1.5 * min(line.depth, DEEPEST_INDENT):g}em'>{text(line.what)}</td>"
            f"<td>{text(line.source)}</td><td>{text(line.data)}</td></tr>"
            for line in self.lines
        )
        heads = "<tr><th>time</th><th>event</th><th>source</th><th>data</th></tr>"
        return view(f"<table><thead>{heads}</thead><tbody>{rows}</tbody></table>", notes=[self._rest()] if self.left_out else ())


def timeline(log: EventLog, events: Sequence[Event], left_out: int = 0) -> Timeline:
    """Some events of a log, in the order of the log, and how many more there are."""
    return Timeline(tuple(map(_line, events, _depths(log, events))), max(0, left_out))


def _line(event: Event, depth: int) -> TimelineLine:
    data = printable(encode(event.data)) if event.data else ""
    by = "" if event.actor == "system" else f" ({printable(event.actor)})"
    return TimelineLine(
        time=clock_text(event.time),
        depth=depth,
        what=f"{event.predicate} {printable(event.subject)}",
        source=printable(event.source) + by,
        data=data if len(data) <= LONGEST_DATA else data[: LONGEST_DATA - 1] + "…",
    )


def _depths(log: EventLog, events: Sequence[Event]) -> list[int]:
    """Of each event, how many of the events given lie on the way to its outside cause."""
    below: dict[int, int] = {}  # of each event met, the depth of what it leads to
    depths = []
    for event in events:
        passed, at = [], event.cause
        while at is not None and at not in below:
            passed.append(at)
            at = log[at].cause
        depth = 0 if at is None else below[at]
        below.update(dict.fromkeys(passed, depth))
        below[event.id] = depth + 1
        depths.append(depth)
    return depths


def clock_text(time: float) -> str:
    """A time as people read it, exact to the millisecond.

    >>> clock_text(3720), clock_text(5.25), clock_text(90061)
    ('1 h 02 min', '5.25 s', '1 d 01 h 01 min 01 s')
    """
    total = round(time * 1000)
    minutes, milliseconds = divmod(total, 60_000)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    amounts = [(days, "d"), (hours, "h"), (minutes, "min")]
    while amounts and not amounts[0][0]:
        amounts.pop(0)
    parts = [f"{amount:02d} {unit}" if i else f"{amount} {unit}" for i, (amount, unit) in enumerate(amounts)]
    if milliseconds or not parts:
        whole, fraction = divmod(milliseconds, 1000)
        parts.append((f"{whole:02d}" if parts else f"{whole}") + f".{fraction:03d}".rstrip("0").rstrip(".") + " s")
    else:
        while parts[-1].startswith("00 "):
            parts.pop()
    return " ".join(parts)
