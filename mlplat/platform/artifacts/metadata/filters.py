"""The filter language of searches: `metrics.auc > 0.8 and params.model = 'tree'`, as MLflow's, with `or`, `not` and brackets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ....errors import MlplatError, printable
from .runs import RunStatus

LONGEST, DEEPEST = 10_000, 50
"""Characters of a filter, and levels of brackets, that are taken."""
FAMILIES: Mapping[str, str] = {
    "metrics": "metrics",
    "metric": "metrics",
    "params": "parameters",
    "param": "parameters",
    "parameters": "parameters",
    "tags": "tags",
    "tag": "tags",
    "resources": "resources",
    "environment": "environment",
    "attributes": "attributes",
    "attribute": "attributes",
}
ATTRIBUTES: Mapping[str, type] = {
    "run": str,
    "project": str,
    "name": str,
    "status": str,
    "principal": str,
    "numerics": str,
    "origin": str,
    "seed": float,
    "started": float,
    "ended": float,
    "revision": float,
}
"""What can be asked without a family, and whether it is text or a number."""
_STATUSES = tuple(status.value for status in RunStatus)
_TOKEN = re.compile(
    r"""\s*(?:(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))|(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
    r"""|(?P<quoted>`[^`]+`)|(?P<word>[^\W\d][\w\-]*)|(?P<sign><=|>=|!=|==|<>|[=<>(),.]))""",
    re.ASCII | re.DOTALL,
)
_KEYWORDS = frozenset({"and", "or", "not", "in", "like", "ilike", "is", "null", "true", "false"})
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_SAME = {"==": "=", "<>": "!="}
Fields = Mapping[str, Mapping[str, Any]]
Condition = Callable[[Fields], bool]


class FilterError(MlplatError):
    """A filter cannot be read. Attributes: `text`, `column` (from 1), `expected`."""

    def __init__(self, text: str, column: int, problem: str, expected: str = "") -> None:
        self.text, self.column, self.expected = text, column, expected
        near = printable(text[max(0, column - 1) : column + 29])
        super().__init__(
            f"filter, column {column}: {problem}" + (f" at {near!r}" if near else "") + (f"; expected {expected}" if expected else "")
        )


class _Token(NamedTuple):
    kind: str
    value: Any
    column: int


def parse_filter(text: str) -> Condition:
    """The condition that a filter states, of `{"metrics": {…}, "parameters": {…}, "tags": {…}, "attributes": {…}, …}`.

    A comparison with what a run does not have, or has as something else, does not hold; `is null` asks for that. Numbers compare with
    numbers and text with text; `like` takes `%` and `_` and minds case, `ilike` does not. An empty filter holds for every run.
    Raises FilterError.

    >>> good = parse_filter("metrics.auc > 0.8 and (params.model = 'tree' or not params.depth in (3, 4))")
    >>> good({"metrics": {"auc": 0.9}, "parameters": {"model": "tree"}})
    True
    >>> parse_filter("metrics.auc > 'high'")
    Traceback (most recent call last):
    mlplat.platform.artifacts.metadata.filters.FilterError: filter, column 15: metrics are numbers at "'high'"; expected a number
    """
    if not isinstance(text, str):
        raise FilterError("", 1, f"a {type(text).__name__}", "text")
    if len(text) > LONGEST:
        raise FilterError(text, LONGEST, f"{len(text):,} characters", f"at most {LONGEST:,}")
    parser = _Parser(text)
    if parser.now.kind == "end":
        return lambda fields: True
    condition = parser.alternatives(DEEPEST)
    if parser.now.kind != "end":
        parser.fail("something follows the end of the condition", "'and', 'or' or nothing")
    return condition


def field_of(text: str) -> tuple[str, str, bool]:
    """Family, name and whether it falls, of an order such as `metrics.auc desc`. Raises FilterError."""
    if not isinstance(text, str):
        raise FilterError("", 1, f"a {type(text).__name__}", "text, such as 'metrics.auc desc'")
    parser = _Parser(text)
    family, name, _ = parser.field()
    word = parser.take("name", "asc", "desc", "ASC", "DESC")
    if parser.now.kind != "end":
        parser.fail("something follows the name", "'asc', 'desc' or nothing")
    return family, name, word is not None and word.value.lower() == "desc"


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise FilterError(text, at + 1, "nothing that a filter is made of", "a name, a number, 'text' or a comparison")
        kind = match.lastgroup or ""
        value: Any = match[kind]
        column = match.start(kind) + 1
        if kind == "number":
            value = float(value) if any(c in value for c in ".eE") else int(value)
            if isinstance(value, float) and value - value != 0.0:
                raise FilterError(text, column, "a number beyond all bounds")
        elif kind == "text":
            value = re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL)
        elif kind == "quoted":
            kind, value = "name", value[1:-1]
        elif kind == "word":
            low = value.lower()
            kind, value = ("key", low) if low in _KEYWORDS else ("name", value)
        found.append(_Token(kind, _SAME.get(value, value) if kind == "sign" else value, column))
        at = match.end()
    found.append(_Token("end", "", len(text) + 1))
    return found


