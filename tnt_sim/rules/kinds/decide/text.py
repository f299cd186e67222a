"""Label, sentence, formula, example and keys of `decide`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.i18n.numbers import format_cents, format_count, format_list
from tnt_sim.rules.expressions.text import _MAX_LISTED, format_money
from tnt_sim.rules.offers.decisions import DecideSpec

LABEL = _("decision")
EXAMPLE = (
    "rules: [{id: arbitrage, kind: decide, fund: [D-6], refuse: [D-7], amounts: {D-6: 50 k€}, reason:"
    " arbitrage, author: cabinet}]"
)
KEYS: Mapping[str, Text] = MappingProxyType(
    {
        "fund": _("the dossiers that are funded"),
        "refuse": _("the dossiers that are refused"),
        "amounts": _("amounts that are set, by dossier"),
    }
)


def describe_decide(rule: DecideSpec, lang: Lang) -> str:
    """Return the sentence of a decision: funded, refused and stated amounts, with reason and author."""
    french = lang is Lang.FR
    pieces = []
    if rule.fund:
        pieces.append(
            _format_counted_dossiers(len(rule.fund), rule.fund, ("retenu", "retenus"), "funded", lang)
        )
    if rule.refuse:
        pieces.append(
            _format_counted_dossiers(len(rule.refuse), rule.refuse, ("refusé", "refusés"), "refused", lang)
        )
    if rule.amounts:
        given = [f"{name} {format_cents(cents, lang)}" for name, cents in rule.amounts.items()]
        pieces.append(("montants fixés : " if french else "stated amounts: ") + format_list(given, lang))
    if french:
        why = f" Motif : {rule.reason}." if rule.reason else ""
        who = f" Décidé par : {rule.author}." if rule.author else ""
        return f"Décision : {' ; '.join(pieces)}.{why}{who}"
    why = f" Reason: {rule.reason}." if rule.reason else ""
    who = f" Decided by: {rule.author}." if rule.author else ""
    return f"Decision: {'; '.join(pieces)}.{why}{who}"


def _format_counted_dossiers(n: int, names: tuple[str, ...], fr: tuple[str, str], en: str, lang: Lang) -> str:
    some = format_list(names, lang, 5)
    if lang is Lang.FR:
        return f"{format_count(n, ('dossier ' + fr[0], 'dossiers ' + fr[1]), ('', ''), lang)} ({some})"
    return f"{format_count(n, ('', ''), ('dossier', 'dossiers'), lang)} {en} ({some})"


def format_decide_formula(rule: DecideSpec) -> str:
    """Return `x_A = 1 ; x_B = 0 ; g_C = 10 k€·x_C`, shortened after a few dossiers."""
    pieces = [f"x_{name} = 1" for name in rule.fund[:_MAX_LISTED]] + (
        ["…"] if len(rule.fund) > _MAX_LISTED else []
    )
    pieces += [f"x_{name} = 0" for name in rule.refuse[:_MAX_LISTED]] + (
        ["…"] if len(rule.refuse) > _MAX_LISTED else []
    )
    pieces += [
        f"g_{name} = {format_money(cents)}·x_{name}"
        for name, cents in list(rule.amounts.items())[:_MAX_LISTED]
    ]
    return " ; ".join(pieces)
