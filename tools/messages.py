"""The catalogue of sentences: extracted from the code, updated and compiled with Babel, and checked.

    python tools/messages.py update     reads the code; updates fr/LC_MESSAGES/tnt_sim.po and compiles tnt_sim.mo
    python tools/messages.py check      names what is untranslated, unused or has other parameters: exit code 1

`update` keeps the French of each sentence whose English is unchanged. A new sentence stands there with an empty
`msgstr`: write its French, and run `update` again. Nothing is guessed (no « fuzzy » entries).
"""

from __future__ import annotations

import io
import string
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "tnt_sim"
PO = PACKAGE / "i18n" / "locale" / "fr" / "LC_MESSAGES" / "tnt_sim.po"
KEYWORDS = {"_": None, "_n": (1, 2), "_p": ((1, "c"), 2), "N_": None}
_HEADER = """\
# French sentences of tnt_sim. The English ones stand in the code.
# `python tools/messages.py update` extracts, updates and compiles.
#"""
_PLURAL_FORMS = "nplurals=2; plural=(n > 1);"
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
    """Return the sentences of the code with the French they have."""
    known = {key(entry): entry.string for entry in french if entry.id}
    for entry in code:
        if entry.id:
            entry.string = known.get(key(entry), ("", "") if entry.pluralizable else "")
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
    """Name each sentence that is missing, empty, unused or unlike its English."""
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


def check() -> list[str]:
    """List every fault of the catalogue, stale files included."""
    french = read()
    faults = sorted(find_faults(extract(), french))
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
