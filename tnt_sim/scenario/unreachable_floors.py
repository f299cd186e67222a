"""Minima that the caps make unattainable, reported by `validate` without solving anything.

A minimum above the upper bound of `attainable_maximum.py` can never be satisfied. One below it may still be
infeasible, which `conflict` decides; so the bound is not what a minimum is to be lowered to, and no sentence
names it. For a minimum share p of a sum in which L is settled outside the numerator, the numerator must reach
at least p · L / (1 − p).

At a later step the grants of earlier steps are kept, so each dossier may have the largest of its bounds so
far.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import numpy as np

from tnt_sim.errors import Defect, Place
from tnt_sim.i18n.message import Text, _, _n
from tnt_sim.i18n.parameters import Money, Names
from tnt_sim.rules.expressions.columns import CENT
from tnt_sim.rules.kinds.limit.rule import Limit
from tnt_sim.rules.kinds.share.rule import Share
from tnt_sim.rules.linear_terms import IntArray, sum_by_group
from tnt_sim.rules.protocols import Mode
from tnt_sim.scenario.attainable_maximum import DossierAmounts, GroupLimit, RemainingCaps, is_money, is_number
from tnt_sim.scenario.problem import Problem


@dataclass(frozen=True, slots=True)
class Floors:
    """Minima of disjoint groups of dossiers.

    Attributes
    ----------
    place : where each is written
    names : what each group is called
    codes : int64 (n,), group of each dossier, -1 where it counts for none
    least : one minimum per group, in cents or in dossiers; None without one
    is_number : whether dossiers are counted
    """

    place: tuple[Place, ...]
    names: tuple[Text, ...]
    codes: IntArray
    least: tuple[int | None, ...]
    is_number: bool


def find_unmet_floors(problems: Sequence[Problem]) -> list[Defect]:
    """Return a defect for each minimum, of any step in order, that the caps make unattainable."""
    result: list[Defect] = []
    amounts: DossierAmounts | None = None
    for number, problem in enumerate(problems):
        amounts = _compute_amounts(problem, amounts)
        if amounts is None:
            break
        caps = list(_iterate_caps(problem))
        reach = RemainingCaps(problem.case.tree, problem.case.node, amounts, caps)
        names = [cap.name for cap in caps]
        for floors in _iterate_floors(problem, amounts, later=number > 0):
            most = reach.compute_bounds(floors.codes, len(floors.least), floors.is_number, names)
            for code, (least, best) in enumerate(zip(floors.least, most.tolist(), strict=True)):
                if least is not None and best < least:
                    result.append(_build_floor_defect(problem, reach, floors, code, names))
    return result


def _compute_amounts(problem: Problem, before: DossierAmounts | None) -> DossierAmounts | None:
    """Return what dossiers may receive at a step.

    Returns None where a dossier kept from an earlier step is not in play now.
    """
    offers = problem.offers
    playing = offers.in_play
    sure = offers.committed | (offers.candidate & offers.forced)
    least = np.where(playing, offers.lowest_cents, 0)
    most = np.where(playing, offers.highest_cents, 0)
    if before is not None:
        if len(before.in_play) != len(playing) or (before.in_play & ~playing).any():
            return None
        least = np.where(before.in_play, np.minimum(least, before.least_cents), least)
        most = np.maximum(most, before.most_cents)
    return DossierAmounts(playing, sure, least, most)


def _iterate_caps(problem: Problem) -> Iterator[GroupLimit]:
    for rule in problem.rules:
        if not isinstance(rule, Limit) or rule.mode is not Mode.HARD or not any(
            bound is not None for bound in rule.maximum
        ):  # fmt: skip
            continue
        if is_money(rule.terms) or is_number(rule.terms):
            money = is_money(rule.terms)
            counted = rule.terms.per_cent == 1 if money else rule.terms.per_funded == 1
            unit = CENT if money else Fraction(1)
            most = tuple(None if bound is None else int(bound / unit // 1) for bound in rule.maximum)
            yield GroupLimit(rule.id, np.where(counted, rule.groups.codes, -1), most, not money)


def _iterate_floors(problem: Problem, amounts: DossierAmounts, *, later: bool) -> Iterator[Floors]:
    yield from _iterate_envelope_floors(problem)
    index = {rule.id: k for k, rule in enumerate(problem.scenario.spec.rules)}
    for rule in problem.rules:
        if rule.mode is not Mode.HARD:
            continue
        place = problem.scenario.locate(("rules", index[rule.id], "min"))
        # kept grants change the demand that lowers the minima of groups, so these are skipped at later steps
        if isinstance(rule, Limit) and not (later and rule.groups.grouped):
            yield from _iterate_limit_floors(rule, place)
        elif isinstance(rule, Share) and rule.minimum is not None and rule.minimum < 1:
            yield from _iterate_share_floors(rule, place, amounts)


def _iterate_envelope_floors(problem: Problem) -> Iterator[Floors]:
    """Yield the minimum spends and minimum numbers of envelopes, one depth of the tree after the other."""
    case, tree = problem.case, problem.case.tree
    for key in ("min_use", "min_dossiers"):
        least = tuple(
            (option.min_use_cents if key == "min_use" else option.min_dossiers) or None
            for option in tree.options
        )
        places = tuple(
            problem.scenario.locate(("envelope", name, key)) if bound else Place()
            for name, bound in zip(tree.ids, least, strict=True)
        )
        names = tuple(_('envelope "{name}"', name=name) for name in tree.ids)
        for depth in sorted({int(tree.depth[k]) for k, bound in enumerate(least) if bound}):
            codes = np.where(
                case.node >= 0, tree.find_ancestors_at_depth(depth)[np.maximum(case.node, 0)], -1
            )
            mine = tuple(bound if tree.depth[k] == depth else None for k, bound in enumerate(least))
            yield Floors(places, names, codes, mine, key == "min_dossiers")


def _iterate_limit_floors(rule: Limit, place: Place) -> Iterator[Floors]:
    if not any(bound is not None for bound in rule.minimum) or not (
        is_money(rule.terms) or is_number(rule.terms)
    ):
        return
    money = is_money(rule.terms)
    unit = CENT if money else Fraction(1)
    least = tuple(None if bound is None else ceil(bound / unit) for bound in rule.minimum)
    counted = rule.terms.per_cent == 1 if money else rule.terms.per_funded == 1
    codes = np.where(counted, rule.groups.codes, -1)
    yield Floors(*_describe_groups(rule.id, rule.groups.names, place), codes, least, not money)


def _iterate_share_floors(rule: Share, place: Place, amounts: DossierAmounts) -> Iterator[Floors]:
    """Yield what a numerator must reach, given what is settled in the rest of its denominator."""
    money = is_money(rule.numerator) and is_money(rule.denominator)
    if not money and not (is_number(rule.numerator) and is_number(rule.denominator)):
        return
    bound = rule.minimum or Fraction(0)
    settled = amounts.least_cents if money else np.ones_like(amounts.least_cents)
    counts = [terms.per_cent == 1 if money else terms.per_funded == 1
              for terms in (rule.numerator, rule.denominator)]  # fmt: skip
    codes = np.where(counts[0], rule.groups.codes, -1)
    if (counts[0] & ~counts[1]).any():
        return
    sure = amounts.sure & counts[1]
    n = len(rule.groups.names)
    inner = sum_by_group(settled[sure & (codes >= 0)], codes[sure & (codes >= 0)], n)
    if rule.pooled:
        whole = [int(settled[sure].sum())] * n
    else:
        held = sure & (rule.groups.codes >= 0)
        whole = sum_by_group(settled[held], rule.groups.codes[held], n)
    least = tuple(
        ceil(bound * (all_ - own) / (1 - bound)) or None for all_, own in zip(whole, inner, strict=True)
    )
    yield Floors(*_describe_groups(rule.id, rule.groups.names, place), codes, least, not money)


def _describe_groups(
    rule: str, groups: Sequence[str | None], place: Place
) -> tuple[tuple[Place, ...], tuple[Text, ...]]:
    names = [f"{rule}, {group}" if group else rule for group in groups]
    return (place,) * len(names), tuple(_('the rule "{name}"', name=name) for name in names)


def _build_floor_defect(
    problem: Problem, reach: RemainingCaps, floors: Floors, code: int, names: Sequence[str]
) -> Defect:
    codes = np.where(floors.codes == code, 0, -1)
    least, name = floors.least[code] or 0, floors.names[code]
    caps = _find_blocking_caps(problem, reach, codes, floors.is_number, names, least)
    if floors.is_number:
        requested = _n("{n} application", "{n} applications", n=least)
        text = _(
            "{name} must fund at least {requested}, which is impossible under {caps}.",
            name=name,
            requested=requested,
            caps=caps,
        )
    else:
        text = _(
            "{name} must get at least {requested}, which its applications cannot get under {caps}.",
            name=name,
            requested=Money(least),
            caps=caps,
        )
    return Defect(
        "floor-reach",
        text,
        (floors.place[code],),
        _("Lower this minimum or raise this cap; `tnt-sim conflict` gives the corrections."),
    )


def _find_blocking_caps(
    problem: Problem, reach: RemainingCaps, codes: IntArray, is_number: bool, names: Sequence[str], least: int
) -> Text:
    """Return the fewest caps under which some dossiers cannot reach a minimum."""

    def find_smallest_bound(some: Sequence[Sequence[str]], *, tree: bool) -> tuple[int, Sequence[str]]:
        floors = [
            (int(reach.compute_bounds(codes, 1, is_number, rules, tree=tree)[0]), rules) for rules in some
        ]
        return min(floors, default=(least, ()))

    each = [names[k : k + 1] for k in range(len(names))]
    most, rules = find_smallest_bound(each, tree=False)
    if most < least:
        return _describe_rules(rules)
    most, node = reach.compute_envelope_bound(codes, is_number)
    if most < least:
        name = problem.case.tree.ids[node]
        return _('the cap of envelope "{name}"', name=name)
    for some in ([()], each, [names]):
        most, rules = find_smallest_bound(some, tree=True)
        if most < least:
            return _with_envelopes(_describe_rules(rules) if rules else None)
    raise AssertionError("the last of these bounds is the one that a minimum was found to exceed")


def _describe_rules(rules: Sequence[str]) -> Text:
    names = Names(rules)
    if len(rules) == 1:
        return _("the rule {names}", names=names)
    return _("the rules {names}", names=names)


def _with_envelopes(rules: Text | None) -> Text:
    caps = _("the caps of envelopes")
    return caps if rules is None else _("{rules} and {caps}", rules=rules, caps=caps)
