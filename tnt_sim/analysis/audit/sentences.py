"""Sentences of an audit: a broken rule, and by how much it is exceeded."""

from __future__ import annotations

from tnt_sim.analysis.audit.document import (
    ViolatedBound,
    ViolatedRatedBound,
)
from tnt_sim.analysis.infeasibility.sentences import describe_member
from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.message import Lang, _, _n
from tnt_sim.i18n.numbers import format_cents, format_number


def describe_violation(entry: ViolatedBound | ViolatedRatedBound, lang: Lang) -> str:
    """Write a broken rule: « l'enveloppe « a » n'a que 500 € : dépassée de 120 € »."""
    head = describe_member(entry, lang)
    if entry.kind == "decide":
        return head + _(": not followed").in_(lang)
    if parse_decimal(entry.by) == 0:
        return head + _(": not satisfied").in_(lang)
    by = format_excess(entry, lang)
    if entry.side == "min":
        return head + _(": {by} short", by=by).in_(lang)
    if entry.side == "" and entry.by_cents is None:
        times = int(parse_decimal(entry.by))
        return head + _n(": broken once", ": broken {n} times", n=times).in_(lang)
    return head + _(": exceeded by {by}", by=by).in_(lang)


def format_excess(entry: ViolatedBound | ViolatedRatedBound, lang: Lang) -> str:
    """Write by how much: an amount, or a number."""
    if entry.by_cents is not None:
        return format_cents(entry.by_cents, lang)
    return format_number(parse_decimal(entry.by), lang)
