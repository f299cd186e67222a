"""Shares that contradict each other, found without solving.

    Σ minima of disjoint parts of one whole ≤ 1
    Σ maxima of parts that cover it         ≥ 1
    n · minimum of a share of all, by group ≤ 1
    n · maximum where n groups cover all    ≥ 1

Two shares that ask for more than the whole are satisfied only where nothing of it is funded; they are
refused, like a single share above 100 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from tnt_sim.i18n.message import _, _n, _p
from tnt_sim.i18n.parameters import Names, Rate
from tnt_sim.rules.kinds.share.rule import Share
from tnt_sim.rules.linear_terms import Terms
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.protocols import Case, Path


def refuse_share_clashes(case: Case, offers: Offers, rules: Sequence[tuple[Share, Path]]) -> None:
    """Record shares that come to more, or to less, than the whole that they share."""
    _check_shares(case, offers, [(rule, path) for rule, path in rules if not rule.groups.grouped])
    for rule, path in rules:
        if rule.pooled and not rule.numerator.once:
            _check_group_shares(case, offers, rule, path)


def _check_shares(case: Case, offers: Offers, shares: Sequence[tuple[Share, Path]]) -> None:
    """Compare the shares that have the same denominator with 100 %."""
    while shares:
        first = shares[0][0].denominator
        same = [(rule, path) for rule, path in shares if _has_equal_terms(rule.denominator, first)]
        shares = [(rule, path) for rule, path in shares if not _has_equal_terms(rule.denominator, first)]
        low = _select_disjoint([(rule, path) for rule, path in same if rule.minimum is not None], offers)
        total = sum((rule.minimum or Fraction(0) for rule, __ in low), Fraction(0))
        if len(low) > 1 and total > 1:
            _record_share_total(case, low, total, "min")
        high = _select_disjoint([(rule, path) for rule, path in same if rule.maximum is not None], offers)
        total = sum((rule.maximum or Fraction(0) for rule, __ in high), Fraction(0))
        if len(high) > 1 and total < 1 and _is_complete_sum([rule.numerator for rule, __ in high], first):
            _record_share_total(case, high, total, "max")


def _check_group_shares(case: Case, offers: Offers, rule: Share, path: Path) -> None:
    """Compare the shares that n groups may have of one whole with 100 %."""
    n, inside = len(rule.groups.names), offers.in_play & (rule.groups.codes >= 0)
    piece, whole = rule.numerator.restrict(inside), rule.denominator.restrict(offers.in_play)
    low, high = n * (rule.minimum or Fraction(0)), n * (rule.maximum or Fraction(1))
    if n == 0 or piece.scale != whole.scale or rule.denominator.once:
        return
    within = bool((piece.per_funded <= whole.per_funded).all() and (piece.per_cent <= whole.per_cent).all())
    if low > 1 and within:
        side, total = "min", low
    elif high < 1 and _is_complete_sum([piece], whole):
        side, total = "max", high
    else:
        return
    case.record_defect(
        "shares-whole",
        _n(
            "with {n} group this bound comes to {total} of the whole, {more_or_less} than the 100% to share.",
            "with {n} groups this bound comes to {total} of the whole, {more_or_less} than the "
            "100% to share.",
            n=n,
            total=Rate(total),
            more_or_less=_p("share", "more") if side == "min" else _p("share", "less"),
        ),
        (*path, side),
        _("Correct `{side}`.", side=side),
        subject=(side, rule.id),
    )


def _has_equal_terms(left: Terms, other: Terms) -> bool:
    if left is other:  # sums that count a key once are equal only if they are the same object
        return True
    return bool(
        left.scale == other.scale
        and not left.once
        and not other.once
        and (left.per_funded == other.per_funded).all()
        and (left.per_cent == other.per_cent).all()
    )


def _select_disjoint(shares: Sequence[tuple[Share, Path]], offers: Offers) -> list[tuple[Share, Path]]:
    """Return the first rules of a list of which no dossier in play is in two.

    Rules without dossiers are left out.
    """
    taken = np.zeros(len(offers.candidate), dtype=np.bool_)
    result = []
    for rule, path in shares:
        mine = ((rule.numerator.per_funded != 0) | (rule.numerator.per_cent != 0)) & offers.in_play
        if mine.any() and not (mine & taken).any() and not rule.numerator.once:
            taken |= mine
            result.append((rule, path))
    return result


def _is_complete_sum(terms: Sequence[Terms], whole: Terms) -> bool:
    """Return whether the parts add up to the whole."""
    if any(part.scale != whole.scale for part in terms):
        return False
    funded = np.sum([part.per_funded for part in terms], axis=0)
    cents = np.sum([part.per_cent for part in terms], axis=0)
    return np.array_equal(funded, whole.per_funded) and np.array_equal(cents, whole.per_cent)


def _record_share_total(case: Case, shares: Sequence[tuple[Share, Path]], total: Fraction, side: str) -> None:
    names = [rule.id for rule, __ in shares]
    if side == "min":
        text = _(
            "the minimum shares of {rules} come to {total} of one whole: more than 100%.",
            rules=Names(names),
            total=Rate(total),
        )
    else:
        text = _(
            "the maximum shares of {rules} come to {total} only, and each application is in one of them.",
            rules=Names(names),
            total=Rate(total),
        )
    hint = _("Correct one of these shares.")
    places = [case.locate((*path, side)) for __, path in shares]
    case.defects.add("shares-whole", text, *places, hint=hint, subject=(side, *names))
