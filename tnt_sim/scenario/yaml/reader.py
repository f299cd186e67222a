"""Reading of YAML into values with line and column; no Python object is ever built from a tag.

Parser events are turned into nodes with an explicit stack. Every scalar stays the text of the file;
``null``, ``~`` and nothing are None, and what is in quotes stays text. Encoding, size, depth and aliases are
limited while reading, so that a small file cannot expand without bound (the "billion laughs" attack).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from tnt_sim.characters import FORBIDDEN, format_code_point
from tnt_sim.domain.field_types import quote_value
from tnt_sim.errors import Defects, Place, ScenarioError
from tnt_sim.i18n.message import Text, _
from tnt_sim.scenario.yaml.nodes import Mapping, Origin, Scalar, Sequence, YamlNode
from tnt_sim.scenario.yaml.syntax_errors import (
    complete_sentence,
    explain,
    explain_amount_tail,
    is_amount_tail,
)

MAX_VALUES = 100_000
MAX_DEPTH = 64
MAX_ALIASES = 1_000
_MAX_DEFECTS = 50

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_KEY_ESCAPES = frozenset('nt"\\/')
"""Characters that may follow a backslash in a key; all other escapes hide what the key says."""
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_REMOVE_VERSION = _('Remove the line "%YAML".')


def locate_mark(base: Origin, mark: Any) -> Place:
    """Return the place of a mark of the scanner."""
    return Place(base.file, mark.line + 1, mark.column + 1)


class StoppedError(Exception):
    """Reading stopped on purpose; the defect is already recorded."""


@dataclass(slots=True)
class _Frame:
    """A list or a mapping that is still open."""

    origin: Origin
    is_mapping: bool
    is_flow: bool
    anchor: str | None
    items: list[YamlNode] = field(default_factory=list)
    entries: dict[str, YamlNode] = field(default_factory=dict)
    keys: dict[str, Origin] = field(default_factory=dict)
    wants_value: bool = False
    key: str | None = None
    key_origin: Origin | None = None
    last: ScalarEvent | None = None
    size: int = 1
    height: int = 1


@dataclass(slots=True)
class _Anchored:
    """The node that an anchor names; `node` is None while it is still open."""

    node: YamlNode | None
    size: int = 1
    height: int = 1


@dataclass(slots=True)
class EventReader:
    """Builds nodes from parser events, with an explicit stack."""

    base: Origin
    defects: Defects
    root: YamlNode | None = None
    stack: list[_Frame] = field(default_factory=list)
    anchors: dict[str, _Anchored] = field(default_factory=dict)
    n_values: int = 0
    n_aliases: int = 0
    n_documents: int = 0
    last_mark: Any = None

    def get_last_place(self) -> Place:
        """Return the place up to which the text was read."""
        return (
            Place(self.base.file, 1, 1) if self.last_mark is None else locate_mark(self.base, self.last_mark)
        )

    def take(self, event: Event) -> None:
        """Process the next event of the parser."""
        self.last_mark = event.end_mark
        match event:
            case DocumentStartEvent():
                self._check_document(event)
            case AliasEvent():
                self._resolve_alias(event)
            case ScalarEvent():
                self._read_scalar(event)
            case MappingStartEvent() | SequenceStartEvent():
                self._open(event)
            case CollectionEndEvent():
                self._close_frame()

    def _record_defect(self, code: str, text: Text, *places: Place, hint: Text | None = None) -> None:
        self.defects.add(code, complete_sentence(text), *places, hint=hint)
        if len(self.defects.entries) >= _MAX_DEFECTS:
            raise StoppedError

    def _stop(self, code: str, text: Text, *places: Place, hint: Text | None = None) -> None:
        self.defects.add(code, complete_sentence(text), *places, hint=hint)
        raise StoppedError

    def _check_document(self, event: DocumentStartEvent) -> None:
        self.n_documents += 1
        place = locate_mark(self.base, event.start_mark)
        if self.n_documents > 1:
            self._stop(
                "yaml_documents",
                _('a second document starts here ("---"): only one is read in a file'),
                place,
                hint=_('Remove "---" or make two files.'),
            )
        if event.version not in (None, (1, 2)):
            self._record_defect("yaml_version", _("only YAML 1.2 is read"), place, hint=_REMOVE_VERSION)

    def _build_origin(self, mark: Any) -> Origin:
        base = self.base
        return Origin(base.file, mark.line + 1, mark.column + 1, base.layer, path=base.path)

    def _count(self, size: int, height: int, place: Place) -> None:
        self.n_values += size
        if self.n_values > MAX_VALUES:
            self._stop(
                "yaml_size",
                _(
                    'more than {max_values} values, those repeated by aliases ("*") included',
                    max_values=MAX_VALUES,
                ),
                place,
                hint=_("Put the data in a table of its own."),
            )
        if len(self.stack) + height > MAX_DEPTH:
            self._stop(
                "yaml_depth",
                _("more than {max_depth} nested levels", max_depth=MAX_DEPTH),
                place,
                hint=_("Is a bracket or a brace missing?"),
            )

    def _resolve_alias(self, event: AliasEvent) -> None:
        place = locate_mark(self.base, event.start_mark)
        self.n_aliases += 1
        name = quote_value(event.anchor)
        if self.n_aliases > MAX_ALIASES:
            self._stop(
                "yaml_aliases",
                _("more than {max_aliases} aliases", max_aliases=MAX_ALIASES),
                place,
                hint=_("Write the values out."),
            )
        target = self.anchors.get(event.anchor)
        if target is None:
            self._record_defect(
                "yaml_alias",
                _('"*{name}" refers to nothing: no "&{name}" before this line', name=name),
                place,
                hint=_("Put the value in quotes if the star is text."),
            )
            self._attach(Scalar(None, self._build_origin(event.start_mark)), 1, 0, None)
        elif target.node is None:
            self._stop(
                "yaml_recursive",
                _('"*{name}" contains itself', name=name),
                place,
                hint=_("Write the value out."),
            )
        else:
            self._count(target.size, target.height, place)
            self._attach(target.node, target.size, target.height, None)

    def _check_tag(self, event: ScalarEvent | MappingStartEvent | SequenceStartEvent) -> None:
        if event.ctag is not None:
            self._record_defect(
                "yaml_tag",
                _('the tag "{tag}" is not read', tag=quote_value(_shorten_tag(str(event.ctag)))),
                locate_mark(self.base, event.start_mark),
                hint=_('Remove it, or put the value in quotes if "!" is text.'),
            )

    def _register_anchor(self, name: str | None, anchored: _Anchored, place: Place) -> None:
        if name is None:
            return
        known = self.anchors.get(name)
        if known is not None and known.node is not anchored.node and anchored.node is None:
            self._record_defect(
                "yaml_anchor",
                _('"&{anchor}" is defined twice', anchor=quote_value(name)),
                place,
                hint=_("Rename one of the two."),
            )
        self.anchors[name] = anchored

    def _read_scalar(self, event: ScalarEvent) -> None:
        place = locate_mark(self.base, event.start_mark)
        self._count(1, 0, place)
        self._check_tag(event)
        plain = _is_plain(event)
        record_character(event.value, place, self.defects)
        origin = self._build_origin(event.start_mark)
        top = self.stack[-1] if self.stack else None
        if plain and event.value == "" and top is not None and top.key_origin is not None and top.wants_value:
            origin = top.key_origin
        node = Scalar(None if plain and event.value in _NULLS else event.value, origin)
        self._register_anchor(event.anchor, _Anchored(None), place)
        self._register_anchor(event.anchor, _Anchored(node, 1, 0), place)
        self._attach(node, 1, 0, event)

    def _open(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        place = locate_mark(self.base, event.start_mark)
        self._count(1, 1, place)
        self._check_tag(event)
        self._register_anchor(event.anchor, _Anchored(None), place)
        origin = self._build_origin(event.start_mark)
        is_mapping = isinstance(event, MappingStartEvent)
        self.stack.append(_Frame(origin, is_mapping, bool(event.flow_style), event.anchor))

    def _close_frame(self) -> None:
        frame = self.stack.pop()
        node: YamlNode
        if frame.is_mapping:
            node = Mapping(frame.entries, frame.keys, frame.origin)
        else:
            node = Sequence(tuple(frame.items), frame.origin)
        if frame.anchor is not None:
            self.anchors[frame.anchor] = _Anchored(node, frame.size, frame.height)
        self._attach(node, frame.size, frame.height, None)

    def _attach(self, node: YamlNode, size: int, height: int, event: ScalarEvent | None) -> None:
        if not self.stack:
            self.root = node
            return
        frame = self.stack[-1]
        frame.size += size
        frame.height = max(frame.height, height + 1)
        if not frame.is_mapping:
            self._append_item(frame, node, event)
        elif frame.wants_value:
            self._set_value(frame, node, event)
        else:
            self._set_key(frame, node, event)

    def _append_item(self, frame: _Frame, node: YamlNode, event: ScalarEvent | None) -> None:
        before = frame.last
        if frame.is_flow and event is not None and before is not None and _is_split_amount(before, event):
            text, hint = explain_amount_tail(before.value, event.value)
            self._record_defect("yaml_comma", text, locate_mark(self.base, before.start_mark), hint=hint)
        frame.items.append(node)
        frame.last = event

    def _set_key(self, frame: _Frame, node: YamlNode, event: ScalarEvent | None) -> None:
        frame.wants_value, frame.key, frame.key_origin = True, None, node.origin
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            self._record_defect(
                "yaml_key",
                _("a key must be a text, not a list, a mapping or nothing"),
                node.origin.get_place(),
                hint=_("Put the key in quotes."),
            )
        elif node.value == "<<" and event is not None and _is_plain(event):
            self._record_defect(
                "yaml_merge",
                _('the merge key "<<" is not read'),
                node.origin.get_place(),
                hint=_('Write the keys, or use "extends".'),
            )
        elif event is None or _has_hidden_letter(event):
            self._record_defect(
                "yaml_key",
                _('this key reads "{key}", and the file does not show it', key=quote_value(node.value)),
                node.origin.get_place(),
                hint=_("Write the key itself, without escapes and aliases."),
            )
        elif node.value in frame.keys:
            key = quote_value(node.value)
            self._record_defect(
                "yaml_duplicate_key",
                _('the key "{key}" is written twice in one mapping', key=key),
                node.origin.get_place(),
                frame.keys[node.value].get_place(),
                hint=_("Keep one."),
            )
        else:
            frame.key = node.value
            frame.keys[node.value] = node.origin

    def _set_value(self, frame: _Frame, node: YamlNode, event: ScalarEvent | None) -> None:
        key, frame.wants_value = frame.key, False
        if frame.is_flow and key is not None and event is not None and _is_plain(event) and event.value == "":
            self._record_missing_value(frame, key)
        if key is not None:
            frame.entries[key] = node
        frame.last = event

    def _record_missing_value(self, frame: _Frame, key: str) -> None:
        place = frame.keys[key].get_place()
        before = frame.last.value if frame.last is not None else ""
        if before.isdecimal() and (key.isdecimal() or is_amount_tail(key)):
            text, hint = explain_amount_tail(before, key)
            self._record_defect("yaml_comma", text, place, hint=hint)
            return
        from tnt_sim.scenario.yaml.syntax_diagnosis import find_missing_space_in_key

        slip = find_missing_space_in_key(key)
        if slip is not None:
            self._record_defect("yaml", slip.text, place, hint=slip.hint)
            return
        self._record_defect(
            "yaml_no_value",
            _('between braces, "{key}" is a key without a value', key=quote_value(key)),
            place,
            hint=_('Write "key: value"; the rest of a text? The whole text in quotes.'),
        )


def record_character(value: str, place: Place, defects: Defects) -> None:
    """Record a character that no value may hold."""
    bad = FORBIDDEN.search(value)
    if bad is not None:
        number = format_code_point(bad[0])
        text = _("the value holds the character {number}, which is not allowed", number=number)
        defects.add("yaml_character", complete_sentence(text), place)


def _is_plain(event: ScalarEvent) -> bool:
    return event.style in (None, "") and bool(event.implicit[0])


def _has_hidden_letter(event: ScalarEvent) -> bool:
    """Return whether a key in double quotes is written with an escape in place of a letter."""
    written = event.start_mark.buffer[event.start_mark.index : event.end_mark.index]
    return event.style == '"' and not _KEY_ESCAPES.issuperset(_ESCAPE.findall(written))


def _is_split_amount(before: ScalarEvent, event: ScalarEvent) -> bool:
    """Return whether ``[12,5 k€]`` was written: digits, a comma without a space, the tail of an amount."""
    touching = before.end_mark.index + 1 == event.start_mark.index
    plain = _is_plain(before) and _is_plain(event)
    return touching and plain and before.value.isdecimal() and is_amount_tail(event.value)


def _shorten_tag(tag: str) -> str:
    prefix = "tag:yaml.org,2002:"
    return "!!" + tag.removeprefix(prefix) if tag.startswith(prefix) else tag


MAX_BYTES = 2 * 1024 * 1024


_SAVE_AS_UTF8 = _('Save it as "UTF-8" in your editor.')
_BOMS = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"), (b"\x00\x00\xfe\xff", "UTF-32"))


def read_yaml(path: Path, shown_as: str) -> YamlNode | None:
    """Read one YAML file; None for a file that contains only comments."""
    defects = Defects()
    node = read_yaml_into(path, shown_as, defects)
    defects.raise_if_any(ScenarioError)
    return node


def read_yaml_into(path: Path, shown_as: str, defects: Defects) -> YamlNode | None:
    """Read what can be read of one YAML file; defects are added to `defects`."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        why = error.strerror or type(error).__name__
        text = _("the file cannot be read ({why}).", why=why)
        defects.add("file", text, Place(shown_as))
        return None
    text_read = _decode(data, shown_as, defects)
    return (
        None if text_read is None else _parse(text_read, Origin(shown_as, layer=shown_as, path=path), defects)
    )


