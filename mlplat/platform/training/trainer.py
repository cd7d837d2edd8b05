"""Training that can be stopped after any iteration, kept as bytes, and gone on with elsewhere to the same model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from ...errors import IntegrityError, OptionError, UnknownNameError, printable
from ...streams import check_seed
from ..artifacts.metadata import Numerics
from .data import TrainingData
from .estimators import Estimator, Progress
from .kinds import kind_of
from .packing import pack, unpack


@runtime_checkable
class TrainingState(Protocol):
    """Where training stands: `done` of `iterations`."""

    @property
    def done(self) -> int:
        """Iterations done."""

    @property
    def iterations(self) -> int:
        """Iterations in all."""


class Trainer(Protocol):
    """How a model comes about, iteration by iteration. Anything with these methods can be trained in environments.

    Equal data, parameters and seed shall give equal parts, also where training was stopped anywhere and gone on with from bytes; whether
    they do on every machine is said by `numerics`.
    """

    name: str
    numerics: Numerics

    def start(self, data: TrainingData, parameters: Mapping[str, Any], seed: int) -> Any:
        """A state with nothing done. Raises OptionError and others for what cannot be trained."""

    def advance(self, state: Any, iterations: int) -> None:
        """Do so many more iterations, or those that are left."""

    def state_bytes(self, state: Any) -> bytes:
        """All that the rest of training needs beside the data. Equal states have equal bytes."""

    def from_bytes(self, content: bytes, data: TrainingData) -> Any:
        """The state that was kept. Raises IntegrityError for damaged bytes, OptionError for those of other training or data."""

    def parts(self, state: Any) -> dict[str, Any]:
        """The model as bytes and arrays by name, once all iterations are done."""


class EstimatorState:
    """A model of this package under way."""

    def __init__(self, estimator: Estimator, progress: Progress, data: TrainingData, seed: int) -> None:
        self.estimator, self.progress, self.data, self.seed = estimator, progress, data, seed

    @property
    def done(self) -> int:
        """Iterations done."""
        return self.progress.done

    @property
    def iterations(self) -> int:
        """Iterations in all."""
        return self.progress.iterations


class EstimatorTrainer:
    """Trains a model of this package; the seed is its `random_state`, where it has one.

    >>> from mlplat.platform.training import RidgeRegression, TrainingData
    >>> trainer = EstimatorTrainer(RidgeRegression)
    >>> data = TrainingData.of([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> state = trainer.start(data, {"alpha": 0.0}, seed=0)
    >>> trainer.advance(state, 1)
    >>> again = trainer.from_bytes(trainer.state_bytes(state), data)
    >>> trainer.advance(again, again.iterations)
    >>> trainer.model(again).predict([[3.0]])
    array([7.])
    """

    numerics = Numerics.PORTABLE

    def __init__(self, kind: type[Estimator] | str) -> None:
        self.kind = kind_of(kind) if isinstance(kind, str) else kind
        self.name = self.kind.kind

    def start(self, data: TrainingData, parameters: Mapping[str, Any], seed: int) -> EstimatorState:
        """A state with nothing done. Raises OptionError, UnknownNameError."""
        known = self.kind.parameter_names()
        seeded = {"random_state": check_seed(seed)} if "random_state" in known else {}
        estimator = self.kind().set_params(**{**seeded, **parameters})
        return EstimatorState(estimator, estimator.begin(data.x, data.y), data, check_seed(seed))

    def advance(self, state: EstimatorState, iterations: int) -> None:
        """Do so many more iterations, or those that are left. Raises TrainingError."""
        state.estimator.advance(state.progress, iterations)

    def state_bytes(self, state: EstimatorState) -> bytes:
        """Parameters, seed, digest of the data, iterations done, and the arrays."""
        said = {
            "kind": self.name,
            "parameters": state.estimator.get_params(),
            "seed": state.seed,
            "data": state.data.digest,
            "done": state.done,
        }
        return pack(said, state.progress.arrays)

    def from_bytes(self, content: bytes, data: TrainingData) -> EstimatorState:
        """The state that was kept. Raises IntegrityError, OptionError."""
        said, arrays = _checked_state(content, self.name, data)
        done = said.get("done")
        if isinstance(done, bool) or not isinstance(done, int):
            raise OptionError("state of training: expected how many iterations are done")
        state = self.start(data, said["parameters"], said["seed"])
        state.estimator.resume(state.progress, done, arrays)
        return state

    def model(self, state: EstimatorState) -> Estimator:
        """The model. Raises OptionError while iterations are left."""
        if state.done < state.iterations:
            raise OptionError(f"{state.done} of {state.iterations} iterations are done; expected all")
        return state.estimator.finish(state.progress, state.data.features)

    def parts(self, state: EstimatorState) -> dict[str, Any]:
        """The parts of the model. Raises OptionError while iterations are left."""
        return dict(self.model(state).to_parts())


class CallState:
    """A call that is still to be made, or its answer."""

    iterations = 1

    def __init__(self, data: TrainingData, parameters: Mapping[str, Any], seed: int) -> None:
        self.data, self.parameters, self.seed = data, parameters, seed
        self.answer: dict[str, Any] | None = None

    @property
    def done(self) -> int:
        """1 once it was called."""
        return int(self.answer is not None)


class CallableTrainer:
    """Trains by a function of one's own, `function(data, seed=…, **parameters)`, which answers with bytes, or bytes and arrays by name.

    It is one iteration: what is stopped begins anew. Nothing is known of how it computes, so it is `platform-dependent` unless the caller
    declares it portable, as a function may be that keeps to `portable` and explicit loops.
    """

    def __init__(self, function: Callable[..., Any], *, name: str | None = None, numerics: str = Numerics.PLATFORM_DEPENDENT) -> None:
        if not callable(function):
            raise OptionError(f"function: a {type(function).__name__}; expected something to call with data and seed")
        if numerics not in {each.value for each in Numerics}:
            raise UnknownNameError("numerics", numerics, [each.value for each in Numerics])
        self.function, self.numerics = function, Numerics(numerics)
        self.name = name or str(getattr(function, "__name__", type(function).__name__))

    def start(self, data: TrainingData, parameters: Mapping[str, Any], seed: int) -> CallState:
        """Nothing is called yet."""
        return CallState(data, dict(parameters), check_seed(seed))

    def advance(self, state: CallState, iterations: int) -> None:
        """Call the function, if it was not. Raises OptionError for an answer that is no artifact, and what the function raises."""
        from ..artifacts.models.artifact_parts import contents_of

        if iterations > 0 and state.answer is None:
            answer = self.function(state.data, seed=state.seed, **state.parameters)
            answer = answer.to_parts() if hasattr(answer, "to_parts") else answer
            contents_of(answer)
            state.answer = {"model": answer} if isinstance(answer, bytes) else dict(answer)

    def state_bytes(self, state: CallState) -> bytes:
        """What to call it with; an answer is not kept, since it is the end."""
        return pack({"kind": self.name, "parameters": state.parameters, "seed": state.seed, "data": state.data.digest}, {})

    def from_bytes(self, content: bytes, data: TrainingData) -> CallState:
        """The state before the call. Raises IntegrityError, OptionError."""
        said, _ = _checked_state(content, self.name, data)
        return CallState(data, said["parameters"], said["seed"])

    def parts(self, state: CallState) -> dict[str, Any]:
        """What the function answered. Raises OptionError before it was called."""
        if state.answer is None:
            raise OptionError(f"{printable(self.name)}: not called yet")
        return dict(state.answer)


def _checked_state(content: bytes, name: str, data: TrainingData) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a state of such training on these rows says. Raises IntegrityError, OptionError."""
    said, arrays = unpack(content)
    if said.get("kind") != name:
        raise OptionError(f"state of {printable(str(said.get('kind'))[:60])!r}; expected one of {printable(name)!r}")
    if not isinstance(said.get("parameters"), dict) or "seed" not in said:
        raise OptionError("state of training: expected parameters and a seed")
    if said.get("data") != data.digest:
        raise IntegrityError(str(said.get("data"))[:80], data.digest, "data of the state of training")
    return said, arrays


def trainer_of(what: Any) -> Trainer:
    """A trainer of what is one already, a model of this package, its kind by name, or a function.

    Raises OptionError, UnknownNameError.

    >>> trainer_of("ridge-regression").numerics, trainer_of(lambda data, seed: b"model").numerics
    (<Numerics.PORTABLE: 'portable'>, <Numerics.PLATFORM_DEPENDENT: 'platform-dependent'>)
    """
    if isinstance(what, str) or (isinstance(what, type) and issubclass(what, Estimator)):
        return EstimatorTrainer(what)
    if all(callable(getattr(what, name, None)) for name in ("start", "advance", "state_bytes", "from_bytes", "parts")):
        trainer: Trainer = what
        return trainer
    return CallableTrainer(what)
