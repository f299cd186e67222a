"""Sentences for planners: an English template with named parameters, its French in a gettext catalogue.

    _("{n} of {total} granted", n=Count(12), total=Money(8_800_000_000))

The text of the code is the English one and the key of the catalogue (`locale/fr/LC_MESSAGES/tnt_sim.po`, kept by
`tools/messages.py` with Babel). A `Message` holds the template and its parameters, and no language; `write`
renders it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from pathlib import PurePath
from typing import override

from tnt_sim.i18n.language import Lang as Lang
from tnt_sim.i18n.language import Output
from tnt_sim.i18n.numbers import format_integer, localise_currency


class Text(ABC):
    """Any words in both languages: a sentence, a name, an amount, a value of an answer.

    Two texts are equal if both languages read the same. `str` of a text is its French.
    """

    __slots__ = ()

    @abstractmethod
    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        """Write it in one language, as an output shows it: a terminal has the id of a name, a page its title."""

    def number(self) -> float | None:
        """Return it as a sheet computes with it; None for words."""
        return None

    def in_(self, lang: Lang) -> str:
        """Write it in one language, as a page shows it."""
        return self.write(lang)

    @property
    def fr(self) -> str:
        """The text in French."""
        return self.write(Lang.FR)

    @property
    def en(self) -> str:
        """The text in English."""
        return self.write(Lang.EN)

    def __str__(self) -> str:
        return self.fr

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Text) and (self.fr, self.en) == (other.fr, other.en)

    def __hash__(self) -> int:
        return hash((self.fr, self.en))


type MessageParameter = Text | str | int | date | PurePath | BaseException


@dataclass(frozen=True, slots=True, eq=False)
class Bilingual(Text):
    """A text that is given in both languages."""

    fr: str = field()
    en: str = field()

    @override
    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        return self.fr if lang is Lang.FR else self.en

    __str__ = Text.__str__


NO_TEXT: Text = Bilingual("", "")
"""No words; gettext keeps the empty text for the head of a catalogue."""


class Message(Text):
    """Sentence of the catalogue with its parameters.

    Parameters
    ----------
    template : English text; `{name}` stands for a parameter
    parameters : values by name
    plural : English text for other numbers than 1, if the sentence counts
    n : the number counted, `{n}` in the text
    context : tells two sentences apart that have one English text and two French ones

    >>> Message("{n} rule", {}, plural="{n} rules", n=1200).en
    '1,200 rules'
    """

    __slots__ = ("context", "n", "parameters", "plural", "template")
    template: str
    parameters: Mapping[str, MessageParameter]
    plural: str | None
    n: int
    context: str | None

    def __init__(
        self,
        template: str,
        parameters: Mapping[str, MessageParameter],
        *,
        plural: str | None = None,
        n: int = 1,
        context: str | None = None,
    ) -> None:
        self.template, self.parameters = template, parameters
        self.plural, self.n, self.context = plural, n, context

    @override
    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        """Return the sentence in one language, its parameters as this language and this output write them."""
        template = localise_currency(self._find_template(_load_catalogue(lang)))
        values = {name: write_parameter(value, lang, output) for name, value in self.parameters.items()}
        if self.plural is not None:
            values["n"] = format_integer(self.n, lang)
        return template.format_map(values)

    def _find_template(self, catalogue: NullTranslations) -> str:
        if self.plural is None:
            if self.context is None:
                return catalogue.gettext(self.template)
            return catalogue.pgettext(self.context, self.template)
        if self.context is None:
            return catalogue.ngettext(self.template, self.plural, abs(self.n))
        return catalogue.npgettext(self.context, self.template, self.plural, abs(self.n))

    @override
    def __reduce__(self) -> tuple[object, ...]:
        return _build_message, (self.template, dict(self.parameters), self.plural, self.n, self.context)


def write_parameter(value: object, lang: Lang, output: Output = Output.PAGE) -> str:
    """Write a parameter in one language; what has no language is written as it is."""
    return value.write(lang, output) if isinstance(value, Text) else str(value)


def _build_message(
    template: str, parameters: Mapping[str, MessageParameter], plural: str | None, n: int, context: str | None
) -> Message:
    return Message(template, parameters, plural=plural, n=n, context=context)


@cache
def _load_catalogue(lang: Lang) -> NullTranslations:
    """Read the catalogue of a language; English is the text of the code."""
    if lang is Lang.EN:
        return NullTranslations()
    with (files("tnt_sim.i18n") / "locale" / str(lang) / "LC_MESSAGES" / "tnt_sim.mo").open("rb") as stream:
        return GNUTranslations(stream)


def _(template: str, /, **parameters: MessageParameter) -> Text:
    """Return a sentence of the catalogue.

    >>> _("no amount").en
    'no amount'
    """
    return Message(template, parameters)


def _n(singular: str, plural: str, /, n: int, **parameters: MessageParameter) -> Text:
    """Return a sentence that counts: `singular` if `n` is 1 in English, 0 or 1 in French; `{n}` is the number.

    >>> _n("{n} rule", "{n} rules", n=2).en
    '2 rules'
    """
    return Message(singular, parameters, plural=plural, n=n)


def _p(context: str, template: str, /, **parameters: MessageParameter) -> Text:
    """Return a sentence of the catalogue, where `context` tells it from another with the same English text."""
    return Message(template, parameters, context=context)


def N_(text: str) -> str:  # noqa: N802 (the name that gettext users know)
    """Mark a text for the catalogue and return it unchanged; `translate` is for where it is shown."""
    return text


def translate(text: str, lang: Lang) -> str:
    """Return a text that `N_` marked in one language; any other text unchanged.

    >>> translate(N_("Compare"), Lang.FR)
    'Comparer'
    """
    return localise_currency(_load_catalogue(lang).gettext(text)) if text else ""


def join_sentences(*sentences: Text | None) -> Text:
    """Return sentences one after the other, with a space between them; None is left out.

    >>> join_sentences(Bilingual("Non.", "No."), None, Bilingual("Oui.", "Yes.")).en
    'No. Yes.'
    """
    given = [sentence for sentence in sentences if sentence is not None]
    return Bilingual(" ".join(one.fr for one in given), " ".join(one.en for one in given))


@dataclass(frozen=True, slots=True, eq=False)
class Capitalised(Text):
    """A text that begins with a capital letter."""

    text: Text

    @override
    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        written = self.text.write(lang, output)
        return written[:1].upper() + written[1:]
