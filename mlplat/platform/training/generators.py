"""Data to train on, drawn from a seed: the same bytes on every machine, and drift of a known size where it is asked for.

Everything is made of raw random bits by integer arithmetic, then scaled; the relation to the target uses `portable`. A value that is
nearly normal is the sum of eight 16-bit numbers. The first rows of more rows are those of fewer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .data import TrainingData, random_bits
from .parameters import number, whole

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

CHURN_FEATURES = ("tenure_months", "monthly_charge", "support_calls", "late_payments", "data_gb", "contract_years", "age")
DELIVERY_FEATURES = ("distance_km", "parcels", "weight_kg", "traffic", "rain_mm", "floor")


def churn(rows: int, seed: int = 0, *, shift: float = 0.0, relation: float = 0.0) -> TrainingData:
    """Customers and whether they leave (1): seven features, about a third leave; the best possible AUC is about 0.84.

    `shift`: how many standard deviations `monthly_charge` has moved up (drift of inputs). `relation`: how far, from 0 to 1, support calls
    and tenure have changed places in what they mean for leaving (drift of the relation to the target). Raises OptionError.

    >>> churn(3, seed=1).y.tolist()
    [0.0, 0.0, 1.0]
    """
    import numpy as np

    from .portable import sigmoid

    rows, shift, turned = _checked(rows, shift, relation)

    def bits(name: str) -> npt.NDArray[np.uint64]:
        return random_bits(seed, f"training/churn/{name}", rows)

    tenure = _below(bits("tenure"), 73).astype(np.float64)
    charge = np.rint((65.0 + 18.0 * (_nearly_normal(seed, "training/churn/charge", rows) + shift)) * 100.0) / 100.0
    calls = _least_of(bits("calls"), 9).astype(np.float64)
    late = _least_of(bits("late"), 7).astype(np.float64)
    used = np.rint((40.0 + 12.0 * _nearly_normal(seed, "training/churn/data", rows)) * 10.0) / 10.0
    contract = _below(bits("contract"), 3).astype(np.float64)
    age = (18 + _below(bits("age"), 63)).astype(np.float64)
    long, often = (tenure - 36.0) / 21.0, (calls - 2.0) / 1.8
    score = -1.4 + 0.7 * ((charge - 65.0) / 18.0) + 0.5 * (late - 1.4) / 1.4 - 0.7 * (contract - 1.0) - 0.1 * (used - 40.0) / 12.0
    score += (1.0 - turned) * (0.8 * often - 0.8 * long) + turned * (0.8 * long - 0.8 * often)
    y = (_unit(bits("leaves")) < sigmoid(score)).astype(np.float64)
    return TrainingData.of(
        np.stack([tenure, charge, calls, late, used, contract, age], axis=1), y, features=CHURN_FEATURES, target="churned"
    )


def deliveries(rows: int, seed: int = 0, *, shift: float = 0.0, relation: float = 0.0) -> TrainingData:
    """Deliveries and the minutes they take: six features, linear but for traffic on long ways; noise of 5 minutes.

    `shift`: how many standard deviations `distance_km` has moved up. `relation`: how far, from 0 to 1, a kilometre has come to take twice
    the time. Raises OptionError.

    >>> deliveries(2, seed=1).x.shape
    (2, 6)
    """
    import numpy as np

    rows, shift, turned = _checked(rows, shift, relation)

    def bits(name: str) -> npt.NDArray[np.uint64]:
        return random_bits(seed, f"training/deliveries/{name}", rows)

    distance = np.rint((12.0 + 4.0 * (_nearly_normal(seed, "training/deliveries/distance", rows) + shift)) * 10.0) / 10.0
    parcels = (1 + _least_of(bits("parcels"), 12)).astype(np.float64)
    weight = np.rint((8.0 + 2.5 * _nearly_normal(seed, "training/deliveries/weight", rows)) * 10.0) / 10.0
    traffic = _below(bits("traffic"), 101).astype(np.float64)
    rain = _least_of(bits("rain"), 30).astype(np.float64)
    floor = _below(bits("floor"), 7).astype(np.float64)
    minutes = 6.0 + (1.0 + turned) * 1.8 * distance + 0.9 * parcels + 0.4 * weight + 0.12 * traffic + 0.2 * rain + 0.7 * floor
    minutes += 0.01 * np.maximum(distance - 12.0, 0.0) * traffic + 5.0 * _nearly_normal(seed, "training/deliveries/noise", rows)
    x = np.stack([distance, parcels, weight, traffic, rain, floor], axis=1)
    return TrainingData.of(x, minutes, features=DELIVERY_FEATURES, target="minutes")


def _checked(rows: int, shift: float, relation: float) -> tuple[int, float, float]:
    turned = number("relation", relation, least=0.0)
    return whole("rows", rows, least=1), number("shift", shift, least=-1e6), min(turned, 1.0)


def _below(bits: npt.NDArray[np.uint64], many: int) -> npt.NDArray[np.int64]:
    """Uniform from 0 to many - 1: the upper 32 bits times `many`, shifted."""
    import numpy as np

    return (((bits >> np.uint64(32)) * np.uint64(many)) >> np.uint64(32)).astype(np.int64)


def _least_of(bits: npt.NDArray[np.uint64], many: int) -> npt.NDArray[np.int64]:
    """The lesser of two uniform draws from 0 to many - 1: small numbers are common."""
    import numpy as np

    low = (bits & np.uint64(0xFFFFFFFF)) * np.uint64(many) >> np.uint64(32)
    return np.minimum(_below(bits, many), low.astype(np.int64))


def _unit(bits: npt.NDArray[np.uint64]) -> npt.NDArray[np.float64]:
    """Uniform in [0, 1), multiples of 2^-53."""
    import numpy as np

    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _nearly_normal(seed: int, name: str, rows: int) -> npt.NDArray[np.float64]:
    """Mean 0, variance 1: eight uniform 16-bit numbers added up, at most 4.9 from the mean."""
    import numpy as np

    bits = random_bits(seed, name, 2 * rows)
    mask = np.uint64(0xFFFF)
    parts = [((bits >> np.uint64(16 * place)) & mask).astype(np.int64) for place in range(4)]
    halves = parts[0] + parts[1] + parts[2] + parts[3]
    total = halves[0::2] + halves[1::2]
    deviation = np.sqrt(8.0 * (65536.0 * 65536.0 - 1.0) / 12.0)
    return (2 * total - 8 * 65535) * 0.5 / deviation  # type: ignore[no-any-return]
