"""Reasons of a decision, from the allocation alone: why each dossier is or is not funded, why money is left.

An unfunded candidate has one of these codes:

* `variant`, `prerequisite`, `order`: a rule between dossiers excludes it, however much money is left. Funding
  it alone would violate the rule: another variant is funded, a prerequisite is not, or a better one of its
  order is not. `exclusive` and `together` rules exclude dossiers too, but have no code of their own;
* `crowded_out`: it fits the money left, but would violate a hard rule, or would improve no objective, or the
  reason is not established (`select_unclear`);
* `outranked`: it does not fit, and every funded dossier under the envelope that blocks it is worth at least
  as much per euro to the first objective;
* `none_fits`: it does not fit, although it is worth more per euro than some funded dossier there.

Effect on objectives. Adding a dossier at its least amount changes objective k by

    Δ_k = per_funded + per_cent · least + Σ (worth of its keys that no funded dossier holds)

with larger counting as better. The dossier improves nothing if the first Δ that is not 0 is a loss, or if all
are 0. If an objective has non-linear parts or penalties, Δ is computed from the full reading, for `TRIED`
dossiers at most.

Money left. A dossier of an envelope draws on the money that the envelope shares out: if the children have
part of it, only the rest is available; otherwise also what the children leave, except what ring-fenced ones
leave. A dossier from further down may use all that the envelope has left.

The reason for unspent money explains at least half of it: `reserve` if half is reserved; `all_funded` if all
waiting dossiers together ask for less than half; `rule` or `no_gain` if those that fit ask for at least half;
otherwise `none_fits` or `parent_full`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tnt_sim.domain.budget_tree import Tree
from tnt_sim.i18n.message import Lang, _
from tnt_sim.rules.envelopes.options import EnvelopeLimit
from tnt_sim.rules.envelopes.tree_reading import (
    EnvelopeReading,
    can_gain,
    compute_unassigned_cents,
    compute_unfenced_cents,
    find_ring_fenced,
)
from tnt_sim.rules.kinds.dossier_links import PREREQUISITES, VARIANTS, TableRule
from tnt_sim.rules.linear_terms import BoolArray, IntArray, sum_by_group, sum_exactly
from tnt_sim.rules.protocols import CompiledRule, Mode, Sense
from tnt_sim.scenario.objective import ObjectiveStage
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import Allocation, AllocationReading, read_allocation
from tnt_sim.verify.dossier_addition import Holds, build_rule_test

CODES = {VARIANTS: "variant", PREREQUISITES: "prerequisite", "order": "order"}
_FIRST = ("variant", "prerequisite", "order", "crowded_out")


@dataclass(frozen=True, slots=True)
class BlockingRelation:
    """Dossiers that a rule between dossiers excludes.

    Attributes
    ----------
    code, rule : object (n,), reason code and rule id, "" for none
    by : int64 (n,), the dossier responsible, -1 for none
    coded : bool (n,), dossiers whose code applies even if the money would not suffice
    """

    code: NDArray[Any]
    rule: NDArray[Any]
    by: IntArray
    coded: BoolArray


def find_blocking_relations(problem: Problem, allocation: Allocation, waiting: BoolArray) -> BlockingRelation:
    """Find the waiting candidates that a hard rule between dossiers excludes."""
    n = problem.case.n
    code, name = np.full(n, "", dtype=object), np.full(n, "", dtype=object)
    by, coded = np.full(n, -1, dtype=np.int64), np.zeros(n, dtype=np.bool_)
    result = [
        (CODES.get(rule.kind, "crowded_out"), rule)
        for rule in (*problem.table_rules, *problem.rules)
        if rule.is_between and rule.mode is Mode.HARD
    ]
    for word, rule in sorted(result, key=lambda pair: _FIRST.index(pair[0])):
        who = rule.find_blocking_dossiers(allocation.funded, allocation.granted_cents)
        mine = waiting & (who >= 0) & (by < 0)
        code[mine], name[mine], by[mine] = word, rule.id, who[mine]
        coded[mine] = word != "crowded_out"
    return BlockingRelation(code, name, by, coded)


_SENTENCES = {
    "variant": _('Another variant is funded: "{{by}}".'),
    "prerequisite": _('A required application is not funded: "{{by}}".'),
    "order": _('In the order of the rule "{{rule}}", "{{by}}" goes first.'),
}


def write_blocking_sentences(
    problem: Problem, texts: NDArray[Any], code: pl.Series, rule: pl.Series, by: IntArray, lang: Lang
) -> None:
    """Write the sentences of the codes `variant`, `prerequisite` and `order` into `texts`."""
    numbers = problem.case.table["dossier"]
    for word, template in _SENTENCES.items():
        for row in (code == word).arg_true().to_list():
            texts[row] = template.in_(lang).format(by=numbers[int(by[row])], rule=rule[row])


TRIED = 200
"""Dossiers whose effect on the objectives is computed from the full reading, at most."""


def select_unclear(
    problem: Problem, allocation: Allocation, reading: AllocationReading, open_rows: BoolArray
) -> BoolArray:
    """Return those of some dossiers that are not known to improve nothing, bool (n,)."""
    waiting = open_rows.copy()
    better = np.zeros_like(waiting)
    priced = {rule.penalty.stage for rule in problem.rules if rule.mode is Mode.PENALTY and rule.penalty}
    for number, stage in enumerate(problem.stages):
        if stage.goal_parts or number in priced:
            rows = np.flatnonzero(waiting)
            better |= waiting
            for row in rows[:TRIED].tolist():
                better[row] = is_better(
                    problem, _compute_values_with(problem, allocation, row), reading.values
                )
            return better
        gain = compute_stage_gains(stage, problem.offers.least_cents, allocation.funded)
        better |= waiting & (gain > 0)
        waiting &= gain == 0
    return better


def is_better(problem: Problem, values: Sequence[Fraction], than: Sequence[Fraction]) -> bool:
    """Whether the first objective that differs is better."""
    for stage, value, other in zip(problem.stages, values, than, strict=True):
        if value != other:
            return (value > other) is (stage.sense is Sense.MAXIMISE)
    return False


def compute_stage_gains(stage: ObjectiveStage, least_cents: IntArray, funded: BoolArray) -> IntArray:
    """Compute Δ of each dossier for an objective that is a sum, in units of its terms; larger is better."""
    terms = stage.terms
    gain = terms.per_funded + terms.per_cent * least_cents
    for part in terms.once:
        fresh = ~np.isin(part.key, part.key[funded[part.row]])
        np.add.at(gain, part.row[fresh], part.worth[part.key[fresh]])
    return gain if stage.sense is Sense.MAXIMISE else -gain


def _compute_values_with(problem: Problem, allocation: Allocation, row: int) -> tuple[Fraction, ...]:
    funded, granted = allocation.funded.copy(), allocation.granted_cents.copy()
    funded[row], granted[row] = True, problem.offers.least_cents[row]
    return read_allocation(problem, Allocation(funded, granted)).values


UNLIMITED = 2**60
"""Cents left at an envelope without an amount."""


@dataclass(frozen=True, slots=True)
class RemainingMoney:
    """Money left for one more dossier.

    Attributes
    ----------
    along : for each node, the path to the root as (envelope, cents that it leaves to a dossier of the node)
    whole_cents : int64 (n_nodes,), the least of these cents
    """

    along: tuple[tuple[tuple[int, int], ...], ...]
    whole_cents: IntArray


def compute_remaining_money(tree: Tree, reading: EnvelopeReading, own_cents: list[int]) -> RemainingMoney:
    """Compute the money left at each node; `own_cents` is what its own dossiers received."""
    more = _compute_receivable(tree, reading, own_cents)
    outside = _compute_unfenced_money(tree, reading)
    along = tuple(tuple(_list_path(tree, reading, outside, more, node)) for node in range(tree.n_nodes))
    whole = np.array([min(cents for __, cents in path) for path in along], dtype=np.int64)
    return RemainingMoney(along, whole)


def _list_path(
    tree: Tree, reading: EnvelopeReading, outside: dict[int, int], more: list[int], node: int
) -> Iterator[tuple[int, int]]:
    """Yield each envelope from a node up to the root, with what it leaves to a dossier of the node."""
    direct, fenced = True, False
    for above in tree.list_ancestors(node):
        amount = tree.amount_cents[above]
        if amount is None:
            yield above, UNLIMITED
            direct, fenced = True, False
            continue
        come = _compute_received(reading, above)
        left = come - reading.need_cents[above] if direct else amount + come - reading.granted_cents[above]
        if not direct and not fenced:
            left = min(left, outside.get(above, UNLIMITED))
        yield above, min(UNLIMITED, left + more[above])
        direct = False
        fenced = (fenced and not tree.overbooked[above]) or tree.ring_fenced[above]


def _compute_unfenced_money(tree: Tree, reading: EnvelopeReading) -> dict[int, int]:
    """Compute what each node with ring-fenced envelopes below it leaves outside them."""
    result = {}
    for node, apart in find_ring_fenced(tree).items():
        granted = reading.granted_cents[node] - sum(reading.granted_cents[fence] for fence in apart)
        result[node] = compute_unfenced_cents(tree, node, apart) + _compute_received(reading, node) - granted
    return result


def _compute_received(reading: EnvelopeReading, node: int) -> int:
    """Compute what a node received on top of its amount."""
    return reading.extra_cents[node] + reading.in_cents[node] - reading.out_cents[node]


def _compute_receivable(tree: Tree, reading: EnvelopeReading, own_cents: list[int]) -> list[int]:
    """Compute what each node could still receive from its parent and its siblings."""
    free = [0] * tree.n_nodes
    more = [0] * tree.n_nodes
    for node in range(tree.n_nodes):
        gain = free[int(tree.parent[node])] if can_gain(tree, node) else 0
        more[node] = gain + _from_siblings(tree, reading, node)
        unassigned = compute_unassigned_cents(tree, node)
        if unassigned is not None:
            children = tree.list_children(node)
            written = sum(reading.extra_cents[child] for child in children if can_gain(tree, child))
            loose = own_cents[node] + sum(
                reading.granted_cents[child] for child in children if tree.amount_cents[child] is None
            )
            free[node] = max(0, more[node] + unassigned + _compute_received(reading, node) - written - loose)
    return more


def _from_siblings(tree: Tree, reading: EnvelopeReading, node: int) -> int:
    """Compute what siblings could still transfer to a node."""
    total = 0
    for giver, option in enumerate(tree.options):
        if node not in option.transfer_to:
            continue
        left = max(0, _compute_received(reading, giver) - reading.need_cents[giver])
        limit = left if option.out_cents is None else option.out_cents - reading.out_cents[giver]
        total += max(0, min(left, limit))
    most = tree.options[node].in_cents
    return total if most is None else max(0, min(total, most - reading.in_cents[node]))


MOST_READ = 20_000_000
"""Dossiers × rules × dossiers examined to name the rule that excludes dossiers that would fit."""
FUNDED_CODES = ("committed", "decided", "merit")


@dataclass(frozen=True, slots=True)
class Reasons:
    """Reasons by dossier and by envelope.

    Attributes
    ----------
    code : String (n,), reason code of each dossier
    rule : String (n,), rule that the code refers to, "" for none
    unclear : bool (n,), `crowded_out` dossiers without a known reason: too many to examine each, or they
    would improve an objective (a limit stopped the run, or a tolerance gives up part of it)
    by : int64 (n,), the dossier that excludes this one by a rule between dossiers, -1 for none
    blocking : int64 (n,), the envelope node that blocks a dossier, -1 for none
    left_cents : int64 (n,), what that envelope leaves to the dossier, 0 for none
    unspent_code, unspent_rule : per node, None if nothing is unspent
    unspent_cents : per node, not granted of its amount
    unspent_at : per node, the envelope below it that holds most of the unspent money and gives the reason, or
    the node itself
    room : money left at each node
    rows_under : function from a node to the rows of the dossiers at and below it
    """

    code: pl.Series
    rule: pl.Series
    unclear: BoolArray
    by: IntArray
    blocking: IntArray
    left_cents: IntArray
    unspent_code: tuple[str | None, ...]
    unspent_rule: tuple[str | None, ...]
    unspent_cents: tuple[int, ...]
    unspent_at: tuple[int, ...]
    room: RemainingMoney
    rows_under: Callable[[int], IntArray]


def determine_reasons(problem: Problem, allocation: Allocation, reading: AllocationReading) -> Reasons:
    """Determine all reasons from the allocation, without a solver."""
    case, offered = problem.case, problem.offers
    held = case.node >= 0
    own = sum_by_group(allocation.granted_cents[held], case.node[held], case.tree.n_nodes)
    room = compute_remaining_money(case.tree, reading.envelopes, own)
    waiting = offered.candidate & ~allocation.funded
    ask = np.where(waiting, offered.least_cents, 0)
    fits = waiting & (ask <= room.whole_cents[case.node])
    rule = np.full(case.n, "", dtype=object)
    kept_out = find_blocking_relations(problem, allocation, waiting)
    open_rows = np.flatnonzero(fits & (kept_out.by < 0))
    tried = open_rows[: compute_n_tried(problem)]
    blocked_by = _find_blocking_rules(problem, allocation, tried)
    barred_rows = np.flatnonzero(fits & (kept_out.by >= 0)).tolist()
    blocked_by |= {row: str(kept_out.rule[row]) for row in barred_rows}
    for row, name in blocked_by.items():
        rule[row] = name
    blocking, left_there = _find_blocking_nodes(problem, waiting & ~fits, ask, room)
    code = _determine_codes(problem, allocation, waiting, fits, blocking, kept_out)
    rule[kept_out.coded] = kept_out.rule[kept_out.coded]
    rule[offered.refused | offered.forced] = np.array(
        [problem.decided.specs[k].id for k in problem.decided.rule[offered.refused | offered.forced]],
        dtype=object,
    )
    left = reading.envelopes.left_cents  # unspent cents of each node, 0 without an amount
    under = _build_row_lookup(problem)
    at = [_main_node(problem, left, node) for node in range(case.tree.n_nodes)]
    unspent = [
        _explain_unspent(problem, at[node], under(at[node]), room, waiting, fits, ask, blocked_by, left)
        for node in range(case.tree.n_nodes)
    ]
    named = pl.Series("rule", rule.tolist(), dtype=pl.String)
    open_fits = fits & (kept_out.by < 0) & (named == "").to_numpy()
    return Reasons(
        code=code,
        rule=named,
        unclear=select_unclear(problem, allocation, reading, open_fits),
        by=kept_out.by,
        blocking=blocking,
        left_cents=left_there,
        unspent_code=tuple(pair[0] for pair in unspent),
        unspent_rule=tuple(pair[1] for pair in unspent),
        unspent_cents=tuple(left),
        unspent_at=tuple(at),
        room=room,
        rows_under=under,
    )


def _determine_codes(
    problem: Problem,
    allocation: Allocation,
    waiting: BoolArray,
    fits: BoolArray,
    blocking: IntArray,
    kept_out: BlockingRelation,
) -> pl.Series:
    offered = problem.offers
    code = np.full(problem.case.n, "", dtype=object)
    for failure in reversed(problem.eligibility.failures):
        code[failure.mask] = failure.code
    code[offered.capped_out] = "capped_out"
    code[offered.refused] = "decided"
    code[waiting & fits] = "crowded_out"
    short = waiting & ~fits
    code[short] = np.where(_select_outranked(problem, allocation, short, blocking), "outranked", "none_fits")[
        short
    ]
    code[kept_out.coded] = kept_out.code[kept_out.coded]
    code[allocation.funded] = "merit"
    code[offered.forced & allocation.funded] = "decided"
    code[offered.committed] = "committed"
    return pl.Series("reason_code", code.tolist(), dtype=pl.String)


def _select_outranked(
    problem: Problem, allocation: Allocation, short: BoolArray, blocking: IntArray
) -> BoolArray:
    """Whether no funded candidate under the blocking envelope is worth less per euro, bool (n,)."""
    case, offered = problem.case, problem.offers
    worth = compute_worth_per_euro(problem)
    if problem.stages[0].goal_parts and not worth.any():
        # the first objective is not a sum over dossiers, so that worth per euro is undefined
        return np.zeros_like(short)
    bar = np.full(case.tree.n_nodes, np.inf)
    rivals = allocation.funded & offered.candidate & ~offered.forced
    np.minimum.at(bar, case.node[rivals], worth[rivals])
    for node in range(case.tree.n_nodes - 1, 0, -1):
        parent = int(case.tree.parent[node])
        bar[parent] = min(bar[parent], bar[node])
    return short & (worth <= bar[np.maximum(blocking, 0)])


def compute_worth_per_euro(problem: Problem) -> NDArray[np.float64]:
    """Compute each dossier's contribution to the first objective per cent of its least amount, float64 (n,)."""
    stage = problem.stages[0]
    ask = np.maximum(problem.offers.least_cents, 1)
    value = stage.terms.per_funded + stage.terms.per_cent * ask
    for part in stage.terms.once:
        value = value + part.sum_worth_per_dossier(len(value))
    sign = 1.0 if stage.sense is Sense.MAXIMISE else -1.0
    worth: NDArray[np.float64] = sign * value / ask
    return worth


