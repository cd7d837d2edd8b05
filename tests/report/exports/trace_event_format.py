"""A strict reader of the Trace Event Format (Chrome, JSON object form), after its published description."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal
from typing import Any

NUMBERS = (int, Decimal)
METADATA = {"process_name": "name", "process_labels": "labels", "process_sort_index": "sort_index"}
METADATA |= {"thread_name": "name", "thread_sort_index": "sort_index"}
REQUIRED = {
    "M": {"name", "pid", "tid", "ts", "args"},
    "X": {"name", "cat", "pid", "tid", "ts", "dur", "args"},
    "i": {"name", "cat", "pid", "tid", "ts", "s", "args"},
    "C": {"name", "pid", "tid", "ts", "args"},
    "s": {"name", "cat", "id", "pid", "tid", "ts"},
    "t": {"name", "cat", "id", "pid", "tid", "ts"},
    "f": {"name", "cat", "id", "pid", "tid", "ts", "bp"},
}
Place = tuple[int, int]


def read_trace(text: str) -> dict[str, Any]:
    """The trace, with numbers as they are written. Fails where the format is not kept."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    trace = json.loads(text, parse_float=Decimal, parse_constant=refuse)
    assert set(trace) == {"displayTimeUnit", "traceEvents", "otherData"}
    assert trace["displayTimeUnit"] in ("ms", "ns") and isinstance(trace["otherData"], dict)
    events = trace["traceEvents"]
    for event in events:
        _check_event(event)
    _check_names(events)
    slices = _check_nesting(events)
    _check_flows(events, slices)
    return trace


def _check_event(event: dict[str, Any]) -> None:
    phase = event["ph"]
    assert set(event) == REQUIRED[phase] | {"ph"}, event
    assert isinstance(event["name"], str) and event["name"], event
    assert type(event["pid"]) is int and type(event["tid"]) is int and 0 <= event["pid"] < 2**31 and 0 <= event["tid"] < 2**31, event
    assert type(event["ts"]) in NUMBERS and event["ts"] >= 0, event
    assert isinstance(event.get("args", {}), dict) and isinstance(event.get("cat", ""), str), event
    if phase == "M":
        assert set(event["args"]) == {METADATA[event["name"]]}, event
        assert isinstance(event["args"][METADATA[event["name"]]], int if event["name"].endswith("index") else str), event
    elif phase == "X":
        assert type(event["dur"]) in NUMBERS and event["dur"] >= 0, event
    elif phase == "i":
        assert event["s"] in ("g", "p", "t"), event
    elif phase == "C":
        assert event["args"] and all(type(value) in NUMBERS for value in event["args"].values()), event
    elif phase == "f":
        assert event["bp"] == "e", event


def _check_names(events: list[dict[str, Any]]) -> None:
    """What has slices has a name, and is told apart from others by its number."""
    processes = {event["pid"] for event in events if event["name"] == "process_name"}
    threads = [(event["pid"], event["tid"]) for event in events if event["name"] == "thread_name"]
    assert len({tid for _, tid in threads}) == len(threads)
    for event in events:
        assert event["pid"] in processes, event
        if event["ph"] in "Xst" or (event["ph"] == "i" and event["s"] == "t"):
            assert (event["pid"], event["tid"]) in threads, event


def _check_nesting(events: list[dict[str, Any]]) -> dict[Place, list[tuple[Any, Any]]]:
    """Slices of a thread lie in each other or apart."""
    slices: dict[Place, list[tuple[Any, Any]]] = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            slices[event["pid"], event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
    for spans in slices.values():
        open_: list[Any] = []
        for begin, end in sorted(spans, key=lambda span: (span[0], -span[1])):
            while open_ and open_[-1] <= begin:
                open_.pop()
            assert not open_ or end <= open_[-1]
            open_.append(end)
    return slices


def _check_flows(events: list[dict[str, Any]], slices: dict[Place, list[tuple[Any, Any]]]) -> None:
    """A flow begins once, ends once, goes forward in time, and each of its events is in a slice of its thread."""
    flows: dict[tuple[str, str, int], list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        if event["ph"] in "stf":
            flows[event["cat"], event["name"], event["id"]].append(event)
            assert any(begin <= event["ts"] <= end for begin, end in slices[event["pid"], event["tid"]]), event
    for flow in flows.values():
        ordered = sorted(flow, key=lambda event: (event["ts"], "stf".index(event["ph"])))
        assert [event["ph"] for event in ordered] == ["s", *"t" * (len(flow) - 2), "f"], flow


def slices_of(trace: dict[str, Any]) -> list[dict[str, Any]]:
    """The complete events of a trace."""
    return [event for event in trace["traceEvents"] if event["ph"] == "X"]
