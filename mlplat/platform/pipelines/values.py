"""What steps pass to each other, as bytes with a digest: one spelling for each value, and never a pickle.

| form | digest, as of | kept as |
|---|---|---|
| frame, array, bytes | a version of the same content in the Data Store | its manifest and pieces |
| arrays | a mapping of arrays in the Data Store | its manifest and pieces |
| JSON | its canonical JSON | that |
| model | a version of the same parts in the Model Registry | its parts |
| a list of these | the canonical JSON of their digests | each for itself |
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...canonical import canonical_json
from ...errors import MlplatError, OptionError, printable
from ...units import MIB
from ..artifacts.data import content as contents
from ..artifacts.data import manifests
from ..artifacts.models.artifact_parts import array_of, contents_of, digest_of_artifact
from ..record_shapes import ANY, COUNT, DIGEST, TEXT, fields
from ..storage.contents import reading
from ..storage.digests import digest_of, digest_of_json
from ..storage.store import Store
from .errors import TypeMismatchError
from .value_types import Form, ValueType, checked_json, read_type, type_in_words

KEPT = fields({"type": TEXT, "digest": DIGEST, "size": COUNT, "at": ANY})
"""A value as a record has it (`Value.to_json`)."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value that is kept, or can be.

    `type`: as declared. `digest`: of what it is. `size`: bytes. `at`: the digests under which it is kept: of a JSON value or manifest, of
    the parts of a model by name with whether they are arrays; of a list the values in it. `pieces`: content by digest, to be kept.
    """

    type: ValueType
    digest: str
    size: int
    at: Any
    pieces: Mapping[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    @property
    def size_mib(self) -> float:
        """MiB."""
        return self.size / MIB

    @property
    def bare(self) -> Value:
        """Without the content, which is kept."""
        return replace(self, pieces={}, at=tuple(part.bare for part in self.at) if self.type.many else self.at)

    def to_json(self) -> dict[str, Any]:
        """For a record, without the content."""
        at = [part.to_json() for part in self.at] if self.type.many else self.at
        return {"type": str(self.type), "digest": self.digest, "size": self.size, "at": at}

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Value:
        """From a record."""
        kind = read_type(record["type"])
        return cls(kind, record["digest"], record["size"], tuple(map(cls.read, record["at"])) if kind.many else record["at"])

    def contents(self, store: Store) -> Iterator[str]:
        """Digests of all content that it is kept under. Raises UnknownContentError, IntegrityError for a manifest that is not there."""
        if self.type.many:
            for part in self.at:
                yield from part.contents(store)
        elif self.type.form is Form.MODEL:
            yield from (digest for _, digest, _ in self.at)
        else:
            yield self.at
            if self.type.form is not Form.JSON:
                yield from (chunk.digest for chunk in _manifest(store, self.at).chunks)


def packed(given: Any, kind: ValueType, *, step: str = "", output: str = "") -> Value:
    """A value as it is kept, where it is of a type. Nothing is kept yet. Raises TypeMismatchError, which names step and output.

    >>> from .value_types import Form, ValueType
    >>> packed([1, 2], ValueType(Form.JSON, "list")).size
    5
    """
    if kind.many:
        if not isinstance(given, (list, tuple)):
            raise TypeMismatchError(kind, type_in_words(given), step=step, input=output)
        return listed([packed(part, kind.each, step=step, output=f"{output}[{place}]") for place, part in enumerate(given)], kind)
    match kind.form:
        case Form.JSON:
            content = canonical_json(checked_json(given, kind, step=step, input=output))
            digest = digest_of(content)
            return Value(kind, digest, len(content), digest, {digest: content})
        case Form.MODEL:
            return _packed_model(given, kind, step, output)
    try:
        checked = contents.checked(given)
    except OptionError as error:
        raise TypeMismatchError(kind, str(error), step=step, input=output) from None
    if _form(checked) is not kind.form:
        raise TypeMismatchError(kind, _form(checked) or "a mapping of other values", step=step, input=output)
    draft = contents.draft(checked)
    manifest = manifests.to_bytes(draft.manifest)
    size = sum(chunk.size for chunk in draft.manifest.chunks)
    at = digest_of(manifest)
    return Value(kind, draft.manifest.digest, size, at, {**draft.pieces, at: manifest})


def listed(values: list[Value], kind: ValueType) -> Value:
    """Several values as a list of a type."""
    if kind.form is Form.JSON:
        raise ValueError("a JSON list is a value of its own")
    pieces = {digest: content for value in values for digest, content in value.pieces.items()}
    return Value(kind, digest_of_json([value.digest for value in values]), sum(value.size for value in values), tuple(values), pieces)


def keep(store: Store, value: Value) -> None:
    """Keep the content of a value."""
    for content in value.pieces.values():
        store.put(content)


def unpacked(store: Store, value: Value, kind: ValueType | None = None) -> Any:
    """The value again, a copy of its own. `kind`: as whoever takes it declared it, with the class of a model, whose parts it is else.

    Raises TypeMismatchError, IntegrityError, UnknownContentError, ContentError.
    """
    wanted = value.type if kind is None else kind
    if value.type.many:
        return [unpacked(store, part, wanted.each if wanted.many else None) for part in value.at]
    with reading(value.digest, str(value.type)):
        match value.type.form:
            case Form.JSON:
                found = json.loads(store.get(value.at))
                checked = checked_json(found, wanted) if wanted.form is Form.JSON else found
                return checked if isinstance(checked, float) and not isinstance(found, float) else found
            case Form.MODEL:
                parts = {name: array_of(store.get(at)).copy() if is_array else store.get(at) for name, at, is_array in value.at}
                given = parts.get("", parts)
                return given if kind is None or kind.maker is None else kind.maker.from_parts(given)
        return contents.read(store, _manifest(store, value.at))


def _packed_model(given: Any, kind: ValueType, step: str, output: str) -> Value:
    if kind.maker is not None and not isinstance(given, kind.maker):
        raise TypeMismatchError(kind, type_in_words(given), step=step, input=output)
    parts = given.to_parts() if callable(getattr(given, "to_parts", None)) else given
    try:
        found = contents_of(parts if isinstance(parts, bytes) or not isinstance(parts, Mapping) else dict(parts))
    except MlplatError as error:
        raise TypeMismatchError(kind, f"to_parts() of {printable(type(given).__name__)}: {error}", step=step, input=output) from None
    digests = {name: digest_of(content) for name, (content, _) in found.items()}
    at = tuple((name, digests[name], is_array) for name, (_, is_array) in found.items())
    pieces = {digests[name]: content for name, (content, _) in found.items()}
    return Value(kind, digest_of_artifact(digests), sum(map(len, pieces.values())), at, pieces)


def _manifest(store: Store, at: str) -> manifests.Manifest:
    with reading(at, "the manifest of a value"):
        return manifests.from_bytes(store.get(at))


def _form(checked: Any) -> Form | None:
    """The form of content that the Data Store would take."""
    import numpy as np
    import polars as pl

    if isinstance(checked, pl.DataFrame):
        return Form.FRAME
    if isinstance(checked, np.ndarray):
        return Form.ARRAY
    if isinstance(checked, bytes):
        return Form.BYTES
    return Form.ARRAYS if all(isinstance(part, np.ndarray) for part in checked.values()) else None
