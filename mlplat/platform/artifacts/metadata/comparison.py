"""`Comparison`: two runs side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ....errors import printable
from ....html_tables import table
from .runs import Run

if TYPE_CHECKING:
    import polars as pl


class Difference(NamedTuple):
    """One thing about two runs; None where a run does not have it. `kind`: parameter, metric, environment, input, output or run."""

    kind: str
    name: str
    a: Any
    b: Any

    @property
    def same(self) -> bool:
        """Whether both have it alike."""
        return type(self.a) is type(self.b) and bool(self.a == self.b)

    @property
    def change(self) -> float | None:
        """`b` less `a` where both are numbers."""
        numbers = [value for value in (self.a, self.b) if isinstance(value, (int, float)) and not isinstance(value, bool)]
        return float(numbers[1] - numbers[0]) if len(numbers) == 2 else None


class Comparison(NamedTuple):
    """All that is known of two runs, row by row, sorted by kind and name."""

    a: Run
    b: Run
    rows: tuple[Difference, ...]

    @property
    def different(self) -> tuple[Difference, ...]:
        """The rows in which they are not alike."""
        return tuple(row for row in self.rows if not row.same)

    def of(self, kind: str) -> Mapping[str, tuple[Any, Any]]:
        """The rows of a kind by name: (a, b)."""
        return {row.name: (row.a, row.b) for row in self.rows if row.kind == kind}

    def to_polars(self) -> pl.DataFrame:
        """A row for each: kind, name, a, b (as text), same, change."""
        import polars as pl

        rows = [(row.kind, row.name, _text(row.a), _text(row.b), row.same, row.change) for row in self.rows]
        schema = {"kind": pl.String, "name": pl.String, "a": pl.String, "b": pl.String, "same": pl.Boolean, "change": pl.Float64}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def __str__(self) -> str:
        lines = [f"{self.a.resource} and {self.b.resource}: {len(self.different)} of {len(self.rows)} differ"]
        lines += [f"  {row.kind} {printable(row.name)}: {_text(row.a) or '-'} | {_text(row.b) or '-'}" for row in self.different]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [(row.kind, row.name, _text(row.a), _text(row.b)) for row in self.different]
        return table(("", "", self.a.resource, self.b.resource), rows)


def compared(a: Run, b: Run) -> Comparison:
    """Two runs side by side."""
    left, right = _facts(a), _facts(b)
    return Comparison(a, b, tuple(Difference(*key, left.get(key), right.get(key)) for key in sorted(left.keys() | right.keys())))


def _facts(run: Run) -> dict[tuple[str, str], Any]:
    facts: dict[tuple[str, str], Any] = {
        ("run", "status"): run.status.value,
        ("run", "seed"): run.seed,
        ("run", "numerics"): run.numerics.value,
        ("run", "duration_s"): run.duration_s,
        ("run", "principal"): run.principal,
    }
    facts |= {("parameter", name): value for name, value in run.parameters.items()}
    facts |= {("metric", name): value for name, value in run.metrics.items()}
    facts |= {("environment", name): value for name, value in run.environment.items()}
    facts |= {("input", role): one.resource for role, one in run.inputs.items()}
    facts |= {("output", role): one.resource for role, one in run.outputs.items()}
    return facts


def _text(value: Any) -> str | None:
    return None if value is None else printable(str(value))
