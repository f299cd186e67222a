"""Sentences of any answer against its document: each figure is in it, each word fits its sign, each « all » holds.

A figure of a sentence is a value of the document, a number of its entries, or the difference, the sum or the ratio
of values with one key. A sentence that says « all », « nothing » or « no … » holds by a predicate of its own.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

from support.printed.texts import cents, number
from support.report_nodes import iterate_nodes
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.report_tree import Callout, Chart, Paragraph, Report, write_words

_FIGURE = {
    Lang.FR: r"[+−-]?\d(?:[\d\u202f]*\d)?(?:,\d+)?(?:[\u00a0\u202f](?:[kM]?€|%))?",
    Lang.EN: r"[+−-]?€?\d(?:[\d,]*\d)?(?:\.\d+)?(?:[kM]\b|%)?",
}
_WRONG_SIGN = {
    Lang.FR: r"[−-]\d[^;:]{0,25}? de (?:plus|moins)\b|\b(?:augmente|baisse|coûte)[^;:]{0,12} [−-]\d"
    r"|(?<!\d)0\u00a0€ de (?:plus|moins)",
    Lang.EN: r"[−-]€?\d[\d,.]*\w* (?:\w+ )?(?:more|less|fewer)\b|\b(?:rises|falls|costs)[^;:]{0,12} [−-]€?\d"
    r"|€0 (?:more|less)\b",
}

type Document = Mapping[str, Any]


def list_sentences(report: Report, lang: Lang) -> Iterator[str]:
    """Every sentence of a report: paragraphs, callouts, and what its pictures are said to show."""
    for node in iterate_nodes([*report.answer, *report.nodes, *report.page]):
        match node:
            case Paragraph() | Callout():
                yield write_words(node.text, lang)
            case Chart():
                yield from (write_words(words, lang) for words in (node.finding, node.alt) if words)


def check_agreement(report: Report, document: Document, figures: Sequence[Fraction | int] = ()) -> set[str]:
    """Check all sentences in both languages and return the claims that were met.

    Parameters
    ----------
    figures : what else the tables of the report show
    """
    known = {*_list_figures(document), *map(Fraction, figures)}
    met = set[str]()
    for lang in Lang:
        for sentence in list_sentences(report, lang):
            assert not re.search(_WRONG_SIGN[lang], sentence), sentence
            for text in re.findall(_FIGURE[lang], re.sub(r"--\S+( \d+)?", "", sentence)):
                assert _is_known(text, lang, known), (text, sentence)
            if lang is Lang.EN:
                for words, holds in CLAIMS.items():
                    if words in sentence:
                        met.add(words)
                        assert holds(document), sentence
    return met


def _is_known(text: str, lang: Lang, known: set[Fraction]) -> bool:
    if "€" in text or re.search(r"[kM]$", text):
        value, about = cents(text.lstrip("+"), lang)
        value, about = abs(value) / 100, about / 100
    else:
        bare = text.rstrip("%\u00a0\u202f")
        value = abs(number(bare, lang)) / (100 if "%" in text else 1)
        places = len(bare.partition("," if lang is Lang.FR else ".")[2])
        about = Fraction(1, 2 * 10**places) / 100 if "%" in text else Fraction(0)
    return value in known or any(abs(value - one) <= about for one in known)


def _list_figures(document: Document) -> Iterator[Fraction]:
    """Yield the values of a document in euros or units, then what is counted or computed from those of one key."""
    by_key: dict[str, list[Fraction]] = defaultdict(list)
    for key, value in _iterate_values(document):
        by_key[key].append(value)
    yield from map(Fraction, Counter(_iterate_words(document)).values())
    for values in by_key.values():
        yield from (abs(value) for value in values)
        if len(values) > 60:
            continue
        for one, other in combinations(values, 2):
            yield abs(one - other)
            if one and other:
                yield from (abs(one / other), abs(other / one), abs(one / other - 1), abs(other / one - 1))
        yield sum(values, Fraction(0))


def _iterate_values(entry: Any, key: str = "") -> Iterator[tuple[str, Fraction]]:
    match entry:
        case Mapping():
            for name, value in entry.items():
                yield from _iterate_values(value, str(name))
        case list() | tuple():
            for count in range(len(entry) + 1):
                yield "", Fraction(count)
            for value in entry:
                yield from _iterate_values(value, key)
        case bool() | None:
            pass
        case int():
            yield key, Fraction(entry, 100 if key.endswith("cents") else 1)
        case str() if re.fullmatch(r"-?\d+(?:[./]\d+)?", entry):
            yield key, Fraction(entry)


def _iterate_words(entry: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield each word of a document with its key; how often one stands there may be counted in a sentence."""
    match entry:
        case Mapping():
            for name, value in entry.items():
                yield from _iterate_words(value, str(name))
        case list() | tuple():
            for value in entry:
                yield from _iterate_words(value, key)
        case str():
            yield key, "any"
            yield key, entry


