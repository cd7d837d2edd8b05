"""Up and down in turn, for many components at once: the renewal processes from which outages are drawn.

The numbers are counter-based: the i-th up-time and repair of a component are a function of its key and i alone, so that what is drawn
for one component, and how far, changes nothing for another. The finaliser is SplitMix64's (Steele, Lea and Flood 2014).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
LONGEST_MS = 2e15  # longer than any horizon; a block of draws of this length stays within int64
BLOCK, CELLS = 1024, 2_000_000


class Components(NamedTuple):
    """N components of one kind: `key` uint64[N]; `scale`, `power`, `mttr` float64[N] in seconds; `fixed` bool[N].

    An up-time is `scale * (-log u) ** power`, a repair `mttr * (-log u)`, or `mttr` where it is `fixed`; u is uniform in (0, 1].
    """

    key: Keys
    scale: npt.NDArray[np.float64]
    power: npt.NDArray[np.float64]
    mttr: npt.NDArray[np.float64]
    fixed: npt.NDArray[np.bool_]

    def at(self, rows: Integers) -> Components:
        """The components at these rows."""
        return Components(self.key[rows], self.scale[rows], self.power[rows], self.mttr[rows], self.fixed[rows])


def component_keys(seed: int, kind: str, names: Iterable[str]) -> Keys:
    """uint64[n]: a key for each name, the first 8 bytes of the SHA-256 of seed, kind and name.

    >>> int(component_keys(0, "node", ["a"])[0]) == int(component_keys(0, "node", ["b", "a"])[1])
    True
    """
    head = hashlib.sha256(f"{seed}\n{kind}\n".encode())

    def digest(name: str) -> bytes:
        state = head.copy()
        state.update(name.encode())
        return state.digest()[:8]

    return np.frombuffer(b"".join([digest(name) for name in names]), dtype="<u8").astype(np.uint64)


def numbered_keys(keys: Keys, number: npt.NDArray[np.int64]) -> Keys:
    """uint64[n]: a key for each numbered part (device) of the thing with that key."""
    return _mix(keys + GOLDEN * (number + 1).astype(np.uint64))


def _mix(value: Keys) -> Keys:
    z = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Keys = z ^ (z >> np.uint64(31))
    return mixed


def _surprise(keys: Keys, counts: Keys) -> npt.NDArray[np.float64]:
    """float64[n, b]: -log u of draw number `counts` of each key, exponential with mean 1."""
    bits = _mix(keys[:, None] + GOLDEN * (counts + np.uint64(1)))
    uniform = ((bits >> np.uint64(11)) + np.uint64(1)).astype(np.float64) * 2.0**-53
    drawn: npt.NDArray[np.float64] = -np.log(uniform)
    return drawn


def _milliseconds(duration: npt.NDArray[np.float64]) -> Integers:
    # Whole milliseconds do not hang on the last bit of a logarithm, which libraries compute differently.
    return np.rint(np.clip(duration * 1000.0, 1.0, LONGEST_MS)).astype(np.int64)


def renewals(components: Components, horizon_ms: int) -> tuple[Integers, Integers, Integers]:
    """Outages that start by the horizon: the component, start and end of each, int64[m], in milliseconds.

    All components are new at 0. Each round draws a block of cycles for every component that has not reached the horizon.
    """
    active = np.arange(len(components.key), dtype=np.int64)
    clock = np.zeros(len(active), dtype=np.int64)
    found: list[tuple[Integers, Integers, Integers]] = []
    drawn = 0
    while len(active):
        now = components.at(active)
        cycle = float(np.mean(now.scale + now.mttr)) * 1000.0
        size = int(np.clip((horizon_ms - clock.min()) / cycle * 1.2 + 1, 1, min(BLOCK, max(1, CELLS // len(active)))))
        counts = (2 * (drawn + np.arange(size))).astype(np.uint64)
        up = _milliseconds(now.scale[:, None] * _surprise(now.key, counts) ** now.power[:, None])
        down = _milliseconds(now.mttr[:, None] * np.where(now.fixed[:, None], 1.0, _surprise(now.key, counts + np.uint64(1))))
        end = clock[:, None] + np.cumsum(up + down, axis=1)
        start = end - down
        row, column = np.nonzero(start <= horizon_ms)
        found.append((active[row], start[row, column], end[row, column]))
        goes_on = end[:, -1] <= horizon_ms
        active, clock = active[goes_on], end[goes_on, -1]
        drawn += size
    if not found:
        return clock, clock.copy(), clock.copy()
    component, start, end = (np.concatenate(column) for column in zip(*found, strict=True))
    return component, start, end
