"""The calls of the endpoint about quotas: who may use how much, and what of it they use (docs/quotas.md)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from ...errors import OptionError, UnknownNameError, printable
from ..quotas import Cohort, Described, Quota
from ..quotas.use import QuotaUse, quota_capacity, quota_use
from .access import ADMINISTRATOR
from .calls import SOURCE, Calls, verb

if TYPE_CHECKING:
    from ..quotas.table import QuotaTable


class QuotaVerbs(Calls):
    """The part of `ManagementEndpoint` that is about quotas."""

    @verb
    def set_quota(self, quota: Quota | Cohort, *, actor: str = ADMINISTRATOR) -> None:
        """Give the cluster a quota or a cohort, or another one in the place of that of its name, from this instant on.

        What runs runs on: above a lower limit nothing new starts until enough has ended. A workload is of the quota that is named like its
        zone, or lists it, when it is submitted. The first quota of a cluster, and one that speaks of other flavors or reserved nodes than
        before, can be set only while no workload waits or runs. Event `quota.set`. Raises OptionError, SpecError; warns (QuotaWarning)
        where the guarantees are more than the cluster.
        """
        if not isinstance(quota, (Quota, Cohort)):
            raise OptionError(f"a {type(quota).__name__} was given; expected a Quota or a Cohort")
        self._administrator(actor, "set_quota", quota.name)
        self._put_quota(quota, actor)

    @verb
    def remove_quota(self, name: str, *, actor: str = ADMINISTRATOR) -> None:
        """Take a quota or a cohort away. Event `quota.removed`. Raises UnknownNameError; OptionError while a quota has workloads that
        are not over, or a cohort has members.
        """
        from .quota_change import change_quotas

        self._administrator(actor, "remove_quota", name)
        change_quotas(self._cluster, self._quota_table(name).without(name))
        self._sim.emit(f"quota:{printable(name)}", "quota.removed", source=SOURCE, actor=actor, data={})

    @verb
    def suspend_quota(self, name: str, suspended: bool = True, *, actor: str = ADMINISTRATOR) -> None:
        """Let no workload of a quota start (True), or let them again (False); what runs runs on. Event `quota.set`.

        Raises UnknownNameError, OptionError for a cohort.
        """
        from dataclasses import replace

        self._administrator(actor, "suspend_quota", name)
        table = self._quota_table(name)
        one = table.described[table.node(name) - 1]
        if not isinstance(one, Quota):
            raise OptionError(f"{printable(str(name)[:60])!r} is a cohort; expected a quota")
        self._put_quota(replace(one, suspended=suspended), actor)

    def quotas(self) -> tuple[Described, ...]:
        """The quotas and cohorts of the cluster, as they came; the quota `""` of all others is the first. None where it has no quotas."""
        table = self._cluster.scheduler.table.quotas
        return () if table is None else tuple(one for one in table.described if one is not None)

    @verb
    def quota_use(self, name: str) -> QuotaUse:
        """What a quota or a cohort may use and uses at this instant. Raises UnknownNameError."""
        return quota_use(self._quota_table(name), name)

    @verb
    def quota_capacity(self, without: Collection[str] = ()) -> Mapping[str, Any]:
        """What the nodes have together in the amounts of quotas, also in each flavor; what has no bound is left out. `without`: names of
        nodes that do not count. Raises UnknownNameError where there are no quotas.
        """
        return quota_capacity(self._quota_table(""), without)

    def _put_quota(self, quota: Described, actor: str) -> None:
        from .quota_change import change_quotas

        table = self._cluster.scheduler.table.quotas
        change_quotas(self._cluster, [Quota(""), quota] if table is None else table.set(quota))
        data = {"kind": type(quota).__name__.lower()} | quota.to_dict()
        self._sim.emit(f"quota:{printable(quota.name)}", "quota.set", source=SOURCE, actor=actor, data=data)

    def _quota_table(self, name: str) -> QuotaTable:
        table = self._cluster.scheduler.table.quotas
        if table is None:
            raise UnknownNameError("quota", printable(str(name)[:60]), ())
        return table
