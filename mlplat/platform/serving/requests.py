"""`Requests`: a stream of requests as arrays. No request is a Python object."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from ...errors import OptionError, UnknownNameError
from ...streams import stream
from ...units import Duration
from .checks import LARGEST, duration, number, whole

Floats = npt.NDArray[np.float64]
Service = Literal["exponential", "deterministic", "lognormal", "hyperexponential"]
HOUR, HOURS, DAY = 3600.0, 24, 86400.0


@dataclass(frozen=True, eq=False)
class Requests:
    """N requests: `sent` (s, ascending), `key` (uint64, those of one key go to one version), `service` (own service time, s).

    >>> requests = Requests.build(sent=[0.0, 1.5], service=[0.2, 0.2], key=["alice", "bob"])
    >>> len(requests), requests.sent.tolist()
    (2, [0.0, 1.5])
    """

    sent: Floats
    key: npt.NDArray[np.uint64]
    service: Floats

    def __len__(self) -> int:
        return len(self.sent)

    @property
    def columns(self) -> tuple[Floats, npt.NDArray[np.uint64], Floats]:
        """`sent`, `key` and `service`."""
        return self.sent, self.key, self.service

    @classmethod
    def build(cls, sent: npt.ArrayLike, service: npt.ArrayLike = 0.0, key: Sequence[str] | npt.ArrayLike | None = None) -> Requests:
        """A stream from a trace: times (s, ascending), own service times (s; one for all, or one each), keys (text or whole numbers;
        default: each its
        own). Raises OptionError.
        """
        times = _amounts("sent", sent)
        if (np.diff(times) < 0).any():
            row = int(np.argmax(np.diff(times) < 0)) + 1
            raise OptionError(f"sent: row {row} is sent at {times[row]:g} s, before the row above; expected times in order")
        if len(times) > LARGEST:
            raise OptionError(f"sent: {len(times):,} requests; expected at most {LARGEST:,}")
        own = _amounts("service", np.broadcast_to(np.asarray(service), times.shape) if np.ndim(service) == 0 else service)
        if len(own) != len(times):
            raise OptionError(f"service: {len(own):,} times for {len(times):,} requests")
        return cls(times, _keys(key, len(times)), own)

    @classmethod
    def poisson(
        cls,
        rate: float,
        *,
        count: int | None = None,
        until: Duration | None = None,
        service: Service = "deterministic",
        mean: Duration = 0.0,
        scv: float = 4.0,
        keys: int | None = None,
        seed: int = 0,
        name: str = "requests",
    ) -> Requests:
        """A Poisson stream of `rate` requests a second: `count` of them, or those before `until`.

        `service`, `mean`, `scv`: distribution, mean and squared coefficient of variation (of lognormal and hyperexponential ones) of the
        own service times. `keys`: distinct keys, drawn uniformly; None gives each request its own. Times, services and keys come from
        random streams of their own under `name`. Raises OptionError.

        >>> bool(Requests.poisson(100.0, until="10s", seed=1).sent[-1] < 10)
        True
        """
        per_second = number("rate", rate, above=True)
        if until is None:
            draws = stream(seed, f"serving/{name}/arrivals")
            times = np.cumsum(draws.exponential(1 / per_second, whole("count", 10_000 if count is None else count, 0)))
        elif count is not None:
            raise OptionError(f"count={count!r} and until={until!r}: expected one of the two")
        else:
            return cls.varying([(until, rate)], service=service, mean=mean, scv=scv, keys=keys, seed=seed, name=name)
        return cls._drawn(times, service, mean, scv, keys, seed, name)

    @classmethod
    def varying(
        cls,
        steps: Sequence[tuple[Duration, float]],
        *,
        service: Service = "deterministic",
        mean: Duration = 0.0,
        scv: float = 4.0,
        keys: int | None = None,
        seed: int = 0,
        name: str = "requests",
    ) -> Requests:
        """A Poisson stream whose rate goes in steps: (duration, requests a second), one after the other. As `poisson` otherwise.
        Raises OptionError.

        Arrivals of rate 1 through the inverse of the cumulative rate (Çinlar 1975).

        >>> burst = Requests.varying([("60s", 1.0), ("10s", 50.0), ("60s", 1.0)], seed=3)
        >>> bool(np.searchsorted(burst.sent, 70) - np.searchsorted(burst.sent, 60) > 400)
        True
        """
        lengths = np.array([duration(f"steps[{i}]", step[0]) for i, step in enumerate(steps)], dtype=np.float64)
        rates = np.array([number(f"steps[{i}]", step[1]) for i, step in enumerate(steps)], dtype=np.float64)
        edges = np.concatenate(([0.0], np.cumsum(lengths)))
        expected = np.concatenate(([0.0], np.cumsum(lengths * rates)))
        if not expected[-1] < LARGEST:
            raise OptionError(f"steps: {expected[-1]:.3g} requests; expected fewer than {LARGEST:,}")
        draws = stream(seed, f"serving/{name}/arrivals")
        chunk = math.ceil(expected[-1] + 6 * math.sqrt(expected[-1]) + 10)
        unit = np.cumsum(draws.standard_exponential(chunk))
        while unit[-1] < expected[-1]:
            unit = np.concatenate((unit, unit[-1] + np.cumsum(draws.standard_exponential(chunk))))
        unit = unit[: np.searchsorted(unit, expected[-1])]
        step = np.searchsorted(expected[1:], unit, side="right")
        with np.errstate(divide="ignore", invalid="ignore"):
            times = edges[step] + (unit - expected[step]) / rates[step]
        return cls._drawn(times, service, mean, scv, keys, seed, name)

    @classmethod
    def diurnal(
        cls,
        rate: float,
        *,
        until: Duration,
        swing: float = 0.5,
        peak: Duration = "15h",
        service: Service = "deterministic",
        mean: Duration = 0.0,
        scv: float = 4.0,
        keys: int | None = None,
        seed: int = 0,
        name: str = "requests",
    ) -> Requests:
        """A daily cycle of mean `rate`: the rate of an hour is rate · (1 + swing · cos(2π (hour + ½ − peak) / 24)), `swing` from 0 to 1.
        As `poisson` otherwise.

        >>> day = Requests.diurnal(0.1, until="1d", swing=0.8, seed=2)
        >>> night, noon = (int(((day.sent // 3600) % 24 == hour).sum()) for hour in (3, 15))
        >>> night < noon
        True
        """
        per_second, depth, end = number("rate", rate, above=True), number("swing", swing, 0.0, 1.0), duration("until", until)
        top = duration("peak", peak) / HOUR
        by_hour = [per_second * (1 + depth * math.cos(2 * math.pi * (hour + 0.5 - top) / HOURS)) for hour in range(HOURS)]
        whole_hours = int(end // HOUR)
        steps: list[tuple[Duration, float]] = [(HOUR, by_hour[hour % HOURS]) for hour in range(whole_hours)]
        steps.append((end - whole_hours * HOUR, by_hour[whole_hours % HOURS]))
        return cls.varying(steps, service=service, mean=mean, scv=scv, keys=keys, seed=seed, name=name)

    @classmethod
    def _drawn(cls, times: Floats, service: str, mean: Duration, scv: float, keys: int | None, seed: int, name: str) -> Requests:
        count = len(times)
        key: Any = None
        if keys is not None:
            key = stream(seed, f"serving/{name}/keys").integers(0, whole("keys", keys, 1), count, dtype=np.uint64)
        own = _services(service, duration("mean", mean), scv, count, seed, name)
        return cls(np.maximum.accumulate(_to_nanoseconds(times)), _keys(key, count), _to_nanoseconds(own))


def _services(service: str, mean: float, scv: float, count: int, seed: int, name: str) -> Floats:
    draws = stream(seed, f"serving/{name}/service")
    if service == "deterministic":
        return np.full(count, mean)
    if service == "exponential":
        return draws.exponential(mean, count)
    if service == "lognormal":
        spread = math.sqrt(math.log1p(number("scv", scv, above=True)))
        return mean * draws.lognormal(-(spread**2) / 2, spread, count)
    if service == "hyperexponential":
        variation = number("scv", scv, 1.0, above=True)
        often = (1 + math.sqrt((variation - 1) / (variation + 1))) / 2
        phase = np.where(stream(seed, f"serving/{name}/phases").random(count) < often, mean / (2 * often), mean / (2 * (1 - often)))
        return phase * draws.standard_exponential(count)
    raise UnknownNameError("service", service, get_args(Service))


def _to_nanoseconds(times: Floats) -> Floats:
    """exp and log may differ in the last bit between processors; whole nanoseconds do not."""
    return np.rint(times * 1e9) / 1e9


def _amounts(name: str, values: npt.ArrayLike) -> Floats:
    try:
        found = np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise OptionError(f"{name}: expected numbers of seconds") from None
    if found.ndim != 1:
        raise OptionError(f"{name}: {found.ndim} dimensions; expected a list of seconds")
    bad = ~(np.isfinite(found) & (found >= 0))
    if bad.any():
        row = int(np.argmax(bad))
        raise OptionError(f"{name}: row {row} is {found[row]}; expected seconds of at least 0")
    return found + 0.0  # a copy, without -0.0


def _keys(keys: Any, count: int) -> npt.NDArray[np.uint64]:
    if keys is None or count == 0:
        return np.arange(count, dtype=np.uint64)
    found = np.asarray(keys)
    if found.ndim != 1 or len(found) != count:
        raise OptionError(f"key: {found.shape} keys for {count:,} requests")
    if found.dtype.kind in "iu":
        return found.astype(np.uint64)
    if found.dtype.kind == "U":
        known = {text: int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") for text in dict.fromkeys(found.tolist())}
        return np.array([known[text] for text in found.tolist()], dtype=np.uint64)
    raise OptionError(f"key: keys of type {found.dtype}; expected text or whole numbers")
