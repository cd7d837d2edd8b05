"""Generated traces: `synthetic` is calibrated to published facts about GPU clusters, `queueing` is the textbook stream for tests of theory.

Everything is drawn by column, each from a random stream of its own name, so that changing one option leaves the draws of the other
columns alone, and a longer trace begins with the shorter one of the same options.

The facts `synthetic` is calibrated to:

* Durations are lognormal over five orders of magnitude. PAI (Weng et al., NSDI 2022): median 23 min, 90th percentile 4.5 h, which is a
  log standard deviation of ln(270 / 23) / 1.2816 = 1.92; the public cuts of Philly and openb measure 2.2 and 1.9.
* Few jobs are wide, and they hold most devices for longest. Philly (Jeon et al., ATC 2019): 1.75 devices a job on average; jobs of at
  least 8 take 62 % of the device time in its public cut. Helios (Hu et al., SC 2021): over half of the jobs take one device, those of at
  least 8 over half of the device time. Here the median duration grows in proportion to the width, which gives 59 %.
* Devices are shared. openb (Weng et al., ATC 2023): 13 % of the pods ask for no device, 38 % for a share, 49 % for whole devices; the
  weights of the shares are those of openb by the nearest hundred milli, the two it lacks (700 and 900) given 1 % each.
* Arrivals follow the day. In Philly the busiest hour has 3.3 times the jobs of the quietest, a weekend day about half of a working day.
* A few users submit most. PAI: the top 5 % of the users submit 77 % of the task instances; here, 100 users under Zipf's law of
  exponent 1.5, 73 %.
* Users ask for round limits, and for more than they need (Mu'alem and Feitelson, IEEE TPDS 2001): `estimates="walltime"`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from ..errors import OptionError, UnknownNameError
from ..resources import DEVICE_MILLI, ResourceRequest
from ..streams import check_seed, stream
from ..units import Duration, seconds
from ..workload import JobTrace

Floats = npt.NDArray[np.float64]
Estimates = Literal["exact", "walltime"]
Service = Literal["exponential", "deterministic", "hyperexponential", "lognormal"]

WIDTHS: Mapping[int, float] = {1: 0.75, 2: 0.10, 4: 0.08, 8: 0.07}
"""Weights of the widths of jobs on whole devices: 1.8 devices on average."""

SHARES = {100: 1, 200: 9, 300: 11, 400: 2, 500: 29, 600: 13, 700: 1, 800: 35, 900: 1}
"""Weights of the shares of one device, by milli."""

WALLTIME_LIMITS = ("5m", "15m", "30m", "1h", "2h", "4h", "8h", "12h", "1d", "2d", "3d", "7d", "14d")

_SHAPES = ((4, 16), (6, 32), (8, 48))  # cores and GiB for each whole device; a node of the shorthand `96x8xV100` has 8 and 64
_CORES = (4, 8, 16)  # of jobs without device, 4 GiB each
_WEEK, _DAY, _HOUR, _PEAK_HOUR = 604800.0, 86400.0, 3600.0, 15
_MOST_JOBS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class _JobClass:
    request: ResourceRequest
    weight: float
    stretch: float  # its durations are so many times those of a job on one device

    @property
    def devices(self) -> float:
        return self.request.gpus + self.request.gpu_milli / DEVICE_MILLI


def synthetic(
    jobs: int | None = None,
    *,
    days: float | None = None,
    gpus: int = 768,
    load: float = 0.8,
    median: Duration = "23m",
    sigma: float = 1.92,
    longest: Duration = "30d",
    day_night: float = 3.0,
    weekend: float = 1.0,
    cpu_only: float = 0.13,
    shared: float = 0.38,
    widths: Mapping[int, float] = WIDTHS,
    users: int = 100,
    zipf: float = 1.5,
    estimates: Estimates = "exact",
    seed: int = 0,
) -> JobTrace:
    """A GPU cluster's jobs: heavy-tailed durations, a daily cycle, shared and whole devices, a few busy users. Second 0 is a Monday, 0:00.

    `jobs` says how many (10,000 if neither is given), or `days` how long. The arrival rate is the one that offers `load` × `gpus` devices
    of work, on average over a week. `median` and `sigma` (of the logarithm) are the durations of jobs on at most one device; a job on w
    devices takes w times as long; none takes longer than `longest`. `day_night` is the arrival rate of the busiest hour (15:00)
    over that of the quietest, `weekend` the rate on Saturdays and Sundays over that of working days. `cpu_only` and `shared` are
    the parts of the jobs that ask for no device and for a share of one; `widths` weighs the device counts of the others.
    `users` submit with weights 1 / rank^`zipf`. Under `estimates="walltime"` the estimate is the duration times a lognormal factor of
    median 2 (at least 1), rounded up to a usual limit. Times are whole milliseconds.

    Raises OptionError for an option that cannot be used, UnknownNameError for an unknown kind of estimates.

    >>> trace = synthetic(1000, gpus=64, load=0.9)
    >>> len(trace), len(trace.requests), len(trace.groups)
    (1000, 24, 100)
    """
    if jobs is not None and days is not None:
        raise OptionError("give jobs= or days=, not both")
    if estimates not in get_args(Estimates):
        raise UnknownNameError("kind of estimates", estimates, get_args(Estimates))
    classes = _job_classes(_between("cpu_only", cpu_only, 0, 1), _between("shared", shared, 0, 1), widths)
    middle, limit = _positive("median", seconds(median)), _positive("longest", seconds(longest))
    spread, exponent = _between("sigma", sigma, 0, 10), _at_least("zipf", zipf, 0.0)
    weekly = _week_profile(_at_least("day_night", day_night, 1.0), _at_least("weekend", weekend, 0.0))
    people, seed = _count("users", users, 1, 1_000_000), check_seed(seed)
    work = sum(c.weight * c.devices * _capped_lognormal_mean(middle * c.stretch, spread, limit) for c in classes)
    if work == 0:
        raise OptionError("no job asks for a device, so no arrival rate offers that load; lower cpu_only= or use queueing()")
    rate = _positive("load", load) * _count("gpus", gpus, 1) / work

    submit = _arrivals(rate, weekly, jobs, days, seed)
    n = len(submit)
    request = _choose([c.weight for c in classes], stream(seed, "synthetic/requests").random(n))
    duration = stream(seed, "synthetic/durations").standard_normal(n)
    np.exp(np.multiply(duration, spread, out=duration), out=duration)
    duration *= np.array([middle * c.stretch for c in classes])[request]
    _to_milliseconds(np.minimum(duration, limit, out=duration))
    return JobTrace.build(
        submit=submit,
        duration=duration,
        estimate=None if estimates == "exact" else _walltime(duration, limit, stream(seed, "synthetic/estimates")),
        request=request,
        requests=[c.request for c in classes],
        group=_choose([rank**-exponent for rank in range(1, people + 1)], stream(seed, "synthetic/users").random(n)),
        groups=[f"user-{rank}" for rank in range(1, people + 1)],
        source=f"synthetic(seed={seed})",
        split="nodes",
    )


def queueing(
    jobs: int,
    arrival_rate: float,
    service: Service = "exponential",
    mean_service: float = 1.0,
    *,
    scv: float | None = None,
    seed: int = 0,
) -> JobTrace:
    """Poisson arrivals (per second) of jobs of one core: M/M, M/D or M/G, for a pool of c cores or c nodes of one core.

    `service` is the distribution of durations of mean `mean_service` seconds; `scv` the squared coefficient of variation of
    `hyperexponential` (two phases of balanced means, above 1) and of `lognormal` (above 0), 4 if not given. Raises OptionError for a value
    that cannot be used, UnknownNameError for an unknown service.

    >>> trace = queueing(4, arrival_rate=0.5, service="deterministic", mean_service=2.0)
    >>> trace.duration.tolist(), trace.requests[0].cpu_milli
    ([2.0, 2.0, 2.0, 2.0], 1000)
    """
    n, rate, mean = _count("jobs", jobs, 1), _positive("arrival_rate", arrival_rate), _positive("mean_service", mean_service)
    if service not in get_args(Service):
        raise UnknownNameError("service", service, get_args(Service))
    if scv is not None and service in ("exponential", "deterministic"):
        raise OptionError(f"scv={scv!r}: the variation of {service} service is fixed; leave scv out")
    variation = 4.0 if scv is None else _positive("scv", scv)
    if service == "hyperexponential" and variation <= 1:
        raise OptionError(f"scv={scv!r}: expected more than 1 for hyperexponential service")
    gaps, draws = stream(seed, "queueing/arrivals"), stream(seed, "queueing/service")
    duration: Floats
    if service == "exponential":
        duration = draws.exponential(mean, n)
    elif service == "deterministic":
        duration = np.full(n, mean)
    elif service == "lognormal":
        spread = math.sqrt(math.log1p(variation))
        duration = draws.lognormal(math.log(mean) - spread**2 / 2, spread, n)
    else:
        often = (1 + math.sqrt((variation - 1) / (variation + 1))) / 2
        phase = np.where(stream(seed, "queueing/phases").random(n) < often, mean / (2 * often), mean / (2 * (1 - often)))
        duration = phase * draws.standard_exponential(n)
    return JobTrace.build(
        submit=np.cumsum(gaps.exponential(1 / rate, n)),
        duration=duration,
        request=np.zeros(n, dtype=np.int32),
        requests=[ResourceRequest(cpus=1)],
        source=f"queueing(service={service}, seed={check_seed(seed)})",
    )


def _job_classes(cpu_only: float, shared: float, widths: Mapping[int, float]) -> list[_JobClass]:
    if cpu_only + shared > 1:
        raise OptionError(f"cpu_only={cpu_only} and shared={shared}: expected at most 1 together")
    if not isinstance(widths, Mapping):
        raise OptionError(f"widths={widths!r}: expected device counts with weights, such as {{1: 0.9, 8: 0.1}}")
    weighed = {_count("widths: devices", width, 1): _at_least(f"widths[{width}]", weight, 0.0) for width, weight in widths.items()}
    total = sum(weighed.values())
    if not total > 0:
        raise OptionError(f"widths={dict(widths)!r}: expected device counts with weights, such as {{1: 0.9, 8: 0.1}}")
    classes = [_JobClass(ResourceRequest(cpus=c, memory_gib=4 * c), cpu_only / len(_CORES), 1.0) for c in _CORES]
    for milli, share in SHARES.items():
        request = ResourceRequest(cpu_milli=6 * milli, memory_mib=32 * 1024 * milli // DEVICE_MILLI, gpu_milli=milli)
        classes.append(_JobClass(request, shared * share / sum(SHARES.values()), 1.0))
    for width, weight in weighed.items():
        for cpus, gib in _SHAPES:
            request = ResourceRequest(cpus=cpus * width, memory_gib=gib * width, gpus=width)
            classes.append(_JobClass(request, (1 - cpu_only - shared) * weight / total / len(_SHAPES), float(width)))
    return [c for c in classes if c.weight > 0]


def _week_profile(day_night: float, weekend: float) -> Floats:
    """The arrival rate in each hour of the week, of mean 1: float64[168]."""
    swing = (day_night - 1) / (day_night + 1) / math.cos(math.pi / 24)  # the busiest and the quietest hour are centred half an hour off
    day = [1 + swing * math.cos(2 * math.pi * (hour + 0.5 - _PEAK_HOUR) / 24) for hour in range(24)]
    week = np.array(day * 5 + [weekend * rate for rate in day] * 2)
    return np.maximum(week, 0) / week.mean()  # type: ignore[no-any-return]


def _arrivals(rate: float, weekly: Floats, jobs: int | None, days: float | None, seed: int) -> Floats:
    """A non-homogeneous Poisson process: unit-rate arrivals through the inverse of the cumulative rate (Çinlar 1975)."""
    hours = np.arange(len(weekly) + 1) * _HOUR
    cumulative = np.concatenate(([0.0], np.cumsum(weekly * (rate * _HOUR))))
    gaps = stream(seed, "synthetic/arrivals")
    if days is None:
        unit = np.cumsum(gaps.standard_exponential(_count("jobs", 10_000 if jobs is None else jobs, 1)))
    else:
        end = _positive("days", days) * _DAY
        expected = float(end // _WEEK * cumulative[-1] + np.interp(end % _WEEK, hours, cumulative))
        if not expected < _MOST_JOBS:
            raise OptionError(f"days={days!r}: {expected:.3g} jobs at this load; expected at most {_MOST_JOBS}")
        chunk = math.ceil(expected + 6 * math.sqrt(expected) + 10)
        unit = np.cumsum(gaps.standard_exponential(chunk))  # six standard deviations above the mean: once in 10^9 seeds one more is needed
        while unit[-1] < expected:
            unit = np.concatenate((unit, unit[-1] + np.cumsum(gaps.standard_exponential(chunk))))
        unit = unit[: np.searchsorted(unit, expected)]
    weeks = np.floor(unit / cumulative[-1])
    unit -= weeks * cumulative[-1]
    submit = np.interp(unit, cumulative, hours)
    submit += weeks * _WEEK
    return _to_milliseconds(submit)


def _to_milliseconds(times: Floats) -> Floats:
    """Round in place. exp and log may differ in the last bit between processors; whole milliseconds do not."""
    times *= 1000
    np.rint(times, out=times)
    times /= 1000
    return times


def _choose(weights: list[float], uniform: Floats) -> npt.NDArray[np.int32]:
    edges = np.cumsum(weights)
    return np.searchsorted(edges[:-1] / edges[-1], uniform, side="right").astype(np.int32)


def _walltime(duration: Floats, longest: float, draws: np.random.Generator) -> Floats:
    limits = np.array([limit for limit in map(seconds, WALLTIME_LIMITS) if limit < longest] + [longest])
    asked = duration * np.maximum(draws.lognormal(math.log(2), 0.8, len(duration)), 1.0)
    return limits[np.searchsorted(limits, np.minimum(asked, longest))]


def _capped_lognormal_mean(median: float, sigma: float, cap: float) -> float:
    """E[min(X, cap)] of a lognormal X."""
    if sigma == 0:
        return min(median, cap)
    z = math.log(cap / median) / sigma
    below = 0.5 * math.erfc((sigma - z) / math.sqrt(2))
    return median * math.exp(sigma**2 / 2) * below + cap * 0.5 * math.erfc(z / math.sqrt(2))


def _number(name: str, value: object, expected: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)) or not math.isfinite(value):
        raise OptionError(f"{name}={value!r}: expected {expected}")
    return float(value)


def _at_least(name: str, value: object, least: float) -> float:
    number = _number(name, value, f"a number of at least {least:g}")
    if number < least:
        raise OptionError(f"{name}={value!r}: expected a number of at least {least:g}")
    return number


def _positive(name: str, value: object) -> float:
    number = _number(name, value, "a number above 0")
    if number <= 0:
        raise OptionError(f"{name}={value!r}: expected a number above 0")
    return number


def _between(name: str, value: object, least: float, most: float) -> float:
    number = _number(name, value, f"a number from {least:g} to {most:g}")
    if not least <= number <= most:
        raise OptionError(f"{name}={value!r}: expected a number from {least:g} to {most:g}")
    return number


def _count(name: str, value: object, least: int, most: int = _MOST_JOBS) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or not least <= value.__index__() <= most:
        raise OptionError(f"{name}={value!r}: expected a whole number from {least} to {most}")
    return int(value.__index__())
