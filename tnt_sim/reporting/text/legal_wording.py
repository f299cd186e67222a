"""Legal texts that a legal service may edit: by key, in both languages, with the article beside each.

The package ships `tnt_sim/data/legal-wording.yaml`. An edited copy has the same keys and no other placeholders.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from tnt_sim.errors import Defects, Place, ScenarioError, suggest_name
from tnt_sim.i18n.message import Bilingual, Lang, Text, _
from tnt_sim.scenario.yaml import nodes
from tnt_sim.scenario.yaml.reader import parse_yaml, read_yaml

SHIPPED = "legal-wording.yaml"
FIELDS = ("article", "fr", "en")
"""Keys of each text."""


@dataclass(frozen=True, slots=True)
class LegalText:
    """One text with the article that it comes from; words in braces are placeholders."""

    article: str
    fr: str
    en: str

    def fill(self, lang: Lang, **values: str) -> str:
        """Return the text in one language with its placeholders replaced."""
        return (self.fr if lang is Lang.FR else self.en).format_map(values)

    def list_placeholders(self) -> frozenset[str]:
        """Return the names in braces of both languages."""
        return frozenset((*_iterate_placeholders(self.fr), *_iterate_placeholders(self.en)))


@dataclass(frozen=True, slots=True)
class LegalWording:
    """All legal texts by key, and the bytes of the file that they come from."""

    texts: Mapping[str, LegalText]
    data: bytes

    def fill(self, key: str, lang: Lang, **values: str) -> str:
        """Return one text in one language with its placeholders replaced."""
        return self.texts[key].fill(lang, **values)

    def write(self, key: str) -> Text:
        """Return one text without placeholders in both languages."""
        return Bilingual(self.texts[key].fr, self.texts[key].en)

    def get_article(self, key: str) -> str:
        """Return the article that a text comes from."""
        return self.texts[key].article


@cache
def load_shipped_wording() -> LegalWording:
    """Return the texts that the package ships."""
    data = (files("tnt_sim") / "data" / SHIPPED).read_bytes()
    node = parse_yaml(data.decode(), SHIPPED)
    return LegalWording(_read_texts(node, SHIPPED, None), data)


def load_wording(path: Path | None = None) -> LegalWording:
    """Return the texts of an edited copy, those of the package without one."""
    shipped = load_shipped_wording()
    if path is None:
        return shipped
    node = read_yaml(path, str(path))
    return LegalWording(_read_texts(node, str(path), shipped), path.read_bytes())


def _read_texts(
    node: nodes.YamlNode | None, shown_as: str, like: LegalWording | None
) -> Mapping[str, LegalText]:
    """Read the texts of a file; `like` holds the keys and placeholders that it must have and may use."""
    defects = Defects()
    texts: dict[str, LegalText] = {}
    if not isinstance(node, nodes.Mapping):
        place = Place(shown_as) if node is None else node.origin.get_place()
        defects.add("wording", _("a mapping of texts by key is expected here."), place)
        raise ScenarioError(defects.entries)
    known = None if like is None else like.texts
    for key, child in node.entries.items():
        if known is not None and key not in known:
            defects.add(
                "wording",
                _('"{key}" is no key of the legal texts.', key=key),
                node.keys[key].get_key_place(),
                hint=suggest_name(key, known),
            )
            continue
        allowed = None if known is None else known[key].list_placeholders()
        text = _read_text(key, child, node.keys[key].get_key_place(), allowed, defects)
        if text is not None:
            texts[key] = text
    for key in () if known is None else sorted(known.keys() - node.entries.keys()):
        defects.add(
            "wording",
            _('the text "{key}" is missing.', key=key),
            Place(shown_as),
            hint=_("Copy it from the file that `transparency` writes."),
        )
    defects.raise_if_any(ScenarioError)
    return texts


def _read_text(
    key: str, node: nodes.YamlNode, place: Place, allowed: frozenset[str] | None, defects: Defects
) -> LegalText | None:
    """Read one text: article, French and English; None if one of them is wrong."""
    if not isinstance(node, nodes.Mapping):
        hint = _("Write `article`, `fr` and `en` below it.")
        defects.add("wording", _('"{key}" has no article and no texts.', key=key), place, hint=hint)
        return None
    for name in node.entries.keys() - set(FIELDS):
        defects.add(
            "wording",
            _('"{key}" has no field "{name}".', key=key, name=name),
            node.keys[name].get_key_place(),
            hint=suggest_name(name, FIELDS),
        )
    values: dict[str, str] = {}
    for name in FIELDS:
        child = node.entries.get(name)
        value = child.value if isinstance(child, nodes.Scalar) else None
        if not isinstance(value, str) or not value.strip():
            where = place if child is None else child.origin.get_place()
            defects.add("wording", _('"{key}" needs a text under "{name}".', key=key, name=name), where)
            continue
        if name != "article" and child is not None:
            _check_placeholders(key, value, child.origin.get_place(), allowed, defects)
        values[name] = value.strip()
    return LegalText(**values) if len(values) == len(FIELDS) else None


def _check_placeholders(
    key: str, text: str, place: Place, allowed: frozenset[str] | None, defects: Defects
) -> None:
    try:
        names = list(_iterate_placeholders(text))
    except ValueError:
        hint = _("Write a name between two braces, such as {{contact}}.")
        defects.add("wording", _('a brace of "{key}" is alone.', key=key), place, hint=hint)
        return
    for name in names if allowed is not None else ():
        if name not in (allowed or ()):
            hint = suggest_name(name, allowed or ()) or _("This text has no placeholders.")
            words: Text = _('"{{{name}}}" is no placeholder of "{key}".', name=name, key=key)
            defects.add("wording", words, place, hint=hint)


def _iterate_placeholders(text: str) -> Iterator[str]:
    """Yield the names in braces, with whatever stands beside the name inside the braces."""
    for __, name, spec, conversion in string.Formatter().parse(text):
        if name is not None:
            yield name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
