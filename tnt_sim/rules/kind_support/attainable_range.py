"""Attainable range of a measure by group, and the bounds of limits and shares that can never be satisfied.

With M the most and m the least that a sum over a group can reach, given what is committed or decided:

    limit   M ≥ minimum            m ≤ maximum
    share   M_num ≥ p · m_den      m_num ≤ p · M_den
            (1 − p) · M_num ≥ p · m_rest      (1 − p) · m_num ≤ p · M_rest      where den = num + rest, p ≤ 1

Each condition is necessary. A hard rule that violates one has no feasible allocation, and is reported as a
defect without solving anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil

import numpy as np

from tnt_sim.domain.budget_tree import Tree
from tnt_sim.domain.field_types import write_number
from tnt_sim.i18n.message import Text, _
from tnt_sim.i18n.parameters import Items, Money
from tnt_sim.rules.envelopes.tree_reading import compute_gain_bounds
from tnt_sim.rules.linear_terms import BoolArray, Groups, IntArray, Terms, Unit, round_to_steps, sum_by_group
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.protocols import Case, Path


def compute_demand(terms: Terms, groups: Groups, offers: Offers) -> list[Fraction]:
    """Return the most that each group can reach, every dossier at its largest grant, in the unit."""
    return [value * terms.scale for value in compute_demand_steps(terms, groups, offers)]


def compute_least(terms: Terms, groups: Groups, offers: Offers) -> list[Fraction]:
    """Return the least that each group can reach, settled dossiers at their smallest, in the unit."""
    return [value * terms.scale for value in compute_least_steps(terms, groups, offers)]


def compute_demand_steps(terms: Terms, groups: Groups, offers: Offers) -> list[int]:
    """Return `compute_demand` in integer steps of `terms.scale`."""
    granted = np.where(terms.per_cent < 0, offers.lowest_cents, offers.highest_cents)
    gains = terms.per_funded + terms.per_cent * granted
    for part in terms.once:
        gains = gains + part.sum_worth_per_dossier(len(gains))
    useful = offers.in_play & ((gains > 0) | offers.committed | offers.forced)
    return _sum_useful_by_group(terms, groups, useful, granted)


def compute_least_steps(terms: Terms, groups: Groups, offers: Offers) -> list[int]:
    """Return `compute_least` in integer steps of `terms.scale`."""
    granted = np.where(terms.per_cent < 0, offers.highest_cents, offers.lowest_cents)
    gains = terms.per_funded + terms.per_cent * granted
    useful = offers.in_play & ((gains < 0) | offers.committed | offers.forced)
    return _sum_useful_by_group(terms, groups, useful, granted)


def _sum_useful_by_group(
    terms: Terms, groups: Groups, useful: BoolArray, granted_cents: IntArray
) -> list[int]:
    cents = np.where(useful, granted_cents, 0)
    return terms.evaluate_groups(useful, cents, groups.codes, len(groups.names))


def is_plain(terms: Terms) -> bool:
    """Return whether `compute_demand` and `compute_least` are valid bounds.

    They are if no quantity counts once per key, or if none is negative.
    """
    parts = (terms.per_funded, terms.per_cent, *(part.worth for part in terms.once))
    return not terms.once or not any(bool((part < 0).any()) for part in parts)


def is_granted(terms: Terms) -> bool:
    """Return whether the measure is the amount granted to some dossiers or to all."""
    own = (terms.per_cent == 0) | (terms.per_cent == 1)
    return terms.unit is Unit.MONEY and not terms.once and not terms.per_funded.any() and bool(own.all())


def compute_grant_bound(tree: Tree, node: IntArray, offers: Offers, inside: BoolArray) -> int:
    """Return an upper bound in cents on what the dossiers `inside` can receive from the envelopes.

    From the leaves to the root,

        reach_X = min(amount_X + most added to it, requests of its own dossiers + Σ reach of its children)

    where an envelope to which siblings may transfer money, or to whose parent they may, is not bounded.
    """
    most = offers.highest_cents
    held = inside & (node >= 0)
    reach = sum_by_group(most[held], node[held], tree.n_nodes)
    gain = compute_gain_bounds(tree)
    for place in range(tree.n_nodes - 1, -1, -1):
        amount, more = tree.amount_cents[place], gain[place]
        if amount is not None and more is not None:
            reach[place] = min(reach[place], amount + more)
        if place:
            reach[int(tree.parent[place])] += reach[place]
    return reach[0]


MAX_LISTED = 5
CENT = Fraction(1, 100)


def can_hold_limit(
    case: Case,
    terms: Terms,
    groups: Groups,
    offers: Offers,
    minimum: Sequence[Fraction | None],
    maximum: Sequence[Fraction | None],
    path: Path,
) -> bool:
    """Return whether the bounds of a hard limit can be satisfied; otherwise record one defect per side.

    Parameters
    ----------
    terms, groups : the measure and its groups
    minimum, maximum : one bound per group, in the measure's unit; None for no bound
    path : place of the rule in the scenario
    """
    if not is_plain(terms):
        return True
    scale, names = terms.scale, groups.names
    floors, ceilings = round_to_steps(minimum, scale, up=True), round_to_steps(maximum, scale, up=False)
    # in integer steps first, for speed: there may be many groups, and violations are rare
    most = (
        compute_demand_steps(terms, groups, offers)
        if any(step is not None for step in floors)
        else [0] * len(names)
    )
    low = (
        compute_least_steps(terms, groups, offers)
        if any(step is not None for step in ceilings)
        else [0] * len(names)
    )
    if is_granted(terms) and not groups.grouped:
        inside = (groups.codes >= 0) & (terms.per_cent == 1)
        most = [min(most[0], ceil(compute_grant_bound(case.tree, case.node, offers, inside) * CENT / scale))]
    short: list[Figure] = [
        (name, bound, value * scale)
        for name, bound, step, value in zip(names, minimum, floors, most, strict=True)
        if bound is not None and step is not None and value < step
    ]
    over: list[Figure] = [
        (name, bound, value * scale)
        for name, bound, step, value in zip(names, maximum, ceilings, low, strict=True)
        if bound is not None and step is not None and value > step
    ]
    if short:
        _record_unreachable_minimum(case, terms.unit, short, (*path, "min"))
    if over:
        _record_exceeded_maximum(case, terms.unit, over, (*path, "max"))
    return case.keeps_clashes or (not short and not over)


Figure = tuple[str | None, Fraction, Fraction]
"""Group, bound, and attainable value."""


def _record_unreachable_minimum(case: Case, unit: Unit, short: Sequence[Figure], path: Path) -> None:
    case.record_defect(
        "limit-reach",
        _(
            "this minimum is out of reach: even without the other rules, applications and envelopes allow no "
            "more than {attainable}.",
            attainable=_describe_range(short, unit),
        ),
        path,
        _("Lower `min`, write `floor: demand` with `by`, or `report: true`."),
    )


def _record_exceeded_maximum(case: Case, unit: Unit, over: Sequence[Figure], path: Path) -> None:
    case.record_defect(
        "limit-reach",
        _(
            "what is committed or funded by decision is already above this maximum: {settled}.",
            settled=_describe_range(over, unit),
        ),
        path,
        _("Raise `max`, drop a decision, or write `report: true`."),
    )


def _describe_range(values: Sequence[Figure], unit: Unit) -> Items:
    """Return « 01 : 500 € pour 1 000 € » for a few groups and then the count."""
    items: list[Text | str] = []
    for group, bound, value in values[:MAX_LISTED]:
        pair = _("{value} for {bound}", value=_format_number(value, unit), bound=_format_number(bound, unit))
        items.append(_("{group}: {figures}", group=group, figures=pair) if group else pair)
    rest = len(values) - MAX_LISTED
    return Items([*items, *([f"… (+{rest})"] if rest > 0 else [])])


def _format_number(value: Fraction, unit: Unit) -> Money | str:
    return Money(int(value * 100)) if unit is Unit.MONEY else write_number(value)


def can_hold_share(
    case: Case,
    denominator: Terms,
    sums: Sequence[tuple[Groups, Terms, Terms | None]],
    offers: Offers,
    bounds: tuple[Fraction | None, Fraction | None],
    path: Path,
) -> bool:
    """Return whether the bounds of a hard share can be satisfied; otherwise record one defect per side.

    Each of `sums` is some groups, their numerator, and the rest of the denominator where that is known.
    """
    low, high = bounds
    bad: dict[str, list[str | None]] = {"min": [], "max": []}
    for groups, numerator, rest in sums:
        if not all(is_plain(terms) for terms in (numerator, denominator, rest) if terms is not None):
            continue
        top = compute_demand(numerator, groups, offers), compute_least(numerator, groups, offers)
        whole = compute_demand(denominator, groups, offers), compute_least(denominator, groups, offers)
        other = (
            None
            if rest is None
            else (compute_demand(rest, groups, offers), compute_least(rest, groups, offers))
        )
        for k, name in enumerate(groups.names):
            if low is not None:
                never = top[0][k] < low * whole[1][k]
                never = never or (other is not None and (1 - low) * top[0][k] < low * other[1][k])
                bad["min"] += [name] if never else []
            if high is not None:
                never = top[1][k] > high * whole[0][k]
                never = never or (
                    other is not None and high <= 1 and (1 - high) * top[1][k] > high * other[0][k]
                )
                bad["max"] += [name] if never else []
    for side, names in bad.items():
        if names:
            _record_unreachable_share(case, names, (*path, side))
    return case.keeps_clashes or (not bad["min"] and not bad["max"])


def _record_unreachable_share(case: Case, names: Sequence[str | None], path: Path) -> None:
    groups = ", ".join(name for name in names[:MAX_LISTED] if name)
    more = f", … (+{len(names) - MAX_LISTED})" if len(names) > MAX_LISTED else ""
    text = _("this share can never be satisfied, given what is committed or funded by decision.")
    if groups:
        text = _(
            "this share can never be satisfied for {groups}, given what is committed or funded by decision.",
            groups=groups + more,
        )
    case.record_defect(
        "share-reach",
        text,
        path,
        _("Correct the bound or the selectors, drop a decision, or write `report: true`."),
    )


def warn_idle_share(
    case: Case,
    counted: BoolArray,
    within: BoolArray,
    offers: Offers,
    bounds: tuple[Fraction | None, Fraction | None],
    same: bool,
    path: Path,
) -> None:
    """Warn of a share without effect: no eligible dossier, no numerator, or a maximum of 100 % or more."""
    low, high = bounds
    if not (within & offers.in_play).any():
        _warn_idle(
            case,
            _("this share is of no eligible application: it is always satisfied."),
            _("Correct `of`, or take the rule out."),
            path,
        )
    elif not (counted & within & offers.in_play).any() and low:
        _warn_idle(
            case,
            _("no eligible application counts in the numerator: the rule forbids to fund anything else."),
            _("Correct `where`, or take the rule out."),
            (*path, "min"),
        )
    if same and high is not None and high >= 1:
        _warn_idle(
            case,
            _("a share never exceeds 100%: this maximum limits nothing."),
            _("Lower `max`, or take it out."),
            (*path, "max"),
        )


def warn_zero_groups(case: Case, sums: Sequence[tuple[Groups, Terms]], offers: Offers, path: Path) -> None:
    """Warn of a minimum for each group's part of all where a group can have nothing: then all is 0."""
    names = [
        name or ""
        for groups, numerator in sums
        for name, most in zip(groups.names, compute_demand(numerator, groups, offers), strict=True)
        if most == 0
    ]
    if names and len(names) < sum(len(groups.names) for groups, __ in sums):
        case.warnings.add(
            "share-zero",
            _(
                "{groups} can have no part of the sum: a minimum for the part of each group then forbids to grant "
                "anything to the others.",
                groups=", ".join(names[:MAX_LISTED]) + (", …" if len(names) > MAX_LISTED else ""),
            ),
            case.locate(path),
            hint=_(
                "Take `min` out, or refuse by an eligibility rule: a group without an eligible application has no "
                "minimum."
            ),
        )


def _warn_idle(case: Case, text: Text, hint: Text, path: Path) -> None:
    case.warnings.add("share-idle", text, case.locate(path), hint=hint)
