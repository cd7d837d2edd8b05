"""exp, log and their like on arrays, with the same bytes on every machine, for training code of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def exp(x: Any) -> npt.NDArray[np.float64]:
    """e^x of each number, within 0.9 units of the last place (0.85 is the most that was found).

    >>> exp([0.0, 1.0])
    array([1.        , 2.71828183])
    """
    from .kernels.elementary import exp_of

    return _each(exp_of, x)


def log(x: Any) -> npt.NDArray[np.float64]:
    """The natural logarithm, within 0.9 units of the last place; -infinity of 0, NaN of negative numbers.

    >>> log([1.0, 0.0])
    array([  0., -inf])
    """
    from .kernels.elementary import log_of

    return _each(log_of, x)


def log1p(x: Any) -> npt.NDArray[np.float64]:
    """log(1 + x), within 1.5 units of the last place, also for x much smaller than 1.

    >>> log1p([1e-20])
    array([1.e-20])
    """
    from .kernels.elementary import log1p_of

    return _each(log1p_of, x)


def sigmoid(x: Any) -> npt.NDArray[np.float64]:
    """1 / (1 + e^-x), within 2.5 units of the last place.

    >>> sigmoid([0.0, -1000.0])
    array([0.5, 0. ])
    """
    from .kernels.elementary import sigmoid_of

    return _each(sigmoid_of, x)


def softplus(x: Any) -> npt.NDArray[np.float64]:
    """log(1 + e^x), within 2.5 units of the last place.

    >>> softplus([-1000.0, 1000.0])
    array([   0., 1000.])
    """
    from .kernels.elementary import softplus_of

    return _each(softplus_of, x)


def _each(kernel: Callable[[Any, Any], None], x: Any) -> npt.NDArray[np.float64]:
    import numpy as np

    values = np.asarray(x, dtype=np.float64, order="C")
    values = values if values.flags.writeable else values.copy()
    out = np.empty(values.size)
    kernel(values.reshape(-1), out)
    return out.reshape(values.shape)
