"""Rows to train on and to measure with: features, target, and their names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ...errors import OptionError, UnknownNameError, printable
from ...streams import stream
from ..storage.digests import digest_of_array, digest_of_json, digest_of_parts
from .matrices import feature_names, matrix, target

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl


@dataclass(frozen=True, eq=False)
class TrainingData:
    """`x`: float64[rows, features]; `y`: float64[rows]; the names of the features and of the target. Nobody changes it.

    >>> data = TrainingData.of([[0.0, 1.0], [2.0, 3.0]], [0, 1], target="left")
    >>> data
    TrainingData(2 rows of f0, f1; target left)
    """

    x: npt.NDArray[np.float64] = field(repr=False)
    y: npt.NDArray[np.float64] = field(repr=False)
    features: tuple[str, ...]
    target: str

    @classmethod
    def of(cls, x: Any, y: Any, *, features: Iterable[str] | None = None, target: str = "target") -> TrainingData:
        """From arrays, lists, or a frame and its target. Raises OptionError for what is no table of finite numbers."""
        rows = matrix(x).copy()
        names = tuple(features) if features is not None else feature_names(x) or tuple(f"f{j}" for j in range(rows.shape[1]))
        if len(names) != rows.shape[1] or len({*names, target}) != len(names) + 1:
            raise OptionError(f"features: {len(names)} names and the target's; expected {rows.shape[1]}, all different")
        return cls(_fixed(rows), _fixed(_target(y, len(rows))), names, target)

    @classmethod
    def from_frame(cls, frame: pl.DataFrame, target: str, features: Iterable[str] | None = None) -> TrainingData:
        """From a frame with the target among its columns. Features: those named, or all others. Raises OptionError, UnknownNameError."""
        names = [name for name in frame.columns if name != target] if features is None else list(features)
        for name in (target, *names):
            if name not in frame.columns:
                raise UnknownNameError("column", printable(str(name)[:80]), frame.columns)
        return cls.of(frame.select(names), frame[target], features=names, target=target)

    @property
    def rows(self) -> int:
        """How many rows."""
        return len(self.y)

    @cached_property
    def digest(self) -> str:
        """Of the names and the bytes of both arrays: what resuming and comparing rely on."""
        names = {"features": list(self.features), "target": self.target}
        return digest_of_parts({"names": digest_of_json(names), "x": digest_of_array(self.x), "y": digest_of_array(self.y)})

    def frame(self) -> pl.DataFrame:
        """As a frame, the target last: what the Data Store keeps."""
        import polars as pl

        return pl.DataFrame({**{name: self.x[:, j] for j, name in enumerate(self.features)}, self.target: self.y})

    def take(self, rows: Any) -> TrainingData:
        """Some of the rows, in the order given."""
        return TrainingData(_fixed(self.x[rows]), _fixed(self.y[rows]), self.features, self.target)

    def split(self, share: float, seed: int = 0) -> tuple[TrainingData, TrainingData]:
        """Two parts without a row in common, the second with `share` of the rows, drawn by the seed; each in the order of the rows.

        Raises OptionError where one of them would be empty.

        >>> train, test = TrainingData.of([[float(i)] for i in range(10)], range(10)).split(0.3, seed=1)
        >>> train.rows, test.rows
        (7, 3)
        """
        import numpy as np

        from .kernels.descent import shuffle

        held = round(self.rows * share)
        if not 0 < held < self.rows:
            raise OptionError(f"share={share} of {self.rows} rows; expected both parts to have at least one")
        order = np.arange(self.rows)
        shuffle(random_bits(seed, "training/split", self.rows), order)
        return self.take(np.sort(order[held:])), self.take(np.sort(order[:held]))

    def __repr__(self) -> str:
        names = ", ".join(printable(name) for name in self.features[:8]) + (", …" if len(self.features) > 8 else "")
        return f"TrainingData({self.rows:,} rows of {names}; target {printable(self.target)})"


def random_bits(seed: int, name: str, count: int) -> npt.NDArray[np.uint64]:
    """So many raw 64-bit numbers of the stream: those of PCG64, which numpy promises never to change, and no draw made of them."""
    return stream(seed, name).bit_generator.random_raw(count)


def _target(y: Any, rows: int) -> npt.NDArray[np.float64]:
    return target(y, rows).copy()


def _fixed(array: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    array.setflags(write=False)
    return array
