"""Where the code of pipelines comes from: the commits of the platform, or, if it could not be stored, this process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

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
    """Code that is ready to be run: the name of the pipeline, its graph, digests of the code of its steps, and the steps, by the names of
    their functions.

    `active`: a block in which its functions are called. `where`: the line of it that an error came through, in words.
    """

    name: str
    dag: Dag
    codes: Mapping[str, str]
    steps: Mapping[str, Step]
    active: Callable[[], Any]
    image: str
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
        loaded = LoadedCode(self.base(code, actor), file)
        built = loaded.built(function)
        return Loaded(built.pipeline.name, built.dag, built.codes, built.pipeline.steps, loaded.active, built.pipeline.image, loaded.where)

    def of_version(self, version: PipelineVersion, actor: Actor) -> Loaded:
        """The code of a version. Raises UnknownNameError for code that only another process had."""
        if version.digest in self._direct:
            return direct(self._direct[version.digest])
        if not version.code:
            from ...errors import UnknownNameError

            raise UnknownNameError("code of", version.reference, (), "it was given directly, in another process")
        return self.load(version.code, version.file, version.function, actor)

    def keep(self, digest: str, pipeline: Pipeline) -> None:
        """A pipeline of this process that could not be stored as source."""
        self._direct[digest] = pipeline


def direct(pipeline: Pipeline) -> Loaded:
    """A pipeline of this process as it is. Its steps have digests of their own names only: they are never cached."""
    return Loaded(pipeline.name, pipeline.dag, {}, pipeline.steps, _nothing, pipeline.image, lambda error: "")


@contextmanager
def _nothing() -> Iterator[None]:
    yield