def _find_blocking_nodes(
    problem: Problem, short: BoolArray, ask: IntArray, room: RemainingMoney
) -> tuple[IntArray, IntArray]:
    """Find the lowest envelope, from the dossier's own upwards, that leaves too little, and what it leaves."""
    case = problem.case
    places, left = np.full(case.n, -1, dtype=np.int64), np.zeros(case.n, dtype=np.int64)
    rows = np.flatnonzero(short)
    rows = rows[np.argsort(case.node[rows], kind="stable")]
    first = np.flatnonzero(np.diff(case.node[rows], prepend=-2))
    for mine in np.split(rows, first[1:]):
        for above, cents in room.along[int(case.node[mine[0]])] if len(mine) else ():
            stops = mine[(ask[mine] > cents) & (places[mine] < 0)]
            places[stops], left[stops] = above, cents
    return places, left


def _find_blocking_rules(problem: Problem, allocation: Allocation, rows: IntArray) -> dict[int, str]:
    """Find, for dossiers that fit the money left, the first cap or hard rule that funding them would violate."""
    hard = [rule for rule in problem.rules if rule.mode is Mode.HARD and not rule.is_between]
    named = build_rule_finder(problem, allocation, hard)
    return {row: name for row in rows.tolist() if (name := named(row)) is not None}


