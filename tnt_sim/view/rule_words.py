"""Rules in words: one sentence each, with its numbers."""

from __future__ import annotations

from tnt_sim.errors import Lang, Text
from tnt_sim.money import format_cents, format_rate
from tnt_sim.rules.decide import DecideSpec
from tnt_sim.rules.limit import LimitSpec, ShareOfAmount
from tnt_sim.rules.rulespec import RuleSpec
from tnt_sim.rules.select import Selector
from tnt_sim.rules.share import ShareSpec
from tnt_sim.view import words
from tnt_sim.view.figures import listed, plural
from tnt_sim.view.selector_words import selector_words


def rule_words(rule: object, lang: Lang) -> str:
    """« Par département, le montant accordé : au plus 297 k€. »"""
    if isinstance(rule, LimitSpec):
        text = _limit(rule, lang)
    elif isinstance(rule, ShareSpec):
        text = _share(rule, lang)
    elif isinstance(rule, DecideSpec):
        return _decide(rule, lang)
    else:
        kind = str(getattr(rule, "kind", "?"))
        return Text(
            f"Règle de genre « {kind} », que cette version ne construit pas encore.",
            f'A rule of kind "{kind}", which this version does not build yet.',
        ).in_(lang)
    return text[:1].upper() + text[1:] + _mode(rule, lang)


def _mode(rule: RuleSpec, lang: Lang) -> str:
    if rule.report:
        return " (pour information)." if lang is Lang.FR else " (report only)."
    return "."


def _limit(rule: LimitSpec, lang: Lang) -> str:
    bounds = _bounds(_amount(rule.min, lang), _amount(rule.max, lang), lang)
    colon = " : " if lang is Lang.FR else ": "
    return (
        f"{_by(rule.by, lang)}{words.measure(rule.measure).in_(lang)}{_of(rule.where, lang)}{colon}{bounds}"
    )


def _share(rule: ShareSpec, lang: Lang) -> str:
    low = format_rate(rule.min, lang) if rule.min is not None else None
    high = format_rate(rule.max, lang) if rule.max is not None else None
    top = words.measure(rule.measure).in_(lang) + _of(rule.where, lang)
    bottom = words.measure(rule.of_measure or rule.measure).in_(lang) + _of(rule.of, lang)
    bounds = _bounds(low, high, lang)
    if lang is Lang.FR:
        return f"{_by(rule.by, lang)}{top} sur {bottom} : {bounds}"
    return f"{_by(rule.by, lang)}{top}, as a share of {bottom}: {bounds}"


def _decide(rule: DecideSpec, lang: Lang) -> str:
    french = lang is Lang.FR
    parts = []
    if rule.fund:
        parts.append(_named(len(rule.fund), rule.fund, ("retenu", "retenus"), "funded", lang))
    if rule.refuse:
        parts.append(_named(len(rule.refuse), rule.refuse, ("refusé", "refusés"), "refused", lang))
    if rule.amounts:
        given = [f"{name} {format_cents(cents, lang)}" for name, cents in rule.amounts.items()]
        parts.append(("montants fixés : " if french else "stated amounts: ") + listed(given, lang))
    who = f" ({rule.author})" if rule.author else ""
    if french:
        why = f" Motif : {rule.reason}." if rule.reason else ""
        return f"Décision{who} : {' ; '.join(parts)}.{why}"
    why = f" Reason: {rule.reason}." if rule.reason else ""
    return f"Decision{who}: {'; '.join(parts)}.{why}"


def _named(n: int, names: tuple[str, ...], fr: tuple[str, str], en: str, lang: Lang) -> str:
    some = listed(names, lang, 5)
    if lang is Lang.FR:
        return f"{plural(n, ('dossier ' + fr[0], 'dossiers ' + fr[1]), ('', ''), lang)} ({some})"
    return f"{plural(n, ('', ''), ('dossier', 'dossiers'), lang)} {en} ({some})"


def _by(by: str | tuple[str, ...] | None, lang: Lang) -> str:
    if by is None:
        return ""
    names = [by] if isinstance(by, str) else list(by)
    labels = listed([words.bare_column(name).in_(lang) for name in names], lang)
    return f"pour chaque {labels}, " if lang is Lang.FR else f"for each {labels}, "


def _of(where: Selector | None, lang: Lang) -> str:
    if where is None:
        return ""
    condition = selector_words(where.root, lang)
    return f" (dossiers où {condition})" if lang is Lang.FR else f" (dossiers where {condition})"


def _amount(bound: str | ShareOfAmount | None, lang: Lang) -> str | None:
    if not isinstance(bound, ShareOfAmount):
        return bound
    share = format_rate(bound.share, lang)
    if lang is Lang.FR:
        return f"{share} du montant de « {bound.of_amount} »"
    return f'{share} of the amount of "{bound.of_amount}"'


def _bounds(low: str | None, high: str | None, lang: Lang) -> str:
    french = lang is Lang.FR
    if low is not None and high is not None:
        return f"entre {low} et {high}" if french else f"between {low} and {high}"
    if low is not None:
        return f"au moins {low}" if french else f"at least {low}"
    if high is not None:
        return f"au plus {high}" if french else f"at most {high}"
    return "sans borne, pour information" if french else "no bound, for information"
