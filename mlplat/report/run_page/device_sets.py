"""Which devices of its node each record of an attempt held: worked out from the lowest one, which is what the frame says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...resources import DEVICE_MILLI

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

MOST_DEVICES = 32
"""Devices of a node up to which its record has a bit for each."""


def device_sets(attempts: pl.DataFrame, gpus: npt.NDArray[np.int32], end_s: float) -> npt.NDArray[np.uint32]:
    """uint32[R]: a bit for each device that a record held; 0 without devices, and on a node of more than 32.

    A share or MIG instance is on the one device that the frame says. Whole devices are that one and the next ones above it that no other
    record holds, as the scheduler takes them; of devices that were down the frames say nothing, so that the set may then be of others.
    `attempts`: the frame, in order of start. `gpus`: int32[N], devices of each node.
    """
    node = attempts["node"].to_numpy()
    device = attempts["device"].to_numpy()
    milli = attempts["gpu_milli"].to_numpy()
    small = (device >= 0) & (device < MOST_DEVICES) & (gpus[node] <= MOST_DEVICES)
    held = np.where(small, np.left_shift(np.uint32(1), np.where(small, device, 0).astype(np.uint32)), np.uint32(0)).astype(np.uint32)
    whole = np.flatnonzero(small & (milli > DEVICE_MILLI))
    if not len(whole):
        return held
    start = attempts["start_s"].to_numpy()
    end = attempts["end_s"].fill_null(end_s).to_numpy().copy()
    end[attempts["end_s"].is_null().to_numpy()] = np.inf
    kept = np.flatnonzero(small & (end > start))
    ends = kept[np.argsort(end[kept], kind="stable")].tolist()
    busy: dict[int, int] = {}
    counts: dict[tuple[int, int], int] = {}  # records on a device that shares are on
    nodes, masks, wanted, starts, until = (array.tolist() for array in (node, held, milli, start, end))
    gone = 0
    for record in kept.tolist():
        while gone < len(ends) and until[ends[gone]] <= starts[record]:
            _give_back(busy, counts, nodes[ends[gone]], masks[ends[gone]])
            gone += 1
        here = nodes[record]
        if wanted[record] > DEVICE_MILLI:
            masks[record] = _lowest(masks[record], busy.get(here, 0), int(wanted[record] // DEVICE_MILLI), int(gpus[here]))
        busy[here] = busy.get(here, 0) | masks[record]
        for bit in _bits(masks[record]):
            counts[here, bit] = counts.get((here, bit), 0) + 1
    return np.array(masks, dtype=np.uint32)


def _lowest(first: int, busy: int, count: int, devices: int) -> int:
    """The device `first` and the next `count - 1` above it that are free; where there are too few, any others."""
    mask, left = first, count - 1
    above = [1 << device for device in range(devices)]
    for bit in [bit for bit in above if bit > first and not busy & bit] + [bit for bit in above if bit != first]:
        if left <= 0:
            break
        if not mask & bit:
            mask, left = mask | bit, left - 1
    return mask


def _give_back(busy: dict[int, int], counts: dict[tuple[int, int], int], node: int, mask: int) -> None:
    for bit in _bits(mask):
        counts[node, bit] = left = counts.get((node, bit), 1) - 1
        if not left:
            busy[node] = busy.get(node, 0) & ~bit


def _bits(mask: int) -> list[int]:
    found = []
    while mask:
        found.append(mask & -mask)
        mask &= mask - 1
    return found
