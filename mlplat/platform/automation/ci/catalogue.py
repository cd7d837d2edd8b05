"""The state of CI: its runs, and whose pushes it tests; a fold of its journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from ...record_shapes import ensure
from ...references import Reference, is_commit
from ...work.outcomes import Outcome
from .runs import CIRun


class Watched(NamedTuple):
    """A repository whose pushes are tested: by which service account (id), as which file says, in which zone (empty: the pusher's)."""

    account: str
    definition: str
    zone: str


class Catalogue:
    """All runs."""

    def __init__(self) -> None:
        self.watched: dict[str, Watched] = {}
        self.runs: dict[str, list[CIRun]] = {}
        """By repository, in order of their numbers, which start at 1."""
        self._of_commit: dict[tuple[str, str], list[int]] = {}

    def apply(self, record: Mapping[str, Any]) -> None:
        """Change the state as a record says."""
        name = record["name"]
        ensure(Reference.parse(name).path == name, f"{name}: expected the name of a repository")
        match record["what"]:
            case "enabled":
                self.watched[name] = Watched(record["account"], record["definition"], record["zone"])
            case "disabled":
                del self.watched[name]
            case "queued":
                runs = self.runs.setdefault(name, [])
                ensure(record["number"] == len(runs) + 1 and is_commit(record["commit"]), "not the next run, or of no commit")
                kept = {key: record[key] for key in ("number", "commit", "branch", "zone")}
                runs.append(CIRun(name, **kept, creator=record["actor"], on_behalf_of=record["behalf"], created_s=record["time"]))
                self._of_commit.setdefault((name, record["commit"]), []).append(record["number"])
            case "finished":
                runs = self.runs.get(name, [])
                ensure(0 < record["number"] <= len(runs), "a run that was not begun")
                run = runs[record["number"] - 1]
                ensure(not run.over, "a run that is over")
                told = {key: record[key] for key in ("reason", "error", "image", "tries", "results")}
                cases = {key: tuple(record[key]) for key in ("passed", "failed", "skipped")}
                runs[run.number - 1] = replace(run, **told, **cases, outcome=Outcome(record["outcome"]), ended_s=record["time"])

    def of_commit(self, name: str, commit: str) -> CIRun | None:
        """The newest run of a commit."""
        numbers = self._of_commit.get((name, commit))
        return self.runs[name][numbers[-1] - 1] if numbers else None

    def found_out(self, name: str, commit: str) -> CIRun | None:
        """The newest run that tells whether a commit is right."""
        runs = [self.runs[name][number - 1] for number in self._of_commit.get((name, commit), ())]
        return next((run for run in reversed(runs) if run.outcome in (Outcome.SUCCESS, Outcome.FAILURE)), None)

    def open(self) -> list[CIRun]:
        """Runs that are not over."""
        return [run for name in sorted(self.runs) for run in self.runs[name] if not run.over]

    def contents(self) -> Iterator[str]:
        """Digests of all results."""
        return (run.results for runs in self.runs.values() for run in runs if run.results)
