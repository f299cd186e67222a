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
import builder_stubs
import command_pages
import concept_pictures
import drawing
import letters_page
import message_book
import readme_links
import rules_page
import scenario_page
import schema_page

from tnt_sim.api.schemas import DOCUMENTS, render_schema
from tnt_sim.i18n.message import Lang

ROOT = Path(__file__).resolve().parents[1]
REFERENCE: Mapping[str, Callable[[Lang], str]] = {
    "accessibility": accessibility_page.build_accessibility_page,
    "accessibility-statement": accessibility_page.build_declaration,
    "commands": command_pages.build_command_page,
    "letters": letters_page.build_letters_page,
    "messages": message_book.render_messages,
    "rules": rules_page.build_rules_page,
    "scenario": scenario_page.build_scenario_page,
}
"""The pages of the reference that are made in each language."""
PAGES: Mapping[str, Callable[[], str]] = {
    **{
        f"docs/{lang}/reference/{name}.md": partial(build, lang)
        for name, build in REFERENCE.items()
        for lang in Lang
    },
    "docs/architecture.svg": drawing.drawing,
    "docs/schemas.md": schema_page.schemas,
    **{name: partial(readme_links.lead_to_own_language, name) for name in ("README.md", "README.fr.md")},
    **concept_pictures.PICTURES,
    **builder_stubs.STUBS,
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
    """Build the site of each language; exit code of Sphinx. Nothing is fetched; galleries stay."""
    code = max(build_language(folder, lang, still=still) for lang in ("fr", "en"))
    first = "fr/docs/fr/index.html"
    (folder / "index.html").write_text(
        f'<!doctype html><html lang="fr"><title>tnt_sim</title>'
        f'<meta http-equiv="refresh" content="0; url={first}">'
        f'<a href="{first}">Français</a> · <a lang="en" href="en/docs/en/index.html">English</a>\n',
        encoding="utf-8",
    )
    return code


def build_language(folder: Path, lang: str, *, still: bool) -> int:
    """Build the site of one language below a folder; exit code of Sphinx, which takes a warning for an error."""
    gallery = ROOT / "docs" / lang / "gallery"
    has_gallery = gallery.exists()
    words = ["-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-c", str(ROOT / "docs")]
    words += ["-D", f"nb_execution_cache_path={folder / '.notebooks'}"]
    words += ["-d", str(folder / ".doctrees" / lang), str(ROOT), str(folder / lang)]
    execute = "off" if still else "cache"
    environment = {**os.environ, "TNT_DOCS_EXECUTE": execute, "TNT_DOCS_LANGUAGE": lang, "TNT_SIM_LANG": lang}
    code = subprocess.run([sys.executable, *words], env=environment, check=False).returncode
    if still and not has_gallery:  # pages without a picture would keep their place at the next build
        shutil.rmtree(gallery, ignore_errors=True)
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
