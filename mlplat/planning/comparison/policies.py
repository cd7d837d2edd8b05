"""What is compared: queue and placement policies, written `easy/fgd`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ...errors import OptionError, printable
from ...infra.placement import PLACEMENTS, PlacementPolicy, placement_policy
from ...infra.queueing import QUEUES, QueuePolicy, queue_policy

Own = Mapping[str, QueuePolicy | PlacementPolicy]
"""Policies of a user's own, by the names that they have in a comparison."""


class Policy(NamedTuple):
    """A queue policy and a placement policy, by their names."""

    queue: str
    placement: str

    def __str__(self) -> str:
        return f"{self.queue}/{self.placement}"


def read_policies(given: str | Iterable[str], placement: str = "best-fit", own: Own | None = None) -> list[Policy]:
    """The policies of texts such as `fifo/best-fit`, or of one text with commas; `placement` where a text names none. Names may be of `own`
    ones.

    Raises OptionError for fewer than two or one that is there twice, UnknownNameError for a name that is not known.

    >>> [str(policy) for policy in read_policies("fifo, easy/fgd")]
    ['fifo/best-fit', 'easy/fgd']
    """
    texts = given.split(",") if isinstance(given, str) else list(given)
    found: list[Policy] = []
    for text in texts:
        if not isinstance(text, str):
            raise OptionError(f"policies: found {ascii(text)[:60]}; expected texts such as 'easy/fgd'")
        queue, sign, place = (part.strip() for part in text.partition("/"))
        if not queue or (sign and not place):
            raise OptionError(f"policies: {printable(text[:60])!r}; expected QUEUE/PLACEMENT, such as easy/fgd")
        queue_policy(_own(queue, own, QueuePolicy))
        placement_policy(_own(place or placement, own, PlacementPolicy))
        policy = Policy(queue, place or placement)
        if policy in found:
            raise OptionError(f"policies: {policy} is there twice")
        found.append(policy)
    if len(found) < 2:
        raise OptionError(f"policies: {len(found)} given; expected at least two, such as fifo/best-fit,easy/fgd")
    return found


def check_own(own: object) -> Own:
    """Raises OptionError for what are not policies by names that are still free."""
    if not isinstance(own, Mapping) or not all(isinstance(one, (QueuePolicy, PlacementPolicy)) for one in own.values()):
        raise OptionError("own: expected a mapping from names to policies, such as {'mine': CompiledPlacement(function)}")
    for name in own:
        if not isinstance(name, str) or not name.strip() or set(name) & set(",/") or name in QUEUES or name in PLACEMENTS:
            raise OptionError(f"own: {printable(str(name)[:60])!r}; expected a name without commas and slashes that no policy has yet")
    return own


def _own(name: str, own: Own | None, kind: type[QueuePolicy | PlacementPolicy]) -> object:
    """The policy of that name if it is an own one of the kind, else the name."""
    found = (own or {}).get(name)
    return found if isinstance(found, kind) else name
