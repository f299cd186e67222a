"""A measure by group per inhabitant of the group, used by `equity` and by the objective `smallest`.

    M_g = Σ measure over the funded dossiers of group g        p_g = inhabitants of g        r_g = M_g / p_g

p_g comes from the scenario's map; without `per: population` it is 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
