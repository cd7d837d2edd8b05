"""What can be wrong with a capsule, and with a model of which there can be none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ....errors import MlplatError, printable
from ..metadata.missing import MissingLink


class CapsuleError(MlplatError):
    """A capsule is not taken; nothing of it was stored. Attributes: `member`, the part of the file where it is wrong, and `problem`."""

    def __init__(self, member: str, problem: str) -> None:
        self.member, self.problem = member, problem
        super().__init__(f"capsule, {printable(member)[:200]}: {problem[:1000]}")


class IncompleteLineageError(MlplatError):
    """A model is not given away, since not all that it was made of is known. Attributes: `model`, `missing` (`MissingLink`)."""

    def __init__(self, model: str, missing: Iterable[MissingLink]) -> None:
        self.model, self.missing = model, tuple(missing)
        super().__init__(f"the lineage of {printable(model)} is not complete: " + "; ".join(map(str, self.missing))[:2000])


@contextmanager
def blaming(member: str) -> Iterator[None]:
    """A `with` block that reads what somebody else wrote: whatever it stumbles over becomes a CapsuleError of this member."""
    try:
        yield
    except CapsuleError:
        raise
    except MlplatError as error:
        raise CapsuleError(member, str(error)) from None
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # a panic of polars is no Exception
        raise CapsuleError(member, f"cannot be read: {type(error).__name__}: {printable(str(error))[:200]}") from None
