"""Every sentence that a planner may read, as gettext catalogues: French is the key, in both languages.

The sentences are those of the code, where a reviewer sees both sides (`tools/sentences.py` says how they look);
the catalogues are made from them, so that a translator can work in a PO editor, and go back into them. A field is
written `{…}` as in the code and stays as it is. In `en.po` the English is changed, in `fr.po` the French itself.

    python tools/catalogue.py write FOLDER     FOLDER/fr.po, fr.mo, en.po, en.mo
    python tools/catalogue.py check            what is missing, disagrees or stands outside: exit code 1
    python tools/catalogue.py apply FILE.po    puts what was changed into the code
"""

from __future__ import annotations

import ast
import re
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from sentences import OF_ONE_SIDE, PACKAGE, Outside, Sentence, in_assets, readers

_LANGUAGE = re.compile(
    r"\.(?:fr|en)\b|\.in_\([^)]*\)|\b(?:Lang\.)?(?:FR|EN)\b|\b_?(?:fr|en)\b|_(?:fr|en)\b|\[[01]\]"
)
_FIELD = re.compile(r"\{[^{}]*\}")
_WRITTEN_IN_FRENCH = {
    "cli/project_templates.py": "files that `new` writes, with their comments, once in each language",
    "ingest/tables/pabulib.py": "the note of the scenario that `import` writes for a `.pb`",
    "ingest/forms/mapping.py": "comments of mapping.yaml, the chief ones in both languages",
    "app/downloads.py": "the head of a saved variant, in both languages",
    "reporting/workbook/department_workbook.py": "the head of the rules that `--consolidate` writes",
    "engine/run_folder/writer.py": "the head of scenario.resolved.yaml",
    "cli/verbs.py": "« démarche » is a name",
    "reporting/export/administrative_tables.py": "labels of Turgot, démarches-simplifiées, Chorus and letters",
    "ingest/forms/demarche_api.py": "labels of the exports of démarches-simplifiées",
    "reporting/export/scdl.py": "values that the schema names",
    "rules/offers/cap_spec.py": "names of legal texts",
    "reporting/reports/rules_page.py": "the page docs/rules.md, in French",
    "reporting/text/rule_examples.py": "the rules of docs/rules.md, in French",
    "ingest/portfolio_reader.py": "words looked for in files",
    "domain/field_types.py": "units that a scenario may write",
    "cli/commands/import_.py": "a remedy looked for in other sentences",
}
_PAGES = ("reporting/reports/rules_page.py", "reporting/text/rule_examples.py")
"""What makes a page of the documentation, in French, and no sentence of the program."""
_WORDS = {
    "démarches-simplifiées": "a name",
    "métropole": "a word looked for in what a user wrote",
    "métropoles": "a word looked for in what a user wrote",
    "département": "a word looked for in what a user wrote",
    "région": "a word looked for in what a user wrote",
    "défaut": "a word that the help of an option may have already",
    "où": "a word that selector_words takes in French alone",
    "there is no node « ": "an error of the checker",
}


def sentences(package: Path = PACKAGE) -> Iterator[Sentence]:
    """The sentences in both languages, in the order of files and lines."""
    for one in readers(package):
        if one.file.relative_to(package).as_posix() not in _PAGES:
            yield from sorted(one.sentences, key=lambda sentence: sentence.line)


def outside(package: Path = PACKAGE) -> list[Outside]:
    """French words in the code that no sentence holds, but for those that are French on purpose."""
    every = readers(package)
    known = {sentence.fr for one in every for sentence in one.sentences} | _WORDS.keys()
    told = [
        word
        for one in every
        if one.file.relative_to(package).as_posix() not in _WRITTEN_IN_FRENCH
        for word in one.outside()
        if word.text not in known
    ]
    return told + list(in_assets(package))


