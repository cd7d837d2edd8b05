"""A component of artifacts, which others name and which are deleted only when nobody does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..component import Component
from .referrers import Referrers

if TYPE_CHECKING:
    from ...context import Simulation
    from ..identity.provider import IdentityProvider
    from ..storage.store import Store


class ArtifactComponent(Component):
    """A component that asks `referrers` before it deletes something; they are its own unless said."""

    def __init__(
        self, sim: Simulation, identity: IdentityProvider, store: Store | None = None, *, referrers: Referrers | None = None
    ) -> None:
        self._referrers = Referrers() if referrers is None else referrers
        super().__init__(sim, identity, store)
