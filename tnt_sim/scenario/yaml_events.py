"""Parser events → nodes, with a stack of its own: size, depth and aliases are limited while they are read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from tnt_sim.errors import Defects, Place, Text
from tnt_sim.scalars import shown
from tnt_sim.scenario.nodes import Mapping, Node, Origin, Scalar, Sequence
from tnt_sim.scenario.yaml_messages import amount_tail_texts, looks_like_amount_tail, sentence
from tnt_sim.scenario.yaml_slips import space_in_key

MAX_VALUES = 100_000
MAX_DEPTH = 64
MAX_ALIASES = 1_000
_MAX_DEFECTS = 50

FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_REMOVE_VERSION = Text("Retirez la ligne « %YAML ».", 'Remove the line "%YAML".')


def place_of(base: Origin, mark: Any) -> Place:
    """The place of a mark of the scanner."""
    return Place(base.file, mark.line + 1, mark.column + 1)


class StoppedError(Exception):
    """Reading stopped on purpose; the defect is already noted."""


@dataclass(slots=True)
class _Frame:
    """A list or a mapping that is still open."""

    origin: Origin
    is_mapping: bool
    is_flow: bool
    anchor: str | None
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Origin] = field(default_factory=dict)
    wants_value: bool = False
    key: str | None = None
    key_origin: Origin | None = None
    last: ScalarEvent | None = None
    size: int = 1
    height: int = 1


@dataclass(slots=True)
class _Anchored:
    """What an anchor names; `node` is None while it is still open."""

    node: Node | None
    size: int = 1
    height: int = 1


@dataclass(slots=True)
class EventReader:
    """The stack that turns parser events into nodes."""

    base: Origin
    defects: Defects
    root: Node | None = None
    stack: list[_Frame] = field(default_factory=list)
    anchors: dict[str, _Anchored] = field(default_factory=dict)
    n_values: int = 0
    n_aliases: int = 0
    n_documents: int = 0
    last_mark: Any = None

    def last_place(self) -> Place:
        """How far the reading went."""
        return Place(self.base.file, 1, 1) if self.last_mark is None else place_of(self.base, self.last_mark)

    def take(self, event: Event) -> None:
        """Take the next event of the parser."""
        self.last_mark = event.end_mark
        match event:
            case DocumentStartEvent():
                self._document(event)
            case AliasEvent():
                self._alias(event)
            case ScalarEvent():
                self._scalar(event)
            case MappingStartEvent() | SequenceStartEvent():
                self._open(event)
            case CollectionEndEvent():
                self._close_frame()

    def _defect(self, code: str, fr: str, en: str, *places: Place, hint: Text | None = None) -> None:
        self.defects.add(code, sentence(Text(fr, en)), *places, hint=hint)
        if len(self.defects.found) >= _MAX_DEFECTS:
            raise StoppedError

    def _stop(self, code: str, fr: str, en: str, *places: Place, hint: Text | None = None) -> None:
        self.defects.add(code, sentence(Text(fr, en)), *places, hint=hint)
        raise StoppedError

    def _document(self, event: DocumentStartEvent) -> None:
        self.n_documents += 1
        place = place_of(self.base, event.start_mark)
        if self.n_documents > 1:
            self._stop(
                "yaml_documents",
                "un deuxième document commence ici (« --- ») : un seul est lu par fichier",
                'a second document starts here ("---"): only one is read in a file',
                place,
                hint=Text("Retirez « --- » ou faites deux fichiers.", 'Remove "---" or make two files.'),
            )
        if event.version not in (None, (1, 2)):
            self._defect(
                "yaml_version", "seul YAML 1.2 est lu", "only YAML 1.2 is read", place, hint=_REMOVE_VERSION
            )

    def _origin(self, mark: Any) -> Origin:
        base = self.base
        return Origin(base.file, mark.line + 1, mark.column + 1, base.layer, path=base.path)

    def _count(self, size: int, height: int, place: Place) -> None:
        self.n_values += size
        if self.n_values > MAX_VALUES:
            self._stop(
                "yaml_size",
                f"plus de {MAX_VALUES} valeurs, répétitions par alias (« * ») comprises",
                f'more than {MAX_VALUES} values, those repeated by aliases ("*") included',
                place,
                hint=Text(
                    "Mettez les données dans un tableau à part.", "Put the data in a table of its own."
                ),
            )
        if len(self.stack) + height > MAX_DEPTH:
            self._stop(
                "yaml_depth",
                f"plus de {MAX_DEPTH} niveaux emboîtés",
                f"more than {MAX_DEPTH} nested levels",
                place,
                hint=Text("Un crochet ou une accolade manque-t-il ?", "Is a bracket or a brace missing?"),
            )

    def _alias(self, event: AliasEvent) -> None:
        place = place_of(self.base, event.start_mark)
        self.n_aliases += 1
        name = shown(event.anchor)
        if self.n_aliases > MAX_ALIASES:
            self._stop(
                "yaml_aliases", f"plus de {MAX_ALIASES} alias", f"more than {MAX_ALIASES} aliases", place
            )
        target = self.anchors.get(event.anchor)
        if target is None:
            self._defect(
                "yaml_alias",
                f"« *{name} » ne renvoie à rien : aucun « &{name} » avant cette ligne",
                f'"*{name}" refers to nothing: no "&{name}" before this line',
                place,
                hint=Text(
                    "Mettez la valeur entre guillemets si l'étoile est du texte.",
                    "Put the value in quotes if the star is text.",
                ),
            )
            self._attach(Scalar(None, self._origin(event.start_mark)), 1, 0, None)
        elif target.node is None:
            self._stop(
                "yaml_recursive",
                f"« *{name} » se contient lui-même",
                f'"*{name}" contains itself',
                place,
                hint=Text("Écrivez la valeur en toutes lettres.", "Write the value out."),
            )
        else:
            self._count(target.size, target.height, place)
            self._attach(target.node, target.size, target.height, None)

    def _tag(self, event: ScalarEvent | MappingStartEvent | SequenceStartEvent) -> None:
        if event.ctag is not None:
            self._defect(
                "yaml_tag",
                f"l'étiquette « {shown(_short_tag(str(event.ctag)))} » n'est pas lue",
                f'the tag "{shown(_short_tag(str(event.ctag)))}" is not read',
                place_of(self.base, event.start_mark),
                hint=Text(
                    "Retirez-la, ou mettez la valeur entre guillemets si « ! » est du texte.",
                    'Remove it, or put the value in quotes if "!" is text.',
                ),
            )

    def _anchor(self, name: str | None, anchored: _Anchored, place: Place) -> None:
        if name is None:
            return
        known = self.anchors.get(name)
        if known is not None and known.node is not anchored.node and anchored.node is None:
            self._defect(
                "yaml_anchor",
                f"« &{shown(name)} » est défini deux fois",
                f'"&{shown(name)}" is defined twice',
                place,
            )
        self.anchors[name] = anchored

    def _scalar(self, event: ScalarEvent) -> None:
        place = place_of(self.base, event.start_mark)
        self._count(1, 0, place)
        self._tag(event)
        plain = _is_plain(event)
        bad = FORBIDDEN.search(event.value)
        if bad is not None:
            number = f"U+{ord(bad[0]):04X}"
            self._defect(
                "yaml_character",
                f"la valeur contient le caractère {number}, qui n'est pas permis",
                f"the value holds the character {number}, which is not allowed",
                place,
            )
        origin = self._origin(event.start_mark)
        top = self.stack[-1] if self.stack else None
        if plain and event.value == "" and top is not None and top.key_origin is not None and top.wants_value:
            origin = top.key_origin
        node = Scalar(None if plain and event.value in _NULLS else event.value, origin)
        self._anchor(event.anchor, _Anchored(None), place)
        self._anchor(event.anchor, _Anchored(node, 1, 0), place)
        self._attach(node, 1, 0, event)

    def _open(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        place = place_of(self.base, event.start_mark)
        self._count(1, 1, place)
        self._tag(event)
        self._anchor(event.anchor, _Anchored(None), place)
        origin = self._origin(event.start_mark)
        is_mapping = isinstance(event, MappingStartEvent)
        self.stack.append(_Frame(origin, is_mapping, bool(event.flow_style), event.anchor))

    def _close_frame(self) -> None:
        frame = self.stack.pop()
        node: Node
        if frame.is_mapping:
            node = Mapping(frame.entries, frame.keys, frame.origin)
        else:
            node = Sequence(tuple(frame.items), frame.origin)
        if frame.anchor is not None:
            self.anchors[frame.anchor] = _Anchored(node, frame.size, frame.height)
        self._attach(node, frame.size, frame.height, None)

    def _attach(self, node: Node, size: int, height: int, event: ScalarEvent | None) -> None:
        if not self.stack:
            self.root = node
            return
        frame = self.stack[-1]
        frame.size += size
        frame.height = max(frame.height, height + 1)
        if not frame.is_mapping:
            self._item(frame, node, event)
        elif frame.wants_value:
            self._value(frame, node, event)
        else:
            self._key(frame, node, event)

    def _item(self, frame: _Frame, node: Node, event: ScalarEvent | None) -> None:
        before = frame.last
        if frame.is_flow and event is not None and before is not None and _is_split_amount(before, event):
            text, hint = amount_tail_texts(before.value, event.value)
            self._defect("yaml_comma", text.fr, text.en, place_of(self.base, before.start_mark), hint=hint)
        frame.items.append(node)
        frame.last = event

    def _key(self, frame: _Frame, node: Node, event: ScalarEvent | None) -> None:
        frame.wants_value, frame.key, frame.key_origin = True, None, node.origin
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            self._defect(
                "yaml_key",
                "une clé doit être un texte, et non une liste, un bloc ou rien",
                "a key must be a text, not a list, a mapping or nothing",
                node.origin.place(),
                hint=Text("Mettez la clé entre guillemets.", "Put the key in quotes."),
            )
        elif node.value == "<<" and event is not None and _is_plain(event):
            self._defect(
                "yaml_merge",
                "la fusion « << » n'est pas lue",
                'the merge key "<<" is not read',
                node.origin.place(),
                hint=Text("Écrivez les clés, ou utilisez « extends ».", 'Write the keys, or use "extends".'),
            )
        elif node.value in frame.keys:
            key = shown(node.value)
            self._defect(
                "yaml_duplicate_key",
                f"la clé « {key} » est écrite deux fois dans le même bloc",
                f'the key "{key}" is written twice in one mapping',
                node.origin.place(),
                frame.keys[node.value].place(),
                hint=Text("Gardez-en une.", "Keep one."),
            )
        else:
            frame.key = node.value
            frame.keys[node.value] = node.origin

    def _value(self, frame: _Frame, node: Node, event: ScalarEvent | None) -> None:
        key, frame.wants_value = frame.key, False
        if frame.is_flow and key is not None and event is not None and _is_plain(event) and event.value == "":
            self._no_value(frame, key)
        if key is not None:
            frame.entries[key] = node
        frame.last = event

    def _no_value(self, frame: _Frame, key: str) -> None:
        place = frame.keys[key].place()
        before = frame.last.value if frame.last is not None else ""
        if before.isdecimal() and (key.isdecimal() or looks_like_amount_tail(key)):
            text, hint = amount_tail_texts(before, key)
            self._defect("yaml_comma", text.fr, text.en, place, hint=hint)
            return
        slip = space_in_key(key)
        if slip is not None:
            self._defect("yaml", slip.text.fr, slip.text.en, place, hint=slip.hint)
            return
        self._defect(
            "yaml_no_value",
            f"entre accolades, « {shown(key)} » est une clé sans valeur",
            f'between braces, "{shown(key)}" is a key without a value',
            place,
            hint=Text(
                "Écrivez « clé: valeur » ; la suite d'un texte ? Tout le texte entre guillemets.",
                'Write "key: value"; the rest of a text? The whole text in quotes.',
            ),
        )


def _is_plain(event: ScalarEvent) -> bool:
    return event.style in (None, "") and bool(event.implicit[0])


def _is_split_amount(before: ScalarEvent, event: ScalarEvent) -> bool:
    """Whether ``[12,5 k€]`` was written: digits, a comma without a space, the tail of an amount."""
    touching = before.end_mark.index + 1 == event.start_mark.index
    plain = _is_plain(before) and _is_plain(event)
    return touching and plain and before.value.isdecimal() and looks_like_amount_tail(event.value)


def _short_tag(tag: str) -> str:
    prefix = "tag:yaml.org,2002:"
    return "!!" + tag.removeprefix(prefix) if tag.startswith(prefix) else tag
