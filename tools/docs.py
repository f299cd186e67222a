"""The pages of `docs/` and the schemas that are made from the code, and the site that Sphinx makes of all of them.

python tools/docs.py write              writes the generated pages
python tools/docs.py check              names those that are stale; exit code 1 if any is
python tools/docs.py build DIR          builds the site into DIR, offline; every warning is an error. Notebooks and
                                        the gallery are executed, and only those that changed at the next build
python tools/docs.py build DIR --still  … with notebooks as they are stored, and no picture in the gallery
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import accessibility_page
import command_pages
import concept_pictures
import drawing
import letters_page
import message_book
import rules_page
import scenario_page
import schema_page

from tnt_sim.reporting.schemas import DOCUMENTS, render_schema

ROOT = Path(__file__).resolve().parents[1]
GALLERY = ROOT / "docs" / "gallery"
PAGES: Mapping[str, Callable[[], str]] = {
    "docs/accessibilite.md": accessibility_page.build_accessibility_page,
    "docs/architecture.svg": drawing.drawing,
    "docs/commands.md": command_pages.commands,
    "docs/courriers.md": letters_page.build_letters_page,
    "docs/declaration-accessibilite.md": accessibility_page.build_declaration,
    "docs/messages.md": message_book.render_messages,
    "docs/rules.md": rules_page.build_rules_page,
    "docs/scenario-reference.md": scenario_page.reference,
    "docs/schemas.md": schema_page.schemas,
    **concept_pictures.PICTURES,
    **{f"tnt_sim/data/schemas/{name}.json": partial(render_schema, name) for name in DOCUMENTS},
}


def fresh(name: str) -> bool:
    """Whether a page is what the code gives."""
    path = ROOT / name
    return path.is_file() and path.read_text(encoding="utf-8") == PAGES[name]()


def write() -> None:
    """Write every page."""
    for name, make in PAGES.items():
        (ROOT / name).write_text(make(), encoding="utf-8", newline="\n")


def build(folder: Path, *, still: bool = False) -> int:
    """Build the site; exit code of Sphinx. Nothing is fetched; the gallery stays, so that it is executed once."""
    has_gallery = GALLERY.exists()
    words = ["-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-c", str(ROOT / "docs")]
    words += ["-D", f"nb_execution_cache_path={folder / '.notebooks'}"]
    words += ["-d", str(folder / ".doctrees"), str(ROOT), str(folder)]
    environment = {**os.environ, "TNT_DOCS_EXECUTE": "off" if still else "cache"}
    code = subprocess.run([sys.executable, *words], env=environment, check=False).returncode
    if still and not has_gallery:  # pages without a picture would keep their place at the next build
        shutil.rmtree(GALLERY, ignore_errors=True)
    entry = (
        '<!doctype html><title>tnt_sim</title><meta http-equiv="refresh" content="0; url=docs/index.html">'
    )
    (folder / "index.html").write_text(entry + '<a href="docs/index.html">tnt_sim</a>\n', encoding="utf-8")
    return code


def main(words: Sequence[str]) -> int:
    if words == ["write"]:
        write()
    elif words == ["check"]:
        old = [name for name in PAGES if not fresh(name)]
        print("\n".join(f"{name} is stale: python tools/docs.py write" for name in old) or "all fresh")
        return int(bool(old))
    elif words[:1] == ["build"] and len(words) in (2, 3) and words[2:] in ([], ["--still"]):
        return build(Path(words[1]).resolve(), still=len(words) == 3)
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
