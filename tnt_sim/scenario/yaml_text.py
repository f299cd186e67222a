"""The text of a YAML file → values that know their line: no Python object is ever built from a tag.

Every scalar stays the text of the file; ``null``, ``~`` and nothing at all are None; what is in quotes stays
text. Encoding, size, depth and aliases are limited before anything grows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from tnt_sim.errors import Defects, Place, ScenarioError, Text
from tnt_sim.scenario.nodes import Node, Origin
from tnt_sim.scenario.yaml_events import FORBIDDEN, EventReader, StoppedError, place_of
from tnt_sim.scenario.yaml_messages import explain
from tnt_sim.scenario.yaml_slips import find_slip

MAX_BYTES = 2 * 1024 * 1024


_SAVE_AS_UTF8 = Text(
    "Enregistrez-le sous « UTF-8 » dans votre éditeur.", 'Save it as "UTF-8" in your editor.'
)
_BOMS = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"), (b"\x00\x00\xfe\xff", "UTF-32"))


def read_yaml(path: Path, shown_as: str) -> Node | None:
    """Read one YAML file; None for a file that holds nothing but comments.

    Raises
    ------
    ScenarioError
        The file is missing, too big, not UTF-8, or not a YAML text that is read here; with line and column.
    """
    defects = Defects()
    node = read_yaml_into(path, shown_as, defects)
    defects.raise_if_any(ScenarioError)
    return node


def read_yaml_into(path: Path, shown_as: str, defects: Defects) -> Node | None:
    """What can be read of one YAML file; what is wrong with it is added to `defects`."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        why = error.strerror or type(error).__name__
        text = Text(f"le fichier ne peut pas être lu ({why}).", f"the file cannot be read ({why}).")
        defects.add("file", text, Place(shown_as))
        return None
    text_read = _decode(data, shown_as, defects)
    return (
        None if text_read is None else _parse(text_read, Origin(shown_as, layer=shown_as, path=path), defects)
    )


def parse_yaml(
    text: str, shown_as: str, *, layer: str | None = None, path: Path | None = None
) -> Node | None:
    """Read a YAML text; every defect that does not stop the reading is found in one pass.

    Raises
    ------
    ScenarioError
        Syntax, duplicate keys, tags, aliases or limits; with line and column.
    """
    defects = Defects()
    node = _parse(text, Origin(shown_as, layer=shown_as if layer is None else layer, path=path), defects)
    defects.raise_if_any(ScenarioError)
    return node


def _parse(text: str, base: Origin, defects: Defects) -> Node | None:
    bad = FORBIDDEN.search(text)
    if bad is not None:
        _forbidden_character(bad, base.file, defects)
        return None
    reader = EventReader(base, defects)
    events = YAML(typ="safe", pure=True).parse(text)
    try:
        for event in events:
            reader.take(event)
    except StoppedError:
        pass
    except MarkedYAMLError as error:
        _scanner_defect(error, reader, text, defects)
    except Exception as error:  # noqa: BLE001 - the scanner raises ValueError, RecursionError and others
        why = type(error).__name__
        words = Text(
            f"le texte ne peut plus être lu après cet endroit ({why}).",
            f"the text cannot be read beyond this place ({why}).",
        )
        hint = Text("Vérifiez la valeur qui suit.", "Check the value that follows.")
        defects.add("yaml", words, reader.last_place(), hint=hint)
    finally:
        _close(events)
    return reader.root


def _close(events: Iterator[Any]) -> None:
    close = getattr(events, "close", None)
    if close is not None:
        close()


def _decode(data: bytes, shown_as: str, defects: Defects) -> str | None:
    if len(data) > MAX_BYTES:
        size = MAX_BYTES // 1024 // 1024
        defects.add(
            "yaml_size",
            Text(f"le fichier dépasse {size} Mio.", f"the file is larger than {size} MiB."),
            Place(shown_as),
            hint=Text("Mettez les données dans un tableau à part.", "Put the data in a table of its own."),
        )
        return None
    data = data.removeprefix(b"\xef\xbb\xbf")
    for bom, name in _BOMS:
        if data.startswith(bom):
            text = Text(f"le fichier est en {name}, et non en UTF-8.", f"the file is {name}, not UTF-8.")
            defects.add("yaml_encoding", text, Place(shown_as, 1, 1), hint=_SAVE_AS_UTF8)
            return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8")) + 1
        byte = f"0x{data[error.start]:02X}"
        text = Text(
            f"le fichier n'est pas en UTF-8 (octet {byte} à la position {error.start}).",
            f"the file is not UTF-8 (byte {byte} at position {error.start}).",
        )
        place = Place(shown_as, before.count(b"\n") + 1, column)
        defects.add("yaml_encoding", text, place, hint=_SAVE_AS_UTF8)
        return None


def _forbidden_character(found: re.Match[str], shown_as: str, defects: Defects) -> None:
    before = found.string[: found.start()].replace("\r\n", "\n").replace("\r", "\n")
    place = Place(shown_as, before.count("\n") + 1, len(before) - before.rfind("\n"))
    number = f"U+{ord(found[0]):04X}"
    defects.add(
        "yaml_character",
        Text(
            f"caractère invisible {number}, qui n'est pas permis.",
            f"invisible character {number}, not allowed",
        ),
        place,
        hint=Text("Effacez-le (souvent un copier-coller).", "Delete it (often from a copy and paste)."),
    )


def _scanner_defect(error: MarkedYAMLError, reader: EventReader, source: str, defects: Defects) -> None:
    words = ": ".join(str(part) for part in (error.context, error.problem) if part)
    mark = error.problem_mark or error.context_mark
    began = error.context_mark
    if mark is not None:
        slip = find_slip(source, words, (mark.line, mark.column), None if began is None else began.line)
        if slip is not None:
            place = Place(reader.base.file, slip.line, slip.column)
            defects.add("yaml", slip.text, place, hint=slip.hint)
            return
    text, hint = explain(words)
    places = [place_of(reader.base, mark) if mark is not None else reader.last_place()]
    if error.context_mark is not None:
        opened = place_of(reader.base, error.context_mark)
        if opened.line != places[0].line:
            places.append(opened)
    defects.add("yaml", text, *places, hint=hint)
