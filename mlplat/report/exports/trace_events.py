"""The Trace Event Format of Chrome, which Perfetto reads: one JSON object with a list of events, written one after the other.

Times are whole nanoseconds here and microseconds, with decimals where they need them, in the file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any, Literal

from ...errors import printable

LONGEST_NAME = 200
Scope = Literal["t", "p", "g"]
"""Whom an instant concerns: a thread, a process or all."""
Step = Literal["s", "t", "f"]
"""The start of a flow, a step on the way, its end."""


class TraceEvents:
    """Writes events as they come; nothing of them is kept. `close` ends the file.

    Names lose what a terminal would obey and what is beyond 200 characters.

    >>> import io
    >>> text = io.StringIO()
    >>> trace = TraceEvents(text)
    >>> trace.process(1, "node-0")
    >>> trace.complete(1, 7, "train", "job", 1_500, 2_000_000, {"gpus": 4})
    >>> trace.close({})
    >>> print(text.getvalue())
    {"displayTimeUnit":"ms","traceEvents":[
    {"ph":"M","name":"process_name","pid":1,"tid":0,"ts":0,"args":{"name":"node-0"}},
    {"ph":"X","name":"train","cat":"job","pid":1,"tid":7,"ts":1.5,"dur":2000,"args":{"gpus":4}}
    ],"otherData":{}}
    <BLANKLINE>
    """

    def __init__(self, stream: IO[str]) -> None:
        self._write = stream.write
        self._between = "\n"
        self._write('{"displayTimeUnit":"ms","traceEvents":[')
        self.events = 0
        """Events written, metadata not counted."""

    def process(self, pid: int, name: str, *, order: int | None = None, labels: str = "") -> None:
        """Name a process. `order`: its place among the processes."""
        self._metadata(pid, 0, "process_name", {"name": _name(name)})
        if labels:
            self._metadata(pid, 0, "process_labels", {"labels": _name(labels)})
        if order is not None:
            self._metadata(pid, 0, "process_sort_index", {"sort_index": order})

    def thread(self, pid: int, tid: int, name: str, *, order: int) -> None:
        """Name a thread of a process. `order`: its place among its threads."""
        self._metadata(pid, tid, "thread_name", {"name": _name(name)})
        self._metadata(pid, tid, "thread_sort_index", {"sort_index": order})

    def complete(self, pid: int, tid: int, name: str, category: str, start: int, length: int, args: Mapping[str, Any]) -> None:
        """A slice of a thread, from `start` for `length` ns."""
        what = f'"ph":"X","name":{_text(name)},"cat":{_text(category)},"pid":{pid},"tid":{tid}'
        self._event(f'{what},"ts":{micros(start)},"dur":{micros(length)},"args":{_json(args)}')

    def instant(self, pid: int, tid: int, name: str, category: str, time: int, scope: Scope, args: Mapping[str, Any]) -> None:
        """Something that takes no time."""
        what = f'"ph":"i","name":{_text(name)},"cat":{_text(category)},"pid":{pid},"tid":{tid}'
        self._event(f'{what},"ts":{micros(time)},"s":"{scope}","args":{_json(args)}')

    def counter(self, pid: int, name: str, time: int, values: Mapping[str, float]) -> None:
        """The values of a counter of a process from a time on."""
        self._event(f'"ph":"C","name":{_text(name)},"pid":{pid},"tid":0,"ts":{micros(time)},"args":{_json(values)}')

    def flow(self, pid: int, tid: int, name: str, category: str, time: int, step: Step, number: int) -> None:
        """A place on the way of an arrow, in the slice that was written last on the thread."""
        bound = ',"bp":"e"' if step == "f" else ""
        what = f'"ph":"{step}","name":{_text(name)},"cat":{_text(category)},"id":{number},"pid":{pid},"tid":{tid}'
        self._event(f'{what},"ts":{micros(time)}{bound}')

    def close(self, about: Mapping[str, Any]) -> None:
        """The end, with what else is to be said of the trace."""
        self._write(f'\n],"otherData":{_json(about)}}}\n')

    def _metadata(self, pid: int, tid: int, name: str, args: Mapping[str, Any]) -> None:
        self._write(f'{self._between}{{"ph":"M","name":"{name}","pid":{pid},"tid":{tid},"ts":0,"args":{_json(args)}}}')
        self._between = ",\n"

    def _event(self, fields: str) -> None:
        self._write(f"{self._between}{{{fields}}}")
        self._between = ",\n"
        self.events += 1


def micros(time: int) -> str:
    """Nanoseconds as microseconds, exactly.

    >>> micros(1_500), micros(2_000), micros(7)
    ('1.5', '2', '0.007')
    """
    whole, rest = divmod(time, 1000)
    return f"{whole}.{rest:03d}".rstrip("0") if rest else str(whole)


def _name(text: str) -> str:
    text = printable(text)
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "…"


def _text(text: str) -> str:
    return json.dumps(_name(text), ensure_ascii=False)


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
