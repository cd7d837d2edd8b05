"""What every model of this package is: scikit-learn's conventions, parts as bytes, and training that can stop after any iteration."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ...canonical import canonical_json
from ...errors import OptionError, UnknownNameError
from ..storage.digests import array_bytes
from .errors import NotFittedError, TrainingError
from .matrices import feature_names, matrix, target

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ..artifacts.models.signatures import Signature

FORMAT = 1
HEAD = "model.json"
"""The part that says what the others are."""


class Progress:
    """Training under way: rows, iterations done and to do, and `arrays`, all that the rest depends on.

    `work` is scratch and what follows from the rest; it is not kept.
    """

    def __init__(
        self, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], iterations: int, arrays: dict[str, npt.NDArray[Any]]
    ) -> None:
        self.x, self.y, self.iterations, self.arrays = x, y, iterations, arrays
        self.done = 0
        self.work: dict[str, Any] = {}


class Estimator:
    """Base of the models. Parameters are given to the constructor; `fit` sets attributes that end in an underscore.

    A subclass has `kind`, `_begin`, `_advance`, `_learnt` and `_learn`, and `_resume` where something follows from the kept arrays.
    """

    kind: ClassVar[str]
    _OUTPUT: ClassVar[str] = "float64"
    _SCORE: ClassVar[str] = "r2"
    n_features_in_: int
    feature_names_in_: tuple[str, ...] | None = None

    @classmethod
    def parameter_names(cls) -> list[str]:
        """The names that the constructor takes, sorted."""
        return sorted(name for name in inspect.signature(cls).parameters)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name. `deep` is for scikit-learn: there is nothing inside."""
        return {name: getattr(self, name) for name in self.parameter_names()}

    def set_params(self, **parameters: Any) -> Self:
        """Change parameters, all or none. Raises UnknownNameError, OptionError."""
        type(self).__init__(self, **self.get_params() | self._known(parameters))
        return self

    @classmethod
    def _known(cls, parameters: Mapping[str, Any]) -> dict[str, Any]:
        for name in parameters:
            if name not in cls.parameter_names():
                raise UnknownNameError(f"parameter of {cls.__name__}", name, cls.parameter_names())
        return dict(parameters)

    def fit(self, X: Any, y: Any) -> Self:
        """Train on rows `X` (a frame, an array or lists, finite numbers) and their targets. Raises OptionError, TrainingError."""
        progress = self.begin(X, y)
        self.advance(progress, progress.iterations)
        return self.finish(progress, feature_names(X))

    def begin(self, X: Any, y: Any) -> Progress:
        """Training that has not begun to iterate."""
        x = matrix(X)
        return self._begin(x, self._checked_target(y, len(x)))

    def advance(self, progress: Progress, iterations: int) -> None:
        """Do so many more iterations, or those that are left."""
        until = min(progress.done + iterations, progress.iterations)
        if until > progress.done:
            self._advance(progress, until)
            progress.done = until

    def resume(self, progress: Progress, done: int, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Stand where training stood that had done so many iterations and had these arrays. Raises OptionError for arrays of another."""
        for name, array in progress.arrays.items():
            given = arrays.get(name)
            if given is None or given.shape != array.shape or given.dtype != array.dtype:
                raise OptionError(f"state of training: array {name!r} is not that of {self.kind} on this data")
        if not 0 <= done <= progress.iterations:
            raise OptionError(f"state of training: {done} iterations done; expected 0 to {progress.iterations}")
        for name, array in progress.arrays.items():
            array[...] = arrays[name]
        progress.done = done
        self._resume(progress)

    def finish(self, progress: Progress, names: Iterable[str] | None = None) -> Self:
        """Take over what was learnt so far; after all iterations it is what `fit` learns."""
        self.n_features_in_ = progress.x.shape[1]
        self.feature_names_in_ = None if names is None else tuple(names)
        self._finish(progress)
        import numpy as np

        if not all(np.isfinite(array).all() for array in self._learnt().values()):
            del self.n_features_in_
            raise TrainingError(f"{self.kind}: what was learnt is beyond the range of numbers; expected features and targets of usual size")
        return self

    @property
    def signature(self) -> Signature:
        """What it takes and gives, as the Model Registry has it: its features by name, or one array. Raises NotFittedError."""
        from ..artifacts.models.signatures import Field, Signature

        self._check_fitted()
        names = self.feature_names_in_
        inputs = (
            (Field("input", "float64", (None, self.n_features_in_)),) if names is None else tuple(Field(each, "float64") for each in names)
        )
        return Signature(inputs, (Field("output", self._OUTPUT),))

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """A number, or of classifiers a label, a row. Raises OptionError, NotFittedError."""
        raise NotImplementedError

    def score(self, X: Any, y: Any) -> float:
        """R² on these rows, of classifiers the accuracy. `measure` has others, and intervals. Raises OptionError, NotFittedError."""
        from .quality import score

        return score(self._SCORE, y, self.predict(X))

    def to_parts(self) -> dict[str, bytes]:
        """The model as bytes by name: JSON, and arrays in their canonical bytes. Raises NotFittedError."""
        self._check_fitted()
        said = {
            "format": FORMAT,
            "kind": self.kind,
            "parameters": self.get_params(),
            "features": self.n_features_in_,
            "feature_names": None if self.feature_names_in_ is None else list(self.feature_names_in_),
        }
        return {HEAD: canonical_json(said), **{name: array_bytes(array) for name, array in sorted(self._learnt().items())}}

    @classmethod
    def from_parts(cls, parts: Mapping[str, Any]) -> Self:
        """The model that `to_parts` said, from bytes or, as the Model Registry may have them, arrays. Raises OptionError."""
        made = model_from_parts(parts)
        if not isinstance(made, cls):
            raise OptionError(f"the parts of a {made.kind}; expected a {getattr(cls, 'kind', 'model')}")
        return made

    def _rows(self, X: Any) -> npt.NDArray[np.float64]:
        self._check_fitted()
        names = feature_names(X)
        if names is not None and self.feature_names_in_ is not None and names != self.feature_names_in_:
            missing = [name for name in self.feature_names_in_ if name not in names]
            what = f"without {missing[0]!r}" if missing else "other columns, or in another order"
            raise OptionError(f"X: {what}; expected {', '.join(self.feature_names_in_)}")
        return matrix(X, self.n_features_in_)

    def _check_fitted(self) -> None:
        if not hasattr(self, "n_features_in_"):
            raise NotFittedError(type(self).__name__)

    def _checked_target(self, y: Any, rows: int) -> npt.NDArray[np.float64]:
        return target(y, rows)

    def _begin(self, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Progress:
        raise NotImplementedError

    def _advance(self, progress: Progress, until: int) -> None:
        raise NotImplementedError

    def _resume(self, progress: Progress) -> None:
        """Make anew what follows from the arrays."""

    def _finish(self, progress: Progress) -> None:
        raise NotImplementedError

    def _learnt(self) -> dict[str, npt.NDArray[Any]]:
        raise NotImplementedError

    def _learn(self, arrays: Mapping[str, npt.NDArray[Any]], features: int) -> None:
        raise NotImplementedError

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return f"{type(self).__name__}({given})"


def model_from_parts(parts: Mapping[str, Any]) -> Estimator:
    """The model of some parts, of whatever kind it is. Raises OptionError, UnknownNameError.

    >>> import numpy as np
    >>> from mlplat.platform.training import RidgeRegression
    >>> model = RidgeRegression().fit(np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0]))
    >>> again = model_from_parts(model.to_parts())
    >>> type(again).__name__, bool((again.predict(np.array([[4.0]])) == model.predict(np.array([[4.0]]))).all())
    ('RidgeRegression', True)
    """
    from .kinds import kind_of

    try:
        said = json.loads(bytes(parts[HEAD]))
        kind, given, features, names = said["kind"], said["parameters"], said["features"], said["feature_names"]
        known_format = said["format"]
    except (KeyError, ValueError, TypeError):
        raise OptionError(f"parts without a readable {HEAD!r}; expected those that to_parts gives") from None
    if known_format != FORMAT:
        raise OptionError(f"{HEAD}: format {known_format!r}; expected {FORMAT}")
    made = kind_of(kind)()
    if not isinstance(given, dict) or isinstance(features, bool) or not isinstance(features, int) or features < 1:
        raise OptionError(f"{HEAD}: expected parameters by name, and at least one feature")
    if names is not None and not (isinstance(names, list) and len(names) == features and all(isinstance(name, str) for name in names)):
        raise OptionError(f"{HEAD}: expected {features} names of features, or null")
    made.set_params(**given)
    made._learn({name: _array(name, part) for name, part in parts.items() if name != HEAD}, features)
    made.n_features_in_ = features
    made.feature_names_in_ = None if names is None else tuple(names)
    return made


def _array(name: str, part: Any) -> npt.NDArray[Any]:
    import numpy as np

    from ..artifacts.models.artifact_parts import array_of

    if isinstance(part, np.ndarray):
        return part
    if not isinstance(part, (bytes, bytearray, memoryview)):
        raise OptionError(f"part {name!r}: a {type(part).__name__}; expected bytes or an array")
    return array_of(bytes(part))
