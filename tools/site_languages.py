"""The two languages of the documentation: pages of each site, the twin of a page, links to the other site.

`docs/fr` and `docs/en` hold the same pages under the same names; a notebook and its `.en` twin share a number.
Contributors' pages and the JSON documents are in English alone, as the code is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from posixpath import dirname, join, normpath, relpath

OTHER: Mapping[str, str] = {"fr": "en", "en": "fr"}
SWITCH: Mapping[str, str] = {"fr": "In English", "en": "En français"}
PAGES: Mapping[str, Sequence[str]] = {
    "fr": (
        "docs/fr/*.md", "docs/fr/*/*.md", "docs/fr/gallery/*.rst", "notebooks/*.ipynb",
        "scenarios/data/LISEZMOI.md",
    ),
    "en": (
        "docs/en/*.md", "docs/en/*/*.md", "docs/en/gallery/*.rst", "docs/*.md", "docs/decisions/*.md",
        "notebooks/*.en.ipynb", "scenarios/data/README.md", "CHANGELOG.md", "CONTRIBUTING.md",
    ),
}  # fmt: skip
"""The files of each site."""
DATA: Mapping[str, str] = {"fr": "scenarios/data/LISEZMOI", "en": "scenarios/data/README"}
"""The page of the shipped data, which stands beside them under the usual name of each language."""
LEFT_OUT: Mapping[str, Sequence[str]] = {
    "fr": ("notebooks/*.en.ipynb", "**/.ipynb_checkpoints"),
    "en": ("docs/package-description.md", "docs/flagship.md", "**/.ipynb_checkpoints"),
}
_LINK = re.compile(r"(?<!!)\[([^\[\]]*)\]\((?![\w+.-]+:|#|/)([^()\s#]+\.(?:md|ipynb))(#[^()\s]*)?\)")
_DOCSTRING = re.compile(r'\A"""\n(fr: .+\nen: .+\n(?:\nfr: .+\nen: .+\n)?)"""\n')
"""An example begins with its title, and perhaps a sentence, in both languages."""


def has_page(root: Path, lang: str, page: str) -> bool:
    """Whether the site of a language has a page, a path without its suffix."""
    found = [Path(f"{page}{suffix}") for suffix in (".md", ".ipynb") if (root / f"{page}{suffix}").is_file()]
    return any(
        any(path.full_match(pattern) for pattern in PAGES[lang])
        and not any(path.full_match(pattern) for pattern in LEFT_OUT[lang])
        for path in found
    )


def get_twin(root: Path, lang: str, page: str) -> str:
    """Return the page of the other site that says the same; its first page where there is none."""
    other = OTHER[lang]
    twin = DATA[other] if page == DATA[lang] else page.replace(f"docs/{lang}/", f"docs/{other}/", 1)
    if number := re.match(r"notebooks/(\d+)-", page):
        stories = [path.stem for path in (root / "notebooks").glob(f"{number[1]}-*.ipynb")]
        twin = next(f"notebooks/{name}" for name in stories if name.endswith(".en") == (other == "en"))
    made = twin in ("search", "genindex") or twin.startswith(f"docs/{other}/gallery/")
    return twin if made or has_page(root, other, twin) else f"docs/{other}/index"


def link_to_twin(lang: str, page: str) -> str:
    """Return the line below the title of a page that leads to its twin; the page's path starts in its language."""
    up = "../" * (page.count("/") + 1)
    return f"*[{SWITCH[lang]}]({up}{OTHER[lang]}/{page})*"


def get_address(lang: str, page: str, target: str) -> str:
    """Return the relative address of a page of the other site, from a page of this one."""
    return relpath(f"{OTHER[lang]}/{target}.html", dirname(f"{lang}/{page}"))


def lead_to_other_site(root: Path, lang: str, page: str, text: str) -> str:
    """Rewrite the links of a page's source to pages that only the other site has; the text where there is none."""

    def lead(found: re.Match[str]) -> str:
        target = normpath(join(dirname(page), found[2])).rpartition(".")[0]
        if has_page(root, lang, target) or not has_page(root, OTHER[lang], target):
            return found[0]
        address = get_address(lang, page, target) + (found[3] or "")
        return f"<a hreflang='{OTHER[lang]}' href='{address}'>{found[1]}</a>"

    return _LINK.sub(lead, text)


def write_examples(root: Path, lang: str) -> Path:
    """Write the examples of the gallery in one language and return their folder. An unchanged file stays."""
    folder = root / "docs" / f"examples-{lang}"
    folder.mkdir(exist_ok=True)
    made = {"GALLERY_HEADER.rst": (root / f"docs/examples/header.{lang}.rst").read_text(encoding="utf-8")}
    for path in sorted((root / "docs/examples").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        found = _DOCSTRING.match(text)
        if found is None:
            raise ValueError(f'{path}: the docstring is not "fr: …" and "en: …", once or twice')
        title, *more = re.findall(rf"^{lang}: (.+)$", found[1], re.M)
        words = "\n\n".join([f"{title}\n{'=' * len(title)}", *(one.replace("`", "``") for one in more)])
        code = text[found.end() :]
        if lang == "en":
            code = re.sub(r'(read_scenario\("[^"]+")\)', r'\1, ["locale=en"])', code)
            code = code.replace("app-wide.png", "app-wide.en.png")
        made[path.name] = f'"""\n{words}\n"""\n{code}'
    for path in set(folder.iterdir()) - {folder / name for name in made}:
        if path.is_file():
            path.unlink()
    for name, text in made.items():
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text:
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return folder
