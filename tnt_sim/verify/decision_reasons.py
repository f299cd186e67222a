"""Dossiers that a rule between dossiers keeps out, whatever money is left: a variant, a prerequisite, an order.

A dossier is barred where funding it alone would break such a rule on the allocation as it is. What says most
comes first: another variant is funded, a prerequisite is not, a better one of its order is not. `exclusive` and
`together` rules bar as well; they have no code of their own.

Which dossiers that fit, and that no named rule keeps out, add nothing to the goal; of which it is not known.

Beside the allocation as it is, a dossier at its least amount changes goal k by

    Δ_k = per_funded + per_cent · least + Σ_once what no funded dossier holds yet          better counted up

It adds nothing where the first Δ that is not 0 is worse, or none differs. Where a goal has parts or prices of
broken rules, Δ is read from the allocation with the dossier, for as many as `TRIED`.

What is left where: the money that one more dossier could still get at each envelope, in cents.

A dossier that asks from an envelope, or from one under it without amount, draws on the money that the envelope
shares out: where its children have some of it, only the rest is left; else what they leave is left too, but not
what ring-fenced ones leave. A dossier from further down has the whole of what the envelope has left.

Why each dossier is or is not funded, and why money is left: codes read from an allocation.

The code of an unfunded candidate says what stands in its way as the allocation is:

- a rule between dossiers keeps it out, whatever money is left: `variant`, `prerequisite`, `order`
(`decision_reasons.py`) - it would fit with the money left, but a hard rule would then break: `crowded_out`;
without a rule, it adds
  nothing to any goal, or what keeps it out is not established (`unclear`)
- it does not fit, and every funded dossier under the envelope that blocks it is worth at least as much per
  euro to the first goal: `outranked`
- it does not fit, though it is worth more per euro than some funded dossier there: `none_fits`

The reason of unspent money explains at least half of it: `all_funded` where all that still waits asks for less
than half, `rule` or `no_gain` where what would fit asks for half, else `none_fits` or `parent_full`.
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
from tnt_sim.i18n.message import Lang, Text
from tnt_sim.rules.envelopes.options import EnvelopeLimit
from tnt_sim.rules.envelopes.tree_reading import (
    EnvelopeReading,
    fences,
    may_gain,
    unassigned_cents,
    unfenced_cents,
)
from tnt_sim.rules.kinds.dossier_links import PREREQUISITES, VARIANTS, TableRule
from tnt_sim.rules.kinds.exclusive.rule import Exclusive
from tnt_sim.rules.kinds.order.rule import FirstCome, Order
from tnt_sim.rules.kinds.requires.rule import Requires
from tnt_sim.rules.kinds.together.rule import Together
from tnt_sim.rules.linear_terms import BoolArray, IntArray, exact_sum, group_sums
from tnt_sim.rules.protocols import CompiledRule, Mode
from tnt_sim.scenario.objective import Sense, Stage
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.added_dossier import Holds, holds_with
from tnt_sim.verify.allocation_reading import Allocation, AllocationReading, read_allocation

BETWEEN = (Exclusive, Requires, Together, Order, FirstCome)
CODES = {VARIANTS: "variant", PREREQUISITES: "prerequisite", "order": "order"}
_FIRST = ("variant", "prerequisite", "order", "crowded_out")


@dataclass(frozen=True, slots=True)
class Barred:
    """Who is kept out by a rule between dossiers.

    Attributes
    ----------
    code, rule : object (n,), the reason code and the rule, "" for none
    by : int64 (n,), the dossier that stands in the way, -1 for none
    coded : bool (n,), the dossiers whose code counts even where the money does not suffice
    """

    code: NDArray[Any]
    rule: NDArray[Any]
    by: IntArray
    coded: BoolArray


def is_between(rule: CompiledRule | TableRule) -> bool:
    """Whether a rule is one of those that are read here."""
    return isinstance(rule, BETWEEN)


def barred(problem: Problem, allocation: Allocation, waiting: BoolArray) -> Barred:
    """Read every hard rule between dossiers for the candidates that wait."""
    n = problem.case.n
    code, name = np.full(n, "", dtype=object), np.full(n, "", dtype=object)
    by, coded = np.full(n, -1, dtype=np.int64), np.zeros(n, dtype=np.bool_)
    found = [
        (CODES.get(rule.kind, "crowded_out"), rule)
        for rule in (*problem.table_rules, *problem.rules)
        if isinstance(rule, BETWEEN) and rule.mode is Mode.HARD
    ]
    for word, rule in sorted(found, key=lambda pair: _FIRST.index(pair[0])):
        who = rule.barred_by(allocation.funded, allocation.granted_cents)
        mine = waiting & (who >= 0) & (by < 0)
        code[mine], name[mine], by[mine] = word, rule.id, who[mine]
        coded[mine] = word != "crowded_out"
    return Barred(code, name, by, coded)


_SENTENCES = {
    "variant": Text("Une autre variante est retenue : « {by} ».", 'Another variant is funded: "{by}".'),
    "prerequisite": Text(
        "Un dossier préalable n'est pas retenu : « {by} ».", 'A required dossier is not funded: "{by}".'
    ),
    "order": Text(
        "Dans l'ordre de la règle « {rule} », « {by} » passe avant.",
        'In the order of the rule "{rule}", "{by}" goes first.',
    ),
}


def barred_sentences(
    problem: Problem, texts: NDArray[Any], code: pl.Series, rule: pl.Series, by: IntArray, lang: Lang
) -> None:
    """Fill in the sentences of the three codes."""
    numbers = problem.case.table["dossier"]
    for word, template in _SENTENCES.items():
        for row in (code == word).arg_true().to_list():
            texts[row] = template.in_(lang).format(by=numbers[int(by[row])], rule=rule[row])


TRIED = 200


def unclear(
    problem: Problem, allocation: Allocation, reading: AllocationReading, open_rows: BoolArray
) -> BoolArray:
    """Those of some dossiers that are not known to add nothing, bool (n,)."""
    waiting = open_rows.copy()
    better = np.zeros_like(waiting)
    priced = {rule.penalty.stage for rule in problem.rules if rule.mode is Mode.PENALTY and rule.penalty}
    for number, stage in enumerate(problem.stages):
        if stage.parts or number in priced:
            rows = np.flatnonzero(waiting)
            better |= waiting
            for row in rows[:TRIED].tolist():
                better[row] = is_better(problem, _values_with(problem, allocation, row), reading.values)
            return better
        gain = _gain(stage, problem.offers.least_cents, allocation.funded)
        better |= waiting & (gain > 0)
        waiting &= gain == 0
    return better


def is_better(problem: Problem, values: Sequence[Fraction], than: Sequence[Fraction]) -> bool:
    """Whether the first goal that differs is better."""
    for stage, value, other in zip(problem.stages, values, than, strict=True):
        if value != other:
            return (value > other) is (stage.sense is Sense.MAXIMISE)
    return False


def _gain(stage: Stage, least_cents: IntArray, funded: BoolArray) -> IntArray:
    terms = stage.terms
    gain = terms.per_funded + terms.per_cent * least_cents
    for part in terms.once:
        fresh = ~np.isin(part.key, part.key[funded[part.row]])
        np.add.at(gain, part.row[fresh], part.worth[part.key[fresh]])
    return gain if stage.sense is Sense.MAXIMISE else -gain


def _values_with(problem: Problem, allocation: Allocation, row: int) -> tuple[Fraction, ...]:
    funded, granted = allocation.funded.copy(), allocation.granted_cents.copy()
    funded[row], granted[row] = True, problem.offers.least_cents[row]
    return read_allocation(problem, Allocation(funded, granted)).values


UNLIMITED = 2**60


@dataclass(frozen=True, slots=True)
class Room:
    """Money left.

    Attributes
    ----------
    along : for each node, itself and its parents up to the root, each with the cents that it leaves to a dossier
        asked from the node
    whole_cents : the least of them, int64 (n_nodes,)
    """

    along: tuple[tuple[tuple[int, int], ...], ...]
    whole_cents: IntArray


def room_left(tree: Tree, reading: EnvelopeReading, own_cents: list[int]) -> Room:
    """The room at each node on one allocation; `own_cents` is what its own dossiers got."""
    more = _more(tree, reading, own_cents)
    outside = _outside(tree, reading)
    along = tuple(tuple(_along(tree, reading, outside, more, node)) for node in range(tree.n_nodes))
    whole = np.array([min(cents for _, cents in path) for path in along], dtype=np.int64)
    return Room(along, whole)


def _along(
    tree: Tree, reading: EnvelopeReading, outside: dict[int, int], more: list[int], node: int
) -> Iterator[tuple[int, int]]:
    """Each envelope from a node up to the root, with what it leaves to a dossier of the node."""
    direct, fenced = True, False
    for above in tree.ancestors(node):
        amount = tree.amount_cents[above]
        if amount is None:
            yield above, UNLIMITED
            direct, fenced = True, False
            continue
        come = _come(reading, above)
        left = come - reading.need_cents[above] if direct else amount + come - reading.granted_cents[above]
        if not direct and not fenced:
            left = min(left, outside.get(above, UNLIMITED))
        yield above, min(UNLIMITED, left + more[above])
        direct = False
        fenced = (fenced and not tree.overbooked[above]) or tree.ring_fenced[above]


def _outside(tree: Tree, reading: EnvelopeReading) -> dict[int, int]:
    """What each node with fences under it leaves outside them."""
    found = {}
    for node, apart in fences(tree).items():
        granted = reading.granted_cents[node] - sum(reading.granted_cents[fence] for fence in apart)
        found[node] = unfenced_cents(tree, node, apart) + _come(reading, node) - granted
    return found


def _come(reading: EnvelopeReading, node: int) -> int:
    """What a node has got on top of its amount."""
    return reading.extra_cents[node] + reading.in_cents[node] - reading.out_cents[node]


def _more(tree: Tree, reading: EnvelopeReading, own_cents: list[int]) -> list[int]:
    """What could still come to each node, from its parent and from its siblings."""
    free = [0] * tree.n_nodes
    more = [0] * tree.n_nodes
    for node in range(tree.n_nodes):
        gain = free[int(tree.parent[node])] if may_gain(tree, node) else 0
        more[node] = gain + _from_siblings(tree, reading, node)
        unassigned = unassigned_cents(tree, node)
        if unassigned is not None:
            children = tree.children(node)
            given = sum(reading.extra_cents[child] for child in children if may_gain(tree, child))
            loose = own_cents[node] + sum(
                reading.granted_cents[child] for child in children if tree.amount_cents[child] is None
            )
            free[node] = max(0, more[node] + unassigned + _come(reading, node) - given - loose)
    return more


def _from_siblings(tree: Tree, reading: EnvelopeReading, node: int) -> int:
    """What siblings could still give to a node straight away."""
    total = 0
    for giver, option in enumerate(tree.options):
        if node not in option.transfer_to:
            continue
        left = max(0, _come(reading, giver) - reading.need_cents[giver])
        limit = left if option.out_cents is None else option.out_cents - reading.out_cents[giver]
        total += max(0, min(left, limit))
    most = tree.options[node].in_cents
    return total if most is None else max(0, min(total, most - reading.in_cents[node]))


MOST_READ = 20_000_000
"""Dossiers × rules × dossiers that are read to name what keeps out those that would fit."""
FUNDED_CODES = ("committed", "decided", "merit")


@dataclass(frozen=True, slots=True)
class Reasons:
    """Reasons by dossier and by envelope.

    Attributes
    ----------
    code : String (n,), reason_code of each dossier
    rule : String (n,), the rule that the code refers to, "" for none
    unclear : bool (n,), those of `crowded_out` without a rule of which nothing else is known: too many to be read
        one by one, or they would add to a goal (a limit stopped the run, or the goal gives up part of it)
    by : int64 (n,), the dossier that keeps this one out by a rule between dossiers, -1 for none
    blocking : int64 (n,), the envelope node that blocks a dossier, -1 for none
    left_cents : int64 (n,), what that envelope leaves to the dossier, 0 for none
    unspent_code, unspent_rule : per node, None where nothing is unspent
    unspent_at : per node, the envelope under it that holds most of what is unspent and gives the reason, or
        the node itself
    room : the money left at each node
    rows_under : the rows of the dossiers at and under a node
    """

    code: pl.Series
    rule: pl.Series
    unclear: BoolArray
    by: IntArray
    blocking: IntArray
    left_cents: IntArray
    unspent_code: tuple[str | None, ...]
    unspent_rule: tuple[str | None, ...]
    unspent_at: tuple[int, ...]
    room: Room
    rows_under: Callable[[int], IntArray]


def reasons(problem: Problem, allocation: Allocation, reading: AllocationReading) -> Reasons:
    """Read every reason; nothing is guessed from a solver."""
    case, offered = problem.case, problem.offers
    held = case.node >= 0
    own = group_sums(allocation.granted_cents[held], case.node[held], case.tree.n_nodes)
    room = room_left(case.tree, reading.envelopes, own)
    waiting = offered.candidate & ~allocation.funded
    ask = np.where(waiting, offered.least_cents, 0)
    fits = waiting & (ask <= room.whole_cents[case.node])
    rule = np.full(case.n, "", dtype=object)
    kept_out = barred(problem, allocation, waiting)
    open_rows = np.flatnonzero(fits & (kept_out.by < 0))
    tried = open_rows[: most_tried(problem)]
    blocked_by = _blocking_rules(problem, allocation, reading, tried)
    barred_rows = np.flatnonzero(fits & (kept_out.by >= 0)).tolist()
    blocked_by |= {row: str(kept_out.rule[row]) for row in barred_rows}
    for row, name in blocked_by.items():
        rule[row] = name
    blocking, left_there = _blocking_nodes(problem, waiting & ~fits, ask, room)
    code = _codes(problem, allocation, waiting, fits, blocking, kept_out)
    rule[kept_out.coded] = kept_out.rule[kept_out.coded]
    rule[offered.refused | offered.forced] = np.array(
        [problem.decided.specs[k].id for k in problem.decided.rule[offered.refused | offered.forced]],
        dtype=object,
    )
    left = _left(problem, reading)
    under = _rows_under(problem)
    at = [_main_node(problem, left, node) for node in range(case.tree.n_nodes)]
    unspent = [
        _unspent(problem, at[node], under(at[node]), room, waiting, fits, ask, blocked_by, left)
        for node in range(case.tree.n_nodes)
    ]
    named = pl.Series("rule", rule.tolist(), dtype=pl.String)
    open_fits = fits & (kept_out.by < 0) & (named == "").to_numpy()
    return Reasons(
        code=code,
        rule=named,
        unclear=unclear(problem, allocation, reading, open_fits),
        by=kept_out.by,
        blocking=blocking,
        left_cents=left_there,
        unspent_code=tuple(pair[0] for pair in unspent),
        unspent_rule=tuple(pair[1] for pair in unspent),
        unspent_at=tuple(at),
        room=room,
        rows_under=under,
    )


def _codes(
    problem: Problem,
    allocation: Allocation,
    waiting: BoolArray,
    fits: BoolArray,
    blocking: IntArray,
    kept_out: Barred,
) -> pl.Series:
    offered = problem.offers
    code = np.full(problem.case.n, "", dtype=object)
    for failure in reversed(problem.eligibility.failures):
        code[failure.mask] = failure.code
    code[offered.capped_out] = "capped_out"
    code[offered.refused] = "decided"
    code[waiting & fits] = "crowded_out"
    short = waiting & ~fits
    code[short] = np.where(_outranked(problem, allocation, short, blocking), "outranked", "none_fits")[short]
    code[kept_out.coded] = kept_out.code[kept_out.coded]
    code[allocation.funded] = "merit"
    code[offered.forced & allocation.funded] = "decided"
    code[offered.committed] = "committed"
    return pl.Series("reason_code", code.tolist(), dtype=pl.String)


def _outranked(problem: Problem, allocation: Allocation, short: BoolArray, blocking: IntArray) -> BoolArray:
    """Whether no funded candidate under the blocking envelope is worth less per euro, bool (n,)."""
    case, offered = problem.case, problem.offers
    worth = worth_per_euro(problem)
    if problem.stages[0].parts and not worth.any():
        # the first goal is no sum over dossiers: none is worth more per euro than another
        return np.zeros_like(short)
    bar = np.full(case.tree.n_nodes, np.inf)
    rivals = allocation.funded & offered.candidate & ~offered.forced
    np.minimum.at(bar, case.node[rivals], worth[rivals])
    for node in range(case.tree.n_nodes - 1, 0, -1):
        parent = int(case.tree.parent[node])
        bar[parent] = min(bar[parent], bar[node])
    return short & (worth <= bar[np.maximum(blocking, 0)])


def worth_per_euro(problem: Problem) -> NDArray[np.float64]:
    """What each dossier brings to the first goal per cent of the least that it may get, float64 (n,)."""
    stage = problem.stages[0]
    ask = np.maximum(problem.offers.least_cents, 1)
    value = stage.terms.per_funded + stage.terms.per_cent * ask
    for part in stage.terms.once:
        value = value + part.largest_per_dossier(len(value))
    sign = 1.0 if stage.sense is Sense.MAXIMISE else -1.0
    worth: NDArray[np.float64] = sign * value / ask
    return worth


def _blocking_nodes(
    problem: Problem, short: BoolArray, ask: IntArray, room: Room
) -> tuple[IntArray, IntArray]:
    """The lowest envelope, from the dossier's own upwards, that leaves too little, and what it leaves."""
    case = problem.case
    found, left = np.full(case.n, -1, dtype=np.int64), np.zeros(case.n, dtype=np.int64)
    rows = np.flatnonzero(short)
    rows = rows[np.argsort(case.node[rows], kind="stable")]
    first = np.flatnonzero(np.diff(case.node[rows], prepend=-2))
    for mine in np.split(rows, first[1:]):
        for above, cents in room.along[int(case.node[mine[0]])] if len(mine) else ():
            stops = mine[(ask[mine] > cents) & (found[mine] < 0)]
            found[stops], left[stops] = above, cents
    return found, left


