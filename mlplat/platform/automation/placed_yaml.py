"""YAML files of a commit, read so that whatever is wrong in one is told with its file and line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ...errors import InputError, OptionError, UnknownNameError, printable
from ...hardware.yaml_text import Loader, load_yaml
from ...units import seconds

LARGEST: Final = 2**18
"""Bytes of a file."""
MOST: Final = 20_000
"""Values in a file."""
Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """A value in a file, and where it stands: `path` of the file, `place` in the document, `lines` of all places.

    >>> document = read_placed(b"packages:\\n- numpy\\n- 3\\n", "image.yaml")
    >>> [each.text("a requirement") for each in document.at("packages").rows("packages")]
    Traceback (most recent call last):
    mlplat.errors.InputError: image.yaml, line 3, column 'packages[1]': not text (found 3); expected a requirement
    """

    value: Any
    path: str
    place: Place
    lines: Mapping[Place, int]

    @property
    def line(self) -> int:
        """Counted from 1."""
        return self.lines[self.place]

    def wrong(self, problem: str, expected: str | None = None, *, shown: bool = False) -> InputError:
        """The error that says what is wrong here; `shown`: with the value."""
        return InputError(
            problem, path=self.path, line=self.line, column=_spoken(self.place), value=self.value if shown else None, expected=expected
        )

    def at(self, key: str | int) -> Placed:
        """A part of a mapping or list."""
        return Placed(self.value[key], self.path, (*self.place, key), self.lines)

    def has(self, key: str) -> bool:
        """Whether a mapping says something under a key."""
        return key in self.value and self.value[key] is not None

    def keys(self, known: Iterable[str], what: str) -> Placed:
        """Itself, a mapping with none but these keys; nothing at all is an empty one. Raises InputError."""
        names = tuple(known)
        if self.value is None:
            return Placed({}, self.path, self.place, self.lines)
        if not isinstance(self.value, dict):
            raise self.wrong(f"no {what}", f"a mapping with {', '.join(names)}")
        for key in self.value:
            if key not in names:
                problem = str(UnknownNameError(f"key of {what}", printable(str(key)[:60]), names))
                raise Placed(key, self.path, (*self.place, key), self.lines).wrong(problem)
        return self

    def rows(self, what: str) -> Iterator[Placed]:
        """The parts of a list; a single value is a list of one. Raises InputError."""
        if isinstance(self.value, dict) or self.value is None:
            raise self.wrong(f"{what}: no list", "a list")
        if not isinstance(self.value, list):
            yield self
            return
        for number in range(len(self.value)):
            yield self.at(number)

    def text(self, expected: str, most: int = 1000) -> str:
        """A line of text. Raises InputError for anything else, such as a number that is not in quotes."""
        if not isinstance(self.value, str):
            raise self.wrong("not text", expected, shown=True)
        if not self.value.strip() or len(self.value) > most or not self.value.isprintable():
            raise self.wrong(f"{len(self.value):,} characters", f"{expected}: one printable line of at most {most:,} characters")
        return self.value

    def seconds(self) -> float:
        """A duration (s). Raises InputError."""
        try:
            if isinstance(self.value, (bool, list, dict)):
                raise OptionError("not a duration")
            return seconds(self.value)
        except OptionError:
            raise self.wrong("not a duration", "seconds, or a form such as '90s' or '5m'", shown=True) from None

    def count(self, most: int) -> int:
        """A whole number from 0 to `most`. Raises InputError."""
        if type(self.value) is not int or not 0 <= self.value <= most:
            raise self.wrong("not a number that can be used", f"a whole number from 0 to {most:,}", shown=True)
        return self.value


def read_placed(content: bytes, path: str) -> Placed:
    """The document in a YAML file. Raises InputError with the line."""
    shown = printable(path)
    if len(content) > LARGEST:
        raise InputError(f"{len(content):,} bytes", path=shown, expected=f"at most {LARGEST:,}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"byte {error.start} is not UTF-8", path=shown, line=line, expected="a text file") from None
    value = load_yaml(text, path=shown)
    return Placed(value, shown, (), _lines(text, shown))


def _lines(text: str, path: str) -> dict[Place, int]:
    import yaml

    lines: dict[Place, int] = {(): 1}
    open_: list[tuple[Any, Place]] = [(yaml.compose(text, Loader=Loader), ())]
    constructor = Loader("")
    while open_:
        node, place = open_.pop()
        if len(lines) > MOST:
            raise InputError(f"more than {MOST:,} values", path=path, expected="a smaller file")
        if node is None:
            continue
        lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.SequenceNode):
            open_ += [(part, (*place, number)) for number, part in enumerate(node.value)]
        elif isinstance(node, yaml.MappingNode):
            for key, part in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    raise InputError("a key that is no text", path=path, line=key.start_mark.line + 1, expected="text")
                name = constructor.construct_object(key)
                lines[(*place, name)] = key.start_mark.line + 1
                open_.append((part, (*place, name)))
    return lines


def _spoken(place: Place) -> str | None:
    """Such as `packages[2]`; None for the whole document."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{printable(str(part)[:60])}" if text else printable(str(part)[:60])
    return text or None