def parse_yaml(
    text: str, shown_as: str, *, layer: str | None = None, path: Path | None = None
) -> YamlNode | None:
    """Read a YAML text; every defect that does not stop the reading is found in one pass."""
    defects = Defects()
    node = _parse(text, Origin(shown_as, layer=shown_as if layer is None else layer, path=path), defects)
    defects.raise_if_any(ScenarioError)
    return node


def _parse(text: str, base: Origin, defects: Defects) -> YamlNode | None:
    bad = FORBIDDEN.search(text)
    if bad is not None:
        _record_forbidden_character(bad, base.file, defects)
        return None
    reader = EventReader(base, defects)
    events = YAML(typ="safe", pure=True).parse(text)
    try:
        for event in events:
            reader.take(event)
    except StoppedError:
        pass
    except MarkedYAMLError as error:
        _record_scanner_error(error, reader, text, defects)
    except Exception as error:  # noqa: BLE001 - the scanner raises ValueError, RecursionError and others
        why = type(error).__name__
        words = _("the text cannot be read beyond this place ({why}).", why=why)
        hint = _("Check the value that follows.")
        defects.add("yaml", words, reader.get_last_place(), hint=hint)
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
            _("the file is larger than {size} MiB.", size=size),
            Place(shown_as),
            hint=_("Put the data in a table of its own."),
        )
        return None
    data = data.removeprefix(b"\xef\xbb\xbf")
    for bom, name in _BOMS:
        if data.startswith(bom):
            text = _("the file is {name}, not UTF-8.", name=name)
            defects.add("yaml_encoding", text, Place(shown_as, 1, 1), hint=_SAVE_AS_UTF8)
            return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8")) + 1
        byte = f"0x{data[error.start]:02X}"
        text = _("the file is not UTF-8 (byte {byte} at position {start}).", byte=byte, start=error.start)
        place = Place(shown_as, before.count(b"\n") + 1, column)
        defects.add("yaml_encoding", text, place, hint=_SAVE_AS_UTF8)
        return None


