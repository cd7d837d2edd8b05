"""Working in zones: starting something, using it, stopping it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ...errors import OptionError, UnknownNameError, printable
from ...units import Duration
from ..component import call, principal_of
from ..identity.authorization import Actor
from ..identity.decisions import DecisionReason
from ..identity.rights import Right
from .calls import ZoneCalls
from .catalogue import Entry
from .errors import ZoneError, ZoneLimitError
from .handles import Zone
from .journal import DEVELOPMENT
from .naming import split_reference
from .port import OVER, asks, spoken, total, units

if TYPE_CHECKING:
    from ...infra.endpoint import EnvironmentLog, ManagementEndpoint, Program, WorkloadHandle
    from ...infra.workload_spec import Workload


class Working(ZoneCalls):
    """Zones, as far as something runs in them."""

    @call(Right.DEPLOY)
    def submit(self, name: Zone | str, workload: Workload, *, program: Program | None = None, actor: Actor) -> WorkloadHandle:
        """Let a workload arrive in a zone; `program`: what it does. In a development zone only its owner may, whatever is granted.

        Above the limit it waits with `ZONE_LIMIT`, or is refused, as was said when the zone was made: then, with all that runs and waits
        there already, it must stay within the limit. Raises ZoneLimitError, ZoneError for a zone that is about to be deleted, and what
        `ManagementEndpoint.submit` raises.
        """
        return self._submit(self._enterable(name, actor, "submit"), workload, actor, program)

    @call(Right.DEPLOY)
    def environment(
        self,
        name: Zone | str,
        image: Any,
        request: Any,
        *,
        called: str | None = None,
        interactive: bool = True,
        duration: Duration | None = None,
        actor: Actor,
        **options: Any,
    ) -> WorkloadHandle:
        """Start one environment from an image in a zone. `called`: its name; that of the zone and a number unless said.

        `interactive`: somebody works in it until it is stopped, or has not been used for the idle time of the zone: use is a `touch`, and
        CPU above a twentieth of its request where its `usage` says so. What it keeps on volumes outlasts it. `options`: as of `Workload`.
        As `submit` otherwise.
        """
        from ...infra.workload_spec import Workload

        entry = self._enterable(name, actor, "environment")
        if not isinstance(interactive, bool):
            raise OptionError(f"interactive={printable(str(interactive)[:40])!r}: expected True or False")
        given = self._live.free_name(entry.name) if called is None else called
        workload = Workload(given, request, image=image, duration=duration, **options)
        handle = self._submit(entry, workload, actor)
        if interactive:
            self._live.watch(entry.name, handle, workload)
        return handle

    @call(Right.WRITE)
    def touch(self, ref: str, *, actor: Actor) -> None:
        """Somebody uses an interactive environment now: a shell, a cell, a page. `ref`: `zone@environment`; with `write` on that.

        Raises ZoneError where none of that name is there.
        """
        zone, environment = split_reference(ref)
        if not self._live.touch(self._entry(zone, actor).name, environment):
            raise ZoneError(zone, f"there is no interactive environment {printable(environment)!r}")

    @call(Right.DEPLOY)
    def stop(self, ref: str, *, grace: Duration | None = None, actor: Actor) -> None:
        """End a workload, `zone@workload`, and forget it. It may hold its room for `grace` to write a checkpoint (default: its own).

        Raises ZoneError where none of that name is there, OptionError for one that is being stopped.
        """
        zone, name = split_reference(ref)
        self._running(zone, name, actor).delete(name, grace=grace, actor=principal_of(actor).id)

    @call(Right.READ)
    def logs(self, ref: str, replica: int = 0, *, actor: Actor) -> EnvironmentLog:
        """The log of a replica of a workload, `zone@workload`. Raises ZoneError where none of that name is there, OptionError."""
        zone, name = split_reference(ref)
        return self._running(zone, name, actor).logs(name, replica)

    # -- inside

    def _enterable(self, zone: Zone | str, actor: Actor, call_made: str) -> Entry:
        """A zone in which the caller may start something. Raises AccessDenied, ZoneError."""
        entry = self._entry(zone, actor)
        if entry.kind == DEVELOPMENT and principal_of(actor).id != entry.bound_to:
            made, reason = f"{self.SOURCE}.{call_made}", DecisionReason.NOT_OWNER
            self._authorization.refuse(actor, Right.DEPLOY, entry.resource, reason, call=made, source=self.SOURCE)
        return self._staying(entry.name, actor)

    def _submit(self, entry: Entry, workload: Workload, actor: Actor, program: Program | None = None) -> WorkloadHandle:
        from ...infra.workload_spec import Workload as Known

        endpoint = self._cluster(entry.name)
        if type(workload) is not Known:
            raise OptionError(f"a {type(workload).__name__} was submitted; expected a Workload")
        if workload.zone not in ("", entry.name):
            raise OptionError(f"workload {workload.name!r} is of zone {printable(workload.zone)!r}, and was submitted to {entry.name!r}")
        if entry.over_limit == "refuse":
            self._check_limit(entry, workload)
        try:
            handle = endpoint.submit(workload.with_zone(entry.name), program=program, actor=principal_of(actor).id)
        except OptionError:
            if any(each.name == workload.name and each.zone != entry.name and each.status.value not in OVER for each in endpoint.list()):
                raise ZoneError(entry.name, f"the name {workload.name!r} is not free on this cluster; expected another one") from None
            raise
        if entry.kind == DEVELOPMENT:
            self._live.submitted(entry.name, handle)
        return handle

    def _check_limit(self, entry: Entry, workload: Workload) -> None:
        asked, limits = asks(workload, self._port.nodes), units(entry.quota.limit)
        taken = self._port.asked(self._live.living(entry.name)) if limits else {}
        over = {place: most for place, most in limits.items() if asked.get(place, 0) and total([asked, taken])[place] > most}
        if over:
            told = {}
            for place, most in over.items():
                (key, amount), used, limit = spoken(place, asked[place]), spoken(place, taken.get(place, 0))[1], spoken(place, most)[1]
                told[key] = (amount, used, limit)
            raise ZoneLimitError(entry.name, workload.name, told)

    def _running(self, zone: str, name: str, actor: Actor) -> ManagementEndpoint:
        """The endpoint, if a workload of that name is in a zone. Raises ZoneError, UnknownNameError."""
        entry = self._entry(zone, actor)
        endpoint = self._cluster(entry.name)
        with suppress(UnknownNameError):  # which would name those of others
            if endpoint.describe(name).zone == entry.name:
                return endpoint
        raise ZoneError(entry.name, f"there is no workload {printable(name)!r}")

    def _cluster(self, zone: str) -> ManagementEndpoint:
        if self._port.endpoint is None:
            raise ZoneError(zone, "nothing runs on a platform without a cluster")
        return self._port.endpoint
