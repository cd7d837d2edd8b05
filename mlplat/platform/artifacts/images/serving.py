"""The registry as a cluster sees it: images that a principal may start, by the name or digest that a workload gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....errors import AccessDenied, OptionError, UnknownNameError
from ...identity.decisions import SENTENCES
from ...identity.rights import Right
from ...references import Reference
from ...storage.digests import PREFIX

if TYPE_CHECKING:
    from ....infra.endpoint import Image
    from ...identity.authorization import Authorization
    from .catalogue import Catalogue

CALL = "start"


class ClusterImages:
    """The `ImageSource` of clusters. Whoever submits is a principal by its id, or by its name where only one has it."""

    def __init__(self, authorization: Authorization, catalogue: Catalogue, source: str) -> None:
        self._authorization, self._catalogue, self._call = authorization, catalogue, f"{source}.{CALL}"

    def find(self, reference: str, principal: str) -> Image | None:
        """The image that `principal` may start; None for text that is no name of a version and no digest.

        What is not there and what may not be read look alike: AccessDenied. Raises UnknownNameError for who may read what is not there.
        """
        if reference.startswith(PREFIX):
            names = sorted(self._catalogue.names.get(reference, ()))
            places = [(path, reference) for path in names] or [("", reference)]
        else:
            try:
                project, name, version = Reference.parse(reference)
            except OptionError:
                return None
            if not version:
                return None
            places = [(f"{project}/{name}", version)]
        who = self._authorization.called(principal)
        for path, version in places:
            digest = self._catalogue.digest_of(path, version)
            resource = f"image:{path}@{version if digest is None else digest}" if path else f"image:{version}"
            decision = self._authorization.decide(who, Right.READ, resource)
            if decision.allowed or (path, version) == places[-1]:
                told = decision if decision.allowed else decision._replace(resource=f"image:{reference}")
                self._authorization.audit.add(self._authorization.sim.now, self._call, told)
            if decision.allowed:
                if digest is None:
                    tags, may = self._catalogue.get(path).tags.items(), self._authorization.may
                    known = [f"{path}@{tag}" for tag, at in tags if may(who, Right.READ, f"image:{path}@{at}")]
                    raise UnknownNameError("image", reference, known)
                return self._catalogue.version(path, digest).image
        raise AccessDenied(principal, CALL, f"image:{reference}", SENTENCES[decision.reason])
