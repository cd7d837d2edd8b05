"""A platform with nothing in it but a project."""

from __future__ import annotations

import mlplat as mp
from mlplat.platform.identity import Principal


class Shop:
    """A platform with a project whose owner is ada."""

    def __init__(self) -> None:
        self.platform = mp.Platform()
        self.ada = self.user("ada")
        self.platform.identity.create_project("shop", owner=self.ada, actor=self.platform.admin)

    def user(self, name: str) -> Principal:
        """Somebody else."""
        return self.platform.identity.create_user(name, actor=self.platform.admin)
