"""Using services: requests that are sent to them, where they stand, and what they have seen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...errors import OptionError
from ...units import Duration, seconds
from ..component import call, call_of_anybody, principal_of
from ..identity.authorization import Actor
from ..identity.rights import Right
from ..references import check_project
from .answers import Sent, ServiceStatus
from .calls import Collector, ServingCalls
from .checks import whole
from .live_version import Inputs

if TYPE_CHECKING:
    import polars as pl

    from .requests import Requests


class Using(ServingCalls):
    """Services, as far as they are used and looked at."""

    @call(Right.READ)
    def status(self, name: str, *, actor: Actor) -> ServiceStatus:
        """Where a service stands now. Raises UnknownNameError."""
        return self._status(self._entry(name, actor).name)

    @call_of_anybody
    def list(self, project: str | None = None, *, actor: Actor) -> tuple[str, ...]:
        """Names of the services that the caller may read, of a project or of all."""
        start = "" if project is None else check_project(project) + "/"
        return tuple(name for name in self._readable(actor) if name.startswith(start))

    @call(Right.WRITE)
    def attach(self, name: str, requests: Requests, *, inputs: Inputs | None = None, actor: Actor) -> int:
        """Let a stream of requests come to a service; its times count from now. Returns its number.

        `inputs(rows)`: gives the inputs of those rows of the stream, a frame, for those that are sampled. A stream is traffic from
        outside: it is not kept. Raises UnknownNameError, OptionError.
        """
        from .requests import Requests

        live = self._at_work(name, actor)
        if not isinstance(requests, Requests):
            raise OptionError("requests: expected Requests, such as Requests.poisson(…)")
        return live.attach(replace(requests, sent=requests.sent + self._sim.now), inputs)

    @call(Right.WRITE)
    def detach(self, name: str, stream: int, *, actor: Actor) -> None:
        """No more comes of a stream. Raises UnknownNameError."""
        self._at_work(name, actor).stop(stream)

    @call(Right.READ)
    def send(self, name: str, key: int = 0, *, service: Duration = 0.0, inputs: Any = None, actor: Actor) -> Sent:
        """One request, now.

        `inputs`: a frame of one row, which the model that answers predicts for. Raises UnknownNameError, OptionError.
        """
        live = self._at_work(name, actor)
        return live.send(whole("key", key, 0, 2**63 - 1), seconds(service), inputs)

    # -- what was seen

    @call(Right.READ)
    def observations(self, name: str, model: str | None = None, *, since: Duration = 0.0, actor: Actor) -> pl.DataFrame:
        """The latest requests whose fate is known, at most 200,000: `request`, `sent_s`, `end_s`, `version` (number), `outcome`,
        `attempts`, `latency_s`.

        `since`: only those whose fate became known from then on. Raises UnknownNameError.
        """
        entry = self._entry(name, actor)
        version = None if model is None else self._version(entry, model).number
        return self._at_work(name, actor).observations(version, seconds(since))  # type: ignore[no-any-return]

    @call(Right.READ)
    def collect(self, name: str, collector: Collector, *, actor: Actor) -> None:
        """Tell `collector(observed)` from now on what each version did, every `flush` in which it did something, as long as the caller
        may read the
        service; a call that is refused for that is the last. What it raises ends the run.
        """
        entry = self._entry(name, actor)
        if not callable(collector):
            raise OptionError("collector: expected a function of what was observed")
        self._collectors.setdefault(entry.name, []).append((principal_of(actor), collector))

    # -- inside

    def _standing(self, name: str, actor: Actor) -> dict[str, tuple[int, int, float, int]]:
        """For `target`, which looks each minute: of `status` what it needs, for who may call that."""
        entry = self._entry(name, actor)
        self._authorization.require(actor, Right.READ, entry.resource, entry.zone, call=f"{self.SOURCE}.status", source=self.SOURCE)
        return self._live[entry.name].standing() if entry.name in self._live else {}

    def _measured(self, name: str, since_s: float, until_s: float, actor: Actor) -> tuple[dict[str, Any], dict[int, str]]:
        """For `target`: columns of the requests that came in a period and are over, and the models of the versions that are there."""
        entry = self._entry(name, actor)
        live = self._at_work(name, actor)
        return live.measured(since_s, until_s), {version.number: version.model for version in entry.versions.values()}
