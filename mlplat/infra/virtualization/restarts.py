"""Restarting a program in place, with waits that double; and the hook that runs when an environment is told to stop."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from ...errors import OptionError, UnknownNameError
from ...html_tables import fields_of
from ...units import seconds
from .states import Reason

if TYPE_CHECKING:
    from .environments import RuntimeEnvironment

RestartKind = Literal["never", "on-failure", "always"]

_RESTARTED: Final[dict[str, frozenset[Reason]]] = {
    "never": frozenset(),
    "on-failure": frozenset({Reason.ERROR, Reason.OOM_KILLED}),
    "always": frozenset({Reason.ERROR, Reason.OOM_KILLED, Reason.COMPLETED}),
}


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """When a program that ended is started again in its environment, and after what wait.

    Only a program's own end restarts in place: an error, memory above the limit and, with `always`, its success. What the infrastructure
    or a decision ends does not. The waits are `base_s`, twice that, and so on up to `cap_s`; a run of at least `reset_s` starts the
    sequence anew (the defaults are those of Kubernetes). `max_restarts`: after so many the next end is the last; None is no limit.
    Raises OptionError, and UnknownNameError for a kind that does not exist.

    >>> policy = RestartPolicy("on-failure")
    >>> waits = [policy.wait_after(0.0, ran_s=1.0)]
    >>> for _ in range(6):
    ...     waits.append(policy.wait_after(waits[-1], ran_s=1.0))
    >>> waits, policy.wait_after(300.0, ran_s=600.0)
    ([10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0], 10.0)
    """

    kind: RestartKind = "never"
    base_s: float = 10.0
    cap_s: float = 300.0
    reset_s: float = 600.0
    max_restarts: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in _RESTARTED:
            raise UnknownNameError("restart policy", self.kind, _RESTARTED)
        for name in ("base_s", "cap_s", "reset_s"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
                raise OptionError(f"{name}={str(value)[:40]!r}: expected seconds of at least 0")
        if self.base_s == 0 or self.cap_s < self.base_s:
            raise OptionError(f"base_s={self.base_s:g}, cap_s={self.cap_s:g}: expected 0 < base_s <= cap_s")
        limit = self.max_restarts
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):
            raise OptionError(f"max_restarts={str(limit)[:40]!r}: expected a whole number of at least 0, or None")

    def restarts(self, reason: Reason, so_far: int) -> bool:
        """Whether a program that ended for `reason`, having been restarted `so_far` times, is started again."""
        return reason in _RESTARTED[self.kind] and (self.max_restarts is None or so_far < self.max_restarts)

    def wait_after(self, last_wait: float, ran_s: float) -> float:
        """The wait (s) before the next start, from the wait before (0 at first) and how long the program ran since."""
        if last_wait == 0 or ran_s >= self.reset_s:
            return self.base_s
        return min(2 * last_wait, self.cap_s)

    def _repr_html_(self) -> str:
        return fields_of(self)


NEVER: Final = RestartPolicy("never")


def restart_policy(given: RestartPolicy | RestartKind) -> RestartPolicy:
    """A policy from its name, or as it is.

    >>> restart_policy("always").cap_s
    300.0
    """
    if isinstance(given, RestartPolicy):
        return given
    return NEVER if given == "never" else RestartPolicy(given)


@dataclass(frozen=True, slots=True)
class StopHook:
    """What a program does when it is told to stop: write a checkpoint, which takes `write_s` seconds.

    The checkpoint counts, and `written(environment)` is called, only if it is complete within the grace period; what takes longer is cut
    off at its end and leaves nothing. `write_s` may be text such as `"30s"`. Raises OptionError.

    >>> StopHook("30s").write_s
    30.0
    """

    write_s: float
    written: Callable[[RuntimeEnvironment], None] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "write_s", seconds(self.write_s))
