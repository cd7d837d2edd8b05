"""`Repository`: what the SCM knows of one repository, and the values that its calls answer with."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ....errors import UnknownNameError, printable
from ...record_shapes import ensure
from .object_store import ObjectStore

_PREFIX = re.compile(r"[0-9a-f]{4,40}")
GREEN = "success"
OUTCOMES = (GREEN, "failure", "error", "pending", "cancelled")


class Status(NamedTuple):
    """What somebody found out about a commit: `context`, such as `ci`; `outcome`, one of `OUTCOMES`; `reporter`: an id; `time`: s."""

    context: str
    outcome: str
    description: str
    reporter: str
    time: float


class Protection(NamedTuple):
    """What a branch asks of a commit: green statuses `contexts`, reported by one of `reporters` (ids; empty for anybody who may write),
    and a change with `approvals`."""

    contexts: tuple[str, ...]
    approvals: int
    reporters: tuple[str, ...]


class Review(NamedTuple):
    """The verdict of a reviewer (an id) on a commit: `approve` or `request_changes`."""

    reviewer: str
    verdict: str
    comment: str
    commit: str
    time: float


class ChangeRequest(NamedTuple):
    """A proposal to merge branch `source` into branch `target`. `state`: `open`, `merged` or `abandoned`; `merged`: the id of the commit
    that it became."""

    number: int
    source: str
    target: str
    title: str
    description: str
    creator: str
    created_s: float
    state: str = "open"
    reviews: tuple[Review, ...] = ()
    merged: str = ""

    def __str__(self) -> str:
        return f"change {self.number}: {self.source} into {self.target}, {self.state}: {printable(self.title)}"


class Candidate(NamedTuple):
    """A merge commit that was made to be tested: of heads `ours` and `theirs`."""

    ours: str
    theirs: str


class Bundle(NamedTuple):
    """Objects to carry elsewhere: `head`, the id of a commit, and framed objects."""

    head: str
    frames: tuple[bytes, ...]


class Repository:
    """Objects, branches, tags, statuses, protections and changes of a repository."""

    def __init__(self, path: str, default_branch: str) -> None:
        self.path, self.default_branch = path, default_branch
        self.objects = ObjectStore()
        self.branches: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        """By name the id of a commit or of an annotated tag."""
        self.tagged: dict[str, str] = {}
        """By name the id of the commit that the tag leads to."""
        self.statuses: dict[str, dict[str, Status]] = {}
        self.protections: dict[str, Protection] = {}
        self.changes: list[ChangeRequest] = []
        self.candidates: dict[Candidate, str] = {}
        self.pushers: dict[str, str] = {}
        """Of each head that was pushed, who did."""

    def resolve(self, version: str) -> str | None:
        """The id of the commit that a version names: a branch, a tag, an id or the beginning of one; None for none, or several."""
        found = self.branches.get(version) or self.tagged.get(version)
        if found is None and _PREFIX.fullmatch(version):
            if len(version) == 40:
                return version if version in self.objects.links else None
            fitting = [commit for commit in self.objects.links if commit.startswith(version)]
            found = fitting[0] if len(fitting) == 1 else None
        return found

    def commit(self, version: str) -> str:
        """The id of the commit that a version names. Raises UnknownNameError."""
        found = self.resolve(version)
        if found is None:
            raise UnknownNameError("branch, tag or commit", printable(version[:80]), [*self.branches, *self.tags])
        return found

    def branch(self, name: str) -> str:
        """The head of a branch. Raises UnknownNameError."""
        if name not in self.branches:
            raise UnknownNameError("branch", printable(str(name)[:80]), self.branches)
        return self.branches[name]

    def change(self, number: int) -> ChangeRequest:
        """A change by its number. Raises UnknownNameError."""
        if type(number) is not int or not 0 < number <= len(self.changes):
            raise UnknownNameError("change", printable(str(number)[:40]), map(str, range(1, len(self.changes) + 1)))
        return self.changes[number - 1]

    def apply(self, record: Any, frames: dict[str, bytes]) -> None:
        """Change the state as a record says that is not about whether there is a repository. `frames`: the objects of its pack."""
        if frames:
            self.objects.add(frames)
        links = self.objects.links
        match record["what"]:
            case "pushed":
                ensure(record["commit"] in links, "a commit that is not here")
                self.branches[record["branch"]] = record["commit"]
                self.pushers[record["commit"]] = record["actor"]
            case "imported":
                heads = *record["branches"].values(), *(commit for _, commit in record["tags"].values())
                ensure(all(head in links for head in heads), "a commit that is not here")
                ensure(all(number in self.objects for number, _ in record["tags"].values()), "a tag that is not here")
                self.branches.update(record["branches"])
                for name, (number, commit) in record["tags"].items():
                    self.tags[name], self.tagged[name] = number, commit
                self.pushers.update(dict.fromkeys(record["branches"].values(), record["actor"]))
                if record["default"]:
                    self.default_branch = record["default"]
            case "branch.deleted":
                del self.branches[record["branch"]]
            case "tagged":
                ensure(record["commit"] in links and record["target"] in self.objects, "a commit that is not here")
                self.tags[record["tag"]], self.tagged[record["tag"]] = record["target"], record["commit"]
            case "tag.deleted":
                del self.tags[record["tag"]], self.tagged[record["tag"]]
            case "candidate":
                ensure(all(record[name] in links for name in ("ours", "theirs", "commit")), "a commit that is not here")
                self.candidates[Candidate(record["ours"], record["theirs"])] = record["commit"]
            case "protected":
                rule = record["rule"]
                if rule is None:
                    self.protections.pop(record["branch"], None)
                else:
                    contexts, reporters = tuple(rule["contexts"]), tuple(rule["reporters"])
                    self.protections[record["branch"]] = Protection(contexts, rule["approvals"], reporters)
            case "status":
                ensure(record["commit"] in links, "a commit that is not here")
                status = Status(record["context"], record["outcome"], record["description"], record["actor"], record["time"])
                self.statuses.setdefault(record["commit"], {})[status.context] = status
            case "change.created":
                ensure(record["number"] == len(self.changes) + 1, "not the next change")
                named = {key: record[key] for key in ("number", "source", "target", "title", "description")}
                self.changes.append(ChangeRequest(**named, creator=record["actor"], created_s=record["time"]))
            case "change.reviewed":
                change = self.change(record["number"])
                review = Review(record["actor"], record["verdict"], record["comment"], record["commit"], record["time"])
                others = tuple(other for other in change.reviews if other.reviewer != review.reviewer)
                self.changes[change.number - 1] = change._replace(reviews=(*others, review))
            case "change.closed":
                change = self.change(record["number"])
                self.changes[change.number - 1] = change._replace(state=record["state"], merged=record["commit"])
