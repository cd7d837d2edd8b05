"""Links that leave `docs/`: pages are read in the repository too, where they point to files that the site has under another name."""

from __future__ import annotations

import posixpath
import re

PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "benchmarks/README.md": "explanation/performance.md",
}
"""Files of the repository that are pages of the site."""

COPIED = (".yaml", ".py", ".ipynb")
"""Files of examples/ that the site has copies of."""

LINK = re.compile(r"(\[(?:[^\[\]]|\[[^\]]*\])*\])\(([^)\s#:]+)(#[^)\s]*)?\)")


def place_in_site(path: str) -> str:
    """Where the site has a file, both relative: `path` to the repository, the answer to the root of the site.

    >>> place_in_site("docs/traces.md"), place_in_site("benchmarks/README.md"), place_in_site("examples/a.yaml")
    ('traces.md', 'explanation/performance.md', 'examples/a.yaml')
    """
    return PAGES.get(path) or path.removeprefix("docs/")


def linked_in_site(text: str, source: str, page: str) -> str:
    """`text` of the file `source` (relative to the repository) with its links as the page `page` (relative to the site) needs them.

    >>> linked_in_site("[figures](../benchmarks/README.md#replay)", "docs/replaying.md", "replaying.md")
    '[figures](explanation/performance.md#replay)'
    >>> linked_in_site("[cd](../docs/platform/cd.md)", "benchmarks/README.md", "explanation/performance.md")
    '[cd](../platform/cd.md)'

    What the site does not have is no link there:

    >>> linked_in_site("[examples](../../examples)", "docs/how-to/own-policy.md", "how-to/own-policy.md")
    'examples'
    """

    def moved(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), found[2]))
        if target not in PAGES and not target.startswith("docs/") and posixpath.splitext(target)[1] not in COPIED:
            return found[1][1:-1]
        place = posixpath.relpath(place_in_site(target), posixpath.dirname(page) or ".")
        return f"{found[1]}({place}{found[3] or ''})"

    parts = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if part.startswith("```") else LINK.sub(moved, part) for part in parts)
