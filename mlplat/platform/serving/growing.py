"""Versions that come to a server, and go, while it runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .arrays import build_server
from .kernels import state as s
from .requests import Requests
from .versions import Version


def grown(server: s.Server, version: Version, now: float) -> tuple[s.Server, int]:
    """The server with a version more, which has neither replicas nor traffic, and the row of that version.

    A row whose version is retired is used again where it has as many places.
    """
    alone = build_server([version], Requests.build([]), [], [], retries=0, backoff=0.0, salts=(0, 0), stride=server.stride)
    begin_at(alone, now)
    number = server.versions.number
    for v in range(len(number)):
        if number[v, s.MOST] == RETIRED and number[v, s.PLACES] == version.places:
            return _reused(server, alone, v), v
    v, places, tree = len(number), len(server.places.row), len(server.versions.tree)
    added = alone.versions.number
    added[0, s.FIRST], added[0, s.TREE], added[0, s.LAST_ROW] = places, tree, v
    alone.versions.amount[0, s.UPPER] = 1.0
    alone.places.row[:, s.VERSION] = v
    alone.places.row[:, s.FREE] += places * server.stride
    alone.slots.after[:] += places * server.stride
    timeline = _row_inserted(server, v)
    versions = s.Versions(
        np.concatenate((number, added)),
        np.concatenate((server.versions.amount, alone.versions.amount)),
        _below(server.versions.past, alone.versions.past),
        _below(server.versions.wish, alone.versions.wish),
        np.concatenate((server.versions.tree, alone.versions.tree)),
    )
    versions.amount[v - 1, s.UPPER] = 1.0  # of the last so far, beyond which nothing was
    return server._replace(
        versions=versions,
        places=s.Places(*(np.concatenate(pair) for pair in zip(server.places, alone.places, strict=True))),
        slots=s.Slots(*(np.concatenate(pair) for pair in zip(server.slots, alone.slots, strict=True))),
        timeline=timeline,
    ), v


def begin_at(server: s.Server, now: float) -> None:
    """The only version of a server begins now."""
    server.versions.amount[0, s.ORIGIN] += now
    server.versions.amount[0, s.LATEST] = now


RETIRED = -1
"""In the place of the most replicas: the row is free."""


def reset_version(server: s.Server, v: int) -> None:
    """Nothing of a version is there any more: no replica, no request."""
    number, amount = server.versions.number, server.versions.amount
    assert number[v, s.BUSY] == number[v, s.UP_NOW] == number[v, s.LEAVING] == number[v, s.WAITING] == 0
    number[v, s.MOST], number[v, s.SCALER], amount[v, s.PERIOD] = RETIRED, s.NO_SCALER, np.inf


def _reused(server: s.Server, alone: s.Server, v: int) -> s.Server:
    """The server with a retired row given to another version."""
    number, amount = server.versions.number, server.versions.amount
    kept = {column: number[v, column] for column in (s.FIRST, s.TREE, s.LAST_ROW)}
    upper = amount[v, s.UPPER]
    number[v], amount[v] = alone.versions.number[0], alone.versions.amount[0]
    amount[v, s.UPPER] = upper
    for column, value in kept.items():
        number[v, column] = value
    number[v, s.TOLD] = 0
    first = number[v, s.FIRST]
    server.places.pace[first : first + number[v, s.PLACES]] = alone.places.pace
    versions = server.versions._replace(
        past=_wider(server.versions.past, alone.versions.past.shape[1]), wish=_wider(server.versions.wish, alone.versions.wish.shape[1])
    )
    versions.past[v], versions.wish[v] = 0.0, 0
    return server._replace(versions=versions)


def _row_inserted(server: s.Server, v: int) -> s.Timeline:
    """The timeline with a first row for one version more; all rows so far were read, and only the latest of each version is there."""
    time, row = server.timeline
    timeline = s.Timeline(np.concatenate((time, np.zeros(1))), np.concatenate((row, np.zeros((1, 5), dtype=np.int64))))
    timeline.row[v], timeline.time[v] = 0, 0.0
    timeline.row[v, s.T_VERSION] = v
    server.count[s.ROWS] = v + 1
    return timeline


def _wider(array: npt.NDArray[Any], width: int) -> npt.NDArray[Any]:
    missing = width - array.shape[1]
    return array if missing <= 0 else np.ascontiguousarray(np.pad(array, ((0, 0), (0, missing))))


def _below(above: npt.NDArray[Any], below: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Rows of two arrays, the narrower widened by zeros."""
    width = max(above.shape[1], below.shape[1])
    return np.concatenate((_wider(above, width), _wider(below, width)))
