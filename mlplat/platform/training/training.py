"""`Training`: what is to be trained, how, and on how much; `Trainings` runs it in the zones of a platform."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...canonical import frozen
from ...errors import OptionError
from ...infra.synchronization import Synchronization, synchronization
from ...streams import check_seed
from ...units import Duration, seconds
from ..references import whole_name
from ..work.task import Task
from .data import TrainingData
from .trainer import Trainer, trainer_of

if TYPE_CHECKING:
    from ...context import Simulation
    from ..artifacts.data import DataStore
    from ..identity.principals import Principal
    from ..work.tasks import Tasks
    from .body import Trained
    from .running import TrainingRun


@dataclass(frozen=True)
class Training:
    """Real training in simulated environments.

    `task`: what it needs, and its duration on `task.replicas` replicas without communication, which `task.sync` adds. `trainer`: a model of
    this package or its kind, a `Trainer`, or a function (`CallableTrainer`). `data`: rows, or a function that gives them as work begins.
    `checkpoints`: the dataset, `project/name`, of which each checkpoint becomes a version; None keeps none. `fewest`: with so few replicas
    it goes on where there is no room for all of them within `patience` (elastic); None for no fewer. Raises OptionError, UnknownNameError.

    With r of R replicas the compute time is R / r times as long, and so is a step between two all-reduces: the global batch stays. Which
    iterations there are, and what each computes, does not depend on r; sums over rows are made of chunks that no replica cuts, added in
    their order (`kernels.chunks`). So the model has the same bytes, however many replicas it was trained on.

    >>> Training(Task("train", {"gpus": 1}, "1h", replicas=4), "ridge-regression", TrainingData.of([[1.0]], [1.0]), fewest=1).on(2).duration
    7200.0
    """

    task: Task
    trainer: Any
    data: TrainingData | Callable[[], TrainingData]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    checkpoints: str | None = None
    fewest: int | None = None
    patience: Duration = "10m"

    def __post_init__(self) -> None:
        put = object.__setattr__
        if not isinstance(self.task, Task):
            raise OptionError(f"task: a {type(self.task).__name__}; expected a Task")
        put(self, "trainer", trainer_of(self.trainer))
        if not isinstance(self.data, TrainingData) and not callable(self.data):
            raise OptionError(f"data: a {type(self.data).__name__}; expected TrainingData, or a function that gives it")
        put(self, "parameters", frozen(self.parameters, "parameters"))
        put(self, "seed", check_seed(self.seed))
        if self.checkpoints is not None:
            put(self, "checkpoints", whole_name(self.checkpoints).path)
        whole, given = self.task.replicas, self.fewest
        if given is not None and (isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= whole):
            raise OptionError(f"fewest={given!r:.40}: expected an integer from 1 to {whole}, the replicas of the task")
        put(self, "fewest", whole if given is None else given)
        put(self, "patience", math.inf if self.patience == math.inf else seconds(self.patience))

    def on(self, replicas: int, left: float = 1.0) -> Task:
        """The task of what is left of it (a part from 0 to 1) on so many replicas."""
        if replicas == self.task.replicas and left == 1.0:
            return self.task
        longer = self.task.replicas / replicas
        sync = None if self.task.sync is None else synchronization(self.task.sync)
        if sync is not None:
            sync = Synchronization(sync.step * longer, f"{sync.size_mib}MiB", sync.algorithm)
        duration: Any = float(self.task.duration) * longer * left  # type: ignore[arg-type]
        return dataclasses.replace(self.task, replicas=replicas, duration=duration, sync=sync)


class Trainings:
    """Runs trainings in the zones of a platform, and keeps their checkpoints in its Data Store.

    >>> from mlplat import Cluster, ClusterSpec, Platform, Simulation
    >>> isinstance(Platform(Cluster(Simulation(), ClusterSpec.parse("1x8xV100"))).trainings, Trainings)
    True
    """

    def __init__(self, sim: Simulation, tasks: Tasks, data: DataStore) -> None:
        self._sim, self._tasks, self._data = sim, tasks, data

    def run(
        self, training: Training, *, zone: str, actor: Principal, publish: Callable[[Trained], Any] | None = None, cause: Any = None
    ) -> TrainingRun:
        """Begin a training in a zone, in the name of `actor`, who writes its checkpoints. `publish`: called with what was trained.

        Raises OptionError, AccessDenied, ZoneError, ZoneLimitError; then nothing has begun. What becomes of it is told by the answer.
        """
        from .checkpoints import Checkpoints
        from .running import TrainingRun

        if not isinstance(training, Training):
            raise OptionError(f"training: a {type(training).__name__}; expected a Training")
        kept = None if training.checkpoints is None else Checkpoints(self._data, training.checkpoints, actor=actor)
        run = TrainingRun(self._sim, self._tasks, training, kept, zone, actor, publish)
        run._submit(training.task.replicas, cause)
        return run

    @staticmethod
    def trainer_of(what: Any) -> Trainer:
        """The trainer of a model, a kind, or a function (`trainer_of`)."""
        return trainer_of(what)
