"""`ModelRegistry`: numbered versions of models, aliases and stages that move by recorded transitions, and what a deployment needs."""

from __future__ import annotations

from collections.abc import Mapping

from ...capabilities.table import Mark, marks
from .promoting import Promoting
from .protecting import Protecting
from .reading import Reading
from .registering import Registering


class ModelRegistry(Registering, Promoting, Reading, Protecting):
    """The models of a platform: `project/name@3`, `project/name@champion`, `project/name@sha256:…`; without a version, or with
    `@latest`, the newest.

    A version never changes; aliases and stages move, and who moved them, when and from where is kept. Bytes are opaque: they are digested,
    kept and given back, never loaded or run, whatever format they are in.

    >>> import mlplat as mp
    >>> from mlplat.platform.identity import IdentityProvider
    >>> sim = mp.Simulation()
    >>> identity = IdentityProvider(sim)
    >>> admin = identity.admin
    >>> project = identity.create_project("shop", owner=admin, actor=admin)
    >>> models = ModelRegistry(sim, identity)
    >>> models.set_rules("shop/churn", "@champion", ["auc >= 0.8"], actor=admin)
    >>> for number, auc in enumerate([0.85, 0.75]):
    ...     version = models.register("shop/churn", b"weights %d" % number, metrics={"auc": auc}, run=f"run:shop/{number}", actor=admin)
    >>> bool(models.promote("shop/churn@1", "@champion", actor=admin))
    True
    >>> print(models.promote("shop/churn@2", "@champion", actor=admin))
    shop/churn@2 is not promoted to @champion
      failed: auc >= 0.8 (auc is 0.75)
    >>> models.load("shop/churn@champion", actor=admin)
    b'weights 0'
    """

    def _capabilities(self) -> Mapping[str, Mapping[str, Mark]]:
        return {"Model Registry": marks("s7 s8 s10 R11 R15 s16 R17")}