class _Parser:
    """Recursive descent: alternatives of conjunctions of negations of comparisons."""

    def __init__(self, text: str) -> None:
        self.text, self.tokens, self.place = text, _tokens(text), 0

    @property
    def now(self) -> _Token:
        return self.tokens[self.place]

    def fail(self, problem: str, expected: str = "", token: _Token | None = None) -> None:
        raise FilterError(self.text, (token or self.now).column, problem, expected)

    def take(self, kind: str, *values: str) -> _Token | None:
        """The token in turn, if it is this."""
        token = self.now
        if token.kind != kind or (values and token.value not in values):
            return None
        self.place += 1
        return token

    def need(self, kind: str, expected: str, *values: str) -> _Token:
        token = self.take(kind, *values)
        if token is None:
            self.fail("the filter ends" if self.now.kind == "end" else "something else", expected)
        assert token is not None
        return token

    def alternatives(self, levels: int) -> Condition:
        parts = [self.conjunction(levels)]
        while self.take("key", "or"):
            parts.append(self.conjunction(levels))
        return parts[0] if len(parts) == 1 else lambda fields: any(part(fields) for part in parts)

    def conjunction(self, levels: int) -> Condition:
        parts = [self.negation(levels)]
        while self.take("key", "and"):
            parts.append(self.negation(levels))
        return parts[0] if len(parts) == 1 else lambda fields: all(part(fields) for part in parts)

    def negation(self, levels: int) -> Condition:
        negated = False
        while self.take("key", "not"):
            negated = not negated
        if self.take("sign", "("):
            if levels == 0:
                self.fail(f"more than {DEEPEST} levels of brackets")
            inner = self.alternatives(levels - 1)
            self.need("sign", "')'", ")")
        else:
            inner = self.comparison()
        return (lambda fields: not inner(fields)) if negated else inner

    def comparison(self) -> Condition:
        family, name, kind = self.field()

        def value(fields: Fields) -> Any:
            return fields.get(family, {}).get(name)

        if self.take("key", "is"):
            wanted = self.take("key", "not") is None
            self.need("key", "'null'", "null")
            return lambda fields: (value(fields) is None) is wanted
        wanted = self.take("key", "not") is None
        if self.take("key", "in"):
            self.need("sign", "'('", "(")
            options = [self.literal(kind, family, name)]
            while self.take("sign", ","):
                options.append(self.literal(kind, family, name))
            self.need("sign", "',' or ')'", ")")
            return lambda fields: (
                value(fields) is not None and any(_alike(value(fields), each) and value(fields) == each for each in options) is wanted
            )
        like = self.take("key", "like", "ilike")
        if like:
            if kind is float:
                self.fail(f"{family}.{name} is a number", "a comparison of numbers", like)
            pattern = _pattern(self.need("text", "'text'").value, ignore_case=like.value == "ilike")
            return lambda fields: isinstance(value(fields), str) and (pattern.fullmatch(value(fields)) is not None) is wanted
        if not wanted:
            self.fail("something else", "'in', 'like' or 'ilike'")
        sign = self.need("sign", "=, !=, <, <=, >, >=, in, like or is", *_COMPARE)
        compare = _COMPARE[sign.value]
        literal = self.literal(kind, family, name)
        if isinstance(literal, bool) and sign.value not in ("=", "!="):
            self.fail("true and false have no order", "= or !=", sign)
        return lambda fields: _alike(value(fields), literal) and compare(value(fields), literal)

    def field(self) -> tuple[str, str, type | None]:
        """Family and name of what is asked for, and of which type it is; None where that is open."""
        first = self.need("name", "a name, such as metrics.auc")
        if not self.take("sign", "."):
            if first.value not in ATTRIBUTES:
                self.fail(f"no attribute {printable(first.value[:40])!r}", ", ".join(ATTRIBUTES) + ", metrics.…, params.… or tags.…", first)
            return "attributes", first.value, ATTRIBUTES[first.value]
        family = FAMILIES.get(first.value, "")
        if not family:
            self.fail(f"no family {printable(first.value[:40])!r}", ", ".join(dict.fromkeys(FAMILIES.values())), first)
        name = self.take("text") or self.need("name", "the name of one, `quoted` where it is no word")
        while name.kind == "name" and self.take("sign", "."):
            name = _Token("name", f"{name.value}.{self.need('name', 'a name').value}", name.column)
        if family == "attributes" and name.value not in ATTRIBUTES:
            self.fail(f"no attribute {printable(name.value[:40])!r}", ", ".join(ATTRIBUTES), name)
        return family, name.value, {"metrics": float, "tags": str, "attributes": ATTRIBUTES.get(name.value)}.get(family)

    def literal(self, kind: type | None, family: str, name: str) -> Any:
        token = self.take("number") or self.take("text")
        if token is None:
            word = self.need("key", "a number, 'text', true or false", "true", "false")
            token = _Token("truth", word.value == "true", word.column)
        if kind is float and token.kind != "number":
            self.fail("metrics are numbers" if family == "metrics" else "this is a number", "a number", token)
        if kind is str and token.kind != "text":
            self.fail("this is text", "'text'", token)
        if (family, name) == ("attributes", "status") and token.value not in _STATUSES:
            self.fail(f"no status {printable(token.value[:40])!r}", ", ".join(_STATUSES), token)
        return token.value


def _alike(found: Any, literal: Any) -> bool:
    if isinstance(found, bool) or isinstance(literal, bool):
        return isinstance(found, bool) and isinstance(literal, bool)
    if isinstance(literal, str):
        return isinstance(found, str)
    return isinstance(found, (int, float))


def _pattern(text: str, *, ignore_case: bool) -> re.Pattern[str]:
    """`%` stands for any text, `_` for one character."""
    parts = {"%": ".*", "_": "."}
    return re.compile("".join(parts.get(c) or re.escape(c) for c in text), re.DOTALL | (re.IGNORECASE if ignore_case else 0))
