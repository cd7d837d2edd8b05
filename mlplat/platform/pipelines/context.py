"""`StepContext`: what a step may ask for beside its inputs; all of it is recorded, so that a run can be repeated."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ...errors import OptionError, printable
from ...streams import check_seed, stream

if TYPE_CHECKING:
    import numpy as np

    from ...infra.endpoint import Work


class StepContext:
    """The context of one run of a step.

    `seed`: an integer below 2**31 of its own, for libraries that take one. `params`: the parameters of the run. `step`: its name, with the
    number of the element where it is mapped (`train[2]`). `work`: the work in the cluster that it is the result of (attempt, nodes,
    checkpoint), None where there is no cluster; what a step makes must not depend on it.

    >>> context = StepContext(seed=7, step="train")
    >>> int(context.rng("batches").integers(1000)) == int(StepContext(seed=7, step="train").rng("batches").integers(1000))
    True
    """

    def __init__(self, seed: int = 0, step: str = "", params: Mapping[str, Any] | None = None, work: Work | None = None) -> None:
        self._seed, self.step, self.work = check_seed(seed), step, work
        self.params: Mapping[str, Any] = MappingProxyType(dict(params or {}))
        self._metrics: dict[str, float] = {}
        self._streams: dict[str, np.random.Generator] = {}

    @property
    def seed(self) -> int:
        """Of this step in this run, below 2**31."""
        return int(stream(self._seed, f"pipeline.step/{self.step}").integers(2**31))

    def rng(self, name: str = "") -> np.random.Generator:
        """The random stream of a name: the same object each time. Other names, and other steps, have others. Raises OptionError."""
        if not isinstance(name, str):
            raise OptionError(f"a random stream has a name, not a {printable(type(name).__name__)}")
        if name not in self._streams:
            self._streams[name] = stream(self._seed, f"pipeline.step/{self.step}/{name}")
        return self._streams[name]

    def metrics(self, values: Mapping[str, float]) -> None:
        """Metrics of the run, such as `{"auc": 0.91}`; a later value of the same name supersedes. Raises OptionError."""
        from ..artifacts.metadata.fields import check_metrics

        self._metrics |= check_metrics(values, 0)

    def __repr__(self) -> str:
        return f"StepContext({self.step!r}, seed={self._seed})"
