"""Training as the code of a task: which iterations are done at which instant of its work."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import printable
from ..artifacts.metadata import Numerics
from ..artifacts.models.artifact_parts import contents_of, digest_of_artifact
from ..storage.digests import digest_of
from ..work.task import Body
from .checkpoints import Checkpoints, latest_state
from .data import TrainingData
from .trainer import Trainer

if TYPE_CHECKING:
    import simpy

    from ...clock import Call
    from ...context import Simulation
    from ...infra.endpoint import Work
    from ..work.outcomes import TaskReason


@dataclass(frozen=True)
class Trained:
    """What came of training. `digest`: that of the parts, as the Model Registry has it. `data`: the digest of the rows.

    `published`: what the function that was to make it known has returned.
    """

    parts: Mapping[str, Any] = field(repr=False)
    digest: str
    numerics: Numerics
    iterations: int
    data: str
    published: Any = None

    def model(self) -> Any:
        """The model of these parts, where they are of one of this package. Raises OptionError."""
        from .estimators import model_from_parts

        return model_from_parts(self.parts)


def digest_of_parts(parts: Mapping[str, Any]) -> str:
    """The digest of a model's parts, as the Model Registry has it. Raises OptionError.

    >>> digest_of_parts({"weights": b"1"})[:15]
    'sha256:bb952bc5'
    """
    return digest_of_artifact({name: digest_of(content) for name, (content, _) in contents_of(parts).items()})


class Try(NamedTuple):
    """A try to do the work: where, from when on (s), from how much work in a checkpoint on (s), until when, and why it ended so.

    `ended_s`: infinite, and `reason` empty, while it is at work; the reason of what was done is COMPLETED.
    """

    nodes: tuple[str, ...]
    began_s: float
    resumed_s: float
    ended_s: float = math.inf
    reason: str = ""


class TrainingBody(Body):
    """Trains while its task is at work. All of it happens at three instants: as work begins, as a checkpoint is complete, at the end.

    `work_s`: seconds of work of the task. `data`: rows, or a function that gives them as work begins. `before`: the part of all
    iterations, from 0 to 1, that is in the newest checkpoint as the task is submitted: its work is the rest. `interval_s`: work between
    checkpoints; of those that take a fixed time a cluster tells only as a try ends, and then all are written down. `publish`: called at
    the end with what was trained.

    After w seconds of the work ⌊(before + (1 - before) w / work_s) · iterations⌋ iterations are done. A try that is stopped takes all with
    it but the checkpoints; the next goes on from the newest one that is whole. Where that is not the one that the cluster goes on from (it
    is damaged, or none was kept), the iterations between are done again before the work begins, in their time.
    """

    def __init__(
        self,
        sim: Simulation,
        trainer: Trainer,
        data: TrainingData | Callable[[], TrainingData],
        parameters: Mapping[str, Any],
        seed: int,
        *,
        work_s: float,
        before: float = 0.0,
        interval_s: float = math.inf,
        checkpoints: Checkpoints | None = None,
        publish: Callable[[Trained], Any] | None = None,
    ) -> None:
        self._sim, self._trainer, self._data, self._parameters, self._seed = sim, trainer, data, dict(parameters), seed
        self._work_s, self._before, self.checkpoints, self._publish = work_s, before, checkpoints, publish
        self._interval_s = interval_s
        self.tries: list[Try] = []
        self._state: Any = None
        self._saved_s = 0.0
        self._wrong: Exception | None = None
        self._waits: Callable[[TaskReason], object] = lambda reason: None
        self.patience: Call | None = None

    def start(self, work: Work) -> simpy.Event | None:
        """Read the data, and stand where the newest whole checkpoint stands."""
        if self.patience is not None:
            self.patience.cancel()
        self.tries.append(Try(work.nodes, self._sim.now, work.resumed_s))
        self._saved_s, self._wrong = work.resumed_s, None
        if callable(self._data):
            self._data = self._data()
        trainer = self._trainer
        self._state = latest_state(trainer, self._data, self.checkpoints) or trainer.start(self._data, self._parameters, self._seed)
        missing = self._iterations_at(work.resumed_s) - self._state.done
        if missing <= 0:
            return None
        whole_s = self._work_s / (1.0 - self._before) if self._before < 1.0 else 0.0
        return self._sim.timeout(missing / self._state.iterations * whole_s)

    def saved(self, work: Work, work_s: float) -> None:
        """Do the iterations up to here, and keep the state. What goes wrong in them is raised at the end, and nothing is kept of it."""
        if self._state is None or self.checkpoints is None or self._wrong is not None:
            return
        try:
            self._save_up_to(work_s, self.checkpoints)
        except Exception as error:
            self._wrong = error

    def _save_up_to(self, work_s: float, checkpoints: Checkpoints) -> None:
        while self._saved_s < work_s:
            self._saved_s = min(self._saved_s + self._interval_s, work_s)
            self._advance_to(self._iterations_at(self._saved_s))
            checkpoints.write(self._trainer.state_bytes(self._state), self._state.done, self._state.iterations)

    def finish(self, work: Work) -> Trained:
        """Do the iterations that are left, and make known what was trained."""
        if self._wrong is not None:
            raise self._wrong
        state, self._state = self._state, None
        self._over("COMPLETED")
        self._trainer.advance(state, state.iterations - state.done)
        parts = self._trainer.parts(state)
        assert isinstance(self._data, TrainingData)
        trained = Trained(parts, digest_of_parts(parts), self._trainer.numerics, state.iterations, self._data.digest)
        if self._publish is None:
            return trained
        return Trained(parts, trained.digest, trained.numerics, trained.iterations, trained.data, self._publish(trained))

    def stopped(self, work: Work, reason: str) -> None:
        """What was in memory is gone."""
        self._state = None
        self._over(reason)

    def when_waiting(self, call: Callable[[TaskReason], object]) -> None:
        """Call that where the task has to wait for room."""
        self._waits = call

    def waiting(self, reason: TaskReason) -> None:
        """There is no room."""
        self._waits(reason)

    def _iterations_at(self, work_s: float) -> int:
        share = self._before + (1.0 - self._before) * (work_s / self._work_s if self._work_s > 0.0 else 1.0)
        return min(int(share * self._state.iterations), int(self._state.iterations))

    def _over(self, reason: str) -> None:
        if self.tries and self.tries[-1].ended_s == math.inf:
            self.tries[-1] = self.tries[-1]._replace(ended_s=self._sim.now, reason=reason)

    def _advance_to(self, done: int) -> None:
        if done > self._state.done:
            self._trainer.advance(self._state, done - self._state.done)

    def __repr__(self) -> str:
        return f"TrainingBody({printable(self._trainer.name)})"
