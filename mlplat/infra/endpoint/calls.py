"""What the calls of the endpoint have in common: who may make them, and what is written down of one that is refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from ...errors import AccessDenied, MlplatError, printable
from .access import ADMINISTRATOR, Administrators, check_principal

if TYPE_CHECKING:
    from ..cluster import Cluster

SOURCE = "endpoint"
P = ParamSpec("P")
T = TypeVar("T")
C = TypeVar("C", bound="Calls")


def verb(method: Callable[Concatenate[C, P], T]) -> Callable[Concatenate[C, P], T]:
    """A call of the endpoint: what it refuses is written down, once, and nothing else has happened."""

    @wraps(method)
    def call(self: C, *arguments: P.args, **options: P.kwargs) -> T:
        try:
            return method(self, *arguments, **options)
        except MlplatError as error:
            self._refused(method.__name__, error, options.get("actor", ADMINISTRATOR))
            raise

    return call  # type: ignore[return-value]


class Calls:
    """A cluster that is called, and its administrators."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._sim = cluster.sim
        self._administrators = Administrators(cluster.administrators)

    def _administrator(self, actor: str, action: str, resource: object) -> None:
        self._administrators.require(check_principal(actor), action, str(resource)[:80])

    def _refused(self, name: str, error: MlplatError, actor: object) -> None:
        by = actor if isinstance(actor, str) and actor.isprintable() and actor else "unknown"
        if isinstance(error, AccessDenied):
            data = {"action": error.action, "resource": printable(error.resource)}
            self._sim.emit(f"principal:{by}", "access.denied", source=SOURCE, actor=by, data=data)
        else:
            reason = printable(str(error))[:500]
            self._sim.emit(f"call:{name}", "call.refused", source=SOURCE, actor=by, data={"error": type(error).__name__, "reason": reason})
