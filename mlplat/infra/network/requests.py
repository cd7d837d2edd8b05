"""`Request`: a question to a service, and what becomes of it. `Traffic.request` asks."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import simpy

from ...errors import printable

if TYPE_CHECKING:
    from ...clock import Call
    from .services import Connection
    from .transfers import Transfer


class Outcome(StrEnum):
    """What has become of a request."""

    UNDERWAY = "underway"
    ANSWERED = "answered"
    DENIED = "denied"
    NO_ENDPOINT = "no endpoint"
    TIMED_OUT = "timed out"


class Request:
    """A question to a service, and the answer. `Traffic.request` makes it; nobody else changes it.

    `done`: an event that happens when it is over, with `outcome` as its value. `member`: who was asked last. `tries`: how often. `sent_s`,
    `ended_s`: seconds; None while underway. `reason`: why there was no answer, empty otherwise.
    """

    __slots__ = (
        "_connection",
        "_timer",
        "_transfer",
        "done",
        "ended_s",
        "member",
        "outcome",
        "reason",
        "sent_s",
        "source",
        "target",
        "tries",
    )

    def __init__(self, source: str, target: str, sent_s: float, done: simpy.Event) -> None:
        self.source, self.target, self.sent_s, self.done = source, target, sent_s, done
        self.outcome, self.reason, self.member, self.tries = Outcome.UNDERWAY, "", "", 0
        self.ended_s: float | None = None
        self._connection: Connection | None = None
        self._transfer: Transfer | None = None
        self._timer: Call | None = None

    @property
    def seconds(self) -> float | None:
        """How long it took; None while underway."""
        return None if self.ended_s is None else self.ended_s - self.sent_s

    def __repr__(self) -> str:
        return f"Request({printable(self.source)} to {printable(self.target)}: {self.outcome.value})"
