"""`Orchestrator`: runs pipelines."""

from __future__ import annotations

from collections.abc import Mapping

from ..capabilities.table import Mark, marks
from .scheduling import Scheduling


class Orchestrator(Scheduling):
    """The pipelines of a platform, their runs and what starts them.

    `stores`: where code, data, images, models and metadata are. `zones`, `tasks`: where steps run, on a platform with a cluster; without
    one they take their time and stand in nobody's way. Resources are pipelines, `pipeline:project/name@sha256:…`, and runs,
    `run:project/name`.

    A run that was under way when the platform was closed has ended as `error`, INTERRUPTED, and can be resumed; schedules go on.

    >>> import mlplat as mp
    >>> platform = mp.Platform()
    >>> ada = platform.identity.create_user("ada", actor=platform.admin)
    >>> project = platform.identity.create_project("shop", owner=ada, actor=platform.admin)
    >>> code = '''
    ... from mlplat.platform.pipelines import pipeline, step
    ... @step(duration="5m")
    ... def double(number: int) -> int:
    ...     return 2 * number
    ... @pipeline
    ... def fourfold(number: int = 3):
    ...     double(double(number))
    ... '''
    >>> repository = platform.scm.create_repository("shop/fourfold", actor=ada)
    >>> commit = platform.scm.commit("shop/fourfold", "main", {"pipeline.py": code}, "first", actor=ada)
    >>> run = platform.orchestrator.run("shop/fourfold@main", {"number": 5}, actor=ada)
    >>> platform.sim.run(until=run.wait())
    'success'
    >>> platform.sim.now, platform.orchestrator.value(run, "double-2", actor=ada)
    (600.0, 20)
    """

    def _capabilities(self) -> Mapping[str, Mapping[str, Mark]]:
        found = {"ML-Pipeline Orchestrator": marks("R9 R12 s13 R14 s16 s17" if self._automatic else "R12 s13 s16 s17")}
        trains = {"Training infrastructure": marks("s2 R9 s12 s16 R17" if self._automatic else "s2 s12 s16 R17")}
        return found | trains if self._placed else found
