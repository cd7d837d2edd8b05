"""Images: ordered layers under a name. The cluster's store knows them; nodes pull their layers (layer_cache.py)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ...canonical import canonical_json
from ...errors import OptionError, UnknownNameError, printable
from ...html_tables import fields_of

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def _sha256(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of an image: `digest` (`sha256:` and 64 hexadecimal digits) and `size_mib`, whole MiB, what is sent over the network.
    Raises OptionError.

    >>> Layer.of("python 3.11", size_mib=350) == Layer.of("python 3.11", size_mib=350)
    True
    """

    digest: str
    size_mib: int

    def __post_init__(self) -> None:
        if not isinstance(self.digest, str) or not _DIGEST.fullmatch(self.digest):
            raise OptionError(f"layer digest {printable(str(self.digest)[:80])!r}: expected 'sha256:' and 64 hexadecimal digits")
        if isinstance(self.size_mib, bool) or not isinstance(self.size_mib, int) or not 0 <= self.size_mib <= 2**40:
            raise OptionError(f"size of layer {self.digest[:19]}: {str(self.size_mib)[:40]}; expected whole MiB from 0 to {2**40}")

    @classmethod
    def of(cls, content: str | bytes, size_mib: int) -> Layer:
        """A layer that stands for `content` (what is in it, or words for that): equal contents have equal digests."""
        return cls(_sha256(content.encode() if isinstance(content, str) else content), size_mib)


@dataclass(frozen=True, slots=True)
class Image:
    """Ordered layers, an entry point, a configuration and the name it goes by.

    `config`: the digest of its configuration, empty without one. `digest` is the SHA-256 of the canonical JSON of configuration (where
    there is one), entry point and ordered layer digests: the same content has the same digest under any name, on any day.
    Raises OptionError.

    >>> base, code = Layer.of("base", 900), Layer.of("train.py", 1)
    >>> image = Image("train:1", (base, code), entry="train.py")
    >>> image.size_mib, image.digest == Image("other:7", (base, code), entry="train.py").digest
    (901, True)
    >>> image.digest == Image("train:1", (code, base), entry="train.py").digest
    False
    """

    name: str
    layers: tuple[Layer, ...]
    entry: str = ""
    config: str = ""
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name or not self.name.isprintable() or self.name.startswith("sha256:"):
            raise OptionError(f"image name {printable(str(self.name)[:80])!r}: expected printable text that is not a digest")
        object.__setattr__(self, "layers", tuple(self.layers))
        sizes: dict[str, int] = {}
        for layer in self.layers:
            if sizes.setdefault(layer.digest, layer.size_mib) != layer.size_mib:
                raise OptionError(f"image {self.name!r} has layer {layer.digest[:19]} in two sizes")
        if self.config != "" and (not isinstance(self.config, str) or not _DIGEST.fullmatch(self.config)):
            raise OptionError(f"configuration of image {self.name!r}: expected the digest of it, or nothing")
        content: dict[str, object] = {"entry": self.entry, "layers": [layer.digest for layer in self.layers]}
        if self.config:
            content["config"] = self.config
        object.__setattr__(self, "digest", _sha256(canonical_json(content)))

    @property
    def size_mib(self) -> int:
        """MiB of all layers, each once."""
        return sum({layer.digest: layer.size_mib for layer in self.layers}.values())

    def _repr_html_(self) -> str:
        return fields_of(self)


class ImageStore:
    """The images a cluster can pull, by name or digest. A name may move to another image; a digest always means the same.

    >>> store = ImageStore([Image("train:1", (Layer.of("base", 900),))])
    >>> store.get("train:1").size_mib
    900
    """

    def __init__(self, images: Iterable[Image] = ()) -> None:
        self._by_name: dict[str, Image] = {}
        self._by_digest: dict[str, Image] = {}
        self._sizes: dict[str, int] = {}
        for image in images:
            self.register(image)

    def register(self, image: Image) -> str:
        """Make an image known, under its digest and its name, and return the digest.

        Raises OptionError, and changes nothing, where a layer is already known in another size.
        """
        for layer in image.layers:
            if self._sizes.get(layer.digest, layer.size_mib) != layer.size_mib:
                raise OptionError(f"image {image.name!r}: layer {layer.digest[:19]} is known with {self._sizes[layer.digest]} MiB")
        self._sizes.update((layer.digest, layer.size_mib) for layer in image.layers)
        self._by_name[image.name] = image
        self._by_digest.setdefault(image.digest, image)
        return image.digest

    def forget(self, digest: str) -> bool:
        """Know an image no more, under its digest and every name. Returns whether it was there. Sizes of layers stay as they were said."""
        self._by_name = {name: image for name, image in self._by_name.items() if image.digest != digest}
        return self._by_digest.pop(digest, None) is not None

    def find(self, reference: str) -> Image | None:
        """The image of that name or digest, or None."""
        return self._by_digest.get(reference) or self._by_name.get(reference)

    def get(self, reference: str) -> Image:
        """The image of that name or digest. Raises UnknownNameError."""
        image = self.find(reference)
        if image is None:
            raise UnknownNameError("image", printable(str(reference)[:100]), self._by_name)
        return image

    def __len__(self) -> int:
        return len(self._by_digest)
