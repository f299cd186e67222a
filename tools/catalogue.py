"""Every sentence that a planner may read, as a gettext catalogue: French is the key, English its translation.

The sentences are the `Text(fr, en)` of the code, where a reviewer sees both; the catalogue is made from them, so
that a translator can work in a PO editor, and goes back into them. A field is written `{…}` as in the code.

    python tools/catalogue.py write FOLDER     FOLDER/en.po and FOLDER/en.mo
    python tools/catalogue.py check            what is missing or disagrees; exit code 1 if anything does
    python tools/catalogue.py apply FILE.po    puts the changed translations into the code
"""

from __future__ import annotations

import ast
import re
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "tnt_sim"
_LANGUAGE = re.compile(
    r"\.(?:fr|en)\b|\.in_\([^)]*\)|\bLang\.(?:FR|EN)\b|\b_?(?:fr|en)\b|_(?:fr|en)\b|\[[01]\]"
)
_FIELD = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One `Text` of the code: both templates, the file and line, and the node of the English one."""

    file: Path
    line: int
    fr: str
    en: str
    node: ast.expr

    @property
    def where(self) -> str:
        """`tnt_sim/room/file.py:line`."""
        return f"{self.file.relative_to(PACKAGE.parent).as_posix()}:{self.line}"


def sentences(package: Path = PACKAGE) -> Iterator[Sentence]:
    """The `Text(fr, en)` whose two arguments are written out as strings, in the order of files and lines."""
    for file in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Text":
                fr, en = (template(argument) for argument in [*node.args, None, None][:2])
                if fr is not None and en is not None:
                    yield Sentence(file, node.lineno, fr, en, node.args[1])


def template(node: ast.expr | None) -> str | None:
    """A string as it is written, each field of an f-string as `{code}`; None for what is no string."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_part(part) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = template(node.left), template(node.right)
        return None if None in sides else "".join(side or "" for side in sides)
    return None


def _part(part: ast.expr) -> str:
    if isinstance(part, ast.FormattedValue):
        spec = template(part.format_spec) if part.format_spec else ""
        return "{" + ast.unparse(part.value) + (f":{spec}" if spec else "") + "}"
    return template(part) or ""


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
    return sorted({_LANGUAGE.sub("", field) for field in _FIELD.findall(text) if " if " not in field})


def write(folder: Path, found: Sequence[Sentence]) -> None:
    """`en.po` for people and `en.mo` for programs."""
    folder.mkdir(parents=True, exist_ok=True)
    head = "Language: en\nContent-Type: text/plain; charset=UTF-8\n"
    by_key: dict[str, list[Sentence]] = {}
    for one in found:
        if one.fr:
            by_key.setdefault(one.fr, []).append(one)
    blocks = [f'msgid ""\nmsgstr {_quoted(head)}']
    for key, same in by_key.items():
        places = "".join(f"#: {one.where}\n" for one in same)
        blocks.append(f"{places}msgid {_quoted(key)}\nmsgstr {_quoted(same[0].en)}")
    (folder / "en.po").write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    (folder / "en.mo").write_bytes(compiled({"": head, **{key: same[0].en for key, same in by_key.items()}}))


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


def read_po(text: str) -> dict[str, str]:
    """Key and translation of each entry of a PO file."""
    pairs: dict[str, str] = {}
    for block in re.split(r"\n\s*\n", text):
        parts = {"msgid": "", "msgstr": ""}
        current = ""
        for line in block.splitlines():
            word, _, rest = line.partition(" ")
            if word in parts:
                current, line = word, rest
            if current and line.startswith('"'):
                parts[current] += ast.literal_eval(line)
        if parts["msgid"]:
            pairs[parts["msgid"]] = parts["msgstr"]
    return pairs


def apply(pairs: Mapping[str, str], found: Sequence[Sentence]) -> list[str]:
    """Put changed translations into the code; gives what was changed. Fields stay as they are."""
    changed = []
    for file in sorted({one.file for one in found}):
        source = file.read_text(encoding="utf-8")
        mine = [one for one in found if one.file == file and pairs.get(one.fr, one.en) not in ("", one.en)]
        for one in sorted(mine, key=lambda one: (one.node.lineno, one.node.col_offset), reverse=True):
            new = pairs[one.fr]
            if sorted(_FIELD.findall(new)) != sorted(_FIELD.findall(one.en)):
                raise SystemExit(
                    f"{one.where}: the fields of the translation are not those of the code: {new}"
                )
            source = _replaced(source, one.node, ("f" if _FIELD.search(one.en) else "") + _python(new))
            changed.append(one.where)
        file.write_text(source, encoding="utf-8")
    return changed


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
        told = faults(found)
        print("\n".join(told) or f"{len(found)} sentences, each in both languages")
        return int(bool(told))
    elif words[:1] == ["apply"] and len(words) == 2:
        print("\n".join(apply(read_po(Path(words[1]).read_text(encoding="utf-8")), found)))
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
