"""`ImageRegistry`: layered images by digest and tag, shared, pulled and kept while somebody names them."""

from __future__ import annotations

from collections.abc import Mapping

from ...capabilities.table import Mark, marks
from .looking import Looking
from .publishing import Publishing
from .pulling import Pulling
from .removing import Removing
from .tagging import Tagging


class ImageRegistry(Publishing, Tagging, Pulling, Looking, Removing):
    """The images of a platform, by `project/name@digest` or `project/name@tag`.

    An image is its manifest and never changes; tags move, and what they pointed to is kept. The version of an image in grants is its
    digest: `image:shop/train@sha256:…` (`ImageVersion.resource`). What a layer holds is not kept, only its digest and size: nothing of an
    image is ever run by the registry.

    >>> import mlplat as mp
    >>> from mlplat.platform.artifacts.images import Manifest
    >>> from mlplat.platform.identity import IdentityProvider
    >>> sim = mp.Simulation()
    >>> identity = IdentityProvider(sim)
    >>> project = identity.create_project("shop", owner=identity.admin, actor=identity.admin)
    >>> images = ImageRegistry(sim, identity)
    >>> base, code = mp.infra.virtualization.Layer.of("python", 900), mp.infra.virtualization.Layer.of("train.py", 1)
    >>> version = images.publish("shop/train", Manifest((base, code), entry="train.py"), tags=["v1"], actor=identity.admin)
    >>> pull = images.pull("shop/train@v1", have=[base.digest], actor=identity.admin)
    >>> pull.digest == version.digest, pull.size_mib
    (True, 1)
    """

    def _capabilities(self) -> Mapping[str, Mapping[str, Mark]]:
        return {"Image Registry": marks("s5 s7 s8 R11 R15 s16 R17")}
