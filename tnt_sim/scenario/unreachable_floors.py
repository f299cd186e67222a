"""Minima that the caps make unattainable, reported by `validate` without solving anything.

A minimum above what is attainable at most can never be satisfied. One below it may still be
infeasible, which `conflict` decides; so the bound is not what a minimum is to be lowered to, and no sentence
names it. For a minimum share p of a sum in which L is settled outside the numerator, the numerator must reach
at least p · L / (1 − p).

At a later step the grants of earlier steps are kept, so each dossier may have the largest of its bounds so
far.

Upper bound on the money, or the number of dossiers, that some dossiers can reach under all caps together.

The bound is a relaxation: no feasible allocation exceeds it, but none need attain it. Let S be the dossiers.
What is committed or decided first receives its least amount. v_i is the most that dossier i can add, l_i the
least for which it is granted. A cap over a set C (an envelope with all that may be added to it, or a group
of a limit on money or on a number) leaves to the dossiers of S ∩ C

    room(C) = min(left_C, Σ of the k largest v_i)        k: how many fit in C, smallest l_i first

and a dossier whose l_i exceeds what is left of a cap over it adds nothing. Under one limit with groups g and
the tree of envelopes the bound is

    min( Σ_g min(room(g), tree(S ∩ g)),  tree of min(room(g), Σ v) for each g and envelope )

where tree(·) adds up from the leaves to the programme and limits each envelope to its room. Under several
limits the bound is the least of those of each limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import numpy as np

from tnt_sim.domain.budget_tree import Tree
from tnt_sim.errors import Defect, Place
from tnt_sim.i18n.message import Text, _, _n
from tnt_sim.i18n.parameters import Money, Names
from tnt_sim.rules.envelopes.tree_reading import compute_gain_bounds
from tnt_sim.rules.expressions.columns import CENT
from tnt_sim.rules.kind_support.attainable_range import is_granted
from tnt_sim.rules.kinds.limit.rule import Limit
from tnt_sim.rules.kinds.share.rule import Share
from tnt_sim.rules.linear_terms import BoolArray, IntArray, Terms, Unit, sum_by_group
from tnt_sim.rules.protocols import Mode
from tnt_sim.scenario.problem import Problem

UNLIMITED = 2**60

"""Stands for "no limit", in cents or in dossiers."""

REFINED = 5_000

"""Largest set for which k is computed; beyond it the money alone is a nearly tight bound."""


def is_money(terms: Terms) -> bool:
    """Return whether a sum is the cents granted to some dossiers."""
    return is_granted(terms) and terms.scale == CENT and terms.constant == 0


def is_number(terms: Terms) -> bool:
    """Return whether a sum is the number of some dossiers."""
    plain = terms.unit is Unit.NUMBER and terms.scale == 1 and not terms.once and terms.constant == 0
    return plain and not terms.per_cent.any() and bool(np.isin(terms.per_funded, (0, 1)).all())


@dataclass(frozen=True, slots=True)
class DossierAmounts:
    """What each dossier may receive; all arrays (n,).

    The dossiers `sure` are committed or decided and receive `least_cents` first.
    """

    in_play: BoolArray
    sure: BoolArray
    least_cents: IntArray
    most_cents: IntArray


@dataclass(frozen=True, slots=True)
class GroupLimit:
    """A hard limit on the money, or on the number, of the dossiers of each group.

    Attributes
    ----------
    name : id of the rule
    codes : int64 (n,), group of each dossier, -1 where it does not count
    most : one bound per group, None without a limit
    is_number : whether dossiers are counted, not cents
    """

    name: str
    codes: IntArray
    most: tuple[int | None, ...]
    is_number: bool


@dataclass(frozen=True, slots=True)
class _RemainingCapacity:
    """What is left of each group after the sure dossiers.

    The last entry stands for no group: int64 (n_groups + 1,).
    """

    codes: IntArray
    cents: IntArray
    number: IntArray


class RemainingCaps:
    """Upper bounds under the caps of one problem, less what sure dossiers use."""

    def __init__(
        self, tree: Tree, node: IntArray, amounts: DossierAmounts, caps: Sequence[GroupLimit]
    ) -> None:
        self.tree, self.node, self.amounts = tree, np.maximum(node, 0), amounts
        self.left = {cap.name: self._compute_remaining(cap.codes, cap.most, cap.is_number) for cap in caps}
        sure = np.flatnonzero(amounts.sure & (node >= 0))
        spent = tree.sum_subtrees(sum_by_group(amounts.least_cents[sure], node[sure], tree.n_nodes))
        paid = tree.sum_subtrees(sum_by_group(np.ones(len(sure), dtype=np.int64), node[sure], tree.n_nodes))
        self.node_cents = np.full(tree.n_nodes, UNLIMITED, dtype=np.int64)
        self.node_number = np.full(tree.n_nodes, UNLIMITED, dtype=np.int64)
        for place, more in enumerate(compute_gain_bounds(tree)):
            amount, most = tree.amount_cents[place], tree.options[place].max_dossiers
            if amount is not None and more is not None:
                self.node_cents[place] = max(0, amount + more - spent[place])
            if most is not None:
                self.node_number[place] = max(0, most - paid[place])

    def _compute_remaining(
        self, codes: IntArray, most: Sequence[int | None], is_number: bool
    ) -> _RemainingCapacity:
        sure = self.amounts.sure & (codes >= 0)
        taken = np.ones_like(codes) if is_number else self.amounts.least_cents
        gone = sum_by_group(taken[sure], codes[sure], len(most))
        left = [UNLIMITED if high is None else max(0, high - used)
                for high, used in zip(most, gone, strict=True)]  # fmt: skip
        found = np.array([*left, UNLIMITED], dtype=np.int64)
        none = np.full_like(found, UNLIMITED)
        return _RemainingCapacity(codes, none, found) if is_number else _RemainingCapacity(codes, found, none)

    def compute_bounds(
        self, codes: IntArray, n_groups: int, is_number: bool, caps: Sequence[str], *, tree: bool = True
    ) -> IntArray:
        """Return the upper bound of each group of dossiers, int64 (n_groups,).

        Parameters
        ----------
        codes : int64 (n,), group of each dossier, -1 in none
        is_number : count dossiers, not cents
        caps : names of the limits to respect
        tree : whether to respect the envelopes too
        """
        base, some = self._select_needed(codes, n_groups, is_number)
        lefts = [self.left[name] for name in caps]
        fits = self._select_fitting(some) if tree else np.ones(len(some.of), dtype=np.bool_)
        for left in lefts:
            group = left.codes[some.row]
            fits &= (some.least <= left.cents[group]) & (some.sure | (left.number[group] > 0))
        some = some.select_rows(fits)
        rooms = self._compute_envelope_capacity(some) if tree else None
        bounds = [self._compute_limit_bounds(some, n_groups, left, rooms) for left in lefts or (None,)]
        found: IntArray = base + np.min(bounds, axis=0)
        return found

    def compute_envelope_bound(self, codes: IntArray, is_number: bool) -> tuple[int, int]:
        """Return the smallest bound that one envelope puts on the dossiers of code 0, and its node."""
        base, some = self._select_needed(codes, 1, is_number)
        best = (UNLIMITED, 0)
        for keys, room in self._compute_envelope_capacity(some):
            node = (
                self.tree.find_ancestors_at_depth(int(self.tree.depth[keys[0]]))[some.node]
                if len(keys)
                else keys
            )
            held = _sum_by_key(np.searchsorted(keys, node[node >= 0]), some.value[node >= 0], len(keys))
            left = int(base[0] + some.value.sum()) - held + room
            best = min([best, *zip(left.tolist(), keys.tolist(), strict=True)])
        return best

    def _select_needed(
        self, codes: IntArray, n_groups: int, is_number: bool
    ) -> tuple[IntArray, _NeededDossiers]:
        """Return what sure dossiers of each group receive, and the dossiers that could add more.

        The first is int64 (n_groups,).
        """
        amounts = self.amounts
        inside = (codes >= 0) & amounts.in_play
        base = np.zeros(n_groups, dtype=np.int64)
        sure = inside & amounts.sure
        np.add.at(base, codes[sure], 1 if is_number else amounts.least_cents[sure])
        more = np.where(amounts.sure, amounts.most_cents - amounts.least_cents, amounts.most_cents)
        rows = np.flatnonzero(inside & (~amounts.sure if is_number else more > 0))
        least = np.where(amounts.sure[rows], 0, amounts.least_cents[rows])
        value = np.ones(len(rows), dtype=np.int64) if is_number else more[rows]
        return base, _NeededDossiers(
            rows, codes[rows], self.node[rows], least, value, amounts.sure[rows], is_number
        )

    def _select_fitting(self, some: _NeededDossiers) -> BoolArray:
        fits = np.ones(len(some.of), dtype=np.bool_)
        here = some.node
        while (here >= 0).any():
            at = np.maximum(here, 0)
            fine = (some.least <= self.node_cents[at]) & (some.sure | (self.node_number[at] > 0))
            fits &= fine | (here < 0)
            here = np.where(here >= 0, self.tree.parent[at], -1)
        return fits

    def _compute_envelope_capacity(self, some: _NeededDossiers) -> list[tuple[IntArray, IntArray]]:
        """Return, by depth of the tree, the keys group · n_nodes + envelope (sorted) and the room of each."""
        tree, result = self.tree, []
        for depth in range(int(tree.depth.max()) + 1):
            above = tree.find_ancestors_at_depth(depth)[some.node]
            held = np.flatnonzero(above >= 0)
            keys, key = np.unique(some.of[held] * tree.n_nodes + above[held], return_inverse=True)
            at = keys % tree.n_nodes
            result.append(
                (
                    keys,
                    some.select_rows(held).compute_capacity(key, self.node_cents[at], self.node_number[at]),
                )
            )
        return result

    def _compute_limit_bounds(
        self,
        some: _NeededDossiers,
        n_groups: int,
        left: _RemainingCapacity | None,
        rooms: list[tuple[IntArray, IntArray]] | None,
    ) -> IntArray:
        """Return the bound of each group of dossiers under the groups of one limit and the tree."""
        n_caps = 1 if left is None else len(left.cents)
        group = np.zeros_like(some.of) if left is None else left.codes[some.row] % n_caps
        cell = some.of * n_caps + group
        # sum per (group of dossiers, group of the limit, envelope)
        keys, here = np.unique(cell * self.tree.n_nodes + some.node, return_inverse=True)
        node, brought = keys % self.tree.n_nodes, _sum_by_key(here, some.value, len(keys))
        cells, place = np.unique(keys // self.tree.n_nodes, return_inverse=True)
        of = cells // n_caps
        if left is None:
            return _sum_by_key(of, self._propagate_sums(node, place, brought, of, rooms), n_groups)
        room = some.compute_capacity(place[here], left.cents[cells % n_caps], left.number[cells % n_caps])
        whole = _sum_by_key(
            of, np.minimum(room, self._propagate_sums(node, place, brought, of, rooms)), n_groups
        )
        capped = np.minimum(brought, room[place])
        apart = self._propagate_sums(node, of[place], capped, np.arange(n_groups), rooms)
        return np.minimum(whole, apart)

    def _propagate_sums(
        self,
        node: IntArray,
        key: IntArray,
        value: IntArray,
        of: IntArray,
        rooms: list[tuple[IntArray, IntArray]] | None,
    ) -> IntArray:
        """Return Σ value by key, added up the tree and limited in each envelope.

        `of` is the group of dossiers of each key.
        """
        if rooms is None:
            return _sum_by_key(key, value, len(of))
        tree = self.tree
        for depth in range(len(rooms) - 1, -1, -1):
            cells, place = np.unique(key * tree.n_nodes + node, return_inverse=True)
            value = _sum_by_key(place, value, len(cells))
            key, node = cells // tree.n_nodes, cells % tree.n_nodes
            at = np.flatnonzero(tree.depth[node] == depth)
            known, room = rooms[depth]
            value[at] = np.minimum(
                value[at], room[np.searchsorted(known, of[key[at]] * tree.n_nodes + node[at])]
            )
            node[at] = np.maximum(tree.parent[node[at]], 0)
        return _sum_by_key(key, value, len(of))


@dataclass(frozen=True, slots=True)
class _NeededDossiers:
    """Dossiers that could add something, all arrays (m,): group, node, least amount, most added."""

    row: IntArray
    of: IntArray
    node: IntArray
    least: IntArray
    value: IntArray
    sure: BoolArray
    is_number: bool

    def select_rows(self, rows: BoolArray | IntArray) -> _NeededDossiers:
        """Return the given rows."""
        return _NeededDossiers(
            self.row[rows],
            self.of[rows],
            self.node[rows],
            self.least[rows],
            self.value[rows],
            self.sure[rows],
            self.is_number,
        )

    def compute_capacity(self, key: IntArray, left_cents: IntArray, left_number: IntArray) -> IntArray:
        """Return what the cap over each key leaves to its dossiers, int64 (n_keys,).

        The module gives the equation.
        """
        n = len(left_cents)
        total = _sum_by_key(key, self.value, n)
        places = total if self.is_number else np.minimum(total, left_cents)
        count = np.bincount(key, minlength=n)
        tight = (_sum_by_key(key, self.least, n) > left_cents) | (count > left_number)
        tight &= (count <= REFINED) | self.is_number
        rows = np.flatnonzero(tight[key])
        if not len(rows):
            return places
        key, least, value, sure = key[rows], self.least[rows], self.value[rows], self.sure[rows]
        order = np.lexsort((least, key))
        start = np.searchsorted(key[order], np.arange(n))
        run = np.concatenate([[0], np.cumsum(least[order])])
        fits = run[1:] - run[start[key[order]]] <= left_cents[key[order]]
        free = np.bincount(key, weights=sure, minlength=n).astype(np.int64)
        k = np.minimum(np.bincount(key[order][fits], minlength=n), np.minimum(left_number, UNLIMITED) + free)
        order = np.lexsort((-value, key))
        first = np.arange(len(order)) - start[key[order]] < k[key[order]]
        largest = _sum_by_key(key[order][first], value[order][first], n)
        return np.where(tight, np.minimum(places, largest), places)


def _sum_by_key(key: IntArray, value: IntArray, n: int) -> IntArray:
    found = np.zeros(n, dtype=np.int64)
    np.add.at(found, key, value)
    return found


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