def faults(found: Sequence[Sentence]) -> list[str]:
    """Sentences with an empty side, fields that only one side has, and keys with two translations."""
    told = []
    seen: dict[str, Sentence] = {}
    for one in found:
        if bool(one.fr.strip()) != bool(one.en.strip()):
            told.append(f"{one.where}: one side is empty")
        elif len(_fields(one.fr)) != len(_fields(one.en)):
            told.append(f"{one.where}: fields {_fields(one.fr)} and {_fields(one.en)}")
        first = seen.setdefault(one.fr, one)
        if first.en != one.en and "{" not in one.fr and len(one.fr.split()) > 3:
            told.append(f"{one.where}: translated otherwise at {first.where}")
    return told


def _fields(text: str) -> list[str]:
    """The fields of a template, without what says the language in them, nor what chooses an ending (`… if …`)."""
    names = sorted({_LANGUAGE.sub("", field) for field in _FIELD.findall(text) if " if " not in field})
    return [name for name in names if name not in OF_ONE_SIDE]


_CONTEXT = "\4"
"""What stands between context and French in the key of a machine-readable catalogue."""


def by_key(found: Sequence[Sentence]) -> dict[str, list[Sentence]]:
    """The sentences of each entry: one French text, with the place before it where it has several translations."""
    alike: dict[str, dict[str, list[Sentence]]] = {}
    for one in found:
        if one.fr:
            alike.setdefault(one.fr, {}).setdefault(one.en, []).append(one)
    return {
        (fr if k == 0 else f"{same[0].where}{_CONTEXT}{fr}"): same
        for fr, groups in alike.items()
        for k, same in enumerate(groups.values())
    }