def build_rule_finder(
    problem: Problem, allocation: Allocation, rules: Sequence[CompiledRule | TableRule]
) -> Callable[[int], str | None]:
    """Return a function that names the first cap, envelope limit or rule violated by adding a dossier.

    The dossier is added to the allocation at its least amount. Amounts of envelopes are not considered.
    """
    shared = problem.caps.select_shared(problem.offers)
    tests: list[tuple[str, Holds]] = [
        *((_format_limit_name(limit), _with_one(limit, allocation)) for limit in problem.limits),
        *((rule.id, _with_one(rule, allocation)) for rule in rules),
    ]

    def find_rule(row: int) -> str | None:
        cents = int(problem.offers.least_cents[row])
        names = (name for name, holds in tests if not holds(row, cents))
        return (_find_broken_cap(problem, allocation, row, cents) if shared[row] else None) or next(
            names, None
        )

    return find_rule


def _with_one(rule: CompiledRule | TableRule | EnvelopeLimit, allocation: Allocation) -> Holds:
    return build_rule_test(rule, allocation.funded, allocation.granted_cents)


def _find_broken_cap(problem: Problem, allocation: Allocation, row: int, cents: int) -> str | None:
    """Return the first cap that adding a dossier violates."""
    funded, granted = allocation.funded.copy(), allocation.granted_cents.copy()
    funded[row], granted[row] = True, cents
    excess = problem.caps.list_excesses(funded, granted)
    return excess[0].cap if excess else None


