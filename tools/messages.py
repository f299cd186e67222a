"""The catalogue of sentences: extracted from the code, updated and compiled with Babel, and checked.

    python tools/messages.py update     reads the code; updates fr/LC_MESSAGES/tnt_sim.po and compiles tnt_sim.mo
    python tools/messages.py check      names what is untranslated, unused, not typeset or has other parameters,
                                        and French that stands in the code: exit code 1

`update` keeps the French of each sentence whose English is unchanged. A new sentence stands there with an empty
`msgstr`: write its French with plain spaces and apostrophes, and run `update` again, which typesets it. Nothing is
guessed (no « fuzzy » entries).
"""

from __future__ import annotations

import ast
import io
import re
import string
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from typography import typeset

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "tnt_sim"
PO = PACKAGE / "i18n" / "locale" / "fr" / "LC_MESSAGES" / "tnt_sim.po"
KEYWORDS = {"_": None, "_n": (1, 2), "_p": ((1, "c"), 2), "N_": None}
_HEADER = """\
# French sentences of tnt_sim. The English ones stand in the code.
# `python tools/messages.py update` extracts, updates and compiles.
#"""
_PLURAL_FORMS = "nplurals=2; plural=(n > 1);"
_FRENCH = re.compile(
    r"[àâäçéèêëîïôöùûüœÀÂÇÉÈÊËÎÏÔÙÛŒ«»].*[A-Za-z]|[A-Za-z].*[àâäçéèêëîïôöùûüœÀÂÇÉÈÊËÎÏÔÙÛŒ«»]"
)
FRENCH_ON_PURPOSE = {
    "cli/project_templates.py": "files that `new` writes, with their comments, once in each language",
    "ingest/tables/pabulib.py": "the note of the scenario that `import` writes for a `.pb`",
    "ingest/forms/mapping.py": "comments of mapping.yaml, the chief ones in both languages",
    "app/downloads.py": "the head of a saved variant, in both languages",
    "reporting/workbook/department_workbook.py": "the head of the rules that `--consolidate` writes",
    "reporting/text/merged_scenario.py": "letters that YAML reads without quotes",
    "engine/run_folder/writer.py": "the head of scenario.resolved.yaml",
    "cli/verbs.py": "« démarche » is a name",
    "reporting/export/administrative_tables.py": "labels of Turgot, démarches-simplifiées, Chorus and letters",
    "ingest/forms/demarche_api.py": "labels of the exports of démarches-simplifiées",
    "reporting/export/scdl.py": "values that the schema names",
    "rules/offers/cap_spec.py": "names of legal texts",
    "ingest/portfolio_reader.py": "words looked for in files",
    "domain/field_types.py": "units that a scenario may write",
    "i18n/numbers.py": "the months, beside those of the other language",
    "cli/commands/import_.py": "a remedy looked for in other sentences",
}
"""Files that hold French which is not told to a reader of the other language, and why."""
FRENCH_WORDS = {
    "démarches-simplifiées",
    "département",
    "départements",
    "métropole",
    "métropoles",
    "où",
    "région",
    "synthétique",
    "there is no node « ",
}
"""Strings that hold French and tell nobody anything: names, and words looked for in what users write."""
Key = tuple[str, str | None]
"""English text (of the singular), and context."""


def extract(package: Path = PACKAGE) -> Catalog:
    """Read every sentence of the code, with the files where it stands."""
    catalog = Catalog(locale="fr", project="tnt_sim", header_comment=_HEADER, charset="utf-8", fuzzy=False)
    found = extract_from_dir(package, [("**.py", "python"), ("**.j2", "jinja2")], keywords=KEYWORDS)
    for file, _line, message, comments, context in found:
        catalog.add(message, None, [(file, 0)], auto_comments=comments, context=context)
    return catalog


def read(path: Path = PO) -> Catalog:
    """Read the French catalogue."""
    with path.open("rb") as stream:
        return read_po(stream, locale="fr", domain="tnt_sim")


def merge(code: Catalog, french: Catalog) -> Catalog:
    """Return the sentences of the code with the French they have, typeset."""
    known = {key(entry): entry.string for entry in french if entry.id}
    for entry in code:
        if entry.id:
            string = known.get(key(entry), ("", "") if entry.pluralizable else "")
            entry.string = typeset(string) if isinstance(string, str) else tuple(map(typeset, string))
            entry.flags.clear()
    return code


def key(entry: Message) -> Key:
    """Return what identifies a sentence; Babel before 2.19 reads the context of a compiled one as bytes."""
    context = entry.context.decode() if isinstance(entry.context, bytes) else entry.context
    return (entry.id if isinstance(entry.id, str) else entry.id[0]), context


