"""What the parts of CI have in common: its neighbours and its state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from ....errors import UnknownNameError, printable
from ...component import Component
from ...record_shapes import Shape
from ...references import Reference
from .catalogue import Catalogue
from .job import Job
from .journal import RECORDS
from .runs import CIRun

if TYPE_CHECKING:
    from ....context import Simulation
    from ...artifacts.images import ImageRegistry
    from ...artifacts.scm import SCM
    from ...identity.provider import IdentityProvider
    from ...storage.store import Store
    from ...work.tasks import Tasks
    from ...zones.zone_manager import ZoneManager
    from ..builder.image_builder import ImageBuilder
    from ..inbox import Inbox

CONTEXT: Final = "ci"
"""The context of the statuses that it reports."""


class CIPart(Component):
    """CI without its calls and its work. See `CI`."""

    KIND: ClassVar[str] = "repo"
    SOURCE: ClassVar[str] = "ci"
    _RECORDS: ClassVar[Mapping[str, Mapping[str, Shape]]] = RECORDS

    def __init__(
        self,
        sim: Simulation,
        identity: IdentityProvider,
        store: Store | None = None,
        *,
        scm: SCM,
        images: ImageRegistry | None = None,
        builder: ImageBuilder | None = None,
        inbox: Inbox | None = None,
        tasks: Tasks | None = None,
        zones: ZoneManager | None = None,
        automatic: bool = True,
    ) -> None:
        self._scm, self._images, self._builder, self._inbox = scm, images, builder, inbox
        self._tasks, self._zones, self._automatic = tasks, zones, automatic
        self._jobs: dict[tuple[str, int], Job] = {}
        self._proposers: dict[str, tuple[str, str]] = {}
        """Of merges that were prepared for a change, for whom (an id) and which."""
        super().__init__(sim, identity, store)

    def _begin(self) -> None:
        self._catalogue = Catalogue()

    def _apply(self, record: Mapping[str, Any]) -> None:
        self._catalogue.apply(record)

    def _contents(self) -> Iterator[str]:
        return self._catalogue.contents()

    def _resolved(self, reference: Reference) -> Reference:
        return self._scm._resolved(reference)

    def _find(self, path: str, number: int) -> CIRun:
        runs = self._catalogue.runs.get(path, ())
        if type(number) is not int or not 0 < number <= len(runs):
            raise UnknownNameError("run of CI", printable(str(number)[:40]), map(str, range(1, len(runs) + 1)))
        return runs[number - 1]
