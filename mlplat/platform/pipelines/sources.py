"""Where the code of pipelines comes from: the commits of the platform, or, if it could not be stored, this process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ...errors import UnknownNameError
from .code_base import CodeBase
from .dag import Dag
from .definition import Pipeline
from .loading import LoadedCode

if TYPE_CHECKING:
    from ..artifacts.scm import SCM
    from ..identity.authorization import Actor
    from .steps import Step
    from .versions import PipelineVersion

MOST: Final = 32
"""Commits whose files are kept at hand."""
_PLAIN: Final = ("100644", "100755")


class Loaded(NamedTuple):
    """A pipeline that can be run: its name, its graph, digests of the code of its steps by the names of their functions, and the image of
    those that name none.
    """

    name: str
    dag: Dag
    codes: Mapping[str, str]
    image: str


class Runnable(NamedTuple):
    """A step in a namespace of its own. `active`: a block in which its function is called. `where`: the line of the code that an error came
    through, in words.
    """

    step: Step
    active: Callable[[], Any]
    where: Callable[[BaseException], str]


class Sources:
    """Loads code, each time into a namespace of its own."""

    def __init__(self, scm: SCM) -> None:
        self._scm = scm
        self._bases: OrderedDict[str, CodeBase] = OrderedDict()
        self._direct: dict[str, Pipeline] = {}
        """Pipelines of this process, by the digest of their version."""

    def base(self, code: str, actor: Actor) -> CodeBase:
        """The files of a commit, `project/repository@id`. Raises AccessDenied, UnknownNameError."""
        if code not in self._bases:
            found = self._scm.checkout(code, actor=actor).items()
            files = {path: each.content for path, each in found if path.endswith(".py") and each.mode in _PLAIN}
            path, _, number = code.partition("@")
            self._bases[code] = CodeBase(f"{path}@{number[:10]}", files)
            while len(self._bases) > MOST:
                self._bases.popitem(last=False)
        self._bases.move_to_end(code)
        return self._bases[code]

    def load(self, code: str, file: str, function: str, actor: Actor) -> Loaded:
        """A pipeline of a commit. Raises CodeError, PipelineError, AccessDenied, UnknownNameError."""
        built = LoadedCode(self.base(code, actor), file).built(function)
        return Loaded(built.pipeline.name, built.dag, built.codes, built.pipeline.image)

    def of_version(self, version: PipelineVersion, actor: Actor) -> Loaded:
        """The code of a version. Raises UnknownNameError for code that only another process had."""
        if version.code:
            return self.load(version.code, version.file, version.function, actor)
        return direct(self._given(version))

    def step(self, version: PipelineVersion, name: str, actor: Actor) -> Runnable:
        """A step of a version, loaded anew. Raises as `of_version`."""
        if not version.code:
            return Runnable(self._given(version).steps[name], _nothing, _nowhere)
        loaded = LoadedCode(self.base(version.code, actor), version.file)
        return Runnable(loaded.step(version.function, name), loaded.active, loaded.where)

    def _given(self, version: PipelineVersion) -> Pipeline:
        if version.digest not in self._direct:
            raise UnknownNameError("code of", version.reference, (), "it was given directly, in another process")
        return self._direct[version.digest]

    def keep(self, digest: str, pipeline: Pipeline) -> None:
        """A pipeline of this process that could not be stored as source."""
        self._direct[digest] = pipeline


def direct(pipeline: Pipeline) -> Loaded:
    """A pipeline of this process as it is. Its steps have no digests: they are never cached."""
    return Loaded(pipeline.name, pipeline.dag, {}, pipeline.image)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def _nowhere(error: BaseException) -> str:
    return ""