def _record_forbidden_character(match: re.Match[str], shown_as: str, defects: Defects) -> None:
    before = match.string[: match.start()]
    place = Place(shown_as, before.count("\n") + 1, len(before) - before.rfind("\n"))
    number = format_code_point(match[0])
    defects.add(
        "yaml_character",
        _("invisible character {number}, not allowed.", number=number),
        place,
        hint=_("Delete it (often from a copy and paste)."),
    )


def _record_scanner_error(error: MarkedYAMLError, reader: EventReader, source: str, defects: Defects) -> None:
    words = ": ".join(str(part) for part in (error.context, error.problem) if part)
    mark = error.problem_mark or error.context_mark
    began = error.context_mark
    if mark is not None:
        from tnt_sim.scenario.yaml.syntax_diagnosis import find_slip

        slip = find_slip(source, words, (mark.line, mark.column), None if began is None else began.line)
        if slip is not None:
            place = Place(reader.base.file, slip.line, slip.column)
            defects.add("yaml", slip.text, place, hint=slip.hint)
            return
    text, hint = explain(words)
    places = [locate_mark(reader.base, mark) if mark is not None else reader.get_last_place()]
    if error.context_mark is not None:
        opened = locate_mark(reader.base, error.context_mark)
        if opened.line != places[0].line:
            places.append(opened)
    defects.add("yaml", text, *places, hint=hint)
