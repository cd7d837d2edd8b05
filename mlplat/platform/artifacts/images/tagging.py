"""Tags of images, and which of them do not move."""

from __future__ import annotations

from collections.abc import Iterable

from ....errors import OptionError, UnknownNameError, printable
from ...component import call
from ...identity.authorization import Actor
from ...identity.rights import Right
from ...references import whole_name
from .calls import ImageCalls
from .tags import check_patterns, is_fixed
from .versions import ImageVersion


class Tagging(ImageCalls):
    """Images, as far as they are named."""

    @call(Right.WRITE)
    def tag(self, version: str, *tags: str, actor: Actor) -> ImageVersion:
        """Let tags point to an image, given by its digest or another tag. Nothing happens where they do already.

        Events `alias.moved` {kind, alias, before, after}. Raises UnknownNameError; OptionError for a tag that does not move.
        """
        found = self._find(version, actor)
        self._check_tags(found.name, tags, found.digest)
        self._move(found.name, tags, found.digest, actor)
        return self._find(found.reference, actor)

    @call(Right.WRITE)
    def untag(self, name: str, tag: str, *, actor: Actor) -> None:
        """Let a tag point to nothing. Raises UnknownNameError; OptionError for a tag that does not move."""
        path = whole_name(name).path
        repository = self._catalogue.get(path)
        if tag not in repository.tags:
            raise UnknownNameError("tag", printable(str(tag)[:80]), repository.tags)
        if is_fixed(tag, repository.fixed):
            raise OptionError(f"tag {tag!r} of {path} does not move")
        self._move(path, [tag], None, actor)

    @call(Right.ADMIN)
    def fix_tags(self, name: str, patterns: Iterable[str], *, actor: Actor) -> None:
        """Let tags that match one of these patterns, such as `v*`, move no more from what they point to, now or once they are set, even if
        that is deleted; `[]` for none.

        Raises OptionError, UnknownNameError.
        """
        path = whole_name(name).path
        if path not in self._catalogue.repositories:
            raise UnknownNameError("image", path, ())
        self._keep(self._record("fixed", actor, name=path, patterns=check_patterns(patterns)))
