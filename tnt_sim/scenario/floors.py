"""Floors that the caps of other rules never let money reach: told by `validate`, before anything is solved.

With d_i the most that dossier i may get, a hard cap of granted money by group g bounds what dossiers S get:

    Σ_S granted ≤ Σ_g min(max_g, Σ_{i ∈ S ∩ g} d_i) + Σ_{i ∈ S in no group} d_i

A dossier whose least grant exceeds the cap of its group cannot be funded. A floor on S above the least such bound
can never be met; one below it may still clash, which `conflict` decides.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tnt_sim.errors import Defect, Lang, Place, Text
from tnt_sim.money import format_cents
from tnt_sim.rules.base import BoolArray, Mode, exact_sum
from tnt_sim.rules.columns import CENT
from tnt_sim.rules.limit import Limit
from tnt_sim.rules.reach import is_granted
from tnt_sim.scenario.compile import Problem


def unmet_floors(problem: Problem) -> list[Defect]:
    """Each minimum use and each floor of a limit that the cap of another rule puts out of reach."""
    caps = [rule for rule in _limits(problem) if any(bound is not None for bound in rule.maximum)]
    return [
        _defect(problem, place, what, floor, rule, most)
        for place, what, floor, inside, own in _floors(problem)
        for rule, most in [_tightest(problem, [cap for cap in caps if cap is not own], inside)]
        if rule is not None and most < floor
    ]


Floor = tuple[Place, Text, int, BoolArray, Limit | None]
"""Where a floor is written, what must reach it, its cents, the dossiers that count and the rule it is of."""


def _limits(problem: Problem) -> list[Limit]:
    """The hard limits of granted money."""
    hard = (rule for rule in problem.rules if isinstance(rule, Limit) and rule.mode is Mode.HARD)
    return [rule for rule in hard if is_granted(rule.terms)]


def _floors(problem: Problem) -> Iterator[Floor]:
    case, tree = problem.case, problem.case.tree
    for node, option in enumerate(tree.options):
        if option.min_use_cents:
            name = tree.ids[node]
            inside = (case.node >= node) & (case.node < tree.end[node])
            what = Text(f"l'enveloppe « {name} »", f'envelope "{name}"')
            yield (
                problem.scenario.locate(("envelope", name, "min_use")),
                what,
                option.min_use_cents,
                inside,
                None,
            )
    index = {rule.id: k for k, rule in enumerate(problem.scenario.spec.rules)}
    for rule in _limits(problem):
        for code, (group, bound) in enumerate(zip(rule.groups.names, rule.minimum, strict=True)):
            if bound is None:
                continue
            inside = (rule.groups.codes == code) & (rule.terms.per_cent == 1)
            name = f"{rule.id}, {group}" if group else rule.id
            what = Text(f"la règle « {name} »", f'the rule "{name}"')
            place = problem.scenario.locate(("rules", index[rule.id], "min"))
            yield place, what, -int(-(bound / CENT) // 1), inside, rule


def _tightest(problem: Problem, caps: list[Limit], inside: BoolArray) -> tuple[Limit | None, int]:
    """The cap that lets these dossiers get the least, and how much."""
    found = [(_most(problem, cap, inside), cap.id, cap) for cap in caps]
    if not found:
        return None, 0
    most, _, rule = min(found, key=lambda one: one[:2])
    return rule, most


def _most(problem: Problem, cap: Limit, inside: BoolArray) -> int:
    """No more cents than this go to some dossiers under one cap by group."""
    offers = problem.offers
    counted = np.where(cap.terms.per_cent == 1, cap.groups.codes, -1)
    playing = inside & offers.in_play
    total = exact_sum(offers.highest_cents[playing & (counted < 0)])
    for code, bound in enumerate(cap.maximum):
        mine = playing & (counted == code)
        if bound is None:
            total += exact_sum(offers.highest_cents[mine])
            continue
        most = int(bound / CENT // 1)
        total += min(most, exact_sum(offers.highest_cents[mine & (offers.lowest_cents <= most)]))
    return total


def _defect(problem: Problem, place: Place, what: Text, floor: int, rule: Limit | None, most: int) -> Defect:
    name = "" if rule is None else rule.id
    return Defect(
        "floor-reach",
        Text(
            f"{what.fr} doit recevoir au moins {format_cents(floor, Lang.FR)}, et la règle « {name} » ne laisse "
            f"pas accorder plus de {format_cents(most, Lang.FR)} à ses dossiers : ce minimum ne peut pas être "
            "respecté.",
            f'{what.en} must get at least {format_cents(floor, Lang.EN)}, and the rule "{name}" lets its dossiers '
            f"get no more than {format_cents(most, Lang.EN)}: this minimum cannot be met.",
        ),
        (place,),
        Text(
            "Abaissez ce minimum ou relevez ce plafond ; `tnt-sim conflict` donne les corrections.",
            "Lower this minimum or raise this cap; `tnt-sim conflict` gives the corrections.",
        ),
    )
