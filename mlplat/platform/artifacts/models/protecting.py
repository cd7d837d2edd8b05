"""Protecting and deleting versions of models."""

from __future__ import annotations

from ....errors import UnknownNameError, printable
from ...component import call
from ...identity.authorization import Actor
from ...identity.rights import Right
from ..referrers import ReferencedError
from ..withholding import referrers_shown
from ..wording import check_words
from .calls import ModelCalls
from .versions import ModelVersion


class Protecting(ModelCalls):
    """Models, as far as they are kept and given up."""

    @call(Right.DEPLOY)
    def protect(self, ref: str, by: str, *, zone: str = "", actor: Actor) -> ModelVersion:
        """Keep a version from being deleted while `by`, such as a deployment, needs it. Raises UnknownNameError, OptionError."""
        return self._protect(ref, by, True, actor)

    @call(Right.DEPLOY)
    def unprotect(self, ref: str, by: str, *, zone: str = "", actor: Actor) -> ModelVersion:
        """`by` needs a version no longer. Raises UnknownNameError, also where it did not need it."""
        version = self._find(ref, actor)
        if by not in version.protected_by:
            raise UnknownNameError("protection", printable(str(by)[:80]), self._shown(version, actor).protected_by)
        return self._protect(ref, by, False, actor)

    @call(Right.ADMIN)
    def delete(self, ref: str, *, actor: Actor) -> None:
        """Take a version out; its number is not given again. Event `artifact.deleted`.

        Raises ReferencedError where an alias points to it, something protects it, or a record or deployment names it; UnknownNameError.
        """
        version = self._find(ref, actor)
        named = {f"alias:{version.name}@{alias}" for alias in version.aliases}
        named.update(version.protected_by)
        named.update(referrers_shown(self._authorization, actor, self._referrers.of(version.resource)))
        if named:
            raise ReferencedError(version.resource, sorted(named))
        self._keep(self._record("deleted", actor, name=version.name, version=version.version))
        self._emit(version.resource, "artifact.deleted", actor, {"kind": self.KIND, "digest": version.digest})

    def _protect(self, ref: str, by: str, held: bool, actor: Actor) -> ModelVersion:
        version = self._find(ref, actor)
        if (check_words(by, "by", 250) in version.protected_by) != held:
            self._keep(self._record("protected", actor, name=version.name, version=version.version, by=by, held=held))
        return self._shown(self._find(str(version), actor), actor)
