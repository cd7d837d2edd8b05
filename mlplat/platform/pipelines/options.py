"""What a step asks for: image, resources, time, what becomes of it when it fails, and how it trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final, Self

from ...errors import MlplatError, OptionError, UnknownNameError, printable
from ...resources import ResourceRequest
from ...units import seconds
from .durations import DurationModel, Fixed, duration_model, read_duration

if TYPE_CHECKING:
    from ...infra.checkpoints import CheckpointPolicy
    from ...infra.synchronization import Synchronization


@dataclass(frozen=True, slots=True)
class StepOptions:
    """The options of a step, checked; `mlplat.step` says what they mean."""

    image: str = ""
    request: ResourceRequest = ResourceRequest(cpus=1)  # noqa: RUF009 (it cannot be changed)
    duration: DurationModel = Fixed(60.0)  # noqa: RUF009
    retries: int = 3
    failure_retries: int = 0
    backoff: float = 10.0
    timeout: float | None = None
    pending_timeout: float | None = None
    cache: bool = True
    replicas: int = 1
    sync: Synchronization | None = None
    checkpoint: CheckpointPolicy | None = None
    priority: int = 0
    validates: str = ""
    target: str = ""
    numerics: str = "platform-dependent"

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """From what was said. Raises UnknownNameError for another option, OptionError for a value that cannot be used."""
        return cls().changed(given)

    def changed(self, given: Mapping[str, Any]) -> Self:
        """The same but for some options."""
        checked = {}
        for name, value in given.items():
            if name not in _READ:
                raise UnknownNameError("option of a step", printable(name), _READ)
            try:
                checked[name] = _READ[name](value)
            except OptionError as error:
                raise OptionError(f"{name}: {error}") from None
        return replace(self, **checked)

    def described(self) -> dict[str, Any]:
        """As JSON can say it, without what is at its default; `read_options` makes the same of it."""
        made = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                made[field.name] = _WRITE.get(field.name, _as_it_is)(value)
        return made


def read_options(described: Mapping[str, Any]) -> StepOptions:
    """The options that were described. Raises OptionError, UnknownNameError.

    >>> options = StepOptions.of({"request": {"cpus": 2}, "duration": "5m", "checkpoint": "every 30m"})
    >>> read_options(options.described()) == options
    True
    """
    given = dict(described)
    if "duration" in given:
        given["duration"] = read_duration(given["duration"])
    if "request" in given:
        given["request"] = ResourceRequest(**given["request"])
    return StepOptions.of(given)


def _image(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 250 or not value.isprintable():
        raise OptionError("expected the name of an image, such as 'shop/train@v1'")
    return value


def _request(value: Any) -> ResourceRequest:
    from ...infra.workload_spec import read_request

    return read_request(value)


def _count(least: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= 1_000_000:
            raise OptionError(f"{printable(str(value)[:40])}; expected a whole number of at least {least}")
        return value

    return read


def _time(value: Any) -> float:
    return seconds(value)


def _limit(value: Any) -> float | None:
    if value is None:
        return None
    limit = seconds(value)
    if limit <= 0:
        raise OptionError("expected a time above 0")
    return limit


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise OptionError(f"{printable(str(value)[:40])}; expected True or False")
    return value


def _sync(value: Any) -> Synchronization | None:
    from ...infra.synchronization import synchronization

    return None if value is None else synchronization(value)


def _checkpoint(value: Any) -> CheckpointPolicy | None:
    from ...infra.checkpoints import checkpoint_policy

    return None if value is None else checkpoint_policy(value)


def _priority(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 2**31 - 1:
        raise OptionError(f"{printable(str(value)[:40])}; expected a whole number")
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str) or (value and not value.isidentifier()):
        raise OptionError("expected the name of an input")
    return value


def _column(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 250 or not value.isprintable():
        raise OptionError("expected the name of a column")
    return value


def _numerics(value: Any) -> str:
    if value not in ("portable", "platform-dependent"):
        raise UnknownNameError("numerics", printable(str(value)[:40]), ("portable", "platform-dependent"))
    return str(value)


def _as_it_is(value: Any) -> Any:
    return value


_READ: Final[Mapping[str, Callable[[Any], Any]]] = {
    "image": _image,
    "request": _request,
    "duration": duration_model,
    "retries": _count(0),
    "failure_retries": _count(0),
    "backoff": _time,
    "timeout": _limit,
    "pending_timeout": _limit,
    "cache": _flag,
    "replicas": _count(1),
    "sync": _sync,
    "checkpoint": _checkpoint,
    "priority": _priority,
    "validates": _name,
    "target": _column,
    "numerics": _numerics,
}
_WRITE: Final[Mapping[str, Callable[[Any], Any]]] = {
    "request": lambda request: {field.name: _plain(getattr(request, field.name)) for field in fields(request)},
    "duration": lambda model: model.described(),
    "sync": lambda sync: sync.described(),
    "checkpoint": str,
}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def options_of(given: Mapping[str, Any], step: str) -> StepOptions:
    """The options of a step by name. Raises DefinitionError, which names the step."""
    from .errors import DefinitionError

    try:
        return StepOptions.of(given)
    except MlplatError as error:
        raise DefinitionError(str(error), step=step) from None
