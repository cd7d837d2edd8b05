"""`Target`: what a rollout needs of a service that is served in versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from ..judging import Observations


class VersionState(NamedTuple):
    """A version of a service now.

    `replicas`: how many it shall have. `ready`: how many can take requests. `weight`: its share of the requests, 0 to 1. `lost`: how many
    replicas it has lost so far by failures of the infrastructure, not of its program.
    """

    replicas: int
    ready: int
    weight: float
    lost: int = 0


class Target(Protocol):
    """A service. Versions have names, such as `shop/churn@3`. What a call asks for may take time; it can raise, and is then asked again."""

    def versions(self) -> Mapping[str, VersionState]:
        """The versions that are there, with and without traffic."""

    def add_version(self, version: str, replicas: int) -> None:
        """One more version, without traffic."""

    def scale(self, version: str, replicas: int) -> None:
        """Other replicas of a version that is there. Of fewer those go first that are not ready; requests in flight finish."""

    def set_weights(self, weights: Mapping[str, float]) -> None:
        """Shares of the requests from now on, adding up to 1; versions that are not named get none. A key stays on its version as far as
        the shares allow. At once, and for requests that come from now on."""

    def remove_version(self, version: str) -> None:
        """A version goes, with its replicas, and its share to the others; requests in flight finish. With the last one the service has
        none."""

    def statistics(self, since_s: float, until_s: float) -> Mapping[str, Observations]:
        """By version the requests that came from `since_s` on and before `until_s`, and are over."""