def _format_limit_name(limit: EnvelopeLimit) -> str:
    return f"{limit.envelope}.{limit.option}"


def compute_n_tried(problem: Problem) -> int:
    """Return how many dossiers are checked against every rule."""
    rules = 1 + len(problem.limits) + sum(rule.mode is Mode.HARD for rule in problem.rules)
    return max(TRIED, MOST_READ // (rules * max(1, problem.case.n)))


def _build_row_lookup(problem: Problem) -> Callable[[int], IntArray]:
    """Return a function from a node to the rows of the dossiers below it; rows are sorted once."""
    end, order = problem.case.tree.end, np.argsort(problem.case.node, kind="stable")
    node_of = problem.case.node[order]

    def get_rows(node: int) -> IntArray:
        first, last = np.searchsorted(node_of, [node, end[node]])
        return order[first:last]

    return get_rows


def _explain_unspent(
    problem: Problem,
    node: int,
    rows: IntArray,
    room: RemainingMoney,
    waiting: BoolArray,
    fits: BoolArray,
    ask: IntArray,
    blocked_by: dict[int, str],
    left: list[int],
) -> tuple[str | None, str | None]:
    tree = problem.case.tree
    if left[node] <= 0:
        return None, None
    own = rows[waiting[rows]]
    if len(own) and 2 * tree.options[node].reserved_cents >= left[node]:
        return "reserve", None
    if 2 * sum_exactly(ask[own]) < left[node]:
        # all waiting dossiers together could not use half of it
        return "all_funded", None
    fitting = own[fits[own]]
    if 2 * sum_exactly(ask[fitting]) < left[node] or not len(fitting):
        short = own[~fits[own]]
        return (
            "none_fits" if not _select_fitting(problem, node, room, short, ask).any() else "parent_full"
        ), None
    named = {row: blocked_by[row] for row in fitting.tolist() if row in blocked_by}
    return ("rule", main_rule(named, ask)) if named else ("no_gain", None)


def main_rule(named: Mapping[int, str], ask: IntArray) -> str:
    """Return the rule that excludes most money; ties by name."""
    held: Counter[str] = Counter()
    for row, name in named.items():
        held[name] += int(ask[row])
    return min(held, key=lambda name: (-held[name], name))


def _main_node(problem: Problem, left: list[int], node: int) -> int:
    """Return the lowest envelope that holds at least half of a node's unspent money; overbooked ones hold none."""
    tree = problem.case.tree
    while left[node] > 0 and not tree.overbooked[node]:
        below = [child for child in tree.list_children(node) if 2 * left[child] >= left[node]]
        if not below:
            return node
        node = max(below, key=lambda child: left[child])
    return node


def _select_fitting(
    problem: Problem, node: int, room: RemainingMoney, rows: IntArray, ask: IntArray
) -> BoolArray:
    """Return which dossiers under an envelope would fit if only this envelope and those below it counted."""
    case = problem.case
    below = np.zeros(case.tree.n_nodes, dtype=np.int64)
    for place in range(node, int(case.tree.end[node])):
        below[place] = min(cents for above, cents in room.along[place] if above >= node)
    result: BoolArray = ask[rows] <= below[case.node[rows]]
    return result
