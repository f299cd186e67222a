"""Minima of one `limit` that its groups cannot reach together, found without solving.

Σ_g minimum_g ≤ the most that the envelopes let these groups receive
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from tnt_sim.i18n.message import _, _n
from tnt_sim.i18n.parameters import Money
from tnt_sim.rules.expressions.columns import CENT
from tnt_sim.rules.kind_support.attainable_range import compute_grant_bound, is_granted
from tnt_sim.rules.kinds.limit.rule import Limit
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.protocols import Case, Path


def refuse_limit_clashes(case: Case, offers: Offers, rules: Sequence[tuple[Limit, Path]]) -> None:
    """Record each limit whose minima come to more than the envelopes allow."""
    for rule, path in rules:
        _check_floors(case, offers, rule, path)


def _check_floors(case: Case, offers: Offers, limit: Limit, path: Path) -> None:
    if not limit.groups.grouped or not is_granted(limit.terms):
        return
    requested = sum((bound for bound in limit.minimum if bound is not None), Fraction(0)) / CENT
    inside = (limit.groups.codes >= 0) & (limit.terms.per_cent == 1)
    most = compute_grant_bound(case.tree, case.node, offers, inside)
    if requested <= most:
        return
    case.record_defect(
        "floors-exceed",
        _n(
            "the floors of {n} group come to {floors} together, more than the {most} that envelopes allow.",
            "the floors of {n} groups come to {floors} together, more than the {most} that envelopes allow.",
            n=sum(bound is not None for bound in limit.minimum),
            floors=Money(int(requested)),
            most=Money(int(most)),
        ),
        (*path, "min"),
        _("Lower `min`, or raise an envelope."),
    )
