"""A build under way: who asked for it, what it takes, and the work that it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ...work.task import Body
from .builds import Build
from .layers import BuildLayer, BuildPlan

if TYPE_CHECKING:
    from collections.abc import Callable

    from ....errors import InputError
    from ....infra.endpoint import Work
    from ...identity.principals import Principal
    from .at_work import AtWork


class Order(NamedTuple):
    """What is to be built, by whom: `acting` reads and publishes, for `behalf` (an id); `charged` has the work done in `zone`, which is
    empty where there is none.
    """

    repository: str
    commit: str
    manifest: str
    acting: Principal
    behalf: str
    charged: Principal | None
    zone: str


@dataclass(slots=True, eq=False)
class Job:
    """A build that has begun.

    `image`: its name, `tags`: that are to point to it. `wrong`, `denied`: why there is no plan. `missing`: layers to be built. `at_work`:
    whether its work goes on. `tries`: how often that began. `listeners`: called when it is over.
    """

    order: Order
    image: str
    tags: tuple[str, ...] = ()
    plan: BuildPlan | None = None
    wrong: InputError | None = None
    denied: str = ""
    missing: tuple[BuildLayer, ...] = ()
    at_work: bool = False
    number: int = 0
    tries: int = 0
    listeners: list[Callable[[Build], object]] = field(default_factory=list)


class BuildBody(Body):
    """The work of a build: its time passes layer by layer, and at the end the image is published, all of it or nothing."""

    def __init__(self, builder: AtWork, job: Job) -> None:
        self._builder, self._job = builder, job

    def start(self, work: Work) -> None:
        self._builder._started(self._job, work)

    def finish(self, work: Work) -> str:
        return self._builder._publish(self._job)