def _blocking_rules(
    problem: Problem, allocation: Allocation, reading: AllocationReading, rows: IntArray
) -> dict[int, str]:
    """For dossiers that fit with the money left: the first cap or hard rule that funding them would break."""
    hard = [rule for rule in problem.rules if rule.mode is Mode.HARD and not is_between(rule)]
    named = first_broken_with(problem, allocation, hard)
    return {row: name for row in rows.tolist() if (name := named(row)) is not None}


def first_broken_with(
    problem: Problem, allocation: Allocation, rules: Sequence[CompiledRule | TableRule]
) -> Callable[[int], str | None]:
    """The first cap, limit of an envelope or rule that a list breaks with a dossier more at its least amount.

    Amounts of envelopes are left aside.
    """
    shared = problem.caps.in_shared(problem.offers)
    tests: list[tuple[str, Holds]] = [
        *((_name_of(limit), _with_one(limit, allocation)) for limit in problem.limits),
        *((rule.id, _with_one(rule, allocation)) for rule in rules),
    ]

    def named(row: int) -> str | None:
        cents = int(problem.offers.least_cents[row])
        names = (name for name, holds in tests if not holds(row, cents))
        return (_broken_cap(problem, allocation, row, cents) if shared[row] else None) or next(names, None)

    return named