def write(folder: Path, found: Sequence[Sentence]) -> None:
    """`fr.po` and `en.po` for people, `.mo` of each for programs."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = by_key(found)
    for lang in ("fr", "en"):
        said = {key: same[0].fr if lang == "fr" else same[0].en for key, same in entries.items()}
        head = f"Project-Id-Version: tnt-sim\nLanguage: {lang}\nMIME-Version: 1.0\n"
        head += "Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n"
        blocks = [f'msgid ""\nmsgstr {_quoted(head)}']
        blocks += [_entry(key, said[key], same, lang) for key, same in entries.items()]
        (folder / f"{lang}.po").write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
        (folder / f"{lang}.mo").write_bytes(compiled({"": head, **said}))


def _entry(key: str, said: str, same: Sequence[Sentence], lang: str) -> str:
    """One entry: what stands in its fields, the English beside the French, where it is."""
    context, _, french = key.rpartition(_CONTEXT)
    fields = sorted(set(_FIELD.findall(said)))
    notes = [f"#. fields, kept as they are: {' '.join(fields)}"] if fields else []
    if lang == "fr":
        notes.append("#. en: " + same[0].en.replace("\n", "\\n"))
    places = [f"#: {one.where}" for one in same]
    named = [f"msgctxt {_quoted(context)}"] if context else []
    return "\n".join([*notes, *places, *named, f"msgid {_quoted(french)}", f"msgstr {_quoted(said)}"])


def compiled(pairs: Mapping[str, str]) -> bytes:
    """The machine form of a catalogue (GNU gettext, « The Format of GNU MO Files »)."""
    keys = sorted(pairs, key=lambda key: key.encode())
    texts = [key.encode() for key in keys] + [pairs[key].encode() for key in keys]
    start = 28 + 16 * len(keys)
    table, data = [], b""
    for text in texts:
        table.append((len(text), start + len(data)))
        data += text + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(keys), 28, 28 + 8 * len(keys), 0, start)
    return head + b"".join(struct.pack("<2I", *entry) for entry in table) + data


def read_po(text: str) -> tuple[str, dict[str, str]]:
    """The language of a PO file, with key and translation of each entry."""
    pairs: dict[str, str] = {}
    lang = "en"
    for block in re.split(r"\n\s*\n", text):
        parts = {"msgctxt": "", "msgid": "", "msgstr": ""}
        current = ""
        for line in block.splitlines():
            word, _, rest = line.partition(" ")
            if word in parts:
                current, line = word, rest
            if current and line.startswith('"'):
                parts[current] += ast.literal_eval(line)
        if parts["msgid"]:
            context = parts["msgctxt"] + _CONTEXT if parts["msgctxt"] else ""
            pairs[context + parts["msgid"]] = parts["msgstr"]
        elif found := re.search(r"^Language: (fr|en)", parts["msgstr"], re.MULTILINE):
            lang = found[1]
    return lang, pairs


def apply(pairs: Mapping[str, str], found: Sequence[Sentence], lang: str = "en") -> list[str]:
    """Put what was changed into the code; gives where. Fields stay as they are."""
    changed = []
    new: dict[Path, list[tuple[Sentence, ast.expr, str]]] = {}
    for key, same in by_key(found).items():
        for one in same:
            node, was = _side(one, lang)
            if (said := pairs.get(key, was)) in ("", was):
                continue
            if sorted(_FIELD.findall(said)) != sorted(_FIELD.findall(was)):
                raise SystemExit(f"{one.where}: the fields of the text are not those of the code: {said}")
            new.setdefault(one.file, []).append((one, node, said))
    for same in [part for parts in list(new.values()) for part in parts if lang == "fr" and _is_key(part[0])]:
        for file, node in _again(same[0]):
            new.setdefault(file, []).append((same[0], node, same[2]))
    for file, parts in sorted(new.items()):
        source = file.read_text(encoding="utf-8")
        for one, node, said in sorted(parts, key=lambda part: _begin(part[1]), reverse=True):
            source = _replaced(source, node, ("f" if _has_fields(node) else "") + _python(said))
            changed.append(one.where)
        file.write_text(source, encoding="utf-8")
    return changed


def _is_key(one: Sentence) -> bool:
    """Whether a French text stands in a table of translations, so that the text itself is elsewhere."""
    return one.file.name == "english_help.py"


def _again(one: Sentence) -> Iterator[tuple[Path, ast.expr]]:
    """Where else in its room the French text of a table stands."""
    for file in sorted(set(one.file.parent.glob("*.py")) - {one.file}):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and node.value == one.fr:
                yield file, node


def _begin(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _side(one: Sentence, lang: str) -> tuple[ast.expr, str]:
    return (one.nodes[0], one.fr) if lang == "fr" else (one.nodes[1], one.en)


def _has_fields(node: ast.expr) -> bool:
    return any(isinstance(part, ast.JoinedStr) for part in ast.walk(node))


def _replaced(source: str, node: ast.expr, new: str) -> str:
    lines = source.splitlines(keepends=True)
    before, after = lines[node.lineno - 1].encode(), lines[(node.end_lineno or node.lineno) - 1].encode()
    head, tail = before[: node.col_offset].decode(), after[node.end_col_offset or 0 :].decode()
    return "".join([*lines[: node.lineno - 1], head + new + tail, *lines[node.end_lineno or node.lineno :]])


def _quoted(text: str) -> str:
    """A text of a PO file: double quotes, escapes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def _python(text: str) -> str:
    """A string of Python whose quotes stand in no field of it."""
    return _quoted(text) if not any('"' in field for field in _FIELD.findall(text)) else repr(text)


def main(words: Sequence[str]) -> int:
    found = list(sentences())
    if words[:1] == ["write"] and len(words) == 2:
        write(Path(words[1]), found)
    elif words == ["check"]:
        told = [*faults(found), *(f"{one.where}: in no sentence: {one.text!r}" for one in outside())]
        print("\n".join(told) or f"{len(found)} sentences, each in both languages; no French outside of them")
        return int(bool(told))
    elif words[:1] == ["apply"] and len(words) == 2:
        lang, pairs = read_po(Path(words[1]).read_text(encoding="utf-8"))
        print("\n".join(apply(pairs, found, lang)))
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
