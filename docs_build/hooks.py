"""What MkDocs calls while it builds the site: pages made from other files of the repository, and links between them."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from mkdocs.structure.files import File, Files  # noqa: E402

from docs_build.repository_links import COPIED, PAGES, linked_in_site  # noqa: E402
from docs_build.validation_page import validation_page  # noqa: E402

MADE = "explanation/how-we-know.md"


def on_files(files: Files, config: Any) -> Files:
    """Adds what is not under docs/: the pages of `PAGES`, the one on validation, and the examples that pages link to."""
    for source, page in PAGES.items():
        if page != "index.md":
            text = (ROOT / source).read_text(encoding="utf-8")
            files.append(File.generated(config, page, content=linked_in_site(text, source, page)))
    files.append(File.generated(config, MADE, content=linked_in_site(validation_page(ROOT), f"docs/{MADE}", MADE)))
    for path in sorted(path for path in (ROOT / "examples").rglob("*") if path.suffix in COPIED):
        files.append(File.generated(config, path.relative_to(ROOT).as_posix(), abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """The page with its links moved, and with examples marked as what they are: a session, not a module."""
    source = page.file.src_uri
    if page.file.generated_by is None:
        markdown = linked_in_site(markdown, f"docs/{source}", source)
    return re.sub(r"^```python\n(?=>>> )", "```pycon\n", markdown, flags=re.MULTILINE)
