"""Parts of sentences that several kinds of rule share: « pour chaque », « dossiers où », bounds, names."""

from __future__ import annotations

from collections.abc import Sequence

from tnt_sim.errors import Lang
from tnt_sim.rules.select import Selector
from tnt_sim.view import words
from tnt_sim.view.figures import listed
from tnt_sim.view.selector_words import selector_words

SHOWN_NAMES = 5


def for_each(by: str | tuple[str, ...] | None, lang: Lang) -> str:
    """« pour chaque département, », or nothing without `by`."""
    if by is None:
        return ""
    names = [by] if isinstance(by, str) else list(by)
    labels = listed([words.bare_column(name).in_(lang) for name in names], lang)
    return f"pour chaque {labels}, " if lang is Lang.FR else f"for each {labels}, "


def of_dossiers(where: Selector | None, lang: Lang) -> str:
    """« (dossiers où l'enveloppe = a) », or nothing without `where`."""
    if where is None:
        return ""
    condition = selector_words(where.root, lang)
    return f" (dossiers où {condition})" if lang is Lang.FR else f" (dossiers where {condition})"


def bounds(low: str | None, high: str | None, lang: Lang) -> str:
    """« entre … et … », « au moins … », « au plus … »."""
    french = lang is Lang.FR
    if low is not None and high is not None:
        return f"entre {low} et {high}" if french else f"between {low} and {high}"
    if low is not None:
        return f"au moins {low}" if french else f"at least {low}"
    if high is not None:
        return f"au plus {high}" if french else f"at most {high}"
    return "sans borne, pour information" if french else "no bound, for information"


def named(names: Sequence[str], lang: Lang, *, word: str | None = None) -> str:
    """Some dossiers by their numbers: « D-1, D-2 et D-3 », shortened after a few."""
    return listed(list(names), lang, SHOWN_NAMES) if word is None else listed(list(names), lang, word=word)


def among(
    dossiers: Sequence[str] | None, by: str | tuple[str, ...] | None, where: Selector | None, lang: Lang
) -> str:
    """Whom a rule is about: « parmi D-1 et D-2 », « pour chaque lot, parmi les dossiers »."""
    if dossiers is not None:
        return f"parmi {named(dossiers, lang)}" if lang is Lang.FR else f"among {named(dossiers, lang)}"
    whom = "parmi les dossiers" if lang is Lang.FR else "among the dossiers"
    condition = "" if where is None else selector_words(where.root, lang)
    if condition:
        whom += f" où {condition}" if lang is Lang.FR else f" where {condition}"
    return for_each(by, lang) + whom


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
