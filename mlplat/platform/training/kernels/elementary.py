"""exp, log and what follows from them, from + − × ÷ and exact operations on bits: the same result on every machine.

`np.exp` changes with the SIMD extensions that numpy finds, `math.exp` with the C library's variant for the processor; these do not.
Arguments are reduced as usual (Muller, Elementary Functions, 3rd ed., ch. 11): exp(x) = 2^k exp(r) with |r| ≤ ln 2 / 2, and
log(x) = k ln 2 + log(1 + f) with 1 + f between √½ and √2. What remains is a Taylor series, summed by Horner's rule, long enough that what
is cut off is below a hundredth of the last place. Measured errors stand in `docs/platform/training.md`, and tests hold them.
"""

from __future__ import annotations

import numpy as np

from .compiling import entry, inlined, kernel

LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")
"""The first 32 bits of ln 2, so that k times it is exact; the rest of ln 2 is `LN2_LOW`."""
LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
PER_LN2 = float.fromhex("0x1.71547652b82fep+0")
LARGEST = float.fromhex("0x1.62e42fefa39efp+9")
"""exp of what is above is more than any float64."""
SMALLEST = float.fromhex("-0x1.74910d52d3052p+9")
"""exp of what is below is nearer to 0 than to any other float64."""
SQRT2 = float.fromhex("0x1.6a09e667f3bcdp+0")


@inlined
def two_to(k: int) -> float:
    """2^k for -1022 ≤ k ≤ 1023."""
    return np.int64((k + 1023) << 52).view(np.float64)


@kernel
def exp(x: float) -> float:
    """e^x; infinity above about 709.78, 0 below about -745.13, NaN of NaN."""
    if x != x:
        return x
    if x > LARGEST:
        return np.inf
    if x < SMALLEST:
        return 0.0
    k = np.int64(x * PER_LN2 + (0.5 if x >= 0.0 else -0.5))
    high = x - k * LN2_HIGH
    low = k * LN2_LOW
    r = high - low
    rest = (high - r) - low
    q = 1.0 / 6227020800.0
    q = q * r + 1.0 / 479001600.0
    q = q * r + 1.0 / 39916800.0
    q = q * r + 1.0 / 3628800.0
    q = q * r + 1.0 / 362880.0
    q = q * r + 1.0 / 40320.0
    q = q * r + 1.0 / 5040.0
    q = q * r + 1.0 / 720.0
    q = q * r + 1.0 / 120.0
    q = q * r + 1.0 / 24.0
    q = q * r + 1.0 / 6.0
    q = q * r + 0.5
    value = 1.0 + (r + (q * (r * r) + rest))
    half = k >> 1  # 2^k itself may be no float64
    return value * two_to(half) * two_to(k - half)


@kernel
def log(x: float) -> float:
    """The natural logarithm; -infinity of 0, NaN of negative numbers and NaN."""
    if not x > 0.0:
        return -np.inf if x == 0.0 else np.nan
    if x == np.inf:
        return x
    k = np.int64(0)
    if x < 2.0**-1022:
        x = x * 2.0**54
        k = np.int64(-54)
    bits = np.float64(x).view(np.int64)
    k += (bits >> 52) - 1023
    m = np.int64((bits & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000).view(np.float64)
    if m > SQRT2:
        m = m * 0.5
        k += 1
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    series = 2.0 / 23.0
    series = series * z + 2.0 / 21.0
    series = series * z + 2.0 / 19.0
    series = series * z + 2.0 / 17.0
    series = series * z + 2.0 / 15.0
    series = series * z + 2.0 / 13.0
    series = series * z + 2.0 / 11.0
    series = series * z + 2.0 / 9.0
    series = series * z + 2.0 / 7.0
    series = series * z + 2.0 / 5.0
    series = series * z + 2.0 / 3.0
    half_square = 0.5 * f * f
    correction = s * (half_square + series * z)
    if k == 0:
        return f - (half_square - correction)
    return k * LN2_HIGH - ((half_square - (correction + k * LN2_LOW)) - f)


@kernel
def log1p(x: float) -> float:
    """log(1 + x), also for x much smaller than 1 (Kahan)."""
    u = 1.0 + x
    if u == 1.0 or not u > 0.0 or u == np.inf:
        return x if u == 1.0 or u == np.inf else log(u)
    return log(u) + (x - (u - 1.0)) / u


@kernel
def sigmoid(x: float) -> float:
    """1 / (1 + e^-x)."""
    if x >= 0.0:
        return 1.0 / (1.0 + exp(-x))
    e = exp(x)
    return e / (1.0 + e)


@kernel
def softplus(x: float) -> float:
    """log(1 + e^x), without overflow."""
    if x >= 0.0:
        return x + log1p(exp(-x))
    return log1p(exp(x))


@entry
def exp_of(x: np.ndarray, out: np.ndarray) -> None:
    """out[i] = exp(x[i]); float64[n] each, C-contiguous, as below."""
    for i in range(len(x)):
        out[i] = exp(x[i])


@entry
def log_of(x: np.ndarray, out: np.ndarray) -> None:
    """out[i] = log(x[i])."""
    for i in range(len(x)):
        out[i] = log(x[i])


@entry
def log1p_of(x: np.ndarray, out: np.ndarray) -> None:
    """out[i] = log1p(x[i])."""
    for i in range(len(x)):
        out[i] = log1p(x[i])


@entry
def sigmoid_of(x: np.ndarray, out: np.ndarray) -> None:
    """out[i] = sigmoid(x[i])."""
    for i in range(len(x)):
        out[i] = sigmoid(x[i])


@entry
def softplus_of(x: np.ndarray, out: np.ndarray) -> None:
    """out[i] = softplus(x[i])."""
    for i in range(len(x)):
        out[i] = softplus(x[i])
