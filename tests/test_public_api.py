"""The public names and signatures are those that are listed: who changes one notices, and says so."""

from __future__ import annotations

import difflib

from .public_api import FILE, described

ADVICE = """
The public names or signatures differ from tests/public_api.txt:

{difference}

If that is meant, look in docs/reference/versioning.md whether such a change may be made and how what was there before stays usable,
say it in CHANGELOG.md, and write the list anew:

    python -m tests.public_api
"""


def test_the_public_names_and_signatures_are_those_listed() -> None:
    listed, found = FILE.read_text(encoding="utf-8"), described()
    changes = [
        line
        for line in difflib.unified_diff(listed.splitlines(), found.splitlines(), lineterm="", n=0)
        if line[:2] not in ("--", "++", "@@")
    ]
    assert found == listed, ADVICE.format(difference="\n".join(changes[:40]))
