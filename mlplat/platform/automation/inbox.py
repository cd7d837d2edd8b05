"""`Inbox`: what automatic components tell the members of a project, each of them once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final, NamedTuple

from ...errors import printable
from ..artifacts.wording import check_words
from ..component import Component, call, call_of_anybody, principal_of
from ..identity.authorization import Actor
from ..identity.principals import PrincipalKind
from ..identity.provider import IdentityProvider
from ..identity.rights import Right
from ..record_shapes import NUMBER, TEXT, TEXTS, Shape
from ..references import check_project
from .listing import Listing

MOST: Final = 10_000
"""Characters of a message."""


class Message(NamedTuple):
    """What somebody was told: of a `project`, `about` something (as in events), at `time` (s), by `sender` (an id)."""

    time: float
    project: str
    about: str
    text: str
    sender: str

    def __str__(self) -> str:
        return f"{self.time:g} s, {self.project}: {printable(self.text)}"


class Messages(Listing[Message]):
    """Messages, the oldest first."""

    __slots__ = ()
    HEADS = ("time", "project", "about", "text", "sender")


class Inbox(Component):
    """The inboxes of all who belong to projects. What is told to a project goes to those who are members at that instant, those of its
    groups included, and to nobody else; service accounts are told nothing.

    >>> import mlplat as mp
    >>> platform = mp.Platform()
    >>> inbox = platform.inbox
    >>> ada, bob = (platform.identity.create_user(name, actor=platform.admin) for name in ("ada", "bob"))
    >>> project = platform.identity.create_project("shop", owner=ada, actor=platform.admin)
    >>> inbox.post("shop", "the cluster is back", actor=ada)
    1
    >>> inbox.messages(actor=ada), inbox.messages(actor=bob)
    (0 s, shop: the cluster is back, nothing)
    """

    KIND: ClassVar[str] = "project"
    SOURCE: ClassVar[str] = "inbox"
    _RECORDS: ClassVar[Mapping[str, Mapping[str, Shape]]] = {
        "told": {"time": NUMBER, "actor": TEXT, "project": TEXT, "to": TEXTS, "about": TEXT, "text": TEXT},
    }

    def __init__(self, sim: Any, identity: IdentityProvider, store: Any = None) -> None:
        self._identity = identity
        super().__init__(sim, identity, store)

    @call_of_anybody
    def messages(self, *, project: str | None = None, actor: Actor) -> Messages:
        """What the caller was told, the oldest first; `project`: of this one only. With a token that is for something narrower, what was
        told to projects that it reads. Raises OptionError.
        """
        wanted = None if project is None else check_project(project)
        found = [each for each in self._told.get(principal_of(actor).id, ()) if wanted in (None, each.project)]
        if self._authorization.caller(actor).is_narrow:
            found = [each for each in found if self._may_read(actor, f"project:{each.project}")]
        return Messages(found)

    @call(Right.WRITE)
    def post(self, project: str, text: str, *, actor: Actor) -> int:
        """Tell the members of a project something. Returns how many were told. Event `metadata.recorded`. Raises UnknownNameError,
        OptionError.
        """
        self._check_project(check_project(project), actor)
        told = self._tell(project, f"project:{project}", check_words(text, "text", MOST), actor)
        self._emit(f"project:{project}", "metadata.recorded", actor, {"kind": "message", "told": told})
        return told

    # -- inside

    def _begin(self) -> None:
        self._told: dict[str, list[Message]] = {}

    def _apply(self, record: Mapping[str, Any]) -> None:
        message = Message(record["time"], record["project"], record["about"], record["text"], record["actor"])
        for member in record["to"]:
            self._told.setdefault(member, []).append(message)

    def _contents(self) -> Iterable[str]:
        return ()

    def _tell(self, project: str, about: str, text: str, sender: Actor) -> int:
        """Tell the members of a project, who can read all that is in it. For other components: unchecked."""
        people = self._people(project)
        if people:
            self._keep(self._record("told", sender, project=project, to=people, about=about, text=text[:MOST]))
        return len(people)

    def _people(self, project: str) -> list[str]:
        """Ids of the living who belong to a project, by themselves or in a group, in the order in which they came."""
        directory = self._authorization.directory
        found: dict[str, None] = {}
        for grant in self._identity._memberships(project):
            principal = directory.get(grant.grantee)
            members = (
                directory.members(grant.grantee) if principal is not None and principal.kind is PrincipalKind.GROUP else [grant.grantee]
            )
            found.update(dict.fromkeys(members))
        callers = directory.callers
        return [each for each in found if each in callers and callers[each].kind is not PrincipalKind.SERVICE_ACCOUNT]
