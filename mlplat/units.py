"""Human amounts in, integers (milli-cores, MiB) and float seconds out. Parsing happens at the edge and only here."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from fractions import Fraction

from .errors import OptionError

_SECONDS = {"": 1.0, "s": 1.0, "ms": 1e-3, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?(?:e[+-]?\d+)?)(us|ms|min|[smhdw]?)", re.ASCII)
_BYTES = {
    "": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50,
}  # fmt: skip
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*([kKMGTP]i?)?B?", re.ASCII)
_BITS = {"k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}  # a capital B would be bytes
_BANDWIDTH = re.compile(r"(\d+(?:\.\d+)?)\s*([kKMGT])(?:bps|bit/s|b/s)", re.ASCII)
MIB = 2**20
MBIT_PER_MIB = MIB * 8 / 1e6
"""Megabits in a mebibyte."""

Duration = float | int | str | timedelta


def seconds(value: Duration) -> float:
    """Seconds of a duration: a number (seconds), a `timedelta`, or text such as `90m`, `1h30m`, `2d`.

    Raises OptionError for anything else, for negative and for non-finite values.

    >>> seconds("1h30m"), seconds(5), seconds("250ms")
    (5400.0, 5.0, 0.25)
    """
    if type(value) is float and 0 <= value < math.inf:
        return value
    if isinstance(value, timedelta):
        total = value.total_seconds()
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            total = float(value)
        except OverflowError:
            total = math.inf
    else:
        text = str(value).strip().replace(" ", "").lower()
        parts = list(_DURATION.finditer(text))
        if not parts or "".join(p.group(0) for p in parts) != text:
            raise OptionError(f"not a duration: {str(value)[:60]!r}; expected seconds or a form such as '90m', '2h', '1d12h'")
        total = sum(float(p.group(1)) / 1e6 if p.group(2) == "us" else float(p.group(1)) * _SECONDS[p.group(2)] for p in parts)
    if not math.isfinite(total) or total < 0:
        raise OptionError(f"not a duration: {str(value)[:60]!r}; expected a finite time of at least 0 s")
    return total


def cpu_milli(value: object) -> int:
    """Milli-cores of a Kubernetes CPU quantity: `4`, `0.5`, `"250m"`.

    >>> cpu_milli("250m"), cpu_milli(4)
    (250, 4000)
    """
    text = str(value).strip()
    scale = 1000
    if text.endswith("m"):
        text, scale = text[:-1], 1
    try:
        amount = float(text) * scale
    except ValueError:
        amount = math.nan
    if isinstance(value, bool) or not 0 <= amount <= 2**50:
        raise OptionError(f"not a CPU quantity: {value!r}; expected cores such as 4 or 0.5, or milli-cores such as '250m'")
    return math.ceil(amount - 1e-9)


def mebibytes(value: object) -> int:
    """MiB (rounded up) of a byte quantity. Decimal and binary suffixes differ: `"1G"` is 10^9 bytes, `"1Gi"` 2^30. A bare number is bytes.

    >>> mebibytes("1Gi"), mebibytes("100G"), mebibytes(1)
    (1024, 95368, 1)
    """
    match = _QUANTITY.fullmatch(str(value).strip())
    if isinstance(value, bool) or match is None:
        raise OptionError(f"not a size: {value!r}; expected bytes such as '512Mi', '16GiB' or '100GB'")
    amount = float(match.group(1)) * _BYTES[match.group(2) or ""] / MIB
    if not amount <= 2**50:
        raise OptionError(f"not a size: {value!r}; it is larger than anything that can be simulated")
    return math.ceil(amount - 1e-9)


def megabits_per_second(value: object) -> int:
    """Mbit/s of a bandwidth: a whole number, or text such as `100Gbps` or `25 Gbit/s` (decimal, bits). Raises OptionError.

    >>> megabits_per_second("100Gbps"), megabits_per_second("2.5 Gbit/s"), megabits_per_second(40)
    (100000, 2500, 40)
    """
    exact: Fraction | None = None
    if isinstance(value, str):
        if len(value) <= 40 and (match := _BANDWIDTH.fullmatch(value.strip())) is not None:
            exact = Fraction(match.group(1)) * _BITS[match.group(2)] / 10**6
    elif not isinstance(value, bool) and isinstance(value, (int, float)) and abs(value) < math.inf:
        exact = Fraction(value)
    if exact is None:
        raise OptionError(f"not a bandwidth: {ascii(value)[:60]}; expected Mbit/s, or text such as '100Gbps' or '25 Gbit/s'")
    if exact.denominator != 1 or not 1 <= exact <= 10**12:
        raise OptionError(f"not a bandwidth: {ascii(value)[:60]}; expected a whole number of Mbit/s from 1 to 10^12")
    return int(exact)


def format_mbps(value: float) -> str:
    """A bandwidth as people read it.

    >>> format_mbps(100_000), format_mbps(2500.0), format_mbps(40)
    ('100 Gbit/s', '2.5 Gbit/s', '40 Mbit/s')
    """
    for size, unit in ((1e6, "Tbit/s"), (1e3, "Gbit/s")):
        if value >= size:
            return f"{value / size:.4g} {unit}"
    return f"{value:.4g} Mbit/s"


def format_seconds(value: float) -> str:
    """A duration as people read it.

    >>> format_seconds(42), format_seconds(5400), format_seconds(200000)
    ('42 s', '1.5 h', '2.3 d')
    """
    if not math.isfinite(value):
        return "–"
    for size, unit in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if abs(value) >= 2 * size or (unit != "d" and abs(value) >= size):
            return f"{value / size:.1f} {unit}"
    return f"{value:.3g} s" if abs(value) < 10 else f"{value:.0f} s"
