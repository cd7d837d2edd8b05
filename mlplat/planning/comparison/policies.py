"""What is compared: queue and placement policies, written `easy/fgd`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ...errors import OptionError, printable
from ...infra.placement import placement_policy
from ...infra.queueing import queue_policy


class Policy(NamedTuple):
    """A queue policy and a placement policy, by their names."""

    queue: str
    placement: str

    def __str__(self) -> str:
        return f"{self.queue}/{self.placement}"


def read_policies(given: str | Iterable[str], placement: str = "best-fit") -> list[Policy]:
    """The policies of texts such as `fifo/best-fit`, or of one text with commas; `placement` where a text names none.

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
        queue_policy(queue)
        placement_policy(place or placement)
        policy = Policy(queue, place or placement)
        if policy in found:
            raise OptionError(f"policies: {policy} is there twice")
        found.append(policy)
    if len(found) < 2:
        raise OptionError(f"policies: {len(found)} given; expected at least two, such as fifo/best-fit,easy/fgd")
    return found
