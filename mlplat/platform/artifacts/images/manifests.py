"""Manifests: what an image consists of, as canonical JSON; its digest is that of the image."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NoReturn

from ....canonical import canonical_json, frozen
from ....errors import MlplatError, OptionError, printable
from ....infra.endpoint import Image, Layer
from ...storage.digests import digest_of_json

LARGEST = 2**20
"""Bytes of a manifest."""
MOST_LAYERS = 1000
_KEYS = ("config", "entry", "labels", "layers", "packages")
_EMPTY: Mapping[str, Any] = MappingProxyType({})


class ManifestError(MlplatError):
    """A manifest is not valid. `where` is the place in it, such as `layers[2].size_mib`."""

    def __init__(self, problem: str, where: str = "") -> None:
        self.problem, self.where = problem, where
        super().__init__(f"manifest{', ' + where if where else ''}: {problem}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an image consists of.

    `layers`: in order, the base first. `entry`: what it starts. `config`: what its programs are told, of any JSON. `labels`: text by name,
    such as the commit. `packages`: the version of each, as locked. All of it is the identity of the image: `digest` is that of the
    canonical JSON of entry, ordered layer digests and, where there is any, the digest of {config, labels, packages}.

    Raises ManifestError, and OptionError for layers.

    >>> manifest = Manifest((Layer.of("python 3.11", 350),), entry="train.py", labels={"commit": "368326d8"})
    >>> manifest.digest == manifest.image("shop/train@v1").digest == Manifest.read(manifest.to_bytes()).digest
    True
    """

    layers: tuple[Layer, ...]
    entry: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        put = object.__setattr__
        if not isinstance(self.layers, (tuple, list)) or not all(isinstance(layer, Layer) for layer in self.layers):
            raise ManifestError("expected a list of layers", "layers")
        if len(self.layers) > MOST_LAYERS:
            raise ManifestError(f"{len(self.layers)} layers; expected at most {MOST_LAYERS}", "layers")
        if not isinstance(self.entry, str) or not (self.entry.isprintable() and len(self.entry) <= 1000):
            raise ManifestError("expected printable text of at most 1000 characters", "entry")
        put(self, "layers", tuple(self.layers))
        put(self, "config", _json(self.config, "config"))
        put(self, "labels", _texts(self.labels, "labels"))
        put(self, "packages", _texts(self.packages, "packages"))
        put(self, "digest", self.image("image").digest)
        size = len(self.to_bytes())
        if size > LARGEST:
            raise ManifestError(f"{size} bytes; expected at most {LARGEST}")

    @property
    def size_mib(self) -> int:
        """MiB of all layers, each once."""
        return sum({layer.digest: layer.size_mib for layer in self.layers}.values())

    def image(self, name: str) -> Image:
        """As a cluster knows it, under a name. Raises OptionError for a layer in two sizes."""
        said = {key: value for key in ("config", "labels", "packages") if (value := getattr(self, key))}
        return Image(name, self.layers, self.entry, digest_of_json(said) if said else "")

    def to_bytes(self) -> bytes:
        """Its canonical JSON."""
        return canonical_json(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """What `of` makes the same from."""
        layers = [{"digest": layer.digest, "size_mib": layer.size_mib} for layer in self.layers]
        return {key: layers if key == "layers" else getattr(self, key) for key in _KEYS}

    @classmethod
    def read(cls, content: bytes) -> Manifest:
        """From its canonical JSON. Raises ManifestError, for other spellings too: one image has one manifest."""
        if not isinstance(content, bytes):
            raise ManifestError(f"expected bytes, found {type(content).__name__}")
        if len(content) > LARGEST:
            raise ManifestError(f"{len(content)} bytes; expected at most {LARGEST}")
        try:
            value = json.loads(content.decode(), parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise ManifestError(f"not JSON: {printable(str(error))[:200]}") from None
        manifest = cls.of(value)
        if manifest.to_bytes() != content:
            raise ManifestError("expected canonical JSON: sorted keys, each once, no spaces")
        return manifest

    @classmethod
    def of(cls, value: object) -> Manifest:
        """From parsed JSON: a mapping with `layers`, each {digest, size_mib}, and maybe `entry`, `config`, `labels`, `packages`.

        Raises ManifestError.
        """
        said = _mapping(value, "")
        unknown = sorted(printable(str(key)[:40]) for key in said if key not in _KEYS)
        if unknown or "layers" not in said:
            raise ManifestError(f"unknown key {unknown[0]!r}" if unknown else "'layers' is missing")
        if not isinstance(said["layers"], (list, tuple)):
            raise ManifestError("expected a list of layers", "layers")
        if len(said["layers"]) > MOST_LAYERS:
            raise ManifestError(f"{len(said['layers'])} layers; expected at most {MOST_LAYERS}", "layers")
        layers = tuple(_layer(layer, f"layers[{i}]") for i, layer in enumerate(said["layers"]))
        try:
            return cls(layers, **{key: said[key] for key in _KEYS if key in said and key != "layers"})
        except OptionError as error:
            raise ManifestError(str(error), "layers") from None


def _layer(value: object, where: str) -> Layer:
    said = _mapping(value, where)
    if set(said) != {"digest", "size_mib"}:
        raise ManifestError("expected digest and size_mib", where)
    try:
        return Layer(said["digest"], said["size_mib"])
    except OptionError as error:
        raise ManifestError(str(error), where) from None


def _mapping(value: object, where: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise ManifestError(f"expected a mapping, found {type(value).__name__}", where)
    return value


def _json(value: object, where: str) -> Mapping[str, Any]:
    try:
        kept: Mapping[str, Any] = frozen(_mapping(value, where), where)
        canonical_json(kept)
    except OptionError as error:
        raise ManifestError(str(error), where) from None
    return kept


def _texts(value: object, where: str) -> Mapping[str, str]:
    kept = _json(value, where)
    for name, text in kept.items():
        if not isinstance(text, str) or not name:
            raise ManifestError("expected text by name", f"{where}.{printable(name[:40])}")
    return kept


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")
