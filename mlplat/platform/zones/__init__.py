"""The Zone Manager: development and deployment zones, their limits and guarantees, and who may start what in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from ...infra.quotas import Cohort, Quota
    from .answers import ZoneExplanation, ZoneList, ZoneStatus
    from .errors import ZoneError, ZoneLimitError, ZoneOccupiedError, ZoneOwnerError
    from .handles import DeploymentZone, DevelopmentZone, Zone
    from .zone_manager import ZoneManager

__all__ = [
    "Cohort",
    "DeploymentZone",
    "DevelopmentZone",
    "Quota",
    "Zone",
    "ZoneError",
    "ZoneExplanation",
    "ZoneLimitError",
    "ZoneList",
    "ZoneManager",
    "ZoneOccupiedError",
    "ZoneOwnerError",
    "ZoneStatus",
]

_HOME = {
    "Cohort": "..infra.quotas",
    "DeploymentZone": "handles",
    "DevelopmentZone": "handles",
    "Quota": "..infra.quotas",
    "Zone": "handles",
    "ZoneError": "errors",
    "ZoneExplanation": "answers",
    "ZoneLimitError": "errors",
    "ZoneList": "answers",
    "ZoneManager": "zone_manager",
    "ZoneOccupiedError": "errors",
    "ZoneOwnerError": "errors",
    "ZoneStatus": "answers",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
