"""Making zones: for a developer, and for a project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from ...errors import OptionError, UnknownNameError, printable
from ...units import Duration, seconds
from ..component import call
from ..identity.authorization import Actor
from ..identity.principals import Principal, PrincipalKind
from ..identity.rights import Right
from ..references import PLATFORM, check_project
from .calls import ZoneCalls
from .errors import ZoneOwnerError
from .handles import DeploymentZone, DevelopmentZone
from .journal import DEPLOYMENT, DEVELOPMENT, OVER_LIMIT
from .naming import check_zone_name, development_name

if TYPE_CHECKING:
    from ...infra.quotas import Quota

OWNED = frozenset({Right.READ, Right.WRITE, Right.SHARE, Right.DEPLOY})
"""What a developer holds on their zone."""


class Creating(ZoneCalls):
    """Zones, as far as they are made. For administrators."""

    @call(Right.ADMIN, resource=PLATFORM)
    def create_development(
        self,
        owner: Principal | str,
        limit: Mapping[str, Any],
        *,
        name: str | None = None,
        idle: Duration | None = "2h",
        over_limit: Literal["wait", "refuse"] = "wait",
        cohort: str | None = None,
        priority: int = 0,
        weight: float = 1.0,
        flavors: Sequence[str] = (),
        network: str | None = None,
        actor: Actor,
    ) -> DevelopmentZone:
        """A zone for one developer, with a limit and no guarantee: what they use may be taken back for who has one.

        `owner`: a user, who alone starts something in it. `limit`: such as `{"gpus": 4, "cpus": 64, "memory_gib": 256, "environments": 6}`.
        `name`: a DNS label; made of the owner's unless said. `idle`: interactive environments without use for so long are stopped; None for
        never. `over_limit`: work above the limit waits, or is refused. `network`: of the cluster's its own, as CIDR or a size such as
        `"/24"`. Others: as of `mlplat.Quota`.

        Event `zone.created`. Raises ZoneOwnerError for a zone that has an owner, UnknownNameError, OptionError, SpecError.
        """
        found = self._developer(owner)
        chosen = check_zone_name(development_name(found.name) if name is None else name)
        self._check_free(chosen)
        quota = _quota(chosen, limit=limit, cohort=cohort, priority=priority, weight=weight, flavors=_names(flavors))
        grant = self._identity._grant_record(actor, found.id, OWNED, f"zone:{chosen}", on_behalf_of=f"zone:{chosen}")
        self._create(quota, DEVELOPMENT, found.id, check_idle(idle), check_over_limit(over_limit), network, actor, [grant])
        made: DevelopmentZone = self._handle(chosen)
        return made

    @call(Right.ADMIN, resource=PLATFORM)
    def create_deployment(
        self,
        project: str,
        name: str,
        guarantee: Mapping[str, Any],
        limit: Mapping[str, Any] | None = None,
        *,
        lend: Mapping[str, Any] | Literal[0] | None = None,
        cohort: str | None = None,
        priority: int = 0,
        weight: float = 1.0,
        reclaim: str = "any",
        within: str | None = None,
        borrow_within: str = "never",
        borrow_within_threshold: int | None = None,
        reclaim_within: Duration = "60s",
        flavors: Sequence[str] = (),
        when_can_borrow: str = "borrow",
        when_can_preempt: str = "try-next",
        reserve: Any = None,
        network: str | None = None,
        actor: Actor,
    ) -> DeploymentZone:
        """A zone for one project, with a guarantee and a limit. Members with `deploy` start work in it.

        `name`: a DNS label, unique on the platform. `lend`: how much of an unused guarantee others may use, all unless said; 0 for
        nothing at all. `reclaim_within`: how long those who are stopped for the guarantee have. `network`: of the cluster's its own, as
        CIDR or a size. Others: as of `mlplat.Quota`.

        Event `zone.created`. Raises ZoneOwnerError for a name that is taken, UnknownNameError for a project or cohort that is not there,
        and OptionError, SpecError, as for a guarantee above the limit, or hard guarantees above the capacity of the cluster; QuotaWarning
        for guarantees above it of which some is lent.
        """
        self._check_project(check_project(project), actor)
        self._check_free(check_zone_name(name))
        quota = _quota(
            name,
            guarantee=guarantee,
            limit=limit,
            lend=lending(lend, guarantee),
            cohort=cohort,
            priority=priority,
            weight=weight,
            reclaim=reclaim,
            within=within,
            borrow_within=borrow_within,
            borrow_within_threshold=borrow_within_threshold,
            reclaim_within=reclaim_within,
            flavors=_names(flavors),
            when_can_borrow=when_can_borrow,
            when_can_preempt=when_can_preempt,
            reserve=reserve,
        )
        self._create(quota, DEPLOYMENT, project, None, "wait", network, actor)
        made: DeploymentZone = self._handle(name)
        return made

    # -- inside

    def _create(
        self,
        quota: Quota,
        kind: str,
        bound_to: str,
        idle_s: float | None,
        over_limit: str,
        network: str | None,
        actor: Actor,
        grants: Sequence[Any] = (),
    ) -> None:
        self._check_cohort(quota.cohort)
        had_network = self._port.has_network(quota.name)
        said = {"kind": kind, "bound_to": bound_to, "network": self._port.open_network(quota.name, network)}
        try:
            options = {"quota": quota.to_dict(), "idle_s": idle_s, "over_limit": over_limit}
            self._put(quota, None, self._record("zone.created", actor, name=quota.name, **options, **said), grants=grants)
        except BaseException:
            if not had_network:
                self._port.close_network(quota.name)
            raise
        amounts = {key: getattr(quota, key).to_dict() for key in ("guarantee", "limit", "lend")}
        self._emit(self._resource(quota.name), "zone.created", actor, {**said, **amounts})

    def _developer(self, owner: Principal | str) -> Principal:
        """A user. Raises UnknownNameError, OptionError for somebody else, or several."""
        if not isinstance(owner, (Principal, str)):
            raise OptionError(f"owner: a {type(owner).__name__}; expected one developer")
        found = self._authorization.directory.find(owner)
        if found.kind is not PrincipalKind.USER:
            raise OptionError(f"owner: {found.id} is a {found.kind.value}; expected a user")
        return found

    def _check_free(self, name: str) -> None:
        entry = self._catalogue.zones.get(name)
        if entry is not None:
            raise ZoneOwnerError(name, entry.bound_to)
        if name in self._catalogue.cohorts:
            raise OptionError(f"{name} is the name of a cohort")
        if self._port.is_taken(name):
            raise OptionError(f"{name} is the name of a quota that the cluster has, or of the zone of workloads; expected another one")

    def _check_cohort(self, name: object) -> None:
        if name is not None and name not in self._catalogue.cohorts:
            raise UnknownNameError("cohort", printable(str(name)[:80]), self._catalogue.cohorts)


def lending(lend: Any, guarantee: Any) -> Any:
    """What is lent: of `0` nothing of all that is guaranteed.

    >>> lending(0, {"cpus": 4, "A100": {"gpus": 2}})
    {'cpus': 0, 'A100': {'gpus': 0}}
    """
    if type(lend) is int and lend == 0 and isinstance(guarantee, Mapping):
        return {key: lending(0, amount) if isinstance(amount, Mapping) else 0 for key, amount in guarantee.items()}
    return lend


def check_idle(idle: Duration | None) -> float | None:
    """Seconds; None for never. Raises OptionError."""
    if idle is None:
        return None
    found = seconds(idle)
    if not 0 < found < 1e18:
        raise OptionError(f"idle={idle!r:.40}: expected more than 0 s, or None for never")
    return found


def check_over_limit(over_limit: object) -> str:
    """`wait` or `refuse`. Raises UnknownNameError."""
    if not isinstance(over_limit, str) or over_limit not in OVER_LIMIT:
        raise UnknownNameError("word for over_limit", printable(str(over_limit)[:40]), OVER_LIMIT)
    return over_limit


def _quota(name: str, **options: Any) -> Quota:
    from ...infra.quotas import Quota

    return Quota(name, **options)


def _names(given: Sequence[str]) -> tuple[str, ...]:
    if isinstance(given, str) or not isinstance(given, (list, tuple)):
        raise OptionError(f"flavors: a {type(given).__name__}; expected a list of names")
    return tuple(given)
