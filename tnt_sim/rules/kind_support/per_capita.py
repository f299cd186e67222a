"""A measure by group per inhabitant of the group, used by `equity` and by the objective `smallest`.

    M_g = Σ measure over the funded dossiers of group g        p_g = inhabitants of g        r_g = M_g / p_g

p_g comes from the scenario's map; without `per: population` it is 1.

Steps in which the ratios M_g / p_g of groups are compared: the fewest that tell all of them apart.

The least ratio of a list is at most the least of most_g / p_g, so larger ratios play no part. With δ the least
distance of two of the others, ⌊K·M_g / p_g⌋ orders lists as the fractions do if K ≥ 1/δ, or if every p_g
divides K. Distances of integer M_g are at least 1 / (p·q); where M_g has few values, all are listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import gcd, lcm

import numpy as np

from tnt_sim.domain.territory import LEVELS
from tnt_sim.i18n.message import _
from tnt_sim.rules.expressions.groups import group_by_columns
from tnt_sim.rules.expressions.measures import Measures
from tnt_sim.rules.expressions.selectors import Selector, select
from tnt_sim.rules.expressions.territory_names import get_map
from tnt_sim.rules.kind_support.attainable_range import compute_demand
from tnt_sim.rules.linear_terms import BoolArray, Groups, IntArray, Once, Terms
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.protocols import Case, Path

MAX_SUMS = 4_000

"""So many values of M_g / p_g are compared one by one; of more, only their heads."""


def find_distance_steps(heads: Sequence[int], unit: int) -> int:
    """Return a K that orders all M_g / p_g of multiples M_g of `unit`: 1 / (p·q) bounds their distances.

    >>> find_distance_steps([3, 4], 1), find_distance_steps([10**7, 10**7 - 1], 100)
    (12, 999999900000)
    """
    counts = sorted({1, *heads})
    return -(-min(lcm(*heads), counts[-1] * counts[max(-2, -len(counts))]) // unit)


def find_listed_steps(heads: Sequence[int], sums: Sequence[Sequence[int]]) -> int:
    """Return the least K ≥ 1/δ, or the least common multiple of the heads, for the sums that each group may have.

    >>> find_listed_steps([3, 4], [[0, 1], [0, 1, 2]])
    12
    >>> find_listed_steps([100, 10**7], [[0, 5_000], [0, 10**9]])
    1
    """
    whole = lcm(*heads)
    values = sorted(
        {value * (whole // count) for count, some in zip(heads, sums, strict=True) for value in some}
    )
    gaps = [after - before for before, after in pairwise(values)]
    return min(whole, -(-whole // min(gaps))) if gaps else 1


def find_unit(of: PerHead, offers: Offers) -> int:
    """Return a number that divides every M_g that amounts of the offers may lead to."""
    inside = offers.in_play & (of.groups.codes >= 0)
    terms = of.terms
    amounts = np.where(offers.ranged & offers.candidate, offers.unit_cents, offers.highest_cents)
    levels = offers.levels.row[inside[offers.levels.row]]
    pieces = [
        terms.per_funded[inside],
        (terms.per_cent * amounts)[inside],
        terms.per_cent[levels] * offers.levels.cents[inside[offers.levels.row]],
        *(part.worth for part in terms.once),
    ]
    return max(1, gcd(terms.constant, *(int(np.gcd.reduce(np.abs(piece), initial=0)) for piece in pieces)))


def list_sums(of: PerHead, offers: Offers) -> list[list[int]] | None:
    """Return the sums M_g up to the least of most_g / p_g that each group may have.

    Returns None where they are more than `MAX_SUMS`, or count something once.
    """
    if of.terms.once:
        return None
    least = min(zip(of.most, of.heads, strict=True), key=lambda pair: pair[0] / pair[1])
    result, n_sums = [], 0
    for group, count in enumerate(of.heads):
        limit = least[0] * count // least[1]
        some = _list_group_sums(of, offers, group, limit)
        n_sums += MAX_SUMS if some is None else len(some)
        if some is None or n_sums > MAX_SUMS:
            return None
        result.append(some.tolist())
    return result


def _list_group_sums(of: PerHead, offers: Offers, group: int, limit: int) -> IntArray | None:
    """Return the sums of a group up to a limit, ascending; None where they are too many."""
    terms, inside = of.terms, of.groups.codes == group
    worth = terms.per_funded + terms.per_cent * offers.highest_cents
    settled = int(worth[inside & offers.committed].sum())
    levelled = offers.levels.select_dossiers(len(inside))
    free = inside & offers.candidate
    sums: IntArray | None = np.array([terms.constant + settled], dtype=np.int64)
    values, counts = np.unique(worth[free & ~offers.ranged & ~levelled], return_counts=True)
    steps = [
        np.arange(min(count, limit // value) + 1, dtype=np.int64) * value
        for value, count in zip(values.tolist(), counts.tolist(), strict=True)
        if value
    ]
    for row in np.flatnonzero(free & (offers.ranged | levelled)).tolist():
        amounts = _list_amounts(offers, row)
        if amounts is None:
            return None
        steps.append(np.append(terms.per_funded[row] + terms.per_cent[row] * amounts, 0))
    for step in steps:
        sums = _add_step(sums, step, limit)
        if sums is None:
            return None
    return sums


def _list_amounts(offers: Offers, row: int) -> IntArray | None:
    """Return the amounts that a dossier may receive; None where they are too many."""
    unit, least, most = (
        int(part[row]) for part in (offers.unit_cents, offers.least_cents, offers.most_cents)
    )
    if not offers.ranged[row]:
        levels: IntArray = offers.levels.cents[offers.levels.row == row]
        return levels
    first, last = -(-least // unit), most // unit
    return None if last - first >= MAX_SUMS else np.arange(first, last + 1, dtype=np.int64) * unit


def _add_step(sums: IntArray | None, step: IntArray, limit: int) -> IntArray | None:
    """Return each sum with each amount of a step, up to a limit; None where they are too many."""
    if sums is None or len(sums) * len(step) > MAX_SUMS**2 // 8:
        return None
    total: IntArray = np.unique(sums[:, None] + step)
    total = total[total <= limit]
    return total if len(total) <= MAX_SUMS else None


@dataclass(frozen=True, slots=True)
class PerHead:
    """A measure and its inhabitants by group; all tuples have one entry per group.

    Attributes
    ----------
    terms, groups : the measure, never negative; what is counted once is counted once in each group
    heads : p_g
    most, settled : the most that M_g can reach, and the part of it that is committed, in steps of
        `terms.scale`
    total, single : upper bounds on Σ M_g, at any amounts of the envelopes, and on what one dossier counts for,
        in steps of `terms.scale`
    open_amounts : whether the amount of some candidate is a variable
    """

    terms: Terms
    groups: Groups
    heads: tuple[int, ...]
    most: tuple[int, ...]
    settled: tuple[int, ...]
    total: int
    single: int
    open_amounts: bool

    def combine_with_total(self, group: int, left: int, right: int) -> Terms:
        """Return left · M_group − right · Σ_h M_h as one sum over dossiers."""
        codes = self.groups.codes
        weight = np.where(codes == group, left - right, np.where(codes >= 0, -right, 0))
        once = tuple(
            Once(part.row, part.key, part.worth * assign_weights(part, weight)) for part in self.terms.once
        )
        terms = self.terms
        return Terms(terms.scale, terms.unit, terms.per_funded * weight, terms.per_cent * weight, once)

    def sum_by_group(self, funded: BoolArray, granted_cents: IntArray) -> list[int]:
        """Return M_g of each group on an allocation, exact, in steps of `terms.scale`."""
        return self.terms.evaluate_groups(funded, granted_cents, self.groups.codes, len(self.groups.names))


def build_per_head(
    case: Case,
    measures: Measures,
    offers: Offers,
    *,
    measure: str,
    by: str | Sequence[str],
    per: str | None,
    where: Selector | None,
    groups: str | Sequence[str] | None,
    path: Path,
    bound: BoolArray | None = None,
) -> PerHead | None:
    """Build the ratios of a measure by group; None, with defects recorded, when something is unknown.

    `bound`, bool (n,), excludes the dossiers for which the rule is waived. The other parameters are the keys
    of the scenario.
    """
    terms = measures.get_terms(measure, (*path, "measure"))
    mask = select(case, where, (*path, "where"))
    if terms is None or mask is None:
        return None
    concerned = mask if bound is None else mask & bound
    result = group_by_columns(
        case, by, groups, concerned & offers.groupable, concerned & offers.in_play, path
    )
    if result is None or not _is_nonnegative(case, terms, offers, path):
        return None
    heads = [1] * len(result.names) if per is None else _read_heads(case, by, result, path)
    if heads is None:
        return None
    terms, scale = _split_keys_by_group(terms, result), terms.scale
    most = tuple(int(value / scale) for value in compute_demand(terms, result, offers))
    given = np.where(offers.committed, offers.committed_cents, 0)
    settled = terms.evaluate_groups(offers.committed, given, result.codes, len(result.names))
    inside = result.codes >= 0
    largest = offers.highest_cents
    isolated = terms.per_funded + terms.per_cent * largest
    for part in terms.once:
        isolated = isolated + part.sum_worth_per_dossier(case.n)
    single = int(np.where(inside, isolated, 0).max(initial=0))
    open_amounts = bool(((offers.least_cents < offers.most_cents) & offers.candidate & inside).any())
    return PerHead(terms, result, tuple(heads), most, tuple(settled), sum(most), single, open_amounts)


def _split_keys_by_group(terms: Terms, groups: Groups) -> Terms:
    """Return the same measure with separate keys in each group: each group counts a shared thing once."""
    n = len(groups.names)
    pieces = []
    for once in terms.once:
        inside = groups.codes[once.row] >= 0
        row, key = once.row[inside], once.key[inside]
        own = groups.codes[row] * len(once.worth) + key
        pieces.append(Once(row, own, np.tile(once.worth, n)))
    return replace(terms, once=tuple(pieces))


def assign_weights(once: Once, weight: IntArray) -> IntArray:
    """Return the weight of each key, int64 (n_keys,): that of the dossiers that have it."""
    found = np.zeros(len(once.worth), dtype=np.int64)
    found[once.key] = weight[once.row]
    return found


def _read_heads(case: Case, by: str | Sequence[str], groups: Groups, path: Path) -> list[int] | None:
    known = get_map(case, path)
    if known is None:
        return None
    if by not in LEVELS:
        case.record_defect(
            "per-head",
            _(
                "`per: population` takes the map's inhabitants: `by` must be one of the columns {levels}.",
                levels=", ".join(LEVELS),
            ),
            (*path, "by"),
        )
        return None
    people = known.get_population(str(by))
    heads = [people.get(str(name), 0) for name in groups.names]
    empty = [str(name) for name, count in zip(groups.names, heads, strict=True) if count == 0]
    if not empty:
        return heads
    text = ", ".join(empty[:10]) + (", …" if len(empty) > 10 else "")
    case.record_defect(
        "per-head",
        _("the map of {year} gives no inhabitants for: {names}.", year=known.year, names=text),
        (*path, "by"),
        _("Correct these codes, or leave these applications out by `where` in `dossiers`."),
    )
    return None


def _is_nonnegative(case: Case, terms: Terms, offers: Offers, path: Path) -> bool:
    """Return whether no dossier reduces the sum.

    Records a defect otherwise, because ratios would be meaningless.
    """
    highest = offers.highest_cents
    lowest = offers.lowest_cents
    worst = terms.per_funded + np.minimum(terms.per_cent * highest, terms.per_cent * lowest)
    shared = any(bool((part.worth < 0).any()) for part in terms.once)
    if not ((worst < 0) & offers.in_play).any() and not shared and terms.constant >= 0:
        return True
    case.record_defect(
        "per-head-negative",
        _("this measure is negative for some applications: it cannot be compared from one group to another."),
        (*path, "measure"),
    )
    return False
