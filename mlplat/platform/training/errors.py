"""What can go wrong while a model is trained."""

from __future__ import annotations

from ...errors import MlplatError


class TrainingError(MlplatError):
    """The data does not determine the model that was asked for; the text says which feature or what to change."""


class NotFittedError(MlplatError):
    """A model was asked before it was trained."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(f"{kind}: not trained yet; call fit(X, y), or read it with from_parts")
