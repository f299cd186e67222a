"""Parts of sentences that several kinds of rule share: « pour chaque », « parmi les dossiers où », bounds."""

from __future__ import annotations

from collections.abc import Sequence

from tnt_sim.errors import Lang
from tnt_sim.rules.select import Selector
from tnt_sim.rules.selector_words import selector_words
from tnt_sim.view import words
from tnt_sim.view.figures import listed

SHOWN_NAMES = 5


def when(where: Selector, lang: Lang) -> str:
    """« si l'enveloppe est « a » et si la note dépasse 10 »"""
    text = selector_words(where.root, lang, "si")
    return text if lang is Lang.FR else f"if {text}"


def which(where: Selector, lang: Lang) -> str:
    """« où l'enveloppe est « a » et où la note dépasse 10 »"""
    text = selector_words(where.root, lang, "où")
    return text if lang is Lang.FR else f"where {text}"


def for_each(by: str | tuple[str, ...] | None, lang: Lang) -> str:
    """« pour chaque département, », or nothing without `by`."""
    if by is None:
        return ""
    names = [by] if isinstance(by, str) else list(by)
    labels = listed([words.bare_column(name).in_(lang) for name in names], lang)
    return f"pour chaque {labels}, " if lang is Lang.FR else f"for each {labels}, "


def of_dossiers(where: Selector | None, lang: Lang) -> str:
    """« (dossiers où l'enveloppe est « a ») », or nothing without `where`."""
    if where is None:
        return ""
    return f" (dossiers {which(where, lang)})"


def scope(
    by: str | tuple[str, ...] | None,
    where: Selector | None,
    lang: Lang,
    dossiers: Sequence[str] | None = None,
) -> str:
    """Whom a rule is about: « pour chaque lot, parmi les dossiers où …, », or nothing when about all."""
    if dossiers is not None:
        return f"parmi {named(dossiers, lang)}, " if lang is Lang.FR else f"among {named(dossiers, lang)}, "
    some = ""
    if where is not None:
        some = "parmi les dossiers" if lang is Lang.FR else "among the dossiers"
        some += f" {which(where, lang)}, "
    return for_each(by, lang) + some


def bounds(low: str | None, high: str | None, lang: Lang) -> str:
    """« entre … et … », « au moins … », « au plus … », as after a colon."""
    french = lang is Lang.FR
    if low is not None and high is not None:
        return f"entre {low} et {high}" if french else f"between {low} and {high}"
    if low is not None:
        return f"au moins {low}" if french else f"at least {low}"
    if high is not None:
        return f"au plus {high}" if french else f"at most {high}"
    return "sans borne" if french else "no bound"


def stays(low: str | None, high: str | None, lang: Lang) -> str:
    """What follows a singular subject: « ne dépasse pas 10 000 € », « atteint au moins 25 % »."""
    french = lang is Lang.FR
    if low is not None and high is not None:
        return f" reste entre {low} et {high}" if french else f" stays between {low} and {high}"
    if low is not None:
        return f" atteint au moins {low}" if french else f" is at least {low}"
    if high is not None:
        return f" ne dépasse pas {high}" if french else f" does not exceed {high}"
    return " : sans borne" if french else ": no bound"


def named(names: Sequence[str], lang: Lang, *, word: str | None = None) -> str:
    """Some dossiers by their numbers: « D-1, D-2 et D-3 », shortened after a few."""
    return listed(list(names), lang, SHOWN_NAMES) if word is None else listed(list(names), lang, word=word)


def of_what(label: str, lang: Lang) -> str:
    """A thing after « de », contracted: « du coût », « des factures », « de l'assiette »."""
    if lang is Lang.EN:
        return f"of {label}"
    for article, joined in (("les ", "des "), ("le ", "du ")):
        if label.startswith(article):
            return joined + label.removeprefix(article)
    return f"de {label}"


def capitalised(text: str) -> str:
    """A sentence's first letter in capitals, the rest as it is."""
    return text[:1].upper() + text[1:]
