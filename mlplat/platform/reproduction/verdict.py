"""`Verdict`: what came of making a model again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from ...errors import OptionError, printable
from ...html_tables import facts


class Outcome(StrEnum):
    """What a reproduction has shown."""

    REPRODUCED = "reproduced"
    """Lineage fingerprint and output digest are both equal."""
    OUTPUT_DIFFERS = "output_differs"
    """It was made of the same, and something else came out."""
    LINEAGE_DIFFERS = "lineage_differs"
    """It was not made of the same; an equal output alone is no reproduction."""
    NOT_REPRODUCIBLE = "not_reproducible"
    """Something that it was made of is missing, or cannot be used any more."""


class Difference(NamedTuple):
    """Where the two differ. `what`: a part of the fingerprint, a step's output as `step.output`, or a resource; as recorded and as found,
    empty for nothing."""

    what: str
    recorded: str
    found: str

    def __str__(self) -> str:
        return f"{printable(self.what)}: {printable(self.recorded) or 'nothing'} recorded, {printable(self.found) or 'nothing'} found"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of a reproduction.

    `model`: the version, `model:project/name@n`. `run`: by which it was made again, empty where nothing ran. `fingerprint`, `digest`: of
    lineage and output, as recorded; `found_fingerprint`, `found_digest`: of what was made, empty where nothing was. `missing`: links of the
    lineage that are not there. `differences`: the first step that differs comes first. `numerics`: what the recorded run has promised.
    `text`: what went wrong, in words. `version`: of this library.
    """

    model: str
    outcome: Outcome
    fingerprint: str
    digest: str
    found_fingerprint: str = ""
    found_digest: str = ""
    run: str = ""
    missing: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    numerics: str = ""
    text: str = ""
    version: str = ""

    def __bool__(self) -> bool:
        return self.outcome is Outcome.REPRODUCED

    @property
    def first_difference(self) -> Difference | None:
        """Where the two differ first."""
        return self.differences[0] if self.differences else None

    def to_json(self) -> dict[str, Any]:
        """A small record of it, to be given back to whom the model came from."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__} | {
            "outcome": self.outcome.value,
            "differences": [list(each) for each in self.differences],
            "missing": list(self.missing),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Verdict:
        """From `to_json`. Raises OptionError."""
        try:
            return cls(
                **{
                    **value,
                    "outcome": Outcome(value["outcome"]),
                    "missing": tuple(value["missing"]),
                    "differences": tuple(Difference(*each) for each in value["differences"]),
                }
            )
        except (KeyError, TypeError, ValueError):
            raise OptionError("verdict: expected what to_json gives") from None

    def __str__(self) -> str:
        lines = [f"{self.model}: {self.outcome}"]
        if self.text:
            lines[0] += f", {printable(self.text)}"
        if self.numerics and self.outcome is Outcome.OUTPUT_DIFFERS:
            lines[0] += f" (numerics: {self.numerics})"
        lines += [f"  missing: {printable(each)}" for each in self.missing]
        lines += [f"  {each}" for each in self.differences]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows: list[tuple[str, object]] = [("outcome", self.outcome), ("lineage", self.fingerprint), ("output", self.digest)]
        rows += [("found lineage", self.found_fingerprint), ("found output", self.found_digest)]
        rows += [("missing", each) for each in self.missing]
        rows += [(each.what, f"{each.recorded} | {each.found}") for each in self.differences]
        return facts([(name, value) for name, value in rows if value], title=self.model)
