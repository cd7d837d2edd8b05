"""The records of the Identity Provider's journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..record_shapes import COUNT, FLAG, NUMBER, TEXT, TEXTS, Shape, each, maybe, row

_ALL = {"time": NUMBER, "actor": TEXT}

RECORDS: Final[Mapping[str, Mapping[str, Shape]]] = {
    "principal.created": {**_ALL, **dict.fromkeys(("id", "name", "kind", "project", "origin"), TEXT)},
    "principal.deleted": {**_ALL, "id": TEXT},
    "member.added": {**_ALL, "group": TEXT, "member": TEXT},
    "member.removed": {**_ALL, "group": TEXT, "member": TEXT},
    "project.created": {**_ALL, "name": TEXT, "owner": TEXT},
    "role.created": {**_ALL, "name": TEXT, "rights": TEXTS},
    "grant.created": {
        **_ALL,
        "id": COUNT,
        "rights": TEXTS,
        "until": maybe(NUMBER),
        **dict.fromkeys(("grantee", "resource", "zone", "giver", "role", "on_behalf_of"), TEXT),
    },
    "grant.revoked": {**_ALL, "id": COUNT},
    "password.set": {**_ALL, **dict.fromkeys(("id", "salt", "hash"), TEXT), **dict.fromkeys(("n", "r", "p"), COUNT)},
    "token.issued": {
        **_ALL,
        "id": COUNT,
        "issued_s": NUMBER,
        "expires_s": NUMBER,
        "session": FLAG,
        "scopes": maybe(each(row(TEXTS, TEXT))),
        **dict.fromkeys(("principal", "zone", "label", "nonce"), TEXT),
    },
    "token.revoked": {**_ALL, "id": COUNT},
    "tokens.revoked": {**_ALL, "principal": TEXT},
}
