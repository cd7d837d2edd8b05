"""Erlang's formulas for c servers with Poisson arrivals, by the stable recursion."""

from __future__ import annotations

import math

from ...errors import OptionError

MOST_SERVERS = 10_000_000


def erlang_b(servers: int, offered: float) -> float:
    """The part of the arrivals that finds all servers busy in M/G/c/c (Erlang 1917).

    `offered`: arrival rate times mean service. By B(k) = a B(k-1) / (k + a B(k-1)) with B(0) = 1, which neither overflows nor cancels.
    Raises OptionError.

    >>> round(erlang_b(2, 1.0), 6)
    0.2
    """
    count, load = checked(servers, offered)
    blocked = 1.0
    for k in range(1, count + 1):
        blocked = load * blocked / (k + load * blocked)
    return blocked


def erlang_c(servers: int, offered: float) -> float:
    """The probability of waiting in M/M/c (Erlang 1917): c B / (c - a (1 - B)); 1 where the load is no less than the servers.

    `offered`: arrival rate times mean service. Raises OptionError.

    >>> round(erlang_c(2, 1.0), 6), erlang_c(1, 0.5), erlang_c(3, 4.0)
    (0.333333, 0.5, 1.0)
    """
    blocked = erlang_b(servers, offered)
    if offered >= servers:
        return 1.0
    return servers * blocked / (servers - offered * (1 - blocked))


def checked(servers: object, offered: object) -> tuple[int, float]:
    """Both as numbers. Raises OptionError."""
    if isinstance(servers, bool) or not hasattr(servers, "__index__") or not 0 <= servers.__index__() <= MOST_SERVERS:
        raise OptionError(f"servers={ascii(servers)[:40]}: expected a whole number from 0 to {MOST_SERVERS:,}")
    good = not isinstance(offered, (bool, str)) and hasattr(offered, "__float__")
    if not good or not 0 <= float(offered) < math.inf:  # type: ignore[arg-type]
        raise OptionError(f"offered={ascii(offered)[:40]}: expected a load of at least 0")
    return int(servers.__index__()), float(offered)  # type: ignore[arg-type]