def render_po(catalog: Catalog) -> bytes:
    """Return the text of the catalogue, by file of the package, without dates or line numbers."""
    catalog._num_plurals, catalog._plural_expr = 2, "(n > 1)"
    stream = io.BytesIO()
    write_po(stream, catalog, width=100, sort_by_file=True, include_lineno=False, omit_header=True)
    head = (
        f'{_HEADER}\nmsgid ""\nmsgstr ""\n"Language: fr\\n"\n"MIME-Version: 1.0\\n"\n'
        f'"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"Plural-Forms: {_PLURAL_FORMS}\\n"\n\n'
    )
    return head.encode() + stream.getvalue()


def render_mo(path: Path = PO) -> bytes:
    """Return the compiled catalogue, as gettext reads it."""
    catalog = read(path)
    stream = io.BytesIO()
    write_mo(stream, catalog)
    return stream.getvalue()


def update() -> None:
    """Extract, update and compile."""
    PO.write_bytes(render_po(merge(extract(), read())))
    if not is_compiled():
        PO.with_suffix(".mo").write_bytes(render_mo())


def is_compiled() -> bool:
    """Whether the compiled catalogue has the sentences of the text; their heads differ by date and version."""
    with PO.with_suffix(".mo").open("rb") as stream:
        compiled = read_mo(stream)
    return list_strings(compiled) == list_strings(read())


def list_strings(catalog: Catalog) -> dict[Key, object]:
    """Return the French of each sentence; a compiled catalogue holds plurals in lists, a text in tuples."""
    return {
        key(entry): entry.string if isinstance(entry.string, str) else tuple(entry.string)
        for entry in catalog
        if entry.id
    }


def list_fields(text: str) -> list[str]:
    """List the parameters of a template, sorted, each once."""
    return sorted(
        {name for _text, name, _spec, _conversion in string.Formatter().parse(text) if name is not None}
    )


def find_faults(code: Catalog, french: Catalog) -> Iterator[str]:
    """Name each sentence that is missing, empty, unused, unlike its English or not typeset."""
    used = {key(entry): entry for entry in code if entry.id}
    known = {key(entry): entry for entry in french if entry.id}
    for one in used.keys() - known.keys():
        yield f"not in the catalogue: {one[0]!r}"
    for one in known.keys() - used.keys():
        yield f"unused: {one[0]!r}"
    for entry in french:
        if not entry.id:
            continue
        english = entry.id if isinstance(entry.id, tuple) else (entry.id,)
        told = entry.string if isinstance(entry.string, tuple) else (entry.string,)
        if entry.fuzzy:
            yield f"fuzzy: {english[0]!r}"
        if not all(told) or len(told) != len(english):
            yield f"empty: {english[0]!r}"
        elif list_fields("".join(english)) != list_fields("".join(told)):
            yield f"other parameters: {english[0]!r} {told[0]!r}"
        yield from (f"not typeset: {text!a}" for text in told if text != typeset(text))


def find_french(package: Path = PACKAGE) -> Iterator[str]:
    """Name each French string of the code, of pages and of scripts, but for docstrings and excused files."""
    for path in sorted(package.rglob("*.py")):
        if path.relative_to(package).as_posix() in FRENCH_ON_PURPOSE:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            text = node.value if isinstance(node, ast.Constant) and id(node) not in silent else None
            if isinstance(text, str) and _FRENCH.search(text) and text not in FRENCH_WORDS:
                yield f"French in the code: {path.name}:{node.lineno} {text!r}"
    for path in sorted(one for ending in ("js", "html", "css", "j2") for one in package.rglob(f"*.{ending}")):
        for k, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if _FRENCH.search(line):
                yield f"French in the code: {path.name}:{k} {line.strip()!r}"


def check() -> list[str]:
    """List every fault of the catalogue, stale files included."""
    french = read()
    faults = [*sorted(find_faults(extract(), french)), *find_french()]
    if PO.read_bytes() != render_po(merge(extract(), read())):
        faults.append("tnt_sim.po is stale: python tools/messages.py update")
    if not is_compiled():
        faults.append("tnt_sim.mo is stale: python tools/messages.py update")
    return faults


def main(words: Sequence[str]) -> int:
    if words == ["update"]:
        update()
        words = ["check"]
    if words == ["check"]:
        faults = check()
        print("\n".join(faults) or f"{sum(1 for entry in read() if entry.id)} sentences in both languages")
        return int(bool(faults))
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
