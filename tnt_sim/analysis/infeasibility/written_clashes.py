"""Contradictions between written values, which have no elastic form, and the changes that settle them.

Parts of an envelope that come to more than it, two decisions on one dossier, an amount that a dossier may not
get, shares of one whole that do not add up: no bound of such a setting can give way by itself. Each has a short
list of changes as `--set` texts. `find_written_repairs` combines the changes of several contradictions, cheapest
first (uniform-cost search), and solves the changed scenario; where that is infeasible, the minimal corrections of
its elastic form complete the change.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import count
from typing import Any

import polars as pl

from tnt_sim.analysis.infeasibility.document import (
    ActionEntry,
    EasedEntry,
    EasedHead,
    LiftedEntry,
    MemberEntry,
    RepairEntry,
)
from tnt_sim.analysis.infeasibility.repair_cost import optimise_repaired
from tnt_sim.analysis.infeasibility.repair_texts import build_law_member
from tnt_sim.analysis.infeasibility.sentences import describe_action, describe_member
from tnt_sim.analysis.shared.goal_values import list_goal_values
from tnt_sim.analysis.shared.progress import StudyProgress
from tnt_sim.domain.budget_tree import Tree
from tnt_sim.domain.field_types import write_amount, write_rate
from tnt_sim.domain.money import parse_cents, parse_decimal
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.result import SolveOutcome, Status
from tnt_sim.errors import Defect, TntError
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.expressions.columns import CENT
from tnt_sim.rules.kinds.share.rule import Share
from tnt_sim.rules.offers.decisions import DecideSpec
from tnt_sim.rules.offers.total_aid import GUARD
from tnt_sim.scenario.load import with_sets
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.verify.run_document import format_fraction

WRITTEN = frozenset(
    {"children-exceed", "decide-amount", "decide-amounts", "decide-committed", "decide-twice", "shares-whole"}
)
"""Codes of the contradictions of this module, beside the crossed bounds of a share, which hold where nothing is
funded; all others of `CLASHES` have an elastic form."""
MOST_CANDIDATES = 60
"""Most changed scenarios that are compiled."""
BASIS_POINT = Fraction(1, 10_000)


@dataclass(frozen=True, slots=True)
class WrittenRepair:
    """A change of written values: its actions, their money, its `--set` texts, and the money that it adds."""

    actions: tuple[ActionEntry, ...]
    cents: int
    sets: tuple[str, ...]
    added_cents: int = 0


@dataclass(frozen=True, slots=True)
class WrittenClash:
    """A contradiction of written values with the changes that may settle it."""

    members: tuple[MemberEntry, ...]
    repairs: tuple[WrittenRepair, ...]
    minimal: bool = True


def list_written_clashes(problem: Problem) -> list[WrittenClash]:
    """Return the contradictions between written values of a problem compiled with `keeps_clashes`."""
    builders: dict[str, Callable[[Problem, Defect], WrittenClash]] = {
        "bounds-crossed": _build_crossed_share,
        "children-exceed": _build_excess,
        "decide-amount": _build_amount_clash,
        "decide-amounts": _build_amounts_clash,
        "decide-committed": _build_decision_clash,
        "decide-twice": _build_decision_clash,
        "shares-whole": _build_shares_clash,
    }
    shares = {rule.id for rule in problem.rules if isinstance(rule, Share)}
    repaired = dict.fromkeys(
        (one.code, one.subject)
        for one in problem.clashes
        if one.code in WRITTEN or (one.code == "bounds-crossed" and shares.issuperset(one.subject))
    )
    defects = {(one.code, one.subject): one for one in problem.clashes}
    return [builders[key[0]](problem, defects[key]) for key in repaired]


def _build_head(problem: Problem, kind: str, name: str, title: str, *, side: str = "", group: str | None = None,
          group_name: str | None = None) -> dict[str, object]:  # fmt: skip
    path = ("envelope", name) if kind in ("envelope", "part", "overbooked") else ("rules", name)
    place = problem.scenario.locate(path)
    return {
        "kind": kind,
        "id": name,
        "title": "" if title == name else title,
        "group": group,
        "group_name": group_name,
        "side": side,
        "table": False,
        "file": place.file,
        "line": place.line,
        "source": "",
    }


def _build_member(head: dict[str, object], bound: Fraction | None, cents: int | None) -> MemberEntry:
    written = None if bound is None else format_fraction(bound)
    return MemberEntry(**head, bound=written, bound_cents=cents, without=None)  # type: ignore[arg-type]


def _build_money_change(head: dict[str, object], before: int, after: int) -> EasedEntry:
    by = abs(after - before)
    return EasedEntry(
        **head,  # type: ignore[arg-type]
        do="raise" if after > before else "lower",
        by=format_fraction(by * CENT),
        by_cents=by,
        from_=format_fraction(before * CENT),
        from_cents=before,
        to=format_fraction(after * CENT),
        to_cents=after,
    )


def _build_excess(problem: Problem, defect: Defect) -> WrittenClash:
    """Parts of an envelope above its amount: raise it, lower a part or all, or make the parts ceilings."""
    tree, (name,) = problem.case.tree, defect.subject
    node = tree.get_node(name)
    written = {spec.id for spec, _ in problem.scenario.spec.programme.walk()}
    amount = tree.written_cents[node] or 0
    children = [child for child in tree.list_children(node) if tree.written_cents[child]]
    excess = sum(tree.written_cents[child] or 0 for child in children) - amount
    members = [_build_member(_build_envelope_head(problem, node, "envelope"), amount * CENT, amount)]
    members += [
        _build_member(
            _build_envelope_head(problem, child, "part"),
            (cents := tree.written_cents[child] or 0) * CENT,
            cents,
        )
        for child in children
    ]
    repairs = [_build_raise(problem, tree, node, excess)]
    own = [child for child in children if tree.ids[child] in written]
    lowered = [{child: excess} for child in own]
    if len(own) > 1:
        lowered.append(_apportion_cut(tree, own, excess))
    repairs += [
        _build_cut(problem, tree, cut)
        for cut in lowered
        if all(cents <= (tree.written_cents[child] or 0) for child, cents in cut.items())
    ]
    lifted = LiftedEntry(**_build_envelope_head(problem, node, "overbooked"))  # type: ignore[arg-type]
    prefix = "programme" if node == 0 else f"envelopes.{name}"
    repairs.append(WrittenRepair((lifted,), 0, (f"{prefix}.overbooked=true",)))
    minimal = all((tree.written_cents[child] or 0) >= excess for child in children)
    return WrittenClash(tuple(members), tuple(repairs), minimal)


def _build_envelope_head(problem: Problem, node: int, kind: str) -> dict[str, object]:
    tree = problem.case.tree
    return _build_head(problem, kind, tree.ids[node], tree.titles[node])


def _write_envelope(tree: Tree, node: int, cents: int) -> str:
    path = "programme.amount" if node == 0 else f"envelopes.{tree.ids[node]}.amount"
    return f"{path}={write_amount(cents)}"


def _build_raise(problem: Problem, tree: Tree, node: int, cents: int) -> WrittenRepair:
    """Raise an envelope, and those above it as far as their parts would exceed them."""
    raises, child, more = {node: cents}, node, cents
    for above in tree.list_ancestors(node)[1:]:
        amount = tree.written_cents[above]
        if amount is None or tree.overbooked[above]:
            break
        parts = sum(tree.written_cents[one] or 0 for one in tree.list_children(above))
        more = min(max(0, parts + more - amount), more)
        if not more or tree.written_cents[child] is None:
            break
        raises[above], child = more, above
    before = {one: tree.written_cents[one] or 0 for one in raises}
    actions = tuple(
        _build_money_change(_build_envelope_head(problem, one, "envelope"), before[one], before[one] + more)
        for one, more in raises.items()
    )
    sets = tuple(_write_envelope(tree, one, before[one] + more) for one, more in raises.items())
    return WrittenRepair(actions, cents, sets, cents)


def _apportion_cut(tree: Tree, nodes: Sequence[int], excess: int) -> dict[int, int]:
    """Share a cut in proportion to the amounts, in whole cents by largest remainders."""
    amounts = {node: tree.written_cents[node] or 0 for node in nodes}
    total = sum(amounts.values())
    cut = {node: excess * cents // total for node, cents in amounts.items()}
    by_rest = sorted(nodes, key=lambda node: (-(excess * amounts[node] % total), node))
    for node in by_rest[: excess - sum(cut.values())]:
        cut[node] += 1
    return {node: cents for node, cents in cut.items() if cents}


def _build_cut(problem: Problem, tree: Tree, cut: dict[int, int]) -> WrittenRepair:
    before = {node: tree.written_cents[node] or 0 for node in cut}
    actions = tuple(
        _build_money_change(
            _build_envelope_head(problem, node, "envelope"), before[node], before[node] - cents
        )
        for node, cents in cut.items()
    )
    sets = tuple(_write_envelope(tree, node, before[node] - cents) for node, cents in cut.items())
    return WrittenRepair(actions, sum(cut.values()), sets)


def _list_decisions(problem: Problem) -> list[DecideSpec]:
    return list(problem.decided.specs)


def _find_title(problem: Problem, dossier: str) -> str | None:
    repaired = problem.case.table.filter(pl.col("dossier") == dossier)["title"].to_list()
    return str(repaired[0]) if repaired and repaired[0] else None


def _build_decision_head(
    problem: Problem, spec: DecideSpec, dossier: str, kind: str, side: str
) -> dict[str, object]:
    return _build_head(
        problem, kind, spec.id, spec.title, side=side, group=dossier, group_name=_find_title(problem, dossier)
    )


def _take_back(problem: Problem, specs: Sequence[DecideSpec], dossier: str, side: str) -> WrittenRepair:
    """Take back what some rules decide on a dossier, on one side (`fund` or `refuse`)."""
    actions, sets = [], []
    for spec in specs:
        head = _build_decision_head(problem, spec, dossier, "decide", "min" if side == "fund" else "max")
        actions.append(LiftedEntry(**head))  # type: ignore[arg-type]
        retained = [name for name in getattr(spec, side) if name != dossier]
        other = spec.refuse if side == "fund" else spec.fund
        off = not retained and not other and not spec.amounts
        sets.append(
            f"rules.{spec.id}.off=true"
            if off
            else f"rules.{spec.id}.{side}={json.dumps(retained, ensure_ascii=False)}"
        )
    return WrittenRepair(tuple(actions), 0, tuple(sets))


def _build_decision_clash(problem: Problem, defect: Defect) -> WrittenClash:
    """A dossier both funded and refused by decision, or committed and refused."""
    (dossier,) = defect.subject
    specs = _list_decisions(problem)
    sides = {"fund": [one for one in specs if dossier in one.fund],
             "refuse": [one for one in specs if dossier in one.refuse]}  # fmt: skip
    members = [
        _build_member(_build_decision_head(problem, spec, dossier, "decide", "min" if side == "fund" else "max"),
                      Fraction(side == "fund"), None)
        for side, some in sides.items() for spec in some
    ]  # fmt: skip
    if defect.code == "decide-committed":
        held = problem.case.table.filter(pl.col("dossier") == dossier)["committed_cents"][0] or 0
        head = {**_build_head(problem, "committed", "committed", ""), "side": "min", "group": dossier,
                "group_name": _find_title(problem, dossier)}  # fmt: skip
        members.append(_build_member(head, Fraction(1), int(held)))
    backs = [side for side in sides if sides[side] and (side == "refuse" or defect.code == "decide-twice")]
    return WrittenClash(
        tuple(members), tuple(_take_back(problem, sides[side], dossier, side) for side in backs)
    )


def _drop_amounts(problem: Problem, specs: Sequence[DecideSpec], dossier: str) -> WrittenRepair:
    actions, sets = [], []
    for spec in specs:
        head = _build_decision_head(problem, spec, dossier, "decide_amount", "")
        actions.append(LiftedEntry(**head))  # type: ignore[arg-type]
        others = any(name != dossier for name in spec.amounts)
        if not others and not spec.fund and not spec.refuse:
            sets.append(f"rules.{spec.id}.off=true")
        else:  # the amounts of a text are added to those that are written: null takes one back
            value = json.dumps({dossier: None}, ensure_ascii=False) if others else "null"
            sets.append(f"rules.{spec.id}.amounts={value}")
    return WrittenRepair(tuple(actions), 0, tuple(sets))


def _build_amounts_clash(problem: Problem, defect: Defect) -> WrittenClash:
    """Several decided amounts for one dossier: keep one of them."""
    (dossier,) = defect.subject
    stated = [(spec, spec.amounts[dossier]) for spec in _list_decisions(problem) if dossier in spec.amounts]
    members = tuple(
        _build_member(_build_decision_head(problem, spec, dossier, "decide_amount", ""), cents * CENT, cents)
        for spec, cents in stated
    )
    repairs = tuple(
        _drop_amounts(problem, [spec for spec, cents in stated if cents != retained], dossier)
        for retained in sorted({cents for _, cents in stated})
    )
    return WrittenClash(members, repairs)


def _build_amount_clash(problem: Problem, defect: Defect) -> WrittenClash:
    """A decided amount that the dossier may not get: take the amount back, or decide the nearest one."""
    (dossier,) = defect.subject
    specs = [spec for spec in _list_decisions(problem) if dossier in spec.amounts]
    spec, cents = specs[-1], specs[-1].amounts[dossier]
    head = _build_decision_head(problem, spec, dossier, "decide_amount", "")
    row = problem.case.table["dossier"].to_list().index(dossier)
    undecided = problem.scenario.without_decisions("amounts", dossiers=[dossier])
    free = compile_problem(undecided, wants_notices=False, keeps_clashes=True)
    least, most = int(free.offers.lowest_cents[row]), int(free.offers.highest_cents[row])
    members = [_build_member(head, cents * CENT, cents)]
    repairs = [_drop_amounts(problem, specs, dossier)]
    nearest = min(max(cents, least), most)
    members.append(
        _build_member(
            {**head, "kind": "may_get", "side": "max" if cents > most else "min"}, nearest * CENT, nearest
        )
    )
    if cents > most and any(cap.id == GUARD for cap in free.caps.caps):
        lawless = compile_problem(undecided, wants_notices=False, keeps_clashes=True, lifts_guard=True)
        if int(lawless.offers.highest_cents[row]) > most:
            members.append(build_law_member(None))
    if nearest > 0 and free.offers.in_play[row] and len(specs) == 1:
        amounts = {
            name: write_amount(nearest if name == dossier else own) for name, own in spec.amounts.items()
        }
        text = f"rules.{spec.id}.amounts={json.dumps(amounts, ensure_ascii=False)}"
        repairs.append(
            WrittenRepair((_build_money_change(head, cents, nearest),), abs(nearest - cents), (text,))
        )
    return WrittenClash(tuple(members), tuple(repairs))


def _build_shares_clash(problem: Problem, defect: Defect) -> WrittenClash:
    """Shares of one whole that come to more, or to less, than the whole: ease one of them by the rest."""
    side, *names = defect.subject
    specs = {spec.id: spec for spec in problem.scenario.spec.rules}
    rules = {rule.id: rule for rule in problem.rules if rule.id in names}
    members, repairs = [], []
    bounds = {name: getattr(specs[name], side) for name in names}
    total = sum(bounds.values())
    grouped = len(names) == 1
    for name in names:
        head = _build_head(problem, "rate", name, specs[name].title, side=side)
        members.append(_build_member(head, bounds[name], None))
        if grouped:
            steps = Fraction(1, len(rules[name].groups.names)) / BASIS_POINT  # type: ignore[attr-defined]
            bound = (-(-steps // 1) if side == "max" else steps // 1) * BASIS_POINT
        else:
            bound = bounds[name] - (total - 1)
        if 0 <= bound <= 1:
            repairs.append(_build_rate_change(head, bounds[name], bound))
    return WrittenClash(tuple(members), tuple(repairs))


def _build_crossed_share(problem: Problem, defect: Defect) -> WrittenClash:
    """A share whose minimum is above its maximum: move one of the two to the other."""
    (name,) = defect.subject
    spec: Any = next(one for one in problem.scenario.spec.rules if one.id == name)
    bounds: dict[str, Fraction] = {"min": spec.min, "max": spec.max}
    heads = {side: _build_head(problem, "rate", name, spec.title, side=side) for side in bounds}
    members = tuple(_build_member(heads[side], bounds[side], None) for side in bounds)
    repairs = tuple(
        _build_rate_change(heads[side], bounds[side], bounds[other])
        for side, other in (("min", "max"), ("max", "min"))
    )
    return WrittenClash(members, repairs)


def _build_rate_change(head: dict[str, object], before: Fraction, after: Fraction) -> WrittenRepair:
    action = EasedEntry(
        **head,  # type: ignore[arg-type]
        do="raise" if after > before else "lower",
        by=format_fraction(abs(after - before)),
        by_cents=None,
        from_=format_fraction(before),
        from_cents=None,
        to=format_fraction(after),
        to_cents=None,
    )
    return WrittenRepair((action,), 0, (f"rules.{head['id']}.{head['side']}={write_rate(after)}",))


CompleteRepair = Callable[[Problem], Sequence[RepairEntry]]
ChangeScenario = Callable[[ScenarioData, Sequence[str]], ScenarioData]


def find_written_repairs(
    problem: Problem,
    clock: Clock,
    most: int,
    complete: CompleteRepair,
    change: ChangeScenario = with_sets,
    *,
    course: StudyProgress,
    progress: Callable[[str, float], None] | None = None,
) -> tuple[list[RepairEntry], bool, int]:
    """Find the cheapest changes of written values after which an allocation exists.

    `complete` returns the repairs of a changed scenario that is still infeasible, `change` the scenario with some
    `--set` texts. The second value says whether no
    change was left untried, the third how many were solved. When time runs out, or at Ctrl-C, which `course`
    records, what was solved is returned. Another change may be cheaper.
    """
    lang = Lang(problem.scenario.spec.locale)
    order, tried, solved = count(), 0, 0
    waiting: list[tuple[int, int, int, WrittenRepair | RepairEntry, Problem | None]] = []
    start = WrittenRepair((), 0, ())
    heapq.heappush(waiting, (0, 0, next(order), start, problem))
    repaired: list[RepairEntry] = []
    with course.catch_limits():
        while waiting and len(repaired) < most and tried < MOST_CANDIDATES and not clock.deadline.expired:
            cents, n_rules, _, repair, changed = heapq.heappop(waiting)
            if isinstance(repair, RepairEntry):
                repaired.append(repair)
                continue
            if progress is not None:
                progress("repairs", max(tried / MOST_CANDIDATES, len(repaired) / most))
            clashes = list_written_clashes(changed) if changed is not None else []
            if clashes:
                for step in clashes[0].repairs:
                    tried += 1
                    actions = _merge_actions((*repair.actions, *step.actions))
                    if actions is None:
                        continue
                    joined = WrittenRepair(
                        actions,
                        cents + step.cents,
                        (*repair.sets, *step.sets),
                        repair.added_cents + step.added_cents,
                    )
                    after = _apply_changes(problem.scenario, _merge_sets(joined.sets), change)
                    if after is not None and not _is_unchanged(changed, after, clashes):
                        entry = (joined.cents, n_rules + len(step.actions), next(order), joined, after)
                        heapq.heappush(waiting, entry)
                continue
            assert changed is not None
            solved += 1
            for done in _solve_changed(changed, repair, clock, complete, lang):
                heapq.heappush(waiting, (done.cents, done.n_rules, next(order), done, None))
    ready = (one[3] for one in sorted(waiting, key=lambda one: one[:3]))
    is_whole = not waiting and not clock.deadline.expired and course.stopped_by is None
    return [*repaired, *(one for one in ready if isinstance(one, RepairEntry))][:most], is_whole, solved


def _is_unchanged(before: Problem | None, after: Problem, clashes: Sequence[WrittenClash]) -> bool:
    """Return whether a step settled nothing: as many contradictions as before, the same first one."""
    left = list_written_clashes(after)
    return before is not None and len(left) >= len(clashes) and left[0].members == clashes[0].members


def _apply_changes(scenario: ScenarioData, sets: Sequence[str], change: ChangeScenario) -> Problem | None:
    """Compile the scenario with changes; None where they cannot be made."""
    try:
        changed = replace(change(scenario, list(sets)), portfolio=scenario.portfolio)
        return compile_problem(changed, wants_notices=False, keeps_clashes=True)
    except TntError:
        return None


def _solve_changed(
    changed: Problem, repair: WrittenRepair, clock: Clock, complete: CompleteRepair, lang: Lang
) -> Iterator[RepairEntry]:
    """Yield the repair with its optimum, or completed by the corrections of what is still infeasible."""
    best = optimise_repaired(changed, clock)
    if best is None:
        return
    if best.allocation is not None and not changed.clashes:
        yield _build_entry(changed, repair, best, lang)
    elif best.status is Status.INFEASIBLE:
        for more in complete(changed):
            merged = _merge_actions((*repair.actions, *more.actions))
            if merged is None:
                continue
            sets = None if more.set is None else list(_merge_sets((*repair.sets, *more.set)))
            tree = changed.case.tree
            actions = [_describe(_match_text(tree, action, sets or ()), lang) for action in merged]
            touched = {(action.kind, action.id) for action in actions}
            yield replace(
                more,
                cents=repair.cents + more.cents,
                added_cents=repair.added_cents + more.added_cents,
                actions=actions,
                set=sets,
                n_rules=len(touched),
                least_proven=None,
            )


def _merge_actions(actions: Sequence[ActionEntry]) -> tuple[ActionEntry, ...] | None:
    """Join the actions on one bound; None where one lowers what another raises, as a smaller change exists."""
    merged: dict[tuple[str | None, ...], ActionEntry] = {}
    for action in actions:
        key = (action.kind, action.id, action.group, action.side)
        before = merged.get(key)
        if isinstance(before, EasedHead) and isinstance(action, EasedHead):
            if before.do != action.do:
                return None
            cents = None
            if before.by_cents is not None and action.by_cents is not None:
                cents = before.by_cents + action.by_cents
            by = parse_decimal(before.by) + parse_decimal(action.by)
            action = replace(
                action,
                from_=before.from_,
                from_cents=before.from_cents,
                by=format_fraction(by),
                by_cents=cents,
            )
        merged[key] = action
    return tuple(merged.values())


def _match_text(tree: Tree, action: ActionEntry, sets: Sequence[str]) -> ActionEntry:
    """Return an action on an envelope with the amount that the texts set, which a part below it may raise too."""
    if not isinstance(action, EasedEntry) or action.kind != "envelope" or action.from_cents is None:
        return action
    path = "programme.amount" if action.id == tree.ids[0] else f"envelopes.{action.id}.amount"
    typed = next((text.removeprefix(f"{path}=") for text in sets if text.startswith(f"{path}=")), None)
    if typed is None:
        return action
    to = parse_cents(typed)
    by = abs(to - action.from_cents)
    return replace(
        action,
        do="raise" if to > action.from_cents else "lower",
        by=format_fraction(by * CENT),
        by_cents=by,
        to=format_fraction(to * CENT),
        to_cents=to,
    )


def _merge_sets(sets: Sequence[str]) -> list[str]:
    """Keep the last text of each path; the keys of a mapping are added to those of the text before."""
    last: dict[str, str] = {}
    for text in sets:
        path, __, value = text.partition("=")
        before = last.get(path, "")
        if before.startswith("{") and value.startswith("{"):
            value = json.dumps(json.loads(before) | json.loads(value), ensure_ascii=False)
        last[path] = value
    return [f"{path}={value}" for path, value in last.items()]


def _describe(action: ActionEntry, lang: Lang) -> ActionEntry:
    return replace(action, words=describe_action(action, lang))


def _build_entry(problem: Problem, repair: WrittenRepair, best: SolveOutcome, lang: Lang) -> RepairEntry:
    assert best.allocation is not None
    return RepairEntry(
        rank=0,
        n_rules=len({(action.kind, action.id) for action in repair.actions}),
        cents=repair.cents,
        added_cents=repair.added_cents,
        actions=[_describe(action, lang) for action in repair.actions],
        least=True,
        least_proven=None,
        objective=list_goal_values(problem, best.values),
        best_found=best.is_closed,
        n_funded=int(best.allocation.funded.sum()),
        granted_cents=best.granted_cents,
        set=_merge_sets(repair.sets),
    )


def describe_members(clash: WrittenClash, lang: Lang) -> list[MemberEntry]:
    """Return the members with their sentences."""
    return [replace(member, words=describe_member(member, lang)) for member in clash.members]
