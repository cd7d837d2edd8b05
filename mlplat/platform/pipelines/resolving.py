"""Names of a pipeline and a run become versions, once: images by step, datasets and models by input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...errors import OptionError, printable
from ...units import MIB
from ..artifacts.metadata.lock_file import LockFile
from ..artifacts.metadata.resolvers import LOCK_FILE
from ..references import Reference
from .arguments import Read
from .dag import Dag, Input
from .errors import MissingArgumentError, TypeMismatchError, UnknownInputError
from .value_types import Form

if TYPE_CHECKING:
    from ..artifacts.capsules.stores import Stores
    from ..identity.authorization import Actor

_FORMS: Mapping[str, tuple[Form, ...]] = {
    "frame": (Form.FRAME,),
    "array": (Form.ARRAY,),
    "bytes": (Form.BYTES, Form.JSON),
    "mapping": (Form.ARRAYS,),
}
"""Of each kind of dataset the forms of inputs that take it."""


def full_name(text: str, project: str) -> str:
    """A name with its project, where it has none.

    >>> full_name("clicks@3", "shop"), full_name("lab/clicks", "shop")
    ('shop/clicks@3', 'lab/clicks')
    """
    return text if "/" in text.partition("@")[0] else f"{project}/{text}"


def lock_of(stores: Stores, code: str) -> LockFile:
    """The lock file of a commit, an empty one where it has none. Raises InputError for one that cannot be read."""
    content = stores.scm._file_at(Reference.parse(code), LOCK_FILE) if code else None
    return LockFile() if content is None else LockFile.parse(content)


def resolved_images(
    stores: Stores, dag: Dag, default: str, lock: LockFile, project: str, given: Mapping[str, str], actor: Actor
) -> dict[str, str]:
    """Of each step that has one its image, `project/name@sha256:…`: `given`, or its own, the pipeline's, or that of the lock file.

    Raises OptionError, UnknownInputError, AccessDenied, UnknownNameError.
    """
    if not isinstance(given, Mapping) or not all(isinstance(each, str) for each in given.values()):
        raise OptionError("images: expected images by step, such as {'train': 'shop/train@v1'}")
    for name in given:
        if name not in dag.by_name:
            raise UnknownInputError(f"images: no such step; expected {', '.join(dag.by_name)}", step=str(name)[:80])
    locked = "" if lock.image is None else lock.image.resource.partition(":")[2]
    found, known = {}, dict[str, str]()
    for node in dag.nodes:
        named = given.get(node.name) or node.options.image or default or locked
        if named:
            if named not in known:
                known[named] = stores.images.resolve(full_name(named, project), actor=actor).reference
            found[node.name] = known[named]
    return found


def resolved_inputs(stores: Stores, dag: Dag, lock: LockFile, project: str, given: Mapping[str, Any], actor: Actor) -> dict[str, Read]:
    """Of each input the version that it is in a run: `given`, or that of the lock file, or the pipeline's own.

    Raises UnknownInputError, MissingArgumentError, TypeMismatchError, AccessDenied, UnknownNameError, IntegrityError.
    """
    if not isinstance(given, Mapping):
        raise OptionError("data: expected versions by input, such as {'clicks': 'shop/clicks@3'}")
    for name in given:
        if name not in dag.inputs:
            raise UnknownInputError(f"data: no such input; expected {', '.join(dag.inputs) or 'none'}", input=str(name)[:80])
    return {name: _resolved(stores, name, each, lock, project, given.get(name), actor) for name, each in dag.inputs.items()}


def _resolved(stores: Stores, name: str, declared: Input, lock: LockFile, project: str, given: Any, actor: Actor) -> Read:
    locked = lock.data.get(name) or (lock.parent if name == "parent" else None)
    named = given if given is not None else locked.resource if locked is not None else declared.default
    text = str(named) if isinstance(named, (str, Reference)) else ""
    if not text:
        raise MissingArgumentError("a dataset or model that nothing names; expected it in `data=`", input=name)
    kind, colon, rest = text.partition(":")
    if not colon or kind not in ("dataset", "model"):
        kind, rest = "model" if declared.type.form is Form.MODEL else "dataset", text
    if kind == "model":
        model = stores.models.resolve(full_name(rest, project), actor=actor)
        if declared.type.form not in (Form.MODEL, Form.BYTES, Form.ARRAYS):
            raise TypeMismatchError(declared.type, f"the model {printable(str(model))}", input=name)
        return Read(name, model.resource, model.digest, model.size / MIB)
    version = stores.data.resolve(full_name(rest, project), actor=actor)
    if declared.type.form not in _FORMS[version.kind]:
        raise TypeMismatchError(declared.type, f"{printable(str(version))}, which is of kind {version.kind}", input=name)
    if given is None and locked is not None and locked.digest and locked.digest != version.digest:
        from ...errors import IntegrityError

        raise IntegrityError(locked.digest, version.digest, str(version))
    return Read(name, version.resource, version.digest, version.size / MIB)
