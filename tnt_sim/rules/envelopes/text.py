"""Wording of an envelope: its amount, the use of unassigned money, and every option."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from types import MappingProxyType

from tnt_sim.domain.budget_tree import EnvelopeSpec, SplitSpec, TransferSpec, UnassignedTo
from tnt_sim.domain.field_types import write_rate
from tnt_sim.i18n.lists import format_list
from tnt_sim.i18n.message import Lang, Text, _, _n
from tnt_sim.i18n.parameters import Count, Money, Names, Rate
from tnt_sim.rules.expressions import column_text
from tnt_sim.rules.expressions.text import _format_bounds, describe_complement, format_money


def describe_envelope(
    spec: EnvelopeSpec,
    lang: Lang,
    *,
    top: bool = False,
    giver: str | None = None,
    siblings: Sequence[str] = (),
) -> str:
    """Return the sentences of an envelope: « Au plus 30 M€. Cantonnée : rien n'y entre et rien n'en sort. »

    `top` marks the whole programme. `giver` names the envelope above whose unassigned money may be added to
    this one (see `find_gaining_envelopes`), `siblings` those that may give to it (see `find_receiving_envelopes`).
    """
    if spec.amount is None:
        head = _UNLIMITED if top else _BY_PARENTS
    else:
        amount = Money(spec.amount)
        head = _("At most {amount}.", amount=amount)
        if giver is not None:
            head = _(
                '{amount}, and where it is needed what "{giver}" has not assigned.',
                amount=amount,
                giver=giver,
            )
    pieces = [head.in_(lang)]
    pieces += [word.in_(lang) for flag, word in _FLAGS.items() if getattr(spec, flag)]
    if spec.envelopes or spec.split is not None:
        pieces.append(_describe_unassigned(spec, lang))
    for option, write in OPTION_WORDS.items():
        if getattr(spec, option) is not None:
            pieces.append(write(spec, lang))
    if siblings and spec.transfers is None:
        names = format_list([Names([name]).in_(lang) for name in siblings], lang)
        pieces.append(_("May receive from {envelopes}.", envelopes=names).in_(lang))
    return " ".join(part for part in pieces if part)


def find_gaining_envelopes(
    above: EnvelopeSpec, day: date | None = None, *, grows: bool = False
) -> dict[str, str]:
    """Return the envelopes that may receive more than their amount, each with the envelope that adds to it.

    `grows` says whether money may be added to `above` itself. Nothing is added under a node without an
    amount or an `overbooked` one, to a ring-fenced envelope, or where unassigned money stays with the node's
    own dossiers.
    """
    children = [child for child in above.envelopes if child.is_in_force(day)]
    result: dict[str, str] = {}
    spare = above.amount is not None and (
        above.overprogram is not None or sum(child.amount or 0 for child in children) < above.amount
    )
    helped = {name for child in children if child.transfers is not None for name in child.transfers.to}
    flows = (
        (spare or grows) and above.amount is not None and not above.overbooked and above.unassigned != "own"
    )
    only = above.unassigned.to if isinstance(above.unassigned, UnassignedTo) else None
    for child in children:
        gets = flows and child.amount is not None and not child.ring_fenced and only in (None, child.id)
        if gets:
            result[child.id] = above.id
        result |= find_gaining_envelopes(child, day, grows=gets or child.id in helped)
    return result


def find_receiving_envelopes(above: EnvelopeSpec, day: date | None = None) -> dict[str, list[str]]:
    """Return the envelopes to which siblings may give, each with these siblings."""
    result: dict[str, list[str]] = {}
    for child in above.envelopes:
        if child.is_in_force(day):
            for name in () if child.transfers is None else child.transfers.to:
                result.setdefault(name, []).append(child.id)
            result |= find_receiving_envelopes(child, day)
    return result


_UNLIMITED = _("No amount: nothing limits it.")
_BY_PARENTS = _("No amount of its own: only the envelopes above limit it.")
_FLAGS: Mapping[str, Text] = MappingProxyType(
    {
        "ring_fenced": _("Ring-fenced: nothing enters, nothing leaves."),
        "overbooked": _("The amounts below it are ceilings, whose sum may exceed its own."),
    }
)


def _describe_unassigned(spec: EnvelopeSpec, lang: Lang) -> str:
    choice = spec.unassigned
    if isinstance(choice, UnassignedTo):
        return _('What is not assigned goes to "{to}".', to=choice.to).in_(lang)
    if choice == "pro_rata":
        return _("What is not assigned is shared in proportion to the amounts.").in_(lang)
    if choice == "own":
        return _("What is not assigned stays with the applications asked from itself.").in_(lang)
    return ""


def _describe_transfers(spec: EnvelopeSpec, lang: Lang) -> str:
    transfer = spec.transfers
    assert isinstance(transfer, TransferSpec)
    to = format_list([Names([name]).in_(lang) for name in transfer.to], lang)
    text = _("May give to {envelopes}", envelopes=to)
    if transfer.out_max is not None:
        share = Rate(transfer.out_max)
        text = _("May give at most {share} of its amount to {envelopes}", share=share, envelopes=to)
    if transfer.in_max is not None:
        text = _("{sentence}, and get at most {share}", sentence=text, share=Rate(transfer.in_max))
    return f"{text.in_(lang)}."


def _describe_split(spec: EnvelopeSpec, lang: Lang) -> str:
    split = spec.split
    assert isinstance(split, SplitSpec)
    by = column_text.describe_bare_column(split.by).in_(lang)
    if split.table is not None:
        how = _('from "{table}"', table=split.table)
    elif split.each is not None:
        how = _("{amount} each", amount=Money(split.each))
    elif split.key is not None:
        key = column_text.describe_column(split.key).in_(lang)
        how = _("in proportion to {key}", key=key if lang is Lang.EN else describe_complement(key, lang))
        if split.fixed is not None:
            how = _("{share} in equal parts, the rest {how}", share=Rate(split.fixed), how=how)
    else:
        how = None
    if split.change is not None:
        change = _(", within {share} of the year before", share=Rate(split.change))
        how = change if how is None else _("{how}{change}", how=how, change=change)
    if how is None:
        return _("Split by {column}.", column=by).in_(lang)
    return _("Split by {column}: {how}.", column=by, how=how).in_(lang)


OPTION_WORDS: Mapping[str, Callable[[EnvelopeSpec, Lang], str]] = MappingProxyType(
    {
        "split": _describe_split,
        "transfers": _describe_transfers,
        "min_use": lambda spec, lang: _(
            "At least {share} must be granted.", share=Rate(spec.min_use or Fraction(0))
        ).in_(lang),
        "reserve": lambda spec, lang: _(
            "{share} is held in reserve.", share=Rate(spec.reserve or Fraction(0))
        ).in_(lang),
        "overprogram": lambda spec, lang: _(
            "May be exceeded by {share} (shown as risk).", share=Rate(spec.overprogram or Fraction(0))
        ).in_(lang),
        "min_dossiers": lambda spec, lang: _n(
            "At least {count} funded application.",
            "At least {count} funded applications.",
            n=spec.min_dossiers or 0,
            count=Count(spec.min_dossiers),
        ).in_(lang),
        "max_dossiers": lambda spec, lang: _n(
            "At most {count} funded application.",
            "At most {count} funded applications.",
            n=spec.max_dossiers or 0,
            count=Count(spec.max_dossiers),
        ).in_(lang),
    }
)
"""The function that writes the sentence of each option of an envelope."""


def format_envelope_formula(
    spec: EnvelopeSpec, giver: str | None = None, siblings: Sequence[str] = ()
) -> str:
    """Return the formula of an envelope: `Σ{envelope: a} g_i ≤ 30 M€ + free_tnt`.

    `giver` and `siblings` are as in `describe_envelope`.
    """
    total = f"Σ{{envelope: {spec.id}}} g_i"
    if spec.amount is None:
        return ""
    right = format_money(spec.amount)
    if spec.reserve is not None or spec.overprogram is not None:
        less = "" if spec.reserve is None else f" − {write_rate(spec.reserve)}"
        more = "" if spec.overprogram is None else f" + {write_rate(spec.overprogram)}"
        right += f" · (1{less}{more})"
    if giver is not None:
        right += f" + free_{giver}"
    if spec.transfers is not None:
        right += " + in − out"
    elif siblings:
        right += " + in"
    low = None if spec.min_use is None else f"{write_rate(spec.min_use)} · {format_money(spec.amount)}"
    text = _format_bounds(low, total, right)
    if spec.min_dossiers is not None or spec.max_dossiers is not None:
        low, high = [None if n is None else str(n) for n in (spec.min_dossiers, spec.max_dossiers)]
        text += " ; " + _format_bounds(low, f"Σ{{envelope: {spec.id}}} x_i", high)
    return text