def _keeps_all(document: Document) -> bool:
    """Whether both lists exist at each amount, of the same value."""
    return all(
        point[curve] and point[curve]["objective"] and Fraction(point["price_of_nesting"]) == 0
        for point in document["points"]
        for curve in ("free", "nested")
    )


def _list_sweep_status(document: Document) -> set[str]:
    return {
        point[curve]["status"]
        for point in document["points"]
        for curve in ("free", "nested")
        if point[curve] is not None
    }


def _breaks_commitments(document: Document) -> bool:
    return any(
        point["free"]["objective"] and point["nested"]["status"] == "infeasible"
        for point in document["points"]
    )


def _has_no_gain(document: Document, key: str) -> bool:
    return not any(Fraction(gain[key] or 0) for gain in document["free"]["gains"])


def _is_price_free(document: Document) -> bool:
    return not any(price["goal"] for price in document["prices"])


CLAIMS: Mapping[str, Callable[[Document], bool]] = {
    "Keeping the commitments costs nothing here": _keeps_all,
    "At the amounts that have both lists, keeping the commitments costs nothing": lambda document: (
        not any(Fraction(point["price_of_nesting"] or 0) for point in document["points"])
    ),
    "no allocation keeps the commitments": _breaks_commitments,
    "Keeping the commitments costs ": lambda document: any(
        point["price_of_nesting"] is not None for point in document["points"]
    ),
    "No allocation is possible at these amounts": lambda document: (
        _list_sweep_status(document) == {"infeasible"}
    ),
    "Where none is shown, no allocation is possible": lambda document: (
        "infeasible" in _list_sweep_status(document) and "stopped" not in _list_sweep_status(document)
    ),
    "an exact certificate proves each of them.": lambda document: all(
        point[curve]["proof"] == "PROVED"
        for point in document["points"]
        for curve in ("free", "nested")
        if point[curve] and point[curve]["objective"]
    ),
    "No rule, no fence and no decision costs anything": lambda document: (
        _is_price_free(document) and all(price["proof"] == "PROVED" for price in document["prices"])
    ),
    "is known to cost anything": _is_price_free,
    "moving money brings nothing": lambda document: _has_no_gain(document, "transfer"),
    "every change of the list is known": lambda document: document["exact"],
    "An allocation satisfies all these rules": lambda document: document["status"] == "feasible",
    "It is proven that no allocation satisfies": lambda document: (
        document["status"] == "infeasible" and any(one["proof"] == "PROVED" for one in document["sets"])
    ),
    "The answers are in ": lambda document: document["n_done"] == document["n_cases"],
    "goes on from where it stopped": lambda document: document["n_done"] < document["n_cases"],
    "of them failed": lambda document: document["n_failed"] > 0,
    "no other minimal conflict and no other minimal repair": lambda document: document["complete"],
}
"""Words that say « all », « nothing » or « no … », and when they hold."""
