"""The stores of a platform that capsules are made of and taken into."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ...identity.provider import IdentityProvider
    from ..data import DataStore
    from ..images import ImageRegistry
    from ..metadata import MetadataStore
    from ..models import ModelRegistry
    from ..scm import SCM


class Stores(NamedTuple):
    """All over one store, in one simulation."""

    identity: IdentityProvider
    scm: SCM
    data: DataStore
    images: ImageRegistry
    models: ModelRegistry
    metadata: MetadataStore