def _with_one(rule: CompiledRule | TableRule | EnvelopeLimit, allocation: Allocation) -> Holds:
    return holds_with(rule, allocation.funded, allocation.granted_cents)


def _broken_cap(problem: Problem, allocation: Allocation, row: int, cents: int) -> str | None:
    """The first cap that a list breaks with a dossier more."""
    funded, granted = allocation.funded.copy(), allocation.granted_cents.copy()
    funded[row], granted[row] = True, cents
    excess = problem.caps.broken(funded, granted)
    return excess[0].cap if excess else None


def _name_of(limit: EnvelopeLimit) -> str:
    return f"{limit.envelope}.{limit.option}"


def most_tried(problem: Problem) -> int:
    """How many dossiers are read against every rule."""
    rules = 1 + len(problem.limits) + sum(rule.mode is Mode.HARD for rule in problem.rules)
    return max(TRIED, MOST_READ // (rules * max(1, problem.case.n)))


def _rows_under(problem: Problem) -> Callable[[int], IntArray]:
    """The rows of the dossiers under a node, for any of them: sorted once, so that many nodes cost no more."""
    end, order = problem.case.tree.end, np.argsort(problem.case.node, kind="stable")
    node_of = problem.case.node[order]

    def under(node: int) -> IntArray:
        first, last = np.searchsorted(node_of, [node, end[node]])
        return order[first:last]

    return under


def _unspent(
    problem: Problem,
    node: int,
    rows: IntArray,
    room: Room,
    waiting: BoolArray,
    fits: BoolArray,
    ask: IntArray,
    blocked_by: dict[int, str],
    left: list[int],
) -> tuple[str | None, str | None]:
    tree = problem.case.tree
    if left[node] <= 0:
        return None, None
    mine = rows[waiting[rows]]
    if len(mine) and 2 * tree.options[node].reserved_cents >= left[node]:
        return "reserve", None
    if 2 * exact_sum(ask[mine]) < left[node]:
        # all that waits here could not use half of it
        return "all_funded", None
    fitting = mine[fits[mine]]
    if 2 * exact_sum(ask[fitting]) < left[node] or not len(fitting):
        short = mine[~fits[mine]]
        return (
            "none_fits" if not _fits_below(problem, node, room, short, ask).any() else "parent_full"
        ), None
    named = {row: blocked_by[row] for row in fitting.tolist() if row in blocked_by}
    return ("rule", main_rule(named, ask)) if named else ("no_gain", None)


def main_rule(named: Mapping[int, str], ask: IntArray) -> str:
    """Of the rules that keep dossiers out, the one that holds back most money; ties by name."""
    held: Counter[str] = Counter()
    for row, name in named.items():
        held[name] += int(ask[row])
    return min(held, key=lambda name: (-held[name], name))


def _left(problem: Problem, reading: AllocationReading) -> list[int]:
    """What is unspent at each node, 0 where there is no amount."""
    return reading.envelopes.left_cents


def _main_node(problem: Problem, left: list[int], node: int) -> int:
    """The lowest envelope that holds at least half of what a node leaves unspent; ceilings hold none of it."""
    tree = problem.case.tree
    while left[node] > 0 and not tree.overbooked[node]:
        below = [child for child in tree.children(node) if 2 * left[child] >= left[node]]
        if not below:
            return node
        node = max(below, key=lambda child: left[child])
    return node


def _fits_below(problem: Problem, node: int, room: Room, rows: IntArray, ask: IntArray) -> BoolArray:
    """Which of some dossiers under an envelope would fit if only this envelope and those under it counted."""
    case = problem.case
    below = np.zeros(case.tree.n_nodes, dtype=np.int64)
    for place in range(node, int(case.tree.end[node])):
        below[place] = min(cents for above, cents in room.along[place] if above >= node)
    result: BoolArray = ask[rows] <= below[case.node[rows]]
    return result
